"""The one exception of the data modules, and clear words for what the disk may refuse."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class DataError(RuntimeError):
    """Data could not be had, or is not what it should be. The message says what to do."""


class CacheError(DataError):
    """The cache folder cannot be written, so that no other source would help."""


def megabytes(size: float) -> str:
    """A number of bytes in words, such as "29.5 MB"."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


@contextmanager
def cache_writes(folder: Path, needed: int) -> Iterator[None]:
    """Turns an OSError of the block into a CacheError that names the folder and the remedy.

    Args:
        folder: The folder that the block writes to.
        needed: Bytes that the block may write.

    Raises:
        CacheError: The disk is full, or the folder cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise CacheError(_explain(error, folder, needed)) from error


def require_space(folder: Path, needed: int) -> None:
    """Raises CacheError where the disk that holds `folder` has fewer than `needed` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise CacheError(_explain(OSError(errno.ENOSPC, "disk full"), folder, needed))


def _explain(error: OSError, folder: Path, needed: int) -> str:
    remedy = f"set KARPA_CACHE to a folder with {megabytes(needed)} free"
    if error.errno in _FULL:
        return f"The disk that holds {folder} is full. Free some space there, or {remedy}."
    reason = error.strerror or type(error).__name__
    return f"The cache folder {folder} cannot be written ({reason}). Make it writable, or {remedy}."
