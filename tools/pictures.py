"""Takes the pictures that ship with the package out of the stored lessons."""

from __future__ import annotations

import base64
from pathlib import Path

from tools.lessons import ROOT, find_lessons, outputs_of, read_notebook

FOLDER = "karpa_helpers/show/pictures"
# Name of the picture: (lesson, how the figure's alternative text begins).
PICTURES = {"05_samples.png": ("05", "Sixty samples")}


def find_picture(lesson: str, alt: str, root: Path = ROOT) -> bytes:
    """The PNG in a stored lesson whose alternative text begins with `alt`.

    Raises:
        ValueError: where there is none, or more than one.
    """
    notebook = read_notebook(find_lessons(lesson, root)[0].notebook)
    found = [
        output.data["image/png"]
        for output in outputs_of(notebook)
        if "image/png" in output.get("data", {})
        and output.metadata.get("image/png", {}).get("alt", "").startswith(alt)
    ]
    if len(found) != 1:
        raise ValueError(f"Lesson {lesson} has {len(found)} figures whose alt begins with {alt!r}.")
    return base64.b64decode(found[0])


def build_pictures(root: Path = ROOT) -> list[str]:
    """Writes the pictures that differ from the stored lessons' figures; returns their names."""
    changed = []
    for name, (lesson, alt) in PICTURES.items():
        if not all(x.notebook.exists() for x in find_lessons(lesson, root)):
            continue  # a lesson that is not stored yet has no figures
        path, picture = root / FOLDER / name, find_picture(lesson, alt, root)
        if not path.exists() or path.read_bytes() != picture:
            path.write_bytes(picture)
            changed.append(name)
    return changed
