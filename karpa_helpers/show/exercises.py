"""Exercises: a check that says what is wrong, never the answer."""

from __future__ import annotations

import functools
import importlib
import sys
import types
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from unittest import mock

import numpy as np
from IPython.core.getipython import get_ipython

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
        # A floor above this one: its modules import this module and register their checks here.
        checks = importlib.import_module("karpa_helpers.lessons.checks")
        checks.load(number.split(".")[0])
    if number not in _CHECKS:
        known = ", ".join(sorted(n for n in _CHECKS if n.startswith(number.split(".")[0])))
        raise KeyError(f"There is no exercise {number}. This lesson has {known}.")
    return _CHECKS[number]


def check(number: str, answer: Any) -> bool:
    """Tries an answer, prints what is wrong with it, and never stops the notebook.

    A function gets copies of arrays, lists, sets and dictionaries, and must not change them.

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
        with _no_exit():
            judge(_guard(answer))
    except NotImplementedError:
        print(f"{number}: not done yet. Replace the line that raises NotImplementedError.")
    except Wrong as reason:
        print(f"{number}: not yet. {reason}")
    except SystemExit:
        print(f"{number}: your code called exit(), which would end the notebook. Take it out.")
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


def _no_exit() -> AbstractContextManager[Any]:
    """Lets a notebook's own `exit()` and `quit()`, which end its kernel, raise SystemExit."""
    shell = get_ipython()
    return mock.patch.object(shell, "ask_exit", sys.exit) if shell else nullcontext()


def _guard(answer: Any) -> Any:
    """An answer that is a function, made to raise `Wrong` when it changes an argument."""
    if not isinstance(answer, types.FunctionType | types.MethodType | functools.partial):
        return answer  # a value, a class, or a jitted function, which cannot change arrays

    @functools.wraps(answer)
    def call(*args: Any, **named: Any) -> Any:
        given = _copy((args, named))
        result = answer(*given[0], **given[1])
        expect(
            _same(given, (args, named)),
            "Your function changes an argument in place, which belongs to the caller. Work on a "
            "copy; write x = x / 2, not x /= 2.",
        )
        return result

    return call


def _copy(value: Any) -> Any:
    """Copies arrays and containers, not what they hold else: functions, JAX arrays, tracers."""
    if isinstance(value, np.ndarray | set):
        return value.copy()
    if isinstance(value, dict):
        copied = value.copy()  # a defaultdict stays one
        for key, part in value.items():
            copied[key] = _copy(part)
        return copied
    if isinstance(value, list | tuple):
        return getattr(value, "_make", type(value))(map(_copy, value))
    return value


def _same(value: Any, kept: Any) -> bool:
    """Whether a copy still holds what was copied; NaN is like NaN."""
    if type(value) is not type(kept):
        return False
    if isinstance(value, np.ndarray):
        return value.shape == kept.shape and value.tobytes() == kept.tobytes()
    if isinstance(value, dict):
        return _same(list(value.items()), list(kept.items()))
    if isinstance(value, list | tuple):
        return len(value) == len(kept) and all(map(_same, value, kept))
    return value is kept or (isinstance(value, set) and value == kept)
