"""Forms of attention, and of what a decoder or a loader does at each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from karpa_helpers.data.vocabulary import BOS, PAD
from karpa_helpers.nn import transformer
from karpa_helpers.nn.fast import choices
from karpa_helpers.seq2seq import decoding

KEPT = 5  # of a beam


def attention_library(q: jax.Array, k: jax.Array, v: jax.Array) -> jax.Array:
    """JAX's own, causal: (N, T, H, d) each."""
    return jax.nn.dot_product_attention(q, k, v, is_causal=True, implementation="xla")


def attention_course(q: jax.Array, k: jax.Array, v: jax.Array) -> jax.Array:
    """The course's, causal."""
    return transformer.attend_heads(q, k, v, transformer.causal_mask(q.shape[1]))[0]


def attention_einsum(q: jax.Array, k: jax.Array, v: jax.Array) -> jax.Array:
    """Heads stay where they are; the mask is added."""
    length = q.shape[1]
    blocked = jnp.where(jnp.tril(jnp.ones((length, length), bool)), 0.0, -1e9)
    scores = jnp.einsum("nthd,nshd->nhts", q, k) / np.sqrt(q.shape[-1]).item() + blocked
    return jnp.einsum("nhts,nshd->nthd", jax.nn.softmax(scores), v)


def attention_sums(q: jax.Array, k: jax.Array, v: jax.Array) -> jax.Array:
    """No products of many small matrices: multiply and sum, which XLA fuses."""
    length = q.shape[1]
    blocked = jnp.where(jnp.tril(jnp.ones((length, length), bool)), 0.0, -1e9)
    scores = jnp.sum(q[:, :, None] * k[:, None], -1) / np.sqrt(q.shape[-1]).item()  # (N, T, S, H)
    weights = jax.nn.softmax(scores + blocked[..., None], axis=2)
    return jnp.sum(weights[..., None] * v[:, None], 2)


def top_library(scores: jax.Array) -> jax.Array:
    """`lax.top_k`: values, then places as floats, (N, 2 k)."""
    values, places = jax.lax.top_k(scores, KEPT)
    return jnp.concatenate([values, places.astype(scores.dtype)], -1)


def top_course(scores: jax.Array) -> jax.Array:
    """The course's: the k columns with the highest maxima first."""
    values, places = choices.top_k_rows(scores, KEPT)
    return jnp.concatenate([values, places.astype(scores.dtype)], -1)


def top_two_stages(scores: jax.Array) -> jax.Array:
    """The k best of each continuation, then those of all together."""
    count, size = scores.shape
    part = size // KEPT
    values, inside = jax.lax.top_k(scores.reshape(count, KEPT, part), KEPT)
    every = (inside + part * jnp.arange(KEPT)[:, None]).reshape(count, -1)
    values, chosen = jax.lax.top_k(values.reshape(count, -1), KEPT)
    places = jnp.take_along_axis(every, chosen, 1)
    return jnp.concatenate([values, places.astype(scores.dtype)], -1)


def top_by_maxima(scores: jax.Array) -> jax.Array:
    """k times the maximum."""
    rows = jnp.arange(len(scores))
    found: list[Any] = []
    for _ in range(KEPT):
        place = jnp.argmax(scores, -1)
        found.append((scores[rows, place], place))
        scores = scores.at[rows, place].set(-jnp.inf)
    values, places = (jnp.stack(part, -1) for part in zip(*found, strict=True))
    return jnp.concatenate([values, places.astype(scores.dtype)], -1)


def next_where(logits: jax.Array) -> jax.Array:
    """As the course's, the forbidden words by a comparison."""
    place = jnp.arange(logits.shape[-1])
    return jnp.where((place == PAD) | (place == BOS), -jnp.inf, jax.nn.log_softmax(logits))


def next_fewer_sums(logits: jax.Array) -> jax.Array:
    """The same with the sum of exponentials as a product with ones."""
    size = logits.shape[-1]
    top = jnp.max(logits, -1, keepdims=True)
    total = jnp.exp(logits - top) @ jnp.ones((size, 1), logits.dtype)
    place = jnp.arange(size)
    return jnp.where((place == PAD) | (place == BOS), -jnp.inf, logits - top - jnp.log(total))


def cache_rows(cache: jax.Array, new: jax.Array) -> jax.Array:
    """Writes (N, H, d) at a place of (N, L, H, d), row by row, as the course does."""
    rows, place = jnp.arange(len(cache)), jnp.full(len(cache), cache.shape[1] // 2)
    return cache.at[rows, place].set(new)


def cache_where(cache: jax.Array, new: jax.Array) -> jax.Array:
    """The same by a comparison."""
    place = jnp.full(len(cache), cache.shape[1] // 2)
    here = jnp.arange(cache.shape[1]) == place[:, None]
    return jnp.where(here[..., None, None], new[:, None], cache)


def cache_slice(cache: jax.Array, new: jax.Array) -> jax.Array:
    """The same where all rows stand at one place: one slice."""
    return jax.lax.dynamic_update_slice_in_dim(cache, new[:, None], cache.shape[1] // 2, 1)


def batch_library(ids: jax.Array) -> Callable[[jax.Array], jax.Array]:
    """A batch of images as the engine draws it."""
    return lambda images: images[ids]


def batch_words(ids: jax.Array) -> Callable[[jax.Array], jax.Array]:
    """Four pixels at a time."""

    def draw(images: jax.Array) -> jax.Array:
        count, *shape = images.shape
        words = jax.lax.bitcast_convert_type(images.reshape(count, -1, 4), jnp.uint32)
        found = jax.lax.bitcast_convert_type(words[ids], jnp.uint8)
        return found.reshape(len(ids), *shape)

    return draw


def batch_slices(ids: jax.Array) -> Callable[[jax.Array], jax.Array]:
    """One image after the other, each a slice that lies in one piece."""

    def draw(images: jax.Array) -> jax.Array:
        return jax.lax.map(
            lambda number: jax.lax.dynamic_index_in_dim(images, number, keepdims=False), ids
        )

    return draw


ATTENTION = {
    "jax": attention_library, "course": attention_course, "heads behind": attention_einsum,
    "sums": attention_sums,
}  # fmt: skip
TOP = {
    "lax": top_library, "course": top_course, "two stages": top_two_stages,
    "maxima": top_by_maxima,
}  # fmt: skip
NEXT = {
    "course": decoding.next_log_probabilities, "where": next_where,
    "where, sum by a product": next_fewer_sums,
}  # fmt: skip
CACHE = {"rows (course)": cache_rows, "where": cache_where, "slice": cache_slice}
BATCH = {"index (course)": batch_library, "words": batch_words, "slices": batch_slices}
