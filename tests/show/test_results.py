"""Scores: intervals against scipy and against formulas by hand, and what is stored."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from karpa_helpers import runtime
from karpa_helpers.show import results


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(results, "display", lambda data, raw: outputs.append(data))
    monkeypatch.setenv("KARPA_PRESET", "ci")
    return outputs


@pytest.mark.parametrize("values", [[1.0, 2.0], [3.0, 3.0, 9.0], [0.1, 0.4, 0.2, 0.3, 5.0]])
def test_interval_is_students(values):
    mean, low, high = results.interval(values)
    expected = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert mean == pytest.approx(np.mean(values))
    assert (low, high) == pytest.approx(expected)


def test_interval_of_three_by_the_table():
    # t(0.975, 2) = 4.3027; standard deviation of 1, 2, 3 is 1.
    mean, low, high = results.interval([1, 2, 3])
    assert (mean, low) == pytest.approx((2, 2 - 4.3027 / math.sqrt(3)), rel=1e-4)
    assert high == pytest.approx(2 + 4.3027 / math.sqrt(3), rel=1e-4)


def test_interval_covers_the_truth_as_often_as_it_says():
    generator = np.random.default_rng(0)
    bounds = [results.interval(generator.normal(5, 2, 4))[1:] for _ in range(2000)]
    covered = np.mean([low <= 5 <= high for low, high in bounds])
    assert covered == pytest.approx(0.95, abs=0.02)


def test_one_seed_has_no_error_bar():
    mean, low, high = results.interval([4.0])
    assert mean == 4
    assert math.isnan(low)
    assert math.isnan(high)


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf], [[1.0, 2.0]]])
def test_interval_refuses(values):
    with pytest.raises(ValueError, match="score"):
        results.interval(values)


@pytest.mark.parametrize(("correct", "total"), [(0, 10), (10, 10), (1, 3), (837, 1000)])
def test_wilson_interval_by_hand(correct, total):
    z, p = 1.959964, correct / total
    middle = (p + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * math.sqrt(p * (1 - p) / total + z**2 / (4 * total**2))
    expected = (p, max(middle - half, 0), min(middle + half, 1))
    assert results.binomial_interval(correct, total) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("correct", "total"), [(3, 2), (-1, 2), (0, 0)])
def test_wilson_interval_refuses(correct, total):
    with pytest.raises(ValueError, match="is no share"):
        results.binomial_interval(correct, total)


def test_report_shows_and_stores_the_same(shown):
    record = results.report(
        "accuracy on held-out images", [80.0, 82.0, 84.0], unit="%", seeds=[0, 1, 2],
        baseline=("always the same class", 10), note="2,000 images",
    )  # fmt: skip
    (data,) = shown
    assert data[results.MIME] == record
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    mean, low, high = results.interval([80, 82, 84])
    assert (record["mean"], record["low"], record["high"]) == (mean, low, high)
    text = data["text/plain"]
    assert "accuracy on held-out images: 82 %  (95 % interval 77.03 to 86.97, 3 seeds)" in text
    assert "baseline, always the same class: 10 %" in text
    assert "2,000 images" in text
    assert f"preset ci, {runtime.device_name()}" in text


def test_report_of_one_value(shown):
    record = results.report("one score", 3.25)
    assert (record["low"], record["high"], record["values"]) == (None, None, [3.25])
    assert "interval" not in shown[0]["text/plain"]
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_report_takes_an_interval_from_elsewhere(shown):
    record = results.report("score", 0.5, (0.4, 0.6))
    assert (record["low"], record["high"]) == (0.4, 0.6)
    assert "(95 % interval 0.4 to 0.6)" in shown[0]["text/plain"]


@pytest.mark.parametrize(
    ("values", "seeds", "what"),
    [
        ([1.0, 2.0], [0], "2 scores but 1 seeds"),
        ([], None, "at least one"),
        ([math.nan], None, "not finite"),
    ],
)
def test_report_refuses(shown, values, seeds, what):
    with pytest.raises(ValueError, match=what):
        results.report("score", values, seeds=seeds)
    assert shown == []
