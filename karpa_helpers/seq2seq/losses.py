"""The loss of a sequence: minus the log-probability of its real tokens."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from karpa_helpers.data.vocabulary import PAD
from karpa_helpers.training.precision import to_float32


def token_losses(logits: jax.Array, targets: jax.Array, smoothing: float = 0.0) -> jax.Array:
    """Minus the log-probability of each target token, -log softmax(o)_y.

    With smoothing e the target is (1 - e) on y plus e / V on every token:
        log sum_k exp(o_k) - (1 - e) o_y - e mean_k o_k

    Args:
        logits: Shape (..., V).
        targets: Token numbers, shape (...).
        smoothing: e, from 0 to below 1.

    Returns:
        Shape (...), in nats; pad tokens are not looked at.

    Raises:
        ValueError: Shapes do not fit, or `smoothing` is out of range.

    References:
        Szegedy, Vanhoucke, Ioffe, Shlens, Wojna. Rethinking the Inception Architecture for
        Computer Vision. CVPR 2016, arXiv:1512.00567 (label smoothing).
    """
    if logits.shape[:-1] != targets.shape:
        raise ValueError(
            f"logits have shape {logits.shape} and targets {targets.shape}; give one row of logits "
            "for each target token."
        )
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing is {smoothing}; give 0 or more and less than 1.")
    logits = to_float32(logits)
    loss = jax.nn.logsumexp(logits, axis=-1) - (1 - smoothing) * _at(logits, targets)
    return loss - smoothing * jnp.mean(logits, axis=-1) if smoothing else loss


def cross_entropy(
    logits: jax.Array,
    targets: jax.Array,
    mask: jax.Array | None = None,
    smoothing: float = 0.0,
) -> jax.Array:
    """The mean of `token_losses` over real tokens: their sum by their number.

    Args:
        logits: Shape (N, T, V).
        targets: Token numbers, shape (N, T).
        mask: True for real tokens, shape (N, T); None is where the target is not PAD.
        smoothing: As for `token_losses`.

    Returns:
        A scalar in nats; 0 where there is no real token.

    Raises:
        ValueError: As for `token_losses`.
    """
    mask = targets != PAD if mask is None else mask
    losses = jnp.where(mask, token_losses(logits, targets, smoothing), 0)
    return jnp.sum(losses) / jnp.maximum(jnp.sum(mask), 1)


def has_highest_logit(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """Whether each target token has the highest logit, alone or with others: booleans (...).

    Args:
        logits: Shape (..., V).
        targets: Token numbers, shape (...).
    """
    # An argmax would take longer than the loss itself; this shares both terms with the loss.
    return _at(logits, targets) >= jnp.max(logits, axis=-1)


def _at(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """The logit of each target token."""
    return jnp.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]


def log_probability(
    logits: jax.Array, targets: jax.Array, mask: jax.Array | None = None
) -> jax.Array:
    """The log-probability of each whole sequence, sum_t log p(y_t | y_<t, x).

    Args:
        logits: Shape (N, T, V), where row t has seen y_1 to y_{t-1}.
        targets: Token numbers, shape (N, T).
        mask: As for `cross_entropy`.

    Returns:
        Shape (N,).
    """
    mask = targets != PAD if mask is None else mask
    return -jnp.sum(jnp.where(mask, token_losses(logits, targets), 0), axis=-1)
