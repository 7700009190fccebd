"""Lesson 01's data agrees with itself, and its functions with independent oracles."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from karpa_helpers.lessons import lesson_01, lesson_01_plots
from karpa_helpers.lessons.checks import lesson_01 as checks
from karpa_helpers.show import exercises

DATA = lesson_01.load_history()
LESSON = Path(__file__).parents[2] / "notebooks" / "text" / "01_the_map_and_the_people.md"


def groups_by_union_find(names: list[str], pairs: list[tuple[str, str]]) -> set[frozenset[str]]:
    parent = {name: name for name in names}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    for start, end in pairs:
        parent[root(start)] = root(end)
    return {frozenset(n for n in names if root(n) == top) for top in map(root, names)}


@pytest.mark.parametrize(
    ("kinds", "count"), [((), 18), (("article",), 7), (("article", "repair"), 1)]
)
def test_islands_agree_with_union_find(kinds, count):
    names, pairs = DATA.names(only_map=True), DATA.pairs(*kinds)
    parts = lesson_01.islands(lesson_01.adjacency(names, pairs))
    found = {frozenset(n for n, p in zip(names, parts, strict=True) if p == q) for q in parts}
    assert found == groups_by_union_find(names, pairs)
    assert len(found) == count


def test_articles_map_has_its_concepts_and_links():
    assert (len(DATA.names(only_map=True)), len(DATA.pairs("article"))) == (18, 11)
    linked = {name for pair in DATA.pairs("article") for name in pair}
    assert set(DATA.names(only_map=True)) - linked == {"medical diagnosis", "financial analysis"}


def test_whole_map_hangs_together():
    matrix = lesson_01.adjacency(DATA.names(), DATA.pairs("article", "repair", "added"))
    assert np.array_equal(matrix, matrix.T)
    assert matrix.sum() == 2 * len(DATA.links)  # no link twice, none to itself
    assert lesson_01.islands(matrix).max() == 0


def test_a_link_to_an_unknown_concept_is_refused():
    with pytest.raises(KeyError, match="magic"):
        lesson_01.adjacency(["GAN"], [("GAN", "magic")])


def test_names_and_keys_are_used_once_and_found():
    assert max(Counter(DATA.names()).values()) == 1
    used = [e.references for e in DATA.events] + [c.references for c in DATA.claims]
    assert all(used)
    assert {key for keys in used for key in keys} == set(DATA.references)
    assert {claim.verdict for claim in DATA.claims} == set(lesson_01.VERDICTS)
    assert {event.strand for event in DATA.events} == set(lesson_01.STRANDS)
    assert {link.kind for link in DATA.links} == {"article", "repair", "added"}


def test_arxiv_numbers_are_possible_and_near_the_venue():
    for reference in DATA.references.values():
        if reference.arxiv and reference.year:
            year, _ = lesson_01.arxiv_date(reference.arxiv)
            assert -2 <= year - reference.year <= 1, reference.key


def test_published_events_stand_in_the_year_of_first_publication():
    for event in DATA.events:
        if event.kind == "published":
            years = {lesson_01.first_public(DATA.references[key]) for key in event.references}
            assert years == {event.year}, event.label


def test_claimed_priority_is_marked_as_his_claim():
    claimed = [event for event in DATA.events if event.kind == "claimed"]
    assert [event.references for event in claimed] == [("schmidhuber2020",)]
    assert "his claim" in claimed[0].label


IMPOSSIBLE = (
    "",
    "hep-th/9901001",
    "0703.0001",
    "1406.02661",
    "1501.0001",
    "1413.0001",
    "1406.2661v0",
)


@pytest.mark.parametrize("identifier", IMPOSSIBLE)
def test_impossible_arxiv_numbers_are_refused(identifier):
    with pytest.raises(ValueError, match=re.escape(repr(identifier))):
        lesson_01.arxiv_date(identifier)


@pytest.mark.parametrize(
    ("identifier", "date"),
    [("0704.0001", (2007, 4)), ("arXiv:1412.7878", (2014, 12)), ("1501.00001v12", (2015, 1))],
)
def test_arxiv_dates(identifier, date):
    assert lesson_01.arxiv_date(identifier) == date


def test_long_author_lists_are_shortened():
    assert str(DATA.references["gan2014"]).startswith("Goodfellow, Pouget-Abadie, Mirza et al. G")
    assert "Sutskever, Vinyals, Le. " in str(DATA.references["sutskever2014"])
    assert "Heusel et al. " in str(DATA.references["fid2017"])


def test_labels_do_not_overlap():
    for figure in (
        lesson_01_plots.draw_islands(),
        lesson_01_plots.draw_map("GAN"),
        lesson_01_plots.draw_timeline(),
    ):
        figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in figure.axes[0].texts if text.get_text()]
        pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i]]
        assert not [1 for a, b in pairs if a.overlaps(b)]
        inside = figure.bbox.padded(1)
        assert all(inside.contains(*corner) for box in boxes for corner in (box.min, box.max))
        plt.close(figure)


@pytest.mark.parametrize("concept", DATA.names())
def test_each_concept_lights_its_neighbours(concept):
    figure = lesson_01_plots.draw_map(concept)
    beside = figure.axes[0].texts[len(DATA.concepts) + 1].get_text().splitlines()
    linked = {n for link in DATA.links for n in (link.start, link.end)
              if concept in (link.start, link.end)} - {concept}  # fmt: skip
    assert linked
    assert linked <= set(beside)
    plt.close(figure)


def test_claims_table_escapes_and_shows_every_claim(monkeypatch):
    claim = lesson_01.Claim("1", "holds", "a < b", "yes & no", ("gan2014",))
    shown: list[dict[str, str]] = []
    monkeypatch.setattr(lesson_01, "display", lambda data, raw: shown.append(data))
    lesson_01.claims_table([claim, *DATA.claims])
    table = shown[0]["text/html"]
    assert "a &lt; b" in table
    assert "yes &amp; no" in table
    assert table.count("<tr>") == len(DATA.claims) + 2


def test_the_lessons_arxiv_numbers_are_those_of_the_data():
    known = {reference.arxiv for reference in DATA.references.values()}
    section = LESSON.read_text(encoding="utf-8").split("## Limits and sources")[1]
    listed = set(re.findall(r"arXiv:(\d{4}\.\d{4,5})", section))
    assert len(listed) >= 6
    assert listed <= known


def test_the_lessons_titles_are_whole():
    known = {reference.title for reference in DATA.references.values()}
    section = LESSON.read_text(encoding="utf-8").split("## Limits and sources")[1]
    listed = set(re.findall(r"^- [^*\n]+\*([^*]+)\*.*arXiv:", section, re.MULTILINE))
    assert len(listed) >= 6
    assert listed <= known


def test_authors_in_another_form_are_told_so():
    def candidate(record, references):
        return {"authors"} if record["key"] == "A" else set()

    with pytest.raises(exercises.Wrong, match="a list never equals a tuple"):
        checks.check_problems(candidate)
