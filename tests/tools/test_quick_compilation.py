"""XLA ends a process at a setting that it does not know, so each version gets its own."""

from __future__ import annotations

import importlib.metadata

import pytest

from tools import quick_compilation


@pytest.mark.parametrize(
    ("version", "both"), [("0.7.2", True), ("0.10.2", True), ("0.12.0.1", False), ("1.0", False)]
)
def test_only_older_versions_are_told_of_older_loops(monkeypatch, version, both) -> None:
    monkeypatch.setattr(importlib.metadata, "version", {"jaxlib": version}.__getitem__)
    assert (quick_compilation.OLDER_LOOPS in quick_compilation.flags()) == both
