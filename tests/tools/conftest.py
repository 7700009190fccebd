"""A small project with one lesson, built on the fly."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools.addresses import Address
from tools.lessons import ROOT, Lesson, setup_cell
from tools.publish import write_project

HEADER = """\
---
jupytext:
  formats: ipynb,text//md:myst
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3 (ipykernel)
  language: python
  name: python3
---

"""


def code(source: str, tags: str = "") -> str:
    options = f":tags: [{tags}]\n\n" if tags else ""
    return f"```{{code-cell}} ipython3\n{options}{source}\n```\n\n"


def exercise(number: str) -> str:
    stub = f'def double(x):\n    raise NotImplementedError\n\n\nexercises.check("{number}", double)'
    solution = "```python\ndef double(x):\n    return 2 * x\n```"
    return (
        f"### Exercise {number}: double\n\nDouble a number.\n\n{code(stub, 'exercise')}"
        f"<details><summary>Solution {number}</summary>\n\n{solution}\n\n</details>\n\n+++\n\n"
    )


def good_lesson() -> str:
    """A lesson that keeps the standard and runs without the package."""
    words = "A short sentence says one thing. " * 210
    return (
        HEADER
        + "# 02. Doubling\n\n<!-- badge -->\n\n"
        + "**By the end you can**\n\n- add;\n- double;\n- stop.\n\n"
        + "**Time** 1 minute on a CPU, 1 minute on a GPU.\n**Needs** lesson 00.\n"
        + "**Data** none, so no licence.\n\n"
        + code(setup_cell(), "setup")
        + f"## Words\n\n{words}\n\n$$ 1 + 1 = 2 \\tag{{1}} $$\n\n"
        + code("total = 1 + 1\nassert total == 2\ntotal", "nbval-check-output")
        + "".join(exercise(f"02.{n}") for n in (1, 2, 3))
        + "## Limits and sources\n\nSee [Words](#words).\n\n"
        + "- A. One, 2014.\n- B. Two, 2015.\n- C. Three, 2016.\n"
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder, unpublished, with this repository's pyproject.toml and one good lesson."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    write_project(tmp_path, Address())
    pages = {
        "README.md": ("badges", "lessons", "clone", "colab", "headlines", "brief"),
        "docs/results.md": ("results",),
        "docs/speed.md": ("speed", "translation"),
    }
    (tmp_path / "docs").mkdir()
    for page, marks in pages.items():
        blocks = "\n".join(f"<!-- {name}:begin -->\n<!-- {name}:end -->\n" for name in marks)
        (tmp_path / page).write_text(f"# Title\n\n{blocks}", "utf-8")
    (tmp_path / "notebooks" / "text").mkdir(parents=True)
    lesson = Lesson("02_doubling", tmp_path)
    lesson.text.write_text(good_lesson(), "utf-8")
    return tmp_path


@pytest.fixture
def lesson(project: Path) -> Lesson:
    return Lesson("02_doubling", project)
