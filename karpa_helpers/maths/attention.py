"""Attention: scores of queries against keys, a softmax over them, a weighted mean of values.

Shapes: T queries (places in the target), S keys and values (places in the source), any leading
dimensions (`...`: a batch, heads), the same in all arguments. All functions are pure and work
under `jax.jit`, `jax.grad` and `jax.vmap`; there only shapes can be checked, not values.

A mask is boolean, True where a key may be looked at, with as many dimensions as the scores; each
dimension is theirs or 1. A batch of padded sources (N, S) is `mask[:, None, :]`.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike


def softmax(
    scores: ArrayLike, mask: ArrayLike | None = None, temperature: ArrayLike = 1.0
) -> jax.Array:
    """Softmax over the last axis: p_j = exp(e_j / tau) / sum_i exp(e_i / tau), over i not masked.

    A masked entry gets exactly 0 and the gradient 0, whatever its score is. A row that is masked
    as a whole gets zeros, which are no distribution, and the gradient 0.

    Args:
        scores: Any numbers, shape (..., S). A score of minus infinity counts as masked.
        mask: Boolean, True where an entry may be used; of the scores' rank, each dimension theirs
            or 1. None uses every entry.
        temperature: tau, one number above 0.

    Returns:
        Weights of the same shape, which sum to 1 over the last axis.

    Raises:
        ValueError: A shape does not fit, the mask is not boolean, or temperature is not above 0.
    """
    scores = _array("scores", scores, 1)
    temperature = jnp.asarray(temperature, jnp.float32)
    _check_temperature(temperature)
    # Half precision cannot hold the sum of many small terms: sum in float32, return what came in.
    e = scores.astype(jnp.promote_types(scores.dtype, jnp.float32))
    used = e != -jnp.inf if mask is None else (e != -jnp.inf) & _mask(mask, e.shape)
    # What is not used goes before it can meet an infinity: 0 * inf in a gradient is no number.
    e = jnp.where(used, e, 0) / temperature
    top = jnp.max(jnp.where(used, e, -jnp.inf), axis=-1, keepdims=True)
    top = jax.lax.stop_gradient(jnp.where(top == -jnp.inf, 0, top))
    terms = jnp.exp(jnp.where(used, e - top, -jnp.inf))
    total = jnp.sum(terms, axis=-1, keepdims=True)
    return (terms / jnp.where(total == 0, 1, total)).astype(scores.dtype)


def softmax_jacobian(p: ArrayLike) -> jax.Array:
    """Derivatives of the softmax at temperature 1 by its scores: dp_i / de_j = p_i (1[i=j] - p_j).

        J = diag(p) - p p^T

    At another temperature it is J / tau.

    Args:
        p: Weights that a softmax returned, shape (..., S).

    Returns:
        Shape (..., S, S), symmetric, its rows sum to 0.

    Raises:
        ValueError: p is a single number.
    """
    p = _array("p", p, 1)
    return p[..., None] * (jnp.eye(p.shape[-1], dtype=p.dtype) - p[..., None, :])


def entropy(p: ArrayLike) -> jax.Array:
    """Entropy over the last axis: H(p) = -sum_i p_i log p_i, in nats, with 0 log 0 = 0.

    Args:
        p: Weights, shape (..., S). A row of zeros (masked as a whole) has entropy 0.

    Returns:
        Shape (...), from 0 (all weight on one entry) to log S (equal weights).

    Raises:
        ValueError: p is a single number, or holds a negative value.

    References:
        Shannon. A Mathematical Theory of Communication. Bell System Technical Journal 27, 1948.
    """
    p = _array("p", p, 1)
    if _known(p) and (np.asarray(p) < 0).any():
        raise ValueError("p holds a negative value; entropy takes weights, not scores.")
    used = p > 0
    return -jnp.sum(jnp.where(used, p * jnp.log(jnp.where(used, p, 1)), 0), axis=-1)


def dot_score(queries: ArrayLike, keys: ArrayLike) -> jax.Array:
    """Dot score: e_tj = q_t . k_j. It has no parameters.

    Args:
        queries: Shape (..., T, d).
        keys: Shape (..., S, d).

    Returns:
        Scores, shape (..., T, S).

    Raises:
        ValueError: The shapes do not fit.

    References:
        Luong, Pham, Manning. Effective Approaches to Attention-based Neural Machine Translation.
        EMNLP 2015, arXiv:1508.04025.
    """
    queries, keys = _queries_and_keys(queries, keys)
    if queries.shape[-1] != keys.shape[-1]:
        raise ValueError(
            f"Queries are {queries.shape[-1]} wide and keys {keys.shape[-1]}: a dot score needs "
            "one width. general_score and additive_score take two."
        )
    return queries @ jnp.swapaxes(keys, -1, -2)


def general_score(queries: ArrayLike, keys: ArrayLike, weight: ArrayLike) -> jax.Array:
    """General (bilinear) score: e_tj = q_t^T W k_j.

    Args:
        queries: Shape (..., T, dq).
        keys: Shape (..., S, dk).
        weight: W, shape (dq, dk).

    Returns:
        Scores, shape (..., T, S).

    Raises:
        ValueError: The shapes do not fit.

    References:
        Luong, Pham, Manning. Effective Approaches to Attention-based Neural Machine Translation.
        EMNLP 2015, arXiv:1508.04025.
    """
    queries, keys = _queries_and_keys(queries, keys)
    weight = _weight("weight", weight, (queries.shape[-1], keys.shape[-1]))
    return dot_score(queries @ weight, keys)


def additive_score(
    queries: ArrayLike,
    keys: ArrayLike,
    query_weight: ArrayLike,
    key_weight: ArrayLike,
    vector: ArrayLike,
) -> jax.Array:
    """Additive score: e_tj = v . tanh(Wq^T q_t + Wk^T k_j), a network with one hidden layer.

    Args:
        queries: Shape (..., T, dq).
        keys: Shape (..., S, dk).
        query_weight: Wq, shape (dq, h).
        key_weight: Wk, shape (dk, h).
        vector: v, shape (h,).

    Returns:
        Scores, shape (..., T, S). The computation holds (..., T, S, h) numbers.

    Raises:
        ValueError: The shapes do not fit.

    References:
        Bahdanau, Cho, Bengio. Neural Machine Translation by Jointly Learning to Align and
        Translate. ICLR 2015, arXiv:1409.0473.
    """
    queries, keys = _queries_and_keys(queries, keys)
    vector = _array("vector", vector, 1)
    width = vector.shape[-1]
    vector = _weight("vector", vector, (width,))
    query_weight = _weight("query_weight", query_weight, (queries.shape[-1], width))
    key_weight = _weight("key_weight", key_weight, (keys.shape[-1], width))
    hidden = (queries @ query_weight)[..., :, None, :] + (keys @ key_weight)[..., None, :, :]
    return jnp.tanh(hidden) @ vector


def attend(
    scores: ArrayLike,
    values: ArrayLike,
    mask: ArrayLike | None = None,
    temperature: ArrayLike = 1.0,
) -> tuple[jax.Array, jax.Array]:
    """A soft look-up: weights a_t = softmax_j(e_tj), context c_t = sum_j a_tj v_j.

    Args:
        scores: e, shape (..., T, S).
        values: Shape (..., S, dv).
        mask: As in `softmax`.
        temperature: As in `softmax`.

    Returns:
        (context, shape (..., T, dv); weights, shape (..., T, S)).

    Raises:
        ValueError: The shapes do not fit, or as in `softmax`.
    """
    scores, values = _array("scores", scores, 2), _array("values", values, 2)
    wanted = (*scores.shape[:-2], scores.shape[-1])
    if values.shape[:-1] != wanted:
        raise ValueError(
            f"scores have shape {scores.shape} and values {values.shape}; "
            f"give one value a key, shape {_spell(wanted, 'dv')}."
        )
    weights = softmax(scores, mask, temperature)
    return weights @ values, weights


def scaled_dot_product_attention(
    queries: ArrayLike, keys: ArrayLike, values: ArrayLike, mask: ArrayLike | None = None
) -> jax.Array:
    """Scaled dot-product attention: softmax(Q K^T / sqrt(d)) V.

    The same function as `jax.nn.dot_product_attention`, which wants the heads behind the places,
    (N, T, heads, d); here they stand in front, as part of `...`.

    Args:
        queries: Shape (..., T, d).
        keys: Shape (..., S, d).
        values: Shape (..., S, dv).
        mask: As in `softmax`, for scores of shape (..., T, S).

    Returns:
        The context, shape (..., T, dv).

    Raises:
        ValueError: The shapes do not fit.

    References:
        Vaswani et al. Attention Is All You Need. NIPS 2017, arXiv:1706.03762, equation 1.
    """
    scores = dot_score(queries, keys) / np.sqrt(np.shape(queries)[-1]).item()
    return attend(scores, values, mask)[0]


def _array(name: str, x: ArrayLike, rank: int) -> jax.Array:
    """A floating-point array of at least `rank` dimensions, none of the last ones empty."""
    x = jnp.asarray(x)
    if x.ndim < rank or 0 in x.shape[-rank:]:
        axes = ("..., n", "..., rows, width")[rank - 1]
        raise ValueError(f"{name} has shape {x.shape}; give ({axes}), with nothing empty.")
    return x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(jnp.float32)


def _queries_and_keys(queries: ArrayLike, keys: ArrayLike) -> tuple[jax.Array, jax.Array]:
    queries, keys = _array("queries", queries, 2), _array("keys", keys, 2)
    if queries.shape[:-2] != keys.shape[:-2]:
        raise ValueError(
            f"queries have shape {queries.shape} and keys {keys.shape}; all dimensions before "
            "the last two (the batch, the heads) must be equal."
        )
    return queries, keys


def _weight(name: str, weight: ArrayLike, shape: tuple[int, ...]) -> jax.Array:
    weight = _array(name, weight, 1)
    if weight.shape != shape:
        raise ValueError(f"{name} has shape {weight.shape}; here it must be {shape}.")
    return weight


def _mask(mask: ArrayLike, shape: tuple[int, ...]) -> jax.Array:
    mask = jnp.asarray(mask)
    if mask.dtype != bool:
        raise ValueError(
            f"mask is of {mask.dtype}; give booleans, True where a key may be looked at."
        )
    if mask.ndim != len(shape) or any(
        m not in (1, n) for m, n in zip(mask.shape, shape, strict=True)
    ):
        raise ValueError(
            f"mask has shape {mask.shape}, the scores {shape}; give as many dimensions, each "
            "the scores' or 1. For a batch of padded sources that is mask[:, None, :]."
        )
    return mask


def _check_temperature(temperature: jax.Array) -> None:
    if temperature.ndim:
        raise ValueError(f"temperature has shape {temperature.shape}; give one number.")
    if _known(temperature) and not 0 < temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; give a finite number above 0.")


def _known(x: jax.Array) -> bool:
    """Whether x has values to look at: under `jit` it has none."""
    return not isinstance(x, jax.core.Tracer)


def _spell(shape: tuple[int, ...], last: str) -> str:
    return "(" + ", ".join([*map(str, shape), last]) + ")"
