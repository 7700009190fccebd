"""Times the forms that a layer can take, since versions of XLA differ in which one is fast.

    python -m benchmarks.forms                       all of them, kept in forms.json
    python -m benchmarks.forms --only upsample gru   some
    python -m benchmarks.forms --quick               tiny sizes, nothing kept

Each form is timed forward, with its gradient, with the gradient of its gradient's square (as a
penalty on slopes takes it), and with its gradient inside `lax.scan`, where XLA's CPU backend runs
convolutions many times slower. All forms of a layer take turns. The first one is `lax`'s or the
library's own, and ratios are to it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import form_convolutions as convolutions
from benchmarks import form_decoding as decoding
from benchmarks import form_others as others
from benchmarks.table import markdown
from benchmarks.workers import only_cores
from karpa_helpers import runtime

FILE = Path(__file__).with_name("forms.json")
ORDERS = ("forward", "gradient", "twice", "gradient in scan")
ONCE, FORWARD = ("forward", "gradient", "gradient in scan"), ("forward",)
SCANNED = 3  # steps inside the scan
TOO_LONG = 3.0  # seconds of one call from which on one timing has to do


@dataclass(frozen=True)
class Layer:
    """A function of arrays, in several forms.

    Attributes:
        name: On the command line.
        forms: By name, the library's first.
        shapes: Of the arguments, all of which it is differentiated by.
        quick: The same, tiny.
        orders: What is timed of it.
        pixels: Whether its arguments are bytes, not floats.
    """

    name: str
    forms: dict[str, Callable[..., jax.Array]]
    shapes: tuple[tuple[int, ...], ...]
    quick: tuple[tuple[int, ...], ...]
    orders: tuple[str, ...] = ORDERS
    pixels: bool = False


def layers(quick: bool) -> list[Layer]:
    """All layers; those with numbers to look up get them here."""
    batch, length, words = (3, 4, 40) if quick else (64, 16, 4000)
    numbers = np.random.default_rng(0).integers(0, words, (batch, length))
    tiny = ((2, 4, 4, 3), (4, 4, 3, 5))
    hidden = (64, 16, 256), (256, 768), (768,), (256, 768)
    small = (2, 4, 6), (6, 12), (12,), (4, 12)
    return [
        Layer("downsample14", convolutions.DOWNSAMPLE, ((64, 14, 14, 32), (4, 4, 32, 64)), tiny),
        Layer("downsample64", convolutions.DOWNSAMPLE, ((64, 64, 64, 3), (4, 4, 3, 32)), tiny),
        Layer("upsample14", convolutions.UPSAMPLE, ((64, 7, 7, 64), (4, 4, 64, 32)), tiny),
        Layer("upsample64", convolutions.UPSAMPLE, ((64, 32, 32, 32), (4, 4, 32, 3)), tiny),
        Layer("downsample32", convolutions.DOWNSAMPLE, ((64, 32, 32, 32), (4, 4, 32, 64)), tiny),
        Layer("upsample32", convolutions.UPSAMPLE, ((64, 16, 16, 64), (4, 4, 64, 32)), tiny),
        Layer("same16", convolutions.SAME, ((64, 16, 16, 32), (3, 3, 32, 32)),
              ((2, 4, 4, 3), (3, 3, 3, 5))),
        Layer("batch_norm", others.BATCH_NORM, ((64, 14, 14, 64), (64,)), ((4, 2, 2, 3), (3,))),
        Layer("layer_norm", others.LAYER_NORM, ((1024, 128), (128,)), ((4, 6), (6,))),
        Layer("gather", others.bound(others.GATHER, numbers), ((words, 256),), ((words, 5),),
              ONCE),
        Layer("loss", others.bound(others.LOSS, numbers), ((batch, length, words),),
              ((batch, length, words),), ONCE),
        Layer("gru", others.RECURRENCE, hidden, small, ONCE),
        Layer("attention", decoding.ATTENTION, ((64, 16, 4, 32),) * 3, ((2, 4, 2, 3),) * 3, ONCE),
        Layer("top", decoding.TOP, ((100, 10_000),), ((3, 60),), FORWARD),
        Layer("next", decoding.NEXT, ((500, 2000),), ((3, 20),), FORWARD),
        Layer("cache", decoding.CACHE, ((100, 24, 4, 32), (100, 4, 32)), ((2, 6, 2, 3), (2, 2, 3)),
              FORWARD),
        Layer("batch", others.bound(decoding.BATCH, numbers[:, 0]), ((4096, 64, 64, 3),),
              ((40, 2, 2, 3),), FORWARD, pixels=True),
    ]  # fmt: skip


def arrays(layer: Layer, quick: bool) -> list[jax.Array]:
    """Random arguments."""
    random = np.random.default_rng(1)
    shapes = layer.quick if quick else layer.shapes
    if layer.pixels:
        return [jnp.asarray(random.integers(0, 256, shape, np.uint8)) for shape in shapes]
    return [jnp.asarray(0.1 * random.normal(size=shape), jnp.float32) for shape in shapes]


def differentiated(form: Callable[..., jax.Array], order: str) -> Callable[..., Any]:
    """A form, its gradient, the gradient of its gradient, or some gradients in a scan."""

    def square(*given: jax.Array) -> jax.Array:
        # Weights that differ from place to place: a plain sum would let some forms off.
        output = form(*given)
        return jnp.sum(jnp.square(output + 0.1))

    def gradient(*given: jax.Array) -> Any:
        return jax.grad(square, argnums=tuple(range(len(given))))(*given)

    def slope(*given: jax.Array) -> jax.Array:
        return jnp.sum(jnp.square(jax.grad(square)(*given)))

    def twice(*given: jax.Array) -> Any:
        return jax.grad(slope, argnums=tuple(range(len(given))))(*given)

    def scanned(*given: jax.Array) -> Any:
        def step(now: Any, _: Any) -> tuple[Any, None]:
            return tuple(a - 1e-3 * g for a, g in zip(now, gradient(*now), strict=True)), None

        return jax.lax.scan(step, tuple(given), None, SCANNED)[0]

    return {"forward": form, "gradient": gradient, "twice": twice, "gradient in scan": scanned}[
        order
    ]


def once(call: Callable[[], Any]) -> float:
    """Seconds of a call."""
    start = time.perf_counter()
    jax.block_until_ready(call())
    return time.perf_counter() - start


def measure(layer: Layer, quick: bool, rounds: int) -> list[dict[str, Any]]:
    """A row a form: seconds by order, each the median over rounds; a scan's by its steps."""
    given = arrays(layer, quick)
    rows: dict[str, dict[str, Any]] = {
        name: {"layer": layer.name, "form": name, "seconds": {}, "compile": {}}
        for name in layer.forms
    }
    for order in layer.orders:
        calls = {}
        for name, form in layer.forms.items():
            options = runtime.compiler_options()  # as in a training step
            function = jax.jit(differentiated(form, order), compiler_options=options)
            first = once(lambda function=function: function(*given))
            rows[name]["compile"][order] = round(first, 3)
            calls[name] = lambda function=function: function(*given)
        seconds: dict[str, list[float]] = {name: [] for name in calls}
        for number in range(rounds):
            for name, call in calls.items():
                if number and min(seconds[name]) > TOO_LONG:
                    continue
                repeats = 1 if not seconds[name] else max(1, min(20, int(0.1 / seconds[name][0])))
                seconds[name].append(
                    sum(once(call) for _ in range(repeats)) / repeats
                )  # fmt: skip
        steps = SCANNED if order == "gradient in scan" else 1
        for name, found in seconds.items():
            kept = found[1:] or found
            rows[name]["seconds"][order] = float(f"{statistics.median(kept) / steps:.4g}")
        print(f"  {order}: " + ", ".join(
            f"{name} {1000 * row['seconds'][order]:.2f} ms" for name, row in rows.items()
        ), flush=True)  # fmt: skip
    return list(rows.values())


def text(rows: Sequence[dict[str, Any]]) -> str:
    """A table: milliseconds, and times as fast as the library's form."""
    first = {}
    body = []
    for row in rows:
        base = first.setdefault(row["layer"], row["seconds"])
        body.append([row["layer"], row["form"]] + [
            f"{1000 * row['seconds'][o]:.2f} ({base[o] / row['seconds'][o]:.2f})"
            if o in row["seconds"] else "" for o in ORDERS
        ])  # fmt: skip
    return markdown(["Layer", "Form", *(f"{order}, ms" for order in ORDERS)], body)


def keep(file: Path, rows: list[dict[str, Any]]) -> None:
    """Adds rows in the place of those of the same layer, machine and versions."""
    stored = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    same = {(row["layer"], row["device"], row["versions"]["jax"]) for row in rows}
    old = [r for r in stored if (r["layer"], r["device"], r["versions"]["jax"]) not in same]
    lines = ",\n".join(map(json.dumps, [*old, *rows]))
    file.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def main(given: Sequence[str] | None = None) -> int:
    """Reads the command line and measures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", help="layers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, nothing kept")
    parser.add_argument("--out", type=Path, help="default: forms.json")
    options = parser.parse_args(given)
    with only_cores(options.cores) as cores:
        print(f"{cores} cores", flush=True)
        return run(options)


def run(options: argparse.Namespace) -> int:
    """Measures what was asked for."""
    runtime.configure_jax()
    if not runtime.on_accelerator():
        runtime.keep_freed_memory()
    chosen = [x for x in layers(options.quick) if not options.only or x.name in options.only]
    found: list[dict[str, Any]] = []
    for layer in chosen:
        print(layer.name, flush=True)
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        here = {"device": runtime.device_name(), "versions": runtime.versions(), "date": now}
        rows = [{**row, **here} for row in measure(layer, options.quick, options.rounds)]
        out = options.out or (None if options.quick else FILE)
        if out:
            keep(out, rows)
        found += rows
    print("\n" + text(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
