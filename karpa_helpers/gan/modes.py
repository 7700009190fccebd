"""What a generator makes of a distribution with known modes: how many it covers, how evenly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from karpa_helpers.gan.scores import COVERED_ONE_IN


@dataclass(frozen=True)
class ModeStatistics:
    """How samples lie on equally likely modes.

    Attributes:
        covered: Modes with at least a fifth of their fair share of the samples, counting only
            samples of high quality.
        touched: Modes with at least one sample of high quality, the looser count of the literature.
        high_quality: Share of samples within `within` standard deviations of their nearest centre.
        reverse_kl: `reverse_kl` of the samples by nearest centre, in nats.
    """

    covered: int
    touched: int
    high_quality: float
    reverse_kl: float


def mode_statistics(
    points: np.ndarray, centres: np.ndarray, sigma: float, within: float = 3.0
) -> ModeStatistics:
    """Counts modes among generated points.

    Each point belongs to its nearest centre. It is of high quality within `within` standard
    deviations of it: of true samples in the plane a share 1 - exp(-within^2 / 2) is, 98.9 % for 3.

    Args:
        points: Generated points (N, d). A point that is not finite counts as one of low quality.
        centres: The centres of K equally likely modes (K, d).
        sigma: Standard deviation of a mode along each axis.
        within: The radius of high quality, in standard deviations.

    Raises:
        ValueError: There is no point, or the shapes do not fit.

    References:
        High quality within three standard deviations, and the looser count: Srivastava et al.,
        VEEGAN, NIPS 2017, arXiv:1705.07761.
    """
    points, centres = np.asarray(points, np.float64), np.asarray(centres, np.float64)
    if points.ndim != 2 or centres.ndim != 2 or points.shape[1] != centres.shape[1]:
        raise ValueError(
            f"points have shape {points.shape} and centres {centres.shape}; "
            "give (N, d) and (K, d) with the same d."
        )
    if len(points) == 0:
        raise ValueError("There are no points; draw some samples first.")
    finite = points[np.isfinite(points).all(axis=1)]
    distances = np.linalg.norm(finite[:, None] - centres, axis=-1)
    nearest = distances.argmin(axis=1)
    good = distances[np.arange(len(finite)), nearest] <= within * sigma
    modes = len(centres)
    counts, good_counts = (np.bincount(n, minlength=modes) for n in (nearest, nearest[good]))
    return ModeStatistics(
        covered=covered_modes(good_counts, len(points)),
        touched=int((good_counts > 0).sum()),
        high_quality=float(good.sum() / len(points)),
        reverse_kl=reverse_kl(counts) if len(finite) else float(np.log(modes)),
    )


def covered_modes(counts: np.ndarray, total: int) -> int:
    """How many modes hold at least a fifth of a fair share of `total` samples.

    Args:
        counts: Samples of each mode, shape (K,); those that lie on no mode are left out.
        total: Samples in all.
    """
    # In whole numbers: an exact fifth must not fall on either side by rounding.
    return int((COVERED_ONE_IN * len(counts) * np.asarray(counts) >= total).sum())


def reverse_kl(counts: np.ndarray) -> float:
    """KL(q || uniform) = sum_k q_k log(K q_k), q the shares of samples, in nats.

    "Reverse", because the generated shares q come first. So it is finite where modes are missing:
    0 for even shares, log K where all samples lie on one mode. Samples alone make even perfect
    shares uneven, by about (K - 1) / (2 N) for N samples.

    Args:
        counts: Samples of each of K equally likely modes, shape (K,).

    Raises:
        ValueError: There are no samples.
    """
    counts = np.asarray(counts, np.float64)
    if counts.ndim != 1 or not counts.sum() > 0:
        raise ValueError(f"counts {counts} hold no samples; give one count a mode.")
    shares = counts[counts > 0] / counts.sum()
    return float(max((shares * np.log(len(counts) * shares)).sum(), 0.0))
