"""Checks of lesson 06, Measuring a generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from karpa_helpers.gan import scores
from karpa_helpers.show.exercises import expect, register


@register("06.1")
def check_diagonal(distance: Callable[..., Any]) -> None:
    """Equation 3 for independent features."""
    zero, one = np.zeros(2), np.ones(2)
    value = distance(zero, one, zero, one)
    expect(np.ndim(value) == 0, "The distance is one number: sum over the features.")
    expect(abs(value) < 1e-12, "Equal Gaussians are at distance 0.")
    value = distance(zero, one, np.array([3.0, -4.0]), one)
    expect(
        np.isclose(value, 25),
        f"Means (0, 0) and (3, -4) with equal variances: the squared distance is 25, not {value}. "
        "Sum the squares of the differences.",
    )
    value = distance(zero, np.array([4.0, 1.0]), zero, np.array([9.0, 1.0]))
    expect(
        np.isclose(value, 1),
        f"Variances 4 and 9 are deviations 2 and 3, at squared distance 1; you returned {value}.",
    )
    rng = np.random.default_rng(0)
    (mean_1, mean_2), (first, second) = rng.normal(size=(2, 3)), rng.uniform(1, 4, size=(2, 3))
    there = distance(mean_1, first, mean_2, second)
    expect(
        np.isclose(there, distance(mean_2, second, mean_1, first)),
        "The distance from 1 to 2 should be the distance from 2 to 1.",
    )
    expected = ((mean_1 - mean_2) ** 2).sum() + first.sum() + second.sum()
    expected -= 2 * np.sqrt(first * second).sum()
    expect(np.isclose(there, expected), "Means and variances that both differ: add both parts.")


@register("06.2")
def check_unbiased(unbiased: Callable[..., Any]) -> None:
    """Equation 7 from kernel matrices."""
    aa, bb, ab = np.full((2, 2), 3.0), np.full((3, 3), 5.0), np.full((2, 3), 1.0)
    value = unbiased(aa, bb, ab)
    expect(np.ndim(value) == 0, "The estimate is one number.")
    expect(
        not np.isclose(value, 3 + 5 - 1),
        "With matrices of 3, 5 and 1 you returned 3 + 5 - 1. How often does the last sum of (7) "
        "count?",
    )
    expect(
        np.isclose(value, 3 + 5 - 2),
        "Where a matrix is constant its mean over any pairs is that constant: with 3, 5 and 1 the "
        f"estimate is 3 + 5 - 2 * 1 = 6. You returned {value}. Count how many pairs you divide by.",
    )
    diagonal = 100 * np.eye(2)
    expect(
        np.isclose(unbiased(aa + diagonal, bb, ab), value),
        "The diagonal of aa, a point paired with itself, should not matter.",
    )
    expect(
        np.isclose(unbiased(aa, bb + 100 * np.eye(3), ab), value),
        "The diagonal of bb, a point paired with itself, should not matter.",
    )
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(6, 2)), rng.normal(size=(6, 2)) + 1

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x @ y.T / 2 + 1) ** 3

    value = unbiased(kernel(a, a), kernel(b, b), kernel(a, b))
    expect(
        np.isclose(value, scores.kernel_distance(a, b)),
        "With as many a as b the value is wrong. In ab every pair counts, the diagonal too: a_i "
        "and b_i are different points.",
    )


@register("06.3")
def check_coverage(coverage: Callable[..., Any]) -> None:
    """Coverage of equation 10."""
    real = np.array([[0.0], [1.0], [3.0], [7.0]])
    value = coverage(real + 0.1, real, 1)
    expect(
        not np.isclose(value, 0),
        "With a generated point at 0.1 from each real one, no ball of k = 1 held any. Do your "
        "balls have radius 0? A point is at distance 0 from itself, and is not its own neighbour.",
    )
    expect(
        np.isclose(value, 1),
        "A generated point right beside each real one covers all of them.",
    )
    value = coverage(np.array([[0.5], [0.4], [0.6]]), real, 1)
    expect(
        np.isclose(value, 0.5),
        "Real points 0, 1, 3, 7; generated 0.4, 0.5, 0.6; k = 1. The balls of 0 and of 1 reach 1 "
        f"and hold generated points, the others none: 2 of 4. You returned {value}.",
    )
    value = coverage(np.array([[7.0], [20.0]]), real, 1)
    expect(
        np.isclose(value, 0.25),
        "Real points 0, 1, 3, 7; generated 7 and 20; k = 1: only the ball of 7 holds one. Balls "
        f"stand around real points, and 20 is no reason for a large one. You returned {value}.",
    )
    value = coverage(np.array([[5.0]]), real, 1)
    expect(
        np.isclose(value, 0.25),
        "Generated 5; k = 1: it lies on the very edge of the ball of 3, which reaches 2, and well "
        f"inside the ball of 7. The balls are open, so 1 of 4. You returned {value}.",
    )
    rng = np.random.default_rng(0)
    generated, real = rng.normal(size=(40, 3)) * 0.5, rng.normal(size=(60, 3))
    for k in (2, 4):
        expected = scores.precision_recall(generated, real, k).coverage
        first = scores.precision_recall(generated, real, 1).coverage
        expect(
            not np.isclose(coverage(generated, real, k), first),
            f"At k = {k} you return the value of k = 1: the reach should grow with k.",
        )
        expect(
            np.isclose(coverage(generated, real, k), expected),
            f"At k = {k} the value is wrong: a point is not its own neighbour, and the share is "
            "one of real points.",
        )


@register("06.4")
def check_by_cell(by_cell: Callable[..., Any]) -> None:
    """Ranks of nearest distances, cell by cell."""
    drawn, held = np.array([1.0, 2.0, 9.0]), np.array([3.0, 4.0, 5.0, 6.0])
    cells, held_cells = np.array([0, 0, 1]), np.array([0, 0, 1, 1])
    found = by_cell(drawn, cells, held, held_cells)
    expect(isinstance(found, dict), "Return a dictionary from each cell to its chance.")
    expect({int(key) for key in found} == {0, 1}, f"Both cells, 0 and 1, should be keys: {found}.")
    expect(
        found[0] == 1 and found[1] == 0,
        "In cell 0 every drawn image is nearer than every held-out one (chance 1), in cell 1 none "
        f"is (chance 0). You returned {found}.",
    )
    found = by_cell(np.array([2.0, 5.0]), np.zeros(2, int), np.array([2.0, 4.0]), np.zeros(2, int))
    expect(
        np.isclose(found[0], 0.375),
        "Drawn 2 and 5, held out 2 and 4: of the four pairs one is a tie and one is nearer, so "
        f"the chance is (1 + 0.5) / 4. You returned {found[0]}.",
    )
    found = by_cell(np.array([1.0, 1.0, 8.0]), np.zeros(3, int), np.array([2.0]), np.zeros(1, int))
    expect(
        np.isclose(found[0], 2 / 3),
        "Three drawn and one held out: every pair counts once, whatever the two numbers are.",
    )
    found = by_cell(drawn, np.array([0, 2, 1]), held, np.array([0, 0, 3, 1]))
    expect(
        {int(key) for key in found} == {0, 1},
        "Cells 2 and 3 have images of one kind only: they have no chance to report.",
    )
