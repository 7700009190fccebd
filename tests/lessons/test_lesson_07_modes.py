"""Counts of modes against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from karpa_helpers.lessons.lesson_07 import covered_modes, grid, mode_statistics, reverse_kl

CENTRES = np.array([[0.0, 0.0], [10.0, 0.0]])


def test_two_modes_by_hand():
    # Three good points at mode 0, one good and one bad point at mode 1; sigma 1, so within 3.
    points = [[0, 0], [0, 3], [2, 2], [10, 0], [6, 0]]
    found = mode_statistics(np.array(points), CENTRES, 1.0)
    assert found.covered == found.touched == 2
    assert found.high_quality == pytest.approx(4 / 5)
    # Shares 3/5 and 2/5: 0.6 log 1.2 + 0.4 log 0.8.
    assert found.reverse_kl == pytest.approx(0.6 * np.log(1.2) + 0.4 * np.log(0.8))


def test_the_radius_of_high_quality():
    points = np.array([[0, 0], [2.5, 0], [10, 3.5]])
    for within, share in ((2, 1 / 3), (3, 2 / 3), (4, 1)):
        found = mode_statistics(points, CENTRES, 1.0, within).high_quality
        assert found == pytest.approx(share)


def test_a_fifth_of_a_fair_share_counts_and_less_does_not():
    # Fair share of 100 samples on two modes is 50, a fifth of it 10.
    for count, covered in ((10, 2), (9, 1)):
        points = np.repeat(CENTRES, [100 - count, count], axis=0)
        found = mode_statistics(points, CENTRES, 1.0)
        assert (found.covered, found.touched) == (covered, 2)
    assert covered_modes(np.array([50, 0]), 100) == 1
    assert covered_modes(np.array([10, 10]), 100) == 2  # 80 samples lie on no mode
    assert covered_modes(np.array([9, 9]), 100) == 0


def test_all_on_one_mode():
    found = mode_statistics(np.zeros((50, 2)), CENTRES, 1.0)
    assert (found.covered, found.touched, found.high_quality) == (1, 1, 1.0)
    assert found.reverse_kl == pytest.approx(np.log(2))


def test_true_samples_cover_everything():
    import jax

    mixture = grid()
    points = np.asarray(mixture.draw(jax.random.key(0), 5000))
    found = mode_statistics(points, mixture.centres, mixture.sigma)
    assert found.covered == 25
    assert found.high_quality == pytest.approx(0.989, abs=0.006)
    assert 0 < found.reverse_kl < 0.01  # (25 - 1) / (2 * 5000) = 0.0024 is expected


def test_points_that_are_not_finite_are_of_low_quality():
    points = np.array([[0, 0], [10, 0], [np.nan, 0], [np.inf, 0]])
    assert mode_statistics(points, CENTRES, 1.0).high_quality == pytest.approx(0.5)
    nothing = mode_statistics(np.full((4, 2), np.nan), CENTRES, 1.0)
    assert (nothing.covered, nothing.high_quality) == (0, 0.0)
    assert nothing.reverse_kl == pytest.approx(np.log(2))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([5, 5], 0), ([7, 0], np.log(2)), ([3, 1], 0.75 * np.log(1.5) + 0.25 * np.log(0.5))],
)
def test_reverse_kl_by_hand(counts, expected):
    assert reverse_kl(np.array(counts)) == pytest.approx(expected)


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"\(3, 3\).*the same d"):
        mode_statistics(np.zeros((3, 3)), CENTRES, 1.0)
    with pytest.raises(ValueError, match="no points"):
        mode_statistics(np.zeros((0, 2)), CENTRES, 1.0)
    with pytest.raises(ValueError, match="no samples"):
        reverse_kl(np.zeros(3))
