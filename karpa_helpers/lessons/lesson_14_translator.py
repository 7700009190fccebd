"""Typed sentences in, translations out: whatever is typed, with alternatives and attention."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import nnx

from karpa_helpers import training
from karpa_helpers.data.encodings import compose
from karpa_helpers.data.rows import pad_rows
from karpa_helpers.data.vocabulary import BOS, EOS, PAD, UNK, Tokenizer, pad
from karpa_helpers.seq2seq import decoding
from karpa_helpers.seq2seq.examples import Examples
from karpa_helpers.seq2seq.fitting import weights_of

NOTHING = "There is nothing to translate."


class Translation(NamedTuple):
    """One translation of a sentence.

    Attributes:
        text: As people write it.
        tokens: What the network wrote, "<eos>" included where it came.
        log_probability: Of the tokens, natural logarithm.
        score: Log-probability divided by the length penalty.
        weights: How much each token looked at each source token, shape (T, S); None without
            attention.
    """

    text: str
    tokens: list[str]
    log_probability: float
    score: float
    weights: np.ndarray | None


class Alternatives(NamedTuple):
    """A sentence as the network read it, and what it wrote.

    Attributes:
        tokens: The source tokens, "<eos>" behind.
        notes: What was done to the text, in words: cut, or not known in part.
        translations: Distinct texts, the best first; none where there is nothing to translate.
    """

    tokens: list[str]
    notes: list[str]
    translations: list[Translation]


@dataclass(frozen=True)
class Translator:
    """A trained network with what it needs to read and to write.

    Any text is taken: of an empty one the translation is empty; one that is too long is cut, with
    a warning; a character that was never seen is read as "<unk>".

    Args:
        graph: From `training.create_state`.
        state: A trained state.
        source: Cuts what is read.
        target: Joins what is written.
        source_length: At most so many source tokens, EOS included.
        target_length: At most so many target tokens, EOS included.
        alpha: Of the beam's length penalty.
        examples: Training pairs to have at hand, of which each sentence gets those most like it;
            None is the network alone.
    """

    graph: nnx.GraphDef
    state: Any = field(repr=False)
    source: Tokenizer = field(repr=False)
    target: Tokenizer = field(repr=False)
    source_length: int
    target_length: int
    alpha: float = 1.0
    examples: Examples | None = field(default=None, repr=False)

    def __call__(self, texts: Sequence[str], width: int = 1, batch_size: int = 256) -> list[str]:
        """The best translation of each text.

        Args:
            texts: Any number of texts.
            width: Of the beam; 1 is greedy.
            batch_size: Sentences at a time, those of a beam counted; it changes no answer.

        Returns:
            One text for each.

        Raises:
            ValueError: `texts` is one text, or holds what is none.
        """
        if isinstance(texts, str):
            raise ValueError("texts is one text; give a list, or call `alternatives`.")
        read = [self._read(text) for text in texts]
        for note in sorted({note for _, notes in read for note in notes if note != NOTHING}):
            warnings.warn(note, stacklevel=2)
        written = [""] * len(read)
        # Neighbours in length share a batch: less padding, and short ones end early.
        order = sorted((n for n in range(len(read)) if read[n][0]), key=lambda n: len(read[n][0]))
        few_shapes = 1 << max(0, len(order) - 1).bit_length()  # each shape is compiled for itself
        size = min(max(1, batch_size // width), few_shapes)
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            longest = max(len(read[n][0]) for n in chosen) + 1
            columns = min(decoding.round_up(longest), self.source_length)
            rows = pad_rows(pad([[*read[n][0], EOS] for n in chosen], columns), size)
            found = decoding.best(
                self.graph, self.state, rows, self.target_length, width, self.alpha,
                self._examples([texts[n] for n in chosen], size),
            )  # fmt: skip
            for n, tokens in zip(chosen, np.asarray(found), strict=False):
                written[n] = self.target.decode(tokens)
        return written

    def alternatives(self, text: str, width: int = 4) -> Alternatives:
        """The translations that a beam finds, with what each token looked at.

        Args:
            text: Any text.
            width: Of the beam; 1 is greedy.

        Returns:
            Up to `width` distinct translations.

        Raises:
            ValueError: `text` is none.
        """
        ids, notes = self._read(text)
        tokens = [self.source.tokens[number] for number in (*ids, EOS)]
        if not ids:
            return Alternatives(tokens, notes, [])
        row = pad([[*ids, EOS]], self.source_length)
        beam = decoding.beam(
            self.graph, self.state, row, self.target_length, width, self.alpha,
            self._examples([text], 1),
        )  # fmt: skip
        written = np.asarray(beam.tokens[0])
        target = np.insert(written, 0, BOS, axis=1)
        rows = np.repeat(row, len(written), axis=0)
        weights = _look(self.graph, weights_of(self.state), rows, target)
        found: dict[str, Translation] = {}
        for n, numbers in enumerate(written):
            if np.isinf(beam.score[0, n]):  # fewer were found
                break
            real = int((numbers != PAD).sum())
            look = None if weights is None else np.asarray(weights[n, :real, : len(tokens)])
            # Two ways to cut one text are one translation: the better one stands for it.
            text = compose(self.target.decode(numbers))
            found.setdefault(text, Translation(
                text,
                [self.target.tokens[number] for number in numbers[:real]],
                float(beam.log_probability[0, n]), float(beam.score[0, n]), look,
            ))  # fmt: skip
        return Alternatives(tokens, notes, list(found.values()))

    def _examples(self, texts: Sequence[str], count: int) -> tuple[np.ndarray, np.ndarray] | None:
        """What is at hand for each text, and padding for a batch of `count`."""
        if self.examples is None:
            return None
        source, target = self.examples.nearest(texts)
        return pad_rows(source, count), pad_rows(target, count)

    def _read(self, text: str) -> tuple[list[int], list[str]]:
        """Source tokens without EOS, and notes on what had to be done."""
        if not isinstance(text, str):
            raise ValueError(f"{text!r} is no text; give a string.")
        ids, notes, most = self.source.encode(text), [], self.source_length - 1
        if not ids:
            return [], [NOTHING]
        if len(ids) > most:
            notes.append(f"Too long: only the first {most} tokens of a text are translated.")
            ids = ids[:most]
        if UNK in ids:
            notes.append("Some characters or words are not known, and are read as <unk>.")
        return ids, notes


@functools.partial(jax.jit, static_argnums=0)
def _look(graph: nnx.GraphDef, weights: Any, source: jax.Array, target: jax.Array) -> Any:
    """The attention weights while `target` is written, shape (N, T, S), or None."""
    return training.merge(graph, weights)(source, target[:, :-1])[1]
