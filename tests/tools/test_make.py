"""What the Makefile offers, and what it hands on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from tools import open_lab, publish, run_checks
from tools.lessons import ROOT

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="there is no make")


VARIABLES = {"PRESET", "LESSON", "REPO", "ONLY", "PYTEST", "LAB_ARGS", "BENCH"}
FROM_AN_OUTER_MAKE = {"MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS"}  # the tests may run under make


def dry_run(*arguments: str) -> str:
    hidden = VARIABLES | FROM_AN_OUTER_MAKE
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_readme_names_only_targets_there_are() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)", (ROOT / "README.md").read_text("utf-8")))
    assert named - targets == set()
    assert {"lab", "test", "run", "clean", "results", "publish", "links", "store"} <= targets


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("run", "LESSON=05", "PRESET=cpu"), "KARPA_PRESET=cpu .venv/bin/python -m tools.run_"),
        (("run", "LESSON=05"), "tools.run_lessons 05"),
        (("run",), ".venv/bin/python -m tools.run_lessons \n"),
        (("store", "LESSON=05"), "tools.run_lessons --store 05"),
        (("publish", "REPO=a/b"), 'tools.publish "a/b"'),
        (("publish", "REPO="), 'tools.publish ""'),
        (("test", "PYTEST=-k store"), "tools.run_checks  -- -k store"),
        (("test", "ONLY=tests"), "tools.run_checks --only tests --"),
        (("lab", "LAB_ARGS=--port 9"), "tools.open_lab --port 9"),
        (("bench", "BENCH=--quick"), "build/bench-venv/bin/python -m benchmarks.speed --quick"),
    ],
)  # fmt: skip
def test_variables_reach_the_tools(arguments: tuple[str, ...], line: str) -> None:
    assert line in dry_run(*arguments)


def test_publish_without_an_address_asks_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert 'tools.publish "' not in dry_run("publish")
    assert publish.main([]) == 2
    assert "make publish REPO=owner/name" in capsys.readouterr().err


def test_lab_opens_the_first_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    line = open_lab.command(["--no-browser"])
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in line
    assert "--no-browser" in line


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_only_root_is_allowed_as_root(
    monkeypatch: pytest.MonkeyPatch, user: int, allowed: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    assert ("--allow-root" in open_lab.command([])) is allowed
    assert open_lab.command(["--allow-root"]).count("--allow-root") == 1


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("...\n12 passed in 3.40s\n", "12 passed in 3.40s"),
        ("==== 1 failed, 3 passed, 2 skipped in 65.1s (0:01:05) ====\n",
         "1 failed, 3 passed, 2 skipped in 65.1s (0:01:05)"),
        ("no tests ran in 0.1s\n", ""),
    ],
)  # fmt: skip
def test_pytests_summary_is_found(text: str, summary: str) -> None:
    assert run_checks.last_summary(text) == summary


def test_all_parts_run_and_one_failure_fails_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = {"style": ["no_such_module"], "format": ["platform"], "lessons": []}
    monkeypatch.setattr(run_checks, "commands", lambda arguments: parts)
    assert run_checks.main([]) == 1
    out = capsys.readouterr().out
    assert re.search(r"^style +failed", out, re.MULTILINE)
    assert re.search(r"^format +ok", out, re.MULTILINE)
    assert re.search(r"^lessons +nothing to do yet", out, re.MULTILINE)
    assert run_checks.main(["--only", "format"]) == 0
