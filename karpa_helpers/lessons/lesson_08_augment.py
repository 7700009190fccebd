"""What the discriminator sees instead of the images, real and generated ones alike.

DiffAugment changes them at random, so that few images suffice; `sharpen` shows small things larger.
Gradients pass through all of it.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

Augmentation = Callable[[jax.Array, jax.Array, float], jax.Array]

SHIFT = 1 / 8  # of the height or width, at strength 1
HOLE = 1 / 2


def translation(key: jax.Array, images: jax.Array, strength: float = 1.0) -> jax.Array:
    """Shifts each image by whole pixels, up to an eighth of its size each way; grey moves in.

    Args:
        key: Random key.
        images: In [-1, 1], shape (N, H, W, C).
        strength: Factor of the largest shift; 0 changes nothing.

    Returns:
        Images of the same shape.
    """
    key_rows, key_columns = jax.random.split(key)
    count, height, width, _ = images.shape
    rows = _shift_matrices(key_rows, count, height, strength)
    columns = _shift_matrices(key_columns, count, width, strength)
    # A product with a matrix of zeros and ones: fast on every device, whatever its derivative.
    return jnp.einsum("nij,nkl,njlc->nikc", rows, columns, images)


def colour(key: jax.Array, images: jax.Array, strength: float = 1.0) -> jax.Array:
    """Changes brightness, saturation and contrast of each image, in this order.

        x + b;  m + s (x - m), m the mean of a pixel's channels;  m + c (x - m), m the image's mean

    with b uniform in [-1/2, 1/2], s in [0, 2] and c in [1/2, 3/2]. Values may leave [-1, 1].

    Args:
        key: Random key.
        images: In [-1, 1], shape (N, H, W, C).
        strength: Factor of b, s - 1 and c - 1; 0 changes nothing.

    Returns:
        Images of the same shape.
    """
    ranges = jnp.array([0.5, 1.0, 0.5])[:, None] * strength
    drawn = jax.random.uniform(key, (3, len(images)), minval=-1) * ranges
    b, s, c = drawn[..., None, None, None]  # one number for all of an image
    images = images + b
    grey = images.mean(-1, keepdims=True)
    images = grey + (1 + s) * (images - grey)
    mean = images.mean((1, 2, 3), keepdims=True)
    return mean + (1 + c) * (images - mean)


def cutout(key: jax.Array, images: jax.Array, strength: float = 1.0) -> jax.Array:
    """Makes a square of each image grey, half as high and wide, around a random pixel.

    Args:
        key: Random key.
        images: In [-1, 1], shape (N, H, W, C).
        strength: Factor of the square's side; 0 changes nothing.

    Returns:
        Images of the same shape; 0 in the square, of which a part may lie outside.
    """
    key_rows, key_columns = jax.random.split(key)
    count, height, width, _ = images.shape
    rows = _in_hole(key_rows, count, height, strength)
    columns = _in_hole(key_columns, count, width, strength)
    hole = rows[:, :, None, None] & columns[:, None, :, None]
    return jnp.where(hole, 0.0, images)


ALL: tuple[Augmentation, ...] = (colour, translation, cutout)


def diff_augment(
    key: jax.Array,
    images: jax.Array,
    strength: float = 1.0,
    augmentations: tuple[Augmentation, ...] = ALL,
) -> jax.Array:
    """Augments each image by random numbers of its own; differentiable by the images.

    For `fitting.Recipe(augment=diff_augment)`. The discriminator never sees an image that is not
    augmented, real or generated, in either player's step: so the generator does not learn to draw
    the augmentations.

    Args:
        key: Random key.
        images: In [-1, 1], shape (N, H, W, C).
        strength: From 0, which changes nothing, to 1, the paper's.
        augmentations: In their order.

    Returns:
        Images of the same shape.

    Raises:
        ValueError: The images have another shape, or strength is not between 0 and 1.

    References:
        Zhao, Liu, Lin, Zhu, Han. Differentiable Augmentation for Data-Efficient GAN Training.
        NeurIPS 2020, arXiv:2006.10738.
    """
    if images.ndim != 4:
        raise ValueError(f"images have shape {images.shape}; augmentation takes (N, H, W, C).")
    if not 0 <= strength <= 1:
        raise ValueError(f"strength is {strength}; give a number from 0 to 1.")
    keys = jax.random.split(key, len(augmentations))
    for key_one, augmentation in zip(keys, augmentations, strict=True):
        images = augmentation(key_one, images, strength)
    return images


def sharpen(images: jax.Array, amount: float) -> jax.Array:
    """Images plus `amount` times what a small blur takes from them: unsharp masking.

    Broad areas stay as they are, and the finest detail becomes 1 + amount times as strong. The
    blur is [1, 2, 1] / 4 along rows and along columns; at the border the outermost pixel repeats.

    Args:
        images: Shape (N, H, W, C).
        amount: 0 changes nothing.

    Returns:
        Images of the same shape; values may leave [-1, 1].
    """
    blurred = images
    for axis in (1, 2):
        border = [(int(i == axis), int(i == axis)) for i in range(4)]
        padded, size = jnp.pad(blurred, border, mode="edge"), images.shape[axis]
        first, middle, last = (
            jax.lax.slice_in_dim(padded, start, start + size, axis=axis) for start in range(3)
        )
        blurred = (first + 2 * middle + last) / 4
    return images + amount * (images - blurred)


def _shift_matrices(key: jax.Array, count: int, size: int, strength: float) -> jax.Array:
    """Matrices (count, size, size) that shift a column of pixels; what leaves is lost."""
    most = round(strength * SHIFT * size)
    shifts = jax.random.randint(key, (count, 1, 1), -most, most + 1)
    to, origin = jnp.arange(size)[:, None], jnp.arange(size)[None]
    return (to - origin == shifts).astype(jnp.float32)


def _in_hole(key: jax.Array, count: int, size: int, strength: float) -> jax.Array:
    """Which positions (count, size) lie within the hole."""
    side = round(strength * HOLE * size)
    start = jax.random.randint(key, (count, 1), 0, size) - side // 2
    position = jnp.arange(size)[None]
    return (position >= start) & (position < start + side)
