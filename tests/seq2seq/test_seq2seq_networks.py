"""The network: one step at a time equals all at once, and only what is real counts."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from karpa_helpers.data.vocabulary import BOS, PAD
from karpa_helpers.seq2seq.networks import Score, Seq2Seq
from tests.seq2seq.toys import SIZE, network

TARGET = np.array([[BOS, 4, 5, 6]] * 6)
FORMS = [
    {"kind": kind, "attention": attention, "input_feeding": fed}
    for kind, (attention, fed) in itertools.product(
        ("elman", "gru", "lstm"),
        ((None, False), ("dot", False), ("general", True), ("additive", True)),
    )
]
names = lambda form: "-".join(map(str, form.values()))  # noqa: E731


@pytest.mark.parametrize("form", FORMS, ids=names)
def test_one_step_at_a_time_equals_all_at_once(form: dict[str, Any], source: np.ndarray) -> None:
    model = network(tied=form["input_feeding"], **form)
    logits, weights = model(source, TARGET)
    state, memory = model.encode(source)
    for t in range(TARGET.shape[1]):
        state, now, looked = model.step(state, TARGET[:, t], memory)
        np.testing.assert_allclose(now, logits[:, t], atol=1e-5)
        if form["attention"]:
            np.testing.assert_allclose(looked, weights[:, t], atol=1e-5)
        else:
            assert looked is None
            assert weights is None


@pytest.mark.parametrize("form", FORMS, ids=names)
def test_padding_company_and_width_change_nothing(form: dict[str, Any], source: np.ndarray) -> None:
    model = network(scale=2.0, **form)
    logits, _ = model(source, TARGET)
    mask = source != PAD
    for other, others_mask in (
        (np.where(mask, source, 5), mask),  # other tokens at the places of PAD
        (np.pad(source, ((0, 0), (0, 9))), None),  # a wider bucket
    ):
        np.testing.assert_allclose(model(other, TARGET, others_mask)[0], logits, atol=1e-5)
    alone, _ = model(source[2:3, :4], TARGET[2:3])
    np.testing.assert_allclose(alone, logits[2:3], atol=1e-5)


@pytest.mark.parametrize("bidirectional", [True, False])
def test_the_target_sees_its_past_only(bidirectional: bool, source: np.ndarray) -> None:
    model = network(attention="general", input_feeding=True, bidirectional=bidirectional)
    later = TARGET.copy()
    later[:, 2:] = 4
    before, after = model(source, TARGET)[0], model(source, later)[0]
    np.testing.assert_array_equal(before[:, :2], after[:, :2])
    assert not np.allclose(before[:, 2:], after[:, 2:])


def test_without_attention_one_vector_says_all(source: np.ndarray) -> None:
    model = network(code=2)
    _, memory = model.encode(source)
    assert memory.values is None
    assert memory.code is not None
    assert memory.code.shape == (len(source), 2)
    slope = jax.jacrev(lambda code: model.to_carry(code))(memory.code[0])
    assert np.linalg.matrix_rank(np.asarray(slope)) == 2  # the first state depends on it alone


@pytest.mark.parametrize("kind", ["dot", "general", "additive"])
def test_moving_the_keys_moves_the_weights(kind: Any, source: np.ndarray) -> None:
    model = network(attention=kind)
    state, memory = model.encode(source)
    order = np.array([3, 0, 5, 1, 4, 2])
    moved = memory._replace(values=memory.values[:, order], mask=memory.mask[:, order])
    _, logits, weights = model.step(state, TARGET[:, 0], memory)
    _, same, moved_weights = model.step(state, TARGET[:, 0], moved)
    np.testing.assert_allclose(moved_weights, weights[:, order], atol=1e-6)
    np.testing.assert_allclose(same, logits, atol=1e-5)
    np.testing.assert_array_equal(np.asarray(weights)[source == PAD], 0)


@pytest.mark.parametrize("kind", ["dot", "general", "additive"])
def test_scores_by_a_loop(kind: Any) -> None:
    queries, keys = jax.random.normal(jax.random.key(1), (2, 1, 3, 4))
    score = Score(kind, 4, rngs=nnx.Rngs(0))
    forms = {
        "dot": lambda q, k: q @ k,
        "general": lambda q, k: q @ score.weight[...] @ k,
        "additive": lambda q, k: (
            score.vector[...] @ jnp.tanh(q @ score.query_weight[...] + k @ score.key_weight[...])
        ),
    }
    found = score(queries, keys)[0]
    for t, j in itertools.product(range(3), range(3)):
        expected = forms[kind](queries[0, t], keys[0, j])
        np.testing.assert_allclose(found[t, j], expected, rtol=1e-4, atol=1e-5)


def test_no_key_is_used_twice(source: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    model = network(attention="dot", dropout=0.5)
    model.train()
    seen: list[bytes] = []
    draw = jax.random.bernoulli

    def record(key: jax.Array, *args: Any, **more: Any) -> jax.Array:
        seen.append(np.asarray(jax.random.key_data(key)).tobytes())
        return draw(key, *args, **more)

    monkeypatch.setattr(jax.random, "bernoulli", record)
    for key in jax.random.split(jax.random.key(0)):
        model(source, TARGET, key=key)
    assert len(seen) == len(set(seen)) == 6  # two embeddings and the readouts, twice


def test_dropout_in_training_only(source: np.ndarray) -> None:
    model = network(dropout=0.5)
    first, second = model(source, TARGET)[0], model(source, TARGET)[0]
    np.testing.assert_array_equal(first, second)
    model.train()
    one, two = jax.random.split(jax.random.key(0))
    with_one = model(source, TARGET, key=one)[0]
    np.testing.assert_array_equal(with_one, model(source, TARGET, key=one)[0])
    assert not np.allclose(with_one, model(source, TARGET, key=two)[0])
    with pytest.raises(ValueError, match="needs a key"):
        model(source, TARGET)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"attention": "cosine"}, "attention is 'cosine'"),
        ({"input_feeding": True}, "choose an attention"),
        ({"hidden": 5}, "even number"),
        ({"code": 0}, "code is 0"),
        ({"code": 3, "attention": "dot"}, "code is 3"),
        ({"kind": "rnn"}, "kind is 'rnn'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], reason: str) -> None:
    hidden = settings.pop("hidden", 6)
    with pytest.raises(ValueError, match=reason):
        Seq2Seq(SIZE, SIZE, 4, hidden, rngs=nnx.Rngs(0), **settings)
