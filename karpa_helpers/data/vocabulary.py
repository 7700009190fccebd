"""Texts as rows of integers: vocabularies of words or characters, and padding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from karpa_helpers.data.encodings import compose
from karpa_helpers.data.numbers import whole_number

PAD, BOS, EOS, UNK = 0, 1, 2, 3
SPECIAL = ("<pad>", "<bos>", "<eos>", "<unk>")

Tokenize = Callable[[str], Sequence[str]]
Join = Callable[[Sequence[str]], str]


class Tokenizer(Protocol):
    """What cuts a text into numbered tokens: `Vocabulary` here, and `subwords.Subwords`."""

    @property
    def tokens(self) -> Sequence[str]:
        """All tokens in the order of their numbers."""

    def encode(self, text: str) -> list[int]:
        """The numbers of a text's tokens, without BOS or EOS."""

    def decode(self, ids: Iterable[int]) -> str:
        """The text of numbers, up to the first EOS."""

    def __len__(self) -> int:
        """The number of tokens, the reserved ones included."""


@dataclass(frozen=True)
class Vocabulary:
    """The tokens that a model knows, each with its number.

    Numbers 0 to 3 are reserved: PAD fills up a row, BOS begins a target, EOS ends a sentence, UNK
    stands for every token that is not known. Texts are read as `encodings.compose` writes them.

    Attributes:
        tokens: All tokens in the order of their numbers, the four reserved ones first.
        tokenize: Cuts a text into tokens.
        join: Makes a text of tokens.
    """

    tokens: tuple[str, ...]
    tokenize: Tokenize = str.split
    join: Join = " ".join

    def __post_init__(self) -> None:
        distinct = set(map(compose, self.tokens))
        if self.tokens[: len(SPECIAL)] != SPECIAL or len(distinct) != len(self.tokens):
            raise ValueError(
                f"tokens must begin with {SPECIAL} and hold each token once; "
                "Vocabulary.from_texts makes them so."
            )
        numbers = {compose(t): i for i, t in enumerate(self.tokens) if i >= len(SPECIAL)}
        object.__setattr__(self, "_numbers", numbers)  # a learner's "<pad>" is no padding: UNK

    @classmethod
    def from_texts(
        cls,
        texts: Iterable[str],
        tokenize: Tokenize = str.split,
        join: Join = " ".join,
        most: int | None = None,
        least: int = 1,
    ) -> Vocabulary:
        """The tokens of some texts, the most frequent first, ties in alphabetical order.

        Args:
            texts: Training texts; those of a test have no say.
            tokenize: Cuts a text into tokens; `list` gives characters.
            join: Makes a text of tokens; "".join for characters.
            most: At most so many tokens besides the reserved ones; None keeps all.
            least: A token that occurs less often is left out.

        Raises:
            ValueError: `most` or `least` is less than 1, or no token is left.
        """
        least = whole_number("least", least, 1)
        most = None if most is None else whole_number("most", most, 1)
        counts = Counter(token for text in texts for token in tokenize(compose(text)))
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        kept = [token for token, n in ranked if n >= least and token not in SPECIAL][:most]
        if not kept:
            raise ValueError(
                f"No token is left: the texts hold {len(counts)} distinct ones, none at least "
                f"{least} times. Give more text or a smaller `least`."
            )
        return cls((*SPECIAL, *kept), tokenize, join)

    def encode(self, text: str) -> list[int]:
        """The numbers of a text's tokens, without BOS or EOS; an empty text gives none."""
        numbers: dict[str, int] = self._numbers  # type: ignore[attr-defined]
        return [numbers.get(token, UNK) for token in self.tokenize(compose(text))]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of numbers: up to the first EOS, without PAD and BOS.

        Raises:
            ValueError: A number is outside of the vocabulary.
        """
        found: list[str] = []
        for number in map(int, ids):
            if not 0 <= number < len(self.tokens):
                raise ValueError(f"{number} is no token's number: they go to {len(self) - 1}.")
            if number == EOS:
                break
            if number not in (PAD, BOS):
                found.append(self.tokens[number])
        return self.join(found)

    def __len__(self) -> int:
        """The number of tokens, the reserved ones included."""
        return len(self.tokens)


def characters(texts: Iterable[str]) -> Vocabulary:
    """A vocabulary of the characters of some texts."""
    return Vocabulary.from_texts(texts, list, "".join)


def pad(rows: Sequence[Sequence[int]], length: int | None = None) -> np.ndarray:
    """Rows of token numbers as one array, filled up with PAD behind.

    Args:
        rows: One or more lists of numbers.
        length: Of the result; None takes that of the longest row.

    Returns:
        int32, shape (N, length).

    Raises:
        ValueError: There is no row, a row is empty, or a row is longer than `length`.
    """
    if len(rows) == 0:
        raise ValueError("There is no row to pad; give at least one.")
    longest = max(len(row) for row in rows)
    length = longest if length is None else length
    for number, row in enumerate(rows):
        if len(row) == 0:
            raise ValueError(f"Row {number} is empty; append EOS, so that there is a token.")
        if len(row) > length:
            raise ValueError(
                f"Row {number} has {len(row)} tokens, more than length={length}. Cut it, leave it "
                "out, or give a greater length."
            )
    padded = np.full((len(rows), length), PAD, np.int32)
    for line, row in zip(padded, rows, strict=True):
        line[: len(row)] = row
    return padded
