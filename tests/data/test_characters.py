"""Characters: splits without a leak, the embedded defaults, and the learner's own file."""

from __future__ import annotations

import gzip
import os
import unicodedata

import numpy as np
import pytest

from karpa_helpers.data import characters
from karpa_helpers.data.errors import DataError

MIRROR = os.environ.get("KARPA_DATA_MIRROR", "")


@pytest.fixture(params=["embedded", "mirror"])
def place(request, monkeypatch):
    if request.param == "mirror":
        if not MIRROR:
            pytest.skip("KARPA_DATA_MIRROR is not set")
        monkeypatch.setenv("KARPA_DATA_MIRROR", MIRROR)
    return request.param


def test_no_name_is_in_two_parts(place):
    parts = [characters.names(part).texts for part in characters.PARTS]
    together = [name for part in parts for name in part]
    assert len(set(together)) == len(together)
    assert len(together) == (29_494 if place == "mirror" else 6000)
    shares = [len(part) / len(together) for part in parts]
    assert shares == pytest.approx([0.9, 0.05, 0.05], abs=0.01)


def test_shakespeare_is_cut_not_mixed(place):
    parts = [characters.shakespeare(part).texts for part in characters.PARTS]
    assert [len(part) for part in parts] == [1, 1, 1]
    train, valid, test = (part[0] for part in parts)
    if place == "mirror":
        whole = train + valid + test
        assert len(whole) == 1_115_394
        assert len(test) == len(whole) - int(0.9 * len(whole))  # nanoGPT's held-out characters
    else:
        seen = set(train.split("\n"))
        assert not any(line in seen for line in (valid + test).split("\n") if line)


@pytest.mark.parametrize("load", [characters.names, characters.shakespeare])
def test_every_part_has_the_same_alphabet_and_comes_back(load, place):
    parts = [load(part) for part in characters.PARTS]
    assert len({part.alphabet.characters for part in parts}) == 1
    for part in parts:
        for text in part.texts[:20]:
            ids = part.alphabet.encode(text)
            assert ids.dtype == np.int32
            assert part.alphabet.decode(ids) == text
    assert place == "mirror" or "rule" in parts[0].origin


def test_the_end_is_character_zero():
    alphabet = characters.Alphabet(["ba", "c"])
    assert alphabet.characters == "\nabc"
    assert len(alphabet) == 4
    with pytest.raises(ValueError, match="'x' is not in this alphabet"):
        alphabet.encode("ax")


def test_padded_shifts_by_one():
    alphabet = characters.Alphabet("abc")
    corpus = characters.Corpus(["ab", "c"], alphabet, "", "")
    inputs, targets, mask = characters.pad_names(corpus)
    np.testing.assert_array_equal(inputs, [[0, 1, 2], [0, 3, 0]])
    np.testing.assert_array_equal(targets, [[1, 2, 0], [3, 0, 0]])
    np.testing.assert_array_equal(mask, [[1, 1, 1], [1, 1, 0]])


def test_wrong_part_is_explained():
    for load in (characters.names, characters.shakespeare):
        with pytest.raises(ValueError, match='"train", "valid" or "test"'):
            load("validation")


def test_own_folder_without_the_file_is_an_error(tmp_path):
    with pytest.raises(DataError):
        characters.names(folder=tmp_path)


def test_own_text(tmp_path):
    text = "wörd one\r\nand two " * 100
    plain, packed, old = (tmp_path / name for name in ("a.txt", "b.txt.gz", "c.txt"))
    plain.write_bytes(text.encode("utf-8-sig"))
    packed.write_bytes(gzip.compress(text.encode()))
    old.write_bytes(text.encode("cp1252"))
    expected = text.replace("\r\n", "\n")
    for path, encoding in ((plain, "utf-8-sig"), (packed, "utf-8-sig"), (old, "cp1252")):
        parts = [
            characters.text_from_file(path, part, encoding).texts[0] for part in characters.PARTS
        ]
        assert "".join(parts) == expected
    with pytest.raises(DataError, match="cp1252"):
        characters.text_from_file(old)
    with pytest.raises(DataError, match="no encoding"):
        characters.text_from_file(old, encoding="utf-nine")
    with pytest.raises(DataError, match="cannot be read"):
        characters.text_from_file(tmp_path / "none.txt")
    (tmp_path / "short.txt").write_text("too short")
    with pytest.raises(DataError, match="at least 1,000"):
        characters.text_from_file(tmp_path / "short.txt")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8"])
def test_own_text_in_any_encoding_and_unicode_form(tmp_path, encoding):
    text = "wörd ਊ one\n" * 100
    path = tmp_path / "a.txt"
    path.write_bytes(unicodedata.normalize("NFD", text).encode(encoding))
    parts = [characters.text_from_file(path, p, encoding) for p in characters.PARTS]
    assert "".join(part.texts[0] for part in parts) == text
    if encoding in ("utf-16-le", "utf-16-be"):
        with pytest.raises(DataError, match=r'line 1: a NUL.*or "utf-16-le"'):
            characters.text_from_file(path)


def test_an_alphabet_has_one_number_for_each_letter():
    alphabet = characters.Alphabet(["cafe\u0301", "é"])
    assert alphabet.characters == "\nacfé"
    np.testing.assert_array_equal(alphabet.encode("e\u0301a"), alphabet.encode("éa"))


def test_broken_gzip_is_explained(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"word " * 1000)[:-20])
    with pytest.raises(DataError, match=r"a\.txt\.gz"):
        characters.text_from_file(path)
