"""Time by batch, length, width and number of images, on logarithmic axes."""

from __future__ import annotations

import argparse
import datetime
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.sizes import COURSE, EAGER, TITLES, row_named
from benchmarks.table import FILE
from benchmarks.workers import Failed, Workers

DATA = FILE.with_name("growth.json")
FIGURE = FILE.with_name("growth.png")

# (row, size that grows, its values, tiny values)
CURVES: tuple[tuple[str, str, tuple[int, ...], tuple[int, ...]], ...] = (
    ("dcgan28", "batch", (8, 16, 32, 64, 128, 256), (2, 4)),
    ("dcgan28", "width", (8, 16, 32, 64), (2, 4)),
    ("gru", "batch", (8, 16, 32, 64, 128), (2, 4)),
    ("gru", "length", (8, 16, 32, 64), (4, 8)),
    ("transformer", "length", (8, 16, 32, 64, 128), (4, 8)),
    ("transformer", "width", (64, 128, 256, 512), (8, 16)),
    ("loading", "images", (1250, 2500, 5000, 10_000), (128, 256)),
    ("scores", "images", (1250, 2500, 5000, 10_000), (100, 200)),
)


def run(options: argparse.Namespace, pythons: dict[str, str], threads: int) -> int:
    """Measures all curves, and unless at tiny size keeps them with their figure."""
    curves = []
    with Workers(pythons, threads) as workers:
        here = workers.of(COURSE).ask("versions")["value"]
        for name, size, values, tiny in CURVES:
            if name not in options.rows:
                continue
            row = row_named(name)
            sizes = row.sizes(options.quick, here["on_gpu"])
            points: dict[str, list[Any]] = {e: [] for e in (COURSE, EAGER) if e in row.engines}
            for value in tiny if options.quick else values:
                for engine, found in point(workers, name, {**sizes, size: value}, points, options):
                    points[engine].append([value, found])
                print(f"{name}, {size} {value}: " + ", ".join(
                    f"{TITLES[e]} {1000 * p[-1][1]:.2f} ms" for e, p in points.items() if p
                ), flush=True)  # fmt: skip
            curves.append({"row": name, "title": row.title, "size": size, "points": points})
    versions = {k: v for k, v in here.items() if k not in ("device", "cores", "on_gpu")}
    record = {
        "device": here["device"], "threads": threads, "versions": versions,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "curves": curves,
    }  # fmt: skip
    if options.out:
        DATA.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        draw(record, FIGURE)
        print(f"{FIGURE.name} and {DATA.name} are written.")
    return 0


def point(
    workers: Workers, name: str, sizes: dict[str, Any], engines: Sequence[str] | dict,
    options: argparse.Namespace,
) -> list[tuple[str, float]]:  # fmt: skip
    """Of each engine the median seconds of a call at one size, measured by turns."""
    calls: dict[str, int] = {}
    for engine in engines:
        try:
            built = workers.of(engine).ask(
                "build", key="point", case=name, variant=engine, sizes=sizes
            )
        except Failed as error:
            print(f"{TITLES[engine]}: {error}", flush=True)
            continue
        calls[engine] = max(1, min(100, round(0.5 * options.target / max(built["seconds"], 1e-6))))
    found: dict[str, list[float]] = {engine: [] for engine in calls}
    for _ in range(min(options.rounds, 3)):
        for engine, number in calls.items():
            answer = workers.of(engine).ask("time", key="point", calls=number)
            found[engine].append(answer["seconds"])
    return [(engine, statistics.median(seconds)) for engine, seconds in found.items()]


def draw(record: dict[str, Any], file: Path) -> None:
    """A panel a curve; both axes are logarithmic, and a grey line grows in proportion."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    curves = record["curves"]
    columns = min(4, len(curves))
    rows = -(-len(curves) // columns)
    figure, panels = pyplot.subplots(
        rows, columns, figsize=(3.2 * columns, 2.8 * rows), squeeze=False, layout="constrained"
    )
    for panel in panels.flat[len(curves) :]:
        panel.axis("off")
    for panel, curve in zip(panels.flat, curves, strict=False):
        for (engine, points), marker in zip(curve["points"].items(), "os", strict=False):
            if points:
                x, y = zip(*points, strict=True)
                panel.loglog(x, [1000 * s for s in y], marker=marker, label=TITLES[engine])
                if engine == COURSE:
                    first = 1000 * y[0] / x[0]
                    panel.loglog(
                        x, [first * n for n in x], ":", color="grey", label="in proportion"
                    )
                panel.set_xticks(x, [str(n) for n in x])
                panel.minorticks_off()
        panel.set(title=curve["title"], xlabel=curve["size"], ylabel="ms a call")
        panel.title.set_fontsize(9)
    panels.flat[0].legend(fontsize=8)
    figure.suptitle(f"{record['device']}, jax {record['versions']['jax']}, {record['date'][:10]}")
    figure.savefig(file, dpi=80)
    pyplot.close(figure)
