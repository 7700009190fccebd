"""What the course runs on: preset, device, seeds, versions, and the only home of version shims."""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import platform
from collections.abc import Iterable
from functools import cache
from typing import Any, TypeVar

import jax
from flax import nnx

PRESETS = ("ci", "cpu", "gpu")
PACKAGES = ("jax", "flax", "optax", "orbax-checkpoint", "numpy")

T = TypeVar("T")

# On the CPU a step runs in the thread that calls it, and so finds the memory of the step before:
# see `keep_freed_memory`. JAX reads this once, when it is first asked to compute.
jax.config.update("jax_cpu_enable_async_dispatch", False)


def on_accelerator() -> bool:
    """Whether JAX's default device is a GPU or a TPU."""
    return jax.default_backend() != "cpu"


def has_cudnn() -> bool:
    """Whether JAX's default device is an NVIDIA GPU, whose library has attention in one kernel."""
    return jax.default_backend() == "gpu" and "cuda" in jax.devices()[0].client.platform_version


def preset() -> str:
    """The size at which the course runs: "ci" (seconds), "cpu" (minutes) or "gpu" (the full run).

    Read from the environment variable KARPA_PRESET at every call; unset, it is "gpu" where JAX
    sees an accelerator and "cpu" elsewhere.

    Raises:
        ValueError: KARPA_PRESET holds another word.
    """
    chosen = os.environ.get("KARPA_PRESET", "").strip().lower()
    if not chosen:
        return "gpu" if on_accelerator() else "cpu"
    if chosen not in PRESETS:
        raise ValueError(f"KARPA_PRESET is {chosen!r}; set it to one of {', '.join(PRESETS)}.")
    return chosen


def pick(*, ci: T, cpu: T, gpu: T) -> T:
    """The value that belongs to the current preset, so that a lesson names its sizes once."""
    return {"ci": ci, "cpu": cpu, "gpu": gpu}[preset()]


def key(seed: int) -> jax.Array:
    """A typed random key. Split it for each use: a key used twice gives the same numbers twice."""
    return jax.random.key(seed)


def device_name() -> str:
    """The default device in words, such as "CPU, 2 cores" or "NVIDIA H100 80GB HBM3"."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        return f"CPU, {available_cores()} cores"
    return device.device_kind


def available_cores() -> int:
    """The number of CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on Windows and macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def versions() -> dict[str, str]:
    """The versions of Python and of the packages that decide what a run computes."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "missing"
    return found


def describe() -> None:
    """Prints preset, device and versions: the first cell of every lesson."""
    print(f"preset {preset()} | device {device_name()}")
    print(" | ".join(f"{name} {version}" for name, version in versions().items()))


@cache
def keep_freed_memory() -> bool:
    """Lets the C library keep the memory that a training step frees, for the next step to use.

    XLA takes the room for a step's intermediate arrays anew at each step. The GNU C library gives
    large blocks back to the system, which hands them out again as pages full of zeros: on two
    cores this took up to a third of a step. Now they are kept until the process ends, except what
    is free beyond 2 GiB. The library keeps them for its main thread; the heaps of other threads
    hold no large blocks. So steps on the CPU are not handed to a thread of XLA's, as is JAX's
    default: this module sets `jax_cpu_enable_async_dispatch`. Other systems are left alone.

    Returns:
        Whether the setting was made.

    References:
        mallopt(3): M_MMAP_MAX, M_TRIM_THRESHOLD.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    mmap_max, trim_threshold = -4, -1  # as in malloc.h
    settings = ((mmap_max, 0), (trim_threshold, 2**31 - 1))
    return all(mallopt(name, value) == 1 for name, value in settings)


def compiler_options() -> dict[str, str] | None:
    """Options of XLA for a training step; None where its own are best.

    In jax 0.10 XLA for CPUs gives convolutions to a library that runs many of them on one core.
    XLA's own way uses all. Products and sums stay with that library.
    """
    if on_accelerator() or jax.__version_info__[:2] != (0, 10):
        return None
    kept = "LIBRARY_FUSION_TYPE_DOT,LIBRARY_FUSION_TYPE_REDUCE"
    return {"xla_cpu_experimental_ynn_fusion_type": kept}


def module_list(modules: Iterable[nnx.Module]) -> Any:
    """Submodules in order. Flax 0.12 wants `nnx.List`; older Flax has only the plain list."""
    return nnx.List(modules) if hasattr(nnx, "List") else list(modules)
