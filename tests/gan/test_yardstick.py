"""The yardstick: what it learns, and that measuring does not depend on batches."""

from __future__ import annotations

import numpy as np
import pytest

from karpa_helpers.data.images import Images
from karpa_helpers.gan import yardstick as yardsticks


def bright_or_dark(count: int, seed: int) -> Images:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, count).astype(np.int32)
    noise = generator.integers(0, 80, (count, 28, 28, 1))
    pixels = (noise + 150 * labels[:, None, None, None]).astype(np.uint8)
    return Images(pixels, labels, ("dark", "bright"), "made by the test", "none")


def test_yardstick_learns_and_measures(capsys):
    yardstick = yardsticks.fit_yardstick(bright_or_dark(256, seed=0), steps=20, width=4)
    unseen = bright_or_dark(130, seed=1)
    labels, features = yardstick.measure(unseen.pixels, batch=50)
    assert labels.shape == (130,)
    assert features.shape == (130, 64)
    assert yardstick.accuracy(unseen) == pytest.approx((labels == unseen.labels).mean())
    assert yardstick.accuracy(unseen) > 0.95
    # Where the images are cut into batches changes nothing.
    whole = yardstick.measure(unseen.pixels, batch=130)
    np.testing.assert_array_equal(labels, whole[0])
    np.testing.assert_allclose(features, whole[1], rtol=1e-4, atol=1e-5)


def test_yardstick_needs_labels():
    images = Images(np.zeros((4, 28, 28, 1), np.uint8), None, (), "made by the test", "none")
    with pytest.raises(ValueError, match="no labels"):
        yardsticks.fit_yardstick(images, steps=1)
