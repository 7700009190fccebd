"""Dense layers on arrays with leading dimensions, in the form that XLA's CPU backend runs well.

The gradient of a layer's weights is a product over all leading dimensions. Where there is more
than one of them, XLA for CPUs first transposes a copy of the gradient and then takes a slower
product. Laid out as rows, it is one fast product.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
from flax import nnx


def by_rows(function: Callable[[jax.Array], jax.Array], x: jax.Array) -> jax.Array:
    """A function of rows (M, D), which gives (M, E), applied to (..., D): shape (..., E)."""
    y = function(x.reshape(-1, x.shape[-1]))
    return y.reshape(*x.shape[:-1], y.shape[-1])


class Linear(nnx.Linear):
    """`nnx.Linear`, the same function with the same parameters, computed row by row."""

    def __call__(self, inputs: jax.Array, *args: jax.Array, **more: jax.Array) -> jax.Array:
        """Maps (..., in_features) to (..., out_features)."""
        call = super().__call__
        return by_rows(lambda rows: call(rows, *args, **more), inputs)
