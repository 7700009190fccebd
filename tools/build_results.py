"""Writes README's tables and the shipped pictures from lessons and benchmarks; nothing by hand."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.addresses import read_address
from tools.lessons import ROOT
from tools.pictures import build_pictures
from tools.readme import build


def main(root: Path = ROOT) -> int:
    readme = root / "README.md"
    text = build(root, read_address(root))
    changed = text != readme.read_text("utf-8")
    if changed:
        readme.write_text(text, "utf-8")
    for name in build_pictures(root):
        print(f"{name} is rebuilt.")
    print("README.md's tables are rebuilt." if changed else "README.md's tables are up to date.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
