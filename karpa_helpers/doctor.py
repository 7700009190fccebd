"""`python -m karpa_helpers doctor`: what the course finds on this machine, and what is wrong.

It imports JAX and the packages above it only inside the checks, so that it also runs where they
are missing or broken.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import karpa_helpers

PYTHON_FLOOR = (3, 11)
INSTALL = 'pip install -e ".[lab,apps]", in the folder of the course'
INSTALL_CUDA = 'pip install -e ".[cuda]", in the folder of the course'
SHOWN = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "jupyterlab")
# Packages whose own requirements are checked too: they are released apart and must fit together.
COUPLED = ("jax", "flax", "optax", "orbax-checkpoint")
SPACE_NEEDED = 1e9
_PREALLOCATION = (
    "JAX takes 75 % of a GPU's memory when it starts; to leave it to other programs, set "
    "XLA_PYTHON_CLIENT_PREALLOCATE=false before Python starts"
)


@dataclass(frozen=True)
class Finding:
    """One line of the report; with a remedy where something is wrong."""

    text: str
    remedy: str = ""


def run(_arguments: argparse.Namespace | None = None) -> int:
    """Prints the report. Returns 1 where something is wrong, else 0."""
    print(f"Karpa {karpa_helpers.__version__} on {platform.platform()}")
    wrong = []
    for title, findings in examine():
        print(f"\n{title}")
        for finding in findings:
            print(f"{'! ' if finding.remedy else '  '}{finding.text}")
        wrong += [finding for finding in findings if finding.remedy]
    if not wrong:
        print("\nNothing is wrong.")
        return 0
    print(f"\nTo mend ({len(wrong)}):")
    for number, finding in enumerate(wrong, start=1):
        print(f"{number}. {finding.text}\n   Remedy: {finding.remedy}.")
    return 1


def examine() -> Iterator[tuple[str, list[Finding]]]:
    """The report by section; a check that fails is itself a finding."""
    for title, check in SECTIONS.items():
        findings: list[Finding] = []
        try:
            findings.extend(check())
        except Exception as error:  # the machine may be broken in ways not thought of
            findings.append(Finding(f"not examined: {type(error).__name__}: {error}", INSTALL))
        yield title, findings


def check_versions() -> Iterator[Finding]:
    """Python and the packages, each against what the others require."""
    floor = ".".join(map(str, PYTHON_FLOOR))
    old = f"install Python {floor} or newer" if sys.version_info[:2] < PYTHON_FLOOR else ""
    yield Finding(f"python {platform.python_version()}", old)
    for name in SHOWN:
        yield Finding(f"{name} {_version(name) or 'missing'}")
    if _version("karpa-helpers") is None:
        yield Finding("karpa-helpers is not installed, so lessons may not find it", INSTALL)
    for name in ("karpa-helpers", *COUPLED):
        for problem in unmet(name, extras=("", "lab", "apps")) if _version(name) else ():
            yield Finding(problem, INSTALL)


def unmet(name: str, extras: Iterable[str] = ("",)) -> list[str]:
    """The requirements of an installed package that the installed versions do not meet.

    Args:
        name: The package; it must be installed.
        extras: Which of its extras count; "" stands for what it always needs.
    """
    from packaging.requirements import Requirement

    problems = []
    for text in importlib.metadata.requires(name) or []:
        needed = Requirement(text)
        if needed.marker and not any(needed.marker.evaluate({"extra": e}) for e in extras):
            continue
        found = _version(needed.name)
        if found is None:
            problems.append(f"{needed.name} is missing; {name} needs it")
        elif not needed.specifier.contains(found, prereleases=True):
            problems.append(f"{needed.name} {found} does not fit {name}, which needs {needed}")
    return problems


def check_devices() -> Iterator[Finding]:
    """What JAX computes on, and whether it leaves a GPU unused."""
    yield Finding(f"CPU: {os.cpu_count()} cores")
    cards = nvidia_cards()
    yield from (Finding(f"GPU memory: {card}") for card in cards)
    try:
        jax = importlib.import_module("jax")
        devices = jax.devices()
    except Exception as error:  # a jaxlib of another version, or no driver for the platform set
        yield Finding(f"JAX does not start: {type(error).__name__}: {error}", _jax_remedy())
        return
    for kind, count in Counter(device.device_kind for device in devices).items():
        yield Finding(f"JAX {jax.default_backend()}: {count} x {kind}")
    if jax.default_backend() != "cpu":
        yield Finding(_PREALLOCATION)
    elif cards:
        yield Finding("there is an NVIDIA GPU, but JAX runs on the CPU", _jax_remedy())


def nvidia_cards() -> list[str]:
    """Name and memory of each NVIDIA GPU, as nvidia-smi tells; asked before JAX takes its part."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader"]
    try:
        told = subprocess.run(query, capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    cards = [line.split(", ") for line in told.splitlines() if line.count(", ") == 2]
    return [f"{name}, {total} in all, {free} free" for name, total, free in cards]


def _jax_remedy() -> str:
    if chosen := os.environ.get("JAX_PLATFORMS"):
        return f"unset JAX_PLATFORMS, which is {chosen!r}"
    return INSTALL_CUDA if nvidia_cards() else INSTALL


def check_memory() -> Iterator[Finding]:
    """Main memory."""
    memory = importlib.import_module("psutil").virtual_memory()
    yield Finding(f"{_gigabytes(memory.total)} in all, {_gigabytes(memory.available)} free")


def check_preset() -> Iterator[Finding]:
    """Which size of the lessons would run."""
    chosen = os.environ.get("KARPA_PRESET", "").strip()
    try:
        preset = importlib.import_module("karpa_helpers.runtime").preset()
    except ValueError as error:
        yield Finding(f"KARPA_PRESET is {chosen!r}", str(error).rstrip("."))
    else:
        yield Finding(f"{preset} ({'KARPA_PRESET' if chosen else 'chosen by the device'})")


def check_data() -> Iterator[Finding]:
    """Which data sets are at hand without the network, and what stands in for the others."""
    from karpa_helpers.data import store
    from karpa_helpers.data.sources import SOURCES

    mirror = os.environ.get("KARPA_DATA_MIRROR", "").strip()
    if mirror and not Path(mirror).expanduser().is_dir():
        yield Finding(
            f"KARPA_DATA_MIRROR is {mirror!r}, which is no folder",
            "set it to a folder with copies of the data sets, or unset it",
        )
    for source in SOURCES.values():
        place = store.whereabouts(source)
        if place == "address":
            title = f"{source.title} ({source.name})"
            yield Finding(f"not at hand  {title}; instead: {source.embedded}")
        else:
            yield Finding(f"at hand      {source.title} ({place})")
    fetch = "`python -m karpa_helpers data fetch NAME` gets what is not at hand"
    yield Finding("KARPA_OFFLINE is set, so nothing is fetched" if store.offline() else fetch)


def check_folders() -> Iterator[Finding]:
    """Whether the cache and the current folder can be written, and the free disk there."""
    from karpa_helpers.data import store

    cache = "set KARPA_CACHE to a folder that you may write"
    current = "start from a folder that you may write"
    for name, folder, remedy in (
        ("cache", store.cache_folder(), cache),
        ("current folder", Path.cwd(), current),
    ):
        existing = next(f for f in (folder, *folder.parents) if f.exists())
        if not can_write(existing):
            yield Finding(f"{name} {folder} cannot be written", remedy)
            continue
        free = shutil.disk_usage(existing).free
        short = f"free {_gigabytes(SPACE_NEEDED)} of disk there" if free < SPACE_NEEDED else ""
        yield Finding(f"{name} {folder}: can be written, {_gigabytes(free)} free", short)


def can_write(folder: Path) -> bool:
    """Whether a file can be made in a folder; tried, because permissions do not tell it all."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


SECTIONS: dict[str, Callable[[], Iterator[Finding]]] = {
    "versions": check_versions,
    "devices": check_devices,
    "memory": check_memory,
    "preset": check_preset,
    "data": check_data,
    "folders": check_folders,
}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB"
