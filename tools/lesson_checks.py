"""What every lesson must have; each check returns what is missing, in words.

python -m tools.lesson_checks 02    looks at one lesson while it is written
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import nbformat

from tools.addresses import read_address
from tools.lessons import (
    ROOT,
    Lesson,
    cells_of,
    find_lessons,
    navigation,
    outputs_of,
    read_notebook,
    read_source,
    read_text,
    setup_cell,
    tags,
)
from tools.light import WIDGET_MIMES, trouble

MAX_CODE_LINES = 25
WORDS = (1200, 2500)
WORDS_START = (700, 2500)  # lesson 00 may be short
SOURCES = 3
CELLS_TO_ASSERT = 3  # an equation's check may need a cell or two to prepare it

DETAILS = re.compile(r"<details>.*?</details>", re.DOTALL)
IMAGE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
IMG = re.compile(r"<img\b[^>]*>")
EQUATION = re.compile(r"\\tag\{(\d+)\}")
EXERCISE = re.compile(r"^### Exercise (\d\d\.\d+)(?: \([^)]*\))?: \S", re.MULTILINE)
CHECK = re.compile(r"exercises\.check\(\s*[\"'](\d\d\.\d+)[\"']")
CONTROLS = re.compile(r"\b(?:widgets\.explore|pick_word)\(")
GET_CONTROLS = re.compile(r"Run the cells above to get the (?:sliders|controls)\.")
SOLUTION = re.compile(
    r"<details>\s*<summary>Solution (\d\d\.\d+)</summary>\s*\n\n"
    r"(?:(?!</details>).)*?```python\n(.*?)\n```.*?</details>",
    re.DOTALL,
)

Check = Callable[[Lesson, nbformat.NotebookNode], Iterator[str]]


@dataclass(frozen=True)
class Exercise:
    """One exercise: the stub with its check, as the learner finds it, and the hidden solution."""

    number: str
    stub: str
    solution: str


def text_of(notebook: nbformat.NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in cells_of(notebook, "markdown"))


def exercises_of(notebook: nbformat.NotebookNode) -> list[Exercise]:
    """Exercises that have both a stub and a solution."""
    solutions = {m[1]: m[2] for m in SOLUTION.finditer(text_of(notebook))}
    found = []
    for cell in cells_of(notebook, "code"):
        match = CHECK.search(cell.source)
        if "exercise" in tags(cell) and match and match[1] in solutions:
            found.append(Exercise(match[1], cell.source, solutions[match[1]]))
    return found


def count_words(notebook: nbformat.NotebookNode) -> int:
    """Words to read: formulas, code, comments, addresses, hidden solutions and the links to the
    neighbouring lessons do not count."""
    cells = [cell for cell in cells_of(notebook, "markdown") if "navigation" not in tags(cell)]
    text = DETAILS.sub(" ", "\n\n".join(cell.source for cell in cells))
    for pattern in (r"<!--.*?-->", r"```.*?```", r"\$\$.*?\$\$", r"\]\([^)]*\)", r"<[^>]*>"):
        text = re.sub(pattern, " ", text, flags=re.DOTALL)
    return sum(1 for word in text.split() if re.search(r"[^\W\d_]", word))


def check_head(lesson: Lesson, notebook: nbformat.NotebookNode) -> Iterator[str]:
    head = notebook.cells[0]
    if head.cell_type != "markdown":
        yield "the first cell is no Markdown"
        return
    if not re.match(rf"# {lesson.number}\. \S", head.source):
        yield f"the head does not begin with '# {lesson.number}. Title'"
    if not re.search(r"^<!-- badge -->", head.source, re.MULTILINE):
        yield "the head has no line <!-- badge -->"
    goals = re.search(
        r"By the end you can.*?\n((?:\s*(?:[-*]|\d\.) .+\n?(?: +\S.*\n?)*)+)", head.source
    )
    count = len(re.findall(r"^\s*(?:[-*]|\d\.) ", goals[1], re.MULTILINE)) if goals else 0
    if count != 3:
        yield f"the head has {count} goals below 'By the end you can', not three"
    for word, what in (
        (r"(?m)^\*\*Time.*(?:minute|second|hour).*\bCPU\b", "its **Time** on a CPU"),
        (r"(?m)^\*\*Time.*(?:minute|second|hour).*\bGPU\b", "its **Time** on a GPU"),
        (r"(?i)\bneeds?\b", "which lessons it needs"),
        (r"(?i)\bdata\b", "its data"),
        (r"(?i)licen[cs]e|public domain|\bMIT\b|CC BY|CC0", "the data's licence"),
    ):
        if not re.search(word, head.source):
            yield f"the head does not say {what}"


def check_setup(lesson: Lesson, notebook: nbformat.NotebookNode) -> Iterator[str]:
    address = read_address(lesson.root)
    first = cells_of(notebook, "code")[:1]
    if not first or "setup" not in tags(first[0]):
        yield "the first code cell lacks the tag setup"
    elif first[0].source != setup_cell(address.repository, address.branch):
        yield "the set-up cell differs from tools/lessons.py; `make publish REPO=...` writes it"


def check_cells(lesson: Lesson, notebook: nbformat.NotebookNode) -> Iterator[str]:
    for number, cell in enumerate(cells_of(notebook, "code"), start=1):
        length = len(cell.source.splitlines())
        if length > MAX_CODE_LINES:
            yield f"code cell {number} has {length} lines, more than {MAX_CODE_LINES}"
        if not cell.source.strip():
            yield f"code cell {number} is empty"


def check_words(lesson: Lesson, notebook: nbformat.NotebookNode) -> Iterator[str]:
    least, most = WORDS_START if lesson.number == "00" else WORDS
    words = count_words(notebook)
    if not least <= words <= most:
        yield f"{words} words, not {least} to {most}"


def check_alternative_text(lesson: Lesson, notebook: nbformat.NotebookNode) -> Iterator[str]:
    text = text_of(notebook)
    for match in IMAGE.finditer(text):
        if not match[1].strip():
            yield f"an image has no alternative text: {match[0]}"
    for match in IMG.finditer(text):
        if not re.search(r"""\balt=["'][^"']""", match[0]):
            yield f"an image has no alternative text: {match[0]}"
    for output in outputs_of(notebook):
        metadata = output.get("metadata", {})
        alt = metadata.get("image/png", {}).get("alt") or metadata.get("alt")
        if "image/png" in output.get("data", {}) and not alt:
            yield "a figure has no alternative text; show it by plots.show(figure, alt=...)"


def check_equations(lesson: Lesson, notebook: nbformat.NotebookNode) -> Iterator[str]:
    numbers: list[int] = []
    waiting: list[int] = []  # equations that no assertion has followed yet
    patience = 0
    for cell in notebook.cells:
        here = [int(n) for n in EQUATION.findall(cell.source)] if cell.cell_type != "code" else []
        patience -= cell.cell_type == "code"
        if waiting and (here or patience < 0):
            yield f"equation {waiting[-1]} is not asserted in the {CELLS_TO_ASSERT} cells after it"
            waiting = []
        if here:
            numbers += here
            waiting, patience = here, CELLS_TO_ASSERT
        elif cell.cell_type == "code" and re.search(r"\bassert", cell.source):
            waiting = []
    if waiting:
        yield f"equation {waiting[-1]} is not asserted in the {CELLS_TO_ASSERT} cells after it"
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"equations are numbered {numbers}, not 1, 2, ..."


def check_exercises(lesson: Lesson, notebook: nbformat.NotebookNode) -> Iterator[str]:
    text = text_of(notebook)
    titles = EXERCISE.findall(text)
    stubs = [
        match[1]
        for cell in cells_of(notebook, "code")
        if "exercise" in tags(cell) and (match := CHECK.search(cell.source))
    ]
    solutions = [match[1] for match in SOLUTION.finditer(text)]
    if not 3 <= len(titles) <= 5:
        yield f"{len(titles)} exercises ('### Exercise {lesson.number}.1: title'), not 3 to 5"
    expected = [f"{lesson.number}.{n}" for n in range(1, len(titles) + 1)]
    for what, found in (("titles", titles), ("stubs", stubs), ("solutions", solutions)):
        if found != expected:
            yield f"the exercises' {what} are {found}, not {expected}"


def check_sources(lesson: Lesson, notebook: nbformat.NotebookNode) -> Iterator[str]:
    parts = re.split(r"^## Limits and sources\s*$", text_of(notebook), flags=re.MULTILINE)
    if len(parts) != 2:
        yield "there is no section '## Limits and sources'"
        return
    if re.search(r"^## ", parts[1], re.MULTILINE):
        yield "'## Limits and sources' is not the last section"
    years = re.findall(r"\b(?:19|20)\d\d\b(?!\.\d)", re.sub(r"arXiv:\S+", "", parts[1]))
    if len(years) < SOURCES:
        yield f"{len(years)} sources with a year, fewer than {SOURCES}"


def check_assertions(lesson: Lesson, notebook: nbformat.NotebookNode) -> Iterator[str]:
    """`assert (x, "message")` never fails."""
    for number, cell in enumerate(cells_of(notebook, "code"), start=1):
        try:
            tree = ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", cell.source, flags=re.MULTILINE))
        except SyntaxError as error:
            yield f"code cell {number} is no Python: {error.msg}"
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert) and isinstance(node.test, (ast.Tuple, ast.Constant)):
                yield f"code cell {number} has an assertion that cannot fail"


def check_navigation(lesson: Lesson, notebook: nbformat.NotebookNode) -> Iterator[str]:
    line = navigation(lesson)
    if line and notebook.cells[-1].source != line:
        yield "the last cell does not link to its neighbours; `python -m tools.navigation` does it"


def check_play(lesson: Lesson, notebook: nbformat.NotebookNode) -> Iterator[str]:
    """In a stored notebook the controls are not there until the cells have run."""
    section = ""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            section = (section + cell.source).rpartition("\n## ")[2]
        elif CONTROLS.search(cell.source) and not GET_CONTROLS.search(section):
            yield f"cell {number} has controls, and its section no 'Run the cells above to get ...'"


def check_pair(lesson: Lesson, notebook: nbformat.NotebookNode) -> Iterator[str]:
    """The stored notebook holds what its text says."""
    text = read_text(lesson.text)
    pairs = [(cell.cell_type, cell.source, tags(cell)) for cell in text.cells]
    stored = [(cell.cell_type, cell.source, tags(cell)) for cell in notebook.cells]
    if pairs == stored:
        return
    differing = next(
        (i for i, (a, b) in enumerate(zip(pairs, stored, strict=False)) if a != b), None
    )
    where = f"cell {differing}" if differing is not None else "the number of cells"
    yield f"text and notebook differ in {where}; `make store LESSON={lesson.number}` renews it"


def check_stored(lesson: Lesson, notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Outputs of one whole run from the top, in light form."""
    yield from trouble(notebook)
    counts = [cell.execution_count for cell in cells_of(notebook, "code")]
    if counts != list(range(1, len(counts) + 1)):
        yield f"the cells were not run in order, once: {counts}"
    if "widgets" in notebook.metadata:
        yield "the notebook stores widget state"
    if any(
        mime in output.get("data", {}) for output in outputs_of(notebook) for mime in WIDGET_MIMES
    ):
        yield "an output is a widget, which needs a kernel"
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "the kernel is not python3, which JupyterLab and Colab both have"
    if any(
        output.output_type == "stream" and "\r" in output.text for output in outputs_of(notebook)
    ):
        yield "an output holds a progress bar's carriage returns"


SOURCE_CHECKS: list[Check] = [
    check_head,
    check_setup,
    check_cells,
    check_words,
    check_equations,
    check_exercises,
    check_sources,
    check_assertions,
    check_navigation,
    check_play,
]
NOTEBOOK_CHECKS: list[Check] = [check_pair, check_stored, check_alternative_text]


def problems(lesson: Lesson) -> list[str]:
    """All that a lesson lacks; empty is good."""
    source = read_source(lesson)
    found = [line for check in SOURCE_CHECKS for line in check(lesson, source)]
    if not lesson.text.exists():
        return [*found, f"there is no text {lesson.text.name}"]
    if not lesson.notebook.exists():
        return [*found, f"it is not stored; `make store LESSON={lesson.number}`"]
    stored = read_notebook(lesson.notebook)
    return found + [line for check in NOTEBOOK_CHECKS for line in check(lesson, stored)]


def main(selection: str) -> int:
    total = 0
    for lesson in find_lessons(selection, ROOT):
        found = problems(lesson)
        total += len(found)
        print(f"{lesson.name}: {count_words(read_source(lesson))} words, {len(found)} problems")
        print("".join(f"  {line}\n" for line in found), end="")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
