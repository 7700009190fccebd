"""Numbers that somebody gives: counts, and the numbers of tokens."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def whole_number(
    name: str, value: Any, least: int = 0, most: int | None = None, why: str = ""
) -> int:
    """A count as Python's int, whichever library it comes from.

    Raises:
        ValueError: It is not a whole number from `least` to `most`; True and 3.0 are none.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if isinstance(value, bool) or number < least or (most is not None and number > most):
        limit = f"of {least:,} or more" if most is None else f"from {least:,} to {most:,}"
        raise ValueError(f"{name} is {value!r}; give a whole number {limit}{why}.")
    return number


def check_numbers(name: str, numbers: ArrayLike, size: int) -> np.ndarray:
    """Token numbers as int32; an embedding would answer any other number with NaN.

    Args:
        name: What they are, for the message.
        numbers: Of any shape, at least one.
        size: Tokens in the vocabulary.

    Raises:
        ValueError: There is none, or one is not a whole number from 0 to size - 1.
    """
    given = np.asarray(numbers)
    if given.size == 0 or given.dtype.kind not in "iu" or given.min() < 0 or given.max() >= size:
        found = f"{given.min()} to {given.max()}" if given.size else "empty"
        raise ValueError(
            f"{name} is {found} ({given.dtype}); give whole numbers from 0 to {size - 1}."
        )
    return given.astype(np.int32)
