"""Forms of normalisation, gather, the loss over a vocabulary, and recurrence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from karpa_helpers.nn import recurrent
from karpa_helpers.seq2seq import losses

EPSILON = 1e-5


def batch_norm_flax(x: jax.Array, scale: jax.Array) -> jax.Array:
    """Over all but the last axis, as Flax does: E x and E x^2 in one pass."""
    axes = tuple(range(x.ndim - 1))
    mean = jnp.mean(x, axes)
    variance = jnp.maximum(jnp.mean(jnp.square(x), axes) - jnp.square(mean), 0)
    return (x - mean) * (jax.lax.rsqrt(variance + EPSILON) * scale)


def batch_norm_two_passes(x: jax.Array, scale: jax.Array) -> jax.Array:
    """Over all but the last axis, the variance after the mean."""
    axes = tuple(range(x.ndim - 1))
    centred = x - jnp.mean(x, axes)
    return centred * (jax.lax.rsqrt(jnp.mean(jnp.square(centred), axes) + EPSILON) * scale)


def batch_norm_product(x: jax.Array, scale: jax.Array) -> jax.Array:
    """Over all but the last axis, sums as products with a row of ones."""
    rows = x.reshape(-1, x.shape[-1])
    share = jnp.full((1, len(rows)), 1 / len(rows), x.dtype)
    mean = (share @ rows)[0]
    variance = jnp.maximum((share @ jnp.square(rows))[0] - jnp.square(mean), 0)
    return (x - mean) * (jax.lax.rsqrt(variance + EPSILON) * scale)


def layer_norm_flax(x: jax.Array, scale: jax.Array) -> jax.Array:
    """Over the last axis, as Flax does."""
    mean = jnp.mean(x, -1, keepdims=True)
    variance = jnp.maximum(jnp.mean(jnp.square(x), -1, keepdims=True) - jnp.square(mean), 0)
    return (x - mean) * (jax.lax.rsqrt(variance + EPSILON) * scale)


def layer_norm_product(x: jax.Array, scale: jax.Array) -> jax.Array:
    """Over the last axis, sums as products with a column of ones."""
    share = jnp.full((x.shape[-1], 1), 1 / x.shape[-1], x.dtype)
    mean = x @ share
    variance = jnp.maximum(jnp.square(x) @ share - jnp.square(mean), 0)
    return (x - mean) * (jax.lax.rsqrt(variance + EPSILON) * scale)


def gather_with(by_table: Callable[[jax.Array, jax.Array, int], jax.Array]) -> Any:
    """A look-up whose gradient by the table takes a form of its own.

    Args:
        by_table: (numbers (M,), gradients (M, D), V) to the gradient (V, D).
    """

    def make(ids: jax.Array) -> Callable[[jax.Array], jax.Array]:
        @jax.custom_vjp
        def look_up(table: jax.Array) -> jax.Array:
            return table[ids]

        def there(table: jax.Array) -> tuple[jax.Array, jax.Array]:
            return table[ids], table[:, :0]  # only its length is needed

        def back(kept: jax.Array, gradient: jax.Array) -> tuple[jax.Array]:
            rows = gradient.reshape(-1, gradient.shape[-1])
            return (by_table(ids.reshape(-1), rows, len(kept)),)

        look_up.defvjp(there, back)
        return look_up

    return make


def by_one_hot(ids: jax.Array, rows: jax.Array, size: int) -> jax.Array:
    """Sum of rows by number: a product with zeros and ones."""
    return jax.nn.one_hot(ids, size, dtype=rows.dtype, axis=0) @ rows


def by_sorting(ids: jax.Array, rows: jax.Array, size: int) -> jax.Array:
    """Sum of rows by number, those of one number side by side."""
    order = jnp.argsort(ids)
    return jax.ops.segment_sum(rows[order], ids[order], size, indices_are_sorted=True)


def by_loop(ids: jax.Array, rows: jax.Array, size: int) -> jax.Array:
    """Sum of rows by number, one after the other."""

    def add(number: jax.Array, total: jax.Array) -> jax.Array:
        return total.at[ids[number]].add(rows[number])

    return jax.lax.fori_loop(0, len(ids), add, jnp.zeros((size, rows.shape[-1]), rows.dtype))


def loss_library(targets: jax.Array) -> Callable[[jax.Array], jax.Array]:
    """Optax's loss."""
    return lambda logits: optax.softmax_cross_entropy_with_integer_labels(logits, targets)


def loss_course(targets: jax.Array) -> Callable[[jax.Array], jax.Array]:
    """The course's loss."""
    return lambda logits: losses.token_losses(logits, targets)


def loss_comparison(targets: jax.Array) -> Callable[[jax.Array], jax.Array]:
    """The target's logit as a sum of zeros and itself."""

    def loss(logits: jax.Array) -> jax.Array:
        hit = jnp.arange(logits.shape[-1]) == targets[..., None]
        return jax.nn.logsumexp(logits, axis=-1) - jnp.sum(jnp.where(hit, logits, 0), axis=-1)

    return loss


def loss_kept(targets: jax.Array) -> Callable[[jax.Array], jax.Array]:
    """Exponentials are computed once and kept for the gradient; sums are products with ones."""

    @jax.custom_vjp
    def loss(logits: jax.Array) -> jax.Array:
        return there(logits)[0]

    def there(logits: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        size = logits.shape[-1]
        top = jnp.max(logits, -1, keepdims=True)
        terms = jnp.exp(logits - top)
        total = (terms @ jnp.ones((size, 1), logits.dtype))[..., 0]
        chosen = jnp.take_along_axis(logits, targets[..., None], -1)[..., 0]
        return jnp.log(total) + top[..., 0] - chosen, (terms, total)

    def back(kept: tuple[jax.Array, jax.Array], gradient: jax.Array) -> tuple[jax.Array]:
        terms, total = kept
        hit = jnp.arange(terms.shape[-1]) == targets[..., None]
        return (terms * (gradient / total)[..., None] - jnp.where(hit, gradient[..., None], 0),)

    loss.defvjp(there, back)
    return loss


def loss_two_stages(targets: jax.Array) -> Callable[[jax.Array], jax.Array]:
    """Maximum and sum in two stages, the first over an axis that is not the last one."""

    def reduced(function: Any, x: jax.Array) -> jax.Array:
        size = x.shape[-1]
        lanes = next(n for n in (16, 8, 4, 2, 1) if size % n == 0)
        return function(function(x.reshape(*x.shape[:-1], size // lanes, lanes), -2), -1)

    def loss(logits: jax.Array) -> jax.Array:
        top = jax.lax.stop_gradient(reduced(jnp.max, logits))
        total = reduced(jnp.sum, jnp.exp(logits - top[..., None]))
        hit = jnp.arange(logits.shape[-1]) == targets[..., None]
        return jnp.log(total) + top - reduced(jnp.sum, jnp.where(hit, logits, 0))

    return loss


GRU = Callable[[jax.Array, jax.Array, jax.Array, jax.Array], jax.Array]


def gates(from_input: jax.Array, from_state: jax.Array) -> tuple[jax.Array, jax.Array]:
    """z and n of one GRU step."""
    reset_x, update_x, new_x = jnp.split(from_input, 3, -1)
    reset_h, update_h, new_h = jnp.split(from_state, 3, -1)
    reset, update = jax.nn.sigmoid(reset_x + reset_h), jax.nn.sigmoid(update_x + update_h)
    return update, jnp.tanh(new_x + reset * new_h)


def gru_cell(inputs_first: bool = False, unroll: int = 1, masked: bool = False) -> GRU:
    """Flax's GRU in a scan: (x (N, T, D), kernel, bias, recurrent kernel) to (N, T, H)."""

    def run(x: jax.Array, kernel: jax.Array, bias: jax.Array, inner: jax.Array) -> jax.Array:
        def advance(h: jax.Array, now: Any) -> tuple[jax.Array, jax.Array]:
            now, real = now if masked else (now, None)
            from_input = now if inputs_first else now @ kernel + bias
            update, new = gates(from_input, h @ inner)
            after = (1 - update) * new + update * h
            after = after if real is None else jnp.where(real[:, None], after, h)
            return after, after

        given = x @ kernel + bias if inputs_first else x
        by_time = given.swapaxes(0, 1)
        mask = jnp.ones(by_time.shape[:2], bool)
        start = jnp.zeros((len(x), inner.shape[0]), x.dtype)
        sequence = (by_time, mask) if masked else by_time
        _, outputs = jax.lax.scan(advance, start, sequence, unroll=unroll)
        return outputs.swapaxes(0, 1)

    return run


def gru_course(x: jax.Array, kernel: jax.Array, bias: jax.Array, inner: jax.Array) -> jax.Array:
    """The course's `nn.recurrent.run`: inputs first, kernels' gradients behind the scan."""
    cell = recurrent.make_cell("gru", x.shape[-1], len(inner), rngs=nnx.Rngs(0))
    cell.dense_i.kernel[...], cell.dense_i.bias[...] = kernel, bias
    cell.dense_h.kernel[...] = inner
    return recurrent.run(cell, x, jnp.ones(x.shape[:2], bool))[0]


BATCH_NORM = {
    "flax": batch_norm_flax, "two passes": batch_norm_two_passes,
    "sums by products": batch_norm_product,
}  # fmt: skip
LAYER_NORM = {"flax": layer_norm_flax, "sums by products": layer_norm_product}
GATHER = {
    "take": lambda ids: lambda table: jnp.take(table, ids, axis=0),
    "gradient by one-hot product": gather_with(by_one_hot),
    "gradient by sorting": gather_with(by_sorting),
    "gradient by a loop": gather_with(by_loop),
}
LOSS = {
    "optax": loss_library, "course": loss_course, "comparison": loss_comparison,
    "kept exponentials": loss_kept, "two stages": loss_two_stages,
}  # fmt: skip
RECURRENCE: dict[str, GRU] = {
    "scan of the cell": gru_cell(),
    "with a mask": gru_cell(masked=True),
    "inputs first": gru_cell(inputs_first=True),
    "four steps unrolled": gru_cell(unroll=4),
    "inputs first, kernels' gradients last (course)": gru_course,
}


def bound(forms: dict[str, Any], numbers: np.ndarray) -> dict[str, Any]:
    """Forms that take numbers first, with the numbers given."""
    return {name: make(jnp.asarray(numbers)) for name, make in forms.items()}
