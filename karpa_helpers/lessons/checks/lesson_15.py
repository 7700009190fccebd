"""Checks of lesson 15, Attention is all you need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from karpa_helpers.show.exercises import expect, register

Model = Callable[[np.ndarray], np.ndarray]


@register("15.1")
def check_apart(apart: Callable[[Any, int], Any]) -> None:
    """Heads as a dimension of their own."""
    x = np.arange(2 * 5 * 12, dtype=float).reshape(2, 5, 12)
    found = np.asarray(apart(x, 3))
    expect(
        found.shape == (2, 3, 5, 4),
        f"(2, 5, 12) and 3 heads should give (2, 3, 5, 4), yours is {found.shape}.",
    )
    expect(
        all((found[:, :, t].reshape(2, 12) == x[:, t]).all() for t in range(5)),
        "A head at place t holds entries of other places. Cut the last axis, then move an axis.",
    )
    for heads in (1, 2, 12):
        found = np.asarray(apart(x, heads))
        joined = np.concatenate([found[:, h] for h in range(heads)], axis=-1)
        expect(
            joined.shape == x.shape and (joined == x).all(),
            f"With {heads} heads, the heads side by side should be the array that came in.",
        )


@register("15.2")
def check_shift(shift: Callable[[np.ndarray, int], Any]) -> None:
    """A shift is a rotation of every pair."""

    def sinusoids(p: int, width: int) -> np.ndarray:
        found = np.empty(width)
        for i in range(width // 2):
            angle = p / 10_000 ** (2 * i / width)
            found[2 * i], found[2 * i + 1] = np.sin(angle), np.cos(angle)
        return found

    for p, k, width in ((7, 0, 8), (3, 5, 8), (40, -11, 16), (0, 1, 2)):
        given = sinusoids(p, width)
        found = np.asarray(shift(given, k))
        expect(found.shape == (width,), f"The vector should keep its shape, not {found.shape}.")
        right = np.allclose(found, sinusoids(p + k, width), atol=1e-6)
        back = k != 0 and np.allclose(found, sinusoids(p - k, width), atol=1e-6)
        expect(not back or right, "That is k places back. Look at the signs of (4).")
        expect(
            right,
            f"From place {p}, {k} places on, in a width of {width}: the entries are not those of "
            f"place {p + k}. Each pair has its own frequency.",
        )


@register("15.3")
def check_megabytes(megabytes: Callable[..., float]) -> None:
    """The bytes of a key-value cache."""
    plain = megabytes(1, 1000, 10, 1, 1, 1)
    expect(
        not np.isclose(plain, 0.002),
        "Half of it is missing, or the other half: a cache holds keys and values.",
    )
    expect(
        np.isclose(plain, 0.004),
        "One layer of width 1,000 holds, for one place, 1,000 numbers of keys and as many of "
        "values, at 2 bytes: 0.004 million bytes.",
    )
    expect(
        np.isclose(megabytes(3, 1000, 10, 1, 50, 4), 0.004 * 600),
        "It grows with layers, length and batch.",
    )
    expect(
        np.isclose(megabytes(3, 1000, 10, 10, 50, 4), 0.004 * 60),
        "If all ten heads share, a tenth is left.",
    )
    expect(
        np.isclose(megabytes(2, 64, 8, 4, 7, 1), 2 * 2 * 2 * 8 * 7 * 2 / 1e6),
        "Eight heads, every four of which share, have two sets of keys and values.",
    )


def _model(looks: Callable[[int], list[int]], scale: float = 1.0) -> Model:
    """A model whose row t uses the tokens at the places `looks(t)`, as far as there are such."""
    table = np.random.default_rng(1).normal(size=(12, 10, 10))

    def model(ids: np.ndarray) -> np.ndarray:
        ids = np.asarray(ids)
        rows = [
            scale * sum((table[s][ids[s]] for s in looks(t) if 0 <= s < len(ids)), np.zeros(10))
            for t in range(len(ids))
        ]
        return np.stack(rows)

    return model


HONEST = {
    "reads everything up to t": _model(lambda t: list(range(t + 1))),
    "reads token t alone": _model(lambda t: [t]),
    "reads the first token alone": _model(lambda t: [0]),
    "has large logits": _model(lambda t: list(range(t + 1)), 300.0),
    "reads nothing": _model(lambda t: []),
}
PEEPING = {
    "reads one token too many": _model(lambda t: list(range(t + 2))),
    "has no mask": _model(lambda t: list(range(12))),
    "peeps at place 9 only": _model(lambda t: [t, 10] if t == 9 else [t]),
    "reads the last token from place 2": _model(lambda t: [t, 11] if t == 2 else [t]),
    "peeps with a thousandth of its logits": (
        lambda ids: HONEST["reads token t alone"](ids) + _model(lambda t: [t + 1], 1e-3)(ids)
    ),
}


@register("15.4")
def check_peeps(peeps: Callable[[Model], Any]) -> None:
    """A test of language models, tried on honest and peeping ones."""
    for what, model in HONEST.items():
        expect(not peeps(model), f"Your test accuses an honest model: it {what}.")
    for what, model in PEEPING.items():
        expect(bool(peeps(model)) is True, f"Your test misses a model that {what}.")


@register("15.5")
def check_turn(turn: Callable[[Any, Any], Any]) -> None:
    """Rotary positions: scores depend on the distance alone."""
    generator = np.random.default_rng(0)
    q, k = generator.normal(size=(2, 1, 8))
    places = np.array([0])
    expect(
        np.shape(turn(q, places)) == (1, 8),
        "The shape (T, d) should stay, for T places of width d.",
    )
    expect(np.allclose(turn(q, places), q), "At place 0 nothing should turn.")
    both = np.concatenate([q, k])
    turned = np.asarray(turn(both, np.array([3, 11])))
    expect(
        np.allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(both, axis=1)),
        "A rotation keeps the length of every vector.",
    )

    def score(p: int, r: int) -> float:
        return float(
            (np.asarray(turn(q, np.array([p]))) @ np.asarray(turn(k, np.array([r]))).T)[0, 0]
        )

    expect(
        np.isclose(score(3, 11), score(20, 28)),
        "Both 8 places further, the score of a query with a key should not change.",
    )
    expect(
        not np.isclose(score(3, 11), score(3, 12)), "Another distance should give another score."
    )
    for i in range(4):
        one = np.zeros((1, 8))
        one[0, 2 * i + 1] = 1.0  # the sine and cosine of an angle of 0
        angle = 5 / 10_000 ** (2 * i / 8)
        expected = np.zeros(8)
        expected[2 * i], expected[2 * i + 1] = np.sin(angle), np.cos(angle)
        found = np.asarray(turn(one, np.array([5])))[0]
        expect(
            np.allclose(found, expected),
            f"Pair {i} at place 5 should turn by the matrix of (4) with its own frequency: entries "
            f"{2 * i} and {2 * i + 1} belong together.",
        )
