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


def interval(values: Sequence[float], unit: str = "") -> tuple[float, float, float]:
    """Mean and 95 % confidence interval over seeds, by Student's t.

        mean -+ t(0.975, n - 1) s / sqrt(n)

    A share, unit "%", lies between 0 and 100. Where Student's interval would leave that range, the
    seeds are too few or too far apart for it; low and high are then their least and greatest value.

    Args:
        values: One score a seed; at least one.
        unit: The scores' unit; only "%" matters here.

    Returns:
        (mean, low, high). With a single value low and high are NaN: one seed has no error bar.

    Raises:
        ValueError: There is no value, one is not finite, or a share is not between 0 and 100.

    Example:
        >>> [round(number, 2) for number in interval([82.0, 83.0, 84.0], "%")]
        [83.0, 80.52, 85.48]
        >>> interval([0.0, 3.0, 30.0], "%")  # Student's would be -30.0 to 52.0
        (11.0, 0.0, 30.0)
    """
    scores = np.asarray(values, dtype=float)
    if scores.ndim != 1 or scores.size == 0:
        raise ValueError("values must be a list of scores, one a seed, with at least one score.")
    if not np.isfinite(scores).all():
        raise ValueError(f"A score is not finite: {scores.tolist()}. Look at that run first.")
    if not _fits(unit, *scores):
        raise ValueError(
            f"A score is no share of 0 to 100 %: {scores.tolist()}. Multiply fractions by 100 "
            "once, and give what can leave this range another unit."
        )
    mean = float(scores.mean())
    if scores.size == 1:
        return mean, math.nan, math.nan
    half = float(stats.t.ppf(0.975, scores.size - 1) * stats.sem(scores))
    if not _fits(unit, mean - half, mean + half):
        return mean, float(scores.min()), float(scores.max())
    return mean, mean - half, mean + half


def _fits(unit: str, *numbers: float) -> bool:
    """Whether numbers can have a unit: a share cannot leave 0 to 100, up to rounding."""
    return unit != "%" or all(-1e-4 <= number <= 100 + 1e-4 for number in numbers)


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
            that of `interval` over the seeds.
        unit: Printed behind the score; "%" is for shares, which lie between 0 and 100.
        seeds: The seeds of the runs, in the order of `values`.
        baseline: (what, its score), printed beside.
        note: One line more, such as the data that the score was taken on.

    Returns:
        The stored record, with all digits; what is printed ends where the error bar begins.

    Raises:
        ValueError: There is no value, one is not finite, seeds and values differ in number,
            the mean lies outside its interval, or a share outside 0 to 100.
    """
    scores = [float(value) for value in np.atleast_1d(np.asarray(values, dtype=float))]
    if seeds is not None and len(seeds) != len(scores):
        raise ValueError(f"{len(scores)} scores but {len(seeds)} seeds: give one seed a score.")
    mean, low, high = interval(scores, unit)
    if interval_95 is not None:
        low, high = (float(bound) for bound in interval_95)
        slack = 1e-6 * max(abs(low), abs(high))
        if not low - slack <= mean <= high + slack or not _fits(unit, low, high):
            raise ValueError(
                f"{name}: {low:.6g} to {high:.6g} cannot be the 95 % interval of {mean:.6g}: "
                "it must hold the score, and that of a share must lie between 0 and 100 %."
            )
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
    mean, bar = round_score(record)
    text = f"{record['name']}: {mean}{unit}"
    seeds = len(record["values"])
    if bar and "seeds" not in bar:
        bar = f"95 % interval {bar}" + (f", {seeds} seeds" if seeds > 1 else "")
    text += f"  ({bar})" if bar else ""
    if record["baseline"]:
        text += f"\n  baseline, {record['baseline'][0]}: {record['baseline'][1]:.4g}{unit}"
    if record["note"]:
        text += f"\n  {record['note']}"
    return text + f"\n  preset {record['preset']}, {record['device']}"


def round_score(record: dict[str, Any]) -> tuple[str, str]:
    """A record's score and error bar as text, to the second digit of the error bar's width.

    Args:
        record: What `report` stored.

    Returns:
        (score, error bar). The error bar is "77.0 to 87.0" for a 95 % interval, "3 seeds: 5 to 30"
        for the least and the greatest, "all 3 seeds" where they agree, and "" where there is none.
    """
    mean, values = record["mean"], record.get("values") or []
    low, high, unit = record.get("low"), record.get("high"), record.get("unit", "")
    if low is None or high is None:
        return f"{mean:.4g}", ""
    if math.isclose(low, high, rel_tol=1e-9, abs_tol=1e-12):
        return f"{mean:.4g}", f"all {len(values)} seeds" if len(values) > 1 else f"{low:.4g}"
    if not _fits(unit, low, high):  # stored before shares were kept in their range
        _, low, high = interval(values, unit)
    digits = 1 - math.floor(math.log10(high - low))
    score, *bounds = (f"{round(x, digits) + 0.0:.{max(digits, 0)}f}" for x in (mean, low, high))
    bar = " to ".join(bounds)
    extremes = len(values) > 1 and unit == "%" and (low, high) == (min(values), max(values))
    return score, f"{len(values)} seeds: {bar}" if extremes else bar
