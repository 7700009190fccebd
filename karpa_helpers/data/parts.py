"""The parts of a data set, and a hash that puts equal texts into the same one."""

from __future__ import annotations

import hashlib
from typing import Literal

from karpa_helpers.data.encodings import compose

Part = Literal["train", "valid", "test"]
PARTS: tuple[Part, ...] = ("train", "valid", "test")


def check_part(part: str) -> None:
    """Refuses what is no part.

    Raises:
        ValueError: `part` is another word.
    """
    if part not in PARTS:
        raise ValueError(f'part is {part!r}; give "train", "valid" or "test".')


def hash_number(text: str, count: int) -> int:
    """A number from 0 to count - 1, decided by a text in whatever Unicode form it was typed."""
    digest = hashlib.sha256(compose(text).encode()).digest()
    return int.from_bytes(digest[:8], "big") % count


def hash_part(text: str, percent: int) -> Part:
    """The part of a text: of 100, `percent` are for the test and as many for validation."""
    number = hash_number(text, 100)
    return "test" if number < percent else "valid" if number < 2 * percent else "train"
