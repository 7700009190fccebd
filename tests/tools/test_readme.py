from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest

from tools.addresses import Address, read_address
from tools.lessons import RESULT_MIME, ROOT, Lesson, find_lessons, read_text, write_notebook
from tools.readme import (
    HEADLINES,
    aim_of,
    baseline,
    build,
    headline_table,
    minutes_of,
    replace_block,
    results_table,
    score,
    stored_results,
    time_of,
)

RECORD = {
    "name": "Accuracy on held-out images",
    "mean": 0.87654,
    "low": 0.8701,
    "high": 0.88297,
    "values": [0.87, 0.88, 0.88],
    "seeds": [0, 1, 2],
    "unit": "",
    "preset": "cpu",
    "device": "CPU, 2 cores",
    "baseline": ["most frequent class", 0.1],
    "note": "",
}


@pytest.mark.parametrize("page", ["README.md", "docs/results.md", "docs/speed.md"])
def test_a_page_equals_its_rebuild(page: str) -> None:
    assert (ROOT / page).read_text("utf-8") == build(ROOT, read_address(ROOT))[page], (
        f"{page}'s tables differ from the lessons; run `make results`"
    )


def test_readme_stays_short() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= 130 + 2 * len(find_lessons())  # a lesson has a row in two tables
    assert lines.index("make lab    # opens the course in JupyterLab") < 30


def test_stored_shares_and_means_stay_in_their_ranges() -> None:
    for lesson in find_lessons():
        for record in stored_results(lesson):
            bounds = [float(x) for x in re.findall(r"-?\d+\.?\d*", score(record).split(" of ")[0])]
            mean, *rest = bounds
            if " to " in score(record):
                low, high = rest[-2:]
                assert low <= mean <= high, record["name"]
                if record["unit"] == "%":
                    assert 0 <= low <= high <= 100, record["name"]


def store(lesson: Lesson, *records: dict) -> None:
    notebook = read_text(lesson.text)
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cell.outputs = [
        nbformat.v4.new_output("display_data", data={RESULT_MIME: record, "text/plain": "x"})
        for record in records
    ]
    write_notebook(notebook, lesson.notebook)


def test_a_reported_score_reaches_the_tables(lesson: Lesson) -> None:
    store(lesson, RECORD)
    row = results_table(find_lessons(root=lesson.root)).splitlines()[2]
    assert row == (
        "| 02 | Accuracy on held-out images | 0.877 (0.870 to 0.883) | 3 "
        "| most frequent class: 0.1 | cpu, CPU, 2 cores |"
    )
    pages = build(lesson.root, Address())
    assert row in pages["docs/results.md"]
    short = (
        "| 02 | Accuracy on held-out images | 0.877 (0.870 to 0.883) | most frequent class: 0.1 |"
    )
    assert short in pages["README.md"]
    assert short not in (lesson.root / "README.md").read_text("utf-8")


def test_one_score_a_lesson_is_the_named_one_or_the_first(
    lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(lesson, RECORD, {**RECORD, "name": "Another"}, {**RECORD, "mean": 0.5, "low": 0.4})
    first = headline_table([lesson]).splitlines()[2:]
    assert [row.split(" | ")[1:3] for row in first] == [
        ["Accuracy on held-out images", "0.877 (0.870 to 0.883)"]
    ]
    monkeypatch.setitem(HEADLINES, "02", "Another")
    assert headline_table([lesson]).splitlines()[2].startswith("| 02 | Another |")


def test_the_named_scores_are_reported() -> None:
    stored = {x.number: [r["name"] for r in stored_results(x)] for x in find_lessons()}
    assert [n for n, name in HEADLINES.items() if name not in stored[n]] == []


def test_runs_of_one_model_share_a_row(project: Path) -> None:
    runs = [
        {"set": "tatoeba", "model": "one_vector", "seed": seed, "seconds": 100 + seed,
         "greedy": {"bleu": 30.0}, "beam": {"bleu": 31.0 + seed}, "beam_examples": None}
        for seed in range(3)
    ]  # fmt: skip
    (project / "benchmarks").mkdir()
    (project / "benchmarks" / "translation.json").write_text(json.dumps(runs), "utf-8")
    row = "| tatoeba | one vector | 30.0 (30.0 to 30.0) | 32.0 (31.0 to 33.0) |  |  |  | 3 | 101 |"
    assert row in build(project, Address())["docs/speed.md"]


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ({"mean": 12.0, "low": None, "high": None, "unit": "%"}, "12 %"),
        ({"mean": 12.34567, "low": 11, "high": 13}, "12.3 (11.0 to 13.0)"),
        (
            {"mean": 99.97, "low": 99.85, "high": 100.09, "unit": "%", "values": [99.9, 100, 100]},
            "99.970 (3 seeds: 99.900 to 100.000) %",
        ),
    ],
)
def test_score(record: dict, text: str) -> None:
    assert score(record) == text


@pytest.mark.parametrize(
    ("stated", "text"),
    [(None, ""), (["chance", 0.5], "chance: 0.5"), (0.25, "0.25"), ("none known", "none known")],
)
def test_baseline(stated: object, text: str) -> None:
    assert baseline({"baseline": stated}) == text


def test_the_lesson_table_links_lessons_and_colab(project: Path) -> None:
    plain = build(project, Address())["README.md"]
    assert "| [02. Doubling](notebooks/02_doubling.ipynb) | add | 1 |" in plain
    assert "colab.research" not in plain.split("lessons:begin")[1].split("lessons:end")[0]
    published = build(project, Address("a/b"))["README.md"]
    assert "colab.research.google.com/github/a/b/blob/main" in published


def test_a_stored_measurement_reaches_the_table(project: Path) -> None:
    engine = {"seconds": [0.2, 0.1, 0.1], "first_seconds": 1.5, "peak_mb": 300}
    row = {
        "row": "gru", "title": "A step", "date": "2026-01-01T00:00:00", "device": "CPU, 2 cores",
        "threads": 2, "versions": {"python": "3.11.7", "jax": "0.10"},
        "engines": {"course": engine},
    }  # fmt: skip
    (project / "benchmarks").mkdir()
    (project / "benchmarks" / "speed.json").write_text(json.dumps([row]), "utf-8")
    assert (
        "| A step | 100 ms (100 to 200) | 1.5 | 300 |" in build(project, Address())["docs/speed.md"]
    )


def test_readme_has_a_few_rows_of_the_newest_measurement(project: Path) -> None:
    def row(name: str, day: int, python: str) -> dict:
        engines = {"course": {"seconds": [0.1, 0.1]}, "torch": {"seconds": [0.2, 0.3]}}
        engines = {k: {**v, "first_seconds": None, "peak_mb": 1} for k, v in engines.items()}
        return {
            "row": name, "title": f"{name} {python}", "date": f"2026-01-0{day}T00:00:00",
            "device": "CPU", "threads": 2, "versions": {"python": python, "jax": "0.1"},
            "engines": engines,
        }  # fmt: skip

    rows = [row("gru", 2, "3.12.1"), row("scores", 2, "3.12.1"), row("gru", 1, "3.11.7")]
    (project / "benchmarks").mkdir()
    (project / "benchmarks" / "speed.json").write_text(json.dumps(rows), "utf-8")
    text = build(project, Address())["README.md"]
    shown = [line for line in text.splitlines() if " ms " in line]
    assert shown == [
        "| gru 3.12.1 | 100 ms (100 to 100) | 250 ms (200 to 300) | 2.50 (2.00 to 3.00) |"
    ]
    assert "python 3.12.1, jax 0.1; 2026-01-02." in text


def test_a_page_without_its_marks_is_told() -> None:
    with pytest.raises(ValueError, match="results:begin"):
        replace_block("# Title\n", "results", "x")


def test_replacing_a_block_twice_is_the_same() -> None:
    text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n"
    once = replace_block(text, "x", "new")
    assert once == "a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb\n"
    assert replace_block(once, "x", "new") == once
    assert replace_block(once, "x", "") == "a\n<!-- x:begin -->\n<!-- x:end -->\nb\n"


def test_time_is_read_from_the_head() -> None:
    assert time_of("# T\n\n**Time**: half an hour; seconds on a CPU.\n") == (
        "half an hour; seconds on a CPU"
    )
    assert time_of("# T\n") == ""


@pytest.mark.parametrize(
    ("time", "minutes"),
    [
        ("about 22 minutes of computing on two CPU cores, 10 on a GPU (estimated)", "22"),
        ("under 1 minute of computing; 30 minutes of reading", "< 1"),
        ("half an hour", ""),
    ],
)
def test_minutes_are_those_of_computing(time: str, minutes: str) -> None:
    assert minutes_of(time) == minutes


def test_the_aim_is_the_first_of_the_head() -> None:
    assert aim_of("# T\n\n**By the end you can**\n\n- do a; and b;\n- do c.\n") == "do a; and b"
    assert aim_of("# T\n") == ""
