"""The page that `make run` writes."""

from __future__ import annotations

import re

import nbformat
import pytest

from tools import page
from tools.lessons import cells_of, find_lessons, read_notebook


def page_of(*cells: nbformat.NotebookNode) -> str:
    head = nbformat.v4.new_markdown_cell("# 02. Doubling\n\n**By the end you can**")
    return page.to_html(nbformat.v4.new_notebook(cells=[head, *cells]))


def test_the_page_is_named_by_its_heading_and_loads_nothing() -> None:
    text = page_of(nbformat.v4.new_code_cell("1 + 1"))
    assert "<title>02. Doubling</title>" in text
    assert '<html lang="en">' in text
    assert "<script" not in text
    assert not re.search(r"""(?:src|href)=["']https?:|url\(["']?https?:|@import""", text)


def test_formulas_are_drawn_by_the_browser_with_their_numbers() -> None:
    source = "$x^2$ and\n\n$$ \\frac{a}{b} < 1 \\tag{3} $$"
    text = page_of(nbformat.v4.new_markdown_cell(source))
    assert text.count("<math") == 2
    assert "<mfrac>" in text
    assert "<span>(3)</span>" in text
    assert "$" not in text.partition("<main>")[2]


def test_an_unknown_command_is_shown_and_stops_nothing() -> None:
    assert "\\nosuchcommand" in page.formula("\\nosuchcommand x", block=False)


def test_links_to_lessons_lead_to_their_pages() -> None:
    source = "[a](05_halving.ipynb#top) [b](https://example.org/05_halving.ipynb)"
    text = page_of(nbformat.v4.new_markdown_cell(source))
    assert 'href="05_halving.html#top"' in text
    assert 'href="https://example.org/05_halving.ipynb"' in text


@pytest.mark.parametrize("lesson", find_lessons(), ids=lambda lesson: lesson.number)
def test_every_formula_of_the_lessons_has_a_form_in_mathml(lesson) -> None:
    text = "\n\n".join(cell.source for cell in cells_of(read_notebook(lesson.notebook), "markdown"))
    drawn = page.MarkdownWithMath(renderer=page.Renderer(escape=False)).render(text)
    assert "<math" in drawn
    assert "<merror" not in drawn
