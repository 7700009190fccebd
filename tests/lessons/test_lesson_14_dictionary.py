"""Association and its embeddings against counts by hand and NumPy's decomposition."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from karpa_helpers.data.vocabulary import PAD
from karpa_helpers.lessons import lesson_14_dictionary

# Token 4 of the source goes with 5 of the target, 5 with 4; 6 stands wherever it likes.
SOURCE = np.array([[4, 6, 4], [4, PAD, PAD], [5, 6, PAD], [5, PAD, 6]])
TARGET = np.array([[5, PAD], [5, 6], [4, 6], [4, PAD]])


def test_association_is_shrunken_positive_mutual_information():
    found = lesson_14_dictionary.association(SOURCE, TARGET, 8, 7)
    assert found.shape == (8, 7)
    expected = np.zeros((8, 7))
    # Pairs with i, with j, with both (of 4); a token that a row holds twice counts once.
    for i, j, n_i, n_j, n_ij in ((4, 5, 2, 2, 2), (5, 4, 2, 2, 2), (6, 4, 3, 2, 2)):
        rarer = min(n_i, n_j)
        expected[i, j] = log(4 * n_ij / (n_i * n_j)) * n_ij / (n_ij + 1) * rarer / (rarer + 1)
    # (4, 6) and (5, 6) meet as often as by chance, (6, 5) and (6, 6) more seldom: 0.
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_more_padding_changes_nothing():
    wide = np.pad(SOURCE, ((0, 0), (2, 3)), constant_values=PAD)
    assert np.array_equal(
        lesson_14_dictionary.association(wide, TARGET, 8, 7),
        lesson_14_dictionary.association(SOURCE, TARGET, 8, 7),
    )


@pytest.mark.parametrize(("source", "target"), [(SOURCE[:0], TARGET[:0]), (SOURCE, TARGET[:3])])
def test_both_sides_have_as_many_rows(source, target):
    with pytest.raises(ValueError, match="at least one"):
        lesson_14_dictionary.association(source, target, 8, 7)


@pytest.mark.parametrize("width", [3, 9, 30])
def test_products_of_embeddings_are_the_nearest_of_their_rank(width):
    random = np.random.default_rng(0)
    values = 10.0 * 0.5 ** np.arange(20)
    left, right = (np.linalg.qr(random.normal(size=(n, 20)))[0] for n in (30, 20))
    table = (left * values) @ right.T
    one, other = lesson_14_dictionary.embeddings(table, width, seed=1)
    assert one.shape == (30, width)
    assert other.shape == (20, width)
    nearest = (left[:, :width] * values[:width]) @ right[:, :width].T
    np.testing.assert_allclose(one @ other.T, nearest, atol=2e-3)


def test_numbers_are_spread_over_all_columns():
    values = 100.0 * 0.5 ** np.arange(16)
    one, _ = lesson_14_dictionary.embeddings(np.diag(values), 16, seed=0)
    size = np.abs(one).max(axis=0)
    assert size.max() < 10 * size.min()  # without the rotation 2^7.5 = 181 times
