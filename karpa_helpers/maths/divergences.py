"""The minimax game and the distances behind it, on distributions over finitely many outcomes.

A distribution is an array of shape (K,): the probabilities of K outcomes. All functions are pure
and work under `jax.jit`, `jax.grad` and `jax.vmap`; there only shapes can be checked, not values.
They take 0 log 0 for 0, and give an outcome of probability exactly 0 the gradient 0: right where a
distribution moves without touching that outcome.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

SUM_TOLERANCE = 1e-4  # float32 sums of a few thousand probabilities stay well within


def kl(p: ArrayLike, q: ArrayLike) -> jax.Array:
    """Kullback-Leibler divergence: sum_i p_i log(p_i / q_i), in nats.

    Args:
        p: Probabilities, shape (K,).
        q: Probabilities, shape (K,).

    Returns:
        A scalar, at least 0 up to rounding; infinite where q is 0 and p is not.

    Raises:
        ValueError: The shapes differ, or p or q is no distribution.

    References:
        Kullback, Leibler. On Information and Sufficiency. Annals of Mathematical Statistics 22,
        1951.
    """
    p, q = _distributions(p=p, q=q)
    return _sum_p_log(p, p) - _sum_p_log(p, q)


def js(p: ArrayLike, q: ArrayLike) -> jax.Array:
    """Jensen-Shannon divergence: (KL(p || m) + KL(q || m)) / 2 with m = (p + q) / 2, in nats.

    Args:
        p: Probabilities, shape (K,).
        q: Probabilities, shape (K,).

    Returns:
        A scalar from 0 (where p = q) to log 2 (where no outcome has both p and q above 0).

    Raises:
        ValueError: The shapes differ, or p or q is no distribution.

    References:
        Lin. Divergence Measures Based on the Shannon Entropy. IEEE Transactions on Information
        Theory 37, 1991.
    """
    p, q = _distributions(p=p, q=q)
    m = (p + q) / 2
    return (_sum_p_log(p, _ratio(p, m)) + _sum_p_log(q, _ratio(q, m))) / 2


def optimal_discriminator(p: ArrayLike, q: ArrayLike) -> jax.Array:
    """The D that maximises `value`: p_i / (p_i + q_i), and 1/2 where both are 0.

    Args:
        p: Probabilities of real examples, shape (K,).
        q: Probabilities of generated examples, shape (K,).

    Returns:
        Values in [0, 1], shape (K,).

    Raises:
        ValueError: The shapes differ, or p or q is no distribution.

    References:
        Goodfellow et al. Generative Adversarial Nets. NIPS 2014, arXiv:1406.2661, proposition 1.
    """
    p, q = _distributions(p=p, q=q)
    seen = p + q > 0
    return jnp.where(seen, p / jnp.where(seen, p + q, 1), 0.5)


def value(D: ArrayLike, p: ArrayLike, q: ArrayLike) -> jax.Array:
    """The value of the minimax game: sum_i p_i log D_i + q_i log(1 - D_i).

    D maximises it, the generator (which chooses q) minimises it.

    Args:
        D: The discriminator's answers in [0, 1], shape (K,).
        p: Probabilities of real examples, shape (K,).
        q: Probabilities of generated examples, shape (K,).

    Returns:
        A scalar, at most 0; minus infinite where D is sure and wrong, also by rounding.

    Raises:
        ValueError: The shapes differ, p or q is no distribution, or D leaves [0, 1].

    References:
        Goodfellow et al. Generative Adversarial Nets. NIPS 2014, arXiv:1406.2661.
    """
    p, q = _distributions(p=p, q=q)
    D = jnp.asarray(D, p.dtype)
    if D.shape != p.shape:
        raise ValueError(f"D has shape {D.shape}, p and q {p.shape}; give one answer an outcome.")
    if _known(D) and not ((np.asarray(D) >= 0) & (np.asarray(D) <= 1)).all():
        raise ValueError("D leaves [0, 1] or is not a number; it is a probability, not a logit.")
    return _sum_p_log(p, D) + _sum_p_log(q, 1 - D)


def best_value(p: ArrayLike, q: ArrayLike) -> jax.Array:
    """The value of the game against the best discriminator: 2 JS - log 4, without rounding trouble.

    In float32 the best D rounds to 1 where p is ten million times q, and `value` of it is then
    minus infinite. Here 1 - D is not a difference but the share q / (p + q).

    Args:
        p: Probabilities of real examples, shape (K,).
        q: Probabilities of generated examples, shape (K,).

    Returns:
        A finite scalar from -log 4 (where p = q) to 0.

    Raises:
        ValueError: The shapes differ, or p or q is no distribution.

    References:
        Goodfellow et al. Generative Adversarial Nets. NIPS 2014, arXiv:1406.2661, theorem 1.
    """
    p, q = _distributions(p=p, q=q)
    return _sum_p_log(p, _ratio(p, p + q)) + _sum_p_log(q, _ratio(q, p + q))


def wasserstein_1d(p: ArrayLike, q: ArrayLike, points: ArrayLike) -> jax.Array:
    """Wasserstein-1 distance on a line: integral |P(x) - Q(x)| dx, with P and Q the sums so far.

    It is the least mean distance over which mass must be carried to turn p into q.

    Args:
        p: Probabilities of the points, shape (K,).
        q: Probabilities of the points, shape (K,).
        points: Where the outcomes lie, increasing, shape (K,).

    Returns:
        A scalar, at least 0, in the unit of `points`.

    Raises:
        ValueError: The shapes differ, p or q is no distribution, or the points do not increase.

    References:
        Villani. Topics in Optimal Transportation. AMS 2003, section 2.2. Arjovsky, Chintala,
        Bottou. Wasserstein GAN. ICML 2017, arXiv:1701.07875.
    """
    p, q = _distributions(p=p, q=q)
    points = jnp.asarray(points, p.dtype)
    if points.shape != p.shape:
        raise ValueError(f"points has shape {points.shape}, p and q {p.shape}; they must agree.")
    if _known(points) and not _increases(np.asarray(points)):
        raise ValueError("points must be finite and increase; sort them, and p and q with them.")
    return jnp.sum(jnp.abs(jnp.cumsum(p - q))[:-1] * jnp.diff(points))


def _sum_p_log(p: jax.Array, x: jax.Array) -> jax.Array:
    """sum_i p_i log x_i with 0 log x = 0, for values and for gradients."""
    used = p > 0
    # Two `where`s: the branch that is not taken must have a finite gradient, too.
    return jnp.sum(jnp.where(used, p * jnp.log(jnp.where(used, x, 1)), 0))


def _ratio(p: jax.Array, m: jax.Array) -> jax.Array:
    return p / jnp.where(m > 0, m, 1)


def _increases(points: np.ndarray) -> bool:
    return bool(np.isfinite(points).all() and (np.diff(points) > 0).all())


def _known(x: jax.Array) -> bool:
    """Whether x has values to look at, by NumPy: under `jit` even jnp's answer has none."""
    return not isinstance(x, jax.core.Tracer)


def _distributions(**named: ArrayLike) -> list[jax.Array]:
    """Floating-point arrays of one shape (K,) that are distributions; raises ValueError if not."""
    arrays = {name: jnp.asarray(x) for name, x in named.items()}
    shapes = {name: x.shape for name, x in arrays.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"The shapes differ: {shapes}. Give the probabilities of one list.")
    for name, x in arrays.items():
        if x.ndim != 1 or x.size == 0:
            raise ValueError(f"{name} has shape {x.shape}; give (K,), one probability an outcome.")
        if _known(x):
            _check_values(name, np.asarray(x, np.float64))
    return [x.astype(jnp.promote_types(x.dtype, jnp.float32)) for x in arrays.values()]


def _check_values(name: str, x: np.ndarray) -> None:
    if not np.isfinite(x).all():
        raise ValueError(f"{name} holds a value that is not finite.")
    if (x < 0).any():
        raise ValueError(f"{name} holds a negative probability: {x.min():.4g}.")
    if abs(x.sum() - 1) > SUM_TOLERANCE:
        raise ValueError(f"{name} sums to {x.sum():.6g}; divide by the sum to get a distribution.")
