"""Language models: a window at once equals step by step, and every character is counted once."""

from __future__ import annotations

import math
import re
from typing import Any

import jax
import numpy as np
import optax
import pytest
from flax import nnx

from karpa_helpers import training
from karpa_helpers.lessons import lesson_15
from karpa_helpers.nn.transformer import count_parameters

SIZE, CONTEXT = 7, 8
IDS = np.random.default_rng(0).integers(0, SIZE, 45).astype(np.int32)


def gpt(dropout: float = 0.0) -> lesson_15.GPT:
    model = lesson_15.GPT(SIZE, CONTEXT, 16, 2, 2, dropout=dropout, rngs=nnx.Rngs(0))
    nnx.update(model, jax.tree.map(lambda x: 2 * x, nnx.state(model, nnx.Param)))
    return model


def gru(dropout: float = 0.0) -> lesson_15.RecurrentModel:
    return lesson_15.RecurrentModel(SIZE, 5, 6, dropout=dropout, rngs=nnx.Rngs(0))


MAKERS = [gpt, gru]


def state_of(model: Any) -> Any:
    return training.create_state(model, optax.sgd(0.1))


@pytest.mark.parametrize("make", MAKERS)
def test_steps_equal_a_whole_window(make: Any) -> None:
    model = make()
    ids = IDS[: 3 * CONTEXT].reshape(3, CONTEXT)
    whole = model(ids)
    assert np.ptp(whole, axis=1).max() > 0.1
    state, step = model.start(3), jax.jit(model.step)
    for t in range(CONTEXT):
        state, logits = step(state, ids[:, t])
        np.testing.assert_allclose(logits, whole[:, t], atol=1e-5)
    assert {leaf.shape[0] for leaf in jax.tree.leaves(state)} == {3}


@pytest.mark.parametrize("make", MAKERS)
def test_no_look_ahead(make: Any) -> None:
    ids = IDS[None, :CONTEXT]
    other = ids.copy()
    other[:, 5:] = (other[:, 5:] + 1) % SIZE
    model = make()
    before, after = model(ids), model(other)
    np.testing.assert_array_equal(before[:, :5], after[:, :5])
    assert not np.allclose(before[:, 5:], after[:, 5:])


def slow_cost(model: Any, ids: np.ndarray, context: int, stride: int) -> tuple[float, float]:
    """Character by character: the window of a guess, and how much of it stands before."""
    nats, seen = [], []
    model = jax.jit(model)
    for guess in range(1, len(ids)):
        window = max(0, -(-(guess - context) // stride))
        before = ids[window * stride : guess]
        p = jax.nn.log_softmax(model(before[None])[0, -1])
        nats.append(-float(p[ids[guess]]))
        seen.append(len(before))
    return float(np.mean(nats)), float(np.mean(seen))


@pytest.mark.parametrize(
    ("make", "length", "stride"),
    [(gpt, 45, 8), (gpt, 45, 3), (gpt, 41, 8), (gpt, 5, 8), (gru, 42, 4), (gru, 9, 1)],
)
def test_the_cost_of_a_text_by_a_loop(make: Any, length: int, stride: int) -> None:
    model = make()
    graph, state = state_of(model)
    found = lesson_15.evaluate_text(graph, state, IDS[:length], CONTEXT, stride, batch_size=2)
    nats, seen = slow_cost(training.merge(graph, state), IDS[:length], CONTEXT, stride)
    np.testing.assert_allclose(found.nats, nats, rtol=1e-5)
    np.testing.assert_allclose(found.context, seen, rtol=1e-6)
    assert found.characters == length - 1
    np.testing.assert_allclose(2**-found.bits, np.exp(-found.nats), rtol=1e-6)


def test_evaluation_is_without_dropout_and_repeats() -> None:
    graph, state = state_of(gpt(dropout=0.5))
    found = [lesson_15.evaluate_text(graph, state, IDS, CONTEXT, batch_size=n) for n in (64, 64, 2)]
    assert found[0] == found[1]
    np.testing.assert_allclose(found[0].nats, found[2].nats, rtol=1e-6)
    model = gpt(dropout=0.5)
    model.train()
    with pytest.raises(ValueError, match="needs a key"):
        model(IDS[None, :CONTEXT])
    one, two = (model(IDS[None, :CONTEXT], key=jax.random.key(n)) for n in (0, 1))
    assert not np.allclose(one, two)


def test_windows() -> None:
    rows = lesson_15.windows(IDS, CONTEXT)["ids"]
    assert rows.shape == (5, CONTEXT + 1)
    np.testing.assert_array_equal(rows[1], IDS[8:17])
    assert lesson_15.windows(IDS, CONTEXT, 1)["ids"].shape == (37, CONTEXT + 1)
    with pytest.raises(ValueError, match="gives no window"):
        lesson_15.windows(IDS[:8], CONTEXT)


def test_a_cold_gpt_writes_the_likeliest() -> None:
    graph, state = state_of(gpt())
    model = training.merge(graph, state)
    written = lesson_15.generate(graph, state, IDS[:2], 6, jax.random.key(0), temperature=1e-4)
    text = list(IDS[:2])
    for _ in range(6):
        text.append(int(model(np.array([text]))[0, -1].argmax()))
    assert written[0].tolist() == text[2:]


@pytest.mark.parametrize("make", MAKERS)
def test_generation_of_any_length(make: Any) -> None:
    graph, state = state_of(make())
    arguments: tuple[Any, ...] = (graph, state, IDS[:20], 30, jax.random.key(1))
    first = lesson_15.generate(*arguments, count=3)
    assert first.shape == (3, 30)
    np.testing.assert_array_equal(first, lesson_15.generate(*arguments, count=3))
    assert len({tuple(row) for row in first}) == 3
    assert (first < SIZE).all()
    for bad in (([], 3, 1.0), ([1], 0, 1.0), ([1], 3, 0.0)):
        with pytest.raises(ValueError, match=r"(prompt|length|temperature) is .*; give"):
            lesson_15.generate(graph, state, bad[0], bad[1], jax.random.key(0), bad[2])


def test_drawn_characters_follow_the_temperature() -> None:
    graph, state = state_of(gpt())
    logits = training.merge(graph, state)(IDS[None, :3])[0, -1]
    drawn = lesson_15.generate(graph, state, IDS[:3], 1, jax.random.key(2), 2.0, count=4000)[:, 0]
    shares = np.bincount(drawn, minlength=SIZE) / 4000
    np.testing.assert_allclose(shares, jax.nn.softmax(logits / 2), atol=0.03)


def test_parameters_by_formula() -> None:
    assert count_parameters(gpt()) == lesson_15.gpt_parameters(SIZE, CONTEXT, 16, 2)
    assert lesson_15.gpt_parameters(65, 0, 384, 6) == 10_646_784  # nanoGPT's: 10.65M


@pytest.mark.parametrize("make", MAKERS)
def test_it_learns_a_circle(make: Any) -> None:
    text = np.tile(np.arange(SIZE), 40)
    optimizer = optax.adam(1e-2)
    graph, state = training.create_state(make(), optimizer)
    step = training.gradient_step(graph, optimizer, lesson_15.text_loss())
    data = lesson_15.windows(text, CONTEXT, 1)
    run = training.fit(step, state, data, batch_size=16, steps=80, show=False)
    assert lesson_15.evaluate_text(graph, run.state, text, CONTEXT).nats < 0.5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"prompt": [99]}, "prompt is 99 to 99"),
        ({"prompt": [-1]}, "prompt is -1"),
        ({"prompt": []}, "prompt is empty"),
        ({"prompt": [0.5]}, "float64"),
        ({"temperature": math.inf}, "temperature is inf"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"temperature": True}, "temperature is True"),
        ({"length": 0}, "length is 0"),
        ({"length": 2.5}, "length is 2.5"),
        ({"count": -1}, "count is -1"),
    ],
)
def test_what_no_text_can_go_on_from_is_refused(given: dict[str, Any], message: str) -> None:
    model = lesson_15.GPT(7, 6, 8, 2, 1, rngs=nnx.Rngs(0))
    graph, state = training.create_state(model, optax.sgd(0.1))
    settings = {"prompt": [1], "length": 5, "key": jax.random.key(0), **given}
    with pytest.raises(ValueError, match=re.escape(message)):
        lesson_15.generate(graph, state, **settings)


def test_however_cold_the_likeliest_character_is_written() -> None:
    model = lesson_15.GPT(7, 6, 8, 2, 1, rngs=nnx.Rngs(0))
    graph, state = training.create_state(model, optax.sgd(0.1))
    state = {**state, "params": jax.tree.map(lambda x: x * 20, state["params"])}
    key = jax.random.key(0)
    found = [
        lesson_15.generate(graph, state, [1], 5, key, t).tolist() for t in (1e-6, 1e-30, 1e-40)
    ]
    assert found[0] == found[1] == found[2]
