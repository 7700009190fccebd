"""The translator's recipe, at a size of seconds."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
import pytest

from karpa_helpers.data import subwords, text
from karpa_helpers.data.rows import shapes_for
from karpa_helpers.data.vocabulary import PAD
from karpa_helpers.lessons import lesson_14, lesson_14_dictionary
from karpa_helpers.seq2seq import decoding

TINY = lesson_14.TranslatorRecipe(
    steps=4, source_subwords=100, target_subwords=120, embedding=8, hidden=8, batch_size=32
)


@pytest.fixture(scope="module")
def pairs() -> text.Pairs:
    """Short sentences by rule."""
    return lesson_14.within(text.sentence_pairs("grammar", "valid"), 6)


def test_within_keeps_both_sides_short(pairs):
    everything = text.sentence_pairs("grammar", "valid")
    assert 0 < len(pairs) < len(everything)
    assert all(len(s.split()) <= 6 and len(t.split()) <= 6
               for s, t in zip(pairs.source, pairs.target, strict=True))  # fmt: skip
    assert pairs.alignments is not None
    assert len(pairs.alignments) == len(pairs)
    assert lesson_14.within(everything, None) is everything
    with pytest.raises(ValueError, match="No pair has at most 0 words"):
        lesson_14.within(everything, 0)


def test_preparing_loses_no_pair(pairs):
    prepared = lesson_14.prepare(pairs, TINY)
    assert (prepared.groups["source"][..., 0] != PAD).sum() == len(pairs)
    assert len(prepared.source_pieces) == TINY.source_subwords
    assert len(prepared.target_pieces) == TINY.target_subwords
    assert 0 < prepared.padding < 0.6


@pytest.mark.parametrize("attention", ["general", None])
def test_a_run_can_be_repeated_and_translates_any_text(pairs, attention, monkeypatch):
    # Each shape is compiled for itself, and one shows as much as four.
    monkeypatch.setattr(lesson_14, "shapes_for", lambda *rows: shapes_for(*rows, (1.0,)))
    recipe = dataclasses.replace(TINY, attention=attention)
    prepared = lesson_14.prepare(pairs, recipe)
    first, again = (lesson_14.train(prepared, recipe, 1, show=False) for _ in range(2))
    assert np.array_equal(first.result.curve["loss"], again.result.curve["loss"])
    assert first.result.step == recipe.steps
    assert len(first.translator(["the cat", ""], width=2)) == 2
    assert first.translator(["", ""]) == ["", ""]
    translator, longest = first.translator, prepared.shapes[-1]
    for room, least in zip(
        (translator.source_length, translator.target_length), longest, strict=True
    ):
        assert 0 <= room - least < decoding.STEP
        assert room % decoding.STEP == 0


def test_the_rate_rises_and_falls(pairs):
    recipe = dataclasses.replace(TINY, steps=100)
    rates = [float(lesson_14.rate(recipe, 0.3)(step)) for step in range(101)]
    assert np.argmax(rates) == 5
    assert max(rates) == pytest.approx(0.3)
    assert rates[-1] == pytest.approx(0.003)


def test_the_rows_are_those_of_the_pairs(pairs):
    prepared = lesson_14.prepare(pairs, TINY)
    source, target = lesson_14.rows_of(prepared.groups)
    found = {(prepared.source_pieces.decode(s), prepared.target_pieces.decode(t))
             for s, t in zip(source, target, strict=True)}  # fmt: skip
    clean = [map(subwords.clean, side) for side in (pairs.source, pairs.target)]
    assert len(source) == len(pairs)
    assert found == set(zip(*clean, strict=True))


def test_before_its_first_step_a_network_is_a_dictionary(pairs):
    recipe = dataclasses.replace(TINY, embedding=120)  # room for the whole table
    prepared = lesson_14.prepare(pairs, recipe)
    _, state, _ = lesson_14.create(prepared, recipe, 0)
    _, lot, _ = lesson_14.create(prepared, dataclasses.replace(recipe, counted=False), 0)
    weights = {name: np.asarray(leaf) for name, leaf in flat(state["params"]).items()}
    drawn = {name: np.asarray(leaf) for name, leaf in flat(lot["params"]).items()}
    source, target = lesson_14.rows_of(prepared.groups)
    expected = lesson_14_dictionary.association(source, target[:, 1:], 100, 120)
    tables = [f"['{side}_embedding']['embedding']" for side in ("source", "target")]
    own = [weights[name] - 0.1 * drawn[name] for name in tables]  # a tenth of the lot stays
    said = own[0] @ weights["['to_vote']['kernel']"] @ own[1].T
    np.testing.assert_allclose(said, expected, atol=0.02)
    for table, name in zip(own, tables, strict=True):
        assert table.std() == pytest.approx(drawn[name].std(), rel=1e-3)
    written = target[:, 1:][target[:, 1:] != PAD]
    share = np.bincount(written, minlength=120) + 1.0
    np.testing.assert_allclose(np.exp(weights["['bias']"]), share / share.sum(), rtol=1e-4)
    changed = {name for name in weights if not np.array_equal(weights[name], drawn[name])}
    assert changed == {*tables, "['to_vote']['kernel']", "['bias']"}


def flat(tree):
    """The leaves by name."""
    return {jax.tree_util.keystr(path).removesuffix(".value"): leaf
            for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}  # fmt: skip
