"""Scores on cases that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from karpa_helpers.data.vocabulary import EOS, PAD
from karpa_helpers.seq2seq import scores


def test_exact_match() -> None:
    assert scores.exact_match(["a b", "c", "d"], ["a b", "C", "d"]) == 2 / 3
    np.testing.assert_array_equal(scores.matches(["a", "b"], ["a", "c"]), [True, False])


def test_token_accuracy_looks_at_real_targets_only() -> None:
    wanted = np.array([[4, 5, EOS], [6, EOS, PAD]])
    written = np.array([[4, 6, EOS], [6, 4, 4]])
    assert scores.token_accuracy(written, wanted) == 3 / 5


def test_links_are_the_largest_weights_of_real_tokens() -> None:
    weights = np.array([[0.2, 0.7, 0.1, 0.0], [0.1, 0.2, 0.7, 0.0], [0.9, 0.0, 0.0, 0.1]])
    assert scores.links(weights, 2, 2) == {(1, 0), (1, 1)}
    with pytest.raises(ValueError, match="does not hold"):
        scores.links(weights, 5, 2)


def test_alignment_error_rate() -> None:
    gold = [{(0, 0), (1, 1)}, [(0, 1)]]
    assert scores.alignment_error_rate(gold, gold) == 0
    assert scores.alignment_error_rate([{(1, 0)}, set()], gold) == 1
    # 2 of 3 found links are among the 3 gold ones: precision and recall 2/3.
    assert scores.alignment_error_rate([{(0, 0), (1, 0)}, {(0, 1)}], gold) == pytest.approx(1 / 3)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="1 against 2"):
        scores.exact_match(["a"], ["a", "b"])
    with pytest.raises(ValueError, match="no link"):
        scores.alignment_error_rate([set()], [set()])
    with pytest.raises(ValueError, match="same shape"):
        scores.token_accuracy(np.zeros((1, 2)), np.zeros((1, 2)))
