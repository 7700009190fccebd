"""What `make test` reports, and which tests other Pythons run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import run_checks, slow_tests

TESTS = Path(__file__).resolve().parent.parent
SLEEPERS = """
import time, pytest
def test_slow(): time.sleep(0.3)
@pytest.mark.slow
def test_marked(): time.sleep(0.3)
def test_quick(): pass
"""


@pytest.mark.parametrize("processes", ["0", "2"])
def test_what_takes_too_long_is_named(tmp_path: Path, processes: str) -> None:
    (tmp_path / "test_some.py").write_text(SLEEPERS)
    (tmp_path / "quicker.py").write_text(
        "import tools.slow_tests as here\nhere.TEST_SECONDS = 0.2\n"
        "pytest_runtest_logreport = here.pytest_runtest_logreport\n"
        "pytest_terminal_summary = here.pytest_terminal_summary\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "quicker", "-n", processes, "test_some.py"]
    path = os.pathsep.join([str(tmp_path), str(TESTS.parent)])
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    slow = [line for line in done.stdout.splitlines() if line.startswith(slow_tests.SLOW)]
    assert [line.split()[-1] for line in slow] == ["test_some.py::test_slow"]


def test_what_is_slow_comes_last_and_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held = (True, "tests    1 passed", ["slow:   9.0 s  tests/test_some.py::test_slow"])
    monkeypatch.setattr(run_checks, "run", lambda *arguments: held)
    assert run_checks.main(["--only", "tests"]) == 0
    assert "9.0 s  tests/test_some.py::test_slow\nAll held" in capsys.readouterr().out


@pytest.mark.parametrize(("cores", "count"), [(2, "2"), (64, "4")])
def test_all_cores_work_but_not_too_many(
    monkeypatch: pytest.MonkeyPatch, cores: int, count: str
) -> None:
    monkeypatch.setattr(run_checks, "available_cores", lambda: cores)
    assert run_checks.workers() == ["-n", count, "--dist", "loadfile"]
    monkeypatch.setattr(run_checks, "available_cores", lambda: 1)
    assert run_checks.workers() == []


def test_other_pythons_run_what_exists(pytestconfig: pytest.Config) -> None:
    rules = pytestconfig.pluginmanager.get_plugin(str(TESTS / "conftest.py"))
    found = set().union(*(rules.subjects(path) for path in TESTS.rglob("test_*.py")))
    assert found >= rules.VERSIONS
    assert "mutations" not in rules.VERSIONS
