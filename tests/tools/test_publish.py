from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import nbformat
import pytest

from tools import publish
from tools.addresses import Address, read_address
from tools.lesson_checks import MAX_CODE_LINES
from tools.lessons import (
    ROOT,
    Lesson,
    find_lessons,
    read_notebook,
    read_text,
    setup_cell,
    write_notebook,
)
from tools.light import lighten

ADDRESS = Address("someone/karpa-course")
SIGNS = ("colab.research.google.com/github", "git+https://", "someone/karpa-course")


@pytest.fixture
def stored(lesson: Lesson) -> Lesson:
    """The lesson with a notebook that has an output."""
    notebook = lighten(read_text(lesson.text))
    output = nbformat.v4.new_output("stream", name="stdout", text="preset cpu\n")
    next(cell for cell in notebook.cells if cell.cell_type == "code").outputs = [output]
    write_notebook(notebook, lesson.notebook)
    publish.publish(lesson.root, Address())
    return lesson


def contents(project: Path) -> dict[str, str]:
    paths = (path for path in project.rglob("*") if path.is_file())
    return {str(path.relative_to(project)): path.read_text("utf-8") for path in paths}


def test_published_everywhere_and_taken_out_again(stored: Lesson) -> None:
    project = stored.root
    before = contents(project)
    publish.publish(project, ADDRESS)
    after = contents(project)
    addressed = {name for name, text in after.items() if "someone/karpa-course" in text}
    assert addressed == {name for name in after if not name.startswith("docs")}
    publish.publish(project, Address())
    assert contents(project) == before
    assert [(n, s) for n, text in before.items() for s in SIGNS if s in text] == []


def test_publishing_twice_changes_nothing(stored: Lesson) -> None:
    publish.publish(stored.root, ADDRESS)
    once = contents(stored.root)
    publish.publish(stored.root, ADDRESS)
    assert contents(stored.root) == once


def test_one_place_keeps_the_address(stored: Lesson) -> None:
    publish.publish(stored.root, ADDRESS)
    assert read_address(stored.root) == ADDRESS
    settings = tomllib.loads((stored.root / "pyproject.toml").read_text("utf-8"))
    assert settings["project"]["urls"]["Repository"] == "https://github.com/someone/karpa-course"


def test_text_and_notebook_stay_a_pair_and_outputs_stay(stored: Lesson) -> None:
    outputs = [cell.get("outputs") for cell in read_notebook(stored.notebook).cells]
    publish.publish(stored.root, ADDRESS)
    notebook = read_notebook(stored.notebook)
    assert [cell.get("outputs") for cell in notebook.cells] == outputs
    assert [c.source for c in read_text(stored.text).cells] == [c.source for c in notebook.cells]
    link = f"{ADDRESS.repository}/blob/main/notebooks/02_doubling.ipynb"
    assert link in notebook.cells[0].source


def test_the_notebook_file_is_left_alone_where_nothing_changes(stored: Lesson) -> None:
    stamp = stored.notebook.stat().st_mtime_ns
    publish.publish(stored.root, Address())
    assert stored.notebook.stat().st_mtime_ns == stamp


@pytest.mark.parametrize("wrong", ["karpa", "https://github.com/a/b", "a/b/c", 'a/b"', "a /b"])
def test_a_wrong_address_is_refused_and_nothing_written(stored: Lesson, wrong: str) -> None:
    before = contents(stored.root)
    assert publish.main([wrong], stored.root) == 1
    assert contents(stored.root) == before


def test_a_lesson_without_set_up_cell_is_named(lesson: Lesson) -> None:
    lesson.text.write_text(lesson.text.read_text().replace(":tags: [setup]", ":tags: [other]"))
    with pytest.raises(ValueError, match="02_doubling: 0 code cells have the tag setup"):
        publish.publish(lesson.root, ADDRESS)


def test_the_project_says_what_its_address_gives(tmp_path: Path) -> None:
    """README and lessons are as `make publish` leaves them."""
    others = (ROOT / "README.md", ROOT / "pyproject.toml")
    others += (*ROOT.glob("benchmarks/*.json"), *ROOT.glob("docs/*.md"))
    for path in [*others, *lesson_files()]:
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    before = contents(tmp_path)
    publish.publish(tmp_path, read_address(ROOT))
    changed = [name for name, text in contents(tmp_path).items() if text != before[name]]
    assert changed == [], "run `make publish REPO=...` with the address in pyproject.toml"


def lesson_files() -> list[Path]:
    pairs = (path for lesson in find_lessons() for path in (lesson.text, lesson.notebook))
    return [path for path in pairs if path.exists()]


def run_cell(source: str) -> None:
    exec(compile(source, "setup", "exec"), {"__name__": "__main__"})


def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "karpa_helpers", None)


@pytest.mark.parametrize("repository", ["", "someone/karpa-course"])
def test_a_lesson_opened_alone_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, repository: str
) -> None:
    without_package(monkeypatch)
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    with pytest.raises(SystemExit, match=r"karpa_helpers is not here.*`make lab`") as stop:
        run_cell(setup_cell(repository))
    assert ("github.com" in str(stop.value)) == bool(repository)


def test_in_colab_an_unpublished_course_asks_for_its_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    without_package(monkeypatch)
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release")
    with pytest.raises(SystemExit, match=r"Upload the course's wheel.*`%pip install") as stop:
        run_cell(setup_cell())
    assert "make lab" not in str(stop.value)


def test_in_colab_the_package_comes_and_jax_and_numpy_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    without_package(monkeypatch)
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release")
    called: list[list[str]] = []
    described = []

    def install(command: list[str], check: bool) -> None:
        assert check
        called.append(command)
        package = types.ModuleType("karpa_helpers")
        package.runtime = types.SimpleNamespace(describe=lambda: described.append(1))  # type: ignore[attr-defined]
        sys.modules["karpa_helpers"] = package

    monkeypatch.setattr(subprocess, "run", install)
    run_cell(setup_cell("someone/karpa-course"))
    assert described == [1]
    arguments = called[0][called[0].index("install") + 1 :]
    assert "karpa-helpers @ git+https://github.com/someone/karpa-course@main" in arguments
    for name in ("jax", "jaxlib", "numpy"):
        assert f"{name}=={importlib.metadata.version(name)}" in arguments
    assert not {"-U", "--upgrade"} & set(arguments)


@pytest.mark.parametrize("repository", ["", "someone/karpa-course"])
def test_the_set_up_cell_keeps_the_standard_for_cells(repository: str) -> None:
    lines = setup_cell(repository).splitlines()
    assert len(lines) <= MAX_CODE_LINES
    assert max(map(len, lines)) <= 100
