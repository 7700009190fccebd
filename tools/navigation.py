"""Writes the links to the previous and the next lesson at the end of every lesson.

python -m tools.navigation    after a lesson came or changed its title
"""

from __future__ import annotations

import re

import nbformat

from tools.lessons import (
    Lesson,
    find_lessons,
    navigation,
    read_notebook,
    tags,
    write_notebook,
)

TAG = "navigation"
MARK = f'+++ {{"tags": ["{TAG}"]}}'


def text_with(text: str, line: str) -> str:
    """A lesson's Markdown with this line in a last cell of its own."""
    before = re.split(rf"^{re.escape(MARK)}$", text, flags=re.MULTILINE)[0]
    return f"{before.rstrip()}\n\n{MARK}\n\n{line}\n"


def notebook_with(notebook: nbformat.NotebookNode, line: str) -> nbformat.NotebookNode:
    """The same for the notebook, in place."""
    if TAG not in tags(notebook.cells[-1]):
        cell = nbformat.v4.new_markdown_cell(metadata={"tags": [TAG]})
        cell.id = f"c-{len(notebook.cells):03d}"
        notebook.cells.append(cell)
    notebook.cells[-1].source = line
    return notebook


def write(lesson: Lesson, line: str) -> None:
    if lesson.text.exists():
        lesson.text.write_text(text_with(lesson.text.read_text("utf-8"), line), "utf-8")
    if lesson.notebook.exists():
        write_notebook(notebook_with(read_notebook(lesson.notebook), line), lesson.notebook)


if __name__ == "__main__":
    for lesson in find_lessons():
        write(lesson, navigation(lesson))
