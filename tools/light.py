"""The light form of an executed notebook: what a reader needs, and nothing of the machine."""

from __future__ import annotations

import re

import nbformat

from tools.lessons import METADATA, outputs_of

MAX_BYTES = 500_000
WIDGET_MIMES = (
    "application/vnd.jupyter.widget-view+json",
    "application/vnd.jupyter.widget-state+json",
)
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# Homes and working folders; the letters in brackets keep this pattern from matching itself.
MACHINE_PATH = re.compile(
    r"(?<![\w./:~])/(?:home|Users|tmp|opt|mnt|private|var/folders|r[o]ot|w[o]rk)/[\w.]"
    r"|\b[A-Z]:\\+Users\\"
)


def settle_stream(text: str) -> str:
    """What a terminal shows in the end: a carriage return starts its line anew."""
    lines = ANSI.sub("", text).replace("\r\n", "\n").split("\n")
    return "\n".join(next((p for p in reversed(line.split("\r")) if p), "") for line in lines)


def merge_streams(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Joins neighbouring pieces of one stream, then settles each."""
    merged: list[nbformat.NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == "stream" == last.output_type and last.name == output.name:
            last.text += output.text
        else:
            merged.append(output)
    for output in merged:
        if output.output_type == "stream":
            output.text = settle_stream(output.text)
    return [x for x in merged if x.output_type != "stream" or x.text.strip()]


def without_widgets(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Drops live widget views; a picture in the same output stays as their static form."""
    kept = []
    for output in outputs:
        data = output.get("data", {})
        was_widget = [data.pop(mime, None) for mime in WIDGET_MIMES]
        if any(was_widget) and not set(data) - {"text/plain"}:
            continue
        kept.append(output)
    return kept


def lighten(notebook: nbformat.NotebookNode, prefix: str = "c") -> nbformat.NotebookNode:
    """Brings an executed notebook to its stored form, in place, and returns it.

    Widget state, progress spam, timings and editor settings go. Cell names become a running
    number, so that a second run changes only what differs.
    """
    notebook.metadata = nbformat.from_dict(METADATA)
    for index, cell in enumerate(notebook.cells):
        cell.id = f"{prefix}-{index:03d}"
        cell.metadata = nbformat.from_dict(
            {"tags": list(cell.metadata["tags"])} if cell.metadata.get("tags") else {}
        )
        if cell.cell_type == "code":
            cell.outputs = without_widgets(merge_streams(cell.outputs))
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def machine_paths(notebook: nbformat.NotebookNode) -> list[str]:
    """Absolute paths of a machine in sources or outputs; empty is good."""
    pieces = [cell.source for cell in notebook.cells]
    for output in outputs_of(notebook):
        data = {k: v for k, v in output.get("data", {}).items() if not k.startswith("image/png")}
        pieces += [str(output.get("text", "")), *map(str, data.values())]
    hits = (MACHINE_PATH.search(piece) for piece in pieces)
    return [hit.string[max(0, hit.start() - 20) : hit.end() + 40].strip() for hit in hits if hit]


def trouble(notebook: nbformat.NotebookNode) -> list[str]:
    """Why an executed notebook must not be stored; empty is good."""
    found = [f"a machine's path in the outputs: {path!r}" for path in machine_paths(notebook)]
    size = len(nbformat.writes(notebook).encode())
    if size > MAX_BYTES:
        found.append(f"{size / 1000:.0f} kB, more than {MAX_BYTES / 1000:.0f}")
    found += [
        f"a stored error: {output.ename}"
        for output in outputs_of(notebook)
        if output.output_type == "error"
    ]
    return found
