"""Checks of lesson 11, Recurrent networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from karpa_helpers.show.exercises import expect, register

Weights = dict[str, np.ndarray]


@register("11.1")
def check_cost(cost: Callable[[Any, Any], Any]) -> None:
    """Bits per character over real positions."""
    p = np.array([[0.5, 0.25, 1.0], [0.125, 1e-9, 0.7]])
    mask = np.array([[True, True, True], [True, False, False]])
    expect(np.ndim(cost(p, mask)) == 0, "The cost is one number for the whole batch.")
    whole = float(cost(np.full((2, 2), 0.5), np.ones((2, 2), bool)))
    expect(np.isfinite(whole), "With every probability one half your cost is not finite.")
    expect(whole > 0, "The logarithm of a probability is negative; a cost is not.")
    expect(
        abs(whole - np.log(2)) > 1e-4,
        "That is the cost in nats. Bits come from the logarithm with base 2.",
    )
    expect(
        np.isclose(whole, 1, rtol=1e-5),
        "A fair coin costs 1 bit per character. Yours does not. Is it a mean, not a sum?",
    )
    expect(
        np.isclose(float(cost(p, mask)), 1.5, rtol=1e-5),
        "With padding the cost is wrong. Sum over the real characters of all rows, and divide by "
        "how many these are.",
    )
    expect(
        np.isclose(float(cost(p, mask.astype(int))), 1.5, rtol=1e-5),
        "A mask of zeros and ones should serve as well as one of truth values.",
    )


@register("11.2")
def check_forget_bias(forget_bias: Callable[[float, int], Any]) -> None:
    """The bias whose gate leaves a given share after many steps."""
    half = float(forget_bias(0.5, 1))
    expect(np.isclose(half, 0, atol=1e-6), "With bias 0 one step leaves one half.")
    expect(
        float(forget_bias(0.9, 1)) > 0 > float(forget_bias(0.1, 1)),
        "To keep more than half takes a bias above 0, to keep less one below.",
    )
    for share, steps in ((0.9, 1), (0.5, 10), (0.05, 60), (0.9, 1000)):
        bias = float(forget_bias(share, steps))
        expect(np.isfinite(bias), f"For share {share} after {steps} steps the bias is not finite.")
        left = (1 / (1 + np.exp(-bias))) ** steps
        expect(
            np.isclose(left, share, rtol=1e-3),
            f"Your bias leaves {left:.3g} of the cell after {steps} steps; asked was {share}. "
            "Equation 9 with all gates alike is a power; then undo the sigmoid.",
        )


@register("11.3")
def check_clip(clip: Callable[[list[np.ndarray], float], Any]) -> None:
    """Clipping by the global norm."""
    small = [np.array([0.3]), np.array([[0.0, 0.4]])]
    found = [np.asarray(g, float) for g in clip(small, 1.0)]
    expect(
        len(found) == 2 and all(f.shape == g.shape for f, g in zip(found, small, strict=True)),
        "Return a list of arrays of the same shapes.",
    )
    expect(
        all(np.allclose(f, g) for f, g in zip(found, small, strict=True)),
        "A gradient shorter than the limit should stay as it is.",
    )
    large = [np.array([3.0]), np.array([[0.0, -4.0]])]
    found = [np.asarray(g, float) for g in clip(large, 1.0)]
    norm = float(np.sqrt(sum(np.sum(f**2) for f in found)))
    expect(
        norm < 1 + 1e-6,
        f"A gradient of length 5 clipped to 1 still has length {norm:.3g}, over all arrays.",
    )
    expect(
        np.isclose(norm, 1, rtol=1e-5),
        f"A gradient of length 5 clipped to 1 has length {norm:.3g}: too short.",
    )
    expect(
        np.isclose(float(found[0][0]), 0.6) and np.isclose(float(found[1][0, 1]), -0.8),
        "The length is right, the direction is not. One factor serves all arrays and entries.",
    )
    zero = [np.asarray(g, float) for g in clip([np.zeros(2), np.zeros(3)], 1.0)]
    expect(all((g == 0).all() for g in zero), "A gradient of zeros should stay zero, not NaN.")


@register("11.4")
def check_truncated(truncated: Callable[[Weights, Any, Any, int], Any]) -> None:
    """Truncated back-propagation through time against JAX on the stopped recursion."""
    generator = np.random.default_rng(11)
    shapes = {"W": (4, 3), "U": (4, 4), "b": (4,), "V": (5, 4)}
    w = {name: generator.normal(size=shape) for name, shape in shapes.items()}
    xs, y = generator.normal(size=(6, 3)), generator.integers(0, 5, 6)
    for k, fault in (
        (6, "With k the whole length it should be equation 4."),
        (60, "A k beyond the length should change nothing."),
        (1, "With k = 1 a loss reaches only the step it stands at, and the state before is fixed."),
        (3, "With k = 3 of 6 steps the value is wrong. Each loss has its own k steps."),
    ):
        found = np.asarray(truncated(w, xs, y, k))
        expect(found.shape == (4, 4), f"U is 4 x 4, your gradient has shape {found.shape}.")
        expect(np.allclose(found, _truncated(w, xs, y, k), rtol=1e-3, atol=1e-3), fault)


def _truncated(w: Weights, xs: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    """Of each step the gradient in U of its loss, from a constant state k steps before."""

    def advance(U: Any, h: Any, x: Any) -> Any:
        return jnp.tanh(w["W"] @ x + U @ h + w["b"])

    h = [jnp.zeros(4)]
    for x in xs:
        h.append(advance(w["U"], h[-1], x))

    def loss(U: Any) -> Any:
        total: Any = 0.0
        for t in range(1, len(xs) + 1):
            first = max(t - k, 0)
            state = h[first]
            for x in xs[first:t]:
                state = advance(U, state, x)
            total = total - jax.nn.log_softmax(w["V"] @ state)[y[t - 1]]
        return total

    return np.asarray(jax.jit(jax.grad(loss))(jnp.asarray(w["U"])))


@register("11.5")
def check_best_share(best_share: Callable[[Any, Any], Any]) -> None:
    """The mixture of two models with the fewest bits."""
    generator = np.random.default_rng(5)
    p, q = generator.beta(2, 2, 400), generator.beta(2, 2, 400)
    share = float(best_share(p, q))
    expect(0 <= share <= 1, "The share lies between 0 and 1.")
    expect(
        float(best_share(0.9 * np.ones(9), np.linspace(0.1, 0.8, 9))) > 0.999,
        "Where p is better everywhere, all of it should be taken: the share is 1.",
    )
    expect(
        float(best_share(np.linspace(0.1, 0.8, 9), 0.9 * np.ones(9))) < 0.001,
        "Where q is better everywhere, none of p should be taken: the share is 0.",
    )
    for first, second in ((p, q), (p, q**3), (np.sqrt(p), q), (p**2, 0.6 * q)):
        found = float(best_share(first, second))
        expect(
            abs(found - _best_share(first, second)) < 2e-3,
            f"With share {found:.4f} the mixture costs {_bits(found, first, second):.5f} bits; "
            "there is a cheaper one. Average the logarithm of the mixture, not the logarithms.",
        )


def _bits(share: float, p: np.ndarray, q: np.ndarray) -> float:
    return float(-np.log2(share * p + (1 - share) * q).mean())


def _best_share(p: np.ndarray, q: np.ndarray) -> float:
    shares = np.linspace(0, 1, 4001)
    return float(shares[np.argmin([_bits(share, p, q) for share in shares])])
