"""Rows of measurements as tables: docs/speed.md's in full, README's in brief."""

from __future__ import annotations

import itertools
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.sizes import ALONE, COMPILED, COURSE, EAGER, KERAS, ROWS, TITLES

FILE = Path(__file__).with_name("speed.json")
Record = dict[str, Any]
HEAD = [
    "One call", TITLES[COURSE], TITLES[EAGER], TITLES[COMPILED], TITLES[KERAS],
    "faster than PyTorch", "than torch.compile", "engine by alone", "share of products' rate",
    "first call, s", "peak memory, MB",
]  # fmt: skip
ORDER = [row.name for row in ROWS]
# README's five: one of each kind, and the training step in which PyTorch is faster.
BRIEF = ("dcgan28", "dcgan64_last", "gru", "transformer", "decode")


def read(file: Path = FILE) -> list[Record]:
    """The stored rows."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else []


def place(row: Record) -> tuple[str, str]:
    """What all rows of one table share: the device, and Python's version in two numbers."""
    return row["device"], ".".join(row["versions"]["python"].split(".")[:2])


def identity(row: Record) -> tuple[Any, ...]:
    """What a newer row must share with an older one to take its place."""
    return row["row"], *place(row), row["versions"]["jax"]


def keep(file: Path, new: Sequence[Record]) -> None:
    """Adds rows, each in the place of an older one of the same machine and versions."""
    names = {identity(row) for row in new}
    rows = [row for row in read(file) if identity(row) not in names]
    rows = sorted([*rows, *new], key=lambda row: (identity(row)[1:], ORDER.index(row["row"])))
    file.write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n", encoding="utf-8")


def newest(rows: Sequence[Record]) -> list[Record]:
    """Of each row and place the last one measured, in the tables' order."""
    chosen: dict[tuple[Any, ...], Record] = {}
    for row in sorted(rows, key=lambda row: row["date"]):
        chosen[*place(row), row["row"]] = row
    return sorted(chosen.values(), key=lambda row: (place(row), ORDER.index(row["row"])))


def cells(row: Record) -> list[str]:
    """One row of the table."""
    shares = shares_of(row)
    return [
        row["title"],
        *(duration(row, engine) for engine in (COURSE, EAGER, COMPILED, KERAS)),
        ratio(row, EAGER, COURSE),
        ratio(row, COMPILED, COURSE),
        ratio(row, COURSE, ALONE),
        f"{100 * statistics.median(shares):.0f} %" if shares else "",
        side_by_side(row, "first_seconds", ".1f"),
        side_by_side(row, "peak_mb", ".0f"),
    ]


def shares_of(row: Record) -> list[float]:
    """Of each round the course's operations a second by those of a matrix product just then."""
    if not row.get("flops") or not row.get("rates"):
        return []
    pairs = zip(row["engines"][COURSE]["seconds"], row["rates"], strict=True)
    return [row["flops"] / seconds / rate for seconds, rate in pairs]


def duration(row: Record, engine: str) -> str:
    """Median and range of an engine's seconds a call, in ms where they are small."""
    if engine not in row["engines"]:
        return "failed" if engine in row.get("failed", {}) else ""
    seconds = row["engines"][engine]["seconds"]
    scale, unit = (1000, "ms") if statistics.median(seconds) < 1 else (1, "s")
    ends = (min(seconds), statistics.median(seconds), max(seconds))
    low, middle, high = (three_digits(scale * x) for x in ends)
    return f"{middle} {unit} ({low} to {high})"


def three_digits(number: float) -> str:
    """A number with three digits that count, all written out from 1000 on."""
    return f"{number:.3g}" if number < 999.5 else f"{number:,.0f}"


def ratios(row: Record, slower: str, faster: str) -> list[float]:
    """Of each round the time of one engine by that of the other."""
    measured = row["engines"]
    if slower not in measured or faster not in measured:
        return []
    pairs = zip(measured[slower]["seconds"], measured[faster]["seconds"], strict=True)
    return [a / b for a, b in pairs]


def ratio(row: Record, slower: str, faster: str) -> str:
    """Median and range of the ratio over rounds, "1.52 (1.48 to 1.60)"."""
    found = ratios(row, slower, faster)
    if not found:
        return ""
    return f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"


def side_by_side(row: Record, what: str, form: str) -> str:
    """One number of the course, of eager and of compiled PyTorch, with strokes between."""
    names = [name for name in (COURSE, EAGER, COMPILED) if name in row["engines"]]
    found = [row["engines"][name][what] for name in names]
    return " / ".join("" if number is None else f"{number:{form}}" for number in found)


def markdown(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table without the columns that are empty in every row."""
    used = [n for n in range(len(head)) if any(row[n] for row in body)]
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line[n] for n in used) + " |" for line in lines)


def speed(rows: Sequence[Record]) -> str:
    """The tables of all devices and Pythons, each with a line on what it was measured on."""
    parts = []
    for _, own in itertools.groupby(newest(rows), place):
        table = list(own)
        parts += [markdown(HEAD, [cells(row) for row in table]), described(table)]
    return "\n\n".join(parts)


def brief(rows: Sequence[Record]) -> str:
    """A few rows of the newest JAX beside PyTorch as it comes, and what they were measured on."""
    places = [list(own) for _, own in itertools.groupby(newest(rows), place)]
    own = max(places, key=lambda own: own[-1]["date"], default=[])
    chosen = [row for row in own if row["row"] in BRIEF]
    if not chosen:
        return ""
    head = ["One call", "course", "PyTorch", "PyTorch's time by the course's"]
    body = [
        [row["title"], duration(row, COURSE), duration(row, EAGER), ratio(row, EAGER, COURSE)]
        for row in chosen
    ]
    return markdown(head, body) + "\n\n" + measured_on(chosen)


def measured_on(rows: Sequence[Record]) -> str:
    """Machine, versions and dates of rows."""
    versions: dict[str, str] = {}
    for row in rows:
        versions |= row["versions"]
    names = ("python", "jax", "flax", "torch", "keras")
    found = ", ".join(f"{name} {versions[name]}" for name in names if name in versions)
    dates = sorted({row["date"][:10] for row in rows})
    day = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"{rows[0]['device']}; {found}; {day}."


def described(rows: Sequence[Record]) -> str:
    """What rows were measured on, and how their table is read."""
    threads = sorted({str(row["threads"]) for row in rows})
    return (
        f"{measured_on(rows)} All libraries had {' or '.join(threads)} threads. "
        "Times are medians over rounds (lowest to highest), in each of which all take turns; "
        'ratios are medians of the rounds\' ratios. "Engine by alone" is the time of a call of the '
        'engine by that of the compiled step on one fixed batch. "Share of products\' rate" is the '
        "operations of all products and convolutions (padding counted) a second by those of a "
        'matrix product just then. "First call" and "peak memory" are the '
        f"course / {TITLES[EAGER]} / {TITLES[COMPILED]}, each with all that its library holds."
    )
