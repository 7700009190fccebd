"""What all tests share: no network, a cache of their own, no windows, quick compilation."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from tools import quick_compilation

# Set before JAX and Matplotlib are asked to do anything.
os.environ["KARPA_OFFLINE"] = "1"
os.environ["MPLBACKEND"] = "agg"
os.environ.setdefault("XLA_FLAGS", quick_compilation.flags())

from karpa_helpers import runtime

# What was compiled is kept from one session to the next, and shared with the processes that tests
# start; data are not. Their folder goes when the session ends.
if (compiled := runtime.keep_compiled_programs()) is not None:
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(compiled)
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
runtime.configure_jax()
_CACHE = tempfile.TemporaryDirectory(prefix="karpa-tests-")
os.environ["KARPA_CACHE"] = _CACHE.name

# Folders and files whose tests a version of Python, JAX or Flax can change.
VERSIONS = {
    "attention", "decoding", "doctor", "fitting", "lesson_08_networks", "lesson_15", "networks",
    "nn", "runtime", "setup_env", "training", "transformer", "weights",
}  # fmt: skip

LONGEST = {"test_many_devices.py", "test_cells.py", "test_speed.py"}


def subjects(path: Path) -> set[str]:
    """What a file tests, from its name and its folders': nn/test_linear.py is of nn and linear."""
    parts = path.relative_to(Path(__file__).parent).with_suffix("").parts
    return {part.removeprefix("test_") for part in parts}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks with `versions`; `-m versions` is what all Pythons but the default run.

    The longest files come first: whoever gets one last would leave the other processes idle.
    """
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.name not in LONGEST)
    for item in items:
        if item.path.is_relative_to(here) and subjects(item.path) & VERSIONS:
            item.add_marker("versions")


@pytest.fixture(scope="module", autouse=True)
def _forget_compiled_programs():
    """Each compiled program holds memory mappings, and a process may have 65,530 of them.

    All of the tests' programs together come near: past it, the compiler crashes.
    """
    yield
    import jax

    jax.clear_caches()
