"""The progress line in a terminal, in a log and in a notebook."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from karpa_helpers.training import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))
    return stream


@pytest.fixture
def log(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))
    return stream


class Handle:
    """Stands for Jupyter's display handle."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def update(self, data, raw) -> None:
        assert raw
        assert list(data) == ["text/plain"]
        self.shown.append(data["text/plain"])


@pytest.fixture
def notebook(monkeypatch):
    handle = Handle()

    def display(data, raw, display_id):
        assert display_id
        handle.update(data, raw)
        return handle

    monkeypatch.setattr(progress, "get_ipython", lambda: type("Shell", (), {"kernel": 1})())
    monkeypatch.setattr(progress, "display", display)
    return handle


def test_terminal_has_one_line_that_is_overwritten(terminal):
    bar = progress.Progress("fit", 200)
    bar.update(50, 10.0, {"loss": 0.12345})
    first = terminal.getvalue()
    assert first.startswith("\rfit [#####...............] 50 of 200 steps, 5 steps/s")
    assert "00:30 left" in first
    assert first.rstrip().endswith("loss 0.123")
    bar.update(200, 40.0, {"loss": 0.1})
    bar.close()
    assert terminal.getvalue().count("\n") == 1
    last = terminal.getvalue().split("\r")[-1]
    assert last.rstrip() == "fit: 200 of 200 steps, 5 steps/s in 00:40, loss 0.1"


def test_a_shorter_line_covers_the_longer_one_before_it(terminal):
    bar = progress.Progress("fit", 10)
    bar.update(1, 1.0, {"a_long_name_of_a_metric": 0.123})
    bar.update(2, 2.0, {})
    longer, shorter = terminal.getvalue().split("\r")[1:]
    assert len(shorter) == len(longer)


def test_a_log_gets_a_line_each_quarter_and_a_last_one(log):
    bar = progress.Progress("fit", 100)
    for step in range(1, 101):
        bar.update(step, step / 10, {"loss": 1.0})
    bar.close()
    lines = log.getvalue().splitlines()
    assert len(lines) == 4
    assert lines[0] == "fit: 25 of 100 steps, 10 steps/s, loss 1"
    assert lines[-1] == "fit: 100 of 100 steps, 10 steps/s in 00:10, loss 1"
    assert "\r" not in log.getvalue()


def test_a_notebook_keeps_one_plain_line(notebook, log):
    bar = progress.Progress("fit", 100)
    assert notebook.shown == ["fit: compiling ..."]
    bar.update(50, 5.0, {"loss": 2.0})
    assert notebook.shown[-1] == "fit [##########..........] 50 of 100 steps, 10 steps/s, " + (
        "00:05 left, loss 2"
    )
    bar.close("stopped by you")
    assert (
        notebook.shown[-1] == "fit: 50 of 100 steps, 10 steps/s in 00:05 (stopped by you), loss 2"
    )
    assert log.getvalue() == ""


def test_nothing_is_shown_where_nothing_is_wanted(terminal):
    bar = progress.Progress("fit", 10, show=False)
    bar.update(5, 1.0, {})
    bar.close()
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(
    ("total", "start", "limit", "updates"),
    [
        (0, 0, None, []),
        (10, 10, None, []),
        (10, 0, None, [(0, 0.0)]),
        (10, 4, None, [(4, 0.0), (5, 0.0)]),
        (10, 0, 0.0, [(1, 0.0), (1, 1.0)]),
        (0, 0, 5.0, [(0, 0.0)]),
        (10, 0, 5.0, [(20, 50.0)]),
    ],
)
def test_no_division_by_zero(terminal, total, start, limit, updates):
    bar = progress.Progress("fit", total, start, limit)
    for done, seconds in updates:
        bar.update(done, seconds, {})
    bar.close()
    assert "nan" not in terminal.getvalue()
    assert "inf" not in terminal.getvalue()


def test_speed_and_time_left_count_this_part_of_the_run_only(terminal):
    bar = progress.Progress("fit", 100, start=50)
    bar.update(60, 10.0, {})
    assert "60 of 100 steps, 1 steps/s, 00:40 left" in terminal.getvalue()


def test_time_left_heeds_the_limit(terminal):
    bar = progress.Progress("fit", 1000, limit=60.0)
    bar.update(10, 30.0, {})
    assert "00:30 left" in terminal.getvalue()


def test_time_left_of_a_resumed_run_heeds_the_limit(terminal):
    bar = progress.Progress("fit", 1000, start=500, limit=60.0)
    bar.update(550, 30.0, {})
    assert "00:30 left" in terminal.getvalue()
