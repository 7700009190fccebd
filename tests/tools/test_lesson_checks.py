from __future__ import annotations

import nbformat
import pytest

from tools import lesson_checks, navigation
from tools.lessons import Lesson, read_notebook, read_text, write_notebook
from tools.lessons import navigation as navigation_line
from tools.light import lighten


def store(lesson: Lesson) -> None:
    """Stores the lesson as if it had run."""
    notebook = lighten(read_text(lesson.text))
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, start=1):
        cell.execution_count = number
    write_notebook(notebook, lesson.notebook)


def problems_after(lesson: Lesson, old: str, new: str, count: int = 1) -> list[str]:
    text = lesson.text.read_text("utf-8")
    assert old in text
    lesson.text.write_text(text.replace(old, new, count), "utf-8")
    store(lesson)
    return lesson_checks.problems(lesson)


def test_a_good_lesson_has_no_problem(lesson: Lesson) -> None:
    store(lesson)
    assert lesson_checks.problems(lesson) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("# 02. Doubling", "# Doubling", "does not begin with '# 02. Title'"),
        ("<!-- badge -->\n", "\n", "no line <!-- badge -->"),
        ("- add;\n", "", "2 goals"),
        ("1 minute on a GPU", "", "its **Time** on a GPU"),
        ("**Needs** lesson 00.", "", "which lessons it needs"),
        ("so no licence", "so nothing", "the data's licence"),
        ("runtime.describe()", "runtime.describe() ", "set-up cell differs"),
        (":tags: [setup]", ":tags: [other]", "lacks the tag setup"),
        ("total = 1 + 1", "total = 1 + 1\n" + "total\n" * 30, "34 lines, more than 25"),
        ("assert total == 2\n", "", "equation 1 is not asserted"),
        ("assert total == 2", 'assert (total == 2, "two")', "cannot fail"),
        ("\\tag{1}", "\\tag{2}", "numbered [2]"),
        ("### Exercise 02.2: double", "### Double", "2 exercises"),
        ("<summary>Solution 02.2</summary>", "<summary>Solution</summary>", "solutions are"),
        (":tags: [exercise]", "", "stubs are"),
        ("## Limits and sources", "## Sources", "no section '## Limits and sources'"),
        ("- B. Two, 2015.", "- B. Two.", "2 sources with a year"),
        ("## Words", "## Words\n\n![](figure.png)\n", "no alternative text"),
        ("## Words", '## Words\n\n<img src="a.png">\n', "no alternative text"),
        ("## Words", "## Words\n\nSee /" + "home/me/x.py.", "a machine's path"),
        ("A short sentence says one thing. " * 150, "", "words, not 1200 to 2500"),
        ("total = 1 + 1", "total = = 1", "no Python"),
    ],
)
def test_each_fault_is_named(lesson: Lesson, old: str, new: str, said: str) -> None:
    found = problems_after(lesson, old, new)
    if said == "no alternative text":  # a picture in the text, looked at once it is stored
        assert any(said in line for line in found), found
    else:
        assert len([line for line in found if said in line]) == 1, found


EXPLORE = "```{code-cell} ipython3\nwidgets.explore(draw, alt='a line')\n```\n"


def test_controls_are_announced_in_their_own_section(lesson: Lesson) -> None:
    line = "Run the cells above to get the sliders."
    found = problems_after(lesson, "## Words\n", f"## Before\n\n{line}\n\n## Words\n\n{EXPLORE}\n")
    assert len([x for x in found if "has controls" in x]) == 1
    assert not problems_after(lesson, "## Words\n", f"## Words\n\n{line}\n")


def test_lessons_must_link_to_their_neighbours(lesson: Lesson) -> None:
    store(lesson)
    other = Lesson("05_halving", lesson.root)
    other.text.write_text("# 05. Halving\n", "utf-8")
    assert [x for x in lesson_checks.problems(lesson) if "neighbours" in x]
    for one in (lesson, other):
        navigation.write(one, navigation_line(one))
    assert lesson_checks.problems(lesson) == []
    last = read_text(lesson.text).cells[-1]
    assert last.source == "Next: [05. Halving](05_halving.ipynb)"
    assert other.text.read_text("utf-8").endswith(
        "\n\nPrevious: [02. Doubling](02_doubling.ipynb)\n"
    )
    before = lesson.text.read_bytes(), lesson.notebook.read_bytes()
    navigation.write(lesson, navigation_line(lesson))
    assert (lesson.text.read_bytes(), lesson.notebook.read_bytes()) == before


def test_a_pair_out_of_step_is_named(lesson: Lesson) -> None:
    store(lesson)
    lesson.text.write_text(lesson.text.read_text().replace("Double a number", "Double one", 1))
    assert [x for x in lesson_checks.problems(lesson) if "text and notebook differ" in x]


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (
            {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []},
            "a stored error: ValueError",
        ),
        (
            {"output_type": "display_data", "data": {"image/png": "aGk="}, "metadata": {}},
            "a figure has no alternative text",
        ),
        (
            {
                "output_type": "display_data",
                "data": {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}},
                "metadata": {},
            },
            "an output is a widget",
        ),
        ({"output_type": "stream", "name": "stdout", "text": "1%\r2%\n"}, "carriage returns"),
        (
            {"output_type": "stream", "name": "stderr", "text": "/" + "home/me/x.py: warning\n"},
            "a machine's path",
        ),
        (
            {"output_type": "stream", "name": "stdout", "text": "x" * 600_000},
            "kB, more than 500",
        ),
    ],
)
def test_outputs_unfit_to_be_stored_are_named(lesson: Lesson, output: dict, said: str) -> None:
    store(lesson)
    notebook = read_notebook(lesson.notebook)
    cell = [cell for cell in notebook.cells if cell.cell_type == "code"][1]
    cell.outputs = [nbformat.from_dict(output)]
    write_notebook(notebook, lesson.notebook)
    assert [line for line in lesson_checks.problems(lesson) if said in line]


def test_cells_run_out_of_order_are_named(lesson: Lesson) -> None:
    store(lesson)
    notebook = read_notebook(lesson.notebook)
    next(cell for cell in notebook.cells if cell.cell_type == "code").execution_count = 9
    write_notebook(notebook, lesson.notebook)
    assert [line for line in lesson_checks.problems(lesson) if "not run in order" in line]


def test_exercises_are_read_with_stub_and_solution(lesson: Lesson) -> None:
    first, *others = lesson_checks.exercises_of(read_text(lesson.text))
    assert first.number == "02.1"
    assert len(others) == 2
    assert first.solution == "def double(x):\n    return 2 * x"
    assert 'exercises.check("02.1", double)' in first.stub
