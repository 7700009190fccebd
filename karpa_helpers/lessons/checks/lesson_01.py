"""Checks of the exercises of lesson 01: the map and the people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from karpa_helpers.lessons import lesson_01
from karpa_helpers.show.exercises import expect, register


@register("01.1")
def check_arxiv_date(candidate: Callable[[str], tuple[int, int]]) -> None:
    """A year and a month from an arXiv identifier."""
    cases = {"1409.0473": (2014, 9), "arXiv:2501.05441": (2025, 1), "1706.03762v5": (2017, 6),
             "0704.0001": (2007, 4), "1412.7878": (2014, 12), "1501.00001": (2015, 1)}  # fmt: skip
    for identifier, date in cases.items():
        found = candidate(identifier)
        expect(found is not None, f"{identifier} gives None: does the function return?")
        expect(
            tuple(found) == date, f"{identifier} gives {found}, which is not its year and month."
        )
    refused = {"1413.0001": "There is no month 13", "1400.0001": "There is no month 0",
               "1406.02661": "In 2014 the number had four digits",
               "1501.0001": "In 2015 the number had five digits",
               "1706.3762": "In 2017 the number had five digits"}  # fmt: skip
    for identifier, reason in refused.items():
        try:
            candidate(identifier)
        except ValueError:
            continue
        expect(False, f"{reason}, so {identifier!r} must raise ValueError.")


@register("01.2")
def check_reachable(candidate: Callable[[np.ndarray, int], set[int]]) -> None:
    """All nodes that can be reached from one, by any number of links."""
    path = lesson_01.adjacency("abcd", [("a", "b"), ("b", "c")])
    found = candidate(path, 0)
    expect(isinstance(found, set), f"The answer is a {type(found).__name__}; return a set.")
    expect(0 in found, "The start can be reached in no step at all, so it belongs to the set.")
    expect(2 in found, "In the path 0 - 1 - 2, node 2 is missing: go on from the neighbours.")
    expect(3 not in found, "Node 3 has no link, so it can't be reached from node 0.")
    expect(candidate(path, 3) == {3}, "From a node without links only the node itself is reached.")
    data = lesson_01.load_history()
    matrix = lesson_01.adjacency(data.names(), data.pairs("article"))
    parts = lesson_01.islands(matrix)
    for start in range(len(matrix)):
        truth = set(np.flatnonzero(parts == parts[start]).tolist())
        expect(candidate(matrix, start) == truth, f"On the article's map, node {start} is wrong.")


@register("01.3")
def check_problems(candidate: Callable[[dict[str, Any], dict[str, Any]], set[str]]) -> None:
    """The fields of a citation that disagree with the primary source."""
    data = lesson_01.load_history()
    truth = {"A": set(), "B": {"authors"}, "C": set(), "D": {"authors", "arxiv"},
             "E": {"year"}, "F": {"title"}, "G": set()}  # fmt: skip
    records = {record["key"]: record for record in data.records}
    good = records["C"]
    records["C with the year of ICLR"] = good | {"year": 2015}
    records["C without an arXiv number"] = good | {"arxiv": None}
    records["C with two authors swapped"] = good | {"authors": ("Cho", "Bahdanau", "Bengio")}
    records["C with the last author left out"] = good | {"authors": good["authors"][:2]}
    records["C with another arXiv number"] = good | {"arxiv": "1409.3215"}
    for key in records:
        wrong = {"authors"} if "author" in key else {"arxiv"} if "another" in key else set()
        truth.setdefault(key, wrong)
    for key, record in records.items():
        found = candidate(record, data.references)
        expect(
            isinstance(found, set), f"Record {key} gives {found!r}; return a set of field names."
        )
        extra, lacking = sorted(found - truth[key]), sorted(truth[key] - found)
        hint = " Both are tuples, and a list never equals a tuple." if "authors" in extra else ""
        expect(
            not extra, f"Record {key}: {', '.join(extra)} is in your set, but it is right.{hint}"
        )
        expect(not lacking, f"Record {key}: something is wrong with it that your set leaves out.")
