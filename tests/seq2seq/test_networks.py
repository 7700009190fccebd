"""The network: one step at a time equals all at once, and only what is real counts."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import promises
import pytest
from flax import nnx
from promises import TARGET
from toys import SIZE, network

from karpa_helpers.data.vocabulary import PAD
from karpa_helpers.seq2seq.networks import AttentionScore, Seq2Seq

FORMS: list[dict[str, Any]] = [
    {"kind": "gru", "attention": None, "input_feeding": False},
    {"kind": "lstm", "attention": None, "input_feeding": False},
    {"kind": "lstm", "attention": "dot", "input_feeding": False},
    {"kind": "elman", "attention": "additive", "input_feeding": True},
    {"kind": "gru", "attention": "general", "input_feeding": True},
    {"kind": "gru", "attention": "general", "input_feeding": True, "tied": True, "lexical": True},
]
names = lambda form: "-".join(map(str, form.values()))  # noqa: E731


@pytest.mark.parametrize("form", FORMS, ids=names)
def test_one_step_at_a_time_equals_all_at_once(form: dict[str, Any], source: np.ndarray) -> None:
    model = network(**{"tied": form["input_feeding"], **form})
    logits, weights = model(source, TARGET)
    state, memory = model.encode(source)
    step = jax.jit(model.step)
    for t in range(TARGET.shape[1]):
        state, now, looked = step(state, TARGET[:, t], memory)
        np.testing.assert_allclose(now, logits[:, t], atol=1e-5)
        if form["attention"]:
            np.testing.assert_allclose(looked, weights[:, t], atol=1e-5)
        else:
            assert looked is None
            assert weights is None


@pytest.mark.parametrize("form", FORMS, ids=names)
def test_padding_company_and_width_change_nothing(form: dict[str, Any], source: np.ndarray) -> None:
    model = network(scale=2.0, **form)
    promises.padding_company_and_width_change_nothing(model, source)


@pytest.mark.parametrize("form", FORMS, ids=names)
def test_rows_of_one_source_share_its_memory(form: dict[str, Any], source: np.ndarray) -> None:
    model = network(scale=2.0, **form)
    promises.rows_of_one_source_share_its_memory(model, *model.encode(source))


def test_rows_of_one_source_share_its_examples(source: np.ndarray) -> None:
    model = network(scale=2.0, attention="general", input_feeding=True)
    state, memory = model.encode(source)
    recalled = model.recall(source[:, None], TARGET[:, None])
    promises.rows_of_one_source_share_its_memory(model, state, memory._replace(recalled=recalled))


@pytest.mark.parametrize("bidirectional", [True, False])
def test_the_target_sees_its_past_only(bidirectional: bool, source: np.ndarray) -> None:
    model = network(attention="general", input_feeding=True, bidirectional=bidirectional)
    promises.the_target_sees_its_past_only(model, source)


def test_without_attention_one_vector_says_all(source: np.ndarray) -> None:
    model = network(code=2)
    _, memory = model.encode(source)
    assert memory.values is None
    assert memory.code is not None
    assert memory.code.shape == (len(source), 2)
    slope = jax.jacrev(lambda code: model.to_carry(code))(memory.code[0])
    assert np.linalg.matrix_rank(np.asarray(slope)) == 2  # the first state depends on it alone


def test_lexical_votes_are_weighted_source_embeddings(source: np.ndarray) -> None:
    model = network(attention="general", input_feeding=True, tied=True, lexical=True)
    logits, weights = model(source, TARGET)
    kernel = np.asarray(model.to_vote.kernel)
    model.to_vote.kernel[...] = jnp.zeros_like(kernel)
    without, _ = model(source, TARGET)
    said = np.asarray(model.source_embedding.embedding)[source]
    votes = np.asarray(weights) @ said @ kernel @ np.asarray(model.target_embedding.embedding).T
    np.testing.assert_allclose(logits - without, votes, atol=1e-5)


@pytest.mark.parametrize("kind", ["dot", "general", "additive"])
def test_moving_the_keys_moves_the_weights(kind: Any, source: np.ndarray) -> None:
    model = network(attention=kind)
    state, memory = model.encode(source)
    order = np.array([3, 0, 5, 1, 4, 2])
    values, keys, mask = (a[:, order] for a in (memory.values, memory.keys, memory.mask))
    moved = memory._replace(values=values, keys=keys, mask=mask)
    _, logits, weights = model.step(state, TARGET[:, 0], memory)
    _, same, moved_weights = model.step(state, TARGET[:, 0], moved)
    np.testing.assert_allclose(moved_weights, weights[:, order], atol=1e-6)
    np.testing.assert_allclose(same, logits, atol=1e-5)
    np.testing.assert_array_equal(np.asarray(weights)[source == PAD], 0)


@pytest.mark.parametrize("kind", ["dot", "general", "additive"])
def test_scores_by_a_loop(kind: Any) -> None:
    queries, keys = jax.random.normal(jax.random.key(1), (2, 1, 3, 4))
    score = AttentionScore(kind, 4, rngs=nnx.Rngs(0))
    forms = {
        "dot": lambda q, k: q @ k,
        "general": lambda q, k: q @ score.weight[...] @ k,
        "additive": lambda q, k: (
            score.vector[...] @ jnp.tanh(q @ score.query_weight[...] + k @ score.key_weight[...])
        ),
    }
    found = score(queries, score.keys(keys))[0]
    for t, j in itertools.product(range(3), range(3)):
        expected = forms[kind](queries[0, t], keys[0, j])
        np.testing.assert_allclose(found[t, j], expected, rtol=1e-4, atol=1e-5)


def test_no_key_is_used_twice(source: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    model = network(attention="dot", dropout=0.5)
    # Two embeddings and the readouts.
    promises.no_key_is_used_twice(model, source, monkeypatch, draws=3)


def test_dropout_in_training_only(source: np.ndarray) -> None:
    promises.dropout_in_training_only(network(dropout=0.5), source)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"attention": "cosine"}, "attention is 'cosine'"),
        ({"input_feeding": True}, "choose an attention"),
        ({"hidden": 5}, "even number"),
        ({"code": 0}, "code is 0"),
        ({"code": 3, "attention": "dot"}, "code is 3"),
        ({"kind": "rnn"}, "kind is 'rnn'"),
        ({"lexical": True, "tied": True}, "lexical votes need attention"),
        ({"lexical": True, "attention": "dot"}, "lexical votes need attention"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], reason: str) -> None:
    hidden = settings.pop("hidden", 6)
    with pytest.raises(ValueError, match=reason):
        Seq2Seq(SIZE, SIZE, 4, hidden, rngs=nnx.Rngs(0), **settings)
