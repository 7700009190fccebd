"""Checks of lesson 13, Attention is a softmax."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import special

from karpa_helpers.show.exercises import expect, register

Weigh = Callable[[np.ndarray, np.ndarray], Any]


@register("13.1")
def check_weigh(weigh: Callable[[Any, Any, float], Any]) -> None:
    """A masked softmax with a temperature, for any scores."""
    e = np.array([[1.0, -0.5, 2.0, 0.3], [0.2, 0.1, -3.0, 1.0]])
    every, some = np.ones((2, 4), bool), np.array([[True, True, False, True], [True] * 4])
    found = np.asarray(weigh(e, every, 1.0))
    expect(found.shape == (2, 4), f"Scores of shape (2, 4) give weights of {found.shape}.")
    expect(
        np.allclose(found.sum(axis=-1), 1),
        "Each row should sum to 1: the softmax is over the last axis.",
    )
    expect(np.allclose(found, special.softmax(e, axis=-1)), "With tau 1 it should be equation 1.")
    expect(
        np.allclose(weigh(e, every, 0.5), special.softmax(e / 0.5, axis=-1)),
        "At tau = 0.5 the weights are wrong: scores are divided by tau, before the exponential.",
    )
    found = np.asarray(weigh(e, some, 2.0))
    expect(found[0, 2] == 0, "A masked entry should have weight exactly 0.")
    expect(
        np.allclose(found[0, [0, 1, 3]], special.softmax(e[0, [0, 1, 3]] / 2)),
        "With an entry masked, the others should be a softmax among themselves.",
    )
    for shift in (1e6, -1e6):
        found = np.asarray(weigh(e + shift, some, 1.0))
        expect(
            np.isfinite(found).all() and np.allclose(found[1], special.softmax(e[1]), atol=1e-6),
            f"Adding {shift:g} to all scores should change nothing. What may be subtracted first?",
        )
    spoilt = np.array([[0.0, 1e6, 1.0]])
    expect(
        np.allclose(
            weigh(spoilt, np.array([[True, False, True]]), 1.0)[0, [0, 2]], special.softmax([0, 1])
        ),
        "A huge score that is masked still has a say. Mask before you look for the largest.",
    )
    with np.errstate(all="ignore"):
        nothing = np.asarray(weigh(e, np.array([[False] * 4, [True] * 4]), 1.0))
    expect((nothing[0] == 0).all(), "A row without any True should be zeros, not 0/0.")
    expect(np.allclose(nothing[1].sum(), 1), "The row beside it should not be touched.")


@register("13.2")
def check_score_slope(score_slope: Callable[[Any, Any, Any], Any]) -> None:
    """The chain rule through the context to the scores."""
    generator = np.random.default_rng(0)
    a = special.softmax(generator.normal(size=5))
    values, upstream = generator.normal(size=(5, 3)), generator.normal(size=3)
    found = np.asarray(score_slope(a, values, upstream))
    expect(found.shape == (5,), f"Five scores have five slopes; yours have shape {found.shape}.")
    jacobian = np.diag(a) - np.outer(a, a)
    expect(
        abs(found.sum()) < 1e-8,
        "Adding the same to all scores changes nothing, so the slopes should sum to 0. "
        "Is it the value against the mean?",
    )
    expect(
        np.allclose(found, jacobian @ values @ upstream),
        "The slopes differ from equation 4, multiplied by the slope of the loss.",
    )
    sure = np.asarray(score_slope(np.array([0.0, 1.0]), np.ones((2, 3)), upstream))
    expect(np.allclose(sure, 0), "Where attention is sure, no score has a slope.")


@register("13.3")
def check_error(error: Callable[[Any, Any, Any], float]) -> None:
    """Alignment error rate with sure and possible links."""
    sure = [{(0, 0), (1, 1), (2, 2)}]
    none: list[set[tuple[int, int]]] = [set()]
    expect(abs(error(sure, sure, none)) < 1e-9, "If exactly the sure links are found, it is 0.")
    expect(np.isclose(error([{(0, 1)}], sure, none), 1), "If no link is right, the error is 1.")
    expect(
        np.isclose(error([{(0, 0), (1, 2)}], sure, none), 1 - 2 / 5),
        "Without links that are only possible it should be equation 10: 2 found, 3 sure, 1 in both "
        "gives 0.6. The sure links are possible, too.",
    )
    found = [{(0, 0), (1, 1), (2, 2), (3, 3)}]
    expect(
        np.isclose(error(found, sure, [{(3, 3)}]), 0),
        "A link that is possible does no harm when it is found: 1 - (3 + 4) / (4 + 3).",
    )
    expect(
        np.isclose(error(sure, sure, [{(3, 3), (4, 4)}]), 0),
        "A link that is only possible does no harm when it is not found.",
    )
    expect(
        np.isclose(error([*sure, {(0, 1)}], [*sure, {(0, 0)}], [set(), set()]), 1 - 6 / 8),
        "Over several sentences, sum the counts first and divide once: long sentences count more.",
    )
    swapped = error([{(0, 1), (1, 0)}], [{(1, 0), (0, 2)}], none)
    expect(np.isclose(swapped, 0.5), "A link is an ordered pair: (0, 1) is not (1, 0).")


def _dot(Q: np.ndarray, K: np.ndarray) -> np.ndarray:
    return special.softmax(Q @ K.T, axis=1)


def _general(Q: np.ndarray, K: np.ndarray) -> np.ndarray:
    W = np.random.default_rng(1).normal(size=(4, 4))
    return special.softmax(Q @ W @ K.T / 2, axis=1)


def _additive(Q: np.ndarray, K: np.ndarray) -> np.ndarray:
    return special.softmax(np.tanh(Q[:, None] + 2 * K[None]).sum(axis=-1), axis=1)


def _by_position(Q: np.ndarray, K: np.ndarray) -> np.ndarray:
    return special.softmax(Q @ np.random.default_rng(2).normal(size=(4, 6)), axis=1)


def _equal(Q: np.ndarray, K: np.ndarray) -> np.ndarray:
    return np.full((len(Q), len(K)), 1 / len(K))


def _long_keys(Q: np.ndarray, K: np.ndarray) -> np.ndarray:
    return np.tile(special.softmax((K**2).sum(axis=1)), (len(Q), 1))


def _wrong_axis(Q: np.ndarray, K: np.ndarray) -> np.ndarray:
    return special.softmax(Q @ K.T, axis=0)


def _near_the_middle(Q: np.ndarray, K: np.ndarray) -> np.ndarray:
    middle = -np.abs(np.arange(6) - 2.5)  # the same from both ends
    return special.softmax(Q @ K.T + 2 * middle, axis=1)


def _scores(Q: np.ndarray, K: np.ndarray) -> np.ndarray:
    return Q @ K.T


def _negative(Q: np.ndarray, K: np.ndarray) -> np.ndarray:
    e = Q @ K.T
    return e / e.sum(axis=1, keepdims=True)


RIGHT = (_dot, _general, _additive)
FAKES = {
    _by_position: "weights that come from the query and the position alone",
    _equal: "equal weights, whatever query and keys are",
    _long_keys: "weights that do not depend on the query",
    _wrong_axis: "a softmax over the queries, whose rows do not sum to 1",
    _near_the_middle: "weights that prefer the middle of the source. Try more than one permutation",
    _scores: "bare scores, which are no weights",
    _negative: "numbers that sum to 1, some of them negative",
}


@register("13.4")
def check_looks(looks: Callable[[Weigh], Any]) -> None:
    """A test of attention functions, tried on good and bad ones."""
    for weigh in RIGHT:
        expect(
            bool(looks(weigh)) is True,
            f"Your test refuses good attention ({weigh.__name__[1:]} scores). When the keys are "
            "permuted, the columns of the weights are permuted in the same way.",
        )
    for weigh, what in FAKES.items():
        expect(not looks(weigh), f"Your test lets pass {what}.")


@register("13.5")
def check_stream(stream: Callable[[np.ndarray, Iterator[Any]], Any]) -> None:
    """Attention in one pass over blocks that vanish."""
    for scale, sizes in ((1.0, (3, 3, 3)), (1.0, (1, 5, 2)), (3000.0, (4, 4)), (1.0, (7,))):
        generator = np.random.default_rng(len(sizes))
        query = scale * generator.normal(size=4)
        keys = [generator.normal(size=(n, 4)) for n in sizes]
        values = [generator.normal(size=(n, 2)) for n in sizes]
        e = np.concatenate(keys) @ query / 2
        expected = special.softmax(e) @ np.concatenate(values)
        with np.errstate(all="ignore"):
            found = np.asarray(stream(query, _vanishing(keys, values)))
        expect(found.shape == (2,), f"The context has the width of the values, not {found.shape}.")
        expect(
            np.isfinite(found).all(),
            "The context is not finite. Were blocks kept after their turn (they are overwritten), "
            "or did an exponential overflow?",
        )
        expect(
            not np.allclose(found, special.softmax(2 * e) @ np.concatenate(values))
            or np.allclose(found, expected),
            "The scores are divided by the root of the width.",
        )
        expect(
            np.allclose(found, expected, rtol=1e-6),
            f"Blocks of {sizes} keys, scores up to {np.abs(e).max():.3g}: the context is wrong. "
            "When the running maximum rises, what was summed before must shrink.",
        )


def _vanishing(keys: list[np.ndarray], values: list[np.ndarray]) -> Iterator[Any]:
    """Blocks that are overwritten by NaN as soon as the next one is asked for."""
    for block in zip(keys, values, strict=True):
        lent = [array.copy() for array in block]
        yield tuple(lent)
        for array in lent:
            array[:] = np.nan
