"""What the course runs on: preset, device, seeds, versions, and the only home of version shims."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.metadata
import math
import os
import platform
import shutil
import warnings
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import jax
import numpy as np
import platformdirs
from flax import nnx

PRESETS = ("ci", "cpu", "gpu")
PACKAGES = ("jax", "flax", "optax", "orbax-checkpoint", "numpy")

T = TypeVar("T")

COMPILED_MB = 500  # all of the course's tests and lessons together take less


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
    """Configures JAX and prints preset, device and versions: the first cell of every lesson."""
    configure_jax()
    print(f"preset {preset()} | device {device_name()}")
    print(" | ".join(f"{name} {version}" for name, version in versions().items()))


def configure_jax() -> None:
    """Sets JAX up for the course: `describe` and `training.fit` call it, an import changes nothing.

    On the CPU a step runs in the thread that calls it, and so finds the memory of the step before:
    see `keep_freed_memory`. JAX reads this once, when it is first asked to compute; a script that
    computes before it calls `training.fit` calls this first.
    """
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    keep_compiled_programs()


@cache
def keep_compiled_programs() -> Path | None:
    """Lets JAX keep compiled programs on disk, so that the next process need not compile them.

    What they compute stays the same. KARPA_COMPILED_MB bounds their size (default 500; 0 keeps
    none): what was used longest ago is removed here, for JAX's own bound reads the whole folder
    whenever it adds a program. A folder set by JAX_COMPILATION_CACHE_DIR is left as it is.

    Returns:
        The folder; None where nothing is kept.

    Raises:
        ValueError: KARPA_COMPILED_MB is not a number of megabytes.
    """
    given = os.environ.get("KARPA_COMPILED_MB", "").strip() or str(COMPILED_MB)
    try:
        megabytes = float(given)
    except ValueError:
        megabytes = math.nan
    if not megabytes >= 0:
        raise ValueError(f"KARPA_COMPILED_MB is {given!r}; give megabytes, such as 500, or 0.")
    if jax.config.values["jax_compilation_cache_dir"] or megabytes == 0:
        return None
    # There XLA prints an error for each program that it loads (xla issue 44565).
    if "avx512" in processor() and not on_accelerator():
        return None
    name = hashlib.sha256(f"{compiler()}\n{processor()}".encode()).hexdigest()[:12]
    folder = compiled_folder() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_oldest(compiled_folder(), megabytes * 1e6)
    except OSError:
        return None
    # A folder that is full or read-only costs time, nothing else.
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache entry")
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    jax.config.update("jax_persistent_cache_enable_xla_caches", "none")
    jax.config.update("jax_compilation_cache_dir", str(folder))
    return folder


def compiled_folder() -> Path:
    """The folder of compiled programs: in KARPA_CACHE, or else in the user's cache folder."""
    chosen = os.environ.get("KARPA_CACHE", "").strip()
    root = chosen or platformdirs.user_cache_dir("karpa", appauthor=False)
    return Path(root).expanduser().absolute() / "compiled"


def clear_compiled_programs() -> int:
    """Removes all compiled programs that are kept; returns the bytes freed."""
    folder = compiled_folder()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    shutil.rmtree(folder, ignore_errors=True)
    return size


def compiler() -> str:
    """The version of XLA, by the package that it comes in."""
    return f"jaxlib {importlib.metadata.version('jaxlib')}"


def processor() -> str:
    """Model and features of the CPU: a program that was compiled for another may crash on it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    telling = {line for line in lines if line.startswith(("model", "flags", "CPU", "Features"))}
    return "\n".join(sorted(telling)) or f"{platform.machine()} {platform.processor()}"


def _remove_oldest(folder: Path, limit: float) -> None:
    """Removes the files that were used longest ago until the rest is within `limit` bytes."""
    sizes = {}
    for path in folder.rglob("*-cache"):
        with contextlib.suppress(OSError):  # another process may remove it first
            found = path.stat()
            sizes[path] = (max(found.st_atime, found.st_mtime), found.st_size)
    excess = sum(size for _, size in sizes.values()) - limit
    for path in sorted(sizes, key=sizes.__getitem__):
        if excess <= 0:
            return
        with contextlib.suppress(OSError):
            path.unlink()
        excess -= sizes[path][1]


@cache
def keep_freed_memory() -> bool:
    """Lets the C library keep the memory that a training step frees, for the next step to use.

    XLA takes the room for a step's intermediate arrays anew at each step. The GNU C library gives
    large blocks back to the system, which hands them out again as pages full of zeros: on two
    cores this took up to a third of a step. Now they are kept until the process ends, except what
    is free beyond 2 GiB. The library keeps them for its main thread; the heaps of other threads
    hold no large blocks. So steps on the CPU are not handed to a thread of XLA's, as is JAX's
    default: `configure_jax` sees to it. Other systems are left alone.

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


def to_json(value: Any) -> Any:
    """The value in JSON's own types: NumPy's and JAX's numbers, arrays, dtypes and paths have one.

    Raises:
        TypeError: JSON has no form for it.
    """
    if isinstance(value, Mapping):
        return {str(name): to_json(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(inner) for inner in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (np.dtype, type)) and np.dtype(value) != object:
        return np.dtype(value).name
    dtype = getattr(value, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "biufUV":  # V: bfloat16 and the like
        return value.tolist()
    raise TypeError(f"{value!r} has no form in JSON; give numbers, text, lists or dictionaries.")
