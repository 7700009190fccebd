"""Sentence pairs: splits without leaks, and own files with every kind of trouble."""

from __future__ import annotations

import gzip
import unicodedata

import pytest

from karpa_helpers.data import grammar, store, text
from karpa_helpers.data.errors import DataError


def pairs(source: list[str], target: list[str] | None = None) -> text.Pairs:
    return text.Pairs(source, target or [s.upper() for s in source], "here", "none")


def many() -> text.Pairs:
    return pairs([f"sentence number {i // 2}." for i in range(10_000)])


def test_parts_cover_everything_once():
    parts = [text.split(many(), part) for part in text.PARTS]
    together = sorted(source for part in parts for source in part.source)
    assert together == sorted(many().source)
    assert [len(part) / 10_000 for part in parts] == pytest.approx([0.96, 0.02, 0.02], abs=0.01)


def test_no_sentence_is_in_two_parts():
    parts = [set(text.split(many(), part).source) for part in text.PARTS]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]


def test_case_and_punctuation_do_not_separate_sentences():
    variants = pairs(["I see.", "I see!", "i SEE", " I  see ?"] * 50)
    assert sorted(len(text.split(variants, part)) for part in text.PARTS) == [0, 0, 200]


NAMES = ["café", "naïve", "São Paulo", "Zürich", "crème brûlée", "El Niño", "ǰ", "Ω"]


def test_one_sentence_in_two_unicode_forms_is_one_sentence():
    source = [
        unicodedata.normalize(form, f"{verb} {name} {number}.")
        for verb in ("See", "Know", "Like", "sēe")
        for number in range(10)
        for name in NAMES
        for form in ("NFC", "NFD")
    ]
    everything = pairs(source)
    assert all(a == b for a, b in zip(everything.source[::2], everything.source[1::2], strict=True))
    assert len(everything.references()) == len(source) // 2
    parts = [text.split(everything, part) for part in text.PARTS]
    assert min(map(len, parts)) > 0
    seen = [set(part.source) for part in parts]
    assert sum(map(len, seen)) == len(set.union(*seen)) == len(source) // 2


def test_invisible_characters_do_not_separate_sentences():
    variants = pairs(["We cooperate.", "We co\u00adoperate.", "\ufeffWe cooperate\u200b."] * 9)
    assert sorted(len(text.split(variants, part)) for part in text.PARTS) == [0, 0, 27]


def test_a_part_of_another_name_is_refused():
    with pytest.raises(ValueError, match='give "train", "valid" or "test"'):
        text.split(many(), "validation")


def test_split_is_the_same_on_every_machine():
    assert text.split(many(), "test").source[:2] == FIRST_TESTED


def test_split_keeps_translations_and_alignments_beside_their_source():
    everything = text.Pairs(["a", "b", "c"], ["A", "B", "C"], "", "", [((0, 0),), (), ((1, 1),)])
    for part in text.PARTS:
        found = text.split(everything, part)
        assert found.target == [source.upper() for source in found.source]
        assert len(found.alignments) == len(found)


def test_references_of_a_sentence_are_all_reachable():
    found = pairs(["Go.", "Run!", "Go."], ["Va !", "Cours !", "Allez !"]).references()
    assert found == {"Go.": ["Va !", "Allez !"], "Run!": ["Cours !"]}


def test_grammar_comes_with_alignments_inside_its_sentences():
    found = text.sentence_pairs("grammar", "test")
    assert len(found) > 0
    for source, target, alignment in zip(found.source, found.target, found.alignments, strict=True):
        lengths = len(grammar.tokenize(source)), len(grammar.tokenize(target))
        assert all(i < lengths[0] and j < lengths[1] for i, j in alignment)


def test_unreachable_set_gives_the_grammar_and_says_so(capsys):
    found = text.sentence_pairs("tatoeba", "test")
    assert found.origin == "written by rule"
    printed = capsys.readouterr().out
    assert "could not be had" in printed
    assert (
        "Used instead of Tatoeba English-French: English-French sentences written by rule."
        in printed
    )


def test_tatoeba_is_read_and_split(tmp_path, monkeypatch):
    lines = [f"Sentence {i // 3}.\tPhrase {i}\u202f!" for i in range(3000)]
    (tmp_path / "fra.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = store.Fetched({"pairs": tmp_path}, "the mirror")
    monkeypatch.setattr(store, "fetch_or_explain", lambda name, folder: found)
    parts = [text.sentence_pairs("tatoeba", part) for part in text.PARTS]
    assert sum(len(part) for part in parts) == 3000
    assert all(len(r) == 3 for part in parts for r in part.references().values())
    assert parts[0].target[0].endswith("\u202f!")


def test_multi30k_is_read_line_by_line(tmp_path, monkeypatch):
    paths = {}
    for language, body in (("en", "A dog.\nA cat.\n"), ("fr", "Un chien.\nUn chat.\n")):
        paths[f"val.{language}.gz"] = tmp_path / language
        (tmp_path / language).write_bytes(gzip.compress(body.encode()))
    found = store.Fetched(paths, "the mirror")
    monkeypatch.setattr(store, "fetch_or_explain", lambda name, folder: found)
    valid = text.sentence_pairs("multi30k", "valid")
    assert list(zip(valid.source, valid.target, strict=True)) == [
        ("A dog.", "Un chien."),
        ("A cat.", "Un chat."),
    ]


@pytest.mark.parametrize("words", [("german", "train"), ("grammar", "held_out")])
def test_wrong_words_are_named(words):
    with pytest.raises(ValueError, match="multi30k"):
        text.sentence_pairs(*words)


def own(tmp_path, body: bytes, **options) -> text.Pairs:
    (tmp_path / "own.tsv").write_bytes(body)
    return text.pairs_from_file(tmp_path / "own.tsv", **options)


GOOD = ["one\tun", "two\tdeux", "café\tété"]


@pytest.mark.parametrize(
    "body",
    [
        "\n".join(GOOD).encode(),
        "\r\n".join(GOOD).encode() + b"\r\n",
        "\r".join(GOOD).encode(),
        b"\xef\xbb\xbf" + "\n".join(GOOD).encode(),
        "\n".join(GOOD).encode("utf-16"),
        "\n".join(GOOD).encode("utf-32"),
        b"\xfe\xff" + "\n".join(GOOD).encode("utf-16-be"),
        gzip.compress("\n".join(GOOD).encode()),
        unicodedata.normalize("NFD", "\n".join(GOOD)).encode(),
        "\n\n".join(GOOD).encode() + b"\n \n",
        "\n".join(f"{line}\tCC-BY 2.0\tmore" for line in GOOD).encode(),
        "\n".join(line.replace("\t", " \t ") for line in GOOD).encode(),
    ],
    ids=[
        "plain",
        "crlf",
        "cr",
        "bom",
        "utf-16",
        "utf-32",
        "utf-16-be",
        "gzip",
        "nfd",
        "blank lines",
        "columns",
        "spaces",
    ],
)
def test_good_files_in_all_their_dress(tmp_path, body):
    found = own(tmp_path, body)
    assert found.source == ["one", "two", "café"]
    assert found.target == ["un", "deux", "été"]


def test_a_few_bad_lines_are_reported_by_number(tmp_path, capsys):
    body = b"one\tun\nno tab here\ntwo\t \nthree\ttrois" + b"\nfou\xe9r\tquatre\nfive\tcinq"
    assert own(tmp_path, body).source == ["one", "three", "five"]
    printed = capsys.readouterr().out
    assert "line 2: no tab" in printed
    assert "line 3: an empty side" in printed
    assert "line 5: byte 4 (0xe9) is not utf-8" in printed


def test_wrong_encoding_is_refused_with_line_byte_and_remedy(tmp_path):
    body = "\n".join(["été\tsummer"] * 10).encode("cp1252")
    with pytest.raises(DataError) as caught:
        own(tmp_path, body)
    message = str(caught.value)
    assert "10 bad lines and 0 good ones" in message
    assert "line 1: byte 1 (0xe9) is not utf-8" in message
    assert 'encoding="cp1252"' in message
    assert "line 5" in message
    assert "line 6" not in message
    assert "and 5 more" in message
    assert own(tmp_path, body, encoding="cp1252").source == ["été"] * 10


WIDE = [f"utf-{bits}-{order}" for bits in (16, 32) for order in ("le", "be")]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("encoding", [*WIDE, "utf-8", "utf-8-sig", "gb18030", "utf-7"])
def test_an_encoding_given_by_name_is_decoded_before_it_is_cut(tmp_path, encoding, mark):
    lines = ["one\tun", "\u0a0d \u0d0a\t\u010a", "two\tdeux"]  # 0x0a and 0x0d are half characters
    found = own(tmp_path, (mark + "\r\n".join(lines)).encode(encoding), encoding=encoding)
    assert [
        f"{a}\t{b}".lstrip("\ufeff") for a, b in zip(found.source, found.target, strict=True)
    ] == lines


@pytest.mark.parametrize("encoding", WIDE)
def test_a_wide_encoding_read_as_utf_8_is_refused(tmp_path, encoding):
    with pytest.raises(DataError, match=r'or "utf-16-le".*line 1: a NUL character'):
        own(tmp_path, "\n".join(GOOD).encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_utf_8_read_as_a_wide_encoding_is_refused(tmp_path, encoding):
    with pytest.raises(DataError, match=r"own\.tsv"):
        own(tmp_path, "\n".join(GOOD).encode(), encoding=encoding)


def test_a_nul_is_a_fault_of_its_line(tmp_path, capsys):
    assert own(tmp_path, b"one\tun\ntw\0o\tdeux\nthree\ttrois").source == ["one", "three"]
    assert "line 2: a NUL character" in capsys.readouterr().out


def test_too_many_bad_lines_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"4 bad lines.*Each line needs source, a tab, and target"):
        own(tmp_path, b"good\tbon\n" * 100 + b"bad\n" * 4)
    assert len(own(tmp_path, b"good\tbon\n" * 400 + b"bad\n" * 4)) == 400


def test_empty_missing_and_odd_files_are_told_apart(tmp_path):
    with pytest.raises(DataError, match="holds no text"):
        own(tmp_path, b"")
    with pytest.raises(DataError, match="cannot be read"):
        text.pairs_from_file(tmp_path / "nowhere.tsv")
    with pytest.raises(DataError, match="cannot be read"):
        text.pairs_from_file(tmp_path)
    with pytest.raises(DataError, match="no encoding 'utf-9'"):
        own(tmp_path, b"a\tb", encoding="utf-9")


def test_line_separators_inside_a_sentence_do_not_cut_it(tmp_path):
    assert own(tmp_path, "a\u2028b\tc\x85d\n".encode()).source == ["a\u2028b"]


# Fixed when the split was written: a change would move test sentences into training.
FIRST_TESTED = ["sentence number 80.", "sentence number 80."]
