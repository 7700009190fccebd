"""Each exercise's solution passes its check; its stub and its listed mistakes do not.

A stub or solution may use what the lesson imports above it, and nothing else of the lesson: so a
learner can paste a solution into the stub's cell at any time.
"""

from __future__ import annotations

import ast
import copy
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from listed import EXERCISES, load_list

from tools.lesson_checks import Exercise, exercises_of
from tools.lessons import Lesson, cells_of, find_lessons, read_source

CASES = [
    pytest.param(lesson, exercise, id=exercise.number)
    for lesson in find_lessons()
    for exercise in exercises_of(read_source(lesson))
]


def imports_of(lesson: Lesson) -> str:
    """The import statements at the top level of a lesson's cells."""
    lines = []
    for cell in cells_of(read_source(lesson), "code"):
        try:
            body = ast.parse(cell.source).body
        except SyntaxError:  # a cell with a line magic
            continue
        # The set-up cell imports inside a `try`.
        body = [x for node in body for x in (node.body if isinstance(node, ast.Try) else [node])]
        lines += [ast.unparse(x) for x in body if isinstance(x, (ast.Import, ast.ImportFrom))]
    return "\n".join(lines)


def answer_of(exercise: Exercise) -> str:
    """The expression that the stub's cell hands to `exercises.check`."""
    for node in ast.walk(ast.parse(exercise.stub)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "exercises.check":
            return ast.unparse(node.args[1])
    raise AssertionError(f"{exercise.number}: the cell has no exercises.check(number, answer)")


def verdicts(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Collects what `exercises.check` returns from now on."""
    from karpa_helpers.show import exercises

    heard: list[bool] = []
    check = exercises.check

    def listen(number: str, answer: Any) -> bool:
        heard.append(check(number, answer))
        return heard[-1]

    monkeypatch.setattr(exercises, "check", listen)
    return heard


def namespace(lesson: Lesson) -> dict[str, Any]:
    scope: dict[str, Any] = {"__name__": "lesson"}
    exec(imports_of(lesson), scope)
    return scope


@pytest.mark.parametrize(("lesson", "exercise"), CASES)
def test_stub_is_refused_and_does_not_stop_the_lesson(
    lesson: Lesson, exercise: Exercise, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = verdicts(monkeypatch)
    exec(exercise.stub, namespace(lesson))
    assert heard == [False]


@pytest.mark.parametrize(("lesson", "exercise"), CASES)
def test_solution_is_accepted(lesson: Lesson, exercise: Exercise) -> None:
    from karpa_helpers.show import exercises

    scope = namespace(lesson)
    exec(exercise.solution, scope)
    assert exercises.check(exercise.number, eval(answer_of(exercise), scope)) is True


def overwrite(value: Any) -> bool:
    """Changes all arrays and containers in a value; whether there are any."""
    if isinstance(value, np.ndarray):
        value.flat = np.roll(value.ravel(), 1) if len(set(value.flat)) > 1 else value.ravel() == 0
    elif isinstance(value, dict | set):
        value.clear()
    elif isinstance(value, list):
        value.append(None)
    else:
        return isinstance(value, tuple) and any(list(map(overwrite, value)))
    return True


@pytest.mark.parametrize(("lesson", "exercise"), CASES)
def test_solution_that_changes_its_input_is_refused(
    lesson: Lesson, exercise: Exercise, capsys: pytest.CaptureFixture[str]
) -> None:
    from karpa_helpers.show import exercises

    scope = namespace(lesson)
    exec(exercise.solution, scope)
    solution = eval(answer_of(exercise), scope)
    changed = []

    def spoil(*args: Any) -> Any:
        result = copy.deepcopy(solution(*args))
        if overwrite(args):
            changed.append(True)
        return result

    verdict = exercises.check(exercise.number, spoil)
    assert verdict is not bool(changed)
    assert ("changes an argument in place" in capsys.readouterr().out) is bool(changed)


@pytest.mark.parametrize(("lesson", "exercise"), CASES)
def test_an_answer_that_exits_is_refused(lesson: Lesson, exercise: Exercise) -> None:
    from karpa_helpers.show import exercises

    assert exercises.check(exercise.number, lambda *args: sys.exit()) is False


def mistakes(lesson: Lesson) -> dict[str, list[Callable[..., Any]]]:
    name = f"mistakes_{lesson.number}"
    assert (EXERCISES / f"{name}.py").exists(), f"{name}.py must list plausible mistakes"
    return load_list(name).MISTAKES


@pytest.mark.parametrize(("lesson", "exercise"), CASES)
def test_plausible_mistakes_are_refused(
    lesson: Lesson, exercise: Exercise, capsys: pytest.CaptureFixture[str]
) -> None:
    from karpa_helpers.show import exercises

    listed = mistakes(lesson).get(exercise.number, [])
    assert listed, f"{exercise.number} has no listed mistake"
    reasons = []
    for mistake in listed:
        assert exercises.check(exercise.number, mistake) is False
        reasons.append(capsys.readouterr().out)
    # At least one runs and is wrong: a check must say more than that the code stopped.
    assert [reason for reason in reasons if "your code stopped" not in reason]


def test_every_check_belongs_to_an_exercise() -> None:
    for lesson in find_lessons():
        if (EXERCISES / f"mistakes_{lesson.number}.py").exists():
            numbers = {exercise.number for exercise in exercises_of(read_source(lesson))}
            assert set(mistakes(lesson)) == numbers
