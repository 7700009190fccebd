"""Checkpoints on disk: exact, whole or not at all, and refused where they do not belong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import optax
import pytest
from flax import nnx

from karpa_helpers import training
from karpa_helpers.training import optimizers


def count(state, batch, key):
    """Adds one to every number of the state; leaves keys alone."""

    def one_more(leaf):
        is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        return leaf if is_key or leaf.dtype == bool else leaf + jnp.ones((), leaf.dtype)

    return jax.tree.map(one_more, state), {"loss": jnp.float32(1)}


def run(folder, state, steps, step=count, data=None, **options):
    data = np.arange(10) if data is None else data
    return training.fit(
        step, state, data, batch_size=5, steps=steps, folder=folder, show=False, **options
    )


STATE = {
    "float32": jnp.array([1 / 3, -0.0, 1e-40, 3e38]),
    "bfloat16": jnp.array([1.5, 0.1], jnp.bfloat16),
    "float16": jnp.array(0.1, jnp.float16),
    "int": (jnp.arange(3), jnp.zeros((), jnp.int32)),
    "uint8": jnp.array([[250, 1]], jnp.uint8),
    "bool": jnp.array([True, False]),
    "key": jax.random.key(7),
    "keys": jax.random.split(jax.random.key(8), 3),
    "name with 'quotes'/and a slash.": jnp.ones((2, 1)),
}


def plain(leaf):
    is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(leaf) if is_key else leaf)


def test_a_checkpoint_brings_back_every_type_bit_for_bit(tmp_path):
    before = run(tmp_path, STATE, 2).state
    after = run(tmp_path, STATE, 2).state  # nothing left to do: what comes back is the checkpoint
    assert jax.tree.structure(before) == jax.tree.structure(after)
    for old, new in zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True):
        assert old.dtype == new.dtype
        assert old.shape == new.shape
        assert plain(old).tobytes() == plain(new).tobytes()
    assert plain(after["bfloat16"]).dtype == ml_dtypes.bfloat16
    np.testing.assert_array_equal(plain(after["key"]), plain(STATE["key"]))


def test_a_key_of_another_kind_comes_back_as_that_kind(tmp_path):
    state = {"key": jax.random.key(3, impl="rbg"), "number": jnp.zeros(())}
    before, after = run(tmp_path, state, 1).state, run(tmp_path, state, 1).state
    assert jax.random.key_impl(after["key"]) == jax.random.key_impl(before["key"])


@pytest.mark.parametrize("method", [optax.adam(1e-3), optimizers.muon(1e-3, 1e-3)])
def test_named_tuples_and_nnx_states_keep_their_structure(tmp_path, method):
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), method)
    graph, state = training.create_state(nnx.Linear(2, 1, rngs=nnx.Rngs(0)), optimizer)

    def loss(model, batch, key):
        return jnp.mean(model(batch) ** 2), {}

    step = training.gradient_step(graph, optimizer, loss)
    data = np.ones((10, 2), np.float32)
    before = run(tmp_path, state, 3, step, data).state
    after = run(tmp_path, state, 3, step, data).state
    assert jax.tree.structure(before) == jax.tree.structure(after)
    assert isinstance(after["params"], Mapping)
    training.merge(graph, after)(data)


def test_two_checkpoints_are_kept(tmp_path):
    run(tmp_path, {"x": jnp.zeros(())}, 20, save_every=3)
    kept = sorted(int(path.name) for path in (tmp_path / "checkpoints").iterdir())
    assert kept == [18, 20]


def test_the_newest_complete_checkpoint_counts(tmp_path):
    run(tmp_path, {"x": jnp.zeros(())}, 6, save_every=3)
    for name in ("9.orbax-checkpoint-tmp", "9.orbax-checkpoint-tmp-123"):  # left by a kill
        (tmp_path / "checkpoints" / name).mkdir()
    result = run(tmp_path, {"x": jnp.zeros(())}, 12, save_every=3)
    assert float(result.state["x"]) == 12
    np.testing.assert_array_equal(result.curve["step"], np.arange(1, 13))


def test_record_and_config_are_json(tmp_path):
    result = run(tmp_path, {"x": jnp.zeros(())}, 2, seed=9, label="try")
    record = json.loads((tmp_path / "record.json").read_text("utf-8"))
    assert record == json.loads(json.dumps(result.record))
    assert record["seed"] == 9
    assert record["steps"] == 2
    assert json.loads((tmp_path / "config.json").read_text("utf-8"))["label"] == "try"
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    "other",
    [
        {"x": jnp.zeros(3)},
        {"x": jnp.zeros(()), "y": jnp.zeros(())},
        {"z": jnp.zeros(())},
        {"x": jnp.zeros((), jnp.int32)},
        {},
    ],
)
def test_another_model_is_refused_and_the_folder_stays_as_it_was(tmp_path, other):
    run(tmp_path, {"x": jnp.zeros(())}, 2)
    with pytest.raises(ValueError, match="another model"):
        run(tmp_path, other, 4)
    assert run(tmp_path, {"x": jnp.zeros(())}, 2).state["x"] == 2


def test_the_folder_may_be_relative_and_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("runs/first", {"x": jnp.zeros(())}, 2)
    assert (tmp_path / "runs" / "first" / "checkpoints" / "2").is_dir()


def one_metric(*names):
    """A step that gives these metrics."""
    return lambda state, batch, key: (state, {name: jnp.float32(1) for name in names})


def test_a_resumed_run_may_have_other_metrics(tmp_path):
    state = {"x": jnp.zeros(())}
    run(tmp_path, state, 2, one_metric("loss"))
    more = run(tmp_path, state, 4, one_metric("loss", "accuracy")).curve
    np.testing.assert_array_equal(more["accuracy"], [np.nan, np.nan, 1, 1])
    fewer = run(tmp_path, state, 6, one_metric("accuracy")).curve
    np.testing.assert_array_equal(fewer["step"], np.arange(1, 7))
    np.testing.assert_array_equal(fewer["loss"], [1, 1, 1, 1, np.nan, np.nan])
    np.testing.assert_array_equal(fewer["accuracy"], [np.nan, np.nan, 1, 1, 1, 1])


def test_a_metric_cannot_take_the_column_of_the_steps(tmp_path):
    with pytest.raises(ValueError, match="rename it"):
        run(None, {"x": jnp.zeros(())}, 2, one_metric("step"))


def test_settings_that_only_one_side_has_are_a_difference(tmp_path):
    state = {"x": jnp.zeros(())}
    run(tmp_path, state, 2, config={"rate": 0.5, "betas": (0.5, 0.999)})
    assert run(tmp_path, state, 2, config={"rate": 0.5, "betas": (0.5, 0.999)}).step == 2
    with pytest.raises(ValueError, match=r"another run.*rate 0.5 there, None here"):
        run(tmp_path, state, 2, config={"betas": (0.5, 0.999)})


@pytest.mark.parametrize("damage", ["cut", "missing", "empty"])
def test_a_damaged_checkpoint_names_what_to_delete(tmp_path, damage):
    state = {"x": jnp.zeros(1000)}
    run(tmp_path, state, 4, save_every=2)
    newest = tmp_path / "checkpoints" / "4"
    for file in [path for path in newest.rglob("*") if path.is_file()]:
        if damage == "cut":
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        else:
            file.unlink() if damage == "missing" else file.write_bytes(b"")
    with pytest.raises(ValueError, match=r"step 4 cannot be read.*Delete.*one before it") as caught:
        run(tmp_path, state, 6, save_every=2)
    assert str(newest) in str(caught.value)
    shutil.rmtree(newest)
    assert float(run(tmp_path, state, 6, save_every=2).state["x"][0]) == 6


def test_a_damaged_config_names_the_file(tmp_path):
    run(tmp_path, {"x": jnp.zeros(())}, 2)
    (tmp_path / "config.json").write_text("")
    with pytest.raises(ValueError, match=r"config.json cannot be read"):
        run(tmp_path, {"x": jnp.zeros(())}, 4)
