"""A check that cannot fail checks nothing: each listed change of a formula must be noticed.
And whoever moves a control must see a figure of finite numbers, wherever it stands.

A lesson's list is MUTATIONS in tests/exercises/mutations_NN.py: pairs (original, mutated), where
`original` is the smallest piece of source that stands exactly once in the lesson's code cells. The
test runs the lesson's cells up to the changed one, at preset ci and only those that the checks
need, then the changed cell and the assertions behind it. One of them must raise AssertionError.
The cells with controls run along. That a figure is the one of its formula is for the lesson to
check; here it is drawn with each control at both ends, and must hold no NaN and no infinity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import ipywidgets
import jax
import matplotlib.pyplot as plt
import numpy as np
import pytest
from controls import Controls, Draw, not_finite, positions
from lesson_cells import needed, run
from listed import EXERCISES, load_list

from karpa_helpers.show import widgets
from tools.lesson_checks import CELLS_TO_ASSERT, CONTROLS
from tools.lessons import Lesson, cells_of, find_lessons, read_source, tags

Mutation = tuple[str, str]


class Tried(NamedTuple):
    """What became of a lesson's cells: mutations that nobody noticed, figures with controls."""

    survivors: list[str]
    explored: list[tuple[Draw, Controls]]


def mutations(lesson: Lesson) -> list[Mutation]:
    name = f"mutations_{lesson.number}"
    return load_list(name).MUTATIONS if (EXERCISES / f"{name}.py").exists() else []


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


def survivors(
    cells: Sequence[str], listed: Sequence[Mutation], others: Sequence[int] = ()
) -> Iterator[str]:
    """The mutations that no check notices.

    The cells run once unchanged as well, where a mutation needs them or where they noticed one:
    a check that fails without a mutation proves nothing. So do the cells `others`.
    """
    places = [place(cells, original) for original, _ in listed]
    wanted = {n for x in places for n in needed(cells, set(behind(cells, x))) if n <= x}
    wanted |= set(needed(cells, set(others)))
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


@pytest.fixture(scope="module", params=find_lessons(), ids=lambda lesson: lesson.number)
def tried(request: pytest.FixtureRequest) -> Iterator[Tried]:
    """A lesson's cells at preset ci; what they set in JAX's configuration ends with the tests."""
    code = cells_of(read_source(request.param), "code")
    cells = [cell.source for cell in code if "exercise" not in tags(cell)]
    with_controls = [number for number, cell in enumerate(cells) if CONTROLS.search(cell)]
    explored: list[tuple[Draw, Controls]] = []

    def explore(draw: Draw, *, alt: str, **controls: ipywidgets.Widget) -> None:
        explored.append((draw, controls))

    before = dict(jax.config.values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KARPA_PRESET", "ci")
        patch.setattr(widgets, "explore", explore)
        found = list(survivors(cells, mutations(request.param), with_controls))
        yield Tried(found, explored)
    for name, value in before.items():
        if jax.config.values[name] != value:
            jax.config.update(name, value)


def test_every_mutation_is_noticed(tried: Tried) -> None:
    assert tried.survivors == []


def test_every_control_reaches_its_ends(tried: Tried) -> None:
    assert tried.explored
    for draw, controls in tried.explored:
        for position in positions(controls):
            figure = draw(**position)
            assert not not_finite(figure), position
            plt.close(figure)


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


def test_what_is_not_finite_is_found() -> None:
    figure, axes = plt.subplots()
    assert not not_finite(figure)
    axes.plot([1.0, np.nan])
    axes.set_title("V = -inf, in nats")
    assert len(not_finite(figure)) == 2
    plt.close(figure)


def test_each_control_is_moved_to_both_ends() -> None:
    slider = ipywidgets.FloatSlider(1.0, min=-4, max=4)
    menu = ipywidgets.Dropdown(options=["x", "y"])
    moved = list(positions({"a": slider, "b": menu}))
    assert moved[0] == {"a": 1.0, "b": "x"}
    assert {"a": 0.0, "b": "x"} in moved
    assert moved[-4:] == [{"a": a, "b": b} for a in (-4.0, 4.0) for b in "xy"]
