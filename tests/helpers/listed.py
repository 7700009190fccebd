"""The lists of wrong answers and of changed formulas in tests/exercises."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

EXERCISES = Path(__file__).resolve().parent.parent / "exercises"


def load_list(name: str) -> ModuleType:
    """A file of tests/exercises, such as "mistakes_05", as a module.

    Raises:
        FileNotFoundError: There is no such file.
    """
    spec = importlib.util.spec_from_file_location(name, EXERCISES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
