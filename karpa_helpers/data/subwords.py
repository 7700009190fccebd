"""Subwords: pieces of words, learned from text by byte-pair encoding (sentencepiece)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from karpa_helpers.data.encodings import compose
from karpa_helpers.data.numbers import whole_number
from karpa_helpers.data.vocabulary import BOS, EOS, PAD, SPECIAL, UNK

SPACE = "\u2581"  # how sentencepiece writes the space in front of a word
RESERVED = re.compile("[\u2581\u2585]")  # sentencepiece has its own use for both block elements
# Characters that nobody sees: control characters but white space, soft hyphen, zero-width space.
INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\ufeff]")
# sentencepiece leaves out a longer training text without a word, so it is cut into stretches that
# end behind a word, or else in the middle of one.
LONGEST = 1 << 20  # bytes
STRETCH = re.compile(r"\S.{0,49998}(?!\S)|\S{1,49999}")
# From sentencepiece's messages: the largest and the least size that a text allows.
LARGEST = re.compile(r"value <= (\d+)")
LEAST = re.compile(r"\d+ vs (\d+)")


@dataclass(frozen=True)
class Subwords:
    """Pieces of words, each with its number: the interface of `vocabulary.Vocabulary`.

    No word is unknown: a rare one is cut into smaller pieces. Only a character that the training
    text lacks is UNK. For every other text `decode(encode(text)) == clean(text)`.

    Args:
        model: A trained sentencepiece model; `train` makes one. The bytes are all there is to
            keep: write them to a file, and `Subwords(file.read_bytes())` is the same again.

    Raises:
        ValueError: The bytes are no sentencepiece model, or one with other reserved numbers.

    References:
        Sennrich, Haddow, Birch. Neural Machine Translation of Rare Words with Subword Units. ACL
        2016, arXiv:1508.07909. Kudo, Richardson. SentencePiece. EMNLP 2018, arXiv:1808.06226.
    """

    model: bytes = field(repr=False)

    def __post_init__(self) -> None:
        import sentencepiece  # here: most of the course does not need it

        processor = sentencepiece.SentencePieceProcessor()
        try:
            if not self.model:
                raise RuntimeError("there are no bytes")
            processor.load_from_serialized_proto(self.model)
        except (RuntimeError, TypeError) as error:
            raise ValueError(
                f"This is no sentencepiece model ({error}). Give the bytes of one, as "
                "subwords.train(texts).model has them."
            ) from error
        pieces = tuple(processor.id_to_piece(number) for number in range(len(processor)))
        if pieces[: len(SPECIAL)] != SPECIAL:
            raise ValueError(
                f"The model begins with {pieces[: len(SPECIAL)]}, not {SPECIAL}: it was trained "
                "with other reserved numbers. Train one with subwords.train."
            )
        object.__setattr__(self, "_processor", processor)
        object.__setattr__(self, "_tokens", pieces)

    @property
    def tokens(self) -> tuple[str, ...]:
        """All pieces in the order of their numbers; SPACE stands where a word begins."""
        return self._tokens  # type: ignore[attr-defined]

    def encode(self, text: str) -> list[int]:
        """The numbers of a text's pieces, without BOS or EOS; an empty text gives none."""
        processor: Any = self._processor  # type: ignore[attr-defined]
        return processor.encode(clean(text))

    def pieces(self, text: str) -> list[str]:
        """A text's pieces as a network sees them: "<unk>" for what is not known."""
        return [self.tokens[number] for number in self.encode(text)]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of numbers: up to the first EOS, without PAD and BOS.

        Raises:
            ValueError: A number is outside of the vocabulary.
        """
        found: list[int] = []
        for number in map(int, ids):
            if not 0 <= number < len(self):
                raise ValueError(f"{number} is no piece's number: they go to {len(self) - 1}.")
            if number == EOS:
                break
            if number not in (PAD, BOS):
                found.append(number)
        processor: Any = self._processor  # type: ignore[attr-defined]
        return processor.decode(found)

    def __len__(self) -> int:
        """The number of pieces, the reserved ones included."""
        return len(self.tokens)

    def __reduce__(self) -> tuple[type[Subwords], tuple[bytes]]:
        return Subwords, (self.model,)


def clean(text: str) -> str:
    """A text as subwords see it: composed characters, and one plain space between words.

    French puts a narrow space before "!" and "?", and two files seldom write it alike.

    Args:
        text: Any text; invisible characters and halves of characters are left out, and the two
            characters that sentencepiece reserves, U+2581 and U+2585, become spaces.
    """
    composed = compose(text.encode("utf-8", "ignore").decode())
    return " ".join(RESERVED.sub(" ", INVISIBLE.sub("", composed)).split())


def train(texts: Iterable[str], size: int = 4000) -> Subwords:
    """Learns subwords by byte-pair encoding: again and again the most frequent pair is joined.

    The same texts give the same model.

    Args:
        texts: Training texts; those of a test have no say.
        size: Pieces in all, the four reserved ones included.

    Returns:
        The subwords.

    Raises:
        ValueError: There is no text, or it is too short or has too many characters for `size`.
    """
    import sentencepiece

    if isinstance(texts, str):
        raise ValueError("texts is one text; give a list of them.")
    lines = [part for text in texts for part in STRETCH.findall(clean(text))]
    if not lines:
        raise ValueError("There is no text to learn subwords from; give at least one that shows.")
    size = whole_number("size", size, 1)
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines), model_writer=model, vocab_size=size, model_type="bpe",
            normalization_rule_name="identity", character_coverage=1.0,
            max_sentence_length=LONGEST, num_threads=1, minloglevel=3,
            pad_id=PAD, bos_id=BOS, eos_id=EOS, unk_id=UNK, unk_surface=SPECIAL[UNK],
            pad_piece=SPECIAL[PAD], bos_piece=SPECIAL[BOS], eos_piece=SPECIAL[EOS],
            unk_piece=SPECIAL[UNK],
        )  # fmt: skip
    except RuntimeError as error:
        if found := LARGEST.search(str(error)):
            raise ValueError(
                f"size is {size}, but these texts give no more than {found[1]} pieces: choose "
                f"{found[1]} or less, or give more text."
            ) from error
        if found := LEAST.search(str(error)):
            raise ValueError(
                f"size is {size}, but the characters of these texts alone need {found[1]}: choose "
                f"{found[1]} or more."
            ) from error
        raise ValueError(f"sentencepiece cannot learn from these texts: {error}") from error
    return Subwords(model.getvalue())
