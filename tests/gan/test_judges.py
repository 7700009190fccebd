"""The yardstick: what it learns, and that measuring does not depend on batches."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from karpa_helpers.data.images import Images, to_unit
from karpa_helpers.gan import judges


def bright_or_dark(count: int, seed: int) -> Images:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, count).astype(np.int32)
    noise = generator.integers(0, 80, (count, 28, 28, 1))
    pixels = (noise + 150 * labels[:, None, None, None]).astype(np.uint8)
    return Images(pixels, labels, ("dark", "bright"), "made by the test", "none")


def test_yardstick_learns_and_measures(capsys):
    yardstick = judges.fit_yardstick(bright_or_dark(256, seed=0), steps=20, width=4)
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
        judges.fit_yardstick(images, steps=1)


def test_augmentation_flips_and_shifts_and_nothing_else():
    pixels = np.random.default_rng(2).integers(1, 256, (200, 5, 6, 2)).astype(np.uint8)
    drawn = np.asarray(judges.augment(pixels, jax.random.key(0)))
    assert (drawn.shape, drawn.dtype) == (pixels.shape, pixels.dtype)
    seen = set()
    for before, after in zip(pixels, drawn, strict=True):
        moves = [
            (flip, up, left)
            for flip in (False, True)
            for up in (-1, 0, 1)
            for left in (-1, 0, 1)
            if np.array_equal(after, moved(before[:, ::-1] if flip else before, up, left))
        ]
        assert len(moves) == 1
        seen.update(moves)
    assert len(seen) == 18
    assert not np.array_equal(drawn, judges.augment(pixels, jax.random.key(1)))


def moved(image: np.ndarray, up: int, left: int) -> np.ndarray:
    """The image moved, pixel by pixel; black where it was not."""
    result = np.zeros_like(image)
    for i, j in np.ndindex(image.shape[:2]):
        if 0 <= i + up < image.shape[0] and 0 <= j + left < image.shape[1]:
            result[i, j] = image[i + up, j + left]
    return result


def test_loss_is_cross_entropy_against_smoothed_labels():
    images, key = bright_or_dark(7, seed=3), jax.random.key(4)
    batch = {"pixels": images.pixels, "labels": images.labels}

    def model(x):  # two numbers of each image as logits of two classes
        return 3 * x[:, 9, 9:11, 0]

    loss, metrics = judges.classification_loss(model, batch, key)
    logits = np.asarray(model(to_unit(judges.augment(images.pixels, key))), np.float64)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    wanted = [
        -(0.95 * row[y] + 0.05 * row[1 - y]) for row, y in zip(log_p, images.labels, strict=True)
    ]
    assert loss == pytest.approx(np.mean(wanted), rel=1e-5)
    assert metrics["accuracy"] == pytest.approx((logits.argmax(1) == images.labels).mean())


def test_classifier_takes_colour_and_names_what_it_does_not_take():
    model = judges.Classifier(7, width=4, feature_dim=5, channels=3, rngs=nnx.Rngs(0))
    x = jnp.zeros((2, 28, 28, 3))
    assert model(x).shape == (2, 7)
    assert model.features(x).shape == (2, 5)
    with pytest.raises(ValueError, match=r"takes \(N, 28, 28, 3\)"):
        model(x[..., :1])
    with pytest.raises(ValueError, match="give floats"):
        model(x.astype(jnp.uint8))


def test_what_cannot_be_measured_is_named():
    _, params, rest = nnx.split(judges.Classifier(width=2, rngs=nnx.Rngs(0)), nnx.Param, ...)
    graph = nnx.graphdef(judges.Classifier(width=2, rngs=nnx.Rngs(0)))
    yardstick = judges.Yardstick(graph, {"params": params, "rest": rest})
    with pytest.raises(ValueError, match="no images to measure"):
        yardstick.measure(np.zeros((0, 28, 28, 1), np.uint8))
    with pytest.raises(ValueError, match="images are float32; give uint8"):
        yardstick.measure(np.zeros((2, 28, 28, 1), np.float32))
    with pytest.raises(ValueError, match=r"takes \(N, 28, 28, 1\)"):
        yardstick.measure(np.zeros((2, 32, 32, 1), np.uint8))
    with pytest.raises(ValueError, match=r"give a batch, \(N, H, W, C\)"):
        judges.augment(np.zeros((28, 28, 1), np.uint8), jax.random.key(0))


def test_any_network_with_features_and_output_is_a_yardstick():
    class Plain(nnx.Module):
        def __init__(self, rngs):
            self.output = nnx.Linear(28 * 28, 10, rngs=rngs)

        def features(self, images):
            return images.reshape(len(images), -1)

    graph, params, rest = nnx.split(Plain(nnx.Rngs(0)), nnx.Param, ...)
    labels, features = judges.Yardstick(graph, {"params": params, "rest": rest}).measure(
        np.zeros((3, 28, 28, 1), np.uint8)
    )
    assert labels.shape == (3,)
    assert features.shape == (3, 28 * 28)
