"""Total variation against its other definition, and its chance level against simulation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from karpa_helpers.lessons import lesson_08_shares as shares


def test_total_variation_is_the_largest_difference_of_any_event():
    rng = np.random.default_rng(0)
    for _ in range(5):
        a, b = rng.integers(0, 30, (2, 6)) + 1
        p, q = a / a.sum(), b / b.sum()
        events = itertools.product([0, 1], repeat=6)
        assert np.isclose(shares.total_variation(a, b), max(p @ e - q @ e for e in events))


def test_ends_of_the_range():
    assert shares.total_variation([3, 0], [0, 9]) == 1
    assert shares.total_variation([1, 2], [10, 20]) == pytest.approx(0)


@pytest.mark.parametrize(("n", "m"), [(400, 300), (2000, 150)])
def test_chance_level_against_simulation(n, m):
    rng, p = np.random.default_rng(1), np.array([0.4, 0.3, 0.2, 0.1])
    pairs = list(zip(rng.multinomial(n, p, 3000), rng.multinomial(m, p, 3000), strict=True))
    simulated = np.mean([shares.total_variation(a, b) for a, b in pairs])
    predicted = np.mean([shares.chance_variation(a, b) for a, b in pairs])
    assert predicted == pytest.approx(simulated, rel=0.03)


@pytest.mark.parametrize("wrong", [([1, 2], [1, 2, 3]), ([0, 0], [1, 2]), ([-1, 2], [1, 2]),
                                   ([[1]], [[1]]), ([np.nan, 1], [1, 1])])  # fmt: skip
def test_what_are_no_counts_is_refused(wrong):
    for function in (shares.total_variation, shares.chance_variation):
        with pytest.raises(ValueError, match="counts"):
            function(*wrong)
