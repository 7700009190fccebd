"""Shares of values in two samples: how far apart they are, and how far chance alone sets them."""

from __future__ import annotations

import numpy as np


def total_variation(a: np.ndarray, b: np.ndarray) -> float:
    """Total variation distance between the shares of two lists of counts.

        1/2 sum_k |p_k - q_k|

    Args:
        a: How often each value occurs in one sample, shape (K,).
        b: The same for another sample, shape (K,).

    Returns:
        A number in [0, 1]: the share of a sample that would have to change its value.

    Raises:
        ValueError: The shapes differ, a count is negative, or a sample is empty.
    """
    p, q = _shares(a, b)
    return float(np.abs(p - q).sum() / 2)


def chance_variation(a: np.ndarray, b: np.ndarray) -> float:
    """The mean total variation of two samples of these sizes, were both of one distribution.

        1/2 sum_k sqrt(2 / pi * r_k (1 - r_k) (1/n + 1/m)),    r the shares of both together

    Each difference of shares is taken as normal, so every expected count should be 5 or more.

    Args:
        a: Counts of one sample of n, shape (K,).
        b: Counts of another sample of m, shape (K,).

    Raises:
        ValueError: As for `total_variation`.
    """
    _shares(a, b)
    n, m = np.sum(a), np.sum(b)
    together = (np.asarray(a) + np.asarray(b)) / (n + m)
    variance = together * (1 - together) * (1 / n + 1 / m)
    return float(np.sqrt(2 / np.pi * variance).sum() / 2)


def _shares(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    counts = np.asarray(a, float), np.asarray(b, float)
    if counts[0].shape != counts[1].shape or counts[0].ndim != 1:
        raise ValueError(
            f"counts have shapes {counts[0].shape} and {counts[1].shape}; give two of (K,)."
        )
    for count in counts:
        if not (count >= 0).all() or count.sum() == 0:
            raise ValueError(f"{count.tolist()} are no counts of a sample that holds something.")
    return counts[0] / counts[0].sum(), counts[1] / counts[1].sum()
