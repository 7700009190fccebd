"""Text as characters: names, Shakespeare or the learner's own file, split without a leak."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from karpa_helpers.data import store
from karpa_helpers.data.encodings import compose, read_text
from karpa_helpers.data.errors import DataError
from karpa_helpers.data.parts import PARTS, Part, check_part, hash_part
from karpa_helpers.data.sources import NAMES, SHAKESPEARE

HELD_OUT = 5  # of 100 distinct names, for validation; and as many for the test
# Of 100 characters of a text, the first 85 are for training, the last 10 for the test.
TRAIN_UNTIL, VALID_UNTIL = 85, 90
END = "\n"  # before and after each name
FEWEST = 1000  # characters of an own text
_RULE_SEED, _RULE_COUNT = 20_150_521, 6000


class Alphabet:
    """The characters of a text, numbered. Character 0 is the end of a line.

    Texts are read as `encodings.compose` writes them.

    Args:
        text: Any text; its distinct characters are the alphabet.
    """

    def __init__(self, text: Iterable[str]) -> None:
        characters = {c for part in text for c in compose(part)}
        self.characters = END + "".join(sorted(characters - {END}))
        self._number = {character: i for i, character in enumerate(self.characters)}

    def __len__(self) -> int:
        """The number of characters."""
        return len(self.characters)

    def encode(self, text: str) -> np.ndarray:
        """The numbers of a text's characters, int32 (T,).

        Raises:
            ValueError: A character is not in the alphabet.
        """
        try:
            return np.array([self._number[character] for character in compose(text)], np.int32)
        except KeyError as unknown:
            raise ValueError(
                f"The character {unknown.args[0]!r} is not in this alphabet: {self.characters!r}."
            ) from None

    def decode(self, ids: Iterable[int]) -> str:
        """The text of numbers (T,)."""
        return "".join(self.characters[int(i)] for i in ids)


@dataclass(frozen=True)
class Corpus:
    """One part of a collection of texts.

    Attributes:
        texts: The texts: each name, or one long text.
        alphabet: The characters of the whole collection, all parts together.
        origin: What was used, in words.
        licence: Its terms.
    """

    texts: list[str]
    alphabet: Alphabet
    origin: str
    licence: str

    def __len__(self) -> int:
        """The number of texts."""
        return len(self.texts)


def names(part: Part = "train", folder: str | Path | None = None) -> Corpus:
    """Distinct first names in lower case, in the order of the file, most frequent first.

    The file holds 2,539 names twice, once for girls and once for boys. Here each stands once, and
    a hash of the name says to which part it belongs: no name of the test was trained on. Where
    the file cannot be had, names made by rule are used, and `origin` says so.

    Args:
        part: "train" (90 of 100 names), "valid" (5) or "test" (5).
        folder: A folder with the learner's own copy of names.txt.

    Returns:
        One text a name.

    Raises:
        DataError: `folder` was given and does not hold the right file.
        ValueError: `part` is another word.
    """
    check_part(part)
    found = store.fetch_or_explain(NAMES.name, folder)
    if found is None:
        origin, licence = "names made by rule", "Apache-2.0, part of this course"
        everything: Sequence[str] = names_by_rule()
    else:
        origin, licence = f"{NAMES.title} ({found.origin})", NAMES.licence
        everything = list(dict.fromkeys(compose(read_text(found.paths["names.txt"])).split()))
    chosen = [name for name in everything if hash_part(name, HELD_OUT) == part]
    return Corpus(chosen, Alphabet(everything), origin, licence)


def shakespeare(part: Part = "train", folder: str | Path | None = None) -> Corpus:
    """Shakespeare's plays as one text, cut into three stretches.

    The first 85 of 100 characters are for training, the next 5 for validation and the last 10 for
    the test. The last 10 are also what nanoGPT holds out. Where the file cannot be had, the
    English sentences of the course's grammar are used, and `origin` says so.

    Args:
        part: "train", "valid" or "test".
        folder: A folder with the learner's own copy of tinyshakespeare.txt.gz.

    Returns:
        One text.

    Raises:
        DataError: `folder` was given and does not hold the right file.
        ValueError: `part` is another word.
    """
    check_part(part)
    found = store.fetch_or_explain(SHAKESPEARE.name, folder)
    if found is None:
        return _grammar(part)
    text = read_text(found.paths["tinyshakespeare.txt"])
    return _stretch(text, part, f"{SHAKESPEARE.title} ({found.origin})", SHAKESPEARE.licence)


def text_from_file(path: str | Path, part: Part = "train", encoding: str = "utf-8") -> Corpus:
    """The learner's own text, cut into three stretches as `shakespeare` is.

    Args:
        path: A plain text file, or one packed with gzip.
        part: "train", "valid" or "test".
        encoding: Its encoding, such as "cp1252" for an old Windows file. A byte-order mark at its
            begin says more.

    Returns:
        One text.

    Raises:
        DataError: The file cannot be read, is not of that encoding, or is too short.
        ValueError: `part` is another word.
    """
    check_part(part)
    file = Path(path).expanduser()
    text = compose(read_text(file, encoding))
    if len(text) < FEWEST:
        raise DataError(
            f"{file.name} holds {len(text)} characters. To learn from it takes at least "
            f"{FEWEST:,}, better a million."
        )
    store.announce(f"own text {file}", f"Your own text {file.name}. Mind its licence.")
    return _stretch(text, part, f"own text {file.name}", "the learner's own")


@lru_cache
def names_by_rule() -> tuple[str, ...]:
    """6,000 distinct names of two to four syllables, the same on every machine.

    Which vowels may follow is decided by the first one, as in languages with vowel harmony: so
    there is something to learn that stands further back than the last two letters.
    """
    generator = random.Random(_RULE_SEED)
    found: dict[str, None] = {}
    while len(found) < _RULE_COUNT:
        vowels = generator.choice(("aou", "eiy"))
        syllables = [
            generator.choice(("b", "d", "k", "l", "m", "n", "r", "s", "t", "v", "th", "sh", ""))
            + generator.choice(vowels)
            + generator.choice(("", "", "", "n", "r", "l"))
            for _ in range(generator.randint(2, 4))
        ]
        found.setdefault("".join(syllables) + generator.choice(("", "", "s", "h")))
    return tuple(found)


def pad_names(corpus: Corpus) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Short texts as arrays for a network that is told what came before, character by character.

    "emma" becomes the input END e m m a and the target e m m a END.

    Args:
        corpus: N texts, the longest of T - 1 characters.

    Returns:
        (inputs, targets, mask): int32, int32 and bool, each (N, T); mask says what is real.
    """
    rows = [corpus.alphabet.encode(END + text + END) for text in corpus.texts]
    length = max(len(row) for row in rows) - 1
    whole = np.zeros((len(rows), length + 1), np.int32)
    for row, place in zip(rows, whole, strict=True):
        place[: len(row)] = row
    lengths = np.array([len(row) - 1 for row in rows])
    return whole[:, :-1], whole[:, 1:], np.arange(length) < lengths[:, None]


def _stretch(text: str, part: Part, origin: str, licence: str) -> Corpus:
    first, second = (len(text) * share // 100 for share in (TRAIN_UNTIL, VALID_UNTIL))
    bounds = {"train": (0, first), "valid": (first, second), "test": (second, len(text))}
    start, stop = bounds[part]
    return Corpus([text[start:stop]], Alphabet(text), origin, licence)


def _grammar(part: Part) -> Corpus:
    from karpa_helpers.data import grammar

    texts = {p: END.join(pair.source for pair in grammar.split(p)) + END for p in PARTS}
    licence = "Apache-2.0, part of this course"
    return Corpus([texts[part]], Alphabet(texts.values()), "sentences written by rule", licence)
