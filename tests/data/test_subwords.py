"""Subwords: byte-pair encoding against a slow one, round trips, reserved numbers, errors."""

from __future__ import annotations

import pickle
import random
import subprocess
import sys
import unicodedata
from collections import Counter

import pytest

from karpa_helpers.data import subwords, text
from karpa_helpers.data.subwords import SPACE, Subwords, clean, train
from karpa_helpers.data.vocabulary import BOS, EOS, PAD, SPECIAL, UNK

TEXTS = ["low lower lowest", "new newer newest", "the low wide river is new", "été déjà vu !"] * 5


@pytest.fixture(scope="module")
def pieces() -> Subwords:
    return train(TEXTS, 50)


def slow_merges(texts: list[str], count: int) -> list[str]:
    """The first pieces that byte-pair encoding makes, up to a tie, which may be broken any way."""
    words = Counter(SPACE + word for line in texts for word in line.split())
    cut = {word: list(word) for word in words}
    made: list[str] = []
    for _ in range(count):
        pairs: Counter[tuple[str, str]] = Counter()
        for word, n in words.items():
            for a, b in zip(cut[word], cut[word][1:], strict=False):
                pairs[a, b] += n
        (best, n), (_, second) = pairs.most_common(2)
        if n == second:
            break
        made.append("".join(best))
        for word, parts in cut.items():
            joined: list[str] = []
            for part in parts:
                if joined and (joined[-1], part) == best:
                    joined[-1] += part
                else:
                    joined.append(part)
            cut[word] = joined
    return made


@pytest.mark.parametrize("seed", range(5))
def test_merges_are_those_of_byte_pair_encoding(seed: int) -> None:
    draw = random.Random(seed)
    texts = ["".join(draw.choices("abcd", (8, 4, 2, 1), k=draw.randint(2, 5))) for _ in range(2000)]
    merges = slow_merges(texts, 8)
    trained = train(texts, 4 + 5 + len(merges))  # reserved, four letters and the space, merges
    assert len(merges) >= 2
    assert list(trained.tokens[4 : 4 + len(merges)]) == merges


def test_reserved_numbers_are_those_of_every_vocabulary(pieces: Subwords) -> None:
    assert (PAD, BOS, EOS, UNK) == (0, 1, 2, 3)
    assert pieces.tokens[:4] == SPECIAL
    assert len(pieces) == len(pieces.tokens) == 50


@pytest.mark.parametrize("line", ["low lowest", "wider, rivers", " new  wide\t", "", "déjà vu!"])
def test_decode_gives_back_what_encode_was_given(pieces: Subwords, line: str) -> None:
    known = line.replace(",", "")  # the texts have no comma
    assert pieces.decode(pieces.encode(known)) == clean(known)


def test_a_word_never_seen_is_cut_into_known_pieces(pieces: Subwords) -> None:
    assert UNK not in pieces.encode("widest")
    assert len(pieces.encode("widest")) > 1
    assert "".join(pieces.pieces("widest")) == SPACE + "widest"


def test_a_character_never_seen_is_unknown(pieces: Subwords) -> None:
    numbers = pieces.encode("low 猫 new")
    assert numbers.count(UNK) == 1
    assert "<unk>" in pieces.pieces("low 猫 new")
    assert pieces.decode(numbers) == "low <unk> new"


def test_reserved_names_in_a_text_are_text(pieces: Subwords) -> None:
    assert not {PAD, BOS, EOS} & set(pieces.encode("<pad> <bos> <eos> low"))


def test_decode_stops_at_the_end_of_the_sentence(pieces: Subwords) -> None:
    low = pieces.encode("low")
    assert pieces.decode([BOS, *low, EOS, *low]) == "low"
    assert pieces.decode([*low, PAD, PAD]) == "low"
    assert pieces.decode([]) == ""


def test_decode_refuses_a_number_outside(pieces: Subwords) -> None:
    with pytest.raises(ValueError, match="they go to 49"):
        pieces.decode([50])
    with pytest.raises(ValueError, match="-1 is no piece"):
        pieces.decode([-1])


def test_training_twice_gives_the_same_bytes(pieces: Subwords) -> None:
    assert train(iter(TEXTS), 50).model == pieces.model


def test_bytes_are_all_there_is_to_keep(pieces: Subwords) -> None:
    again = Subwords(bytes(pieces.model))
    assert again == pieces
    assert again.encode("lowest river") == pieces.encode("lowest river")
    assert pickle.loads(pickle.dumps(pieces)).tokens == pieces.tokens


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("Bonjour\u202f!", "Bonjour !"),
        ("a\u00a0b\r\n c", "a b c"),
        ("e\u0301te\u0301", "été"),
        ("co\u00adop\u200b", "coop"),
        ("a\x00b\ud800", "ab"),
        ("\u2581low", "low"),
        ("low\u2585er", "low er"),
        (" \t", ""),
    ],
)
def test_clean(given: str, seen: str) -> None:
    assert clean(given) == seen


STRANGE = {
    "empty": "", "space": " ", "line end": "\n", "emoji": "😀👩‍👩‍👧", "half a character": "\ud800",
    "zero": "\x00", "unknown": "猫" * 3000, "long": "low " * 3000,
}  # fmt: skip


@pytest.mark.parametrize("line", STRANGE.values(), ids=STRANGE.keys())
def test_any_text_can_be_encoded(pieces: Subwords, line: str) -> None:
    numbers = pieces.encode(line)
    assert all(3 <= number < len(pieces) for number in numbers)
    assert isinstance(pieces.decode(numbers), str)


@pytest.mark.parametrize("texts", [[], [""], ["  ", "\x00"]])
def test_no_text(texts: list[str]) -> None:
    with pytest.raises(ValueError, match="no text"):
        train(texts)


def test_one_text_is_no_list_of_texts() -> None:
    with pytest.raises(ValueError, match="give a list"):
        train("low lower")


def test_a_size_too_large_names_the_largest() -> None:
    with pytest.raises(ValueError, match="no more than 23 pieces") as caught:
        train(["a cat <unk>", "a dog <pad>"] * 3, 4000)
    largest = int(str(caught.value).split("no more than ")[1].split()[0])
    assert len(train(["a cat <unk>", "a dog <pad>"] * 3, largest)) == largest


def test_a_size_too_small_names_the_least() -> None:
    with pytest.raises(ValueError, match="alone need 11"):
        train(["a cat", "a dog"], 5)
    assert len(train(["a cat", "a dog"], 11)) == 11
    with pytest.raises(ValueError, match="size is 0"):
        train(["a cat"], 0)


@pytest.mark.parametrize("model", [b"", b"junk", b"\x00" * 100], ids=["none", "junk", "zeros"])
def test_bytes_that_are_no_model(model: bytes) -> None:
    with pytest.raises(ValueError, match=r"no sentencepiece model|reserved numbers"):
        Subwords(model)


def test_a_model_with_other_reserved_numbers() -> None:
    import io

    import sentencepiece

    other = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS), model_writer=other, vocab_size=40, model_type="bpe",
        minloglevel=3,
    )  # fmt: skip
    with pytest.raises(ValueError, match="reserved numbers"):
        Subwords(other.getvalue())


def test_a_long_line_is_not_left_out() -> None:
    assert "z" in train(["a b c", "z" * 10_000], 9).tokens


@pytest.mark.parametrize(
    "long", ["zeb quick " * 110_000, "zebquick" * 20_000, "猫zebquick" * 99_999]
)
def test_nothing_of_a_book_without_line_breaks_is_left_out(long: str) -> None:
    pieces = train(["the cat sat", long, "on the mat"], 30)
    for part in (long[:90], long[len(long) // 2 :][:90], long[-90:]):
        assert pieces.decode(pieces.encode(part)) == clean(part)
    assert train([long], 20)


def test_a_long_text_is_cut_between_words_and_keeps_its_letters() -> None:
    words = ["a", "b" * 60_000, "c" * 49_990, "d" * 49_999, *["word"] * 30_000]
    parts = subwords.STRETCH.findall(" ".join(words))
    assert max(map(len, parts)) < 50_000
    assert " ".join(parts).split() == ["a", "b" * 49_999, "b" * 10_001, *words[2:]]


def test_every_kind_of_character_comes_back() -> None:
    # Of each general category some characters; brute force over all found no other kind of loss.
    kinds: dict[str, list[str]] = {}
    for character in map(chr, (*range(0xD800), *range(0xE000, 0x110000))):
        kinds.setdefault(unicodedata.category(character), []).append(character)
    texts = [f"a {c}b" for some in kinds.values() for c in some[:: max(1, len(some) // 20)]]
    texts += [f"a {c}b" for c in "\u2581\u2585\ufffd\uffff\ufdd0"]
    pieces = train(texts, len(set(clean("".join(texts)))) + 6)
    assert [pieces.decode(pieces.encode(x)) for x in texts] == [clean(x) for x in texts]


def test_the_embedded_grammar_round_trips() -> None:
    pairs = text.sentence_pairs("grammar", "valid")
    french = train(text.sentence_pairs("grammar", "train").target[:2000], 400)
    assert [french.decode(french.encode(x)) for x in pairs.target] == [
        clean(x) for x in pairs.target
    ]


def test_the_library_is_imported_when_it_is_needed() -> None:
    program = (
        "import sys; import karpa_helpers.data.subwords; assert 'sentencepiece' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert subwords.SPACE == "▁"
