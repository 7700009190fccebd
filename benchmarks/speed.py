"""Measures the course and its twins in PyTorch and Keras by turns, and keeps a table.

    make bench                                     everything, in an environment of its own
    python -m benchmarks.speed --torch PYTHON      with a Python that has PyTorch
    python -m benchmarks.speed --rows dcgan28 gru --rounds 3
    python -m benchmarks.speed --quick             tiny sizes, under a minute; nothing is kept
    python -m benchmarks.speed --check             equal outputs and gradients from equal weights
    python -m benchmarks.speed --growth            time by batch, length, width, images: a figure

Each twin is a process that lives as long as its row is measured. In each round all are timed, one
after the other, while the others wait; the next round goes the other way round. Ratios are taken
within a round. The course's time is that of a call of its training engine, batches drawn at random
inside; "step alone" is the compiled step on one fixed batch. Where PyTorch is faster with its
images stored as channels_last, a row of its own says so. Networks have equal parameters and
equal arithmetic (`--check`); PyTorch gets its fused optimizer, and compiled twins whatever
`torch.compile` accepts. Time to a quality is measured by `benchmarks/translation.py`.

On a GPU the same command is the GPU script: `make bench` installs JAX for it where there is one,
takes larger sizes, and the engine does many steps a call; the twins are PyTorch's on the same GPU.
`--precision tf32` or `bf16` lets the matrix units round the factors of float32 products alike in
both libraries; weights, activations and penalties stay float32. `--precision mixed` takes bfloat16
activations in training steps: the course's own, and PyTorch's autocast; weights and penalties stay
float32. No part of this has run on a GPU yet, only at small size on a CPU.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from benchmarks import table
from benchmarks.sizes import (
    COMPILED,
    COURSE,
    EAGER,
    KERAS,
    LOADING,
    PRECISIONS,
    ROWS,
    TITLES,
    Row,
    Sizes,
    row_named,
)
from benchmarks.workers import FRAMEWORK, Failed, Workers, only_cores

HASTY = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
SLOW = 20.0  # seconds of single calls from which on two rounds have to do
CHUNK = 50  # steps a call of the engine on a GPU: times are of whole calls
WORST = {"weights": 2e-4, "tokens": 0.0, "scores": 1e-3}  # of losses: 2e-4, relative
LOSS = 2e-4


def measure(
    workers: Workers, row: Row, sizes: Sizes, engines: Sequence[str], rounds: int, target: float
) -> dict[str, Any]:
    """The engines' seconds a call, round by round.

    Args:
        workers: To ask.
        row: What is measured.
        sizes: At which size.
        engines: Which engines.
        rounds: How often each is timed.
        target: Seconds that each is timed for.

    Returns:
        {"engines", "failed", "rates", "flops"}.
    """
    built: dict[str, dict[str, Any]] = {}
    failed: dict[str, str] = {}
    for engine in engines:
        print(f"  {TITLES[engine]} ...", end="", flush=True)
        try:
            answer = workers.of(engine).ask(
                "build", key=engine, case=row.name, variant=engine, sizes=sizes
            )
        except Failed as error:
            failed[engine] = str(error)
            print(f" failed: {str(error)[:200]}", flush=True)
            continue
        built[engine] = {**answer, "rounds": [], "calls": calls_for(answer["seconds"], target)}
        print(f" first call {answer['first_seconds'] or 0:.1f} s", end="", flush=True)
    print(flush=True)
    rates = []
    for number in range(rounds):
        for engine in list(built)[:: 1 if number % 2 == 0 else -1]:
            calls = built[engine]["calls"]
            try:
                answer = workers.of(engine).ask("time", key=engine, calls=calls)
            except Failed as error:  # the row goes on without it, and so do the others
                failed[engine] = str(error)
                del built[engine]
                print(f"  {TITLES[engine]} failed: {str(error)[:200]}", flush=True)
                continue
            built[engine]["rounds"].append(answer["seconds"])
            if number == 0:  # the second call may still have been slow
                built[engine]["calls"] = calls_for(answer["seconds"], target)
        if COURSE in built and built[COURSE]["flops"]:
            rates.append(workers.of(COURSE).ask("rate")["value"])
        slow = sum(sum(found["rounds"]) for found in built.values())
        if number > 0 and slow > SLOW:  # calls of many seconds: their spread is small
            break
    kept = {engine: summary(found) for engine, found in built.items()}
    work = built[COURSE]["flops"] if COURSE in built else None
    return {"engines": kept, "failed": failed, "rates": rates, "flops": work}


def calls_for(seconds: float, target: float) -> int:
    """How many calls fill the time; on a fast device whole calls of the engine."""
    calls = max(1, min(2000, round(target / max(seconds, 1e-6))))
    return calls if calls < 2 * CHUNK else calls // CHUNK * CHUNK


def summary(built: dict[str, Any]) -> dict[str, Any]:
    """What is kept of an engine."""
    first = built["first_seconds"]
    compiled = None if first is None else round(max(first - min(built["rounds"]), 0.0), 2)
    memory = built["device_mb"] or built["peak_mb"]
    return {
        "seconds": [float(f"{seconds:.4g}") for seconds in built["rounds"]],
        "first_seconds": compiled,
        "peak_mb": round(memory),
        "before_mb": round(built["before_mb"]),
        **{name: built[name] for name in ("parameters", "note") if built[name]},
    }


def machine(workers: Workers, engines: Sequence[str]) -> dict[str, Any]:
    """Device and versions of all that take part."""
    found = workers.of(COURSE).ask("versions")["value"]
    versions = {k: v for k, v in found.items() if k not in ("device", "cores", "on_gpu")}
    for framework in ("torch", "keras"):
        using = [engine for engine in engines if FRAMEWORK[engine] == framework]
        if using:
            try:
                answer = workers.of(using[0]).ask("versions")["value"]
                versions[framework] = answer[framework]
            except Failed as error:
                print(f"Without {TITLES[using[0]]}: {error}", flush=True)
    return {"device": found["device"], "on_gpu": found["on_gpu"], "versions": versions}


def run(options: argparse.Namespace, pythons: dict[str, str], threads: int) -> list[table.Record]:
    """Measures rows; each is stored as soon as it is there."""
    rows = [row_named(name) for name in options.rows]
    with Workers(pythons, threads) as workers:
        here = machine(workers, options.engines)
    missing = {name for name in ("torch", "keras") if name not in here["versions"]}
    measured = []
    # At full size each row has processes of its own: memory is then that row's.
    shared = Workers(pythons, threads) if options.quick else None
    for row in rows:
        start = time.monotonic()
        sizes = {**row.sizes(options.quick, here["on_gpu"]), **options.set}
        engines = [e for e in row.engines if e in options.engines]
        engines = [e for e in engines if FRAMEWORK[e] not in missing]
        print(f"{row.title}", flush=True)
        with nullcontext(shared) if shared else Workers(pythons, threads) as workers:
            found = measure(workers, row, sizes, engines, options.rounds, options.target)
        if COURSE not in found["engines"]:
            continue
        record = {
            "row": row.name, "title": row.title, "unit": row.unit, "sizes": sizes,
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "device": here["device"], "threads": threads, "versions": here["versions"], **found,
        }  # fmt: skip
        measured.append(record)
        if options.out:
            table.keep(options.out, [record])
        times = ", ".join(f"{TITLES[e]} {table.duration(record, e)}" for e in found["engines"])
        against = table.ratio(record, EAGER, COURSE)
        print(f"  {times}" + (f"; {against} times as fast as PyTorch" if against else ""))
        print(f"  {time.monotonic() - start:.0f} s", flush=True)
    if shared:
        shared.close()
    return measured


def check(options: argparse.Namespace, pythons: dict[str, str], threads: int) -> bool:
    """Whether twins with equal weights give equal outputs, and equal weights after a step."""
    good, compared = True, 0
    with Workers(pythons, threads) as workers, tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "course.npz")
        for row in (row_named(name) for name in options.rows if name not in LOADING):
            twins = [e for e in (EAGER, KERAS) if e in row.engines and e in options.engines]
            sizes = {**row.sizes(not options.full, False), **options.set}
            for engine in twins:
                try:
                    asked = workers.of(COURSE).ask("write", case=row.name, sizes=sizes, file=file)
                    wanted = asked["value"]
                    asked = workers.of(engine).ask("check", case=row.name, sizes=sizes, file=file)
                except Failed as error:
                    print(f"{row.name}, {TITLES[engine]}: {error}", flush=True)
                    good = good and "No module named" in str(error)
                    continue
                compared += 1
                good = report(row.name, engine, asked["value"], wanted) and good
    return good and compared > 0


def report(name: str, engine: str, found: dict[str, float], wanted: int) -> bool:
    """Prints the differences of a twin, and says whether they are roundings."""
    parameters = int(found.pop("parameters"))
    bad = [k for k, difference in found.items() if not difference <= WORST.get(k, LOSS)]
    bad += ["the number of parameters"] * (parameters != wanted)
    words = ", ".join(f"{k} {difference:.1e}" for k, difference in found.items())
    verdict = f"DIFFERENT in {', '.join(bad)}" if bad else "equal"
    print(
        f"{name}, {TITLES[engine]}: {verdict} ({parameters:,} parameters; differences: {words})",
        flush=True,
    )
    return not bad


def settings(text: str) -> tuple[str, Any]:
    """name=value as a size."""
    name, value = text.split("=", 1)
    return name, json.loads(value)


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [row.name for row in ROWS]
    parser.add_argument("--rows", nargs="+", choices=names, default=names)
    parser.add_argument("--engines", nargs="+", choices=list(TITLES), help="default: all; with "
                        f'--quick all but {COMPILED}, whose compiling takes minutes')  # fmt: skip
    parser.add_argument("--rounds", type=int, help="default: 5, with --quick 2")
    parser.add_argument("--target", type=float, help="seconds a timing; default: 0.4")
    parser.add_argument("--cores", type=int, default=2, help="for all alike; on a GPU give more")
    parser.add_argument("--torch", default=sys.executable, help="a Python that has PyTorch")
    parser.add_argument("--keras", default=sys.executable, help="a Python that has Keras and JAX")
    parser.add_argument("--set", nargs="+", type=settings, default=[], help="sizes: batch=128")
    parser.add_argument("--precision", choices=list(PRECISIONS), help="default: float32, on both")
    parser.add_argument("--out", type=Path, help="where rows are kept; default: speed.json")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, nothing kept")
    parser.add_argument("--check", action="store_true", help="compare the twins' outputs")
    parser.add_argument("--full", action="store_true", help="with --check: at full size")
    parser.add_argument("--growth", action="store_true", help="time by size, and a figure")
    options = parser.parse_args(given)
    options.set = dict(options.set)
    if options.precision:
        options.set["precision"] = options.precision
    all_or_quick = [e for e in TITLES if not (options.quick and e == COMPILED)]
    options.engines = options.engines or all_or_quick
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.target = options.target or (0.02 if options.quick else 0.4)
    if options.out is None and not options.quick and not options.set:  # own sizes: not kept
        options.out = table.FILE
    return options


def main(given: Sequence[str] | None = None) -> int:
    """Reads the command line and measures, or checks."""
    options = arguments(given)
    with only_cores(options.cores) as threads:
        return chosen(options, threads)


def chosen(options: argparse.Namespace, threads: int) -> int:
    """Does what the command line says."""
    pythons = {"torch": options.torch, "keras": options.keras}
    if options.quick or options.check:  # many small programs that run a few times each
        os.environ.setdefault("XLA_FLAGS", HASTY)
    print(f"All libraries: {threads} threads on {threads} cores.", flush=True)
    if options.check:
        return 0 if check(options, pythons, threads) else 1
    if options.growth:
        from benchmarks import growth

        return growth.run(options, pythons, threads)
    start = time.monotonic()
    rows = run(options, pythons, threads)
    print(f"\n{table.speed(rows)}\n\n{time.monotonic() - start:.0f} s in all.")
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
