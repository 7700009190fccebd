"""What a compiled program did and when: one call of it, seen by JAX's profiler."""

from __future__ import annotations

import gzip
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax

# Of HLO: what multiplies matrices by itself or by a library.
PRODUCT = re.compile(r" (?:dot|convolution)\(|custom_call_target=\"[^\"]*(?:gemm|cublas|conv|dnn)")

ROUNDING = 1e-9  # seconds, the profiler's step


class Operation(NamedTuple):
    """An operation of a compiled program, as it ran.

    Attributes:
        name: As in the program's HLO, without "%".
        start: Seconds since the first operation began.
        seconds: How long it took.
        lane: The thread, or the GPU's stream: 0 for the first that worked, and so on.
    """

    name: str
    start: float
    seconds: float
    lane: int


def operations(program: Callable[..., Any], *arguments: Any) -> list[Operation]:
    """What ran in one call of a compiled program, in the order of its beginnings.

    An operation that is made of others, such as a loop, is left out: its parts are there. The
    profiler costs some time itself, so a call takes a little longer than without it.

    Args:
        program: Compiled, so that nothing else is seen.
        arguments: Its arguments.

    Returns:
        Operations; none where the profiler saw none.
    """
    jax.block_until_ready(program(*arguments))
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder, profiler_options=_without_python()):
            jax.block_until_ready(program(*arguments))
        events = [
            event
            for file in Path(folder).rglob("*.trace.json.gz")
            for event in json.loads(gzip.decompress(file.read_bytes()))["traceEvents"]
        ]
    return _read(events)


def products(hlo: str) -> set[str]:
    """The names of the operations that multiply matrices or convolve, alone or fused with others.

    Args:
        hlo: Of a compiled program, its `as_text()`.
    """
    multiplying, found = set(), set()
    for computation in re.split(r"\n\}\n?", hlo):
        head = re.search(r"^(?:ENTRY )?%?([\w.-]+) .*\{$", computation, re.MULTILINE)
        if head and PRODUCT.search(computation):
            multiplying.add(head[1])
    for name, operation in re.findall(r"^\s+(?:ROOT )?%?([\w.-]+) = (.*)$", hlo, re.MULTILINE):
        called = re.search(r"calls=%?([\w.-]+)", operation)
        if PRODUCT.search(operation) or (called and called[1] in multiplying):
            found.add(name)
    return found


def _without_python() -> jax.profiler.ProfileOptions:
    """Python's own calls are not asked for: they are many, and none is an operation."""
    options = jax.profiler.ProfileOptions()
    options.python_tracer_level = 0
    return options


def _read(events: list[dict[str, Any]]) -> list[Operation]:
    """The operations among a trace's events, whose times are in microseconds."""
    seen = [e for e in events if e.get("ph") == "X" and "hlo_op" in e.get("args", {})]
    seen.sort(key=lambda e: (e["ts"], -e["dur"]))  # a whole comes in front of its parts
    lanes: dict[tuple[int, int], list[Operation]] = {}
    for event in seen:
        lane = lanes.setdefault((event["pid"], event["tid"]), [])
        start, seconds = (event["ts"] - seen[0]["ts"]) / 1e6, event["dur"] / 1e6
        end = lane[-1].start + lane[-1].seconds if lane else 0.0
        if end - start > ROUNDING and start + seconds <= end + ROUNDING:
            lane.pop()
        number = list(lanes).index((event["pid"], event["tid"]))
        lane.append(Operation(event["args"]["hlo_op"], start, seconds, number))
    return sorted((one for lane in lanes.values() for one in lane), key=lambda one: one.start)
