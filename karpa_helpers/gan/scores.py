"""Scores of a generator: how far its images are from real ones, what they leave out or copy.

All are functions of features, whatever measured them; generated ones come before real ones.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from karpa_helpers.data.numbers import whole_number

# A class counts as covered with at least one in so many of its fair share of the samples.
COVERED_ONE_IN = 5
BLOCK = 1000  # rows of a matrix of pairs that are in memory at a time
TINY = np.finfo(float).tiny  # the radius of a ball that holds its own centre only


class Neighbours(NamedTuple):
    """What k-nearest-neighbour balls say: fidelity twice, diversity twice."""

    precision: float
    recall: float
    density: float
    coverage: float


class Scores(NamedTuple):
    """All scores of `judge`, by name; a distance is good when small, a share when large."""

    frechet: float
    frechet_extrapolated: float
    kernel: float
    precision: float
    recall: float
    density: float
    coverage: float


def judge(generated: np.ndarray, reference: np.ndarray, k: int = 5) -> Scores:
    """All scores that compare generated features with real ones.

    Print beside them the floor: `judge` of other real images, as many as were generated. None of
    these scores sees copied training images; `copied` does.

    Args:
        generated: Features of generated images (N, d).
        reference: Features of real images that nothing was trained on (M, d).
        k: Neighbours, for the last four.

    Raises:
        ValueError: As for the single scores.
    """
    return Scores(
        frechet_distance(generated, reference),
        frechet_extrapolated(generated, reference),
        kernel_distance(generated, reference),
        *precision_recall(generated, reference, k),
    )


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
    a, b = _checked(a=a, b=b)
    with _one_thread():
        return _frechet(a, b)


def frechet_extrapolated(
    a: np.ndarray, b: np.ndarray, parts: int = 4, repeats: int = 5, seed: int = 0
) -> float:
    """The Fréchet distance that infinitely many samples would have, by a straight line in 1/N.

        d^2(N / m, M / m) = d^2(infinity) + m * slope,    m = 1 ... parts

    For each m both sets are shuffled and cut into m parts, and the distances of the m pairs of
    parts are averaged. Least squares through these points gives the line.

    Args:
        a: Features (N, d), N at least 2 * parts.
        b: Features (M, d), M at least 2 * parts.
        parts: The largest number of parts, at least 2. Each part should hold several times d
            examples; below that the points leave the straight line.
        repeats: How often the sets are shuffled for each m: more makes the result steadier.
        seed: Decides the shuffling.

    Returns:
        The intercept. For two equal distributions it scatters around 0, and may be negative.

    Raises:
        ValueError: The shapes do not fit, a feature is not finite, or there are too few examples,
            parts or repeats.

    References:
        Chong, Forsyth. Effectively unbiased FID and Inception Score and where to find them.
        CVPR 2020, arXiv:1911.07023. They extrapolate in the number of generated images alone.
    """
    parts, repeats = whole_number("parts", parts, 2), whole_number("repeats", repeats, 1)
    a, b = _checked(a=a, b=b, least=2 * parts)
    rng, counts = np.random.default_rng(seed), np.arange(1, parts + 1)
    means = [frechet_distance(a, b)]
    with _one_thread():
        for count in counts[1:]:
            pairs = [pair for _ in range(repeats) for pair in _parts(a, b, count, rng)]
            means.append(float(np.mean([_frechet(x, y) for x, y in pairs])))
    return float(np.polyfit(counts, means, 1)[1])


def kernel_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Squared maximum mean discrepancy with KID's kernel, by its unbiased estimator.

        mean_{i != j} k(a_i, a_j) + mean_{i != j} k(b_i, b_j) - 2 mean_{i, j} k(a_i, b_j),
        k(x, y) = (x . y / d + 1)^3

    Over all pairs of both sets, not over subsets. On the course's own features; it is no KID.

    Args:
        a: Features (N, d), N at least 2.
        b: Features (M, d), M at least 2.

    Returns:
        The estimate. For two equal distributions it scatters around 0, and may be negative.

    Raises:
        ValueError: The shapes do not fit, or a feature is not finite.

    References:
        Binkowski, Sutherland, Arbel, Gretton. Demystifying MMD GANs. ICLR 2018,
        arXiv:1801.01401.
    """
    a, b = _checked(a=a, b=b)
    across = _kernel_sum(a, b) / (len(a) * len(b))
    return _mean_kernel_within(a) + _mean_kernel_within(b) - 2 * across


def precision_recall(generated: np.ndarray, reference: np.ndarray, k: int = 5) -> Neighbours:
    """Precision, recall, density and coverage from balls that reach to the k-th neighbour.

    With B(x) the open ball around x that reaches to its k-th nearest neighbour in x's own set:
    precision is the share of generated examples in the ball of a real one; recall the share of
    real ones in the ball of a generated one; density the mean number of real balls around a
    generated example, over k; coverage the share of real balls with a generated example in them.
    What lies exactly on the edge is outside; a copy of x is inside even where duplicates of x leave
    its ball no radius.

    Args:
        generated: Features (N, d), N more than k.
        reference: Features of real images (M, d), M more than k.
        k: The neighbour that the balls reach to, at least 1.

    Returns:
        Shares in [0, 1]; density may exceed 1.

    Raises:
        ValueError: The shapes do not fit, a feature is not finite, or k is no number from 1 to
            less than N and M.

    References:
        Kynkäänniemi, Karras, Laine, Lehtinen, Aila. Improved precision and recall metric for
        assessing generative models. NeurIPS 2019, arXiv:1904.06991. Naeem, Oh, Uh, Choi, Yoo.
        Reliable fidelity and diversity metrics for generative models. ICML 2020, arXiv:2002.09797.
    """
    k = whole_number("k", k, 1)
    generated, reference = _checked(generated=generated, reference=reference, least=k + 1)
    reach_real, reach_generated = _reach(reference, k), _reach(generated, k)
    balls = np.empty(len(generated), int)  # real balls around each generated example
    recalled, covered = np.zeros((2, len(reference)), bool)
    for rows in _blocks(len(generated)):
        squared = cdist(generated[rows], reference, "sqeuclidean")
        in_real = squared < reach_real
        balls[rows] = in_real.sum(1)
        covered |= in_real.any(0)
        recalled |= (squared < reach_generated[rows, None]).any(0)
    precision, density = (balls > 0).mean(), balls.mean() / k
    return Neighbours(
        float(precision), float(recalled.mean()), float(density), float(covered.mean())
    )


def nearest(examples: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of `others` to each example, by Euclidean distance.

    Args:
        examples: Features (N, d).
        others: Features (M, d).

    Returns:
        (distances (N,), indices into `others` (N,)). A copy has distance 0; of equally near ones
        the first counts.

    Raises:
        ValueError: The shapes do not fit, or a feature is not finite.
    """
    examples, others = _checked(examples=examples, others=others, least=1)
    squared, indices = np.empty(len(examples)), np.empty(len(examples), int)
    for rows in _blocks(len(examples)):
        block = cdist(examples[rows], others, "sqeuclidean")
        squared[rows], indices[rows] = block.min(1), block.argmin(1)
    return np.sqrt(squared), indices


def copied(
    generated: np.ndarray, held_out: np.ndarray, training: np.ndarray, quantile: float = 0.05
) -> float:
    """Share of generated examples suspiciously near to a training example.

    Near is nearer than all but a share `quantile` of the held-out real ones are to theirs. Held-out
    examples that are copies of training examples themselves do not count: they were not held out.

    Args:
        generated: Features (N, d).
        held_out: Features of real images that the generator was not trained on (M, d).
        training: Features of those that it was trained on (L, d).
        quantile: The share of held-out examples that count as near, between 0 and 1.

    Returns:
        About `quantile` for fresh real images, 1 for copies. Where all held-out examples are
        copies, only copies are near. A generator that draws easy images only also lies above
        `quantile`: then compare within classes.

    Raises:
        ValueError: The shapes do not fit, a feature is not finite, or quantile is no share.

    References:
        The three samples are those of Meehan, Chaudhuri, Dasgupta. A non-parametric test to
        detect data-copying in generative models. AISTATS 2020, arXiv:2004.05675. They compare
        ranks, cell by cell.
    """
    if not 0 < quantile < 1:
        raise ValueError(f"quantile is {quantile}; give a share between 0 and 1.")
    real = nearest(held_out, training)[0]
    threshold = np.quantile(real[real > 0], quantile) if real.any() else TINY
    return float((nearest(generated, training)[0] < threshold).mean())


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


def _one_thread() -> Any:
    """On matrices this small, threads only wait for each other."""
    from threadpoolctl import threadpool_limits  # here: its import sets an environment variable

    return threadpool_limits(1)


def _frechet(a: np.ndarray, b: np.ndarray) -> float:
    shift = a.mean(0) - b.mean(0)
    cov_a, cov_b = np.atleast_2d(np.cov(a, rowvar=False)), np.atleast_2d(np.cov(b, rowvar=False))
    root_a = _matrix_root(cov_a)
    overlap = np.sqrt(np.clip(np.linalg.eigvalsh(root_a @ cov_b @ root_a), 0, None)).sum()
    return float(max(shift @ shift + np.trace(cov_a) + np.trace(cov_b) - 2 * overlap, 0.0))


def _parts(
    a: np.ndarray, b: np.ndarray, count: int, rng: np.random.Generator
) -> list[tuple[np.ndarray, ...]]:
    """Both sets shuffled and cut into `count` parts, the parts in pairs."""
    cut = [np.array_split(rng.permutation(features), count) for features in (a, b)]
    return list(zip(*cut, strict=True))


def _matrix_root(matrix: np.ndarray) -> np.ndarray:
    """The symmetric square root of a positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def _reach(features: np.ndarray, k: int) -> np.ndarray:
    """Squared distance of each example to its k-th nearest neighbour, itself left out."""
    # From differences, as all distances here: |a|^2 + |b|^2 - 2 a.b would decide ties by rounding.
    reach = [
        np.partition(cdist(features[rows], features, "sqeuclidean"), k, axis=1)[:, k]
        for rows in _blocks(len(features))
    ]
    return np.maximum(np.concatenate(reach), TINY)


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    base = a @ b.T / a.shape[1] + 1
    return base * base * base  # many times faster than base**3


def _kernel_sum(a: np.ndarray, b: np.ndarray) -> float:
    return float(sum(_kernel(a[rows], b).sum() for rows in _blocks(len(a))))


def _mean_kernel_within(a: np.ndarray) -> float:
    """The mean of k(a_i, a_j) over i != j."""
    own = ((a**2).mean(1) + 1) ** 3
    return float((_kernel_sum(a, a) - own.sum()) / (len(a) * (len(a) - 1)))


def _blocks(count: int) -> list[slice]:
    return [slice(start, start + BLOCK) for start in range(0, count, BLOCK)]


def _checked(*, least: int = 2, **sets: np.ndarray) -> list[np.ndarray]:
    arrays = {name: np.asarray(features, np.float64) for name, features in sets.items()}
    width = next(iter(arrays.values())).shape[-1:]
    for name, features in arrays.items():
        if features.ndim != 2 or len(features) < least or features.shape[1:] != width:
            raise ValueError(
                f"{name} has shape {features.shape}; give (N, d) with N >= {least} "
                "and the same d for all."
            )
        if not np.isfinite(features).all():
            raise ValueError(f"{name} holds values that are not finite.")
    return list(arrays.values())
