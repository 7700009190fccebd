"""Writes the embedded file of sentence pairs: python -m tools.grammar.write"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from random import Random

from karpa_helpers.data import grammar
from tools.grammar.phrases import Phrase, french_surface
from tools.grammar.sentences import write

COUNT = 12_000
LONGEST = 13  # English tokens, the final mark among them
SEED = 20_150_520


def to_pair(phrase: Phrase) -> grammar.Pair:
    source, target = phrase.en, french_surface(phrase.fr)
    where: dict[str, list[int]] = {}
    for j, french in enumerate(target):
        for mark in french.marks:
            where.setdefault(mark, []).append(j)
    alignment = {
        (i, j) for i, english in enumerate(source) for mark in english.marks for j in where[mark]
    }
    return grammar.Pair(
        grammar.detokenize([word.text for word in source], "en"),
        grammar.detokenize([word.text for word in target], "fr"),
        tuple(sorted(alignment)),
    )


def write_pairs() -> Iterator[grammar.Pair]:
    """Distinct pairs, the same at every call."""
    generator, seen = Random(SEED), set[str]()
    while len(seen) < COUNT:
        phrase = write(generator)
        if phrase is None or len(phrase.en) > LONGEST:
            continue
        pair = to_pair(phrase)
        if pair.source not in seen:
            seen.add(pair.source)
            yield pair


def to_line(pair: grammar.Pair) -> str:
    links = " ".join(f"{i}-{j}" for i, j in pair.alignment)
    return f"{pair.source}\t{pair.target}\t{links}\n"


def main() -> None:
    text = "".join(map(to_line, write_pairs()))
    grammar.EMBEDDED.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{COUNT:,} pairs, {grammar.EMBEDDED.stat().st_size:,} bytes: {grammar.EMBEDDED.name}")


if __name__ == "__main__":
    main()
