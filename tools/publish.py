"""Writes where the course is published into pyproject.toml, README.md and every lesson.

    python -m tools.publish owner/name    sets the address everywhere
    python -m tools.publish ""            takes it out again

Only pyproject.toml keeps the address; everything else is derived from it, so running this twice
changes nothing. Outputs of the lessons are left as they are.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import nbformat

from tools.addresses import Address, read_address
from tools.lessons import (
    ROOT,
    Lesson,
    find_lessons,
    read_notebook,
    setup_cell,
    tags,
    write_notebook,
)
from tools.readme import build, replace_block

BADGE_MARK = "<!-- badge -->"
CODE_CELL = re.compile(r"(^```\{code-cell\}[^\n]*\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)
CELL_OPTIONS = re.compile(r"\A(?:---\n.*?^---\n|(?::[^\n]*\n)+)\n*", re.MULTILINE | re.DOTALL)

NOT_PUBLISHED = """\
The lessons open in Colab once the course has an address, which `make publish REPO=owner/name`
writes into them. Until then build a wheel (`python -m pip wheel --no-deps .`), upload it there,
and run `%pip install` with its name before a lesson's first cell."""
PUBLISHED = """\
Open a lesson by its link in the table above. Its first cell installs the package and leaves
Colab's own jax and numpy alone:

```sh
pip install "{requirement}"
```"""


def with_badge(markdown: str, badge: str) -> str:
    """The badge line of a lesson's head; its mark stays, so that it can be changed again."""
    return re.sub(
        rf"^{BADGE_MARK}.*$", lambda _: f"{BADGE_MARK} {badge}".rstrip(), markdown, flags=re.M
    )


def text_with(text: str, setup: str, badge: str) -> str:
    """A lesson's Markdown with this set-up cell and this badge.

    Raises:
        ValueError: There is not exactly one cell with the tag setup.
    """
    found = 0

    def exchange(match: re.Match[str]) -> str:
        nonlocal found
        options = CELL_OPTIONS.match(match[2])
        if not options or not re.search(r"\bsetup\b", options[0]):
            return match[0]
        found += 1
        return f"{match[1]}{options[0].rstrip()}\n\n{setup}\n{match[3]}"

    changed = CODE_CELL.sub(exchange, text)
    if found != 1:
        raise ValueError(f"{found} code cells have the tag setup; there must be one.")
    return with_badge(changed, badge)


def notebook_with(notebook: nbformat.NotebookNode, setup: str, badge: str) -> nbformat.NotebookNode:
    """The same for the notebook, in place; outputs stay."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_badge(cell.source, badge)
        elif "setup" in tags(cell):
            cell.source = setup
    return notebook


def write_lesson(lesson: Lesson, address: Address) -> None:
    setup = setup_cell(address.repository, address.branch)
    badge = address.badge(lesson)
    if lesson.text.exists():
        before = lesson.text.read_text("utf-8")
        try:
            after = text_with(before, setup, badge)
        except ValueError as error:
            raise ValueError(f"Lesson {lesson.name}: {error}") from error
        if after != before:
            lesson.text.write_text(after, "utf-8")
    if lesson.notebook.exists():
        stored = lesson.notebook.read_text("utf-8")
        notebook = notebook_with(read_notebook(lesson.notebook), setup, badge)
        if nbformat.writes(notebook) + "\n" != stored:
            write_notebook(notebook, lesson.notebook)


def write_project(root: Path, address: Address) -> None:
    """pyproject.toml: the address itself, and the project's URLs."""
    path = root / "pyproject.toml"
    text = path.read_text("utf-8")
    urls = ""
    if address:
        urls = f'[project.urls]\nRepository = "{address.home}"\nIssues = "{address.home}/issues"\n'
    block = re.compile(r"(# addresses:begin\n).*?(# addresses:end\n)", re.DOTALL)
    text = block.sub(lambda m: m[1] + urls + m[2], text)
    text = re.sub(r'^repository = ".*"$', f'repository = "{address.repository}"', text, flags=re.M)
    path.write_text(text, "utf-8")


def write_pages(root: Path, address: Address) -> None:
    """README.md and docs/; only README holds addresses."""
    lessons = find_lessons(root=root)
    pages = build(root, address)
    text = pages["README.md"]
    name = address.repository.rpartition("/")[2]
    clone = f"```sh\ngit clone {address.home}\ncd {name}\n```" if address else ""
    colab = PUBLISHED.format(requirement=address.requirement) if address else NOT_PUBLISHED
    text = replace_block(text, "badges", address.badge(lessons[0]) if lessons else "")
    text = replace_block(text, "clone", clone)
    pages["README.md"] = replace_block(text, "colab", colab)
    for name, text in pages.items():
        (root / name).write_text(text, "utf-8")


def publish(root: Path, address: Address) -> None:
    """Writes an address, or its absence, everywhere.

    Raises:
        ValueError: The address is none, or a file lacks the place for it.
    """
    if address and not re.fullmatch(r"[\w-]+/[\w.-]+", address.repository, flags=re.ASCII):
        raise ValueError(f"{address.repository!r} is no address; give owner/name.")
    for lesson in find_lessons(root=root):
        write_lesson(lesson, address)
    write_pages(root, address)
    write_project(root, address)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", nargs="?", help='"owner/name", or "" to take it out')
    options = parser.parse_args(arguments)
    if options.repository is None:
        print(
            "Give the address: make publish REPO=owner/name (REPO= takes it out).", file=sys.stderr
        )
        return 2
    try:
        publish(root, Address(options.repository, read_address(root).branch))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    where = f"https://github.com/{options.repository}" if options.repository else "nowhere"
    print(f"The course is published: {where}. README.md, pyproject.toml and the lessons say so.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
