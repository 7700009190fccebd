"""The games: losses of the two players, and penalties on the discriminator's slope.

With logit o the discriminator says D = sigmoid(o). Every function here is a loss: its player
minimises it. A `Game` holds the losses of both players, so that a training step can be written
once for the whole family.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp

Loss = Callable[[jax.Array, jax.Array], jax.Array]
Network = Callable[[jax.Array], jax.Array]


def discriminator_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Minus the value V of the minimax game: -mean log D(x) - mean log(1 - D(G(z))).

    Args:
        real: Logits of real examples, any shape.
        fake: Logits of generated examples, any shape.

    Returns:
        A scalar, at least 0; 2 log 2 where both players are at the equilibrium.

    References:
        Goodfellow et al. Generative Adversarial Nets. NIPS 2014, arXiv:1406.2661.
    """
    return jnp.mean(jax.nn.softplus(-real)) + jnp.mean(jax.nn.softplus(fake))


def saturating_loss(fake: jax.Array) -> jax.Array:
    """The generator's side of the minimax game: mean log(1 - D(G(z))).

    Its gradient by the logit is -sigmoid(o): it vanishes where D is sure of the fake.

    Args:
        fake: Logits of generated examples, any shape.

    Returns:
        A scalar, at most 0.
    """
    return -jnp.mean(jax.nn.softplus(fake))


def non_saturating_loss(fake: jax.Array) -> jax.Array:
    """The generator's other loss: -mean log D(G(z)).

    Its gradient by the logit is -(1 - sigmoid(o)): near -1 where D is sure of the fake. It is
    not the minimax game's loss; it has the same fixed point.

    Args:
        fake: Logits of generated examples, any shape.

    Returns:
        A scalar, at least 0.
    """
    return jnp.mean(jax.nn.softplus(-fake))


def least_squares_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """The discriminator's squared error to the labels 1 and 0: mean (o - 1)^2 / 2 + mean o^2 / 2.

    Args:
        real: Outputs for real examples, any shape.
        fake: Outputs for generated examples, any shape.

    References:
        Mao et al. Least Squares Generative Adversarial Networks. ICCV 2017, arXiv:1611.04076.
    """
    return 0.5 * jnp.mean((real - 1) ** 2) + 0.5 * jnp.mean(fake**2)


def hinge_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """The discriminator's hinge: mean max(0, 1 - o(x)) + mean max(0, 1 + o(G(z))).

    Args:
        real: Outputs for real examples, any shape.
        fake: Outputs for generated examples, any shape.

    References:
        Lim, Ye. Geometric GAN. 2017, arXiv:1705.02894. Miyato et al., ICLR 2018,
        arXiv:1802.05957.
    """
    return jnp.mean(jax.nn.relu(1 - real)) + jnp.mean(jax.nn.relu(1 + fake))


def wasserstein_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """The critic's loss: mean o(G(z)) - mean o(x), for a critic of slope at most one.

    Args:
        real: Outputs for real examples, any shape.
        fake: Outputs for generated examples, any shape.

    References:
        Arjovsky, Chintala, Bottou. Wasserstein GAN. ICML 2017, arXiv:1701.07875.
    """
    return jnp.mean(fake) - jnp.mean(real)


def pairing_loss(higher: jax.Array, lower: jax.Array) -> jax.Array:
    """The relativistic pairing loss: mean softplus(-(o_i - o'_i)), pair by pair.

    It asks that the first of a pair be called more real than the second. The discriminator gives
    (real, fake), the generator (fake, real).

    Args:
        higher: Logits that should be higher, shape (N,).
        lower: Logits that should be lower, shape (N,).

    Returns:
        A scalar, at least 0; log 2 where the two cannot be told apart.

    Raises:
        ValueError: The shapes differ, so there are no pairs.

    References:
        Jolicoeur-Martineau. The relativistic discriminator. ICLR 2019, arXiv:1807.00734. Huang
        et al., NeurIPS 2024, arXiv:2501.05441.
    """
    if higher.shape != lower.shape:
        raise ValueError(
            f"shapes {higher.shape} and {lower.shape} differ; the loss compares pairs, so give as "
            "many generated as real examples."
        )
    return jnp.mean(jax.nn.softplus(lower - higher))


@dataclass(frozen=True)
class Game:
    """The losses of both players.

    Attributes:
        name: What the literature calls it.
        discriminator: Loss of the discriminator by (real logits, fake logits).
        generator: Loss of the generator by (real logits, fake logits); most use the fake ones only.
    """

    name: str
    discriminator: Loss
    generator: Loss


def _of_fakes(loss: Callable[[jax.Array], jax.Array]) -> Loss:
    return lambda real, fake: loss(fake)


MINIMAX = Game("minimax", discriminator_loss, _of_fakes(saturating_loss))
NON_SATURATING = Game("non-saturating", discriminator_loss, _of_fakes(non_saturating_loss))
LEAST_SQUARES = Game(
    "least squares", least_squares_loss, _of_fakes(lambda o: 0.5 * jnp.mean((o - 1) ** 2))
)
HINGE = Game("hinge", hinge_loss, _of_fakes(lambda o: -jnp.mean(o)))
WASSERSTEIN = Game("Wasserstein", wasserstein_loss, _of_fakes(lambda o: -jnp.mean(o)))
RELATIVISTIC = Game(
    "relativistic pairing", pairing_loss, lambda real, fake: pairing_loss(fake, real)
)
GAMES = (MINIMAX, NON_SATURATING, LEAST_SQUARES, HINGE, WASSERSTEIN, RELATIVISTIC)


# Penalties: penalty(discriminator, real, fake, key) -> scalar, to be added to its loss.


def slopes(discriminator: Network, examples: jax.Array) -> jax.Array:
    """The gradient of the discriminator's output by its input, for each example.

    Args:
        discriminator: Maps examples (N, ...) to outputs (N,), each from its own example only.
        examples: Shape (N, ...).

    Returns:
        Gradients, one row an example: shape (N, D).
    """
    # Outputs do not depend on each other's inputs, so one pass for their sum gives all gradients.
    gradient = jax.grad(lambda x: jnp.sum(discriminator(x)))(examples)
    return gradient.reshape(len(examples), -1)


def r1(discriminator: Network, real: jax.Array, fake: jax.Array, key: jax.Array) -> jax.Array:
    """R1: half the mean squared slope at real examples, 1/2 E |grad D(x)|^2.

    References:
        Mescheder, Geiger, Nowozin. Which Training Methods for GANs do actually Converge? ICML
        2018, arXiv:1801.04406.
    """
    return 0.5 * jnp.mean(jnp.sum(slopes(discriminator, real) ** 2, axis=1))


def r1_r2(discriminator: Network, real: jax.Array, fake: jax.Array, key: jax.Array) -> jax.Array:
    """R1 + R2: half the mean squared slope at real and at generated examples.

    References:
        As for `r1`; both at once: Huang, Gokaslan, Kuleshov, Tompkin. The GAN is dead; long live
        the GAN! A Modern GAN Baseline. NeurIPS 2024, arXiv:2501.05441.
    """
    return r1(discriminator, real, fake, key) + r1(discriminator, fake, real, key)


def slope_one(
    discriminator: Network, real: jax.Array, fake: jax.Array, key: jax.Array
) -> jax.Array:
    """WGAN-GP's penalty: E (|grad D(u)| - 1)^2 at random points u between real and generated.

    References:
        Gulrajani et al. Improved Training of Wasserstein GANs. NIPS 2017, arXiv:1704.00028.
    """
    share = jax.random.uniform(key, (len(real),) + (1,) * (real.ndim - 1))
    between = share * real + (1 - share) * fake
    squared = jnp.sum(slopes(discriminator, between) ** 2, axis=1)
    # The slope of a square root at 0 is infinite: a critic that is flat somewhere must not be NaN.
    return jnp.mean((jnp.sqrt(squared + 1e-12) - 1) ** 2)
