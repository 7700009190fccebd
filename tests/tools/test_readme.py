from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from tools.addresses import Address, read_address
from tools.lessons import RESULT_MIME, ROOT, Lesson, find_lessons, read_text, write_notebook
from tools.readme import baseline, build, replace_block, results_table, score, time_of

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


def test_readme_equals_its_rebuild() -> None:
    assert (ROOT / "README.md").read_text("utf-8") == build(ROOT, read_address(ROOT)), (
        "README.md's tables differ from the lessons; run `make results`"
    )


def test_a_reported_score_reaches_the_table(lesson: Lesson) -> None:
    notebook = read_text(lesson.text)
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    data = {RESULT_MIME: RECORD, "text/plain": "x"}
    cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
    write_notebook(notebook, lesson.notebook)
    row = results_table(find_lessons(root=lesson.root)).splitlines()[2]
    assert row == (
        "| 02 | Accuracy on held-out images | 0.8765 (0.8701 to 0.883) | 3 "
        "| most frequent class: 0.1 | cpu, CPU, 2 cores |"
    )
    before = (lesson.root / "README.md").read_text("utf-8")
    assert row in build(lesson.root, Address())
    assert row not in before


def test_runs_of_one_model_share_a_row(project: Path) -> None:
    runs = [
        {"set": "tatoeba", "model": "one_vector", "seed": seed, "seconds": 100 + seed,
         "greedy": {"bleu": 30.0}, "beam": {"bleu": 31.0 + seed}, "beam_examples": None}
        for seed in range(3)
    ]  # fmt: skip
    (project / "benchmarks").mkdir()
    (project / "benchmarks" / "translation.json").write_text(json.dumps(runs), "utf-8")
    row = "| tatoeba | one vector | 30.0 (30.0 to 30.0) | 32.0 (31.0 to 33.0) |  |  |  | 3 | 101 |"
    assert row in build(project, Address())


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ({"mean": 12.0, "low": None, "high": None, "unit": "%"}, "12 %"),
        ({"mean": 12.34567, "low": 11, "high": 13}, "12.35 (11 to 13)"),
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
    plain = build(project, Address())
    assert "[02. Doubling](notebooks/02_doubling.ipynb) | 1 minute on a CPU" in plain
    assert "colab.research" not in plain.split("lessons:begin")[1].split("lessons:end")[0]
    assert "colab.research.google.com/github/a/b/blob/main" in build(project, Address("a/b"))


def test_a_stored_measurement_reaches_the_table(project: Path) -> None:
    engine = {"seconds": [0.2, 0.1, 0.1], "first_seconds": 1.5, "peak_mb": 300}
    row = {
        "row": "gru", "title": "A step", "date": "2026-01-01T00:00:00", "device": "CPU, 2 cores",
        "threads": 2, "versions": {"python": "3.11.7", "jax": "0.10"},
        "engines": {"course": engine},
    }  # fmt: skip
    (project / "benchmarks").mkdir()
    (project / "benchmarks" / "speed.json").write_text(json.dumps([row]), "utf-8")
    assert "| A step | 100 ms (100 to 200) | 1.5 | 300 |" in build(project, Address())


def test_a_readme_without_its_marks_is_named() -> None:
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
