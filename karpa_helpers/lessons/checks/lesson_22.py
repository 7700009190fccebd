"""Checks of lesson 22, XLA, GPUs and many devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from karpa_helpers.show.exercises import expect, register


@register("22.1")
def check_intensity(intensity: Callable[[int, int, int, int], float]) -> None:
    """Operations a byte of a matrix product."""
    expect(
        np.isclose(intensity(600, 600, 600, 4), 100),
        "For n = m = k in float32 it should be n / 6: 100 for n = 600. Both a multiplication and "
        "an addition count, and three matrices are moved.",
    )
    expect(
        np.isclose(intensity(600, 600, 600, 2), 200),
        "Numbers of half the size should double the intensity.",
    )
    expect(
        np.isclose(intensity(1, 3, 5, 4), 30 / (4 * 23)),
        "With n, m, k = 1, 3, 5: 30 operations on 5 + 15 + 3 numbers. Which sides has each matrix?",
    )


@register("22.2")
def check_best_devices(best: Callable[[float, float, float, float, int], int]) -> None:
    """Strong scaling with one ring all-reduce."""
    expect(
        best(1.0, 0.0, 1e9, 0.0, 64) == 64,
        "If talking costs nothing, all devices should be used.",
    )
    expect(
        best(1.0, 1e9, 1e9, 0.0, 64) == 1,
        "If sending the gradient once takes as long as all of the work, one device is best. It has "
        "nobody to send to, so it pays nothing.",
    )
    # Without bytes the step is work / n + 2 (n - 1) latency: least near sqrt(work / 2 latency).
    expect(
        best(1.0, 0.0, 1e9, 5e-5, 1000) == 100,
        "With messages of no bytes, 1 s of work and 50 microseconds each, 100 devices are best. "
        "How many messages does a device wait for, one after another?",
    )
    times = [8 / n + 2 * (n - 1) * (2e9 / (n * 1e9) + 0.01) for n in range(1, 65)]
    expect(
        best(8.0, 2e9, 1e9, 0.01, 64) == 1 + int(np.argmin(times)),
        "The best number is another one when bytes and latency both count: see equation 10.",
    )
    expect(
        best(1.0, 0.0, 1e9, 5e-5, 30) == 30, "At most `most` devices are there, itself included."
    )
    expect(
        best(0.0, 0.0, 1e9, 0.0, 64) == 1,
        "Of several equally good numbers, return the smallest.",
    )


@register("22.3")
def check_global_slope(global_slope: Callable[[Any, Any, Any], Any]) -> None:
    """Loss and gradient of all tokens from those of devices with different numbers of them."""
    generator = np.random.default_rng(0)
    counts = np.array([3.0, 1.0, 6.0, 2.0])
    means, slopes = generator.normal(size=4), generator.normal(size=(4, 5))
    loss, slope = global_slope(means * counts, counts, slopes)
    expect(
        np.isclose(loss, means @ counts / 12),
        "The loss should be the sum over all tokens divided by their number. Sum first, divide "
        "once.",
    )
    slope = np.asarray(slope)
    expect(slope.shape == (5,), f"The gradient has 5 entries; yours has shape {slope.shape}.")
    expect(
        np.allclose(slope, counts @ slopes / 12),
        "Each device's slope is that of its own mean. How much of the whole mean is its own?",
    )
    counts[1], slopes[1] = 0, np.nan
    loss, slope = global_slope(means * counts, counts, slopes)
    expect(
        np.isfinite(loss) and np.isfinite(slope).all(),
        "A device without tokens spoils the result. What is 0 times NaN?",
    )
    kept = np.array([0, 2, 3])
    expect(
        np.allclose(slope, counts[kept] @ slopes[kept] / 11),
        "A device without tokens should have no say, in the sum or in the number of tokens.",
    )


@register("22.4")
def check_careful_sum(careful_sum: Callable[[Any], Any]) -> None:
    """Compensated summation in bfloat16."""
    ones = jnp.ones(1000, jnp.bfloat16)
    total = careful_sum(ones)
    expect(
        jnp.asarray(total).dtype == jnp.bfloat16,
        f"The sum should be bfloat16; yours is {jnp.asarray(total).dtype}.",
    )
    more = sorted(_floats(jax.make_jaxpr(careful_sum)(ones).jaxpr) - {"bfloat16"})
    expect(not more, f"In bfloat16 alone, was the task. Inside there is {', '.join(more)}.")
    expect(float(careful_sum(ones[:3])) == 3, "Three ones should be 3.")
    expect(
        abs(float(total) - 1000) <= 4,
        f"A thousand ones are {float(total):g}? What does an addition lose, and who adds it later?",
    )
    values = jnp.asarray(np.random.default_rng(1).uniform(0, 1, 4000), jnp.bfloat16)
    exact = float(np.asarray(values, np.float64).sum())
    error = abs(float(careful_sum(values)) - exact) / exact
    expect(error < 2**-7, f"4,000 numbers between 0 and 1: off by {100 * error:.1f} %.")
    signs = jnp.asarray([256.0, 1.0, 1.0, 1.0, 1.0, -256.0], jnp.bfloat16)
    expect(
        float(careful_sum(signs)) == 4,
        "256 + 1 + 1 + 1 + 1 - 256 should be 4: with what sign does the lost part come back?",
    )


def _floats(jaxpr: Any) -> set[str]:
    """The types of all floats that a program makes, and those that it calls."""
    found: set[str] = set()
    for equation in jaxpr.eqns:
        types = [variable.aval.dtype for variable in equation.outvars]
        found |= {dtype.name for dtype in types if jnp.issubdtype(dtype, jnp.floating)}
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                found |= _floats(inner)
    return found
