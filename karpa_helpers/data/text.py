"""English-French sentence pairs: by rule, from Tatoeba or Multi30k, or the learner's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from karpa_helpers.data import store
from karpa_helpers.data.encodings import REMEDY, compose, read_lines, read_text
from karpa_helpers.data.errors import DataError
from karpa_helpers.data.parts import PARTS, Part, check_part, hash_part
from karpa_helpers.data.sources import MULTI30K, TATOEBA
from karpa_helpers.data.subwords import clean

Alignment = tuple[tuple[int, int], ...]

HELD_OUT = 2  # of 100 distinct source sentences, for validation; and as many for the test
MULTI30K_FILES = {"train": "train", "valid": "val", "test": "test_2016_flickr"}
# A file with more bad lines than this share, and more than a few, is taken for the wrong file.
BAD_SHARE = 0.01
BAD_FEW = 3
SHOWN = 5


@dataclass(frozen=True)
class Pairs:
    """Sentences and their translations, line by line, as `encodings.compose` writes them.

    Attributes:
        source: The sentences to translate.
        target: Their translations; a sentence with several translations stands several times.
        origin: What was used, in words.
        licence: Its terms.
        alignments: For rule-written pairs: of each pair, (source position, target position) of
            the tokens that belong together. Tokens are those of `synthetic.grammar.tokenize`.
    """

    source: list[str]
    target: list[str]
    origin: str
    licence: str
    alignments: list[Alignment] | None = None

    def __post_init__(self) -> None:
        for side in ("source", "target"):
            object.__setattr__(self, side, [compose(text) for text in getattr(self, side)])

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.source)

    def chosen(self, indices: Sequence[int]) -> Pairs:
        """The pairs at some indices, with their alignments."""
        return Pairs(
            [self.source[index] for index in indices],
            [self.target[index] for index in indices],
            self.origin,
            self.licence,
            None if self.alignments is None else [self.alignments[index] for index in indices],
        )

    def references(self) -> dict[str, list[str]]:
        """All translations of each distinct source sentence, in order of appearance."""
        found: dict[str, list[str]] = {}
        for source, target in zip(self.source, self.target, strict=True):
            found.setdefault(source, []).append(target)
        return found


def sentence_pairs(
    name: Literal["grammar", "tatoeba", "multi30k"] = "grammar",
    part: Part = "train",
    folder: str | Path | None = None,
) -> Pairs:
    """English-French sentence pairs.

    "grammar" is written by rule, with the alignment of every word, and needs no network. Where
    "tatoeba" or "multi30k" cannot be had, the grammar is used and `origin` says so. Tatoeba is
    split by distinct English sentence, so that no sentence of the test was trained on.

    Args:
        name: "grammar", "tatoeba" or "multi30k".
        part: "train", "valid" or "test".
        folder: A folder with the learner's own copy of the set's files.

    Returns:
        The pairs of that part.

    Raises:
        DataError: `folder` was given and does not hold the right files.
        ValueError: `name` or `part` is another word.
    """
    if name not in ("grammar", TATOEBA.name, MULTI30K.name) or part not in PARTS:
        raise ValueError(
            f'name is {name!r} and part is {part!r}; name is "grammar", "tatoeba" or "multi30k", '
            'part is "train", "valid" or "test".'
        )
    found = None if name == "grammar" else store.fetch_or_explain(name, folder)
    if found is None:
        return _grammar(part)
    if name == MULTI30K.name:
        return _multi30k(found, part)
    lines = (found.paths["pairs"] / "fra.txt").read_text(encoding="utf-8").split("\n")
    pairs = [line.split("\t") for line in lines if line]
    source, target = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    everything = Pairs(source, target, f"{TATOEBA.title} ({found.origin})", TATOEBA.licence)
    return split(everything, part)


def pairs_from_file(path: str | Path, encoding: str = "utf-8") -> Pairs:
    """The learner's own pairs: one pair a line, source and target separated by a tab.

    Empty lines and further columns are passed over. A few bad lines are left out and reported by
    their number.

    Args:
        path: The file, plain or packed with gzip.
        encoding: Its encoding, such as "cp1252" for an old Windows file. A byte-order mark at its
            begin, also that of UTF-16 or UTF-32, says more.

    Returns:
        All pairs; `split` cuts them into parts.

    Raises:
        DataError: The file is missing, holds no pair, or too many of its lines are bad.
    """
    source, target, faults = [], [], []
    for number, (text, fault) in enumerate(read_lines(path, encoding), start=1):
        columns = [column.strip() for column in text.split("\t")]
        if not fault and columns == [""]:
            continue
        fault = fault or _fault(columns)
        if fault:
            faults.append(f"line {number}: {fault}")
        else:
            source.append(columns[0])
            target.append(columns[1])
    file = Path(path)
    _report(file, faults, len(source))
    print(f"Your own pairs: {len(source):,} from {file.name}. Mind their licence.")
    return Pairs(source, target, f"own pairs in {file.name}", "the learner's own")


def split(pairs: Pairs, part: Part) -> Pairs:
    """The part of `pairs` that a hash of each source sentence assigns to it.

    Sentences that differ only in case, punctuation, invisible characters or Unicode form go to the
    same part, and so do all translations of one sentence: what is tested has not been trained on.

    Args:
        pairs: All pairs.
        part: "train" (96 in 100 sentences), "valid" (2) or "test" (2).

    Returns:
        The pairs of that part, in the same order.

    Raises:
        ValueError: `part` is another word.
    """
    check_part(part)
    words = (" ".join(re.findall(r"\w+", clean(text).casefold())) for text in pairs.source)
    return pairs.chosen([n for n, text in enumerate(words) if hash_part(text, HELD_OUT) == part])


def _grammar(part: Part) -> Pairs:
    from karpa_helpers.data import grammar

    pairs = grammar.split(part)
    licence = "Apache-2.0, part of this course"
    store.announce(
        "grammar", f"English-French sentences written by rule, words aligned. Licence: {licence}."
    )
    return Pairs(
        [pair.source for pair in pairs],
        [pair.target for pair in pairs],
        "written by rule",
        licence,
        [pair.alignment for pair in pairs],
    )


def _multi30k(found: store.Fetched, part: Part) -> Pairs:
    english, french = (
        read_text(found.paths[f"{MULTI30K_FILES[part]}.{language}.gz"]).strip("\n").split("\n")
        for language in ("en", "fr")
    )
    return Pairs(english, french, f"{MULTI30K.title} ({found.origin})", MULTI30K.licence)


def _fault(columns: Sequence[str]) -> str:
    if len(columns) < 2:
        return "no tab"
    if not columns[0] or not columns[1]:
        return "an empty side"
    return ""


def _report(file: Path, faults: list[str], good: int) -> None:
    """Prints the faults of a file, or raises DataError where there are too many."""
    more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    listed = "; ".join(faults[:SHOWN]) + more
    if good == 0 or len(faults) > max(BAD_FEW, BAD_SHARE * (good + len(faults))):
        remedy = "Each line needs source, a tab, and target"
        if any("is not" in fault for fault in faults):
            remedy = REMEDY
        raise DataError(
            f"{file.name}: {len(faults)} bad lines and {good} good ones. {remedy}. "
            + (f"First: {listed}." if faults else "The file holds no text.")
        )
    if faults:
        print(f"{file.name}: {len(faults)} lines left out. {listed}.")
