"""A check that cannot fail checks nothing: each listed change of a formula must be noticed.

A lesson's list is MUTATIONS in tests/exercises/mutations_NN.py: pairs (original, mutated), where
`original` is the smallest piece of source that stands exactly once in the lesson's code cells. The
test runs the lesson's cells up to the changed one, at preset ci and only those that the checks
need, then the changed cell and the assertions behind it. One of them must raise AssertionError.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import pytest

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


def names(cell: str) -> tuple[set[str], set[str]]:
    """(names that a cell reads, names that it makes or changes), functions' own names included."""
    reads, writes = set(), set()
    for node in ast.walk(ast.parse(cell)):
        if isinstance(node, ast.Name):
            (reads if isinstance(node.ctx, ast.Load) else writes).add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            writes.add(node.name)
        elif isinstance(node, ast.alias):
            writes.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            writes |= {x.id for x in ast.walk(node.value) if isinstance(x, ast.Name)}
    return reads, writes


def needed(cells: Sequence[str], targets: set[int]) -> list[int]:
    """The cells that the target cells need, themselves included, in order."""
    wanted: set[str] = set()
    found = []
    for number in reversed(range(len(cells))):
        reads, writes = names(cells[number])
        if number in targets or writes & wanted:
            found.append(number)
            wanted |= reads
    return found[::-1]


def behind(cells: Sequence[str], number: int) -> list[int]:
    """A changed cell, and of the next cells those that assert."""
    following = range(number + 1, min(number + 1 + CELLS_TO_ASSERT, len(cells)))
    return [number, *(n for n in following if "assert" in cells[n])]


def place(cells: Sequence[str], original: str) -> int:
    """The number of the one cell that holds `original` once."""
    counts = [cell.count(original) for cell in cells]
    assert sum(counts) == 1, f"{original!r} stands {sum(counts)} times in the code cells, not once"
    return counts.index(1)


def is_noticed(cells: Sequence[str], number: int, scope: dict[str, Any]) -> bool:
    """Whether the changed cell `number`, or an assertion behind it, raises AssertionError."""
    scope = dict(scope)
    for n in needed(cells, set(behind(cells, number))):
        try:
            if n >= number:
                run(cells, n, scope)
        except AssertionError:
            return True
    return False


def run(cells: Sequence[str], number: int, scope: dict[str, Any]) -> None:
    exec(compile(cells[number], f"<cell {number}>", "exec"), scope)


def survivors(cells: Sequence[str], listed: Sequence[Mutation]) -> Iterator[str]:
    """The mutations that no check notices; runs each needed cell once, unchanged."""
    places = [place(cells, original) for original, _ in listed]
    targets = {n for number in places for n in behind(cells, number)}
    scope: dict[str, Any] = {"__name__": "lesson"}
    for number in needed(cells, targets):
        for (original, mutated), where in zip(listed, places, strict=True):
            if where == number:
                changed = [cell.replace(original, mutated) for cell in cells]
                if not is_noticed(changed, number, scope):
                    yield f"{original!r} -> {mutated!r} in cell {number}"
        run(cells, number, scope)


@pytest.fixture
def as_lessons_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Preset ci; what a lesson sets in JAX's configuration ends with the test."""
    monkeypatch.setenv("KARPA_PRESET", "ci")
    before = dict(jax.config.values)
    yield
    for name, value in before.items():
        if jax.config.values[name] != value:
            jax.config.update(name, value)


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


def test_only_needed_cells_run() -> None:
    assert needed(CELLS, {4}) == [1, 2, 4]
    assert needed(["a = []", "a[0] = 1", "b = a"], {2}) == [0, 1, 2]


def test_an_original_must_stand_once() -> None:
    with pytest.raises(AssertionError, match="2 times"):
        list(survivors(["x = 1\ny = x = 1"], [("x = 1", "x = 2")]))


def test_an_error_of_another_kind_is_no_check() -> None:
    with pytest.raises(ZeroDivisionError):
        list(survivors(["x = 1", "assert 1 / x == 1"], [("x = 1", "x = 0")]))
