"""Networks for 28x28 images together with the recipe that trains them."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import optax
from flax import nnx

from karpa_helpers.gan import losses
from karpa_helpers.gan.fitting import Recipe
from karpa_helpers.gan.networks import DCGANDiscriminator, DCGANGenerator, PlainDiscriminator


class Setup(NamedTuple):
    """A generator, a discriminator, and the recipe that they are trained with."""

    generator: nnx.Module
    discriminator: nnx.Module
    recipe: Recipe


def dcgan(seed: int, latent_dim: int = 64, width: int = 16, channels: int = 1) -> Setup:
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


def small(
    seed: int, latent_dim: int = 64, width: int = 16, channels: int = 1, steps: int = 5000
) -> Setup:
    """The course's recipe for small images and few minutes.

    The relativistic pairing game with R1 and R2 at every eighth step, gamma falling from 0.3 to
    0.01; Adam without momentum, at twice the learning rate of `dcgan`, which falls to nearly 0 in
    the last third; and a discriminator with group instead of batch normalisation, because its
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
