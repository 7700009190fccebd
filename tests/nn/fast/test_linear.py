"""Dense layers row by row: Flax's function, Flax's parameters, one product a gradient."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from karpa_helpers.nn.fast.linear import Linear, by_rows


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 3, 5), (2, 3, 4, 5)])
def test_layer_is_flax_layer(shape, use_bias):
    mine, flax = (kind(5, 7, use_bias=use_bias, rngs=nnx.Rngs(0)) for kind in (Linear, nnx.Linear))
    x = jax.random.normal(jax.random.key(1), shape)
    np.testing.assert_allclose(mine(x), flax(x), rtol=1e-5, atol=1e-6)
    assert mine(x).shape == (*shape[:-1], 7)
    one, other = (
        nnx.grad(lambda layer: jnp.sum(jnp.sin(layer(x))))(layer) for layer in (mine, flax)
    )
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_gradient_is_one_product_of_matrices():
    graph, weights = nnx.split(Linear(5, 7, rngs=nnx.Rngs(0)))
    x = jnp.ones((2, 3, 5))
    slope = jax.grad(lambda weights: jnp.sum(nnx.merge(graph, weights)(x) ** 2))
    program = str(jax.make_jaxpr(slope)(weights))
    assert program.count("dot_general[") == 2
    assert "([0, 1], [0, 1])" not in program


def test_rows_keep_their_places():
    x = jnp.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(by_rows(lambda rows: rows[:, :2] + 1, x), x[..., :2] + 1)


@pytest.mark.parametrize("shape", [(0, 5), (0, 3, 5), (2, 0, 5)])
def test_no_rows_give_no_rows(shape):
    assert Linear(5, 7, rngs=nnx.Rngs(0))(jnp.ones(shape)).shape == (*shape[:-1], 7)
