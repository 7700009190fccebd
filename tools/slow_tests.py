"""A plugin of pytest: at the end it names lessons and unit tests that take too long."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

LESSON_SECONDS, TEST_SECONDS = 25, 5
SLOW = "slow: "

_spent: defaultdict[str, float] = defaultdict(float)


def pytest_runtest_logreport(report: Any) -> None:
    """Adds up a test's seconds, or all those of a lesson's cells."""
    if "slow" not in report.keywords:
        file = report.nodeid.split("::")[0]
        _spent[file if file.endswith(".ipynb") else report.nodeid] += report.duration


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints what is over, the slowest first."""
    for name, seconds in sorted(_spent.items(), key=lambda pair: -pair[1]):
        if seconds > (LESSON_SECONDS if name.endswith(".ipynb") else TEST_SECONDS):
            terminalreporter.write_line(f"{SLOW}{seconds:5.1f} s  {name}")
