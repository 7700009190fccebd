"""Checkpoints on disk: exact, whole or not at all, and refused where they do not belong."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import warnings
from collections.abc import Mapping
from contextlib import contextmanager

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import optax
import orbax.checkpoint as ocp
import pytest
from flax import nnx

from karpa_helpers import training
from karpa_helpers.training import checkpoints, optimizers, stepping


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


def damage(path, how, seed=0):
    """Damages all files of a folder, or flips one bit of one of them."""
    files = sorted(path for path in path.rglob("*") if path.is_file() and path.stat().st_size)
    if how == "flip":
        random = np.random.default_rng(seed)
        file = files[int(random.integers(len(files)))]
        content = bytearray(file.read_bytes())
        content[random.integers(len(content))] ^= 1 << random.integers(8)
        file.write_bytes(content)
        return
    for file in files:
        if how == "cut":
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        else:
            file.unlink() if how == "missing" else file.write_bytes(b"")


@pytest.mark.parametrize("how", ["cut", "missing", "empty"])
def test_the_checkpoint_before_a_damaged_one_is_used(tmp_path, how):
    state = {"x": jnp.zeros(1000)}
    run(tmp_path, state, 4, save_every=2)
    damage(tmp_path / "checkpoints" / "4", how)
    with pytest.warns(UserWarning, match=r"step 4 .*is damaged.*moved to damaged-4") as caught:
        result = run(tmp_path, state, 6, save_every=2)
    assert len(caught) == 1
    assert float(result.state["x"][0]) == 6
    np.testing.assert_array_equal(result.curve["step"], np.arange(1, 7))
    assert (tmp_path / "damaged-4").is_dir()
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["4", "6"]


def test_where_all_checkpoints_are_damaged_the_error_says_what_to_do(tmp_path):
    state = {"x": jnp.zeros(1000)}
    run(tmp_path, state, 4, save_every=2)
    for step in ("2", "4"):
        damage(tmp_path / "checkpoints" / step, "cut")
    with pytest.raises(ValueError, match=r"No checkpoint in .*step 4: .*step 2: .*delete that"):
        run(tmp_path, state, 6, save_every=2)
    assert (tmp_path / "checkpoints" / "4").is_dir()
    shutil.rmtree(tmp_path / "checkpoints")
    assert float(run(tmp_path, state, 6, save_every=2).state["x"][0]) == 6


def drift(state, batch, key):
    """Numbers that take all their bits."""
    return {**state, "x": 0.9 * state["x"] + batch.mean()}, {"loss": state["x"].mean()}


# Orbax leaves tasks behind where it cannot read a checkpoint.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_flipped_bit_is_restored(tmp_path):
    state = {"x": jnp.linspace(-1, 1, 300), "key": jax.random.key(3)}
    good = run(tmp_path / "good", state, 4, drift, save_every=2)
    found = 0
    for seed in range(25):
        folder = tmp_path / str(seed)
        shutil.copytree(tmp_path / "good", folder)
        damage(folder / "checkpoints" / "4", "flip", seed)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = run(folder, state, 4, drift, save_every=2)
        found += bool(caught)
        np.testing.assert_array_equal(result.state["x"], good.state["x"])
        np.testing.assert_array_equal(result.curve["loss"], good.curve["loss"])
        np.testing.assert_array_equal(plain(result.state["key"]), plain(state["key"]))
    assert found >= 3  # most bits belong to what nobody reads


def test_a_wrong_number_is_found_where_the_file_is_sound(tmp_path, monkeypatch):
    state = {"x": jnp.zeros(5)}
    monkeypatch.setattr(checkpoints, "_checksums", lambda item: np.zeros(3, np.uint32))
    run(tmp_path, state, 2)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="its numbers are not those that were saved"):
        run(tmp_path, state, 4)


def test_a_checkpoint_without_checksums_is_read(tmp_path, monkeypatch):
    state, save = {"x": jnp.zeros(5)}, ocp.args.StandardSave
    monkeypatch.setattr(ocp.args, "StandardSave", lambda item: save(without(item, "checksums")))
    run(tmp_path, state, 2)
    assert float(run(tmp_path, state, 4).state["x"][0]) == 4


def without(item, name):
    return {key: value for key, value in item.items() if key != name}


@contextmanager
def small_files(limit):
    """No file may grow beyond `limit` bytes, as on a disk that is full."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_loses_neither_the_training_nor_the_checkpoint_before(tmp_path):
    state = {"x": jax.random.normal(jax.random.key(0), (3000,))}  # of noise, which does not shrink
    run(tmp_path, state, 2, drift)
    with small_files(100), pytest.warns(UserWarning, match="could not be") as caught:
        result = run(tmp_path, state, 5, drift, save_every=4)
    messages = [str(warning.message) for warning in caught]
    for what in ("checkpoint of step 4", "checkpoint of step 5", "record"):
        assert any(f"The {what} could not be written" in message for message in messages)
    assert result.step == 5
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["2"]
    assert not list(tmp_path.glob("*.part"))
    again = run(tmp_path, state, 5, drift)  # with space: from step 2
    np.testing.assert_array_equal(again.state["x"], result.state["x"])


def test_what_a_killed_process_left_is_removed(tmp_path):
    run(tmp_path, {"x": jnp.zeros(())}, 2)
    (tmp_path / "checkpoints" / "3.orbax-checkpoint-tmp").mkdir()
    run(tmp_path, {"x": jnp.zeros(())}, 2)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["2"]


HOLD = """
import sys, time
from karpa_helpers.training.checkpoints import open_folder
with open_folder(sys.argv[1], {"label": "training", "seed": 0, "batch_size": 5, "examples": 10}):
    print("holds", flush=True)
    time.sleep(600)
"""


def test_a_folder_in_use_is_refused_until_its_process_ends(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "holds\n"
            with pytest.raises(RuntimeError, match=r"Another run uses .*choose another folder"):
                run(tmp_path, {"x": jnp.zeros(())}, 2)
        finally:
            process.kill()
    assert run(tmp_path, {"x": jnp.zeros(())}, 2).step == 2


def test_a_run_that_failed_gives_its_folder_back(tmp_path):
    run(tmp_path, {"x": jnp.zeros(())}, 2)
    with pytest.raises(ValueError, match="another run") as caught:
        run(tmp_path, {"x": jnp.zeros(())}, 2, seed=1)
    assert caught.tb is not None  # as in a notebook, which keeps the last error
    assert run(tmp_path, {"x": jnp.zeros(())}, 2).step == 2


@pytest.mark.parametrize("committed", [False, True])
def test_a_resumed_run_compiles_no_second_step(tmp_path, committed):
    state = {"x": jnp.zeros(3), "weak": jnp.asarray(0.5), "number": 0, "key": jax.random.key(0)}
    if committed:
        state = jax.device_put(state, jax.devices()[0])
    size = stepping._compiled()._cache_size

    def step(state, batch, key):
        return {**state, "x": state["x"] + 1, "weak": jnp.asarray(1.5)}, {}

    before = size()
    first = run(tmp_path, state, 3, step).state
    assert size() == before + 1
    resumed = run(tmp_path, state, 6, step).state
    assert size() == before + 1
    for name in state:
        assert first[name].committed == resumed[name].committed == committed


@pytest.mark.parametrize("dtype", ["bool", "int4", "float8_e4m3fn", "complex64", "uint16"])
def test_types_come_back_or_are_refused(tmp_path, dtype):
    state = {"x": jnp.array([0, 1, 1, 0]).astype(dtype), "n": jnp.zeros((), jnp.int32)}

    def step(state, batch, key):
        return {**state, "n": state["n"] + 1}, {"loss": jnp.float32(0)}

    before, after = (run(tmp_path, state, 2, step).state for _ in range(2))
    assert after["x"].dtype == before["x"].dtype == state["x"].dtype
    assert plain(after["x"]).tobytes() == plain(state["x"]).tobytes()


def test_a_type_that_cannot_be_stored_is_refused_at_once(tmp_path):
    state = {"x": jnp.zeros(2, jnp.uint4)}
    with pytest.raises(ValueError, match=r"\['x'\] of the state is uint4.*Convert it"):
        run(tmp_path, state, 2)
    assert run(None, state, 2).step == 2


def test_numbers_of_numpy_are_as_good_as_pythons(tmp_path):
    state = {"x": jnp.zeros(())}
    config = {
        "rate": np.float32(0.5), "betas": np.array([0.5, 0.75]), "type": jnp.bfloat16,
        "where": tmp_path, "dtype": np.dtype("int8"), "list": (np.int64(1), jnp.int32(2)),
        "more": {"b": 1, "a": 2}, "bool": np.bool_(True), "nan": np.float64("nan"), 3: None,
    }  # fmt: skip
    same = {
        "rate": 0.5, "betas": [0.5, 0.75], "type": "bfloat16", "where": str(tmp_path),
        "more": {"a": 2, "b": 1}, "dtype": "int8", "list": [1, 2], "bool": True,
        "nan": float("nan"), "3": None,
    }  # fmt: skip
    odd = {"seed": np.int64(3), "save_every": np.int8(2), "chunk": np.uint8(1), "seconds": None}
    result = run(tmp_path, state, np.int32(2), config=config, **odd)
    assert json.loads(json.dumps(result.record))["seed"] == 3
    assert run(tmp_path, state, 2, config=same, seed=3).step == 2
    with pytest.raises(TypeError, match="has no form in JSON"):
        run(tmp_path / "other", state, 2, config={"model": object()})


def test_a_damaged_config_names_the_file(tmp_path):
    run(tmp_path, {"x": jnp.zeros(())}, 2)
    (tmp_path / "config.json").write_text("")
    with pytest.raises(ValueError, match=r"config.json cannot be read"):
        run(tmp_path, {"x": jnp.zeros(())}, 4)
