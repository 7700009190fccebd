"""Links inside the course lead somewhere. `make links` lists those that lead out."""

from __future__ import annotations

from tools.lessons import ROOT
from tools.links import broken


def test_internal_links_and_anchors() -> None:
    assert broken(ROOT) == []
