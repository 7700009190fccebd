"""The scan with products at the end against `jax.lax.scan` and its own derivative."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from karpa_helpers.nn import recurrent
from karpa_helpers.nn.fast.product_scan import product_scan

N, T, D, H = 3, 5, 4, 6


def step(parts: Any, carry: Any, now: Any, scale: jax.Array) -> Any:
    """A masked cell and a second layer; two leaves of input, of which one has no gradient."""
    cell, layer = parts
    x, real = now
    new = cell(carry, x)[0]
    new = jax.tree.map(lambda n, old: jnp.where(real[:, None], n, old), new, carry)
    return new, scale * layer(recurrent.output_of(new))


def parts_and_arguments(kind: Any) -> tuple[Any, Any]:
    rngs, keys = nnx.Rngs(0), jax.random.split(jax.random.key(1), 3)
    cell = recurrent.make_cell(kind, D, H, rngs=rngs)
    carry = recurrent.initial_carry(cell, N)
    carry = jax.tree.map(lambda x: 0.1 + x, carry)
    xs = jax.random.normal(keys[0], (T, N, D)), jax.random.bernoulli(keys[1], 0.7, (T, N))
    return (cell, nnx.Linear(H, 2, rngs=rngs)), (carry, xs, jnp.float32(1.5))


@pytest.mark.parametrize("first", [0, 2])  # the weights; the inputs, as in a penalty on slopes
@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_second_derivatives_equal_those_of_lax_scan(kind: Any, first: int) -> None:
    parts, (carry, (x, real), scale) = parts_and_arguments(kind)
    graph, weights = nnx.split(parts)

    def ours(weights: Any, carry: Any, x: Any) -> jax.Array:
        return product_scan(step, nnx.merge(graph, weights), carry, (x, real), scale)[1]

    def oracle(weights: Any, carry: Any, x: Any) -> jax.Array:
        body = lambda carry, now: step(nnx.merge(graph, weights), carry, now, scale)  # noqa: E731
        return jax.lax.scan(body, carry, (x, real))[1]

    def curvature(function: Any) -> Any:
        def slopes(*arguments: Any) -> jax.Array:
            slope = jax.grad(lambda *a: jnp.sum(function(*a)[-1] ** 2), first)(*arguments)
            return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(slope))

        return jax.jit(jax.grad(slopes, (0, 1, 2)))(weights, carry, x)

    found, wanted = curvature(ours), curvature(oracle)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), found, wanted)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_values_and_all_gradients_equal_those_of_lax_scan(kind: Any, reverse: bool) -> None:
    parts, (carry, (x, real), scale) = parts_and_arguments(kind)
    graph, weights = nnx.split(parts)

    def total(end: Any) -> jax.Array:
        return sum(jnp.sum(jnp.sin(leaf)) for leaf in jax.tree.leaves(end))

    def ours(weights: Any, carry: Any, x: Any, scale: Any) -> jax.Array:
        parts = nnx.merge(graph, weights)
        return total(product_scan(step, parts, carry, (x, real), scale, reverse=reverse))

    def oracle(weights: Any, carry: Any, x: Any, scale: Any) -> jax.Array:
        parts = nnx.merge(graph, weights)
        body = lambda carry, now: step(parts, carry, now, scale)  # noqa: E731
        return total(jax.lax.scan(body, carry, (x, real), reverse=reverse))

    arguments = weights, carry, x, scale
    found = jax.value_and_grad(ours, argnums=(0, 1, 2, 3))(*arguments)
    wanted = jax.jit(jax.value_and_grad(oracle, argnums=(0, 1, 2, 3)))(*arguments)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-6), found, wanted)
    assert all(float(jnp.abs(leaf).max()) > 0 for leaf in jax.tree.leaves(found))


def test_a_layer_that_is_not_called_gets_a_gradient_of_zeros() -> None:
    (cell, spare), (carry, xs, scale) = parts_and_arguments("gru")
    graph, weights = nnx.split((cell, nnx.Linear(H, 2, rngs=nnx.Rngs(2)), spare))

    def loss(weights: Any) -> jax.Array:
        run = lambda parts, *rest: step(parts[:2], *rest)  # noqa: E731
        return product_scan(run, nnx.merge(graph, weights), carry, xs, scale)[1].sum()

    slope = nnx.merge(graph, jax.grad(loss)(weights))
    assert float(jnp.abs(slope[2].kernel[...]).max()) == 0
    assert float(jnp.abs(slope[1].kernel[...]).max()) > 0


def shapes_out_of_scans(loss: Any, weights: Any) -> set[tuple[int, ...]]:
    equations = jax.make_jaxpr(jax.grad(loss))(weights).eqns
    return {v.aval.shape for e in equations if e.primitive.name == "scan" for v in e.outvars}


def test_the_backward_scan_sums_no_weight_matrix() -> None:
    # What the form is for.
    (cell, _), (carry, (x, _), _) = parts_and_arguments("gru")
    graph, weights = nnx.split(cell)
    advance = lambda cell, carry, x, _: (cell(carry, x)[0],) * 2  # noqa: E731

    def ours(weights: Any) -> jax.Array:
        return product_scan(advance, nnx.merge(graph, weights), carry, x)[1].sum()

    def lax(weights: Any) -> jax.Array:
        cell = nnx.merge(graph, weights)
        return jax.lax.scan(lambda carry, x: advance(cell, carry, x, None), carry, x)[1].sum()

    matrices = {(H, 3 * H), (D, 3 * H)}
    assert matrices <= shapes_out_of_scans(lax, weights)
    assert not matrices & shapes_out_of_scans(ours, weights)


def test_a_layer_called_twice_in_a_step_is_refused() -> None:
    (_, layer), _ = parts_and_arguments("gru")
    twice = lambda layer, carry, x, _: (carry, layer(x) + layer(2 * x))  # noqa: E731
    graph, weights = nnx.split(layer)
    loss = lambda w: product_scan(twice, nnx.merge(graph, w), 0.0, jnp.ones((T, N, H)))[1].sum()  # noqa: E731
    with pytest.raises(ValueError, match=r"calls one nnx\.Linear twice"):
        jax.grad(loss)(weights)
