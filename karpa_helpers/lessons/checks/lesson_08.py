"""Checks of lesson 08, Faces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from karpa_helpers.gan import losses
from karpa_helpers.lessons.lesson_08_shares import total_variation
from karpa_helpers.show.exercises import expect, register


@register("08.1")
def check_variation(variation: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """Total variation from counts."""
    expect(
        np.isclose(variation(np.array([10, 0]), np.array([0, 10])), 1),
        "Two samples with no value in common are at distance 1, the largest there is.",
    )
    expect(
        np.isclose(variation(np.array([3, 1]), np.array([300, 100])), 0),
        "Samples of different sizes with the same shares are at distance 0: compare shares.",
    )
    drawn, real = np.array([40, 30, 20, 10]), np.array([60, 80, 50, 10])
    found = variation(drawn, real)
    expect(found >= 0, "A distance is never negative: every difference counts by its size.")
    expect(
        np.isclose(found, total_variation(drawn, real)),
        f"For counts 40, 30, 20, 10 and 60, 80, 50, 10 you give {float(found):.4g}; fifteen in a "
        "hundred samples would have to change.",
    )
    expect(np.isclose(variation(real, drawn), found), "The distance should be the same both ways.")


@register("08.2")
def check_shifted(shifted: Callable[[np.ndarray, int, int], np.ndarray]) -> None:
    """A shift by whole pixels."""
    image = np.random.default_rng(0).normal(size=(6, 5, 3))
    expect(np.array_equal(shifted(image, 0, 0), image), "A shift by 0 should change nothing.")
    moved = np.asarray(shifted(image, 2, 0))
    expect(moved.shape == image.shape, f"The shape became {moved.shape}; it should stay.")
    expect(
        np.allclose(moved[2:], image[:-2]),
        "After a shift down by 2, row 2 should hold what row 0 held.",
    )
    expect(np.allclose(moved[:2], 0), "What moves in at the top is 0, not what left at the bottom.")
    moved = np.asarray(shifted(image, 0, 1))
    expect(
        np.allclose(moved[:, 1:], image[:, :-1]),
        "After a shift to the right by 1, column 1 should hold what column 0 held.",
    )
    expect(np.allclose(moved[:, 0], 0), "What moves in at the left is 0.")
    moved, wanted = np.asarray(shifted(image, -1, -2)), np.zeros_like(image)
    wanted[:-1, :-2] = image[1:, 2:]
    expect(np.allclose(moved, wanted), "A shift by -1, -2 goes up and to the left, with 0 behind.")


@register("08.3")
def check_losses(losses_of: Callable[[Any, Any], Any]) -> None:
    """Equation 1, both players, stable."""
    real, fake = jnp.array([2.0, 0.5, -1.0]), jnp.array([-3.0, 1.0, 0.2])
    found = losses_of(real, fake)
    expect(
        isinstance(found, tuple) and len(found) == 2 and all(jnp.ndim(v) == 0 for v in found),
        "Return a pair of numbers: the mean of each loss.",
    )
    sure = [float(v) for v in losses_of(jnp.array([9.0]), jnp.array([-9.0]))]
    expect(sure[0] < 0.1, "Where D is right about a pair, L_D should be near 0.")
    expect(sure[1] > 10, "Where D is right about a pair, L_G should be large.")
    far = [float(v) for v in losses_of(jnp.array([-500.0, 500.0]), jnp.array([500.0, -500.0]))]
    expect(np.isfinite(far).all(), "At a difference of 1,000 a loss of yours is not finite.")
    expect(
        np.allclose(far, 500, rtol=1e-4),
        "Two pairs, one wrong by 1,000 and one right by 1,000: both losses should be 500.",
    )
    wanted = [
        float(losses.RELATIVISTIC.discriminator(real, fake)),
        float(losses.RELATIVISTIC.generator(real, fake)),
    ]
    expect(
        np.allclose([float(v) for v in found], wanted, rtol=1e-4),
        "On a small example your values differ from equation 1. The pairs are compared one by one, "
        "before any mean is taken.",
    )


@register("08.4")
def check_p_value(p_value: Callable[[np.ndarray, np.ndarray, int, int], float]) -> None:
    """A permutation test of two shares."""
    apart = float(p_value(np.zeros(40), np.ones(40), 99, 0))
    expect(
        apart > 0,
        "A share of 0 claims too much: the given order is one of the shuffles + 1 orders.",
    )
    expect(
        np.isclose(apart, 0.01),
        f"No shuffle can part 40 zeros from 40 ones: 1 of 100, not {apart}.",
    )
    equal = np.array([0, 1, 0, 1, 1, 0, 0, 1])
    expect(
        np.isclose(p_value(equal, equal, 99, 0), 1),
        "Where the two means are equal, every shuffle differs at least as much: the share is 1.",
    )
    rng = np.random.default_rng(3)
    fewer = (np.arange(300) < 30).astype(int), (np.arange(300) < 60).astype(int)
    expect(
        p_value(*fewer, 400, 0) < 0.02,
        "30 of 300 against 60 of 300: chance does that about once in a thousand.",
    )
    expect(
        abs(p_value(*fewer, 400, 0) - p_value(*fewer[::-1], 400, 0)) < 0.02,
        "The answer should not depend on which of the two means is larger.",
    )
    uneven = (np.arange(20) < 6).astype(int), (np.arange(400) < 80).astype(int)
    found = float(p_value(*uneven, 2000, 1))
    expect(
        0.2 < found < 0.5,
        f"6 of 20 against 80 of 400 gives {found:.2f} with your function. Is the pool cut where "
        "the first sample ended, and does a difference in either direction count?",
    )
    values = [
        float(p_value(rng.integers(0, 2, 30), rng.integers(0, 2, 30), 60, i)) for i in range(40)
    ]
    expect(
        0.35 < np.mean(values) < 0.75,
        "For samples of one distribution the values should spread between 0 and 1.",
    )
