"""Vocabularies and padding."""

from __future__ import annotations

import numpy as np
import pytest

from karpa_helpers.data.vocabulary import BOS, EOS, PAD, UNK, Vocabulary, characters, pad

TEXTS = ["the cat saw the dog", "the dog ran"]


def test_most_frequent_first_ties_by_alphabet() -> None:
    words = Vocabulary.from_texts(TEXTS)
    assert words.tokens[4:] == ("the", "dog", "cat", "ran", "saw")
    assert len(words) == 9
    assert words.encode("the ran") == [4, 7]


def test_there_and_back() -> None:
    words, letters = Vocabulary.from_texts(TEXTS), characters(TEXTS)
    for text in (*TEXTS, ""):
        assert words.decode(words.encode(text)) == text
        assert letters.decode(letters.encode(text)) == text


def test_what_is_not_known_is_unk() -> None:
    words = Vocabulary.from_texts(TEXTS, least=2)
    assert words.tokens[4:] == ("the", "dog")
    assert words.encode("the bird <pad> <eos>") == [4, UNK, UNK, UNK]
    assert words.decode([4, UNK]) == "the <unk>"
    assert len(Vocabulary.from_texts(TEXTS, most=1)) == 5


def test_decoding_ends_at_eos_and_leaves_out_what_is_no_word() -> None:
    words = Vocabulary.from_texts(TEXTS)
    assert words.decode(np.array([BOS, 4, PAD, 5, EOS, 6])) == "the dog"
    with pytest.raises(ValueError, match="99 is no token's number"):
        words.decode([99])


def test_a_vocabulary_needs_tokens() -> None:
    with pytest.raises(ValueError, match="No token is left"):
        Vocabulary.from_texts(["a b"], least=2)
    with pytest.raises(ValueError, match="most is 0"):
        Vocabulary.from_texts(TEXTS, most=0)
    with pytest.raises(ValueError, match="must begin with"):
        Vocabulary(("a", "b"))


def test_a_word_in_two_unicode_forms_is_one_token() -> None:
    words = Vocabulary.from_texts(["cafe\u0301 café", "thé"])
    assert words.tokens[4:] == ("café", "thé")
    assert words.encode("cafe\u0301 the\u0301") == words.encode("café thé") == [4, 5]
    assert len(characters(["e\u0301", "é"])) == 5
    assert Vocabulary((*words.tokens[:4], "e\u0301")).encode("é") == [4]
    with pytest.raises(ValueError, match="each token once"):
        Vocabulary((*words.tokens[:4], "e\u0301", "é"))


def test_pad() -> None:
    np.testing.assert_array_equal(pad([[5], [6, 7]]), [[5, PAD], [6, 7]])
    rows = pad([[5], [6, 7]], 3)
    assert rows.shape == (2, 3)
    assert rows.dtype == np.int32


@pytest.mark.parametrize(
    ("rows", "length", "reason"),
    [
        ([], None, "no row"),
        ([[4], []], None, "Row 1 is empty"),
        ([[4], [4, 5, 6]], 2, "Row 1 has 3 tokens, more than length=2"),
    ],
)
def test_rows_that_cannot_be_padded(rows: list, length: int | None, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        pad(rows, length)
