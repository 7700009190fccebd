"""Scores of a generator: how far its images are from real ones, and what they leave out."""

from __future__ import annotations

import numpy as np

# A class counts as covered with at least one in so many of its fair share of the samples.
COVERED_ONE_IN = 5


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance between Gaussians fitted to two sets of features.

        |mu_a - mu_b|^2 + tr(C_a + C_b - 2 (C_a^(1/2) C_b C_a^(1/2))^(1/2))

    On the course's own features; it is no FID, which needs the Inception network's.

    Args:
        a: Features (N, d), N at least 2.
        b: Features (M, d), M at least 2.

    Returns:
        The squared distance, at least 0. It is biased upwards where N or M is small.

    Raises:
        ValueError: The shapes do not fit, or a feature is not finite.

    References:
        Dowson, Landau. The Fréchet distance between multivariate normal distributions. Journal
        of Multivariate Analysis 12, 1982. Heusel et al., NIPS 2017, arXiv:1706.08500.
    """
    for name, features in (("a", a), ("b", b)):
        if features.ndim != 2 or len(features) < 2 or features.shape[1] != a.shape[1]:
            raise ValueError(
                f"{name} has shape {features.shape}; give (N, d) with N >= 2 and the same d."
            )
        if not np.isfinite(features).all():
            raise ValueError(f"{name} holds values that are not finite.")
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    shift = a.mean(0) - b.mean(0)
    cov_a, cov_b = np.atleast_2d(np.cov(a, rowvar=False)), np.atleast_2d(np.cov(b, rowvar=False))
    root_a = _matrix_root(cov_a)
    overlap = np.sqrt(np.clip(np.linalg.eigvalsh(root_a @ cov_b @ root_a), 0, None)).sum()
    return float(max(shift @ shift + np.trace(cov_a) + np.trace(cov_b) - 2 * overlap, 0.0))


def _matrix_root(matrix: np.ndarray) -> np.ndarray:
    """The symmetric square root of a positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def class_counts(labels: np.ndarray, classes: int = 10) -> np.ndarray:
    """How many labels each class has: shape (classes,).

    Raises:
        ValueError: There are no labels.
    """
    if len(labels) == 0:
        raise ValueError("There are no labels to count; draw some samples first.")
    return np.bincount(labels, minlength=classes)


def class_shares(labels: np.ndarray, classes: int = 10) -> np.ndarray:
    """The share of each class among labels: shape (classes,), sums to 1.

    Raises:
        ValueError: There are no labels.
    """
    return class_counts(labels, classes) / len(labels)


def covered_classes(labels: np.ndarray, classes: int = 10) -> int:
    """How many classes have at least a fifth of a fair share (2 % of the images for ten classes).

    Args:
        labels: Predicted class of each generated image, shape (N,).
        classes: Number of classes.

    Raises:
        ValueError: There are no labels.
    """
    # In whole numbers: an exact fifth must not fall on either side by rounding.
    counts = class_counts(labels, classes)
    return int((COVERED_ONE_IN * classes * counts >= len(labels)).sum())
