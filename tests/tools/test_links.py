from __future__ import annotations

from pathlib import Path

import pytest

from tools.lessons import Lesson
from tools.links import anchors, broken, external, links


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("[x](nothing.md)", "nothing.md does not exist"),
        ("[x](README.md#nowhere)", "no such heading"),
        ("[x](#nowhere)", "no such heading"),
        ("[x](notebooks/09_gone.ipynb)", "does not exist"),
        ("[x](notebooks/02_doubling.ipynb#gone)", "no such heading"),
        ("![x](figure.png)", "figure.png does not exist"),
        ('<img src="figure.png" alt="x">', "figure.png does not exist"),
        ("[x][ref]\n\n[ref]: gone.md", "gone.md does not exist"),
        ("[x](../outside.md)", "leads out of the project"),
    ],
)
def test_broken_links_are_named(project: Path, link: str, said: str) -> None:
    (project.parent / "outside.md").write_text("# Outside\n")
    (project / "README.md").write_text(f"# Title\n\n{link}\n")
    assert [line for line in broken(project) if said in line], broken(project)


def test_good_links_pass(project: Path) -> None:
    (project / "README.md").write_text(
        "# My title!\n\n[a](#my-title) [b](notebooks/02_doubling.ipynb#words) [c](pyproject.toml)\n"
        "[d](https://example.org/gone) `[e](code.md)` $[f](x)$ <!-- [g](comment.md) -->\n\n"
        "```\n[h](fence.md)\n```\n"
    )
    assert broken(project) == []


def test_links_of_a_lesson_start_at_its_notebook(lesson: Lesson) -> None:
    text = lesson.text.read_text()
    lesson.text.write_text(text.replace("## Words", "## Words\n\n[x](../README.md) [y](text/z.md)"))
    assert broken(lesson.root) == ["02_doubling: text/z.md does not exist"]


def test_external_links_are_listed_with_their_pages(project: Path) -> None:
    (project / "README.md").write_text("[a](https://example.org/a) <https://example.org/b>\n")
    assert external(project) == {
        "https://example.org/a": ["README.md"],
        "https://example.org/b": ["README.md"],
    }


def test_anchors_are_githubs_and_jupyters() -> None:
    names = anchors("# One `two`: three\n\n## Again\n\n## Again\n\n```\n# code\n```\n")
    assert {"one-two-three", "One-two:-three", "again", "again-1"} <= names
    assert "code" not in names


def test_a_link_with_a_title_is_read() -> None:
    assert links('[x](a.md "A title") ![y](<b.png>)') == ["a.md", "b.png"]
