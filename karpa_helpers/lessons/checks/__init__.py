"""The checks of the exercises, one module per lesson, imported when one of them is asked for."""

from __future__ import annotations

import importlib

LESSONS = (
    *("00", "01", "02", "03", "04", "05", "06", "07", "08"),
    *("11", "12", "13", "14", "15", "22"),
)


def load(lesson: str) -> None:
    """Imports the checks of a lesson, which register themselves.

    Raises:
        KeyError: The lesson has no exercises.
    """
    if lesson not in LESSONS:
        raise KeyError(f"Lesson {lesson} has no exercises.")
    importlib.import_module(f"{__name__}.lesson_{lesson}")
