"""Checks of lesson 07, Why GANs break, and what holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from karpa_helpers.show.exercises import expect, register


def _same(found: Any, expected: Any) -> bool:
    pair = np.sort_complex(np.asarray([complex(x) for x in found]))
    return pair.shape == (2,) and np.allclose(
        pair, np.sort_complex(np.asarray(expected)), atol=1e-6
    )


@register("07.1")
def check_eigenvalues(eigenvalues: Callable[[float, float], Any]) -> None:
    """Equation 5 for weak, strong and no penalty."""
    expect(len(list(eigenvalues(0.5, 0.0))) == 2, "Return two numbers.")
    expect(
        _same(eigenvalues(0.5, 0.0), [-0.5j, 0.5j]),
        "Without penalty both are imaginary: plus and minus i c.",
    )
    expect(
        np.allclose([complex(x).real for x in eigenvalues(1.0, 0.6)], -0.3, atol=1e-6),
        "For c = 1 and gamma = 0.6 both real parts should be minus half of gamma.",
    )
    expect(
        _same(eigenvalues(1.0, 0.6), np.linalg.eigvals([[-0.6, -1.0], [1.0, 0.0]])),
        "For c = 1 and gamma = 0.6 the imaginary parts are wrong. Look at what stands in the root.",
    )
    expect(
        _same(eigenvalues(0.5, 2.0), np.linalg.eigvals([[-2.0, -0.5], [0.5, 0.0]])),
        "For gamma larger than 2 c the root is real: two different real eigenvalues.",
    )


@register("07.2")
def check_converges(converges: Callable[[float, float, float], Any]) -> None:
    """Whether simultaneous play contracts, in both regimes."""
    expect(not converges(0.5, 0.0, 0.01), "Without penalty no step size is small enough.")
    expect(
        converges(0.5, 0.3, 1.1),
        "c = 1/2, gamma = 0.3: equation 6 allows steps below 1.2, and 1.1 is one.",
    )
    expect(not converges(0.5, 0.3, 1.3), "c = 1/2, gamma = 0.3: a step of 1.3 is above the limit.")
    expect(
        not converges(1.0, 0.5, 0.6) and converges(1.0, 0.5, 0.4),
        "For c = 1 and gamma = 0.5 the limit lies at 0.5. How does it depend on c?",
    )
    expect(
        not converges(0.5, 4.0, 0.6),
        "A large gamma makes both eigenvalues real, one near minus gamma. At gamma = 4 a step of "
        "0.6 jumps over the solution and lands farther away, though it is below gamma / c^2.",
    )
    expect(
        converges(0.5, 4.0, 0.4),
        "At gamma = 4 and c = 1/2 a step of 0.4 still converges: the larger eigenvalue is -3.94.",
    )


@register("07.3")
def check_r1(r1: Callable[[Callable[[Any], Any], Any], Any]) -> None:
    """Half the mean squared slope."""
    slope = jnp.array([3.0, -4.0])
    x = jax.random.normal(jax.random.key(0), (7, 2))
    value = r1(lambda p: p @ slope, x)
    expect(jnp.ndim(value) == 0, "The penalty is one number: take the mean over the rows of x.")
    expect(
        not np.isclose(float(value), 25.0, rtol=1e-4),
        "For f(p) = 3 a - 4 b your value is the whole squared slope. R1 takes half of it.",
    )
    expect(
        np.isclose(float(value), 12.5, rtol=1e-4),
        "The slope of f(p) = 3 a - 4 b has length 5 everywhere, so half its square is 12.5. Sum "
        "the squares over the coordinates, and take the mean over the points.",
    )
    points = jnp.array([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]])
    found = float(r1(lambda p: jnp.sum(p**2), points))
    expect(
        np.isclose(found, 0.5 * (4 + 16 + 36) / 3, rtol=1e-4),
        "f(p) = |p|^2 has another slope, 2 p, at each point. Square the length at each point "
        "first, then take the mean: slopes of opposite directions must not cancel.",
    )


@register("07.4")
def check_pack(pack: Callable[[Any, int], Any]) -> None:
    """Rows in groups of m, one group a row."""
    points = np.arange(10.0).reshape(5, 2)
    two = np.asarray(pack(points, 2))
    expect(
        two.shape == (2, 4),
        f"Five points in the plane, packed in pairs, are 2 rows of 4 numbers; yours has shape "
        f"{two.shape}. The fifth point fills no row and is left out.",
    )
    expect(
        two.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]],
        "A row should hold one whole point behind the other, and points that follow each other.",
    )
    expect(np.array_equal(pack(points, 1), points), "Packs of one change nothing.")
    three = np.asarray(pack(np.arange(18.0).reshape(6, 3), 3))
    expect(three.shape == (2, 9), "Points may have another number of coordinates than two.")
