"""The losses of the two players, as functions of the discriminator's logits.

With logit o the discriminator says D = sigmoid(o). Every function here is a loss: its player
minimises it. References: Goodfellow et al., Generative Adversarial Nets, NIPS 2014,
arXiv:1406.2661.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp


def discriminator_loss(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Minus the value V of the minimax game: -mean log D(x) - mean log(1 - D(G(z))).

    Args:
        real: Logits of real examples, any shape.
        fake: Logits of generated examples, any shape.

    Returns:
        A scalar, at least 0; 2 log 2 where both players are at the equilibrium.
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
