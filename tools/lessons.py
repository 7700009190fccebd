"""Where the lessons lie, and how their two forms are read and written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parent.parent
RESULT_MIME = "application/vnd.karpa.result+json"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
METADATA = {"kernelspec": KERNEL, "language_info": {"name": "python"}}

SETUP_CELL = """\
# The course's own package. `make lab` installs it; see README.md.
try:
    from karpa_helpers import runtime
except ModuleNotFoundError as missing:
    import os

    if "COLAB_RELEASE_TAG" in os.environ:
        raise SystemExit(
            f"The package {missing.name} is not here. Upload the course's wheel (the folder at "
            "the left), run `%pip install karpa_helpers-*.whl` in a new cell, then this one again."
        ) from missing
    raise SystemExit(
        f"The package {missing.name} is not here. A lesson needs the whole project: "
        "get its folder, run `make lab` in it, and open the lesson there; "
        "README.md lists other ways."
    ) from missing

runtime.describe()"""

# pip gets the versions of jax and numpy that Colab has as requirements, so it leaves them alone.
PUBLISHED_SETUP_CELL = """\
# The course's own package. `make lab` installs it; in Colab this cell does, in a minute.
try:
    from karpa_helpers import runtime
except ModuleNotFoundError as missing:
    import importlib.metadata, os, subprocess, sys

    if "COLAB_RELEASE_TAG" not in os.environ:
        raise SystemExit(
            f"The package {{missing.name}} is not here. A lesson needs the whole project: "
            "clone https://github.com/{repository} and run `make lab` in it."
        ) from missing
    here = importlib.metadata.version
    held = [f"{{name}}=={{here(name)}}" for name in ("jax", "jaxlib", "numpy")]
    package = "karpa-helpers @ git+https://github.com/{repository}@{branch}"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", package, *held], check=True)
    from karpa_helpers import runtime

runtime.describe()"""


def setup_cell(repository: str = "", branch: str = "main") -> str:
    """The first code cell of every lesson, for where the course is published ("": nowhere)."""
    if not repository:
        return SETUP_CELL
    return PUBLISHED_SETUP_CELL.format(repository=repository, branch=branch)


@dataclass(frozen=True)
class Lesson:
    """One lesson: `text` is its source, `notebook` the same with stored outputs."""

    name: str
    root: Path = ROOT

    @property
    def number(self) -> str:
        return self.name[:2]

    @property
    def text(self) -> Path:
        return self.root / "notebooks" / "text" / f"{self.name}.md"

    @property
    def notebook(self) -> Path:
        return self.root / "notebooks" / f"{self.name}.ipynb"


def find_lessons(selection: str = "", root: Path = ROOT) -> list[Lesson]:
    """Lessons in order; `selection` holds numbers or names, separated by spaces or commas.

    Raises:
        ValueError: where a selected lesson does not exist; the message lists those that do.
    """
    folder = root / "notebooks"
    paths = [*folder.glob("[0-9][0-9]_*.ipynb"), *folder.glob("text/[0-9][0-9]_*.md")]
    lessons = [Lesson(name, root) for name in sorted({path.stem for path in paths})]
    wanted = re.split(r"[\s,]+", selection.strip()) if selection.strip() else []
    for item in wanted:
        if not any(item in (lesson.number, lesson.name) for lesson in lessons):
            there = ", ".join(lesson.number for lesson in lessons) or "none"
            raise ValueError(f"There is no lesson {item!r}; there are: {there}.")
    return [x for x in lessons if not wanted or x.number in wanted or x.name in wanted]


def read_text(path: Path) -> nbformat.NotebookNode:
    """A notebook without outputs from MyST Markdown."""
    import jupytext  # part of the extra dev, so not at hand in a learner's environment

    return jupytext.read(path, fmt="md:myst")


def title_of(lesson: Lesson) -> str:
    """What the lesson's first heading says: "04. The minimax game"."""
    if lesson.text.exists():
        head = re.search(r"^# (.+)$", lesson.text.read_text("utf-8"), re.MULTILINE)
        return head[1].strip() if head else lesson.name
    return read_notebook(lesson.notebook).cells[0].source.partition("\n")[0].lstrip("# ")


def navigation(lesson: Lesson) -> str:
    """Links to the lessons before and after this one."""
    lessons = find_lessons(root=lesson.root)
    place = lessons.index(lesson)
    near = {"Previous": lessons[:place][-1:], "Next": lessons[place + 1 :][:1]}
    return " · ".join(
        f"{word}: [{title_of(other)}]({other.notebook.name})"
        for word, others in near.items()
        for other in others
    )


def read_notebook(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def write_notebook(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Writes atomically, so that a stop in the middle leaves the old file."""
    part = path.with_suffix(".part")
    nbformat.write(notebook, part)
    part.replace(path)


def read_source(lesson: Lesson) -> nbformat.NotebookNode:
    """The lesson from its text, or from the notebook where there is no text."""
    return read_text(lesson.text) if lesson.text.exists() else read_notebook(lesson.notebook)


def tags(cell: nbformat.NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def cells_of(notebook: nbformat.NotebookNode, kind: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def outputs_of(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in cells_of(notebook, "code") for output in cell.outputs]


def results_of(notebook: nbformat.NotebookNode) -> list[dict[str, Any]]:
    """What `report` stored in a lesson's outputs, in order."""
    data = (output.get("data", {}) for output in outputs_of(notebook))
    return [dict(item[RESULT_MIME]) for item in data if RESULT_MIME in item]


def first_line(source: str) -> str:
    """The line that tells a reader which cell it is: the first that says something."""
    lines = [line for line in source.splitlines() if line.strip()]
    said = [line for line in lines if not line.lstrip().startswith(("#", "%", "try:"))]
    return (said or lines or [""])[0].strip()
