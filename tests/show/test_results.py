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


# Shares that lessons found: Student's intervals are -16.9 to 47.56 and 99.85 to 100.09.
@pytest.mark.parametrize("values", [[10.95, 29.93, 5.11], [99.9162, 100, 100], [0, 0, 1]])
def test_a_share_stays_in_its_range(values):
    _, low, high = results.interval(values)
    assert low < 0 or high > 100
    assert results.interval(values, "%") == (np.mean(values), min(values), max(values))


@pytest.mark.parametrize("values", [[80, 82, 84], [0, 0, 0], [100, 100], [86.5, 90, 92.75], [50]])
def test_a_share_inside_its_range_keeps_students_interval(values):
    np.testing.assert_array_equal(results.interval(values, "%"), results.interval(values))


def test_no_share_leaves_its_range_and_its_mean_lies_inside():
    generator = np.random.default_rng(1)
    for ends in ((0, 3), (95, 100), (0, 100)):
        for values in generator.uniform(*ends, (300, 3)):
            mean, low, high = results.interval(values, "%")
            assert 0 <= low < mean < high <= 100


@pytest.mark.parametrize("values", [[101.0], [-1.0, 3.0]])
def test_what_is_no_share_is_refused(values):
    with pytest.raises(ValueError, match="no share of 0 to 100 %"):
        results.interval(values, "%")
    results.interval(values, "points")


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
    assert "accuracy on held-out images: 82.0 %  (95 % interval 77.0 to 87.0, 3 seeds)" in text
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
    assert "score: 0.50  (95 % interval 0.40 to 0.60)" in shown[0]["text/plain"]


def test_report_of_shares_prints_the_seeds_where_an_interval_would_leave_the_range(shown):
    record = results.report("exact match", [0.0, 3.0, 30.0], unit="%")
    assert (record["low"], record["high"]) == (0, 30)
    assert "exact match: 11 %  (3 seeds: 0 to 30)\n" in shown[0]["text/plain"]


@pytest.mark.parametrize(
    ("bounds", "unit"),
    [
        ((60.0, 70.0), ""),
        ((0.4, 0.6), "%"),  # of a fraction, but the score counts in per cent
        ((30.0, 20.0), ""),
        ((math.nan, 60.0), ""),
        ((-3.0, 60.0), "%"),
        ((40.0, 101.0), "%"),
    ],
)
def test_report_refuses_an_interval_that_cannot_be_the_scores(shown, bounds, unit):
    with pytest.raises(ValueError, match="cannot be the 95 % interval of 50"):
        results.report("score", 50.0, bounds, unit=unit)
    assert shown == []


def test_report_allows_for_rounding(shown):
    results.report("score", 0.1 + 0.2, (0.3, 0.3))
    results.report("share", np.float32(100) * np.float32(1.0000001), unit="%")
    results.report("share", 100.0, (99.0, 100.0 + 1e-9), unit="%")


@pytest.mark.parametrize(
    ("record", "texts"),
    [
        ({"mean": 12.0, "low": None, "high": None}, ("12", "")),
        ({"mean": 12.34567, "low": 11.0, "high": 13.0}, ("12.3", "11.0 to 13.0")),
        (
            {"mean": 0.0016449, "low": 0.0015765, "high": 0.0017133},
            ("0.00164", "0.00158 to 0.00171"),
        ),
        ({"mean": 50.78, "low": 36.743, "high": 64.818}, ("51", "37 to 65")),
        ({"mean": 1234.0, "low": 934.0, "high": 1534.0}, ("1230", "930 to 1530")),
        ({"mean": 0.01, "low": -0.04, "high": 0.06}, ("0.01", "-0.04 to 0.06")),
        ({"mean": -0.001, "low": -1.0, "high": 1.0}, ("0.0", "-1.0 to 1.0")),
        ({"mean": 85.5, "low": 85.5, "high": 85.5, "values": [85.5] * 3}, ("85.5", "all 3 seeds")),
        # As lesson 12 stored it with Student's interval.
        (
            {"mean": 15.33, "low": -16.9, "high": 47.56, "unit": "%", "values": [10.9, 29.9, 5.1]},
            ("15", "3 seeds: 5 to 30"),
        ),
    ],
)
def test_digits_end_where_the_error_bar_begins(record, texts):
    assert results.round_score(record) == texts


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
