"""The article's concept map, the timeline, the claims and the references of lesson 01."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from IPython.display import display
from scipy.sparse import csgraph

STRANDS = {"images": "Images and GANs", "sequences": "Sequences", "Karpathy": "Karpathy"}
VERDICTS = ("holds", "partly", "does not hold", "cannot be checked")


@dataclass(frozen=True)
class Concept:
    """A concept of the article; `on_map` is False where only its text names it."""

    name: str
    lesson: int
    on_map: bool
    x: float
    y: float
    meaning: str


@dataclass(frozen=True)
class Link:
    """A link of the map; `kind` is "article", "repair" (put right) or "added" (from its text)."""

    start: str
    end: str
    kind: str
    why: str


@dataclass(frozen=True)
class Reference:
    """A source: family names in the paper's own order, "others" where the list goes on."""

    key: str
    authors: tuple[str, ...]
    title: str
    venue: str
    year: int | None
    arxiv: str | None
    kind: str
    where: str

    def __str__(self) -> str:
        """The whole reference in one line, with at most four names."""
        names = ", ".join(self.authors if len(self.authors) <= 4 else (*self.authors[:3], "others"))
        year = "" if str(self.year) in self.venue else str(self.year or "")
        title = f"{names.replace(', others', ' et al')}. {self.title}"
        text = ", ".join(part for part in (title, self.venue, year, self.where) if part)
        return text + (f", arXiv:{self.arxiv}" if self.arxiv else "")

    def short(self) -> str:
        """The first name, the year and the arXiv number: enough to find it in the full list."""
        first = self.authors[0] + (" et al." if len(self.authors) > 1 else "")
        arxiv = f", arXiv:{self.arxiv}" if self.arxiv else ""
        return f"{first} {self.year or ''}".strip() + arxiv


@dataclass(frozen=True)
class Event:
    """An entry of the timeline; `kind` is "published", "claimed" or "position"."""

    year: int
    strand: str
    label: str
    kind: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """What the article says, in our words, what the record says, and the verdict."""

    section: str
    verdict: str
    says: str
    record: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """Everything in lesson_01.json."""

    concepts: tuple[Concept, ...]
    links: tuple[Link, ...]
    references: dict[str, Reference]
    events: tuple[Event, ...]
    claims: tuple[Claim, ...]
    records: tuple[dict[str, Any], ...]

    def names(self, *, only_map: bool = False) -> list[str]:
        """Names of the concepts in the order of the file."""
        return [c.name for c in self.concepts if c.on_map or not only_map]

    def pairs(self, *kinds: str) -> list[tuple[str, str]]:
        """(start, end) of the links of these kinds, in the order of the file."""
        return [(link.start, link.end) for link in self.links if link.kind in kinds]


@cache
def load_history() -> History:
    """The data of lesson 01, read once from lesson_01.json beside this module."""
    text = resources.files(__package__).joinpath("lesson_01.json").read_text(encoding="utf-8")
    raw = json.loads(text, object_hook=_tuples)
    return History(
        concepts=tuple(Concept(**row) for row in raw["concepts"]),
        links=tuple(Link(**row) for row in raw["links"]),
        references={row["key"]: Reference(**row) for row in raw["references"]},
        events=tuple(Event(**row) for row in raw["events"]),
        claims=tuple(Claim(**row) for row in raw["claims"]),
        records=tuple(raw["records"]),
    )


def _tuples(row: dict[str, Any]) -> dict[str, Any]:
    lists = {k: tuple(v) for k, v in row.items() if k in ("authors", "references")}
    return row if "links" in row else row | lists


def adjacency(names: Sequence[str], pairs: Iterable[tuple[str, str]]) -> np.ndarray:
    """The adjacency matrix of a map whose links may be walked both ways.

        A[i, j] = 1 if names[i] and names[j] are linked, else 0

    Args:
        names: The n concepts.
        pairs: Links as pairs of names; those with a name outside `names` raise.

    Returns:
        int64, shape (n, n), symmetric.

    Raises:
        KeyError: A link names a concept that is not in `names`.
    """
    place = {name: i for i, name in enumerate(names)}
    matrix = np.zeros((len(place), len(place)), int)
    for start, end in pairs:
        matrix[place[start], place[end]] = matrix[place[end], place[start]] = 1
    return matrix


def islands(matrix: np.ndarray) -> np.ndarray:
    """The connected component of each node, numbered from 0: int array, shape (n,)."""
    return csgraph.connected_components(matrix, directed=False)[1]


def arxiv_date(identifier: str) -> tuple[int, int]:
    """(year, month) in which arXiv received a paper, from an identifier of 2007 or later.

    Args:
        identifier: YYMM.number, with or without "arXiv:" in front and a version behind. The
            number has four digits up to December 2014 and five from January 2015.

    Raises:
        ValueError: It is no such identifier.
    """
    match = re.fullmatch(r"(?:arXiv:)?(\d\d)(\d\d)\.(\d{4,5})(?:v[1-9]\d*)?", identifier.strip())
    if not match:
        raise ValueError(f"{identifier!r} is not of the form YYMM.number.")
    year, month = 2000 + int(match[1]), int(match[2])
    if not 1 <= month <= 12 or (year, month) < (2007, 4):
        raise ValueError(f"{identifier!r}: there is no such month, or the scheme was not in use.")
    if len(match[3]) != (4 if year < 2015 else 5):
        raise ValueError(f"{identifier!r} has the wrong number of digits for {year}.")
    return year, month


def first_public(reference: Reference) -> int | None:
    """The year in which a work could first be read: the preprint's or the venue's, the earlier."""
    years = [reference.year] if reference.year else []
    if reference.arxiv:
        years.append(arxiv_date(reference.arxiv)[0])
    return min(years, default=None)


def claims_table(claims: Sequence[Claim]) -> None:
    """Shows claims beside the record as a table, in HTML and in plain text."""
    rows = [("Section", "The article says", "The record says", "Verdict", "Reference")]
    for claim in claims:
        sources = "; ".join(load_history().references[key].short() for key in claim.references)
        rows.append((claim.section, claim.says, claim.record, claim.verdict, sources))
    head, *body = (
        "<tr>"
        + "".join(f'<td align="left" style="text-align: left">{html.escape(x)}</td>' for x in row)
        + "</tr>"
        for row in rows
    )
    head = head.replace("td", "th")
    table = f"<table><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>"
    plain = "\n".join(f"[{c.section}] {c.verdict}: {c.says} {c.record}" for c in claims)
    display({"text/html": table, "text/plain": plain}, raw=True)
