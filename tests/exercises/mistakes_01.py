"""Plausible mistakes in the exercises of lesson 01; each must fail its check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from karpa_helpers.lessons import lesson_01


def short_year(identifier):
    date = identifier.removeprefix("arXiv:").split(".")[0]
    return int(date[:2]), int(date[2:])


def month_first(identifier):
    year, month = lesson_01.arxiv_date(identifier)
    return month, year


def anything_goes(identifier):
    date = identifier.removeprefix("arXiv:").split(".")[0]
    return 2000 + int(date[:2]), int(date[2:])


def no_prefix(identifier):
    return 2000 + int(identifier[:2]), int(identifier[2:4])


def five_digits_from_2016(identifier):
    date, number = identifier.removeprefix("arXiv:").split("v")[0].split(".")
    year, month = 2000 + int(date[:2]), int(date[2:])
    if not 1 <= month <= 12 or len(number) != (4 if year <= 2015 else 5):
        raise ValueError(identifier)
    return year, month


def neighbours_only(A, start):
    return {start} | set(np.flatnonzero(A[start]).tolist())


def two_steps(A, start):
    return set(np.flatnonzero((np.eye(len(A), dtype=int) + A + A @ A)[start]).tolist())


def without_start(A, start):
    parts = lesson_01.islands(A)
    return set(np.flatnonzero(parts == parts[start]).tolist()) - {start}


def venue_year_only(record, references):
    for r in references.values():
        if r.title.casefold() == record["title"].casefold():
            wrong = {"authors"} if record["authors"] != r.authors else set()
            wrong |= {"arxiv"} if record["arxiv"] not in (None, r.arxiv) else set()
            return wrong | ({"year"} if record["year"] != r.year else set())
    return {"title"}


def exact_title(record, references):
    titles = [r.title for r in references.values()]
    return set() if record["title"] in titles else {"title"}


def first_author_only(record, references):
    for r in references.values():
        if r.title.casefold() == record["title"].casefold():
            wrong = {"authors"} if record["authors"][0] != r.authors[0] else set()
            wrong |= {"arxiv"} if record["arxiv"] not in (None, r.arxiv) else set()
            years = {r.year, lesson_01.first_public(r)}
            return wrong | ({"year"} if record["year"] not in years else set())
    return {"title"}


def forgets_year(record, references):
    for r in references.values():
        if r.title.casefold() == record["title"].casefold():
            wrong = {"authors"} if record["authors"] != r.authors else set()
            return wrong | ({"arxiv"} if record["arxiv"] not in (None, r.arxiv) else set())
    return {"title"}


def list_beside_tuple(record, references):
    for r in references.values():
        if r.title.casefold() == record["title"].casefold():
            wrong = {"authors"} if list(record["authors"]) != r.authors else set()
            wrong |= {"arxiv"} if record["arxiv"] not in (None, r.arxiv) else set()
            years = {r.year, lesson_01.first_public(r)}
            return wrong | ({"year"} if record["year"] not in years else set())
    return {"title"}


MISTAKES: dict[str, list[Callable[..., Any]]] = {
    "01.1": [short_year, month_first, anything_goes, no_prefix, five_digits_from_2016],
    "01.2": [neighbours_only, two_steps, without_start],
    "01.3": [venue_year_only, exact_title, first_author_only, forgets_year, list_beside_tuple],
}
