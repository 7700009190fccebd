from __future__ import annotations

import re

import nbformat
import pytest

from tools import run_lessons
from tools.lessons import KERNEL, Lesson, read_notebook
from tools.light import merge_streams, settle_stream, without_widgets

HEAD = "---\nkernelspec:\n  name: python3\n  display_name: Python 3\n---\n\n# 02. Doubling\n\n"
PICTURE = """\
import base64
from IPython.display import display
png = "iVBORw0KGgo="
data = {"image/png": png, "application/vnd.karpa.result+json": {"name": "n", "mean": 1.0}}
display(data, metadata={"image/png": {"alt": "one grey point"}}, raw=True)"""
SLOW = """\
import sys, time
for i in range(5):
    print(f"\\r{i}/4", end="", file=sys.stderr, flush=True)
    time.sleep(0.01)"""
WIDGET = "import ipywidgets\nipywidgets.IntSlider()"


def write(lesson: Lesson, *cells: str) -> None:
    blocks = (f"```{{code-cell}} ipython3\n{cell}\n```\n\n" for cell in cells)
    lesson.text.write_text(HEAD + "".join(blocks), "utf-8")


def test_a_stored_lesson_is_light(lesson: Lesson, capsys: pytest.CaptureFixture[str]) -> None:
    write(lesson, PICTURE, SLOW, WIDGET, "import os\nos.environ['KARPA_TEST'] = '1'\n2 + 2")
    run_lessons.store(lesson)
    notebook = read_notebook(lesson.notebook)
    picture, progress, widget, last = (cell for cell in notebook.cells if cell.cell_type == "code")
    data, metadata = picture.outputs[0].data, picture.outputs[0].metadata
    assert set(data) >= {"image/png", "application/vnd.karpa.result+json"}
    assert metadata["image/png"]["alt"] == "one grey point"
    assert progress.outputs[0].text == "4/4"
    assert widget.outputs == []
    assert last.outputs[0].data["text/plain"] == "4"
    assert [c.execution_count for c in (picture, progress, widget, last)] == [1, 2, 3, 4]
    assert notebook.metadata == {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert re.match(r"02  cell  2/4  \d:\d\d +\d+\.\d s  import sys, time", lines[1])


def test_storing_twice_gives_the_same_file(lesson: Lesson) -> None:
    write(lesson, "1 + 1")
    run_lessons.store(lesson)
    once = lesson.notebook.read_bytes()
    run_lessons.store(lesson)
    assert lesson.notebook.read_bytes() == once


def test_an_error_names_lesson_cell_line_and_reason(lesson: Lesson) -> None:
    write(lesson, "x = 1", "# a comment\ny = x / 0\ny")
    with pytest.raises(run_lessons.LessonError) as failure:
        run_lessons.store(lesson)
    assert str(failure.value) == (
        "Lesson 02_doubling, code cell 2, 'y = x / 0': ZeroDivisionError: division by zero"
    )
    assert not lesson.notebook.exists()


def test_outputs_with_a_machine_path_are_not_stored(lesson: Lesson) -> None:
    write(lesson, "print('/' + 'home/me/file.py')")
    with pytest.raises(run_lessons.LessonError, match="a machine's path"):
        run_lessons.store(lesson)
    assert not lesson.notebook.exists()


def test_a_run_gives_notebook_and_page_and_leaves_the_lesson(lesson: Lesson) -> None:
    write(lesson, "1 + 1", PICTURE)
    run_lessons.store(lesson)
    before = lesson.notebook.read_bytes()
    page = run_lessons.run(lesson)
    assert lesson.notebook.read_bytes() == before
    assert page == lesson.root / "build" / "02_doubling.html"
    assert 'alt="one grey point"' in page.read_text("utf-8")
    assert read_notebook(page.with_suffix(".ipynb")).cells[-1].outputs


def test_a_failed_run_leaves_the_notebook_to_look_at(lesson: Lesson) -> None:
    write(lesson, "raise ValueError('no')")
    with pytest.raises(run_lessons.LessonError):
        run_lessons.run(lesson)
    output = read_notebook(lesson.root / "build" / "02_doubling.ipynb").cells[-1].outputs[0]
    assert output.ename == "ValueError"


def test_an_unknown_lesson_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_lessons.main(["99"]) == 1
    assert capsys.readouterr().err.startswith("There is no lesson '99'; there are:")


@pytest.mark.parametrize(
    ("text", "settled"),
    [
        ("10%\r50%\r100%\n", "100%\n"),
        ("10%\r100%\r", "100%"),
        ("\x1b[32mgreen\x1b[0m\n", "green\n"),
        ("one\r\ntwo\n", "one\ntwo\n"),
    ],
)
def test_carriage_returns_settle_as_in_a_terminal(text: str, settled: str) -> None:
    assert settle_stream(text) == settled


def stream(name: str, text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("stream", name=name, text=text)


def test_streams_join_in_order() -> None:
    outputs = [stream("stdout", "a"), stream("stdout", "b\n"), stream("stderr", "c\n")]
    outputs += [stream("stdout", "d\n"), stream("stdout", "\r")]
    assert [(x.name, x.text) for x in merge_streams(outputs)] == [
        ("stdout", "ab\n"),
        ("stderr", "c\n"),
        ("stdout", "d\n"),
    ]


def test_a_widget_leaves_its_static_picture() -> None:
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}, "text/plain": "VBox()"}
    live = nbformat.v4.new_output("display_data", data=dict(view))
    both = nbformat.v4.new_output("display_data", data={**view, "image/png": "aGk="})
    plain = nbformat.v4.new_output("display_data", data={"text/plain": "4"})
    kept = without_widgets([live, both, plain])
    assert [set(x.data) for x in kept] == [{"text/plain", "image/png"}, {"text/plain"}]


def test_a_run_that_is_not_fit_to_be_stored_is_kept(
    lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(lesson, "40 + 2")
    monkeypatch.setattr(run_lessons, "trouble", lambda notebook: ["too heavy"])
    with pytest.raises(run_lessons.LessonError, match=r"too heavy\. What ran is in build/"):
        run_lessons.store(lesson)
    assert not lesson.notebook.exists()
    kept = read_notebook(lesson.root / "build" / lesson.notebook.name)
    assert kept.cells[-1].outputs[0].data["text/plain"] == "42"
