"""Checksums of content, and the unpacking of archives that cannot be trusted."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, NamedTuple

from karpa_helpers.data.errors import DataError, disk_is_full
from karpa_helpers.data.sources import Item

# What no data set of the course comes near; an archive that says more is a trap.
MAX_BYTES = 2_000_000_000
MAX_FILES = 200_000
CHUNK = 1 << 20


class _Member(NamedTuple):
    name: str
    size: int
    plain: bool  # an ordinary file or a folder: no link, no device
    content: IO[bytes] | None  # None for a folder


def content_digest(path: Path, item: Item) -> str:
    """The SHA-256 of what `path` holds, as `Item.sha256` defines it; empty where it is damaged."""
    if item.form == "archive":
        return tree_digest(path, item.members)
    packed = item.form == "gzip" or (item.form == "text" and is_gzip(path))
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            return _digest(file).hex()
    except (gzip.BadGzipFile, zlib.error, EOFError):
        return ""


def is_gzip(path: Path) -> bool:
    """Whether a file begins as gzip files do."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def tree_files(folder: Path, members: str = "(.+)") -> list[Path]:
    """The files below `folder` that belong to an item, sorted by their path there.

    Files that `members` does not match, such as those a file manager adds, are left out.
    """
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return [files[name] for name in sorted(files) if re.fullmatch(members, name)]


def tree_digest(folder: Path, members: str = "(.+)") -> str:
    """SHA-256 over path, zero byte and SHA-256 of each file of a folder, in the paths' order."""
    digest = hashlib.sha256()
    for path in tree_files(folder, members):
        if path.is_file():
            with path.open("rb") as file:
                name = path.relative_to(folder).as_posix()
                digest.update(name.encode() + b"\0" + _digest(file))
    return digest.hexdigest()


def unpack(archive: Path, folder: Path, members: str = "(.+)") -> None:
    """Unpacks a zip, tar or tar.gz file into a new folder; no byte of it is trusted.

    Args:
        archive: The file.
        folder: The folder to make.
        members: Regular expression of the members to take; its first group is their path.

    Raises:
        DataError: The archive is damaged or holds what a data set has no need of.
        OSError: The disk is full.
    """
    total = count = 0
    try:
        for member in _members(archive):
            total, count = total + member.size, count + 1
            match = re.fullmatch(members, member.name)
            path = folder / match.group(1) if match and member.content else None
            if fault := _danger(member, path, total, count):
                raise DataError(
                    f"{archive.name} {fault} ({member.name[:200]!r}). It is not used. "
                    "Get it from its canonical address."
                )
            if path and member.content:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as file:
                    shutil.copyfileobj(member.content, file, CHUNK)
                if path.stat().st_size != member.size:
                    raise EOFError(f"{member.name} ends early")
    except Exception as error:  # Python's readers raise a dozen kinds where bytes are damaged
        if isinstance(error, DataError) or disk_is_full(error):
            raise
        raise DataError(
            f"{archive.name} is damaged or cut short ({str(error)[:200]}). Fetch it again."
        ) from error


class _Bounded:
    """A tar file's bytes. tarfile reads a header whole, also one that claims to be gigabytes."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.tell, self.seek = file.tell, file.seek

    def read(self, size: int) -> bytes:
        if not 0 <= size <= CHUNK:
            raise tarfile.ReadError(f"a header claims {size:,} bytes")
        return self._file.read(size)


def _members(archive: Path) -> Iterator[_Member]:
    with ExitStack() as stack:
        file: Any = stack.enter_context(archive.open("rb"))
        if file.peek(2)[:2] == b"PK":
            packed = stack.enter_context(zipfile.ZipFile(file))
            for info in packed.infolist():
                plain = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG, stat.S_IFDIR)
                with packed.open(info) as opened:
                    content = None if info.is_dir() else opened
                    yield _Member(info.filename, info.file_size, plain, content)
            return
        file = stack.enter_context(gzip.open(file)) if is_gzip(archive) else file
        bounded: Any = _Bounded(file)
        for entry in (tar := stack.enter_context(tarfile.open(fileobj=bounded, mode="r:"))):
            content = tar.extractfile(entry) if entry.isfile() else None
            yield _Member(entry.name, entry.size, entry.isfile() or entry.isdir(), content)


def _danger(member: _Member, path: Path | None, total: int, count: int) -> str:
    """What is wrong about a member that would go to `path`, in words; empty where nothing is."""
    parts = member.name.replace("\\", "/").split("/")
    if total > MAX_BYTES or count > MAX_FILES:
        return f"would unpack to more than {MAX_BYTES / 1e9:g} GB or {MAX_FILES:,} files"
    if ".." in parts or parts[0] == "" or ":" in member.name:
        return "holds a path outside its folder"
    if not member.plain:
        return "holds a link or a device"
    if path and (path.exists() or any(parent.is_file() for parent in path.parents)):
        return "holds a path twice"
    return ""


def _digest(file: Any) -> bytes:
    """The SHA-256 of a file; empty where it is longer than any of the course."""
    digest, total = hashlib.sha256(), 0
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        total += len(chunk)
        if total > MAX_BYTES:
            return b""
    return digest.digest()
