"""The masked scan against a NumPy loop by hand; padding, batch company and direction."""

from __future__ import annotations

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from karpa_helpers import lessons
from karpa_helpers.nn import recurrent

N, T, D, H = 3, 6, 4, 5
LENGTHS = (6, 1, 4)
KINDS = ("elman", "gru", "lstm")


def cell_of(kind):
    cell = recurrent.make_cell(kind, D, H, rngs=nnx.Rngs(1))
    # Zero biases would hide a bias in the wrong place.
    state = nnx.state(cell, nnx.Param)
    keys = iter(jax.random.split(jax.random.key(2), 40))
    noisy = jax.tree.map(lambda p: p + 0.1 * jax.random.normal(next(keys), p.shape), state)
    nnx.update(cell, noisy)
    return cell


def inputs():
    generator = np.random.default_rng(3)
    mask = np.arange(T) < np.array(LENGTHS)[:, None]
    return generator.normal(size=(N, T, D)).astype("f4"), mask


def dense(layer, x):
    y = x @ np.asarray(layer.kernel[...], "f8")
    return y if layer.bias is None else y + np.asarray(layer.bias[...], "f8")


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def by_hand(kind, cell, carry, x):
    """One step for one example, in float64."""
    c, h = carry
    if kind == "elman":
        return c, np.tanh(dense(cell.dense_i, x) + dense(cell.dense_h, h))
    if kind == "gru":
        from_x, from_h = np.split(dense(cell.dense_i, x), 3), np.split(dense(cell.dense_h, h), 3)
        r, z = sigmoid(from_x[0] + from_h[0]), sigmoid(from_x[1] + from_h[1])
        n = np.tanh(from_x[2] + r * from_h[2])
        return c, (1 - z) * n + z * h
    i = sigmoid(dense(cell.ii, x) + dense(cell.hi, h))
    f = sigmoid(dense(cell.if_, x) + dense(cell.hf, h))
    g = np.tanh(dense(cell.ig, x) + dense(cell.hg, h))
    o = sigmoid(dense(cell.io, x) + dense(cell.ho, h))
    c = f * c + i * g
    return c, o * np.tanh(c)


def loop(kind, cell, x, mask, reverse=False):
    """Outputs and last (c, h), example by example and position by position."""
    outputs, last = np.zeros((*x.shape[:2], H)), []
    for n in range(len(x)):
        c, h = np.zeros(H), np.zeros(H)
        order = range(x.shape[1])
        for t in reversed(order) if reverse else order:
            if mask[n, t]:
                c, h = by_hand(kind, cell, (c, h), x[n, t].astype("f8"))
            outputs[n, t] = h
        last.append((c, h))
    return outputs, last


FLAX_CELLS = {"elman": nnx.SimpleCell, "gru": nnx.GRUCell, "lstm": nnx.LSTMCell}


def named_weights(cell):
    leaves, _ = jax.tree_util.tree_flatten_with_path(nnx.state(cell, nnx.Param))
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


@pytest.mark.parametrize("kind", KINDS)
def test_weights_and_steps_are_those_of_flax_to_the_bit(kind):
    # Shipped weights and stored results hang on names, order and first values.
    ours = recurrent.make_cell(kind, D, H, rngs=nnx.Rngs(1))
    flax = FLAX_CELLS[kind](D, H, rngs=nnx.Rngs(1))
    found, wanted = named_weights(ours), named_weights(flax)
    assert found.keys() == wanted.keys()
    for name, weight in wanted.items():
        assert found[name].dtype == weight.dtype
        np.testing.assert_array_equal(found[name], weight, err_msg=name)
    nnx.update(flax, nnx.state(cell_of(kind), nnx.Param))
    x, _ = inputs()
    carry = same = flax.initialize_carry((N, D), nnx.Rngs(0))
    jax.tree.map(np.testing.assert_array_equal, recurrent.initial_carry(ours, N), carry)
    for t in range(T):
        carry, h = flax(carry, x[:, t])
        same, output = cell_of(kind)(same, x[:, t])
        jax.tree.map(np.testing.assert_array_equal, (same, output), (carry, h))


@pytest.mark.parametrize("kind", KINDS)
def test_runs_in_bfloat16(kind):
    graph, weights = nnx.split(cell_of(kind))
    cell = nnx.merge(graph, jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), weights))
    x, mask = inputs()
    outputs, carry = recurrent.run(cell, jnp.asarray(x, jnp.bfloat16), mask)
    assert {leaf.dtype for leaf in jax.tree.leaves((outputs, carry))} == {jnp.dtype("bfloat16")}
    np.testing.assert_allclose(
        np.asarray(outputs, "f4"), recurrent.run(cell_of(kind), x, mask)[0], atol=0.03
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reverse", [False, True])
def test_equals_a_loop_by_hand(kind, reverse):
    cell, (x, mask) = cell_of(kind), inputs()
    outputs, carry = recurrent.run(cell, x, mask, reverse=reverse)
    expected, last = loop(kind, cell, x, mask, reverse)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    np.testing.assert_allclose(recurrent.output_of(carry), [h for _, h in last], atol=1e-5)
    if kind == "lstm":
        np.testing.assert_allclose(carry[0], [c for c, _ in last], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reverse", [False, True])
def test_padding_and_company_change_nothing(kind, reverse):
    cell, (x, mask) = cell_of(kind), inputs()
    _, carry = recurrent.run(cell, x, mask, reverse=reverse)
    other = np.where(mask[..., None], x, 1e3).astype("f4")
    _, same = recurrent.run(cell, other, mask, reverse=reverse)
    jax.tree.map(np.testing.assert_array_equal, carry, same)
    for n, length in enumerate(LENGTHS):
        outputs, alone = recurrent.run(cell, x[n : n + 1, :length], reverse=reverse)
        one = jax.tree.map(lambda leaf, n=n: leaf[n : n + 1], carry)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), alone, one)
        whole, _ = recurrent.run(cell, x, mask, reverse=reverse)
        np.testing.assert_allclose(outputs[0], whole[n, :length], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_where_masked_the_output_is_the_carry(kind):
    cell, (x, mask) = cell_of(kind), inputs()
    outputs, _ = recurrent.run(cell, x, mask)
    for n, length in enumerate(LENGTHS):
        for t in range(length, T):
            np.testing.assert_array_equal(outputs[n, t], outputs[n, length - 1])
    nothing, carry = recurrent.run(cell, x, np.zeros((N, T), bool))
    assert not nothing.any()
    jax.tree.map(np.testing.assert_array_equal, carry, recurrent.initial_carry(cell, N))


@pytest.mark.parametrize("kind", KINDS)
def test_two_halves_are_the_whole(kind):
    cell, (x, mask) = cell_of(kind), inputs()
    whole, last = recurrent.run(cell, x, mask)
    first, carry = recurrent.run(cell, x[:, :2], mask[:, :2])
    second, end = recurrent.run(cell, x[:, 2:], mask[:, 2:], carry)
    np.testing.assert_allclose(jnp.concatenate([first, second], 1), whole, atol=1e-6)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), end, last)


@pytest.mark.parametrize("kind", KINDS)
def test_no_gradient_through_padding(kind):
    cell, (x, mask) = cell_of(kind), inputs()

    @jax.jit
    def slope(x):
        return jax.grad(lambda x: (recurrent.run(cell, x, mask)[0] ** 2).sum())(x)

    gradient = np.asarray(slope(x))
    assert not gradient[~mask].any()
    assert np.abs(gradient[mask]).min() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_bidirectional_is_a_run_each_way(kind):
    both = recurrent.Bidirectional(kind, D, H, rngs=nnx.Rngs(5))
    x, mask = inputs()
    outputs, (forward, backward) = both(x, mask)
    there, end = recurrent.run(both.forward, x, mask)
    back, start = recurrent.run(both.backward, x, mask, reverse=True)
    assert outputs.shape == (N, T, 2 * H)
    np.testing.assert_array_equal(outputs[..., :H], there)
    np.testing.assert_array_equal(outputs[..., H:], back)
    jax.tree.map(np.testing.assert_array_equal, (forward, backward), (end, start))
    np.testing.assert_array_equal(outputs[:, 0, H:], recurrent.output_of(backward))
    jax.tree.map(np.testing.assert_array_equal, both(x)[1], both(x, np.ones((N, T), bool))[1])


def test_gradients_reach_every_weight():
    both = recurrent.Bidirectional("lstm", D, H, rngs=nnx.Rngs(6))
    x, mask = inputs()
    slopes = nnx.grad(lambda both: (both(x, mask)[0] ** 2).sum())(both)
    leaves = jax.tree.leaves(slopes)
    assert len(leaves) == 24
    assert all(np.abs(leaf).max() > 0 for leaf in leaves)


def test_wrong_input_is_explained():
    cell, (x, mask) = cell_of("gru"), inputs()
    with pytest.raises(ValueError, match=r"\(N, T, 4\)"):
        recurrent.run(cell, x[..., :3])
    with pytest.raises(ValueError, match=r"\(N, T, 4\)"):
        recurrent.run(cell, x[0])
    with pytest.raises(ValueError, match="mask has shape"):
        recurrent.run(cell, x, mask[:, :-1])
    with pytest.raises(ValueError, match='"elman", "gru" or "lstm"'):
        recurrent.make_cell("rnn", D, H, rngs=nnx.Rngs(0))


def torch_weights(cell, kind, layer):
    """Writes PyTorch's weights into a cell; of its two biases the sum, where one suffices."""
    weight = {name: np.array(value) for name, value in layer.items()}
    w, u = weight["weight_ih"].T, weight["weight_hh"].T
    b, c = weight["bias_ih"], weight["bias_hh"]
    if kind == "elman":
        pairs = {"dense_i.kernel": w, "dense_h.kernel": u, "dense_i.bias": b + c}
    elif kind == "gru":
        both = b + np.where(np.arange(len(c)) < 2 * len(c) // 3, c, 0)
        pairs = {"dense_i.kernel": w, "dense_h.kernel": u, "dense_i.bias": both}
    else:
        pairs = {}
        for n, gate in enumerate("ifgo"):
            name = "if_" if gate == "f" else f"i{gate}"
            part = slice(n * len(u), (n + 1) * len(u))
            pairs |= {f"{name}.kernel": w[:, part], f"h{gate}.kernel": u[:, part]}
            pairs[f"h{gate}.bias"] = (b + c)[part]
    for name, value in pairs.items():
        layer_name, part_name = name.split(".")
        getattr(getattr(cell, layer_name), part_name)[...] = jnp.asarray(value, jnp.float32)


ORACLE = json.loads((Path(lessons.__file__).parent / "torch_cells.json").read_text("utf-8"))


@pytest.mark.parametrize("kind", KINDS)
def test_equals_pytorch(kind):
    layer = ORACLE["layers"][kind]
    x = jnp.array(ORACLE["x"])
    cell = recurrent.make_cell(kind, x.shape[-1], 4, rngs=nnx.Rngs(0))
    torch_weights(cell, kind, layer)
    if kind == "gru":  # the cell has no bias inside r (U h); PyTorch's is zero in the oracle
        assert not np.array(layer["bias_hh"])[8:].any()
    outputs, _ = recurrent.run(cell, x)
    np.testing.assert_allclose(outputs, layer["outputs"], atol=1e-6)
    slopes = nnx.grad(lambda cell: (recurrent.run(cell, x)[0] ** 2).sum())(cell)
    if kind == "lstm":
        found = np.concatenate([slopes[f"h{gate}"]["kernel"][...] for gate in "ifgo"], axis=1)
    else:
        found = slopes["dense_h"]["kernel"][...]
    np.testing.assert_allclose(found.T, layer["gradient_weight_hh"], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_products_with_inputs_are_made_in_front_of_the_scan(kind):
    # What the form is for: no scan gets inputs of width D, only what became of them.
    x, _ = inputs()
    graph, weights = nnx.split(cell_of(kind))
    run = jax.make_jaxpr(lambda weights: recurrent.run(nnx.merge(graph, weights), x))(weights)
    found = repr(run)
    assert f"f32[{N * T},{D}]" in found
    scans = found[found.index("scan[") :]
    assert f"f32[{N},{D}]" not in scans
