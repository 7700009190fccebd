"""The benchmark runs at tiny size; twins are compared where PyTorch is installed."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

from benchmarks import course, growth, speed, table
from benchmarks.sizes import COURSE, EAGER, LOADING, ROWS, row_named
from benchmarks.workers import Failed

QUICK = {row.name: row.sizes(quick=True, on_gpu=False) for row in ROWS}
HAS_TORCH = importlib.util.find_spec("torch") is not None
TWINS = [row.name for row in ROWS if EAGER in row.engines and row.name not in LOADING]


def test_rows_of_the_course_are_measured_and_kept(tmp_path, capsys) -> None:
    out = tmp_path / "speed.json"
    arguments = ["--quick", "--rows", "gru", "--engines", "course", "alone", "--out", str(out)]
    assert speed.main(arguments) == 0
    (row,) = table.read(out)
    assert row["engines"].keys() == {"course", "alone"}
    assert all(len(engine["seconds"]) == 2 for engine in row["engines"].values())
    assert len(row["rates"]) == 2
    assert row["flops"] > 1000
    assert "| GRU with attention, train step |" in capsys.readouterr().out


@pytest.mark.parametrize("name", [row.name for row in ROWS if row.name not in ("gru", "import")])
def test_every_case_of_the_course_runs(name: str) -> None:
    case = course.build(name, COURSE, QUICK[name])
    assert case.run(2) in (2, None)


@pytest.mark.parametrize("name", TWINS)
def test_the_course_writes_what_a_twin_is_checked_by(name: str) -> None:
    written = course.WRITERS[course.CASES[name]](QUICK[name])
    before = {k for k in written if k.startswith("before/")}
    assert before
    assert all(np.isfinite(written[k]).all() for k in before)
    after = {k.replace("after/", "before/") for k in written if k.startswith("after/")}
    assert after in (before, set())


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed; `make bench` installs it")
@pytest.mark.parametrize("name", TWINS)
def test_twins_with_equal_weights_are_equal(name: str) -> None:
    assert speed.main(["--check", "--rows", name]) == 0


def test_growth_draws_its_curves(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(growth, "DATA", tmp_path / "growth.json")
    monkeypatch.setattr(growth, "FIGURE", tmp_path / "growth.png")
    out = str(tmp_path / "x.json")
    arguments = ["--growth", "--quick", "--rows", "scores", "--out", out]
    assert speed.main(arguments) == 0
    (curve,) = json.loads((tmp_path / "growth.json").read_text())["curves"]
    assert [n for n, _ in curve["points"][COURSE]] == [100, 200]
    assert (tmp_path / "growth.png").stat().st_size > 1000


def record(**changes) -> dict:
    engines = {
        COURSE: {"seconds": [0.1, 0.2, 0.1], "first_seconds": 2.0, "peak_mb": 500, "before_mb": 9},
        EAGER: {"seconds": [0.2, 0.3, 0.15], "first_seconds": 0.1, "peak_mb": 400, "before_mb": 9},
    }
    row = {
        "row": "gru", "title": "GRU", "unit": "step", "sizes": {}, "date": "2026-01-01T00:00:00",
        "device": "CPU, 2 cores", "threads": 2, "versions": {"python": "3.11.7", "jax": "1"},
        "engines": engines, "failed": {}, "rates": [1e10, 1e10, 1e10], "flops": 2e8,
    }  # fmt: skip
    return {**row, **changes}


def test_cells_are_medians_of_rounds() -> None:
    row = dict(zip(table.HEAD, table.cells(record()), strict=True))
    assert row["course"] == "100 ms (100 to 200)"
    assert row["faster than PyTorch"] == "1.50 (1.50 to 2.00)"
    assert row["share of products' rate"] == "20 %"
    assert row["first call, s"] == "2.0 / 0.1"
    assert row["engine by alone"] == ""


def test_a_long_round_is_written_out() -> None:
    row = {"engines": {COURSE: {"seconds": [0.742, 0.6889, 1.19]}}}
    assert table.duration(row, COURSE) == "742 ms (689 to 1,190)"


def test_a_newer_run_replaces_one_of_the_same_versions(tmp_path) -> None:
    file = tmp_path / "speed.json"
    table.keep(file, [record()])
    table.keep(file, [record(versions={"python": "3.11.7", "jax": "2"}, date="2026-01-02")])
    table.keep(file, [record(title="new")])
    assert [row["title"] for row in table.read(file)] == ["new", "GRU"]
    assert [row["date"] for row in table.newest(table.read(file))] == ["2026-01-02"]


def test_each_python_has_a_table() -> None:
    other = record(versions={"python": "3.12.1", "jax": "2"})
    text = table.speed([other, record()])
    assert text.count("| One call |") == 2
    assert text.index("python 3.11.7, jax 1") < text.index("python 3.12.1, jax 2")


def test_columns_without_a_number_are_left_out() -> None:
    text = table.speed([record()])
    assert "torch.compile |" not in text.splitlines()[0]
    assert "CPU, 2 cores; python 3.11.7, jax 1; 2026-01-01." in text


def test_stored_rows_are_of_known_cases() -> None:
    for row in table.read():
        assert row_named(row["row"]).title == row["title"]
        assert len(row["engines"][COURSE]["seconds"]) >= 2


class Fragile:
    """Workers of which PyTorch's dies while it is timed."""

    def __init__(self) -> None:
        self.engine = ""

    def of(self, engine: str) -> Fragile:
        self.engine = engine
        return self

    def ask(self, do: str, **_request) -> dict:
        if do == "time" and self.engine == EAGER:
            raise Failed("out of memory")
        first = {"first_seconds": 2.0, "seconds": 0.1, "before_mb": 1, "peak_mb": 2}
        rest = {"device_mb": None, "flops": 8, "parameters": 1, "note": ""}
        return {**first, **rest, "value": 1e9}


def test_a_worker_that_dies_while_it_is_timed_costs_no_row(capsys) -> None:
    found = speed.measure(Fragile(), row_named("gru"), {}, [COURSE, EAGER], 3, 0.1)  # type: ignore[arg-type]
    assert found["engines"].keys() == {COURSE}
    assert len(found["engines"][COURSE]["seconds"]) == 3
    assert found["failed"] == {EAGER: "out of memory"}
