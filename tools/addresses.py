"""Where the course is published: read from [tool.karpa] in pyproject.toml, its only place."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from tools.lessons import Lesson

COLAB_BADGE = "https://colab.research.google.com/assets/colab-badge.svg"


@dataclass(frozen=True)
class Address:
    """`repository` is "owner/name" on GitHub; empty and false where the course is unpublished."""

    repository: str = ""
    branch: str = "main"

    def __bool__(self) -> bool:
        return bool(self.repository)

    @property
    def home(self) -> str:
        return f"https://github.com/{self.repository}"

    @property
    def requirement(self) -> str:
        """What pip installs the package from."""
        return f"karpa-helpers @ git+{self.home}@{self.branch}"

    def colab(self, lesson: Lesson) -> str:
        path = f"{self.repository}/blob/{self.branch}/notebooks/{lesson.notebook.name}"
        return f"https://colab.research.google.com/github/{path}"

    def badge(self, lesson: Lesson) -> str:
        """The Colab badge in Markdown, "" while unpublished."""
        return f"[![Open in Colab]({COLAB_BADGE})]({self.colab(lesson)})" if self else ""


def read_address(root: Path) -> Address:
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["karpa"]
    return Address(settings["repository"], settings["branch"])
