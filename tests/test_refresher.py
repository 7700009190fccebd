"""The worked examples of docs/refresher.md give the numbers that stand there."""

from __future__ import annotations

import doctest

from tools.lessons import ROOT


def test_the_refreshers_examples_give_what_they_say() -> None:
    page = ROOT / "docs" / "refresher.md"
    found = doctest.testfile(str(page), module_relative=False)
    assert found.attempted >= 12
    assert found.failed == 0
