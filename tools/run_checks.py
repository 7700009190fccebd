"""Runs everything that `make test` promises, in order, and says how long each part took.

python -m tools.run_checks [--only tests lessons] [-- arguments for the unit tests' pytest]
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from karpa_helpers.runtime import available_cores
from tools import quick_compilation
from tools.lessons import ROOT, find_lessons
from tools.slow_tests import SLOW

NOTHING_COLLECTED = 5
MOST_WORKERS = 4  # each may take 2 GB


def lesson_command() -> list[str]:
    """Runs the stored lessons; only cells with the tag nbval-check-output are compared."""
    notebooks = [str(x.notebook.relative_to(ROOT)) for x in find_lessons() if x.notebook.exists()]
    command = ["pytest", "--nbval-lax", "--nbval-current-env", "-p", "tools.slow_tests", *workers()]
    return [*command, "--nbval-cell-timeout=300", *notebooks] if notebooks else []


def workers() -> list[str]:
    """pytest-xdist's arguments: a process a core, each file in one of them."""
    count = min(available_cores(), MOST_WORKERS)
    return ["-n", str(count), "--dist", "loadfile"] if count > 1 else []


def commands(pytest_arguments: list[str]) -> dict[str, list[str]]:
    """The parts by name, each the arguments of `python -m`."""
    own = ["--ignore=tests/browser", "-p", "tools.slow_tests"]  # `make browser` runs those
    in_order = ["--no-loadscope-reorder"]  # tests/conftest.py puts the longest files first
    return {
        "style": ["ruff", "check"],
        "format": ["ruff", "format", "--check"],
        "types": ["mypy"],
        "tests": ["pytest", *own, *workers(), *in_order, *pytest_arguments],
        "lessons": lesson_command(),
    }


def last_summary(text: str) -> str:
    """pytest's own last line, such as "12 passed in 3.4s"."""
    found = re.findall(r"^=*\s*(\d+ \w+.* in [\d.]+s.*?)\s*=*$", text, flags=re.MULTILINE)
    return found[-1] if found else ""


def run(
    name: str, arguments: list[str], environment: Mapping[str, str], tolerated: Sequence[int] = ()
) -> tuple[bool, str, list[str]]:
    """Runs one part with its output passed on: (whether it held, a line about it, what is slow)."""
    start = time.monotonic()
    if not arguments:
        return True, f"{name:8} nothing to do yet", []
    print(f"\n== {name}: {' '.join(arguments)[:90]}", flush=True)
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.append(line)
    good = process.wait() in (0, *tolerated)
    verdict = last_summary("".join(lines)) or ("ok" if good else "failed")
    slow = [line.strip() for line in lines if line.startswith(SLOW)]
    return good, f"{name:8} {verdict:60} {time.monotonic() - start:6.1f} s", slow


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    mine, passed_on = arguments[:cut], arguments[cut + 1 :]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="PART")
    options = parser.parse_args(mine)
    parts = commands(passed_on)
    if unknown := set(options.only) - set(parts):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    environment = {**os.environ, "KARPA_PRESET": "ci", "MPLBACKEND": "agg"}
    environment.setdefault("XLA_FLAGS", quick_compilation.flags())
    start = time.monotonic()
    chosen = [name for name in parts if not options.only or name in options.only]
    # All parts run even where one fails: one call shows all that is wrong.
    # A selection of one's own may be empty; the whole may not.
    tolerated = [NOTHING_COLLECTED] if passed_on else []
    verdicts = [run(name, parts[name], environment, tolerated) for name in chosen]
    good = all(held for held, _, _ in verdicts)
    print("\n" + "\n".join(line for _, line, _ in verdicts))
    if slow := [line for _, _, lines in verdicts for line in lines]:
        print("Slower than they should be:", *slow, sep="\n  ")
    seconds = time.monotonic() - start
    print(f"{'All held' if good else 'FAILED'}, {seconds:.0f} s in all.", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
