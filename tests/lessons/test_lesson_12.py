"""Reversal and dates: right answers, and no leak from training to test."""

from __future__ import annotations

import datetime
import re

import pytest

from karpa_helpers.lessons import lesson_12


def test_reversal() -> None:
    pairs = lesson_12.reversal(500, 2, 5, letters="xyz")
    assert len(pairs) == 500
    assert all(a[::-1] == b for a, b in zip(pairs.source, pairs.target, strict=True))
    assert {len(text) for text in pairs.source} == {2, 3, 4, 5}
    assert set("".join(pairs.source)) == set("xyz")
    assert pairs == lesson_12.reversal(500, 2, 5, letters="xyz")
    assert pairs != lesson_12.reversal(500, 2, 5, letters="xyz", seed=1)


def test_dates_can_be_read_back() -> None:
    pairs = lesson_12.dates(400)
    for text, iso in zip(pairs.source, pairs.target, strict=True):
        day = datetime.date.fromisoformat(iso)
        words = re.findall(r"[A-Za-z]+|\d+", text)
        assert str(day.year) in words
        named = [m for m in lesson_12.MONTHS if m in text or f" {m[:3]} " in text]
        assert named == [lesson_12.MONTHS[day.month - 1]] or f"/{day.month:02}/" in text
        assert day.day in [int(word) for word in words if word.isdigit()]


def test_known_dates() -> None:
    day = datetime.date(2021, 3, 3)
    assert lesson_12.write_date(day, 0) == "3rd of March 2021"
    assert lesson_12.write_date(day, 4) == "Wednesday, 3 March 2021"
    ordinals = {1: "1st", 2: "2nd", 11: "11th", 12: "12th", 13: "13th", 22: "22nd", 23: "23rd"}
    for number, text in ordinals.items():
        assert lesson_12.write_date(day.replace(day=number), 1) == f"March {text}, 2021"


def test_no_day_is_in_two_parts() -> None:
    train, valid, test = (
        set(lesson_12.dates(3000, part).target) for part in ("train", "valid", "test")
    )
    assert not train & test
    assert not train & valid
    assert not valid & test
    assert lesson_12.dates(50, "test") == lesson_12.dates(50, "test")


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="lengths go from 0"):
        lesson_12.reversal(3, 0, 4)
    with pytest.raises(ValueError, match="lengths go from 5"):
        lesson_12.reversal(3, 5, 4)
    with pytest.raises(ValueError, match='give "train", "valid" or "test"'):
        lesson_12.dates(3, "dev")  # type: ignore[arg-type]
