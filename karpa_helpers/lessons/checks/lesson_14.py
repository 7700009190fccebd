"""Checks of lesson 14, Translating English to French."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from karpa_helpers.show.exercises import expect, register

QUICK = 5.0  # seconds that a good answer to 14.3 is far below

Pair = tuple[str, str]


@register("14.1")
def check_best_pair(best_pair: Callable[[Any], Pair]) -> None:
    """The most frequent pair of neighbours."""
    words: dict[tuple[str, ...], int] = {("l", "o", "w"): 5, ("n", "o", "w"): 4, ("l", "o", "t"): 1}
    found = best_pair(words)
    expect(
        isinstance(found, tuple) and len(found) == 2,
        f"Return a pair of pieces as a tuple; yours is {found!r}.",
    )
    expect(found != ("l", "o"), "A word that stands four times in the text counts four times.")
    expect(found == ("o", "w"), "In low (5 times), now (4) and lot (1), o stands before w 9 times.")
    expect(
        best_pair({("b", "a"): 3, ("a", "b"): 2}) == ("b", "a"),
        "A pair has an order: ba three times is not ab.",
    )
    joined = {("lo", "w"): 2, ("lo", "t"): 2, ("w", "o", "w"): 1}
    expect(
        best_pair(joined) == ("lo", "t"),
        "Of equally frequent pairs take the first in alphabetical order; pieces may have several "
        "letters.",
    )
    expect(
        best_pair({("x", "y", "x", "y"): 2, ("a", "b"): 3}) == ("x", "y"),
        "A pair may stand twice in one word: count it twice.",
    )
    expect(
        best_pair({("z",): 100, ("p", "q"): 1}) == ("p", "q"),
        "A word of one piece has no pair, however often it stands there.",
    )


@register("14.2")
def check_brevity(brevity: Callable[[list[int], list[list[int]]], float]) -> None:
    """The factor of BLEU for the length of all that was written."""
    short = brevity([8, 8], [[10], [10]])
    expect(0 < short < 1, "Shorter than the references: the factor is between 0 and 1.")
    expect(np.isclose(short, np.exp(1 - 20 / 16)), "With c = 16 and r = 20 it is exp(1 - 20/16).")
    expect(
        np.isclose(brevity([12], [[10]]), 1),
        "More than the references: the factor is 1. Precision is what suffers.",
    )
    uneven = brevity([2, 14], [[8], [8]])
    expect(
        np.isclose(uneven, 1),
        "One sentence is short and one is long, but in all 16 of 16 are written: (8) has one "
        "factor for the whole test, not one a sentence.",
    )
    expect(
        np.isclose(brevity([8], [[9, 4]]), np.exp(1 - 9 / 8)),
        "Of references with 9 and 4 tokens, 9 is the closest to 8.",
    )
    expect(
        np.isclose(brevity([8], [[20, 7]]), 1),
        "Of references with 20 and 7 tokens, 7 is the closest to 8.",
    )
    expect(
        np.isclose(brevity([8], [[10, 6]]), 1),
        "References with 10 and 6 tokens are equally close to 8: the shorter counts.",
    )
    expect(
        np.isclose(brevity([8], [[6, 10]]), 1), "The order of the references must change nothing."
    )
    expect(brevity([0, 0], [[3], [4]]) == 0, "Where nothing is written the factor is 0.")
    expect(
        np.isclose(brevity([0, 8], [[4], [8]]), np.exp(1 - 12 / 8)),
        "One empty translation among others: its reference still counts in r.",
    )


@register("14.3")
def check_leaks(leaks: Callable[[list[str], list[str]], list[str]]) -> None:
    """Test sentences that were trained on."""
    train = ["I know him.", "Don't!", "He is\u00a0here.", "ÉTÉ", "No."]
    test = ["i KNOW him", "I know her.", "don't", "dont", "He is  here!", "été?", "know", "I know",
            "étà"]  # fmt: skip
    found = leaks(train, test)
    expect(isinstance(found, list), "Return a list of sentences.")
    expect("i KNOW him" in found, "Case and marks must not hide a sentence.")
    expect("été?" in found, "Case must not hide a sentence: É is the capital of é.")
    expect("He is  here!" in found, "Spaces of another kind or number must not hide a sentence.")
    expect(
        "I know" not in found and "know" not in found,
        "A part of a training sentence is another sentence: compare whole ones.",
    )
    expect(
        "dont" not in found,
        '"dont" is one word and "don\'t" two, as the exercise says: keep words apart.',
    )
    expect("étà" not in found, "Letters with accents are letters.")
    expect("don't" in found, "Don't! was trained on.")
    expect(
        found == [test[0], test[2], test[4], test[5]],
        "Return the sentences as they stand in the test, in its order.",
    )
    expect(leaks(train, ["him know I"]) == [], "The same words in another order do not leak.")
    many = [f"sentence number {n} has its own words" for n in range(4000)]
    start = time.perf_counter()
    leaks(many, [x + " too" for x in many])
    expect(
        time.perf_counter() - start < QUICK,
        "Your function takes too long for long lists: look the sentences up in a set.",
    )


@register("14.4")
def check_floor(floor: Callable[[float, int], float]) -> None:
    """The entropy of smoothed labels."""
    expect(np.isclose(floor(0.0, 10), 0), "Without smoothing the loss can reach 0.")
    two = floor(0.5, 2)
    expect(
        not np.isclose(two, np.log(2)),
        "With two tokens and epsilon 0.5, q is 3/4 and 1/4: the right token gets its share of "
        "epsilon too.",
    )
    expect(
        not np.isclose(two, -np.log(0.75)),
        "The other tokens have a share of the loss as well: sum over all V.",
    )
    expect(
        not np.isclose(two, (-0.75 * np.log(0.75) - 0.25 * np.log(0.25)) / np.log(2)),
        "The answer is in nats: the natural logarithm.",
    )
    expect(
        np.isclose(two, -0.75 * np.log(0.75) - 0.25 * np.log(0.25)),
        "With two tokens and epsilon 0.5 it is -3/4 log 3/4 - 1/4 log 1/4.",
    )
    for epsilon, size in ((0.1, 3000), (0.1, 4), (0.9, 50), (1e-9, 7)):
        q = np.full(size, epsilon / size)
        q[0] += 1 - epsilon
        expect(
            np.isclose(floor(epsilon, size), -(q * np.log(q)).sum(), rtol=1e-6, atol=1e-12),
            f"Try epsilon = {epsilon:g} and V = {size}.",
        )


@register("14.5")
def check_least_risk(
    least_risk: Callable[[list[str], Callable[[str, str], float]], str],
) -> None:
    """The candidate that is most like the others."""

    def alike(written: str, reference: str) -> float:
        """Recall of words: not symmetric, so that the two sides can be told apart."""
        a, b = set(written.split()), set(reference.split())
        return len(a & b) / len(b)

    candidates = ["a b c d", "a b c e", "a f", "x y z w"]
    found = least_risk(candidates, alike)
    expect(found in candidates, "Return one of the candidates.")
    expect(
        found != "x y z w",
        "You take the candidate that is least like the others: highest mean, not lowest.",
    )
    expect(
        least_risk(["a b c", "a b d", "a", "a b"], alike) != "a",
        "alike(written, reference): the candidate is what is written, the others are the "
        "references. You call it the other way round.",
    )
    expect(found == "a b c d", "Of equals take the first in the list.")
    expect(
        least_risk(["a b", "c d e", "c d f", "a b", "a b"], alike) == "a b",
        "A sentence that was drawn three times speaks three times, as a reference too.",
    )
    expect(
        least_risk(["x y", "x y", "a b", "a b c d", "a c"], alike) == "a b c d",
        "The sentence that was drawn most often need not be the one that is most like all others.",
    )
    expect(least_risk(["a"], alike) == "a", "One candidate is the answer.")
    calls: list[tuple[str, str]] = []

    def counted(written: str, reference: str) -> float:
        calls.append((written, reference))
        return alike(written, reference)

    least_risk(["a b", "a b", "a c", "d"], counted)
    expect(
        len(set(calls)) == len(calls),
        "You compare the same two sentences several times: count how often each was drawn.",
    )
