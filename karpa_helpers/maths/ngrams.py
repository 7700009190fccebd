"""Character n-grams: what counting alone can predict, the baseline of every language model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from karpa_helpers.data.numbers import check_numbers, whole_number


class NGrams:
    """An interpolated n-gram model by Witten and Bell: no parameter to tune but its order.

        p(c | h) = (n(h c) + t(h) p(c | h')) / (n(h) + t(h)),    p(c | nothing known) = 1 / size

    n counts, t(h) is the number of distinct characters seen after the history h, and h' is h
    without its oldest character. Before a sequence stand `order - 1` zeros, which are never
    predicted.

    Args:
        order: n: the character and the n - 1 before it; at least 1.
        size: Characters of the alphabet, numbered from 0.

    Raises:
        ValueError: The order is below 1, or so long that histories cannot be numbered.

    References:
        Witten, Bell. The zero-frequency problem. IEEE Trans. Information Theory 37(4), 1991.
    """

    def __init__(self, order: int, size: int) -> None:
        order, size = whole_number("order", order, 1), whole_number("size", size, 1)
        if size**order >= 2**62:
            raise ValueError(f"order {order} is too long for an alphabet of {size}.")
        self.order, self.size = order, size
        self._tables: list[tuple[np.ndarray, ...]] = []

    def fit(self, sequences: Sequence[np.ndarray]) -> NGrams:
        """Counts all n-grams of sequences of numbers, each (T,), and returns itself."""
        windows = self._windows(sequences)
        self._tables = []
        for n in range(1, self.order + 1):
            grams, counts = np.unique(self._codes(windows, n), return_counts=True)
            histories, start = np.unique(grams // self.size, return_index=True)
            totals = np.add.reduceat(counts, start)
            kinds = np.diff(np.append(start, len(grams)))
            self._tables.append((grams, counts, histories, totals, kinds))
        return self

    def probabilities(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """The probability of each character of sequences, each (T,), given those before it.

        Returns:
            One probability a character, all sequences one after the other.

        Raises:
            ValueError: `fit` was not called.
        """
        if not self._tables:
            raise ValueError("Nothing was counted yet: call fit first.")
        windows = self._windows(sequences)
        p = np.full(len(windows), 1 / self.size)
        for n, (grams, counts, histories, totals, kinds) in enumerate(self._tables, start=1):
            codes = self._codes(windows, n)
            seen = _found(grams, counts, codes)
            total = _found(histories, totals, codes // self.size)
            kind = _found(histories, kinds, codes // self.size)
            # A history that was never seen says nothing: the shorter one's answer stays.
            p = np.where(total > 0, (seen + kind * p) / np.maximum(total + kind, 1), p)
        return p

    def bits(self, sequences: Sequence[np.ndarray]) -> float:
        """Bits a character of sequences, each (T,): the mean of -log2 p."""
        return float(-np.log2(self.probabilities(sequences)).mean())

    def _windows(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """Each character with the `order - 1` before it, the newest last, (characters, order)."""
        if not len(sequences):
            raise ValueError("There is no sequence.")
        before = self.order - 1
        real = np.concatenate([np.repeat([False, True], [before, len(row)]) for row in sequences])
        whole = np.zeros(len(real), np.int64)
        whole[real] = check_numbers("a sequence", np.concatenate(sequences), self.size)
        return np.lib.stride_tricks.sliding_window_view(whole, self.order)[real[before:]]

    def _codes(self, windows: np.ndarray, n: int) -> np.ndarray:
        """The last n characters of each window as one number."""
        code = np.zeros(len(windows), np.int64)
        for column in range(self.order - n, self.order):
            code = code * self.size + windows[:, column]
        return code


def _found(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The value of each wanted key, 0 where the sorted `keys` do not have it."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)
