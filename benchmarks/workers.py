"""Worker processes as seen by whoever measures: started once, asked many times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.sizes import ALONE, COMPILED, COURSE, EAGER, KERAS

ROOT = Path(__file__).resolve().parent.parent
FRAMEWORK = {COURSE: "course", ALONE: "course", EAGER: "torch", COMPILED: "torch", KERAS: "keras"}
# The step alone lives beside the engine's; the compiled twin apart, for its memory's sake.
PROCESS = {COURSE: "course", ALONE: "course", EAGER: "torch", COMPILED: "compiled", KERAS: "keras"}


class Failed(RuntimeError):  # noqa: N818
    """What a worker said went wrong, or that it died."""


class Worker:
    """One process.

    Args:
        framework: "course", "torch" or "keras".
        python: Its interpreter.
        threads: What each library may use.
    """

    def __init__(self, framework: str, python: str, threads: int) -> None:
        # What it prints: the end explains a failure.
        self.said = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", framework],
            cwd=ROOT, env=environment(threads), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.said, text=True, bufsize=1,
        )  # fmt: skip

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """The worker's answer.

        Raises:
            Failed: It says that something went wrong, or it is dead.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Failed("the worker ended: " + self.last_words())
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def last_words(self) -> str:
        """The last line of what the worker printed."""
        self.process.wait(20)
        self.said.seek(0)
        lines = self.said.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def close(self) -> None:
        """Ends the process."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.close()
            self.process.wait(20)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.said.close()
        if self.process.stdout is not None:
            self.process.stdout.close()


class Workers:
    """Workers by process, started when first asked, all ended at the end of a `with`.

    Args:
        pythons: The interpreter of each framework.
        threads: What each library may use.
    """

    def __init__(self, pythons: dict[str, str], threads: int) -> None:
        self.pythons, self.threads = pythons, threads
        self.running: dict[str, Worker] = {}

    def of(self, engine: str) -> Worker:
        """The worker that an engine's cases live in."""
        name, framework = PROCESS[engine], FRAMEWORK[engine]
        if name not in self.running:
            python = self.pythons.get(framework, sys.executable)
            self.running[name] = Worker(framework, python, self.threads)
        return self.running[name]

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def close(self) -> None:
        """Ends all processes."""
        for worker in self.running.values():
            worker.close()
        self.running.clear()


def environment(threads: int) -> dict[str, str]:
    """Equal threads for all libraries, and no compiled program from a run before."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    mine = {name: str(threads) for name in names}
    mine |= {
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1",
        "JAX_ENABLE_COMPILATION_CACHE": "false",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # two libraries share a GPU's memory
        "KERAS_BACKEND": "jax",
        "MPLBACKEND": "agg",
    }
    return {**os.environ, **mine}


@contextmanager
def only_cores(wanted: int) -> Iterator[int]:
    """Keeps this process and all it starts on so many cores for a while: how many it has then."""
    if not hasattr(os, "sched_setaffinity"):  # Windows and macOS
        yield min(wanted, os.cpu_count() or 1)
        return
    before = os.sched_getaffinity(0)
    cores = sorted(before)[:wanted]
    os.sched_setaffinity(0, cores)
    try:
        yield len(cores)
    finally:
        os.sched_setaffinity(0, before)
