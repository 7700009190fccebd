"""The exceptions of the data modules, and clear words for what the disk may refuse."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DataError(RuntimeError):
    """Data could not be had, or is not what it should be. The message says what to do."""


class CacheError(DataError):
    """The cache folder cannot be written, so that no other source would help."""


def megabytes(size: float) -> str:
    """A number of bytes in words, such as "29.5 MB"."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def disk_is_full(error: BaseException) -> bool:
    """Whether an error says that a disk, or the user's share of it, is full."""
    full = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
    return isinstance(error, OSError) and error.errno in full


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
        fault = f"The cache folder {folder} cannot be written ({error.strerror or error})."
        remedy = "Make it writable"
        if disk_is_full(error):
            fault, remedy = f"The disk that holds {folder} is full.", "Free some space there"
        raise CacheError(
            f"{fault} {remedy}, or set KARPA_CACHE to a folder with {megabytes(needed)} free."
        ) from error
