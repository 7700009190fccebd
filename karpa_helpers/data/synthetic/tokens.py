"""How a sentence becomes tokens, and tokens a sentence again."""

import re
from collections.abc import Sequence
from typing import Literal

from .lexicon import NAMES

# An elided French word ends at its apostrophe: "l'ami" is "l'", "ami". No other apostrophe splits
# a word, so "aujourd'hui" stays whole. Hyphens never split: "est-ce", "grand-mère".
_TOKEN = re.compile(
    r"(?:qu|[cdjlmnst])'(?=\w)|\w+(?:['-]\w+)*|[^\w\s]",
    re.IGNORECASE,
)
_ALWAYS_CAPITAL = frozenset(NAMES) | {"I"}
_CLOSING = frozenset(".,?!")
# French typography puts a narrow no-break space before these.
_SPACED_IN_FRENCH = frozenset("?!")
_NARROW_SPACE = "\u202f"

Language = Literal["en", "fr"]


def tokenize(text: str) -> list[str]:
    """Split a sentence of either language into tokens.

    Words, punctuation marks and elided forms ("l'", "qu'") are tokens of their own. The sentence's
    first letter becomes small unless its word is "I" or a name; all other letters stay.

    Args:
        text: one sentence as normally written, such as "L'ami ne mange pas de pain."

    Returns:
        Its tokens, such as ["l'", "ami", "ne", "mange", "pas", "de", "pain", "."].
    """
    tokens = _TOKEN.findall(text.replace("’", "'"))
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
