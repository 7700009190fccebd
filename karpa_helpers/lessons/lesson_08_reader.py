"""The face reader: a classifier that reads the known factors of drawn faces off their pixels."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from karpa_helpers import weights
from karpa_helpers.data.faces import FACTORS
from karpa_helpers.data.images import Images, to_unit
from karpa_helpers.gan.judges import Judge, fit_judge
from karpa_helpers.gan.networks import check_images
from karpa_helpers.nn.convolution import ConvStride2

PIXELS = 32
OPEN_FROM = 0.4  # of eye_openness: from here on a picture of 32 pixels shows the iris
NOISE = 0.05  # on training images in [-1, 1], so that nothing hangs on a pixel's exact value
# What is read: every factor, and whether the eyes are open, since closed ones have no colour.
HEADS: dict[str, tuple[str, ...]] = {
    **{name: values for name, (values, _) in FACTORS.items()},
    "eyes": ("closed", "open"),
}
LABEL_DIM = sum(map(len, HEADS.values()))
# A factor that can hide is read where another has any value but this one.
HIDDEN_BY = {"eye_colour": ("eyes", 0), "hair_colour": ("hair_style", 0)}  # closed; bald
FACE_READER = "face_reader"


class ReaderNetwork(nnx.Module):
    """Three halving convolutions, a feature vector, and logits for all heads side by side.

    Args:
        width: Channels at 16x16; each halving doubles them.
        feature_dim: Length of the feature vector.
        rngs: Random keys for the first weights.
    """

    def __init__(self, width: int = 24, feature_dim: int = 64, *, rngs: nnx.Rngs) -> None:
        widths = [3, width, 2 * width, 4 * width]
        self.down1, self.down2, self.down3 = (
            ConvStride2(a, b, rngs=rngs) for a, b in itertools.pairwise(widths)
        )
        self.hidden = nnx.Linear(4 * 4 * widths[-1], feature_dim, rngs=rngs)
        self.output = nnx.Linear(feature_dim, LABEL_DIM, rngs=rngs)

    def features(self, images: jax.Array) -> jax.Array:
        """Maps images (N, 32, 32, 3) in [-1, 1] to features (N, feature_dim)."""
        check_images(images, PIXELS, 3)
        x = images
        for layer in (self.down1, self.down2, self.down3):
            x = nnx.relu(layer(x))
        return nnx.relu(self.hidden(x.reshape(len(x), -1)))

    def heads(self, features: jax.Array) -> dict[str, jax.Array]:
        """Maps features to the logits of each head, (N, number of its values)."""
        edges = np.cumsum([len(values) for values in HEADS.values()])[:-1]
        return dict(zip(HEADS, jnp.split(self.output(features), edges, axis=1), strict=True))


@dataclass(frozen=True)
class Reading:
    """What a reader sees in N images.

    Attributes:
        values: Name of each head to the index of the value read, (N,).
        features: Shape (N, feature_dim).
    """

    values: dict[str, np.ndarray]
    features: np.ndarray


class Reader(Judge):
    """A trained reader."""

    def read(self, pixels: np.ndarray, batch: int = 500) -> Reading:
        """Reads uint8 images (N, P, P, 3); a P above 32 is brought down by means of blocks.

        Raises:
            ValueError: There is no image, or they are of another type, mode or size.
        """
        return Reading(*self.answer(shrink(pixels, PIXELS), batch))


def shrink(pixels: np.ndarray, size: int) -> np.ndarray:
    """Images as means over blocks of pixels: uint8 (N, k size, k size, 3) to (N, size, size, 3).

    Raises:
        ValueError: There is no image, or they are of another type, mode or size.
    """
    pixels = check_pixels(pixels)
    count, height, width, _ = pixels.shape
    if height != width or height % size:
        raise ValueError(f"images of {height}x{width} pixels; give squares, a multiple of {size}.")
    block = height // size
    blocks = pixels.reshape(count, size, block, size, block, 3).astype(np.float32)
    return np.rint(blocks.mean((2, 4))).astype(np.uint8)


def check_pixels(pixels: np.ndarray) -> np.ndarray:
    """The images as an array.

    Raises:
        ValueError: There is no image, or they are of another type or mode.
    """
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[-1] != 3 or not len(pixels):
        raise ValueError(
            f"pixels have shape {pixels.shape} and dtype {pixels.dtype}; give at least one colour "
            "image as uint8 (N, H, W, 3)."
        )
    return pixels


def truth(factors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The heads' true values by name, (N,), from the factors of drawn faces."""
    known = {name: np.asarray(factors[name], np.int32) for name in FACTORS}
    return {**known, "eyes": (np.asarray(factors["eye_openness"]) >= OPEN_FROM).astype(np.int32)}


def labels(factors: Mapping[str, np.ndarray]) -> np.ndarray:
    """The truth in a row of zeros and ones a face, a one for each head: float32 (N, LABEL_DIM)."""
    known = truth(factors)
    rows = [np.eye(len(values), dtype=np.float32)[known[name]] for name, values in HEADS.items()]
    return np.concatenate(rows, axis=1)


def visible(values: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Which faces show a factor, (N,) bool: eye colours need open eyes, hair colours hair."""
    if name not in HIDDEN_BY:
        return np.ones(len(values[name]), bool)
    other, hiding = HIDDEN_BY[name]
    return np.asarray(values[other]) != hiding


def counts(values: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """How often each value of a head occurs among the faces that show it, (number of values,)."""
    shown = np.asarray(values[name])[visible(values, name)]
    return np.bincount(shown, minlength=len(HEADS[name]))


def accuracy(reading: Reading, factors: Mapping[str, np.ndarray]) -> dict[str, tuple[int, int]]:
    """By head: (faces read rightly, faces that truly show it)."""
    known = truth(factors)
    right = {name: (reading.values[name] == known[name])[visible(known, name)] for name in HEADS}
    return {name: (int(hits.sum()), len(hits)) for name, hits in right.items()}


def fit_reader(faces: Images, *, steps: int, seed: int = 0, width: int = 24) -> Reader:
    """Trains a reader on faces drawn by rule, 32x32, whose factors are known.

    Args:
        faces: Drawn faces; none of them may be used to judge a generator.
        steps: Training steps of 128 faces.
        seed: Decides first weights, batches and noise.
        width: Channels of the reader at 16x16.

    Raises:
        ValueError: The faces have no known factors, or another size.
    """
    if faces.factors is None:
        raise ValueError("These faces have no known factors: a reader cannot learn from them.")
    model = ReaderNetwork(width, rngs=nnx.Rngs(seed))
    data = {"pixels": shrink(faces.pixels, PIXELS), "truth": truth(faces.factors)}
    return Reader(*fit_judge(model, _reading_loss, data, steps, seed, "face reader"))


def _reading_loss(model: ReaderNetwork, batch: Any, key: jax.Array) -> Any:
    images = to_unit(batch["pixels"])
    images = jnp.clip(images + NOISE * jax.random.normal(key, images.shape), -1, 1)
    heads, known = model.heads(model.features(images)), batch["truth"]
    loss, right = jnp.zeros(()), []
    for name, logits in heads.items():
        each = optax.softmax_cross_entropy_with_integer_labels(logits, known[name])
        shown = jnp.ones(len(each))
        if name in HIDDEN_BY:
            other, hiding = HIDDEN_BY[name]
            shown = (known[other] != hiding).astype(each.dtype)
        loss += jnp.sum(shown * each) / jnp.maximum(jnp.sum(shown), 1)
        right.append((jnp.argmax(logits, -1) == known[name]).mean())
    return loss, {"accuracy": jnp.mean(jnp.array(right))}


def load_face_reader() -> Reader:
    """The reader of drawn faces' factors that ships with the course.

    It was trained on 20,000 drawn faces that no lesson trains a generator on or measures with.

    Raises:
        WeightsError: The file is missing or damaged.
    """
    return Reader(*weights.load_model(FACE_READER, lambda: ReaderNetwork(rngs=nnx.Rngs(0))))
