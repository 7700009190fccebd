"""What the tests of this folder share."""

from __future__ import annotations

import numpy as np
import pytest
from toys import SIZE

from karpa_helpers.data.vocabulary import EOS, PAD


@pytest.fixture
def source() -> np.ndarray:
    """Six sources of different lengths, EOS and PAD behind."""
    generator = np.random.default_rng(0)
    rows = np.full((6, 6), PAD, np.int32)
    for row, length in zip(rows, (1, 2, 3, 4, 5, 5), strict=True):
        row[:length] = generator.integers(4, SIZE, length)
        row[length] = EOS
    return rows
