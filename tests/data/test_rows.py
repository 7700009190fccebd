"""Groups of similar length: every pair once, nothing but its own columns, the same gradient."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from karpa_helpers import training
from karpa_helpers.data.rows import group_pairs, shapes_for
from karpa_helpers.data.vocabulary import BOS, EOS, PAD, pad
from karpa_helpers.seq2seq import fitting, networks


def made_up(count: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows of random lengths; the first token of a source is its own number, to know it by."""
    rng = np.random.default_rng(seed)
    source = [[4 + n, *rng.integers(4, 30, rng.geometric(0.2)), EOS] for n in range(count)]
    target = [[BOS, 4 + n, *rng.integers(4, 30, rng.geometric(0.2)), EOS] for n in range(count)]
    return pad(source), pad(target)


def test_every_pair_is_in_one_group_and_loses_no_token():
    source, target = made_up()
    shapes = shapes_for(source, target)
    data = group_pairs(source, target, shapes, 16)
    numbers = data["source"][..., 0]
    real = numbers != PAD
    assert sorted(numbers[real]) == list(range(4, 4 + len(source)))
    assert np.array_equal(data["target"][..., 1][real], numbers[real])
    for rows, target_rows, number in zip(
        data["source"], data["target"], data["shape"], strict=True
    ):
        s, t = shapes[number]
        assert not rows[:, s:].any()
        assert not target_rows[:, t:].any()
    for name, rows in (("source", source), ("target", target)):
        assert np.count_nonzero(data[name]) == np.count_nonzero(rows)


def test_a_pair_is_in_the_least_shape_that_holds_it():
    source, target = made_up()
    shapes = shapes_for(source, target)
    data = group_pairs(source, target, shapes, 8)
    for group in range(len(data["shape"])):
        lengths = (
            (data["source"][group] != PAD).sum(1),
            (data["target"][group] != PAD).sum(1),
        )
        for s, t in zip(*lengths, strict=True):
            least = next(n for n, (a, b) in enumerate(shapes) if s <= a and t <= b)
            assert least == data["shape"][group] or s == t == 0


def test_who_shares_a_group_depends_on_the_seed_alone():
    source, target = made_up()
    shapes = shapes_for(source, target)
    first, again, other = (
        group_pairs(source, target, shapes, 16, seed)["source"] for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_shapes_hold_the_shares_asked_for():
    source, target = made_up()
    shapes = shapes_for(source, target, (0.5, 1.0))
    lengths = (source != PAD).sum(1)
    assert (lengths <= shapes[0][0]).mean() >= 0.5
    assert shapes[-1] == (source.shape[1], target.shape[1])


def test_a_step_on_a_group_is_the_step_on_its_own_columns():
    source, target = made_up(40)
    shapes = shapes_for(source, target, (0.4, 0.8, 1.0))
    data = group_pairs(source, target, shapes, 8)
    model = networks.Seq2Seq(50, 50, 8, 12, attention="general", tied=True, rngs=nnx.Rngs(0))
    optimizer = optax.sgd(0.1)
    graph, state = training.create_state(model, optimizer)
    step = jax.jit(training.gradient_step(graph, optimizer, fitting.pair_loss(0.1)))
    wrap = functools.partial(fitting.by_shape, shapes=shapes)
    grouped_step = jax.jit(training.gradient_step(graph, optimizer, fitting.pair_loss(0.1), wrap))
    for number in range(len(shapes)):
        group = int(np.flatnonzero(data["shape"] == number)[-1])  # filled up with rows of PAD
        batch = jax.tree.map(lambda leaf, group=group: leaf[None, group], data)
        found, metrics = grouped_step(state, batch, jax.random.key(0))
        rows = data["source"][group, :, 0] != PAD
        alone = {name: jnp.asarray(data[name][group][rows]) for name in ("source", "target")}
        wanted, alone_metrics = step(state, alone, jax.random.key(0))
        assert float(metrics["loss"]) == pytest.approx(float(alone_metrics["loss"]), abs=1e-5)
        for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)


def test_fit_runs_over_groups():
    source, target = made_up(40)
    shapes = shapes_for(source, target, (0.5, 1.0))
    data = group_pairs(source, target, shapes, 8)
    model = networks.Seq2Seq(50, 50, 8, 8, rngs=nnx.Rngs(0))
    optimizer = optax.adam(1e-2)
    graph, state = training.create_state(model, optimizer)
    wrap = functools.partial(fitting.by_shape, shapes=shapes)
    step = training.gradient_step(graph, optimizer, fitting.pair_loss(), wrap)
    loss = training.fit(step, state, data, batch_size=1, steps=60, show=False).curve["loss"]
    assert loss[-10:].mean() < loss[:10].mean()


@pytest.mark.parametrize("shares", [(), (0.0, 1.0), (1.5,)])
def test_wrong_shares(shares):
    with pytest.raises(ValueError, match="shares"):
        shapes_for(*made_up(5), shares)


def test_wrong_groups():
    source, target = made_up(20)
    with pytest.raises(ValueError, match="more than the last shape"):
        group_pairs(source, target, [(2, 2)], 4)
    with pytest.raises(ValueError, match="no smaller than the one before"):
        group_pairs(source, target, [(90, 90), (2, 2)], 4)
    with pytest.raises(ValueError, match="batch_size of 1 or more"):
        group_pairs(source, target, [(90, 90)], 0)
    with pytest.raises(ValueError, match="20 sources and 3 targets"):
        group_pairs(source, target[:3], [(90, 90)], 4)
    with pytest.raises(ValueError, match="0 sources"):
        shapes_for(source[:0], target[:0])
