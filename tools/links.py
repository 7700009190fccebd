"""Checks links inside the course, and lists those that lead out (they are not fetched).

python -m tools.links
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from tools.lessons import ROOT, cells_of, find_lessons, read_notebook, read_source

FENCE = re.compile(r"^(```+|~~~+).*?^\1\s*$", re.MULTILINE | re.DOTALL)
CODE_OR_MATH = re.compile(r"\$\$.*?\$\$|`[^`\n]+`|\$[^$\n]+\$", re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
INLINE = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+[\"'][^)]*[\"'])?\s*\)")
REFERENCE = re.compile(r"^\s*\[[^\]]+\]:\s+<?(\S+?)>?\s*$", re.MULTILINE)
HTML = re.compile(r"(?:href|src)=[\"']([^\"']+)[\"']")
AUTO = re.compile(r"<(https?://[^>\s]+)>")
ANCHOR = re.compile(r"<a\s+(?:id|name)=[\"']([^\"']+)[\"']|^\(([\w-]+)\)=\s*$", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
EXTERNAL = ("http://", "https://", "mailto:")


@dataclass(frozen=True)
class Page:
    """Markdown with the folder that its relative links start from."""

    name: str
    folder: Path
    markdown: str


def pages(root: Path) -> Iterator[Page]:
    for path in sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")]):
        yield Page(str(path.relative_to(root)), path.parent, path.read_text("utf-8"))
    for lesson in find_lessons(root=root):
        cells = cells_of(read_source(lesson), "markdown")
        markdown = "\n\n".join(cell.source for cell in cells)
        # Links start at the notebook, which is what people open; its text lies one folder below.
        yield Page(lesson.name, lesson.notebook.parent, markdown)


def prose(markdown: str) -> str:
    """Markdown without code, formulas and comments, where brackets mean other things."""
    return CODE_OR_MATH.sub(" ", COMMENT.sub(" ", FENCE.sub(" ", markdown)))


def links(markdown: str) -> list[str]:
    text = prose(markdown)
    return [m for pattern in (INLINE, REFERENCE, HTML, AUTO) for m in pattern.findall(text)]


def anchors(markdown: str) -> set[str]:
    """Names that a link may end in: GitHub's and Jupyter's form of headings, and set ones."""
    text = COMMENT.sub(" ", FENCE.sub(" ", markdown))
    names = {one or other for one, other in ANCHOR.findall(text)}
    for heading in HEADING.findall(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        github = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        again = (n for n in range(1, 100) if f"{github}-{n}" not in names)
        names.add(f"{github}-{next(again)}" if github in names else github)
        names.add(plain.replace(" ", "-"))
    return names


def markdown_of(path: Path, known: dict[Path, str]) -> str | None:
    """The Markdown behind a path, None where it has none."""
    if path in known:
        return known[path]
    if path.suffix == ".md":
        return path.read_text("utf-8")
    if path.suffix == ".ipynb":
        return "\n\n".join(c.source for c in cells_of(read_notebook(path), "markdown"))
    return None


def broken(root: Path) -> list[str]:
    """Internal links that lead nowhere, each with its page; empty is good."""
    found = []
    # A lesson that is not stored yet counts as there: its text is.
    known = {x.notebook.resolve(): "" for x in find_lessons(root=root) if x.text.exists()}
    all_pages = list(pages(root))
    known |= {
        (page.folder / f"{page.name}.ipynb").resolve(): page.markdown
        for page in all_pages
        if not page.name.endswith(".md")
    }
    for page in all_pages:
        for link in links(page.markdown):
            if link.startswith((*EXTERNAL, "data:", "attachment:")):
                continue
            path, _, anchor = unquote(link).partition("#")
            target = (page.folder / path).resolve() if path else None
            if target and target not in known and not target.exists():
                found.append(f"{page.name}: {link} does not exist")
                continue
            if target and root.resolve() not in [target, *target.parents]:
                found.append(f"{page.name}: {link} leads out of the project")
                continue
            markdown = markdown_of(target, known) if target else page.markdown
            if anchor and (markdown is None or anchor not in anchors(markdown)):
                found.append(f"{page.name}: {link} has no such heading")
    return found


def external(root: Path) -> dict[str, list[str]]:
    """Addresses that lead out, with the pages that name them."""
    found: dict[str, list[str]] = defaultdict(list)
    for page in pages(root):
        for link in sorted(set(links(page.markdown))):
            if link.startswith(EXTERNAL):
                found[link].append(page.name)
    return dict(sorted(found.items()))


def main() -> int:
    for address, where in external(ROOT).items():
        print(f"{address}  ({', '.join(where)})")
    problems = broken(ROOT)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(external(ROOT))} external addresses, {len(problems)} broken internal links.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
