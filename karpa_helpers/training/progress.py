"""A clock, and a progress line for a terminal, a log, live Jupyter and its stored output."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display
from tqdm import tqdm


class Progress:
    """Shows steps done, speed, time left and the latest metrics.

    In Jupyter one output is updated in place and ends as one line of plain text, so a stored
    notebook holds that line only. A terminal shows a bar. A log file gets a line now and then.

    Args:
        label: The name in front.
        total: Steps in all.
        start: Steps done by an earlier part of the run.
        limit: Seconds after which the run ends whatever the steps; None is no limit.
        show: False shows nothing.
    """

    def __init__(
        self, label: str, total: int, start: int = 0, limit: float | None = None, show: bool = True
    ) -> None:
        self.label, self.total, self.start, self.limit = label, total, start, limit
        self.shown = 0.0
        self._line = ""
        self._done, self._seconds = start, 0.0
        self._metrics: Mapping[str, float] = {}
        self._logged = 0.0
        self._handle: Any = None
        self._style = _style() if show else "none"
        if self._style == "notebook":
            self._handle = display(
                {"text/plain": f"{label}: compiling ..."}, raw=True, display_id=True
            )

    def update(self, done: int, seconds: float, metrics: Mapping[str, float]) -> None:
        """Shows `done` steps after `seconds` of training, with the latest metrics."""
        self.shown, self._done, self._seconds = seconds, done, seconds
        self._metrics = metrics
        share = self._share()
        if self._style in ("notebook", "terminal"):
            self._write(f"{self._bar(share)} {self._numbers()}, {self._left()}{self._tail()}")
        elif self._style == "log" and share < 1 and share - self._logged >= 0.25:
            self._logged = share
            print(f"{self.label}: {self._numbers()}{self._tail()}", file=sys.stderr, flush=True)

    def close(self, remark: str = "") -> None:
        """Ends with one line: what was done, how fast, and the last metrics."""
        remark = f" ({remark})" if remark else ""
        spent = tqdm.format_interval(self._seconds)
        text = f"{self.label}: {self._numbers()} in {spent}{remark}{self._tail()}"
        if self._style == "log":
            print(text, file=sys.stderr, flush=True)
        self._write(text, "\n")

    def _share(self) -> float:
        share = self._done / self.total if self.total else 1.0
        return max(share, self._seconds / self.limit) if self.limit else share

    def _bar(self, share: float) -> str:
        filled = round(20 * min(share, 1.0))
        return f"{self.label} [{'#' * filled}{'.' * (20 - filled)}]"

    def _numbers(self) -> str:
        speed = (self._done - self.start) / self._seconds if self._seconds else 0.0
        pace = f", {speed:.3g} steps/s" if speed else ""
        return f"{self._done:,} of {self.total:,} steps{pace}"

    def _left(self) -> str:
        left = []
        if self._done > self.start:
            left.append(self._seconds * (self.total - self._done) / (self._done - self.start))
        if self.limit:
            left.append(self.limit - self._seconds)
        return f"{tqdm.format_interval(max(min(left), 0))} left" if left else "time left unknown"

    def _tail(self) -> str:
        return "".join(f", {name} {value:.3g}" for name, value in self._metrics.items())

    def _write(self, text: str, end: str = "") -> None:
        if self._style == "notebook":
            self._handle.update({"text/plain": text}, raw=True)
        elif self._style == "terminal":
            sys.stderr.write("\r" + text.ljust(len(self._line)) + end)
            sys.stderr.flush()
            self._line = text


class Clock:
    """Seconds since the start, without the pauses."""

    def __init__(self) -> None:
        self._begin = time.perf_counter()
        self._pause = 0.0

    @property
    def seconds(self) -> float:
        """Seconds since the start, without the pauses that are over."""
        return time.perf_counter() - self._begin - self._pause

    @contextmanager
    def paused(self, really: bool = True) -> Iterator[None]:
        """What happens inside does not count, if `really`."""
        begin = time.perf_counter()
        yield
        if really:
            self._pause += time.perf_counter() - begin


def _style() -> str:
    shell = get_ipython()
    if shell is not None and hasattr(shell, "kernel"):
        return "notebook"
    return "terminal" if sys.stderr.isatty() else "log"
