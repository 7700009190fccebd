"""Executes lessons without a browser and says how far it is.

python -m tools.run_lessons 05          into build/05_name.ipynb and .html
python -m tools.run_lessons --store 05  from notebooks/text/ into notebooks/, in light form
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from tools.lessons import (
    ROOT,
    Lesson,
    cells_of,
    find_lessons,
    first_line,
    read_notebook,
    read_text,
    write_notebook,
)
from tools.light import lighten, settle_stream, trouble
from tools.page import to_html

CELL_TIMEOUT = 3600
PULSE = 1.0  # seconds between two looks in a terminal
PULSE_PLAIN = 30.0  # and in a log file


class LessonError(Exception):
    """A lesson that did not run through, in one line."""


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Progress:
    """One line for each cell; in a terminal it moves, with the cell's own last words."""

    def __init__(self, lesson: Lesson, total: int) -> None:
        self.lesson, self.total, self.done = lesson, total, 0
        self.start = self.cell_start = time.monotonic()
        self.label = "starting"
        self.said = ""
        self.live = sys.stdout.isatty()

    def begin(self, cell: nbformat.NotebookNode) -> None:
        self.done += 1
        self.label, self.said = first_line(cell.source)[:48], ""
        self.cell_start = time.monotonic()

    def hear(self, text: str) -> None:
        lines = [line for line in settle_stream(text).splitlines() if line.strip()]
        self.said = lines[-1] if lines else self.said

    def line(self) -> str:
        now = time.monotonic()
        place = f"{self.lesson.number}  cell {self.done:2d}/{self.total}"
        return f"{place}  {clock(now - self.start)}  {now - self.cell_start:6.1f} s  {self.label}"

    def end(self) -> None:
        print(("\r\033[K" if self.live else "") + self.line(), flush=True)

    async def pulse(self) -> None:
        """Shows that a long cell is alive, until cancelled."""
        while True:
            await asyncio.sleep(PULSE if self.live else PULSE_PLAIN)
            text = f"{self.line()}  {self.said}".rstrip()
            if self.live:
                width = os.get_terminal_size().columns - 1
                print("\r\033[K" + text[:width], end="", flush=True)
            elif time.monotonic() - self.cell_start >= PULSE_PLAIN:
                print(text[:160], flush=True)


class Client(NotebookClient):
    """A notebook client that tells a Progress what happens."""

    progress: Progress

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        if msg["msg_type"] == "stream":
            self.progress.hear(msg["content"]["text"])
        return super().process_message(msg, cell, cell_index)


def describe_failure(lesson: Lesson, number: int, source: str, error: Exception) -> str:
    """The lesson, the cell, its first line, and the error in short."""
    place = f"Lesson {lesson.name}, code cell {number}, {first_line(source)!r}"
    if isinstance(error, CellExecutionError):
        value = error.evalue.strip().splitlines() or [""]
        return f"{place}: {error.ename}: {value[0][:300]}"
    if isinstance(error, CellTimeoutError):
        return f"{place}: took longer than {CELL_TIMEOUT} s"
    return f"{place}: the kernel died (out of memory?)"


async def execute(lesson: Lesson, notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Runs all cells, in place.

    Raises:
        LessonError: names the cell that failed.
    """
    client = Client(
        notebook,
        kernel_name="python3",
        timeout=CELL_TIMEOUT,
        record_timing=False,
        store_widget_state=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
    )
    code = cells_of(notebook, "code")
    progress = client.progress = Progress(lesson, len([c for c in code if c.source.strip()]))
    current: list[nbformat.NotebookNode] = []

    def begin(cell: nbformat.NotebookNode, cell_index: int) -> None:
        if cell.cell_type == "code":
            current[:] = [cell]
            progress.begin(cell)

    def end(cell: nbformat.NotebookNode, cell_index: int, execute_reply: Any) -> None:
        progress.end()

    client.on_cell_execute, client.on_cell_executed = begin, end
    pulse = asyncio.create_task(progress.pulse())
    try:
        await client.async_execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        number = code.index(current[0]) + 1 if current else 0
        source = current[0].source if current else ""
        raise LessonError(describe_failure(lesson, number, source, error)) from error
    finally:
        pulse.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await pulse


def run(lesson: Lesson) -> Path:
    """Executes the notebook as it lies there; returns where its HTML is.

    Raises:
        LessonError: where a cell fails.
    """
    # A notebook as the learner left it is what should run; the text only where there is no other.
    try:
        there = lesson.notebook.exists()
        notebook = read_notebook(lesson.notebook) if there else read_text(lesson.text)
    except ModuleNotFoundError as missing:  # jupytext, which only the extra dev has
        raise LessonError(
            f"Lesson {lesson.name} is not stored yet; `make store LESSON={lesson.number}` does it."
        ) from missing
    target = lesson.root / "build" / lesson.notebook.name
    target.parent.mkdir(exist_ok=True)
    try:
        asyncio.run(execute(lesson, notebook, lesson.notebook.parent))
    finally:
        lighten(notebook)
        write_notebook(notebook, target)  # a failed run is there to be looked at, too
    target.with_suffix(".html").write_text(to_html(notebook), "utf-8")
    return target.with_suffix(".html")


def store(lesson: Lesson) -> Path:
    """Executes the text and stores it as the lesson's notebook.

    Raises:
        LessonError: where a cell fails or the outputs are not fit to be stored.
    """
    if not lesson.text.exists():
        raise LessonError(f"Lesson {lesson.name} has no text {lesson.text.relative_to(ROOT)}.")
    notebook = read_text(lesson.text)
    asyncio.run(execute(lesson, notebook, lesson.notebook.parent))
    lighten(notebook)
    if found := trouble(notebook):
        kept = lesson.root / "build" / lesson.notebook.name
        kept.parent.mkdir(exist_ok=True)
        write_notebook(notebook, kept)  # minutes of computing are not thrown away
        raise LessonError(
            f"Lesson {lesson.name} is not stored: {'; '.join(found)}. What ran is in build/."
        )
    write_notebook(notebook, lesson.notebook)
    return lesson.notebook


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="run_lessons", description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", help="numbers such as 05; all where none is given")
    parser.add_argument("--store", action="store_true", help="write into notebooks/")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    try:
        lessons = find_lessons(" ".join(options.lessons))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    failed = 0
    for lesson in lessons:
        begin = time.monotonic()
        try:
            path = (store if options.store else run)(lesson)
        except LessonError as error:
            failed += 1
            print(f"\n{error}", file=sys.stderr, flush=True)
            continue
        where = path.relative_to(lesson.root)
        print(f"{lesson.number}  done in {clock(time.monotonic() - begin)}: {where}", flush=True)
    good = len(lessons) - failed
    print(f"{good} of {len(lessons)} lessons ran, {clock(time.monotonic() - start)}.", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped.")
