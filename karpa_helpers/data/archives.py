"""Checksums of content, and the unpacking of archives that cannot be trusted."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from karpa_helpers.data.errors import DataError, cache_writes
from karpa_helpers.data.sources import Item

# What no data set of the course comes near; an archive that says more is a trap.
MAX_BYTES = 2_000_000_000
MAX_FILES = 200_000
CHUNK = 1 << 20

_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,  # a way of compression that Python cannot read
    RuntimeError,  # an encrypted zip
)


class _Member(NamedTuple):
    name: str
    size: int
    plain: bool  # an ordinary file: no link, no device
    content: IO[bytes] | None


def content_digest(path: Path, item: Item) -> str:
    """The SHA-256 of what `path` holds, as `Item.sha256` defines it; empty where it is damaged."""
    if item.form == "archive":
        return tree_digest(path, item.members)
    if item.form == "file" or (item.form == "text" and not is_gzip(path)):
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest, total = hashlib.sha256(), 0
    try:
        with gzip.open(path) as file:
            while chunk := file.read(CHUNK):
                total += len(chunk)
                if total > MAX_BYTES:
                    return ""
                digest.update(chunk)
    except (gzip.BadGzipFile, zlib.error, EOFError):
        return ""
    return digest.hexdigest()


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
            name = path.relative_to(folder).as_posix()
            digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@contextmanager
def unpacked(archive: Path, target: Path, members: str = "(.+)") -> Iterator[Path]:
    """Unpacks a zip or tar file beside `target`; leaving the block renames it to `target`.

    The block can so look at the content first: where it raises, nothing is left behind.

    Args:
        archive: The file.
        target: The folder to make, which must not exist.
        members: Regular expression of the members to take; its first group is their path.

    Yields:
        The temporary folder that holds the content.

    Raises:
        DataError: The archive is damaged or holds what a data set has no need of.
        CacheError: The folder cannot be written.
    """
    temporary = target.with_name(target.name + ".unpacking")
    # The caller holds the lock, so such a folder is what a killed run left.
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with cache_writes(target.parent, 3 * archive.stat().st_size):
            temporary.mkdir(parents=True)
            _unpack(archive, temporary, re.compile(members))
        yield temporary
        with cache_writes(target.parent, 0):
            os.replace(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _unpack(archive: Path, folder: Path, members: re.Pattern[str]) -> None:
    total = count = 0
    try:
        for member in _members(archive):
            _refuse_unsafe(archive, member)
            total, count = total + member.size, count + 1
            if total > MAX_BYTES or count > MAX_FILES:
                raise DataError(
                    f"{archive.name} would unpack to more than {MAX_BYTES / 1e9:g} GB or "
                    f"{MAX_FILES:,} files, which no data set of the course does. It was not "
                    "unpacked. Get it from its canonical address."
                )
            match = members.fullmatch(member.name)
            if match and member.content is not None:
                _write(archive, member, folder / match.group(1))
    except DataError:
        raise
    except _DAMAGE as error:
        raise DataError(
            f"{archive.name} is damaged or cut short ({error}). Fetch it again."
        ) from error


def _members(archive: Path) -> Iterator[_Member]:
    if tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            for entry in tar:
                if not entry.isdir():
                    content = tar.extractfile(entry) if entry.isfile() else None
                    yield _Member(entry.name, entry.size, entry.isfile(), content)
        return
    # A zip file without its end is still named as a damaged zip by zipfile itself.
    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            if not info.is_dir():
                kind = stat.S_IFMT(info.external_attr >> 16)
                with file.open(info) as content:
                    yield _Member(info.filename, info.file_size, kind in (0, stat.S_IFREG), content)


def _refuse_unsafe(archive: Path, member: _Member) -> None:
    parts = member.name.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or ":" in member.name:
        fault = "a path outside its folder"
    elif not member.plain:
        fault = "a link or a device"
    else:
        return
    raise DataError(
        f"{archive.name} holds {fault} ({member.name!r}), so it is not what it claims to be. "
        "Nothing of it was used. Get it from its canonical address."
    )


def _write(archive: Path, member: _Member, path: Path) -> None:
    if path.exists():
        raise DataError(f"{archive.name} holds {member.name!r} twice. Fetch it again.")
    path.parent.mkdir(parents=True, exist_ok=True)
    assert member.content is not None
    with path.open("wb") as file:
        shutil.copyfileobj(member.content, file, CHUNK)
    if path.stat().st_size != member.size:
        raise EOFError(f"{member.name} ends early")
