"""Generators and discriminators."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from karpa_helpers.nn.convolution import ConvStride2, ConvTranspose2x

HE = nnx.initializers.he_normal()
_DCGAN_INIT = nnx.initializers.normal(0.02)


def leaky(x: jax.Array) -> jax.Array:
    """Leaky ReLU with the slope that DCGAN took, 0.2."""
    return nnx.leaky_relu(x, 0.2)


def check_images(images: jax.Array, size: int, channels: int) -> None:
    """Refuses images that a network was not made for.

    Raises:
        ValueError: The shape is not (N, size, size, channels), the dtype is not float, or (outside
            of a compiled function, where values can be seen) a value is not in [-1, 1].
    """
    expected = f"(N, {size}, {size}, {channels})"
    if images.ndim != 4 or images.shape[1:] != (size, size, channels):
        raise ValueError(f"images have shape {images.shape}; this network takes {expected}.")
    if not jnp.issubdtype(images.dtype, jnp.floating):
        raise ValueError(
            f"images are {images.dtype}; give floats in [-1, 1], as images.to_unit returns."
        )
    if isinstance(images, jax.core.Tracer):
        return
    values = np.asarray(images)  # JAX would trace even a constant inside a compiled function
    if not np.isfinite(values).all():
        raise ValueError("images hold values that are not finite; look for what made them.")
    if np.abs(values).max(initial=0) > 1.001:  # a hair above 1 is rounding
        raise ValueError(
            f"images reach from {values.min():.4g} to {values.max():.4g}; this network takes "
            "[-1, 1], as images.to_unit returns."
        )


def check_latent(z: jax.Array, latent_dim: int) -> None:
    """Refuses latent vectors of another shape than (N, latent_dim)."""
    if z.ndim != 2 or z.shape[1] != latent_dim:
        raise ValueError(f"z has shape {z.shape}; this generator takes (N, {latent_dim}).")


class DCGANGenerator(nnx.Module):
    """The generator of DCGAN for 28x28 images: a dense layer, then two doublings.

    Batch normalisation makes the scale of its first weights irrelevant, so they are Flax's own.

    Args:
        latent_dim: Length of the latent vector z.
        width: Channels at 14x14; 7x7 has twice as many.
        channels: 1 for grey images, 3 for colour.
        rngs: Random keys for the first weights.

    References:
        Radford, Metz, Chintala. Unsupervised Representation Learning with Deep Convolutional
        Generative Adversarial Networks. ICLR 2016, arXiv:1511.06434.
    """

    def __init__(
        self, latent_dim: int = 64, width: int = 32, channels: int = 1, *, rngs: nnx.Rngs
    ) -> None:
        self.latent_dim, self.width = latent_dim, width
        self.dense = nnx.Linear(latent_dim, 7 * 7 * 2 * width, use_bias=False, rngs=rngs)
        self.norm1 = nnx.BatchNorm(2 * width, momentum=0.9, rngs=rngs)
        self.up1 = ConvTranspose2x(2 * width, width, use_bias=False, rngs=rngs)
        self.norm2 = nnx.BatchNorm(width, momentum=0.9, rngs=rngs)
        self.up2 = ConvTranspose2x(width, channels, rngs=rngs)

    def __call__(self, z: jax.Array) -> jax.Array:
        """Maps latent vectors (N, latent_dim) to images (N, 28, 28, channels) in [-1, 1]."""
        check_latent(z, self.latent_dim)
        x = self.dense(z).reshape(len(z), 7, 7, 2 * self.width)
        x = nnx.relu(self.norm1(x))
        x = nnx.relu(self.norm2(self.up1(x)))
        return jnp.tanh(self.up2(x))


class DCGANDiscriminator(nnx.Module):
    """The discriminator of DCGAN for 28x28 images: two strided convolutions, then a logit.

    The convolutions' first weights have the paper's standard deviation, 0.02.

    Args:
        width: Channels at 14x14; 7x7 has twice as many.
        channels: 1 for grey images, 3 for colour.
        rngs: Random keys for the first weights.

    References:
        As for `DCGANGenerator`.
    """

    def __init__(self, width: int = 32, channels: int = 1, *, rngs: nnx.Rngs) -> None:
        self.channels = channels
        self.down1 = ConvStride2(channels, width, kernel_init=_DCGAN_INIT, rngs=rngs)
        self.down2 = ConvStride2(
            width, 2 * width, use_bias=False, kernel_init=_DCGAN_INIT, rngs=rngs
        )
        self.norm = nnx.BatchNorm(2 * width, momentum=0.9, rngs=rngs)
        self.dense = nnx.Linear(7 * 7 * 2 * width, 1, rngs=rngs)

    def __call__(self, images: jax.Array) -> jax.Array:
        """Maps images (N, 28, 28, channels) in [-1, 1] to logits (N,)."""
        check_images(images, 28, self.channels)
        x = leaky(self.down1(images))
        x = leaky(self.norm(self.down2(x)))
        return self.dense(x.reshape(len(x), -1))[:, 0]


class PlainDiscriminator(nnx.Module):
    """A discriminator of 28x28 images without batch normalisation, for penalties on slopes.

    Two strided convolutions, a logit. A penalty on slopes asks for each image's own gradient, so
    no image may see its batch. Group normalisation stays within an image, and may be used.

    Args:
        width: Channels at 14x14; 7x7 has twice as many.
        channels: 1 for grey images, 3 for colour.
        groups: Groups of channels that are normalised at 7x7; 0 is no normalisation.
        rngs: Random keys for the first weights.

    References:
        Wu, He. Group Normalization. ECCV 2018, arXiv:1803.08494.
    """

    def __init__(
        self, width: int = 16, channels: int = 1, groups: int = 0, *, rngs: nnx.Rngs
    ) -> None:
        self.channels = channels
        self.down1 = ConvStride2(channels, width, kernel_init=HE, rngs=rngs)
        self.down2 = ConvStride2(width, 2 * width, kernel_init=HE, rngs=rngs)
        self.norm = nnx.GroupNorm(2 * width, groups, rngs=rngs) if groups else None
        self.dense = nnx.Linear(7 * 7 * 2 * width, 1, rngs=rngs)

    def __call__(self, images: jax.Array) -> jax.Array:
        """Maps images (N, 28, 28, channels) in [-1, 1] to logits (N,)."""
        check_images(images, 28, self.channels)
        x = self.down2(leaky(self.down1(images)))
        x = leaky(x if self.norm is None else self.norm(x))
        return self.dense(x.reshape(len(x), -1))[:, 0]
