"""Scores of a generator: how far its images are from real ones, and what they leave out."""

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
from karpa_helpers.gan.networks import Classifier

# A class counts as covered with at least one in so many of its fair share of the samples.
COVERED_ONE_IN = 5


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance between Gaussians fitted to two sets of features.

        |mu_a - mu_b|^2 + tr(C_a + C_b - 2 (C_a^(1/2) C_b C_a^(1/2))^(1/2))

    On the course's own features; it is no FID, which needs the Inception network's.

    Args:
        a: Features (N, d), N at least 2.
        b: Features (M, d), M at least 2.

    Returns:
        The squared distance, at least 0. It is biased upwards where N or M is small.

    Raises:
        ValueError: The shapes do not fit, or a feature is not finite.

    References:
        Dowson, Landau. The Fréchet distance between multivariate normal distributions. Journal
        of Multivariate Analysis 12, 1982. Heusel et al., NIPS 2017, arXiv:1706.08500.
    """
    for name, features in (("a", a), ("b", b)):
        if features.ndim != 2 or len(features) < 2 or features.shape[1] != a.shape[1]:
            raise ValueError(
                f"{name} has shape {features.shape}; give (N, d) with N >= 2 and the same d."
            )
        if not np.isfinite(features).all():
            raise ValueError(f"{name} holds values that are not finite.")
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    shift = a.mean(0) - b.mean(0)
    cov_a, cov_b = np.atleast_2d(np.cov(a, rowvar=False)), np.atleast_2d(np.cov(b, rowvar=False))
    root_a = _matrix_root(cov_a)
    overlap = np.sqrt(np.clip(np.linalg.eigvalsh(root_a @ cov_b @ root_a), 0, None)).sum()
    return float(max(shift @ shift + np.trace(cov_a) + np.trace(cov_b) - 2 * overlap, 0.0))


def _matrix_root(matrix: np.ndarray) -> np.ndarray:
    """The symmetric square root of a positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def class_counts(labels: np.ndarray, classes: int = 10) -> np.ndarray:
    """How many labels each class has: shape (classes,).

    Raises:
        ValueError: There are no labels.
    """
    if len(labels) == 0:
        raise ValueError("There are no labels to count; draw some samples first.")
    return np.bincount(labels, minlength=classes)


def class_shares(labels: np.ndarray, classes: int = 10) -> np.ndarray:
    """The share of each class among labels: shape (classes,), sums to 1.

    Raises:
        ValueError: There are no labels.
    """
    return class_counts(labels, classes) / len(labels)


def covered_classes(labels: np.ndarray, classes: int = 10) -> int:
    """How many classes have at least a fifth of a fair share (2 % of the images for ten classes).

    Args:
        labels: Predicted class of each generated image, shape (N,).
        classes: Number of classes.

    Raises:
        ValueError: There are no labels.
    """
    # In whole numbers: an exact fifth must not fall on either side by rounding.
    counts = class_counts(labels, classes)
    return int((COVERED_ONE_IN * classes * counts >= len(labels)).sum())


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
