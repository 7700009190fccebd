"""The parts of README.md and docs/ that are built from the lessons and the benchmarks.

They stand between `<!-- name:begin -->` and `<!-- name:end -->`.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import table as benchmark
from karpa_helpers.show.results import round_score
from tools.addresses import Address
from tools.lessons import Lesson, cells_of, find_lessons, read_notebook, read_source, results_of

# The score of each lesson that README shows; where a lesson is not named, its first.
HEADLINES = {
    "03": "Fashion-MNIST accuracy, convolutional network",
    "05": "Fréchet distance on course features, DCGAN",
    "06": "Coverage on course features, DCGAN",
    "07": "Modes covered on the grid of 25",
    "08": "Samples in which a detector finds a face",
    "11": "Bits a character on new names, gru",
    "12": "Exact match, dates never seen",
    "13": "Exact match of reversal with attention",
    "14": "BLEU with examples at hand",
    "15": "Loss on held-out Shakespeare, GPT",
}


def replace_block(text: str, name: str, body: str) -> str:
    """Puts `body` between the marks of block `name`.

    Raises:
        ValueError: The marks are not there exactly once.
    """
    pattern = re.compile(rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
    inside = body.strip() + "\n" if body.strip() else ""
    changed, count = pattern.subn(lambda m: m[1] + inside + m[2], text)
    if count != 1:
        raise ValueError(f"The page needs <!-- {name}:begin --> and <!-- {name}:end --> once.")
    return changed


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table; empty where there are no rows."""
    body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    if not body:
        return ""
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *body])


def head_of(lesson: Lesson) -> str:
    """The lesson's first Markdown cell."""
    cells = cells_of(read_source(lesson), "markdown")
    return cells[0].source if cells else ""


def title_of(head: str) -> str:
    found = re.search(r"^# (?:\d\d\. )?(.+)$", head, re.MULTILINE)
    return found[1].strip() if found else ""


def time_of(head: str) -> str:
    """What the head's line **Time** says, "" where there is none."""
    found = re.search(r"^\*\*Time:?\*\*:?\s*(.+?)\.?\s*$", head, re.MULTILINE)
    return found[1] if found else ""


def minutes_of(time: str) -> str:
    """The minutes on a CPU in a line of time, "< 1" for "under 1 minute"; "" where none is."""
    found = re.search(r"(under )?(\d+) minute", time)
    return f"{'< ' if found[1] else ''}{found[2]}" if found else ""


def aim_of(head: str) -> str:
    """The first thing that the head promises."""
    found = re.search(r"^- (.+?)[;.]?$", head, re.MULTILINE)
    return found[1] if found else ""


def lesson_table(lessons: list[Lesson], address: Address) -> str:
    """The course's lessons, with a Colab link each where the course is published."""
    head = ["Lesson", "After it you can", "Minutes"] + (["Colab"] if address else [])
    rows = []
    for lesson in lessons:
        text = head_of(lesson)
        link = f"[{lesson.number}. {title_of(text)}](notebooks/{lesson.notebook.name})"
        row = [link, aim_of(text), minutes_of(time_of(text))]
        rows.append(row + ([f"[open]({address.colab(lesson)})"] if address else []))
    return table(head, rows)


def score(record: dict[str, Any]) -> str:
    """Score and error bar, "12.3 (11.9 to 12.7) %"."""
    mean, bar = round_score(record)
    return f"{mean}{f' ({bar})' if bar else ''} {record.get('unit') or ''}".strip()


def baseline(record: dict[str, Any]) -> str:
    stated = record.get("baseline")
    if isinstance(stated, (list, tuple)) and len(stated) == 2:
        return f"{stated[0]}: {stated[1]:.4g}"
    return f"{stated:.4g}" if isinstance(stated, (int, float)) else str(stated or "")


def stored_results(lesson: Lesson) -> list[dict[str, Any]]:
    """What a lesson's stored run reported; nothing where it is not stored."""
    return results_of(read_notebook(lesson.notebook)) if lesson.notebook.exists() else []


def results_table(lessons: list[Lesson]) -> str:
    """All scores that the stored lessons report."""
    head = ["Lesson", "What", "Score (95 % interval)", "Seeds", "Baseline", "Preset, device"]
    rows = []
    for lesson in lessons:
        for record in stored_results(lesson):
            where = f"{record.get('preset', '')}, {record.get('device', '')}".strip(", ")
            seeds = str(len(record.get("values") or [0]))
            rows.append(
                [lesson.number, record["name"], score(record), seeds, baseline(record), where]
            )
    return table(head, rows)


def headline_table(lessons: list[Lesson]) -> str:
    """One score a lesson."""
    rows = []
    for lesson in lessons:
        records = stored_results(lesson)
        named = [r for r in records if r["name"] == HEADLINES.get(lesson.number)]
        for record in (named or records)[:1]:
            rows.append([lesson.number, record["name"], score(record), baseline(record)])
    return table(["Lesson", "What", "Score (95 % interval)", "Baseline"], rows)


DECODINGS = {
    "greedy": "BLEU, greedy", "beam": "beam 5", "beam_examples": "beam 5, examples at hand",
    "beam_lowercase": "beam 5, lower case",
}  # fmt: skip


def translation_table(root: Path) -> str:
    """What `benchmarks/translation.py` stored: BLEU of each model over its seeds."""
    file = root / "benchmarks" / "translation.json"
    stored = json.loads(file.read_text("utf-8")) if file.exists() else []
    runs: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in stored:
        runs.setdefault((row["set"], row["model"]), []).append(row)
    head = [
        "Sentences", "Model", *DECODINGS.values(), "Moses, lower case", "Seeds", "Training, s"
    ]  # fmt: skip
    rows = []
    for (name, model), found in runs.items():
        columns = [[one[key]["bleu"] for one in found if one.get(key)] for key in DECODINGS]
        columns.append([one["beam_moses"] for one in found if one.get("beam_moses")])
        seconds = statistics.mean(one["seconds"] for one in found)
        rows.append(
            [name, model.replace("_", " "), *map(span, columns), str(len(found)), f"{seconds:.0f}"]
        )
    return table(head, rows)


def span(values: list[float]) -> str:
    """The mean, and where there are several values the least and the greatest."""
    if not values:
        return ""
    ends = f" ({min(values):.1f} to {max(values):.1f})" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{ends}"


def build(root: Path, address: Address) -> dict[str, str]:
    """The pages with their tables rebuilt from the lessons and the benchmarks, by name."""
    lessons = find_lessons(root=root)
    rows = benchmark.read(root / "benchmarks" / benchmark.FILE.name)
    blocks = {
        "README.md": {
            "lessons": lesson_table(lessons, address),
            "headlines": headline_table(lessons),
            "brief": benchmark.brief(rows),
        },
        "docs/results.md": {"results": results_table(lessons)},
        "docs/speed.md": {
            "speed": benchmark.speed(rows),
            "translation": translation_table(root),
        },
    }
    pages = {}
    for page, parts in blocks.items():
        text = (root / page).read_text("utf-8")
        for name, body in parts.items():
            text = replace_block(text, name, body)
        pages[page] = text
    return pages
