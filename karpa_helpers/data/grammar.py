"""English-French sentence pairs written by rule, with the gold alignment of every word.

All French forms were made by rule from a small lexicon: agreement of determiner, adjective and
participle, elision, contraction, adjective order, negation, object pronouns. One English sentence
has one French translation; three conventions make it so. "You" is one friend ("tu"), "they" is
"ils" unless an earlier noun says otherwise, and workers such as "doctor" are masculine, "nurse" and
"waitress" feminine. A French sentence can serve two English ones ("Il l'aime.": him or her).

Alignment: a word and its counterpart, verb by verb ("is eating": both words with "mange"; "ate":
with "a" and "mangé"). English "do", French "est-ce que", and articles and prepositions that only
one of the languages has are aligned with nothing. "Not" goes with "ne" and with "pas".

The pairs ship as a file; `python -m tools.grammar.write` wrote it.
"""

import gzip
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from karpa_helpers.data.encodings import compose
from karpa_helpers.data.numbers import whole_number
from karpa_helpers.data.parts import PARTS, Part, check_part, hash_number

EMBEDDED = Path(__file__).parent / "embedded" / "grammar.tsv.gz"
NAMES = frozenset(
    {"Alice", "Anne", "Arthur", "Emma", "Julie", "Luc", "Marie", "Oscar", "Paul", "Thomas"}
)
RARE = 15  # a French word in fewer sentences than this is rare

# An elided French word ends at its apostrophe: "l'ami" is "l'", "ami". No other apostrophe splits
# a word, so "aujourd'hui" stays whole. Hyphens never split: "est-ce", "grand-mère".
_TOKEN = re.compile(
    r"(?:qu|[cdjlmnst])'(?=\w)|\w+(?:['-]\w+)*|[^\w\s]",
    re.IGNORECASE,
)
_ALWAYS_CAPITAL = NAMES | {"I"}
_CLOSING = frozenset(".,?!")
# French typography puts a narrow no-break space before these.
_SPACED_IN_FRENCH = frozenset("?!")
_NARROW_SPACE = "\u202f"

Language = Literal["en", "fr"]


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


@lru_cache(maxsize=1)
def all_pairs() -> tuple[Pair, ...]:
    """Every pair of the set, in an order that never changes; no English sentence comes twice.

    Returns:
        12,000 pairs.
    """
    pairs = []
    for line in gzip.decompress(EMBEDDED.read_bytes()).decode().splitlines():
        source, target, links = line.split("\t")
        alignment = tuple((int(i), int(j)) for i, j in (link.split("-") for link in links.split()))
        pairs.append(Pair(source, target, alignment))
    return tuple(pairs)


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
    check_part(part)
    return _parts()[part]


@lru_cache(maxsize=1)
def _parts() -> dict[Part, tuple[Pair, ...]]:
    tokens = {pair.target: set(tokenize(pair.target)) for pair in all_pairs()}
    counts = Counter(token for words in tokens.values() for token in words)
    parts: dict[Part, list[Pair]] = {part: [] for part in PARTS}
    for pair in all_pairs():
        rare = any(counts[token] < RARE for token in tokens[pair.target])
        parts["train" if rare else _hashed_part(pair.target)].append(pair)
    return {part: tuple(pairs) for part, pairs in parts.items()}


def _hashed_part(sentence: str) -> Part:
    ninth = hash_number(sentence, 9)
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
    count = whole_number("count", count, 0, len(pairs))
    return random.Random(seed).sample(pairs, count)


def tokenize(text: str) -> list[str]:
    """Split a sentence of either language into tokens.

    Words, punctuation marks and elided forms ("l'", "qu'") are tokens of their own. The sentence's
    first letter becomes small unless its word is "I" or a name; all other letters stay.

    Args:
        text: one sentence as normally written, such as "L'ami ne mange pas de pain."

    Returns:
        Its tokens, such as ["l'", "ami", "ne", "mange", "pas", "de", "pain", "."].
    """
    tokens = _TOKEN.findall(compose(text).replace("’", "'"))
    if tokens and tokens[0] not in _ALWAYS_CAPITAL:
        tokens[0] = tokens[0][0].lower() + tokens[0][1:]
    return tokens


def detokenize(tokens: Sequence[str], language: Language) -> str:
    """Write tokens as a sentence: the inverse of `tokenize` on every sentence of this grammar.

    Args:
        tokens: what `tokenize` returns, or what a model produced.
        language: "en" or "fr"; they differ in the space before a question mark.

    Returns:
        The sentence, with a capital first letter.

    Raises:
        ValueError: if the language is neither "en" nor "fr".
    """
    if language not in ("en", "fr"):
        raise ValueError(f'language must be "en" or "fr", not {language!r}')
    text = ""
    for token in tokens:
        if language == "fr" and token in _SPACED_IN_FRENCH:
            text += _NARROW_SPACE
        elif text and token not in _CLOSING and not text.endswith("'"):
            text += " "
        text += token
    return text[:1].upper() + text[1:]
