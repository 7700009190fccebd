"""Checks of lesson 05, A GAN that draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from karpa_helpers.gan import losses
from karpa_helpers.show.exercises import expect, register


@register("05.1")
def check_doubled(doubled: Callable[[int, int, int, int], int]) -> None:
    """Sizes after a transposed convolution."""
    expect(doubled(7, 4, 2, 1) == 14, "Kernel 4, stride 2, padding 1 should turn 7 pixels into 14.")
    expect(
        doubled(1, 7, 1, 0) == 7,
        "One pixel with kernel 7, stride 1 and no padding becomes the kernel: 7 pixels.",
    )
    expect(
        doubled(5, 3, 3, 0) == 15,
        "With kernel 3 and stride 3 the copies of the kernel just touch: 5 pixels become 15.",
    )
    expect(doubled(4, 5, 2, 2) == 7, "Padding is cut off on both sides: 4, kernel 5, stride 2, "
           "padding 2 gives 7.")  # fmt: skip


@register("05.2")
def check_discriminator_loss(d_loss: Callable[[Any, Any], Any]) -> None:
    """Equation 4, stable for large logits."""
    real, fake = jnp.array([2.0, 0.5, -1.0]), jnp.array([-3.0, 1.0])
    value = d_loss(real, fake)
    expect(jnp.ndim(value) == 0, "The loss is one number: take the mean over each batch.")
    expect(
        np.isclose(float(d_loss(jnp.zeros(3), jnp.zeros(2))), 2 * np.log(2), rtol=1e-5),
        "Where every logit is 0, D says one half: the loss should be 2 log 2. Are both halves in?",
    )
    expect(
        float(d_loss(jnp.array([5.0]), jnp.array([-5.0]))) < 0.1,
        "A discriminator that is right on both sides should have a loss near 0. Look at the signs.",
    )
    extreme = float(d_loss(jnp.array([-1000.0]), jnp.array([1000.0])))
    expect(
        np.isfinite(extreme),
        "At logits of 1,000 your loss is not finite: the logarithm of a sigmoid underflows. "
        "Write log sigma as one function, as equation 4 does.",
    )
    expect(
        np.isclose(extreme, 2000, rtol=1e-4),
        "At logits of 1,000, all of them wrong, equation 4 gives 2,000. A clipped loss is finite, "
        "but not right.",
    )
    expect(
        abs(float(d_loss(jnp.array([1000.0]), jnp.array([-1000.0])))) < 1e-6,
        "At logits of 1,000, all of them right, the loss should be 0.",
    )
    expect(
        np.isclose(float(value), float(losses.discriminator_loss(real, fake)), rtol=1e-4),
        "On a small example your value differs from minus V of equation 3.",
    )


@register("05.3")
def check_missing(missing: Callable[[np.ndarray, int], list[int]]) -> None:
    """Classes with less than a fifth of a fair share."""
    labels = np.repeat([0, 1, 3], [50, 49, 1])
    found = [int(c) for c in missing(labels, 4)]
    expect(2 in found, "Class 2 of 4 does not occur at all, and your function does not list it.")
    expect(3 in found, "Class 3 has 1 % of the labels; a fifth of a fair share of 4 is 5 %.")
    expect(found == [2, 3], f"Classes 0 and 1 are well covered; you listed {found}.")
    few = [int(c) for c in missing(np.array([0, 0, 1]), 4)]
    expect(few == [2, 3], "Classes after the largest label that occurs are missing too.")
    labels = np.repeat([0, 1], [95, 5])
    expect(
        [int(c) for c in missing(labels, 2)] == [1],
        "With two classes a fair share is a half, so 5 % is less than a fifth of it.",
    )
    labels = np.repeat([0, 1, 2, 3], [82, 6, 6, 6])
    expect(not list(missing(labels, 4)), "6 % is more than a fifth of a fair share of 4 classes.")
    found = [int(c) for c in missing(np.repeat([0, 1], [96, 4]), 10)]
    expect(
        found == list(range(2, 10)),
        "A fair share is one over all classes, those that do not occur included.",
    )


@register("05.4")
def check_verdict(verdict: Callable[[list[float], list[float]], str]) -> None:
    """A paired comparison over seeds."""
    expect(
        verdict([10, 12, 11], [30, 33, 31]) == "a",
        "Smaller is better: where a is far below b on every seed, a wins.",
    )
    expect(
        verdict([30, 33, 31], [10, 12, 11]) == "b", "The answer should turn round when a and b do."
    )
    expect(
        verdict([10, 30, 20], [12, 25, 24]) == "undecided",
        "Where the sign of the difference changes from seed to seed, nothing is decided.",
    )
    expect(
        verdict([10, 50, 90], [13, 52, 94]) == "a",
        "The seeds are pairs: a beats b on each by a steady margin. Compare the differences, "
        "not the two means.",
    )
    expect(
        verdict([10, 11, 10], [13, 18, 14]) == "undecided",
        "Three differences of 3, 7 and 4: their 95 % interval still holds zero. With few seeds "
        "Student's t is wide; it has n - 1 degrees of freedom, as has the standard deviation.",
    )
    expect(
        verdict([10, 10, 10, 10], [14, 20, 16, 12]) == "a",
        "Four seeds: t has three degrees of freedom, and the interval leaves out zero.",
    )
