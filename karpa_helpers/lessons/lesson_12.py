"""Texts to rewrite by rule: strings to reverse, dates to normalise; each has one answer."""

from __future__ import annotations

import datetime
import hashlib
import random
from dataclasses import dataclass

from karpa_helpers.data.parts import Part, check_part

LETTERS = "abcdefgh"
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIRST, LAST = datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)
# Of 10 dates, one is for validation and one for the test, however it is written.
SHARES = {"valid": (0, 1), "test": (1, 2), "train": (2, 10)}


@dataclass(frozen=True)
class Rewriting:
    """Texts and what each becomes.

    Attributes:
        source: The texts to rewrite.
        target: What they become.
    """

    source: list[str]
    target: list[str]

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.source)


def reversal(
    count: int, shortest: int = 1, longest: int = 12, *, letters: str = LETTERS, seed: int = 0
) -> Rewriting:
    """Random strings and their reverse: "bada" becomes "adab".

    Every length from `shortest` to `longest` is equally likely, and so is every letter. Two calls
    with different seeds share strings only by chance: long ones hardly ever, short ones often.

    Args:
        count: How many.
        shortest: Letters, at least 1.
        longest: Letters.
        letters: The alphabet.
        seed: The same seed gives the same strings.

    Raises:
        ValueError: The lengths or the alphabet make no string.
    """
    if not 1 <= shortest <= longest or not letters:
        raise ValueError(
            f"lengths go from {shortest} to {longest} with letters {letters!r}; give "
            "1 <= shortest <= longest and at least one letter."
        )
    generator = random.Random(seed)
    source = [
        "".join(generator.choices(letters, k=generator.randint(shortest, longest)))
        for _ in range(count)
    ]
    return Rewriting(source, [text[::-1] for text in source])


def dates(count: int, part: Part = "train", seed: int = 0) -> Rewriting:
    """Dates as people write them, and in the form of ISO 8601: "3rd of March 2021", "2021-03-03".

    The days from 1950 to 2049 are divided by a hash, so that no day of the test is in training.
    Every form says the month in words or the year first, so that no date has two readings.

    Args:
        count: How many; a day may come more than once, written in other ways.
        part: "train", "valid" or "test".
        seed: The same seed gives the same dates.

    Raises:
        ValueError: There is no such part.
    """
    check_part(part)
    generator = random.Random(f"{part} {seed}")
    days = (LAST - FIRST).days + 1
    source: list[str] = []
    target: list[str] = []
    while len(source) < count:
        day = FIRST + datetime.timedelta(generator.randrange(days))
        if _part_of(day) == part:
            source.append(write_date(day, generator.randrange(len(FORMS))))
            target.append(day.isoformat())
    return Rewriting(source, target)


FORMS = (
    "{ordinal} of {month} {year}",
    "{month} {ordinal}, {year}",
    "{day} {month} {year}",
    "{month} {day}, {year}",
    "{weekday}, {day} {month} {year}",
    "{day} {short} {year}",
    "{year}/{number:02}/{day:02}",
    "the {ordinal} of {month} in {year}",
)


def write_date(day: datetime.date, form: int) -> str:
    """A day in one of the `FORMS`."""
    return FORMS[form].format(
        ordinal=_ordinal(day.day),
        day=day.day,
        month=MONTHS[day.month - 1],
        short=MONTHS[day.month - 1][:3],
        number=day.month,
        weekday=DAYS[day.weekday()],
        year=day.year,
    )


def _ordinal(number: int) -> str:
    teens = 11 <= number % 100 <= 13
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _part_of(day: datetime.date) -> str:
    tenth = hashlib.sha256(day.isoformat().encode()).digest()[0] % 10
    return next(part for part, (low, high) in SHARES.items() if low <= tenth < high)
