"""JupyterLab's files: what it is given on opening, and what lies on the disk after saving."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nbformat
from ipykernel.ipkernel import IPythonKernel

from tools.lab_files import LessonFiles
from tools.lessons import write_notebook
from tools.light import WIDGET_MIMES, lighten

VIEW = WIDGET_MIMES[0]


def stored(folder: Path, *outputs: nbformat.NotebookNode) -> LessonFiles:
    cell = nbformat.v4.new_code_cell("1 + 1", execution_count=1)
    notebook = lighten(nbformat.v4.new_notebook(cells=[cell]))
    cell.outputs = list(outputs)
    write_notebook(notebook, folder / "a.ipynb")
    return LessonFiles(root_dir=str(folder))


def test_a_lesson_is_given_with_what_the_kernel_will_say(tmp_path: Path) -> None:
    model = asyncio.run(stored(tmp_path).get("a.ipynb"))
    assert model["content"]["metadata"]["language_info"] == IPythonKernel.language_info


def test_opened_and_saved_is_unchanged(tmp_path: Path) -> None:
    files = stored(tmp_path)
    before = (tmp_path / "a.ipynb").read_bytes()
    asyncio.run(files.save(asyncio.run(files.get("a.ipynb")), "a.ipynb"))
    assert (tmp_path / "a.ipynb").read_bytes() == before


def test_saving_drops_views_and_keeps_pictures(tmp_path: Path) -> None:
    view = {VIEW: {"model_id": "a"}}
    both = nbformat.v4.new_output("display_data", data={**view, "image/png": "aGk="})
    files = stored(tmp_path, nbformat.v4.new_output("display_data", data=view), both)
    asyncio.run(files.save(asyncio.run(files.get("a.ipynb")), "a.ipynb"))
    (cell,) = nbformat.read(tmp_path / "a.ipynb", as_version=4).cells
    assert [set(output.data) for output in cell.outputs] == [{"image/png"}]


def test_a_notebook_for_another_kernel_and_other_files_are_left_alone(tmp_path: Path) -> None:
    files = stored(tmp_path)
    other = nbformat.v4.new_notebook()
    other.metadata = nbformat.from_dict(
        {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}
    )
    write_notebook(other, tmp_path / "r.ipynb")
    (tmp_path / "b.txt").write_text("text", "utf-8")
    for name in ("r.ipynb", "b.txt"):
        before = (tmp_path / name).read_bytes()
        asyncio.run(files.save(asyncio.run(files.get(name)), name))
        assert (tmp_path / name).read_bytes() == before


def test_a_notebook_that_is_only_listed_has_no_content(tmp_path: Path) -> None:
    assert asyncio.run(stored(tmp_path).get("a.ipynb", content=False))["content"] is None
