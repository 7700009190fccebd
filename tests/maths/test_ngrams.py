"""The n-gram model against a plain-Python recursion over dictionaries."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from karpa_helpers.maths.ngrams import NGrams

SIZE = 4
GENERATOR = np.random.default_rng(0)
TRAIN = [GENERATOR.integers(0, SIZE, length) for length in (30, 1, 12, 7)]
OTHER = [GENERATOR.integers(0, SIZE, length) for length in (9, 5)]


def tables(order):
    counts = defaultdict(lambda: defaultdict(int))
    for row in TRAIN:
        whole = [0] * (order - 1) + row.tolist()
        for t in range(order - 1, len(whole)):
            for n in range(order):
                counts[tuple(whole[t - n : t])][whole[t]] += 1
    return counts


def probability(counts, history, character):
    shorter = probability(counts, history[1:], character) if history else 1 / SIZE
    after = counts.get(tuple(history), {})
    total, kinds = sum(after.values()), len(after)
    if total == 0:
        return shorter
    return (after.get(character, 0) + kinds * shorter) / (total + kinds)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("rows", [TRAIN, OTHER])
def test_equals_the_recursion(order, rows):
    counts = {h: dict(c) for h, c in tables(order).items()}
    expected = []
    for row in rows:
        whole = [0] * (order - 1) + row.tolist()
        expected += [
            probability(counts, whole[t - order + 1 : t], whole[t])
            for t in range(order - 1, len(whole))
        ]
    model = NGrams(order, SIZE).fit(TRAIN)
    np.testing.assert_allclose(model.probabilities(rows), expected, rtol=1e-12)
    np.testing.assert_allclose(model.bits(rows), -np.log2(expected).mean(), rtol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_probabilities_sum_to_one(order):
    model = NGrams(order, SIZE).fit(TRAIN)
    for row in OTHER:
        ends = [model.probabilities([np.append(row, c)])[-1] for c in range(SIZE)]
        np.testing.assert_allclose(sum(ends), 1, rtol=1e-12)


def test_an_empty_sequence_adds_nothing():
    model = NGrams(3, SIZE).fit([*TRAIN, np.array([], int)])
    assert model.bits(OTHER) == NGrams(3, SIZE).fit(TRAIN).bits(OTHER)


def test_wrong_use_is_explained():
    with pytest.raises(ValueError, match="order is 0"):
        NGrams(0, SIZE)
    with pytest.raises(ValueError, match="too long"):
        NGrams(40, SIZE)
    with pytest.raises(ValueError, match="call fit first"):
        NGrams(2, SIZE).bits(OTHER)
    with pytest.raises(ValueError, match="no sequence"):
        NGrams(2, SIZE).fit([])


@pytest.mark.parametrize("wrong", [[0, 3], [-1], [0.5]])
def test_numbers_outside_of_the_alphabet_are_refused(wrong: list) -> None:
    with pytest.raises(ValueError, match="whole numbers from 0 to 2"):
        NGrams(2, 3).fit([np.array(wrong)])
