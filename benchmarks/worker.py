"""A process that runs cases of one framework, one request a line, until its input ends.

    python -m benchmarks.worker course|torch|keras

Requests and answers are JSON objects. Each has "do":
    build  {key, case, variant, sizes}: makes a case and calls it once and once more
    time   {key, calls}: seconds a call
    rate   {}: the matrix products' operations a second, now
    write  {case, sizes, file}: weights, inputs and what came of them, for a twin's `check`
    check  {case, sizes, file}: the same with this framework: largest differences
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
import traceback
from typing import Any

MODULES = {
    "course": "benchmarks.course",
    "torch": "benchmarks.twin_torch",
    "keras": "benchmarks.twin_keras",
}


def resident_mb() -> float:
    """Memory of this process now."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        return peak_mb()


def peak_mb() -> float:
    """The most memory that this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


class Worker:
    """Holds the cases of a framework's module.

    Args:
        module: Has build(case, variant, sizes), and if it can rate(), write(case, sizes, file),
            check(case, sizes, file), versions().
    """

    def __init__(self, module: Any) -> None:
        self.module, self.cases = module, {}

    def build(self, key: str, case: str, variant: str, sizes: dict) -> dict:
        """Makes a case; its first call compiles."""
        before = resident_mb()
        made = self.cases[key] = self.module.build(case, variant, sizes)
        start = time.perf_counter()
        made.run(1)
        first = time.perf_counter() - start
        start = time.perf_counter()
        done = made.run(1) or 1
        second = (time.perf_counter() - start) / done
        return {
            # A case that measures itself, such as a fresh process's import, has no first call.
            "first_seconds": None if hasattr(made, "seconds") else first,
            "seconds": second,
            "before_mb": before,
            "peak_mb": peak_mb(),
            "device_mb": self.module.device_mb() if hasattr(self.module, "device_mb") else None,
            "flops": getattr(made, "flops", None),
            "parameters": getattr(made, "parameters", None),
            "note": getattr(made, "note", ""),
        }

    def time(self, key: str, calls: int) -> dict:
        """Seconds a call, and the most memory so far."""
        case = self.cases[key]
        start = time.perf_counter()
        done = case.run(calls) or calls  # the engine may do whole chunks
        seconds = (time.perf_counter() - start) / done
        return {"seconds": getattr(case, "seconds", None) or seconds, "peak_mb": peak_mb()}

    def answer(self, request: dict) -> dict:
        """What a request asks for, or what went wrong."""
        request = dict(request)
        do = request.pop("do")
        try:
            if do in ("build", "time"):
                return getattr(self, do)(**request)
            return {"value": getattr(self.module, do)(**request)}
        except Exception as error:
            traceback.print_exc()
            first, *_ = [*str(error).strip().splitlines(), ""]
            return {"error": f"{type(error).__name__}: {first}"}


def main() -> None:
    """Answers until the input ends."""
    # Compilers print: what they print goes where errors go, and answers keep the output alone.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker(importlib.import_module(MODULES[sys.argv[1]]))
    for line in sys.stdin:
        answers.write(json.dumps(worker.answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
