"""Muon against an update written out with NumPy."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from karpa_helpers import training
from karpa_helpers.seq2seq.networks import Seq2Seq
from karpa_helpers.training import optimizers


def polynomial(singular: np.ndarray) -> np.ndarray:
    """What five rounds make of singular values that are divided by their norm."""
    s = singular / np.linalg.norm(singular)
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return s


def updates(gradients, params, **settings):
    """The updates of some steps."""
    optimizer = optimizers.muon(
        **{"learning_rate": 0.1, "adam_rate": 0.01, "rounds": 5, **settings}
    )
    memory, found = optimizer.init(params), []
    for gradient in gradients:
        update, memory = optimizer.update(gradient, memory, params)
        found.append(update)
    return found


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)])
def test_a_matrix_moves_alike_along_all_its_directions(shape):
    gradient = np.asarray(jax.random.normal(jax.random.key(0), shape)) * 7.0
    (update,) = updates([{"kernel": gradient}], {"kernel": jnp.zeros(shape)})
    left, singular, right = np.linalg.svd(gradient, full_matrices=False)
    longer = np.sqrt(max(1.0, shape[1] / shape[0]))  # the first moment is the gradient's multiple
    expected = -0.1 * longer * (left * polynomial(singular)) @ right
    np.testing.assert_allclose(update["kernel"], expected, atol=1e-4)
    sizes = np.linalg.svd(np.asarray(update["kernel"]), compute_uv=False) / (0.1 * longer)
    assert sizes.min() > 0.5
    assert sizes.max() < 1.3


def test_momentum_looks_one_step_ahead():
    a, b = jax.random.normal(jax.random.key(1), (2, 4, 4))
    found = updates([{"kernel": a}, {"kernel": b}], {"kernel": jnp.zeros((4, 4))})[1]["kernel"]
    m1 = 0.05 * a
    m2 = 0.95 * m1 + 0.05 * b
    ahead = np.asarray(0.95 * m2 / (1 - 0.95**3) + 0.05 * b / (1 - 0.95**2))
    left, singular, right = np.linalg.svd(ahead)
    np.testing.assert_allclose(found, -0.1 * (left * polynomial(singular)) @ right, atol=1e-4)


def test_embeddings_and_vectors_are_adams():
    network = Seq2Seq(9, 9, 4, 6, attention="general", tied=True, rngs=nnx.Rngs(0))
    params = training.create_state(network, optax.sgd(0.1))[1]["params"]
    gradient = jax.tree.map(jnp.ones_like, params)
    adam = optax.adam(0.01, b2=0.98, nesterov=True)
    adams, _ = adam.update(gradient, adam.init(params), params)
    (found,) = updates([gradient], params)
    equal = {
        jax.tree_util.keystr(path): bool(np.allclose(one, other, atol=1e-6))
        for (path, one), other in zip(
            jax.tree_util.tree_leaves_with_path(found), jax.tree.leaves(adams), strict=True
        )
    }
    by_adam = {name for name, same in equal.items() if same}
    assert by_adam == {name for name in equal if "bias" in name or "['embedding']" in name}
    assert len(by_adam) < len(equal) - 5


def test_a_schedule_counts_for_each():
    params = {"kernel": jnp.zeros((3, 3)), "bias": jnp.zeros(3)}
    gradient = jax.tree.map(jnp.ones_like, params) | {"kernel": jnp.eye(3)}
    falling = {"learning_rate": optax.linear_schedule(1.0, 0.0, 1),
               "adam_rate": optax.linear_schedule(0.0, 1.0, 1)}  # fmt: skip
    first, second = updates([gradient, gradient], params, **falling)
    assert np.abs(first["kernel"]).max() > 0.5
    assert not np.any(second["kernel"])
    assert not np.any(first["bias"])
    assert np.abs(second["bias"]).min() > 0.5


def test_matrices_wait_for_several_batches():
    rows = jax.random.normal(jax.random.key(2), (4, 5, 3))
    gradients = [{"kernel": row, "bias": row[0]} for row in rows]
    params = jax.tree.map(jnp.zeros_like, gradients[0])
    falling = optax.linear_schedule(1.0, 0.0, 4)  # counted in batches: 1 at first, then 1/2
    found = updates(gradients, params, learning_rate=falling, every=2)
    sums = [{"kernel": rows[0] + rows[1]}, {"kernel": rows[2] + rows[3]}]
    steps = updates(sums, {"kernel": params["kernel"]}, learning_rate=1.0)
    assert not np.any(found[0]["kernel"])
    assert not np.any(found[2]["kernel"])
    np.testing.assert_allclose(found[1]["kernel"], steps[0]["kernel"], atol=1e-5)
    np.testing.assert_allclose(found[3]["kernel"], 0.5 * steps[1]["kernel"], atol=1e-5)
    for one, other in zip(found, updates(gradients, params), strict=True):
        assert np.array_equal(one["bias"], other["bias"])
    with pytest.raises(ValueError, match="every is 0"):
        updates(gradients, params, every=0)
