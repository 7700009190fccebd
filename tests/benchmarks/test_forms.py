"""Every form of a layer is the same function as the library's, and so are its gradients."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from benchmarks import flops, forms

LAYERS = {layer.name: layer for layer in forms.layers(quick=True)}
CASES = [
    (layer.name, form) for layer in LAYERS.values() for form in list(layer.forms)[1:]
    if layer.name[-2:] not in ("64", "32")  # their forms are those of the smaller ones
]  # fmt: skip


def values(layer: forms.Layer, form: str) -> list[np.ndarray]:
    """What a form gives forward and by its gradients, compiled as one program."""
    given = forms.arrays(layer, quick=True)
    orders = [order for order in layer.orders if order != "gradient in scan"]

    def everything(*given: jax.Array) -> list[Any]:
        return [forms.differentiated(layer.forms[form], order)(*given) for order in orders]

    return [np.asarray(leaf) for leaf in jax.tree.leaves(jax.jit(everything)(*given))]


@functools.cache
def library(name: str) -> list[np.ndarray]:
    """What the library's own form gives."""
    return values(LAYERS[name], next(iter(LAYERS[name].forms)))


@pytest.mark.parametrize(("name", "form"), CASES)
def test_forms_are_equal(name: str, form: str) -> None:
    for wanted, found in zip(library(name), values(LAYERS[name], form), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=2e-4, atol=2e-5)


def test_the_gru_is_flax_cell() -> None:
    cell = nnx.GRUCell(6, 4, rngs=nnx.Rngs(0))
    x = jax.random.normal(jax.random.key(1), (2, 5, 6))
    wanted = nnx.RNN(cell, rngs=nnx.Rngs(0))(x)
    inner, outer = cell.dense_h.kernel[...], cell.dense_i.kernel[...]
    found = LAYERS["gru"].forms["scan of the cell"](x, outer, cell.dense_i.bias[...], inner)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_products_are_counted_as_by_xla() -> None:
    x, w, k = jnp.ones((3, 4, 4, 2)), jnp.ones((32, 7)), jnp.ones((3, 3, 2, 2))

    def network(x: jax.Array, w: jax.Array) -> jax.Array:
        y = jax.lax.conv_general_dilated(
            x, k, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        assert y.shape == (3, 2, 2, 2)
        return x.reshape(3, -1) @ w + y.sum()

    products = 2 * 3 * 32 * 7 + 2 * 3 * 4 * 2 * (9 * 2)
    assert flops.of(network, x, w) == products
    assert flops.by_xla(lambda w: x.reshape(3, -1) @ w, w) == pytest.approx(2 * 3 * 32 * 7, rel=0.1)


def test_a_scan_counts_as_often_as_it_is_long() -> None:
    w = jnp.ones((4, 4))

    def step(x: jax.Array, _: None) -> tuple[jax.Array, None]:
        return x @ w, None

    assert flops.of(lambda x: jax.lax.scan(step, x, None, 5)[0], jnp.ones((3, 4))) == 5 * 96


def test_forms_are_timed_and_kept(tmp_path, capsys) -> None:
    out = tmp_path / "forms.json"
    arguments = ["--quick", "--only", "layer_norm", "--rounds", "1", "--out", str(out)]
    assert forms.main(arguments) == 0
    assert forms.main(arguments) == 0
    assert out.read_text().count('"layer": "layer_norm"') == 2  # the second run's replace them
    assert "| layer_norm | flax |" in capsys.readouterr().out
