"""What lesson 07 needs of images: stacked digits with 1,000 known modes, two recipes."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from karpa_helpers import training
from karpa_helpers.gan import losses
from karpa_helpers.gan.fitting import Recipe
from karpa_helpers.gan.judges import Yardstick
from karpa_helpers.gan.networks import DCGANDiscriminator, DCGANGenerator, PlainDiscriminator

COLOURS = 3

MODES = 1000


def stacked_networks(
    latent_dim: int, width: int, seed: int
) -> tuple[DCGANGenerator, PlainDiscriminator]:
    """A pair of networks for stacked digits, first weights by the seed."""
    rngs_g, rngs_d = nnx.Rngs(2 * seed), nnx.Rngs(2 * seed + 1)
    generator = DCGANGenerator(latent_dim, width, COLOURS, rngs=rngs_g)
    return generator, PlainDiscriminator(width, COLOURS, rngs=rngs_d)


def stacked_recipe(latent_dim: int, steps: int) -> Recipe:
    """The relativistic pairing loss with R1 and R2; rate and gamma fall tenfold over `steps`."""
    return Recipe(
        latent_dim,
        optax.cosine_decay_schedule(2e-3, steps, 0.1),
        beta1=0.0,
        beta2=0.99,
        average_decay=0.995,
        game=losses.RELATIVISTIC,
        penalty=losses.r1_r2,
        weight=lambda done: 0.3 * 10.0 ** -jnp.minimum(done / steps, 1.0),
    )


def stack(digits: jax.Array) -> jax.Array:
    """Every three digits in order become the colours of one image.

    Args:
        digits: Grey images, shape (3 N, H, W, 1).

    Returns:
        Shape (N, H, W, 3).

    Raises:
        ValueError: The images are not grey, or their number is no multiple of three.
    """
    if digits.ndim != 4 or digits.shape[-1] != 1 or len(digits) % COLOURS:
        raise ValueError(
            f"digits have shape {digits.shape}; give grey images (3 N, H, W, 1), three for each "
            "stacked one."
        )
    grouped = digits[..., 0].reshape(-1, COLOURS, *digits.shape[1:3])
    return jnp.moveaxis(grouped, 1, -1)


def stacked_step(step: training.Step) -> training.Step:
    """A step on stacked digits, made from one on colour images; its batch holds single digits."""
    return lambda state, batch, key: step(state, stack(batch), key)


def count_modes(images: np.ndarray, yardstick: Yardstick) -> np.ndarray:
    """How many images lie on each of the 1,000 modes: a classifier reads the three colours.

    Args:
        images: uint8, shape (N, 28, 28, 3).
        yardstick: A classifier of single digits.

    Returns:
        Counts, shape (1000,). Mode 573 is a 5 in red, a 7 in green and a 3 in blue.

    References:
        Metz et al. Unrolled Generative Adversarial Networks. ICLR 2017, arXiv:1611.02163.
    """
    red, green, blue = (yardstick.measure(images[..., c : c + 1])[0] for c in range(COLOURS))
    return np.bincount(100 * red + 10 * green + blue, minlength=MODES)


class Setup(NamedTuple):
    """A generator, a discriminator, and the recipe that they are trained with."""

    generator: nnx.Module
    discriminator: nnx.Module
    recipe: Recipe


def dcgan_setup(seed: int, latent_dim: int = 64, width: int = 16, channels: int = 1) -> Setup:
    """DCGAN as in lesson 05: batch normalisation in both, the non-saturating game, Adam.

    Its learning rate is ten times the paper's, which suits the minutes that a CPU has.

    Args:
        seed: Decides the first weights.
        latent_dim: Length of the latent vector.
        width: Channels at 14x14.
        channels: 1 for grey images, 3 for colour.

    References:
        Radford, Metz, Chintala. ICLR 2016, arXiv:1511.06434.
    """
    return Setup(
        DCGANGenerator(latent_dim, width, channels, rngs=nnx.Rngs(seed)),
        DCGANDiscriminator(width, channels, rngs=nnx.Rngs(100 + seed)),
        Recipe(latent_dim, learning_rate=2e-3),
    )


def small_setup(
    seed: int, latent_dim: int = 64, width: int = 16, channels: int = 1, steps: int = 5000
) -> Setup:
    """The course's recipe for small images and few minutes.

    The relativistic pairing game with R1 and R2 at every eighth step, gamma falling from 0.3 to
    0.01; Adam without momentum, at twice the learning rate of `dcgan_setup`, which falls to nearly
    0 in the last third; and a discriminator with group instead of batch normalisation, because its
    slope at an image must not depend on the other images. The generator is DCGAN's.

    Args:
        seed: Decides the first weights.
        latent_dim: Length of the latent vector.
        width: Channels at 14x14.
        channels: 1 for grey images, 3 for colour.
        steps: Length of the run, over which learning rate and gamma fall.

    References:
        Huang, Gokaslan, Kuleshov, Tompkin. The GAN is dead; long live the GAN! A Modern GAN
        Baseline. NeurIPS 2024, arXiv:2501.05441. Penalties every few steps: Karras et al.
        Analyzing and Improving the Image Quality of StyleGAN. CVPR 2020, arXiv:1912.04958.
    """
    rate, fall = 4e-3, max(steps // 3, 1)
    constant_then_fall = optax.join_schedules(
        [optax.constant_schedule(rate), optax.linear_schedule(rate, rate / 100, fall)],
        [steps - fall],
    )
    return Setup(
        DCGANGenerator(latent_dim, width, channels, rngs=nnx.Rngs(seed)),
        PlainDiscriminator(width, channels, groups=4, rngs=nnx.Rngs(100 + seed)),
        Recipe(
            latent_dim,
            constant_then_fall,
            beta1=0.0,
            beta2=0.99,
            game=losses.RELATIVISTIC,
            penalty=losses.r1_r2,
            weight=lambda done: 0.3 * (0.01 / 0.3) ** jnp.minimum(done / steps, 1.0),
            penalty_every=8,
        ),
    )
