"""Stacked digits: three digits as the colours of one image, with 1,000 known modes."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from karpa_helpers import training
from karpa_helpers.gan import fitting, losses
from karpa_helpers.gan.networks import DCGANGenerator, PlainDiscriminator
from karpa_helpers.gan.yardstick import Yardstick

COLOURS = 3
MODES = 1000


def networks(latent_dim: int, width: int, seed: int) -> tuple[DCGANGenerator, PlainDiscriminator]:
    """A pair of networks for stacked digits, first weights by the seed."""
    rngs_g, rngs_d = nnx.Rngs(2 * seed), nnx.Rngs(2 * seed + 1)
    generator = DCGANGenerator(latent_dim, width, COLOURS, rngs=rngs_g)
    return generator, PlainDiscriminator(width, COLOURS, rngs=rngs_d)


def recipe(latent_dim: int, steps: int) -> fitting.Recipe:
    """The relativistic pairing loss with R1 and R2; rate and gamma fall tenfold over `steps`."""
    return fitting.Recipe(
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
