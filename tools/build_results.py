"""Writes the tables of README.md and docs/ and the shipped pictures; nothing by hand."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.addresses import read_address
from tools.lessons import ROOT
from tools.pictures import build_pictures
from tools.readme import build


def main(root: Path = ROOT) -> int:
    for name, text in build(root, read_address(root)).items():
        page = root / name
        if text != page.read_text("utf-8"):
            page.write_text(text, "utf-8")
            print(f"{name}'s tables are rebuilt.")
    for name in build_pictures(root):
        print(f"{name} is rebuilt.")
    print("README.md, docs/ and the pictures are up to date.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
