"""The yardstick: a classifier whose answers and features measure generators."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from karpa_helpers import training
from karpa_helpers.data.images import Images, to_unit
from karpa_helpers.gan.networks import check_images


class Classifier(nnx.Module):
    """A small convolutional classifier of 28x28 images. Its features measure generators.

    Args:
        classes: Number of classes.
        width: Channels at 14x14; 7x7 has twice as many.
        feature_dim: Length of the feature vector.
        channels: 1 for grey images, 3 for colour.
        rngs: Random keys for the first weights.
    """

    def __init__(
        self,
        classes: int = 10,
        width: int = 32,
        feature_dim: int = 64,
        channels: int = 1,
        *,
        rngs: nnx.Rngs,
    ) -> None:
        self.channels = channels
        self.down1 = nnx.Conv(channels, width, (4, 4), strides=2, rngs=rngs)
        self.down2 = nnx.Conv(width, 2 * width, (4, 4), strides=2, rngs=rngs)
        self.hidden = nnx.Linear(7 * 7 * 2 * width, feature_dim, rngs=rngs)
        self.output = nnx.Linear(feature_dim, classes, rngs=rngs)

    def features(self, images: jax.Array) -> jax.Array:
        """Maps images (N, 28, 28, channels) in [-1, 1] to features (N, feature_dim)."""
        check_images(images, 28, self.channels)
        x = nnx.relu(self.down1(images))
        x = nnx.relu(self.down2(x))
        return nnx.relu(self.hidden(x.reshape(len(x), -1)))

    def __call__(self, images: jax.Array) -> jax.Array:
        """Maps images to logits (N, classes)."""
        return self.output(self.features(images))


@dataclass(frozen=True)
class Yardstick:
    """A trained classifier that images are measured with."""

    graph: nnx.GraphDef
    state: Any

    def measure(self, images: np.ndarray, batch: int = 500) -> tuple[np.ndarray, np.ndarray]:
        """Predicted classes (N,) and features (N, d) of uint8 images (N, 28, 28, C)."""
        parts = [
            jax.device_get(_measure(self.graph, self.state, images[i : i + batch]))
            for i in range(0, len(images), batch)
        ]
        labels, features = zip(*parts, strict=True)
        return np.concatenate(labels), np.concatenate(features)

    def accuracy(self, images: Images) -> float:
        """Share of labelled images whose class it finds.

        Raises:
            ValueError: The images have no labels.
        """
        if images.labels is None:
            raise ValueError("These images have no labels to compare with.")
        labels, _ = self.measure(images.pixels)
        return float((labels == images.labels).mean())


@functools.partial(jax.jit, static_argnums=0)
def _measure(graph: nnx.GraphDef, state: Any, pixels: jax.Array) -> tuple[jax.Array, jax.Array]:
    model = training.merge(graph, state)
    features = model.features(to_unit(pixels))
    return jnp.argmax(model.output(features), axis=-1), features


def fit_yardstick(images: Images, *, steps: int, seed: int = 0, width: int = 32) -> Yardstick:
    """Trains the classifier that later measures generators, on labelled 28x28 images.

    Args:
        images: Labelled images; none of them may be used as the reference of a score.
        steps: Training steps of 128 images.
        seed: Decides first weights and batches.
        width: Channels of the classifier at 14x14.

    Raises:
        ValueError: The images have no labels.
    """
    if images.labels is None:
        raise ValueError("These images have no labels: a classifier cannot learn from them.")
    channels = images.pixels.shape[-1]
    model = Classifier(len(images.names), width, channels=channels, rngs=nnx.Rngs(seed))
    optimizer = optax.adam(optax.cosine_decay_schedule(2e-3, steps))
    graph, state = training.create_state(model, optimizer)
    step = training.gradient_step(graph, optimizer, _classification_loss)
    data = {"pixels": images.pixels, "labels": images.labels}
    batch_size = min(128, len(images.pixels))
    result = training.fit(
        step, state, data, batch_size=batch_size, steps=steps, seed=seed, label="yardstick"
    )
    trained = {name: result.state[name] for name in ("params", "rest")}
    return Yardstick(graph, trained)


def _classification_loss(model: Classifier, batch: Any, key: jax.Array) -> Any:
    logits = model(to_unit(batch["pixels"]))
    loss = optax.softmax_cross_entropy_with_integer_labels(logits, batch["labels"]).mean()
    return loss, {"accuracy": (jnp.argmax(logits, -1) == batch["labels"]).mean()}
