"""The figures of lesson 01: the concept map in two forms, and the timeline."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from karpa_helpers.lessons import lesson_01
from karpa_helpers.show import plots

_LIT, _NEAR, _PLAIN = "#F5C26B", "#CFE5F3", "#FFFFFF"
_LINES = {"article": "-", "repair": "--", "added": ":"}
_WORDS = ("in the article", "put right", "from its text")


def _box(
    axes: Axes, concept: lesson_01.Concept, face: str, *, mark: str = "", faint: bool = False
) -> None:
    grey = "#6B6B6B" if faint else "black"
    words = mark + textwrap.fill(concept.name, 14, break_long_words=False)
    style = "-" if concept.on_map else "--"
    edge = {"facecolor": face, "edgecolor": grey, "boxstyle": "round,pad=0.3", "linestyle": style}
    axes.annotate(words, (concept.x, concept.y), ha="center", va="center", color=grey, fontsize=10,
                  bbox=edge, zorder=3)  # fmt: skip


def _map_axes(width: float, right: float) -> tuple[Figure, Axes]:
    figure, axes = plots.subplots(figsize=(width, 6.6))
    axes.set(xlim=(-0.1, right), ylim=(-0.3, 8.0))
    axes.axis("off")
    return figure, axes


def _line(
    axes: Axes,
    start: lesson_01.Concept,
    end: lesson_01.Concept,
    kind: str,
    *,
    lit: bool,
    faint: bool,
) -> None:
    colour = plots.COLOURS[1] if lit else "#C4C4C4" if faint else "#555555"
    axes.plot((start.x, end.x), (start.y, end.y), _LINES[kind], color=colour,
              linewidth=2.2 if lit else 1.2, zorder=2 if lit else 1)  # fmt: skip


def draw_islands(kinds: Sequence[str] = ("article",)) -> Figure:
    """The concepts of the article's own map, one colour and letter for each connected part."""
    data = lesson_01.load_history()
    names = data.names(only_map=True)
    parts = lesson_01.islands(lesson_01.adjacency(names, data.pairs(*kinds)))
    palette = ("#CFE5F3", "#FBE0C8", "#CDEBDF", "#F4DCEB", "#FBEFC9", "#E3E3E3", "#D9D5F0")
    figure, axes = _map_axes(9.5, 9.2)
    place = {c.name: c for c in data.concepts}
    for link in (link for link in data.links if link.kind in kinds):
        _line(axes, place[link.start], place[link.end], link.kind, lit=False, faint=False)
    for name, part in zip(names, parts, strict=True):
        _box(axes, place[name], palette[part % len(palette)], mark=f"{'ABCDEFG'[part]}: ")
    axes.set_title(f"{len(names)} concepts in {parts.max() + 1} separate parts")
    return figure


def draw_map(concept: str = "GAN") -> Figure:
    """The map put right and completed, one concept and its neighbours lit, its meaning beside.

    Args:
        concept: The name of a concept.

    Raises:
        KeyError: There is no such concept.
    """
    data = lesson_01.load_history()
    place = {c.name: c for c in data.concepts}
    chosen = place[concept]
    touching = [link for link in data.links if concept in (link.start, link.end)]
    near = {name for link in touching for name in (link.start, link.end)} - {concept}
    figure, axes = _map_axes(11.5, 12.2)
    for link in data.links:
        lit = link in touching
        _line(axes, place[link.start], place[link.end], link.kind, lit=lit, faint=not lit)
    for name, other in place.items():
        face = _LIT if name == concept else _NEAR if name in near else _PLAIN
        _box(axes, other, face, faint=face == _PLAIN)
    head = f"Lesson {chosen.lesson:02d}, {len(near)} links:"
    text = "\n".join((textwrap.fill(chosen.meaning, 24), "", head, *sorted(near)))
    axes.annotate(concept, (9.3, 7.4), fontsize=13, fontweight="bold", va="center")
    axes.annotate(text, (9.3, 6.9), fontsize=11, va="top", linespacing=1.35)
    for y, kind, words in zip((0.9, 0.5, 0.1), _LINES, _WORDS, strict=True):
        axes.plot((9.3, 10.0), (y, y), _LINES[kind], color="#555555", linewidth=1.5)
        axes.annotate(words, (10.2, y), fontsize=10, va="center")
    return figure


def draw_timeline() -> Figure:
    """Who published what when, one row a line, three strands; years without an event are cut."""
    data = lesson_01.load_history()
    years = sorted({event.year for event in data.events})
    columns = dict(zip(lesson_01.STRANDS, (0.7, 4.15, 7.7), strict=True))
    figure, axes = plots.subplots(figsize=(11.0, 10.0))
    row = 0.0
    for previous, year in zip([None, *years], years, strict=False):
        if previous is not None and year > previous + 1:
            axes.annotate("⋮", (0, row + 0.05), ha="center", va="center", color="#777777")
            row += 0.7
        cells = {
            s: [e for e in data.events if (e.year, e.strand) == (year, s)]
            for s in lesson_01.STRANDS
        }
        axes.axhline(row - 0.5, color="#DDDDDD", linewidth=0.8, zorder=0)
        axes.annotate(str(year), (0, row), ha="center", va="center", fontweight="bold")
        for strand, events in cells.items():
            for i, event in enumerate(events):
                _entry(axes, event, columns[strand], row + i)
        row += max(map(len, cells.values()))
    for (strand, title), colour in zip(lesson_01.STRANDS.items(), plots.COLOURS, strict=False):
        axes.annotate(title, (columns[strand], -1.2), fontweight="bold", color=colour, fontsize=12)
    key = ("filled: published", "open square: priority claimed later",
           "open circle: job held (secondary sources)")  # fmt: skip
    axes.annotate("    ".join(key), (0.7, row + 0.4), fontsize=9.5, color="#444444")
    axes.set(xlim=(-0.4, 11.1), ylim=(row + 0.7, -1.8))
    axes.axis("off")
    return figure


def _entry(axes: Axes, event: lesson_01.Event, x: float, y: float) -> None:
    colour = plots.COLOURS[list(lesson_01.STRANDS).index(event.strand)]
    face = colour if event.kind == "published" else "white"
    marker = "s" if event.kind == "claimed" else "o"
    axes.plot(x, y, marker, color=colour, markerfacecolor=face, markersize=6, markeredgewidth=1.6)
    axes.annotate(event.label, (x + 0.14, y), va="center", fontsize=9.5)
