"""English-French sentence pairs written by rule, with the gold alignment of every word.

All French forms are made by rule from a small lexicon: agreement of determiner, adjective and
participle, elision, contraction, adjective order, negation, object pronouns. One English sentence
has one French translation; three conventions make it so. "You" is one friend ("tu"), "they" is
"ils" unless an earlier noun says otherwise, and workers such as "doctor" are masculine, "nurse" and
"waitress" feminine. A French sentence can serve two English ones ("Il l'aime.": him or her).

Alignment: a word and its counterpart, verb by verb ("is eating": both words with "mange"; "ate":
with "a" and "mangé"). English "do", French "est-ce que", and articles and prepositions that only
one of the languages has are aligned with nothing. "Not" goes with "ne" and with "pas".
"""

import hashlib
import random
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from .phrases import Phrase, french_surface
from .sentences import write
from .tokens import detokenize, tokenize

__all__ = ["Pair", "all_pairs", "detokenize", "sample", "split", "tokenize"]

Part = Literal["train", "valid", "test"]

_COUNT = 12_000
_LONGEST = 13  # English tokens, the final mark among them
_SEED = 20_150_520
_RARE = 15  # a French word in fewer sentences than this is rare


@dataclass(frozen=True)
class Pair:
    """A sentence, its translation and which words belong together.

    Attributes:
        source: English, as normally written.
        target: French, as normally written.
        alignment: sorted (source position, target position) on the tokens of `tokenize`.
    """

    source: str
    target: str
    alignment: tuple[tuple[int, int], ...]


def _pair(phrase: Phrase) -> Pair:
    source, target = phrase.en, french_surface(phrase.fr)
    where: dict[str, list[int]] = {}
    for j, french in enumerate(target):
        for mark in french.marks:
            where.setdefault(mark, []).append(j)
    alignment = {
        (i, j) for i, english in enumerate(source) for mark in english.marks for j in where[mark]
    }
    return Pair(
        detokenize([word.text for word in source], "en"),
        detokenize([word.text for word in target], "fr"),
        tuple(sorted(alignment)),
    )


@lru_cache(maxsize=1)
def all_pairs() -> tuple[Pair, ...]:
    """Every pair of the set, in an order that never changes; no English sentence comes twice.

    Returns:
        12,000 pairs.
    """
    generator = random.Random(_SEED)
    pairs: dict[str, Pair] = {}
    while len(pairs) < _COUNT:
        phrase = write(generator)
        if phrase is None or len(phrase.en) > _LONGEST:
            continue
        pair = _pair(phrase)
        pairs.setdefault(pair.source, pair)
    return tuple(pairs.values())


def split(part: Part) -> tuple[Pair, ...]:
    """One part of the set: about 80, 10 and 10 of 100 pairs.

    The part is read from a hash of the French sentence. An English sentence has only one French
    one, so no sentence of either language is in two parts. A pair with a rare French word is for
    training, so that the other parts have no word that training lacks.

    Args:
        part: "train", "valid" or "test".

    Returns:
        The pairs of that part.

    Raises:
        ValueError: if there is no such part.
    """
    if part not in ("train", "valid", "test"):
        raise ValueError(f'part must be "train", "valid" or "test", not {part!r}')
    return _parts()[part]


@lru_cache(maxsize=1)
def _parts() -> dict[Part, tuple[Pair, ...]]:
    tokens = {pair.target: set(tokenize(pair.target)) for pair in all_pairs()}
    counts = Counter(token for words in tokens.values() for token in words)
    parts: dict[Part, list[Pair]] = {"train": [], "valid": [], "test": []}
    for pair in all_pairs():
        rare = any(counts[token] < _RARE for token in tokens[pair.target])
        parts["train" if rare else _hashed_part(pair.target)].append(pair)
    return {part: tuple(pairs) for part, pairs in parts.items()}


def _hashed_part(sentence: str) -> Part:
    digest = hashlib.sha256(sentence.encode()).digest()
    ninth = int.from_bytes(digest[:8], "big") % 9
    return "valid" if ninth == 7 else "test" if ninth == 8 else "train"


def sample(count: int, seed: int = 0) -> list[Pair]:
    """Pairs drawn without replacement.

    Args:
        count: how many.
        seed: the same seed draws the same pairs.

    Returns:
        `count` distinct pairs.

    Raises:
        ValueError: if the set has fewer pairs.
    """
    pairs = all_pairs()
    if not 0 <= count <= len(pairs):
        raise ValueError(f"count must be from 0 to {len(pairs)}, not {count}")
    return random.Random(seed).sample(pairs, count)
