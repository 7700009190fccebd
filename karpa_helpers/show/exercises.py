"""Exercises: a check that says what is wrong, never the answer."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

Check = Callable[[Any], None]
_CHECKS: dict[str, Check] = {}


class Wrong(Exception):  # noqa: N818  (a verdict on an answer, not an error of the program)
    """What is wrong with an answer, in a sentence for the learner."""


def register(number: str) -> Callable[[Check], Check]:
    """Registers the check of exercise `number` ("02.1"). It raises `Wrong`, or returns."""

    def add(function: Check) -> Check:
        _CHECKS[number] = function
        return function

    return add


def find(number: str) -> Check:
    """The check of exercise `number`.

    Raises:
        KeyError: There is no such exercise.
    """
    if number not in _CHECKS:
        lesson = number.split(".")[0]
        try:
            importlib.import_module(f"karpa_helpers.lessons.checks.lesson_{lesson}")
        except ModuleNotFoundError as missing:
            raise KeyError(f"Lesson {lesson} has no exercises.") from missing
    if number not in _CHECKS:
        known = ", ".join(sorted(n for n in _CHECKS if n.startswith(number.split(".")[0])))
        raise KeyError(f"There is no exercise {number}. This lesson has {known}.")
    return _CHECKS[number]


def check(number: str, answer: Any) -> bool:
    """Tries an answer, prints what is wrong with it, and never stops the notebook.

    Args:
        number: The exercise, such as "02.1".
        answer: The learner's function or value.

    Returns:
        Whether the answer is right.
    """
    try:
        judge = find(number)
    except KeyError as unknown:
        print(unknown.args[0])
        return False
    try:
        judge(answer)
    except NotImplementedError:
        print(f"{number}: not done yet. Replace the line that raises NotImplementedError.")
    except Wrong as reason:
        print(f"{number}: not yet. {reason}")
    except Exception as error:  # the learner's own code may raise anything
        first = next(iter(str(error).strip().splitlines()), "no message")
        print(f"{number}: your code stopped with {type(error).__name__}: {first}")
    else:
        print(f"{number}: right.")
        return True
    return False


def expect(condition: Any, reason: str) -> None:
    """Raises `Wrong(reason)` unless the condition holds."""
    if not bool(condition):
        raise Wrong(reason)
