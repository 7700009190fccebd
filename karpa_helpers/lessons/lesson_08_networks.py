"""Residual generator and discriminator for square colour images, such as faces."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
from flax import nnx

from karpa_helpers import runtime
from karpa_helpers.gan.networks import HE, check_images, check_latent, leaky
from karpa_helpers.nn.convolution import Conv3x3, ConvStride2, ConvTranspose2x
from karpa_helpers.nn.fast.linear import Linear

BASE = 4  # pixels at which the generator begins and the discriminator ends
MOST_CHANNELS = 8  # times the width
MAPPED_DIM = 128  # of what a labelled generator makes of z and labels


class ResidualBlock(nnx.Module):
    """x + f(x), where f is 1x1, leaky ReLU, 3x3, leaky ReLU, 1x1, with half the channels inside.

    The last weights are zero at first: the block begins as the identity, so that a stack of many
    begins as well-scaled as one of none, without normalisation.

    Args:
        channels: Channels of x and of the result.
        rngs: Random keys for the first weights.

    References:
        Zhang, Dauphin, Ma. Fixup Initialization. ICLR 2019, arXiv:1901.09321. Huang et al.,
        NeurIPS 2024, arXiv:2501.05441.
    """

    def __init__(self, channels: int, *, rngs: nnx.Rngs) -> None:
        inner = max(channels // 2, 1)
        self.first = Linear(channels, inner, kernel_init=HE, rngs=rngs)
        self.middle = Conv3x3(inner, inner, kernel_init=HE, rngs=rngs)
        self.last = Linear(
            inner, channels, use_bias=False, kernel_init=nnx.initializers.zeros, rngs=rngs
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps (N, H, W, channels) to the same shape."""
        return x + self.last(leaky(self.middle(leaky(self.first(x)))))


def channels_by_stage(pixels: int, width: int) -> list[int]:
    """Channels at pixels / 2, pixels / 4 ... down to 4x4: each stage twice as many, to a limit.

    Raises:
        ValueError: pixels is not 4 times a power of two, at least 8.
    """
    stages = (pixels // BASE).bit_length() - 1
    if stages < 1 or pixels != BASE * 2**stages:
        raise ValueError(f"pixels is {pixels}; these networks take 8, 16, 32, 64, 128, ...")
    return [width * min(2**stage, MOST_CHANNELS) for stage in range(stages)]


class ResidualGenerator(nnx.Module):
    """Draws colour images: a dense layer to 4x4, then residual blocks and a doubling a stage.

    Args:
        latent_dim: Length of the latent vector z.
        width: Channels at half the final size.
        pixels: Height and width of the images: 8, 16, 32, 64, ...
        blocks: Residual blocks a stage.
        normalise: Whether to normalise over the batch in front of each doubling. R3GAN does not.
        channels: 1 for grey images, 3 for colour.
        rngs: Random keys for the first weights.

    Raises:
        ValueError: There is no such network of this size.

    References:
        Huang, Gokaslan, Kuleshov, Tompkin. The GAN is dead; long live the GAN! A Modern GAN
        Baseline. NeurIPS 2024, arXiv:2501.05441.
    """

    def __init__(
        self,
        latent_dim: int = 64,
        width: int = 32,
        pixels: int = 32,
        blocks: int = 1,
        normalise: bool = False,
        channels: int = 3,
        *,
        rngs: nnx.Rngs,
    ) -> None:
        self.latent_dim = latent_dim
        widths = channels_by_stage(pixels, width)[::-1]
        self.first = widths[0]
        self.dense = nnx.Linear(latent_dim, BASE * BASE * self.first, rngs=rngs)
        stages = [
            _Up(wide, narrow, blocks, normalise, rngs=rngs)
            for wide, narrow in zip(widths, [*widths[1:], channels], strict=True)
        ]
        self.stages = runtime.module_list(stages)

    def __call__(self, z: jax.Array) -> jax.Array:
        """Maps latent vectors (N, latent_dim) to images (N, pixels, pixels, channels) in [-1, 1].

        Raises:
            ValueError: z has another shape.
        """
        check_latent(z, self.latent_dim)
        x = self.dense(z).reshape(len(z), BASE, BASE, self.first)
        for stage in self.stages:
            x = stage(x)
        return jnp.tanh(x)


class LabelledGenerator(nnx.Module):
    """A generator that is told what to draw: two dense layers turn z and labels into its latent.

    Args:
        latent_dim: Length of the latent vector z.
        label_dim: Length of a vector of labels, such as several one-hot ones in a row.
        width: Channels of the residual generator at half the final size.
        pixels: Height and width of the images: 8, 16, 32, 64, ...
        rngs: Random keys for the first weights.

    References:
        Mirza, Osindero. Conditional Generative Adversarial Nets. 2014, arXiv:1411.1784. The network
        in front: Karras, Laine, Aila. A Style-Based Generator Architecture for Generative
        Adversarial Networks. CVPR 2019, arXiv:1812.04948.
    """

    def __init__(
        self, latent_dim: int, label_dim: int, width: int = 32, pixels: int = 32, *, rngs: nnx.Rngs
    ) -> None:
        self.latent_dim, self.label_dim = latent_dim, label_dim
        dims = [latent_dim + label_dim, MAPPED_DIM, MAPPED_DIM]
        self.mapping = runtime.module_list(
            nnx.Linear(wide, narrow, kernel_init=HE, rngs=rngs)
            for wide, narrow in itertools.pairwise(dims)
        )
        self.generator = ResidualGenerator(MAPPED_DIM, width, pixels, normalise=True, rngs=rngs)

    def __call__(self, z: jax.Array, labels: jax.Array) -> jax.Array:
        """Maps (N, latent_dim) and (N, label_dim) to images (N, pixels, pixels, 3) in [-1, 1].

        Raises:
            ValueError: z or labels has another shape.
        """
        labels = _checked_labels(labels, (len(z), self.label_dim))
        check_latent(z, self.latent_dim)
        x = jnp.concatenate([z, labels], axis=1)
        for layer in self.mapping:
            x = leaky(layer(x))
        return self.generator(x)


class ResidualDiscriminator(nnx.Module):
    """Judges colour images: a halving and residual blocks a stage, down to 4x4, then a logit.

    Without normalisation: the penalties on its slope need each logit to depend on its own image.
    With labels, the logit gains the product of the labels and one more output for each of them.

    Args:
        width: Channels at half the images' size.
        pixels: Height and width of the images: 8, 16, 32, 64, ...
        blocks: Residual blocks a stage.
        channels: 1 for grey images, 3 for colour.
        label_dim: Length of a vector of labels; 0 for a game without.
        rngs: Random keys for the first weights.

    Raises:
        ValueError: There is no such network of this size.

    References:
        As for `ResidualGenerator`. Labels: Miyato, Koyama. cGANs with Projection Discriminator.
        ICLR 2018, arXiv:1802.05637.
    """

    def __init__(
        self,
        width: int = 32,
        pixels: int = 32,
        blocks: int = 1,
        channels: int = 3,
        label_dim: int = 0,
        *,
        rngs: nnx.Rngs,
    ) -> None:
        self.pixels, self.channels, self.label_dim = pixels, channels, label_dim
        widths = channels_by_stage(pixels, width)
        stages = [
            _Down(narrow, wide, blocks, rngs=rngs)
            for narrow, wide in zip([channels, *widths[:-1]], widths, strict=True)
        ]
        self.stages = runtime.module_list(stages)
        self.dense = nnx.Linear(BASE * BASE * widths[-1], 1 + label_dim, rngs=rngs)

    def __call__(self, images: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        """Maps images (N, pixels, pixels, channels) in [-1, 1] to logits (N,).

        Raises:
            ValueError: The images are of another size, mode, type or range; or labels are not
                (N, label_dim).
        """
        check_images(images, self.pixels, self.channels)
        x = images
        for stage in self.stages:
            x = stage(x)
        outputs = self.dense(x.reshape(len(x), -1))
        if self.label_dim == 0 and labels is None:
            return outputs[:, 0]
        labels = _checked_labels(labels, (len(x), self.label_dim))
        return outputs[:, 0] + (outputs[:, 1:] * labels).sum(1) / self.label_dim**0.5


def _checked_labels(labels: jax.Array | None, shape: tuple[int, int]) -> jax.Array:
    if labels is None or labels.shape != shape:
        found = "are missing" if labels is None else f"have shape {labels.shape}"
        raise ValueError(f"The labels {found}; this network takes {shape}.")
    return labels


class _Up(nnx.Module):
    def __init__(
        self, wide: int, narrow: int, blocks: int, normalise: bool, *, rngs: nnx.Rngs
    ) -> None:
        self.blocks = runtime.module_list(ResidualBlock(wide, rngs=rngs) for _ in range(blocks))
        self.norm = nnx.BatchNorm(wide, momentum=0.9, rngs=rngs) if normalise else None
        self.up = ConvTranspose2x(wide, narrow, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        for block in self.blocks:
            x = block(x)
        return self.up(nnx.relu(x if self.norm is None else self.norm(x)))


class _Down(nnx.Module):
    def __init__(self, narrow: int, wide: int, blocks: int, *, rngs: nnx.Rngs) -> None:
        self.down = ConvStride2(narrow, wide, kernel_init=HE, rngs=rngs)
        self.blocks = runtime.module_list(ResidualBlock(wide, rngs=rngs) for _ in range(blocks))

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.down(x)
        for block in self.blocks:
            x = block(x)
        return leaky(x)
