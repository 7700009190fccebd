"""What a decoder chooses from at a step, in forms that XLA runs well on a CPU, too."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def argmax_rows(scores: jax.Array) -> jax.Array:
    """The place of the highest score of each row (N, V), the first of equals: (N,).

    As `argmax`, which XLA for CPUs computes number by number. A maximum and a minimum of many
    numbers at once are several times as fast.
    """
    top = scores.max(axis=-1, keepdims=True)
    places = jnp.arange(scores.shape[-1], dtype=jnp.int32)
    return jnp.where(scores == top, places, scores.shape[-1] - 1).min(axis=-1)


def top_k_rows(scores: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    """The highest scores of each row (N, V) and their places, each (N, count), as `lax.top_k`.

    Laid out as a table, the highest numbers of a row lie in the `count` columns with the highest
    maxima. So maxima, which are fast to find, leave few numbers to sort. Of equal scores at the
    edge another one may be chosen than by `lax.top_k`.
    """
    size = scores.shape[-1]
    columns = next(n for n in range(int(size**0.5), 0, -1) if size % n == 0)
    if columns <= count:
        return jax.lax.top_k(scores, count)
    table = scores.reshape(len(scores), size // columns, columns)
    _, chosen = jax.lax.top_k(table.max(axis=1), count)
    few = jnp.take_along_axis(table, chosen[:, None], axis=2)  # (N, V / columns, count)
    values, place = jax.lax.top_k(few.reshape(len(scores), -1), count)
    row, column = jnp.divmod(place, count)
    return values, row * columns + jnp.take_along_axis(chosen, column, axis=1)
