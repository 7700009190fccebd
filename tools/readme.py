"""README's parts that are built: blocks between `<!-- name:begin -->` and `<!-- name:end -->`."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import table as benchmark
from tools.addresses import Address
from tools.lessons import Lesson, cells_of, find_lessons, read_notebook, read_source, results_of


def replace_block(text: str, name: str, body: str) -> str:
    """Puts `body` between the marks of block `name`.

    Raises:
        ValueError: The marks are not there exactly once.
    """
    pattern = re.compile(rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
    filled = body.strip() + "\n" if body.strip() else ""
    changed, count = pattern.subn(lambda m: m[1] + filled + m[2], text)
    if count != 1:
        raise ValueError(f"README.md needs <!-- {name}:begin --> and <!-- {name}:end --> once.")
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


def lesson_table(lessons: list[Lesson], address: Address) -> str:
    """The course's lessons, with a Colab link each where the course is published."""
    head = ["Lesson", "Time"] + (["Colab"] if address else [])
    rows = []
    for lesson in lessons:
        text = head_of(lesson)
        link = f"[{lesson.number}. {title_of(text)}](notebooks/{lesson.notebook.name})"
        row = [link, time_of(text)]
        rows.append(row + ([f"[open]({address.colab(lesson)})"] if address else []))
    return table(head, rows)


def score(record: dict[str, Any]) -> str:
    """Mean and interval, "12.3 (11.9 to 12.7) %"."""
    text = f"{record['mean']:.4g}"
    if record.get("low") is not None and record.get("high") is not None:
        text += f" ({record['low']:.4g} to {record['high']:.4g})"
    return f"{text} {record.get('unit') or ''}".strip()


def baseline(record: dict[str, Any]) -> str:
    stated = record.get("baseline")
    if isinstance(stated, (list, tuple)) and len(stated) == 2:
        return f"{stated[0]}: {stated[1]:.4g}"
    return f"{stated:.4g}" if isinstance(stated, (int, float)) else str(stated or "")


def results_table(lessons: list[Lesson]) -> str:
    """All scores that the stored lessons report."""
    head = ["Lesson", "What", "Score (95 % interval)", "Seeds", "Baseline", "Preset, device"]
    rows = []
    for lesson in lessons:
        if not lesson.notebook.exists():
            continue
        for record in results_of(read_notebook(lesson.notebook)):
            where = f"{record.get('preset', '')}, {record.get('device', '')}".strip(", ")
            seeds = str(len(record.get("values") or [0]))
            rows.append(
                [lesson.number, record["name"], score(record), seeds, baseline(record), where]
            )
    return table(head, rows)


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


def speed_table(root: Path) -> str:
    """What `make bench` stored last, beside PyTorch and Keras."""
    return benchmark.speed(benchmark.read(root / "benchmarks" / benchmark.FILE.name))


def build(root: Path, address: Address) -> str:
    """README with all tables rebuilt from the lessons and the benchmarks."""
    lessons = find_lessons(root=root)
    text = (root / "README.md").read_text("utf-8")
    text = replace_block(text, "lessons", lesson_table(lessons, address))
    text = replace_block(text, "results", results_table(lessons))
    text = replace_block(text, "translation", translation_table(root))
    return replace_block(text, "speed", speed_table(root))
