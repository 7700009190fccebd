"""The translator's recipe, at a size of seconds."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from karpa_helpers import training
from karpa_helpers.data import text
from karpa_helpers.data.vocabulary import PAD
from karpa_helpers.seq2seq import translation
from karpa_helpers.seq2seq.networks import Seq2Seq

TINY = translation.Recipe(steps=4, subwords=120, embedding=8, hidden=8, batch_size=32)


@pytest.fixture(scope="module")
def pairs() -> text.Pairs:
    """Short sentences by rule."""
    return translation.within(text.sentence_pairs("grammar", "valid"), 6)


def test_within_keeps_both_sides_short(pairs):
    everything = text.sentence_pairs("grammar", "valid")
    assert 0 < len(pairs) < len(everything)
    assert all(len(s.split()) <= 6 and len(t.split()) <= 6
               for s, t in zip(pairs.source, pairs.target, strict=True))  # fmt: skip
    assert pairs.alignments is not None
    assert len(pairs.alignments) == len(pairs)
    assert translation.within(everything, None) is everything
    with pytest.raises(ValueError, match="No pair has at most 0 words"):
        translation.within(everything, 0)


def test_preparing_loses_no_pair(pairs):
    prepared = translation.prepare(pairs, TINY)
    assert (prepared.groups["source"][..., 0] != PAD).sum() == len(pairs)
    assert len(prepared.pieces) == TINY.subwords
    assert 0 < prepared.padding < 0.6


@pytest.mark.parametrize("attention", ["general", None])
def test_a_run_can_be_repeated_and_translates_any_text(pairs, attention):
    recipe = dataclasses.replace(TINY, attention=attention)
    prepared = translation.prepare(pairs, recipe)
    first, again = (translation.train(prepared, recipe, 1, show=False) for _ in range(2))
    assert np.array_equal(first.result.curve["loss"], again.result.curve["loss"])
    assert first.result.step == recipe.steps
    assert len(first.translator(["the cat", ""], width=2)) == 2
    assert first.translator(["", ""]) == ["", ""]


def test_the_rate_rises_and_falls(pairs):
    recipe = dataclasses.replace(TINY, steps=100)
    rates = [float(translation.rate(recipe)(step)) for step in range(101)]
    assert np.argmax(rates) == 5
    assert max(rates) == pytest.approx(recipe.learning_rate)
    assert rates[-1] == pytest.approx(0.01 * recipe.learning_rate)


def test_only_embeddings_learn_faster():
    network = Seq2Seq(9, 9, 4, 6, tied=True, rngs=nnx.Rngs(0))
    params = training.create_state(network, optax.sgd(0.1))[1]["params"]
    updates = jax.tree.map(jnp.ones_like, params)
    faster = translation.faster_embeddings(3.0)
    found, _ = faster.update(updates, faster.init(params))
    factors = {jax.tree_util.keystr(path): set(np.asarray(x).ravel().tolist())
               for path, x in jax.tree_util.tree_leaves_with_path(found)}  # fmt: skip
    moved = {name for name, values in factors.items() if values == {3.0}}
    assert {name.split("'")[1] for name in moved} == {"source_embedding", "target_embedding"}
    assert all(values == {1.0} for name, values in factors.items() if name not in moved)
