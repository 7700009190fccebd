"""Scores with error bars, printed for people and stored as data for the results table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from IPython.display import display
from scipy import stats

from karpa_helpers import runtime

MIME = "application/vnd.karpa.result+json"


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and 95 % confidence interval over seeds, by Student's t.

        mean -+ t(0.975, n - 1) s / sqrt(n)

    Args:
        values: One score a seed; at least one.

    Returns:
        (mean, low, high). With a single value low and high are NaN: one seed has no error bar.

    Raises:
        ValueError: There is no value, or one is not finite.
    """
    scores = np.asarray(values, dtype=float)
    if scores.ndim != 1 or scores.size == 0:
        raise ValueError("values must be a list of scores, one a seed, with at least one score.")
    if not np.isfinite(scores).all():
        raise ValueError(f"A score is not finite: {scores.tolist()}. Look at that run first.")
    mean = float(scores.mean())
    if scores.size == 1:
        return mean, math.nan, math.nan
    half = stats.t.ppf(0.975, scores.size - 1) * scores.std(ddof=1) / math.sqrt(scores.size)
    return mean, mean - half, mean + half


def binomial_interval(correct: int, total: int) -> tuple[float, float, float]:
    """Share correct and its 95 % interval by Wilson's score method (E. B. Wilson, JASA 1927).

    Args:
        correct: Number of successes, 0 to total.
        total: Number of trials, at least 1.

    Returns:
        (share, low, high), each in [0, 1].

    Raises:
        ValueError: The numbers do not fit each other.
    """
    if not 0 <= correct <= total or total == 0:
        raise ValueError(f"{correct} of {total} correct is no share: give 0 <= correct <= total.")
    result = stats.binomtest(int(correct), int(total)).proportion_ci(method="wilson")
    return correct / total, float(result.low), float(result.high)


def report(
    name: str,
    values: float | Sequence[float],
    interval_95: tuple[float, float] | None = None,
    *,
    unit: str = "",
    seeds: Sequence[int] | None = None,
    baseline: tuple[str, float] | None = None,
    note: str = "",
) -> dict[str, Any]:
    """Prints a score with its error bar, preset and device, and stores it in the cell's output.

    Args:
        name: What was measured, on which data.
        values: One score a seed, or a single score.
        interval_95: A 95 % interval from elsewhere (a bootstrap, a binomial); None takes
            Student's t over the seeds.
        unit: Printed behind the score, such as "%".
        seeds: The seeds of the runs, in the order of `values`.
        baseline: (what, its score), printed beside.
        note: One line more, such as the data that the score was taken on.

    Returns:
        The stored record.

    Raises:
        ValueError: No value, a value that is not finite, or seeds of another number than values.
    """
    scores = [float(value) for value in np.atleast_1d(np.asarray(values, dtype=float))]
    if seeds is not None and len(seeds) != len(scores):
        raise ValueError(f"{len(scores)} scores but {len(seeds)} seeds: give one seed a score.")
    mean, low, high = interval(scores)
    if interval_95 is not None:
        low, high = (float(bound) for bound in interval_95)
    record: dict[str, Any] = {
        "name": name,
        "mean": mean,
        "low": None if math.isnan(low) else low,
        "high": None if math.isnan(high) else high,
        "values": scores,
        "seeds": None if seeds is None else [int(seed) for seed in seeds],
        "unit": unit,
        "baseline": None if baseline is None else [baseline[0], float(baseline[1])],
        "note": note,
        "preset": runtime.preset(),
        "device": runtime.device_name(),
    }
    display({"text/plain": sentence(record), MIME: record}, raw=True)
    return record


def sentence(record: dict[str, Any]) -> str:
    """The record of a score as text for people."""
    unit = f" {record['unit']}" if record["unit"] else ""
    text = f"{record['name']}: {record['mean']:.4g}{unit}"
    if record["low"] is not None:
        text += f"  (95 % interval {record['low']:.4g} to {record['high']:.4g}"
        text += f", {len(record['values'])} seeds)" if len(record["values"]) > 1 else ")"
    if record["baseline"]:
        text += f"\n  baseline, {record['baseline'][0]}: {record['baseline'][1]:.4g}{unit}"
    if record["note"]:
        text += f"\n  {record['note']}"
    return text + f"\n  preset {record['preset']}, {record['device']}"
