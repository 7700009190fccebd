"""Judges of generators: trained classifiers whose answers and features measure images."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from karpa_helpers import training, weights
from karpa_helpers.data.images import Images, to_unit
from karpa_helpers.gan.networks import check_images

# Chosen by trials on the embedded training images.
SHIFT = 1
SMOOTHING = 0.1
YARDSTICK = "fashion_classifier"


class Classifier(nnx.Module):
    """A small convolutional classifier of 28x28 images. Its features measure generators.

    Two convolutions with stride 2, one with stride 1, a dense layer; each is normalised over
    the batch, so that no feature falls silent. Only small maps are convolved more than once,
    which keeps it fast on a CPU.

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
        def conv(inputs: int, outputs: int, kernel: int, stride: int) -> nnx.Conv:
            size = (kernel, kernel)  # no bias: a normalisation follows, which would remove it
            return nnx.Conv(inputs, outputs, size, strides=stride, use_bias=False, rngs=rngs)

        self.channels = channels
        self.down1 = conv(channels, width, 4, 2)
        self.norm1 = nnx.BatchNorm(width, momentum=0.9, rngs=rngs)
        self.down2 = conv(width, 2 * width, 4, 2)
        self.norm2 = nnx.BatchNorm(2 * width, momentum=0.9, rngs=rngs)
        self.same = conv(2 * width, 2 * width, 3, 1)
        self.norm3 = nnx.BatchNorm(2 * width, momentum=0.9, rngs=rngs)
        self.hidden = nnx.Linear(7 * 7 * 2 * width, feature_dim, use_bias=False, rngs=rngs)
        self.norm4 = nnx.BatchNorm(feature_dim, momentum=0.9, rngs=rngs)
        self.output = nnx.Linear(feature_dim, classes, rngs=rngs)

    def features(self, images: jax.Array) -> jax.Array:
        """Maps images (N, 28, 28, channels) in [-1, 1] to features (N, feature_dim)."""
        check_images(images, 28, self.channels)
        x = nnx.relu(self.norm1(self.down1(images)))
        x = nnx.relu(self.norm2(self.down2(x)))
        x = nnx.relu(self.norm3(self.same(x)))
        return nnx.relu(self.norm4(self.hidden(x.reshape(len(x), -1))))

    def __call__(self, images: jax.Array) -> jax.Array:
        """Maps images to logits (N, classes)."""
        return self.output(self.features(images))


@dataclass(frozen=True)
class Judge:
    """A trained network with `features(images)`, and logits by `output(features)`.

    One that answers several questions has `heads(features)`, a dict of logits, instead.
    """

    graph: nnx.GraphDef
    state: Any

    def answer(self, pixels: np.ndarray, batch: int) -> tuple[Any, np.ndarray]:
        """Likeliest values (N,) by head, and features (N, d), of uint8 images (N, H, W, C)."""
        starts = range(0, len(pixels), batch)
        parts = [_answer(self.graph, self.state, pixels[i : i + batch]) for i in starts]
        return jax.tree.map(lambda *arrays: np.concatenate(arrays), *jax.device_get(parts))


@functools.partial(jax.jit, static_argnums=0)
def _answer(graph: nnx.GraphDef, state: Any, pixels: jax.Array) -> tuple[Any, jax.Array]:
    model = training.merge(graph, state)
    features = model.features(to_unit(pixels))
    logits = getattr(model, "heads", model.output)(features)
    return jax.tree.map(lambda each: jnp.argmax(each, axis=-1), logits), features


class Yardstick(Judge):
    """A trained classifier that images are measured with."""

    def measure(self, images: np.ndarray, batch: int = 500) -> tuple[np.ndarray, np.ndarray]:
        """Predicted classes (N,) and features (N, d) of uint8 images (N, 28, 28, C).

        Raises:
            ValueError: There are no images, or they are of another type or size.
        """
        if len(images) == 0:
            raise ValueError("There are no images to measure; draw some samples first.")
        if images.dtype != np.uint8:
            raise ValueError(
                f"images are {images.dtype}; give uint8 of 0 to 255, as images.to_pixels returns."
            )
        return self.answer(images, batch)

    def accuracy(self, images: Images) -> float:
        """Share of labelled images whose class it finds.

        Raises:
            ValueError: The images have no labels.
        """
        if images.labels is None:
            raise ValueError("These images have no labels to compare with.")
        labels, _ = self.measure(images.pixels)
        return float((labels == images.labels).mean())


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
    data = {"pixels": images.pixels, "labels": images.labels}
    return Yardstick(*fit_judge(model, classification_loss, data, steps, seed, "yardstick"))


def fit_judge(
    model: nnx.Module, loss: training.Loss, data: Any, steps: int, seed: int, label: str
) -> tuple[nnx.GraphDef, Any]:
    """Trains a judge's network on batches of 128: its graph and its weights.

    Args:
        model: The untrained network.
        loss: loss(model, batch, key) -> (scalar, metrics).
        data: {"pixels": uint8 images, ...}.
        steps: Training steps.
        seed: Decides batches and keys.
        label: What the progress bar calls it.
    """
    optimizer, size = make_optimizer(steps), min(128, len(data["pixels"]))
    graph, state = training.create_state(model, optimizer)
    step = training.gradient_step(graph, optimizer, loss)
    run = training.fit(step, state, data, batch_size=size, steps=steps, seed=seed, label=label)
    return graph, {name: run.state[name] for name in ("params", "rest")}


def make_optimizer(steps: int) -> optax.GradientTransformation:
    """Adam with a learning rate that falls from 2e-3 to 0 along half a cosine."""
    return optax.adam(optax.cosine_decay_schedule(2e-3, steps))


def classification_loss(model: nnx.Module, batch: Any, key: jax.Array) -> Any:
    """Cross-entropy on augmented images, against smoothed labels.

        -sum_k q_k log p_k   with q = (1 - a) e_y + a / K

    Args:
        model: Maps images in [-1, 1] to logits (N, K).
        batch: {"pixels": uint8 (N, H, W, C), "labels": (N,)}.
        key: Decides the augmentation.

    Returns:
        The mean loss, and the accuracy on the augmented images.

    References:
        Szegedy et al. Rethinking the Inception Architecture for Computer Vision. CVPR 2016,
        arXiv:1512.00567 (label smoothing).
    """
    logits = model(to_unit(augment(batch["pixels"], key)))
    targets = optax.smooth_labels(jax.nn.one_hot(batch["labels"], logits.shape[-1]), SMOOTHING)
    loss = optax.softmax_cross_entropy(logits, targets).mean()
    return loss, {"accuracy": (jnp.argmax(logits, -1) == batch["labels"]).mean()}


def augment(pixels: jax.Array, key: jax.Array) -> jax.Array:
    """Flips half of the images left to right, and shifts each by up to `SHIFT` pixels.

    Args:
        pixels: uint8 images (N, H, W, C) on a black ground; what a shift uncovers is black.
        key: Decides flips and shifts, for each image its own.

    Returns:
        Images of the same shape and type.

    Raises:
        ValueError: The images are no batch.
    """
    if pixels.ndim != 4:
        raise ValueError(f"pixels have shape {pixels.shape}; give a batch, (N, H, W, C).")
    count, height, width, channels = pixels.shape
    key_flip, key_shift = jax.random.split(key)
    flip = jax.random.bernoulli(key_flip, 0.5, (count, 1, 1, 1))
    framed = jnp.pad(
        jnp.where(flip, pixels[:, :, ::-1], pixels),
        ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)),
    )
    corners = jax.random.randint(key_shift, (count, 2), 0, 2 * SHIFT + 1)

    def cut(image: jax.Array, corner: jax.Array) -> jax.Array:
        start = (corner[0], corner[1], 0)
        return jax.lax.dynamic_slice(image, start, (height, width, channels))

    return jax.vmap(cut)(framed, corners)


def load_yardstick() -> Yardstick:
    """The classifier of Fashion-MNIST that ships with the course, to measure generators with.

    It was trained on the official 60,000 training images. All 10,000 embedded images are of the
    official test part, so it has seen none of them.

    Raises:
        WeightsError: The file is missing or damaged.
    """
    return Yardstick(*weights.load_model(YARDSTICK, lambda: Classifier(rngs=nnx.Rngs(0))))
