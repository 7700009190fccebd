"""Checks of lesson 04, The minimax game."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import integrate, stats

from karpa_helpers.maths import divergences
from karpa_helpers.show.exercises import expect, register

P, Q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.3, 0.6])


@register("04.1")
def check_best_answer(best_answer: Callable[[Any, Any, float], Any]) -> None:
    """The best discriminator when a share of the examples is real."""
    answer = np.asarray(best_answer(P, Q, 0.5))
    expect(answer.shape == (3,), f"Three outcomes need three answers; yours have {answer.shape}.")
    expect(np.allclose(answer, P / (P + Q)), "With a share of one half it should be equation 3.")
    expect(
        np.allclose(best_answer(P, P, 0.1), 0.1),
        "Where p = q nothing can be told apart, so the best answer is the share itself.",
    )

    def earned(D: np.ndarray) -> float:
        return float(0.2 * P @ np.log(D) + 0.8 * Q @ np.log(1 - D))

    answer = np.asarray(best_answer(P, Q, 0.2))
    expect(((answer > 0) & (answer < 1)).all(), "An answer is a probability, between 0 and 1.")
    for change in (-0.01, 0.01):
        expect(
            earned(answer) > earned(answer + change),
            "With share 0.2 a discriminator that answers a little differently earns more. "
            "Set the derivative by D_i to zero; the share stands in both terms.",
        )
    zero = np.asarray(best_answer(np.array([1.0, 0.0]), np.array([0.5, 0.5]), 0.2))
    expect(zero[1] == 0, "An outcome that p never has is not real, whatever the share.")


@register("04.2")
def check_js(js: Callable[[Any, Any], Any]) -> None:
    """JS on finite distributions, zeros included."""
    expect(np.ndim(js(P, Q)) == 0, "JS is one number: sum over the outcomes.")
    expect(abs(float(js(P, P))) < 1e-6, "JS of a distribution from itself should be 0.")
    expect(np.isclose(float(js(P, Q)), float(js(Q, P))), "JS does not change when p and q swap.")
    apart = float(js(np.array([1.0, 0, 0]), np.array([0, 0.5, 0.5])))
    expect(
        np.isfinite(apart),
        "With zeros in p and q your JS is not finite. Leave out the terms of probability 0.",
    )
    expect(
        np.isclose(apart, np.log(2), rtol=1e-4),
        "Where supports do not meet, JS is log 2 (equation 6). Mind the halves, the middle m, "
        "and natural logarithms.",
    )
    expect(
        np.isclose(float(js(P, Q)), float(divergences.js(P, Q)), rtol=1e-4),
        "On three outcomes without zeros your value differs from equation 4.",
    )
    some = np.array([0.5, 0.5, 0.0])
    expect(
        np.isclose(float(js(some, Q)), float(divergences.js(some, Q)), rtol=1e-4),
        "A zero in p alone should leave only q's share of that outcome.",
    )


@register("04.3")
def check_reply(reply: Callable[[Any], Any]) -> None:
    """The generator's best reply to a discriminator that holds still."""
    for D in ([0.2, 0.7, 0.4, 0.5], [0.9, 0.1], [0.3, 0.2, 0.31]):
        q = np.asarray(reply(np.array(D)), float)
        expect(q.shape == (len(D),), "The reply is a distribution over the same outcomes as D.")
        expect(
            (q >= 0).all() and np.isclose(q.sum(), 1),
            "The reply is no distribution: no entry below 0, and the sum is 1.",
        )
        earned = float(q @ np.log(1 - np.array(D)))
        expect(
            earned < np.log(1 - max(D)) + 1e-6,
            f"Against D = {D} another q makes V smaller. V is linear in q: where is the least?",
        )
    tie = np.asarray(reply(np.array([0.6, 0.2, 0.6])), float)
    expect(
        np.isclose(tie.sum(), 1) and tie[1] == 0,
        "Two outcomes that D trusts alike may share the mass, but the sum must stay 1.",
    )


@register("04.4")
def check_stretch(stretch: Callable[[float, int], float]) -> None:
    """Eigenvalues of a turn in which D takes k steps."""
    expect(
        np.isclose(stretch(0.5, 1), 1, atol=1e-6),
        "With one step each, in turns, the orbit is closed: the stretch should be 1.",
    )
    expect(
        np.isclose(stretch(3.0, 1), (7 + np.sqrt(45)) / 2, rtol=1e-6),
        "With h = 3 the orbit is broken: the eigenvalues are about -6.85 and -0.15. "
        "Return the largest absolute value.",
    )
    expect(np.isclose(stretch(0.85, 5), 1, atol=1e-6), "With k = 5 and h = 0.85 it still closes.")
    expect(
        stretch(0.95, 5) > 1.05,
        "With k = 5 and h = 0.95 the orbit breaks: theta holds still while D takes its steps.",
    )
    trace = 2 - 3 * 2.0**2
    expect(
        np.isclose(stretch(2.0, 3), (abs(trace) + np.sqrt(trace**2 - 4)) / 2, rtol=1e-6),
        "For k = 3 and h = 2 the value is wrong. The turn is a product of matrices: "
        "k steps of D, then one of G.",
    )


@register("04.5")
def check_measured_js(measured_js: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """JS estimated from samples, as a held-out lower bound."""
    generator = np.random.default_rng(4)

    def two_bumps(count: int) -> np.ndarray:
        return 2 * generator.choice([-1, 1], count) + generator.normal(0, 0.5, count)

    x, y = generator.normal(0, 1, 4000), generator.normal(2, 1, 4000)
    truth = _js(lambda t: stats.norm.pdf(t), lambda t: stats.norm.pdf(t, 2))
    found = float(measured_js(x, y))
    expect(np.isfinite(found), "The estimate is not a number: look for the logarithm of 0.")
    expect(
        abs(found - truth) < 0.03,
        f"For N(0, 1) against N(2, 1), 4,000 samples each, JS is {truth:.3f}; you say {found:.3f}. "
        "JS is (V + log 4) / 2.",
    )
    found = float(measured_js(two_bumps(3000), generator.normal(0, 2.06, 3000)))
    truth = _js(
        lambda t: (stats.norm.pdf(t, -2, 0.5) + stats.norm.pdf(t, 2, 0.5)) / 2,
        lambda t: stats.norm.pdf(t, 0, 2.06),
    )
    expect(
        0.6 * truth < found < truth + 0.03,
        f"Two bumps against one, of equal mean and spread: JS is {truth:.3f}, you say "
        f"{found:.3f}. Can your discriminator's answer rise and fall and rise again?",
    )
    same = [measured_js(*generator.normal(size=(2, 100))) for _ in range(20)]
    expect(
        np.mean(same) < 0.01,
        f"Two samples of one density, 100 each: JS is 0, and over 20 draws you say "
        f"{np.mean(same):.3f} on average. On samples it was not trained on, V is a lower bound.",
    )
    expect(
        np.mean(same) > -0.2,
        f"Two samples of one density, 100 each: JS is 0, and on average you say "
        f"{np.mean(same):.3f}. Your discriminator is sure without reason; make it smoother.",
    )


def _js(p: Callable[[float], float], q: Callable[[float], float]) -> float:
    def integrand(t: float) -> float:
        a, b = p(t), q(t)
        return (a * np.log(2 * a / (a + b)) + b * np.log(2 * b / (a + b))) / 2

    return integrate.quad(integrand, -9, 9, limit=200)[0]
