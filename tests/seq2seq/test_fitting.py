"""Rows of sentences, the loss, and evaluation that is the same twice."""

from __future__ import annotations

import math

import jax
import numpy as np
import optax
import pytest
from flax import nnx
from toys import trained

from karpa_helpers import training
from karpa_helpers.data.rows import source_rows, target_rows
from karpa_helpers.data.vocabulary import BOS, EOS, PAD, characters
from karpa_helpers.seq2seq import decoding, fitting, scores
from karpa_helpers.seq2seq.networks import Seq2Seq

LETTERS = characters(["abc"])


def data(source: np.ndarray) -> fitting.Data:
    target = np.concatenate([np.full((len(source), 1), BOS), source], axis=1)
    return {"source": source, "target": target}


def test_rows_of_texts() -> None:
    a, b, _ = range(4, 7)
    np.testing.assert_array_equal(
        source_rows(["ab", ""], LETTERS, 4), [[a, b, EOS, PAD], [EOS, PAD, PAD, PAD]]
    )
    np.testing.assert_array_equal(target_rows(["ab"], LETTERS), [[BOS, a, b, EOS]])
    with pytest.raises(ValueError, match="Row 0 has 3 tokens"):
        source_rows(["ab"], LETTERS, 2)


def test_evaluation_by_a_loop(source: np.ndarray) -> None:
    graph, state = trained(attention="dot")
    pairs = data(source)
    model = jax.jit(training.merge(graph, state))
    nats, right, tokens = 0.0, 0, 0
    for row, target in zip(source, pairs["target"], strict=True):
        for t in range(1, int((target != PAD).sum())):  # each prefix by itself, without padding
            logits = np.asarray(model(row[None], target[None, :t])[0][0, -1], float)
            nats += math.log(np.exp(logits).sum()) - logits[target[t]]
            right += int(logits.argmax() == target[t])
            tokens += 1
    found = fitting.evaluate_pairs(graph, state, pairs)
    assert found.tokens == tokens
    np.testing.assert_allclose([found.loss, found.accuracy], [nats / tokens, right / tokens], 1e-5)
    np.testing.assert_allclose(found.perplexity, math.exp(nats / tokens), 1e-5)


def test_two_evaluations_are_bit_equal_and_without_dropout(source: np.ndarray) -> None:
    graph, state = trained(dropout=0.5)
    plain, _ = trained()
    first = fitting.evaluate_pairs(graph, state, data(source))
    assert fitting.evaluate_pairs(graph, state, data(source)) == first
    assert fitting.evaluate_pairs(plain, state, data(source)) == first


def test_batches_and_width_change_nothing(source: np.ndarray) -> None:
    graph, state = trained(attention="general", input_feeding=True)
    pairs = data(source)
    wide = {name: np.pad(rows, ((0, 0), (0, 5))) for name, rows in pairs.items()}
    expected = fitting.evaluate_pairs(graph, state, pairs)
    for rows, size in ((pairs, 1), (pairs, 4), (wide, 256)):
        found = fitting.evaluate_pairs(graph, state, rows, size)
        assert abs(found.loss - expected.loss) < 1e-5
        assert (found.accuracy, found.tokens) == (expected.accuracy, expected.tokens)


def test_smoothing_is_for_training_only(source: np.ndarray) -> None:
    graph, state = trained()
    model, batch = training.merge(graph, state), data(source)
    plain, metrics = fitting.pair_loss()(model, batch, jax.random.key(0))
    smooth, _ = fitting.pair_loss(0.1)(model, batch, jax.random.key(0))
    found = fitting.evaluate_pairs(graph, state, batch)
    np.testing.assert_allclose([plain, metrics["accuracy"]], [found.loss, found.accuracy], 1e-5)
    assert abs(smooth - plain) > 1e-3


def test_wrong_data_is_refused(source: np.ndarray) -> None:
    graph, state = trained()
    pairs = data(source)
    with pytest.raises(ValueError, match="0 sources"):
        fitting.evaluate_pairs(graph, state, {name: rows[:0] for name, rows in pairs.items()})
    with pytest.raises(ValueError, match="6 sources and 5 targets"):
        fitting.evaluate_pairs(graph, state, {**pairs, "target": pairs["target"][:5]})
    for name in ("source", "target"):
        with pytest.raises(ValueError, match=f"{name} is 99 to 99"):
            fitting.evaluate_pairs(graph, state, {**pairs, name: np.full_like(pairs[name], 99)})
    with pytest.raises(ValueError, match="batch_size is 0"):
        fitting.evaluate_pairs(graph, state, pairs, 0)
    with pytest.raises(ValueError, match="no real token"):
        fitting.evaluate_pairs(graph, state, {**pairs, "target": np.zeros((6, 4), int)})


def test_it_learns_a_toy() -> None:
    texts = ["".join(x) for x in np.random.default_rng(0).choice(list("abc"), (60, 4))]
    answers = [text.upper() for text in texts]
    upper = characters(answers)
    rows = {
        "source": source_rows(texts, LETTERS),
        "target": target_rows(answers, upper),
    }
    optimizer = optax.adam(1e-2)
    model = Seq2Seq(len(LETTERS), len(upper), 8, 32, attention="dot", dropout=0.1, rngs=nnx.Rngs(0))
    graph, state = training.create_state(model, optimizer)
    step = training.gradient_step(graph, optimizer, fitting.pair_loss(0.05))
    run = training.fit(step, state, rows, batch_size=20, steps=150, show=False)
    written = decoding.translate(graph, run.state, texts, LETTERS, upper, 6)
    assert scores.exact_match(written, answers) > 0.9
