"""The translator takes any text, and writes what the decoders write."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from toys import SIZE, trained

from karpa_helpers.data import subwords
from karpa_helpers.data.rows import source_rows
from karpa_helpers.data.vocabulary import Vocabulary, characters
from karpa_helpers.lessons.lesson_14_translator import NOTHING, Translator
from karpa_helpers.seq2seq import decoding

LETTERS = characters(["abc"])
LENGTH, LONGEST = 5, 6
TEXTS = ["ab", "", "c", "abcab", "b" * 50, "😀", "a猫b", "ba", " ", "\n"]
STRANGE = [
    "", " ", "\n\t", "😀👩‍👩‍👧", "word " * 500, "Das ist ein Haus.", "これは家です", "\ud800",
    "\x00", "<pad>", "a" * 10_000, "${}[]\\frac", "‮abc", "0", "-", "e\u0301",
]  # fmt: skip


def translator(source: Any = LETTERS, **settings: Any) -> Translator:
    settings = {"attention": "general", "input_feeding": True, "tied": True} | settings
    graph, state = trained(**settings)
    return Translator(graph, state, source, LETTERS, LONGEST, LENGTH)


@pytest.fixture(scope="module")
def attending() -> Translator:
    return translator()


def test_greedy_and_beam_are_those_of_the_decoder(attending: Translator) -> None:
    texts = ["ab", "c", "abcab", "ba"]
    for width in (1, 3):
        expected = decoding.translate(
            attending.graph, attending.state, texts, LETTERS, LETTERS, LENGTH, width=width
        )
        assert attending(texts, width) == expected


def test_company_and_order_change_nothing(attending: Translator) -> None:
    texts = ["ab", "", "c", "abcab", "ba"]  # four of them are translated
    assert attending(texts) == [attending([text])[0] for text in texts]
    assert attending(texts, batch_size=2) == attending(texts)
    assert attending(texts[::-1]) == attending(texts)[::-1]
    assert attending([]) == []


@pytest.mark.filterwarnings("ignore:Some|Too")
def test_empty_gives_empty(attending: Translator) -> None:
    written = attending(TEXTS)
    assert len(written) == len(TEXTS)
    assert [written[n] for n in (1,)] == [""]
    reading = attending.alternatives("")
    assert reading == (["<eos>"], [NOTHING], [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert attending(["", ""]) == ["", ""]


def test_too_long_is_cut_with_a_warning(attending: Translator) -> None:
    with pytest.warns(UserWarning, match="only the first 5 tokens"):
        assert attending(["ab" * 30]) == attending(["ababa"])
    reading = attending.alternatives("ab" * 30)
    assert len(reading.tokens) == LONGEST
    assert "Too long" in reading.notes[0]


def test_what_is_not_known_is_said(attending: Translator) -> None:
    with pytest.warns(UserWarning, match="not known"):
        attending(["a猫"])
    reading = attending.alternatives("a猫")
    assert reading.tokens == ["a", "<unk>", "<eos>"]
    assert "not known" in reading.notes[0]


def test_alternatives_are_distinct_and_ordered(attending: Translator) -> None:
    reading = attending.alternatives("abc", 4)
    texts = [x.text for x in reading.translations]
    assert texts[0] == attending(["abc"], 4)[0]
    assert len(texts) == len(set(texts)) > 1
    found = [x.score for x in reading.translations]
    assert found == sorted(found, reverse=True)
    for x in reading.translations:
        penalty = float(decoding.length_penalty(len(x.tokens), attending.alpha))
        assert x.score == pytest.approx(x.log_probability / penalty, rel=1e-4)


def test_weights_are_those_of_the_steps(attending: Translator) -> None:
    from karpa_helpers import training

    reading = attending.alternatives("abc")
    model = training.merge(attending.graph, attending.state)
    row = source_rows(["abc"], LETTERS, LONGEST)
    for one in reading.translations:
        state, memory = model.encode(np.array(row))
        token = np.array([1])
        assert one.weights is not None
        assert one.weights.shape == (len(one.tokens), len(reading.tokens))
        for look, piece in zip(one.weights, one.tokens, strict=True):
            state, _, weights = model.step(state, token, memory)
            np.testing.assert_allclose(look, weights[0, : len(look)], atol=1e-5)
            np.testing.assert_allclose(look.sum(), 1, atol=1e-5)
            token = np.array([LETTERS.tokens.index(piece)])


def test_without_attention_there_are_no_weights() -> None:
    plain = translator(attention=None, input_feeding=False)
    assert all(x.weights is None for x in plain.alternatives("ab").translations)


def test_two_ways_to_write_one_text_are_one_translation() -> None:
    graph, state = trained(attention="general")
    twice = Vocabulary(("<pad>", "<bos>", "<eos>", "<unk>", "a", "b", "c"), list, lambda _: "same")
    made = Translator(graph, state, LETTERS, twice, LONGEST, LENGTH)
    assert len(made.alternatives("ab", 4).translations) == 1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["letters", "subwords"])
def test_any_text_at_all(attending: Translator, kind: str) -> None:
    made = attending
    if kind == "subwords":
        made = translator(subwords.train(["ab ba", "ab"], SIZE))
    written = made(STRANGE)
    for text, answer in zip(STRANGE, written, strict=True):
        reading = made.alternatives(text, 2)
        assert isinstance(answer, str)
        assert 1 <= len(reading.tokens) <= LONGEST
        assert bool(reading.translations) == (reading.notes != [NOTHING])


def test_wrong_input_is_refused(attending: Translator) -> None:
    with pytest.raises(ValueError, match="give a list"):
        attending("abc")
    for wrong in (None, 3, ["a"]):
        with pytest.raises(ValueError, match="is no text"):
            attending([wrong])  # type: ignore[list-item]
        with pytest.raises(ValueError, match="is no text"):
            attending.alternatives(wrong)  # type: ignore[arg-type]
