"""Checks of lesson 00, Start here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from karpa_helpers.show.exercises import expect, register


@register("00.1")
def check_mean_square(mean_square: Callable[[Any], Any]) -> None:
    """Mean of squares, under jit too."""
    x = jnp.array([[1.0, -2.0], [3.0, 0.0]])
    value = mean_square(x)
    expect(jnp.ndim(value) == 0, "The result should be one number, whatever the array's shape.")
    expect(
        not np.isclose(float(value), 0.25),
        "Your value is the square of the mean. First square, then take the mean.",
    )
    expect(np.isclose(float(value), 3.5), f"For 1, -2, 3, 0 it should be 14 / 4; yours is {value}.")
    try:
        compiled = jax.jit(mean_square)(x)
    except jax.errors.JAXTypeError:
        expect(False, "It does not work under jax.jit: does it turn the array into Python numbers?")
    expect(np.isclose(float(compiled), 3.5), "Under jax.jit the result is another one.")


@register("00.2")
def check_faster(faster: Callable[[Sequence[float], Sequence[float]], float]) -> None:
    """A ratio of times that one outlier does not move."""
    ratio = faster([4.0, 4.0, 4.0], [2.0, 2.0, 2.0])
    expect(
        not np.isclose(ratio, 0.5), "b takes half the time of a, so it is 2 times faster, not 0.5."
    )
    expect(np.isclose(ratio, 2.0), f"4 seconds against 2 is 2 times faster; you say {ratio}.")
    expect(np.isclose(faster([9.0] * 3, [3.0] * 3), 3.0), "9 seconds against 3 is 3 times faster.")
    try:
        uneven = faster([4.0] * 5, [2.0] * 3)
    except ValueError:
        expect(False, "The lists may differ in length, so their times do not come in pairs.")
    expect(np.isclose(uneven, 2.0), f"Five times of 4 s against three of 2 s give you {uneven}.")
    steady, quick = [4.0, 4.1, 3.9, 4.0, 4.0], [2.0, 2.0, 1.9, 2.1, 2.0]
    for name, a, b in (("a", [*steady[:4], 40.0], quick), ("b", steady, [*quick[:4], 20.0])):
        wild = faster(a, b)
        expect(
            abs(wild - 2.0) < 0.2,
            f"One time in {name}, ten times too long, moved your answer from 2 to {wild:.2g}.",
        )
    for name, a, b in (("a", [*steady[:4], 0.1], quick), ("b", steady, [*quick[:4], 0.05])):
        short = faster(a, b)
        expect(
            abs(short - 2.0) < 0.2,
            f"One time in {name}, far too short, moved your answer from 2 to {short:.2g}. "
            "Nobody waited for that one: do not trust it because it is the least.",
        )
    two = faster([*steady[:3], 0.1, 0.2], [*quick[:3], 0.1, 20.0])
    expect(abs(two - 2.0) < 0.2, f"Two wild times among five moved your answer to {two:.2g}.")


@register("00.3")
def check_epochs(epochs: Callable[[int, int, int], float]) -> None:
    """Epochs with the last incomplete batch left out."""
    expect(np.isclose(epochs(100, 10, 1000), 1.0), "100 batches of 10 are once 1,000 examples.")
    expect(
        np.isclose(epochs(50, 10, 1000), 0.5), "Half of the batches are half an epoch: a fraction."
    )
    expect(
        np.isclose(epochs(3, 32, 100), 1.0),
        "100 examples make 3 whole batches of 32; the last 4 are left out: 3 steps per epoch.",
    )
    expect(np.isclose(epochs(1, 32, 100), 1 / 3), "One of three steps is a third: do not round.")
