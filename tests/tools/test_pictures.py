"""The pictures that ship are those of the stored lessons."""

from __future__ import annotations

import pytest

from tools.lessons import ROOT
from tools.pictures import FOLDER, PICTURES, find_picture


@pytest.mark.parametrize("name", PICTURES)
def test_a_shipped_picture_is_its_lessons_figure(name: str) -> None:
    assert (ROOT / FOLDER / name).read_bytes() == find_picture(*PICTURES[name])


def test_every_shipped_picture_has_a_source() -> None:
    assert {path.name for path in (ROOT / FOLDER).iterdir()} == set(PICTURES)


def test_a_figure_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="no such figure"):
        find_picture("05", "no such figure")
