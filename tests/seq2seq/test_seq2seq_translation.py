"""The translator's recipe, at a size of seconds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from karpa_helpers.data import text
from karpa_helpers.data.vocabulary import PAD
from karpa_helpers.seq2seq import translation

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
    rates = [float(translation.rate(recipe, 0.3)(step)) for step in range(101)]
    assert np.argmax(rates) == 5
    assert max(rates) == pytest.approx(0.3)
    assert rates[-1] == pytest.approx(0.003)
