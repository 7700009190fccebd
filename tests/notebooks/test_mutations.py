"""A check that cannot fail checks nothing: each listed change of a formula must be noticed.

A lesson's list is MUTATIONS in tests/exercises/mutations_NN.py: pairs (original, mutated), where
`original` is the smallest piece of source that stands exactly once in the lesson's code cells. The
test runs the lesson's cells up to the changed one, at preset ci and only those that the checks
need, then the changed cell and the assertions behind it. One of them must raise AssertionError.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from lesson_cells import needed, run

from tools.lesson_checks import CELLS_TO_ASSERT
from tools.lessons import Lesson, cells_of, find_lessons, read_source, tags

FOLDER = Path(__file__).resolve().parent.parent / "exercises"
Mutation = tuple[str, str]
LISTED = [x for x in find_lessons() if (FOLDER / f"mutations_{x.number}.py").exists()]


def mutations(lesson: Lesson) -> list[Mutation]:
    path = FOLDER / f"mutations_{lesson.number}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MUTATIONS


def behind(cells: Sequence[str], number: int) -> list[int]:
    """A changed cell, and of the next cells those that assert."""
    following = range(number + 1, min(number + 1 + CELLS_TO_ASSERT, len(cells)))
    return [number, *(n for n in following if "assert" in cells[n])]


def place(cells: Sequence[str], original: str) -> int:
    """The number of the one cell that holds `original` once."""
    counts = [cell.count(original) for cell in cells]
    assert sum(counts) == 1, f"{original!r} stands {sum(counts)} times in the code cells, not once"
    return counts.index(1)


def noticing_cell(cells: Sequence[str], number: int, scope: dict[str, Any]) -> int | None:
    """The changed cell `number`, or one behind it, that raises AssertionError."""
    scope = dict(scope)
    for n in needed(cells, set(behind(cells, number))):
        try:
            if n >= number:
                run(cells, n, scope)
        except AssertionError:
            return n
    return None


def survivors(cells: Sequence[str], listed: Sequence[Mutation]) -> Iterator[str]:
    """The mutations that no check notices.

    The cells run once unchanged as well, where a mutation needs them or where they noticed one:
    a check that fails without a mutation proves nothing.
    """
    places = [place(cells, original) for original, _ in listed]
    wanted = {n for x in places for n in needed(cells, set(behind(cells, x))) if n <= x}
    scope: dict[str, Any] = {"__name__": "lesson"}
    for number in range(len(cells)):
        for (original, mutated), where in zip(listed, places, strict=True):
            if where != number:
                continue
            changed = [cell.replace(original, mutated) for cell in cells]
            noticed = noticing_cell(changed, number, scope)
            if noticed is None:
                yield f"{original!r} -> {mutated!r} in cell {number}"
            else:
                wanted |= set(needed(cells, {noticed}))
        if number in wanted:
            run(cells, number, scope)


@pytest.mark.usefixtures("as_lessons_run")
@pytest.mark.parametrize("lesson", LISTED, ids=lambda lesson: lesson.number)
def test_every_mutation_is_noticed(lesson: Lesson) -> None:
    code = cells_of(read_source(lesson), "code")
    cells = [cell.source for cell in code if "exercise" not in tags(cell)]
    assert list(survivors(cells, mutations(lesson))) == []


CELLS = ["import math\nslow = 1", "x = 3", "y = x**2", "unused = undefined", "assert y == 9"]


def test_a_mutation_that_is_noticed() -> None:
    assert list(survivors(CELLS, [("x**2", "x**3"), ("x = 3", "x = -4")])) == []


def test_a_mutation_that_survives_is_named() -> None:
    assert list(survivors(CELLS, [("x**2", "(-x) ** 2")])) == ["'x**2' -> '(-x) ** 2' in cell 2"]


def test_a_check_that_always_fails_proves_nothing() -> None:
    with pytest.raises(AssertionError):
        list(survivors(["x = 1", "assert x == 2"], [("x = 1", "x = 3")]))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (CELLS, [1, 2, 4]),
        (["a = []", "a[0] = 1", "b = a"], [0, 1, 2]),
        (["a = 1", "b = [a for a in range(3)]", "def c():\n    return a", "c()"], [0, 2, 3]),
        (["a = 1", "for a in range(3):\n    print(a)"], [1]),
        (["a = 1", "a = a + 1"], [0, 1]),
        (["class A:\n    b = 1", "def f():\n    return lambda: A.b", "f()"], [0, 1, 2]),
    ],
)
def test_only_needed_cells_run(cells: list[str], expected: list[int]) -> None:
    assert needed(cells, {len(cells) - 1}) == expected


def test_an_original_must_stand_once() -> None:
    with pytest.raises(AssertionError, match="2 times"):
        list(survivors(["x = 1\ny = x = 1"], [("x = 1", "x = 2")]))


def test_an_error_of_another_kind_is_no_check() -> None:
    with pytest.raises(ZeroDivisionError):
        list(survivors(["x = 1", "assert 1 / x == 1"], [("x = 1", "x = 0")]))
