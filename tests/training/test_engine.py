"""The training engine: what a run computes, how it ends, and what it leaves."""

from __future__ import annotations

import functools
import threading
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from karpa_helpers import training
from karpa_helpers.training import engine

EXAMPLES = np.arange(20)


def quiet(step, state, data, **options):
    return training.fit(step, state, data, show=False, **options)


def note_batch(state, batch, key):
    """Changes the state by batch and key, and reports both."""
    drawn = jax.random.uniform(key)
    new = {"sum": 0.9 * state["sum"] + batch.astype(jnp.float32).sum() * drawn}
    return new, {"batch": batch, "key": jax.random.key_data(key), "sum": new["sum"]}


ZERO = {"sum": jnp.zeros(())}


class Net(nnx.Module):
    """A network with everything a state may hold: parameters, statistics, counters, keys."""

    def __init__(self, rngs):
        self.first = nnx.Linear(3, 8, rngs=rngs)
        self.norm = nnx.BatchNorm(8, rngs=rngs)
        self.dropout = nnx.Dropout(0.3, rngs=rngs)
        self.second = nnx.Linear(8, 1, rngs=rngs)

    def __call__(self, x):
        return self.second(self.dropout(nnx.relu(self.norm(self.first(x)))))[:, 0]


def squared_error(model, batch, key):
    error = model(batch["x"]) - batch["y"]
    return jnp.mean(error**2), {"largest": jnp.abs(error).max()}


@functools.cache
def problem():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(30, 3)).astype("f4")
    data = {"x": x, "y": (x @ np.array([1, -2, 3])).astype("f4")}
    optimizer = optax.adam(1e-2)
    graph, state = training.create_state(Net(nnx.Rngs(0)), optimizer)
    return graph, training.gradient_step(graph, optimizer, squared_error), state, data


def arrays(tree):
    leaves = jax.tree.leaves(tree)
    keys = [jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) for leaf in leaves]
    return [
        np.asarray(jax.random.key_data(leaf) if key else leaf)
        for leaf, key in zip(leaves, keys, strict=True)
    ]


def assert_same_bits(one, other):
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for a, b in zip(arrays(one), arrays(other), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


# What a run computes


def test_gradient_step_is_plain_gradient_descent():
    data = {"x": np.random.default_rng(0).normal(size=(6, 2)).astype("f4"), "y": np.ones(6, "f4")}
    model = nnx.Linear(2, 1, rngs=nnx.Rngs(0))
    kernel, bias = (np.asarray(p[...], "f8") for p in (model.kernel, model.bias))
    optimizer = optax.sgd(0.1)
    graph, state = training.create_state(model, optimizer)

    def loss(model, batch, key):
        return jnp.mean((model(batch["x"])[:, 0] - batch["y"]) ** 2), {}

    step = training.gradient_step(graph, optimizer, loss)
    result = quiet(step, state, data, batch_size=6, steps=5)
    losses = []
    for _ in range(5):
        error = data["x"] @ kernel[:, 0] + bias - data["y"]
        losses.append((error**2).mean())
        kernel = kernel - 0.1 * (2 * data["x"].T @ error / 6)[:, None]
        bias = bias - 0.1 * 2 * error.mean()
    np.testing.assert_allclose(result.curve["loss"], losses, rtol=1e-5)
    np.testing.assert_allclose(training.merge(graph, result.state).kernel[...], kernel, rtol=1e-4)


def test_training_lowers_the_loss_and_merge_gives_evaluation_mode():
    graph, step, state, data = problem()
    result = quiet(step, state, data, batch_size=10, steps=150)
    assert result.curve["loss"][-20:].mean() < 0.5 * result.curve["loss"][:5].mean()
    model = training.merge(graph, result.state)
    np.testing.assert_array_equal(model(data["x"]), model(data["x"]))  # no dropout


def test_moving_average_is_the_formula():
    old, new = {"a": jnp.array([1.0, 2.0])}, {"a": jnp.array([3.0, -2.0])}
    np.testing.assert_allclose(training.moving_average(old, new, 0.9)["a"], [1.2, 1.6], rtol=1e-6)


def test_a_moving_average_copies_what_has_none():
    keys, counts, flags = jax.random.split(jax.random.key(1), 3), jnp.arange(3), jnp.ones(2, bool)
    old = {"w": 1.0, "key": keys[0], "count": counts[0], "flag": ~flags}
    new = {"w": 2.0, "key": keys[1], "count": counts[2], "flag": flags}
    found = training.moving_average(old, new, 0.75)
    assert found["w"] == 1.25
    for name in ("key", "count", "flag"):
        assert found[name].dtype == new[name].dtype
        assert (found[name] == new[name]).all()
        assert (training.advance(old, new)[name] == new[name]).all()
    assert training.advance(old, new)["w"] == 1.0


@pytest.mark.parametrize("batch_size", [1, 6, 20])
@pytest.mark.parametrize("chunk", [1, 7])
def test_each_epoch_draws_without_replacement(batch_size, chunk):
    per_epoch = 20 // batch_size
    result = quiet(
        note_batch, ZERO, EXAMPLES, batch_size=batch_size, steps=3 * per_epoch, chunk=chunk
    )
    epochs = result.curve["batch"].reshape(3, per_epoch * batch_size)
    for epoch in epochs:
        assert len(set(epoch.tolist())) == per_epoch * batch_size
    assert (epochs[0] != epochs[1]).any()
    assert (epochs[1] != epochs[2]).any()


def test_no_key_comes_twice():
    result = quiet(note_batch, ZERO, EXAMPLES, batch_size=5, steps=40)
    keys = {tuple(key) for key in result.curve["key"].tolist()}
    assert len(keys) == 40
    other = quiet(note_batch, ZERO, EXAMPLES, batch_size=5, steps=40, seed=1)
    assert not keys & {tuple(key) for key in other.curve["key"].tolist()}


@pytest.mark.parametrize("chunk", [7, 50, 1000])
def test_chunks_change_nothing(chunk):
    one = quiet(note_batch, ZERO, EXAMPLES, batch_size=6, steps=53, chunk=1)
    many = quiet(note_batch, ZERO, EXAMPLES, batch_size=6, steps=53, chunk=chunk)
    np.testing.assert_array_equal(one.curve["batch"], many.curve["batch"])
    np.testing.assert_array_equal(one.curve["key"], many.curve["key"])
    np.testing.assert_allclose(one.curve["sum"], many.curve["sum"], rtol=1e-5)


def test_chunks_change_nothing_for_a_network():
    _, step, state, data = problem()
    runs = [quiet(step, state, data, batch_size=8, steps=12, chunk=chunk) for chunk in (1, 5)]
    for a, b in zip(arrays(runs[0].state), arrays(runs[1].state), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_a_call_of_one_step_holds_no_loop_around_the_step(monkeypatch):
    # Inside lax.scan XLA's convolutions on the CPU are many times slower.
    scans = []
    scan = jax.lax.scan
    monkeypatch.setattr(jax.lax, "scan", lambda *a, **k: scans.append(a) or scan(*a, **k))
    traced = []

    def step(state, batch, key):
        traced.append(bool(scans))
        return note_batch(state, batch, key)

    quiet(step, ZERO, EXAMPLES, batch_size=5, steps=3, chunk=1)
    assert traced
    assert not any(traced)
    quiet(step, ZERO, EXAMPLES, batch_size=5, steps=3, chunk=3)
    assert traced[-1]  # so the probe sees a scan where there is one


def test_a_step_compiles_once_for_all_seeds():
    traced = []

    def step(state, batch, key):
        traced.append(1)
        return note_batch(state, batch, key)

    for seed in range(3):
        quiet(step, ZERO, EXAMPLES, batch_size=5, steps=9, seed=seed)
    assert len(traced) == 1


def test_the_callers_state_stays_usable():
    state = {"sum": jnp.ones(()), "fixed": jnp.arange(3.0)}

    def step(state, batch, key):
        new, metrics = note_batch({"sum": state["sum"]}, batch, key)
        return {**new, "fixed": state["fixed"]}, metrics

    first = quiet(step, state, EXAMPLES, batch_size=5, steps=4)
    second = quiet(step, state, EXAMPLES, batch_size=5, steps=4)
    assert float(state["sum"]) == 1
    assert_same_bits(first.state, second.state)
    assert_same_bits(quiet(step, first.state, EXAMPLES, steps=0, batch_size=5).state, first.state)


def test_two_leaves_of_a_state_may_be_one_array():
    shared = jnp.ones(4)

    def step(state, batch, key):
        new = state["a"] + batch.sum()
        return {"a": new, "b": new}, {"loss": new.sum()}

    result = quiet(step, {"a": shared, "b": shared}, EXAMPLES, batch_size=5, steps=6)
    np.testing.assert_array_equal(result.state["a"], result.state["b"])


def test_data_keeps_its_type_on_the_device():
    def step(state, batch, key):
        assert batch["image"].dtype == jnp.uint8
        assert batch["image"].shape == (4, 2, 2)
        return state, {"same": (batch["image"][:, 0, 0] == batch["label"]).all()}

    data = {
        "image": np.repeat(np.arange(12, dtype=np.uint8), 4).reshape(12, 2, 2),
        "label": np.arange(12),
    }
    assert quiet(step, ZERO, data, batch_size=4, steps=6).curve["same"].all()


# How a run ends


def test_curve_has_one_entry_a_step():
    for chunk in (1, 4):
        result = quiet(note_batch, ZERO, EXAMPLES, batch_size=5, steps=11, chunk=chunk)
        np.testing.assert_array_equal(result.curve["step"], np.arange(1, 12))
        assert {len(values) for values in result.curve.values()} == {11}
        assert (result.step, result.stopped) == (11, "steps")
        assert result.curve["sum"][-1] == result.state["sum"]


def test_record_says_how_to_run_it_again():
    record = quiet(note_batch, ZERO, EXAMPLES, batch_size=5, steps=2, seed=4, label="try").record
    assert record["seed"] == 4
    assert record["batch_size"] == 5
    assert record["label"] == "try"
    assert record["versions"]["jax"] == jax.__version__


@pytest.mark.parametrize(
    ("data", "batch_size", "what"),
    [
        (EXAMPLES, 21, "there are 20 examples"),
        (EXAMPLES, 0, "batch_size is 0"),
        ({"x": np.zeros((5, 2)), "y": np.zeros(4)}, 2, "leading dimensions"),
        ({}, 2, "leading dimensions"),
        ({"x": np.zeros((5, 2)), "y": np.float32(1)}, 2, "leading dimensions"),
        (np.zeros((0, 3)), 1, "0 examples"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(data, batch_size, what):
    with pytest.raises(ValueError, match=what):
        quiet(note_batch, ZERO, data, batch_size=batch_size, steps=1)


def broken_at(bad_step, name, value=np.nan):
    """A step whose metric `name` is not finite from `bad_step` on, and the weight one later."""

    def step(state, batch, key):
        number = state["number"] + 1
        bad = number >= bad_step
        metrics = {"alpha": jnp.ones(()), "loss": jnp.ones(()), "zeta": jnp.ones(())}
        weight = jnp.where(number > bad_step, value, state["weight"] + 1)
        metrics[name] = jnp.where(bad, value, metrics[name])
        metrics["alpha"] = jnp.where(number > bad_step + 1, value, metrics["alpha"])
        return {"number": number, "weight": weight}, metrics

    return step


FRESH = {"number": jnp.zeros((), jnp.int32), "weight": jnp.zeros(3)}


@pytest.mark.parametrize("name", ["alpha", "loss", "zeta"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("chunk", [1, 10])
def test_divergence_names_the_first_step_and_metric(name, value, chunk):
    with pytest.raises(training.Diverged, match=f"{name} is not finite at step 7") as caught:
        quiet(
            broken_at(7, name, value), FRESH, EXAMPLES, batch_size=5, steps=30, chunk=chunk,
            watch=lambda step, state: None, watch_every=5,
        )  # fmt: skip
    result = caught.value.result
    assert result.step == 5
    assert int(result.state["number"]) == 5
    assert np.isfinite(result.state["weight"]).all()
    np.testing.assert_array_equal(result.curve["step"], np.arange(1, 6))
    assert "learning rate" in str(caught.value)


def test_a_weight_that_is_not_finite_is_found_without_a_metric():
    def step(state, batch, key):
        return {"weight": state["weight"] / 0}, {"loss": jnp.zeros(())}

    with pytest.raises(training.Diverged, match="a weight is not finite") as caught:
        quiet(step, {"weight": jnp.ones(2)}, EXAMPLES, batch_size=5, steps=3)
    np.testing.assert_array_equal(caught.value.result.state["weight"], [1, 1])


def test_an_infinity_of_the_optimizer_is_no_divergence():
    def step(state, batch, key):
        return {**state, "weight": state["weight"] + 1}, {"loss": jnp.float32(0)}

    state = {"weight": jnp.zeros(2), "best": jnp.full((), jnp.inf)}  # as reduce_on_plateau begins
    result = quiet(step, state, EXAMPLES, batch_size=5, steps=3)
    np.testing.assert_array_equal(result.state["weight"], [3, 3])


def test_leaves_that_are_no_floats_are_neither_finite_nor_not():
    tree = {
        "key": jax.random.key(0), "keys": jax.random.split(jax.random.key(1)), "flag": True,
        "count": jnp.int32(2**31 - 1), "bits": jnp.zeros(2, jnp.uint4), "bool": jnp.array([False]),
    }  # fmt: skip
    assert training.finite_leaves(tree).shape == (0,)
    assert training.all_finite(tree)
    for dtype in (jnp.float16, jnp.bfloat16, jnp.float8_e4m3fn, jnp.complex64):
        assert training.all_finite({**tree, "x": jnp.ones(2, dtype)})
        assert not training.all_finite({**tree, "x": jnp.array([1, jnp.nan]).astype(dtype)})

    def step(state, batch, key):
        return {**state, "x": state["x"] / 0}, {"loss": jnp.zeros(())}

    with pytest.raises(training.Diverged, match="a weight is not finite") as caught:
        quiet(step, {**tree, "x": jnp.ones(2)}, EXAMPLES, batch_size=5, steps=3)
    assert_same_bits(caught.value.result.state["keys"], tree["keys"])


def test_the_check_for_finite_values_compiles_before_the_clock_starts(monkeypatch):
    events = []
    check, clock = engine.finite_leaves, engine.Clock
    monkeypatch.setattr(engine, "finite_leaves", lambda s: events.append("check") or check(s))
    monkeypatch.setattr(engine, "Clock", lambda: events.append("clock") or clock())
    quiet(note_batch, ZERO, EXAMPLES, batch_size=5, steps=2)
    assert events == ["check", "clock", "check"]


def test_a_diverged_run_leaves_its_last_good_checkpoint(tmp_path):
    options = {"batch_size": 5, "steps": 30, "folder": tmp_path, "save_every": 2}
    with pytest.raises(training.Diverged):
        quiet(broken_at(7, "loss"), FRESH, EXAMPLES, **options)
    result = quiet(broken_at(99, "loss"), FRESH, EXAMPLES, **{**options, "steps": 6})
    assert result.step == 6
    np.testing.assert_array_equal(result.state["weight"], [6, 6, 6])


def test_seconds_end_the_run():
    result = quiet(note_batch, ZERO, EXAMPLES, batch_size=5, steps=10**7, seconds=0.05)
    assert result.stopped == "seconds"
    assert 0 < result.step < 10**7
    assert result.seconds >= 0.05
    assert len(result.curve["step"]) == result.step


def test_watching_and_compiling_do_not_use_up_the_seconds():
    def slow_to_trace(state, batch, key):
        time.sleep(0.5)
        return note_batch(state, batch, key)

    seen = []

    def watch(step, state):
        seen.append(step)
        time.sleep(0.5)

    result = quiet(
        slow_to_trace, ZERO, EXAMPLES, batch_size=5, steps=8, seconds=0.45, watch=watch,
        watch_every=4,
    )  # fmt: skip
    assert (result.stopped, seen) == ("steps", [4, 8])


@pytest.mark.parametrize("chunk", [1, 10])
def test_watch_sees_the_state_of_its_step(chunk):
    seen = {}

    def watch(step, state):
        seen[step] = float(state["sum"])

    result = quiet(
        note_batch, ZERO, EXAMPLES, batch_size=5, steps=20, chunk=chunk, watch=watch, watch_every=6
    )
    assert sorted(seen) == [6, 12, 18]
    for step, value in seen.items():
        assert value == result.curve["sum"][step - 1]


def test_watching_changes_nothing():
    plain = quiet(note_batch, ZERO, EXAMPLES, batch_size=5, steps=20)
    watched = quiet(
        note_batch, ZERO, EXAMPLES, batch_size=5, steps=20, watch=lambda *_: None, watch_every=3
    )
    assert_same_bits(plain.state, watched.state)


def test_fit_runs_outside_the_main_thread():
    results = []
    thread = threading.Thread(
        target=lambda: results.append(quiet(note_batch, ZERO, EXAMPLES, batch_size=5, steps=3))
    )
    thread.start()
    thread.join()
    assert results[0].step == 3


# Stopping and resuming


@pytest.mark.parametrize("pauses", [(5,), (1, 7, 8), (12,)])
def test_a_resumed_run_equals_an_unbroken_one(tmp_path, pauses):
    _, step, state, data = problem()
    options = {"batch_size": 8, "seed": 3, "save_every": 4}
    whole = quiet(step, state, data, steps=14, **options)
    for steps in (*pauses, 14):
        result = quiet(step, state, data, steps=steps, folder=tmp_path, **options)
        assert result.step == steps
    assert_same_bits(result.state, whole.state)
    assert result.curve.keys() == whole.curve.keys()
    for name, values in whole.curve.items():
        np.testing.assert_array_equal(result.curve[name], values)


def test_a_run_that_is_done_is_not_run_again(tmp_path):
    options = {"batch_size": 5, "steps": 6, "folder": tmp_path}
    first = quiet(note_batch, ZERO, EXAMPLES, **options)
    again = quiet(note_batch, ZERO, EXAMPLES, **options)
    assert_same_bits(first.state, again.state)
    np.testing.assert_array_equal(first.curve["sum"], again.curve["sum"])


@pytest.mark.parametrize("save_every", [0, 1, 1000])
def test_every_interval_between_checkpoints_works(tmp_path, save_every):
    options = {"batch_size": 5, "folder": tmp_path, "save_every": save_every}
    quiet(note_batch, ZERO, EXAMPLES, steps=4, **options)
    resumed = quiet(note_batch, ZERO, EXAMPLES, steps=7, **options)
    assert_same_bits(resumed.state, quiet(note_batch, ZERO, EXAMPLES, batch_size=5, steps=7).state)


@pytest.mark.parametrize(
    ("change", "what"),
    [({"seed": 1}, "seed 0 there, 1 here"), ({"batch_size": 4}, "batch_size 5 there, 4 here")],
)
def test_a_folder_with_another_run_is_refused(tmp_path, change, what):
    options = {"batch_size": 5, "steps": 2, "folder": tmp_path}
    quiet(note_batch, ZERO, EXAMPLES, **options)
    with pytest.raises(ValueError, match=what):
        quiet(note_batch, ZERO, EXAMPLES, **{**options, **change})


def test_a_folder_with_another_model_is_refused(tmp_path):
    quiet(broken_at(99, "loss"), FRESH, EXAMPLES, batch_size=5, steps=2, folder=tmp_path)
    larger = {**FRESH, "weight": jnp.zeros(4)}
    with pytest.raises(ValueError, match="another model"):
        quiet(broken_at(99, "loss"), larger, EXAMPLES, batch_size=5, steps=2, folder=tmp_path)


COUNTS = ("steps", "batch_size", "seed", "chunk", "save_every", "watch_every")


@pytest.mark.parametrize(
    "wrong",
    [
        *({name: value} for name in COUNTS for value in (-1, np.nan, np.inf, True, 2.5, "3")),
        *({"seconds": value} for value in (-1, np.nan, np.inf, True, np.float32("nan"))),
        {"chunk": 0},
        {"seed": 2**32},  # JAX would take it as 0
    ],
    ids=str,
)
def test_senseless_numbers_are_refused(wrong: dict[str, object]) -> None:
    name = next(iter(wrong))
    wrong = {"batch_size": 4, **wrong}
    with pytest.raises(ValueError, match=f"^{name} is .*; give"):
        training.fit(lambda s, b, k: (s, {}), jnp.zeros(2), np.zeros((8, 1)), **wrong)


def test_another_config_is_another_run(tmp_path: Path) -> None:
    def run(rate: float) -> training.Result:
        return training.fit(
            lambda s, b, k: (s + rate, {"loss": s}),
            jnp.zeros(()),
            np.zeros((8, 1), np.float32),
            batch_size=4,
            steps=3,
            folder=tmp_path / "run",
            config={"rate": rate},
            show=False,
        )

    assert run(0.5).record["rate"] == 0.5
    with pytest.raises(ValueError, match=r"another run.*rate"):
        run(0.25)


def test_a_checkpoint_that_cannot_be_written_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("orbax.checkpoint.CheckpointManager.save", full)
    with pytest.warns(UserWarning, match=r"could not be written.*No space left"):
        result = training.fit(
            lambda s, b, k: (s + 1, {"loss": s}),
            jnp.zeros(()),
            np.zeros((8, 1), np.float32),
            batch_size=4,
            steps=5,
            folder=tmp_path / "run",
            show=False,
        )
    assert float(result.state) == 5
