"""Finds a data set: the learner's folder, the cache, the system, a mirror, or the address.

Nothing is used whose checksum is wrong. Three environment variables steer it: KARPA_CACHE (where
the cache lies), KARPA_DATA_MIRROR (a folder with copies of the data sets, one folder each) and
KARPA_OFFLINE=1 (no network).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from karpa_helpers.data.archives import content_digest, unpacked
from karpa_helpers.data.download import download
from karpa_helpers.data.errors import (
    CacheError,
    DataError,
    cache_writes,
    megabytes,
    require_space,
)
from karpa_helpers.data.sources import SOURCES, Item, Source

WAIT_SECONDS = 900.0

_announced: set[str] = set()


@dataclass(frozen=True)
class Fetched:
    """A data set at hand.

    Attributes:
        paths: For each item's name its file, or the folder of its unpacked archive.
        origin: Where it came from, in words.
    """

    paths: dict[str, Path]
    origin: str


def find_source(name: str) -> Source:
    """The registry's entry for a data set.

    Raises:
        DataError: There is no such data set.
    """
    if name not in SOURCES:
        raise DataError(f"There is no data set {name!r}. There are: {', '.join(SOURCES)}.")
    return SOURCES[name]


def cache_folder() -> Path:
    """The folder of the cache: `data` in KARPA_CACHE, or else in the user's cache folder."""
    chosen = os.environ.get("KARPA_CACHE", "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute() / "data"
    import platformdirs

    return Path(platformdirs.user_cache_dir("karpa", appauthor=False)) / "data"


def offline() -> bool:
    """Whether KARPA_OFFLINE forbids the network."""
    return os.environ.get("KARPA_OFFLINE", "").strip().lower() not in ("", "0", "no", "false")


def fetch(name: str, folder: str | Path | None = None) -> Fetched:
    """Gets a data set from the first place that has it, and checks it.

    Args:
        name: A key of `sources.SOURCES`.
        folder: A folder with the learner's own copy of its files; no other place is then used.

    Returns:
        The files and where they came from.

    Raises:
        DataError: No place has it with the right checksum. The message names what was tried.
    """
    source = find_source(name)
    paths, origins = {}, []
    for item in source.items:
        paths[item.name], origin = _find(source, item, folder)
        origins.append(origin)
    return Fetched(paths, ", ".join(dict.fromkeys(origins)))


def fetch_or_explain(name: str, folder: str | Path | None = None) -> Fetched | None:
    """`fetch` for a loader that has an embedded default: prints what was used, or why it was not.

    Args:
        name: A key of `sources.SOURCES`.
        folder: A folder with the learner's own copy; then a failure is an error.

    Returns:
        The files, or None where the embedded default is to be used.

    Raises:
        DataError: `folder` was given and does not hold the right files.
    """
    source = find_source(name)
    try:
        found = fetch(name, folder)
    except DataError as error:
        if folder is not None:
            raise
        announce(f"{name} missing", str(error))
        print(f"Used instead of {source.title}: {source.embedded}.")
        return None
    announce(
        f"{name} {found.origin}",
        f"{source.title} from {found.origin}: {source.contents} ({megabytes(source.size)}). "
        f"Licence: {source.licence}.",
    )
    return found


def announce(key: str, text: str) -> None:
    """Prints `text` the first time that `key` is announced in this process."""
    if key not in _announced:
        _announced.add(key)
        print(text)


def item_state(source: Source, item: Item) -> str:
    """What the cache holds of an item: "ok", "missing" or "damaged"."""
    path = _cached(source, item)
    if not os.path.exists(path):
        return "missing"
    return "ok" if _matches(path, item) else "damaged"


def whereabouts(source: Source) -> str:
    """Where a data set is at hand without the network, by the presence of its files."""
    if all(os.path.exists(_cached(source, item)) for item in source.items):
        return "cache"
    for label, place in _places(source):
        if all(os.path.isfile(place / item.packed_name) for item in source.items):
            return label.removeprefix("the ")
    return "address"


def clear(source: Source) -> int:
    """Removes a data set from the cache and returns the bytes freed."""
    folder = cache_folder() / source.name
    if not folder.is_dir():
        return 0
    with _locked(source):
        freed = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        with cache_writes(folder, 0):
            shutil.rmtree(folder)
    return freed


def _find(source: Source, item: Item, folder: str | Path | None) -> tuple[Path, str]:
    """An item that has the right checksum, and its origin in words."""
    if folder is not None:
        return _use(source, item, Path(folder).expanduser() / item.packed_name), "your folder"
    target = _cached(source, item)
    if os.path.exists(target):
        if _matches(target, item):
            return target, "the cache"
        print(f"{source.title}: {item.name} in the cache is damaged and will be replaced.")
    troubles = []
    for label, place in _places(source):
        if os.path.isfile(place / item.packed_name):
            try:
                return _use(source, item, place / item.packed_name), label
            except CacheError:
                raise
            except DataError as error:
                troubles.append(f"{label}: {error}")
    return _download_first(source, item, troubles)


def _places(source: Source) -> list[tuple[str, Path]]:
    """Folders other than the cache that may hold a data set, with their names in print."""
    places = [("the system's package", Path(folder)) for folder in source.system]
    mirror = os.environ.get("KARPA_DATA_MIRROR", "").strip()
    if mirror:
        places.append(("the mirror", Path(mirror).expanduser() / source.mirror_folder))
    return places


def _use(source: Source, item: Item, packed: Path) -> Path:
    """Checks a file that lies outside the cache; an archive is unpacked into the cache."""
    if not os.path.isfile(packed):
        raise DataError(f"{packed} does not exist. It should be {source.title}'s {item.name}.")
    if item.form == "archive":
        with _locked(source):
            return _unpack(source, item, packed)
    _check(source, item, packed, packed.name)
    return packed


def _download_first(source: Source, item: Item, troubles: list[str]) -> tuple[Path, str]:
    """Tries an item's addresses in turn."""
    if offline():
        troubles.append("KARPA_OFFLINE is set, so no address was tried")
    else:
        with _locked(source):
            target = _cached(source, item)
            if os.path.exists(target) and _matches(target, item):  # by the process waited for
                return target, "the cache"
            for url in item.urls:
                try:
                    return _download(source, item, url), str(urlsplit(url).hostname)
                except CacheError:
                    raise
                except DataError as error:
                    troubles.append(str(error))
    reasons = "\n".join(f"- {trouble}" for trouble in dict.fromkeys(troubles))
    raise DataError(f"{source.title}: {item.packed_name} could not be had.\n{reasons}")


def _download(source: Source, item: Item, url: str) -> Path:
    target = _cached(source, item)
    packed = target.with_name(item.packed_name + ".new")
    host = urlsplit(url).hostname
    print(f"Downloading {item.packed_name} ({megabytes(item.size)}) from {host} ...")
    with cache_writes(target.parent, 3 * item.size):
        require_space(target.parent, 3 * item.size if item.form == "archive" else item.size)
    try:
        download(url, packed, item.size)
        if item.form == "archive":
            return _unpack(source, item, packed)
        _check(source, item, packed, url)
        with cache_writes(target.parent, item.size):
            os.replace(packed, target)
    finally:
        packed.unlink(missing_ok=True)
    return target


def _unpack(source: Source, item: Item, packed: Path) -> Path:
    target = _cached(source, item)
    if os.path.exists(target) and _matches(target, item):
        return target
    with unpacked(packed, target, item.members) as folder:
        _check(source, item, folder, packed.name.removesuffix(".new"))
        with cache_writes(target.parent, 0):
            shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
    return target


def _check(source: Source, item: Item, path: Path, called: str) -> None:
    if not _matches(path, item):
        advice = source.changes or "Get it again; if that does not help, the source has changed."
        raise DataError(f"{called} has a wrong checksum, so it is not used. {advice}")


def _matches(path: Path, item: Item) -> bool:
    """Whether a path holds an item's content, to the bit."""
    try:
        if path.is_dir() != (item.form == "archive"):
            return False
        return content_digest(path, item) == item.sha256
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}). Make it readable, or remove it."
        ) from error


def _cached(source: Source, item: Item) -> Path:
    return cache_folder() / source.name / item.name


@contextmanager
def _locked(source: Source) -> Iterator[None]:
    """Makes the data set's cache folder and keeps other processes from changing it."""
    from filelock import FileLock, Timeout

    folder = cache_folder() / source.name
    lock = FileLock(folder.with_name(source.name + ".lock"))
    with cache_writes(cache_folder(), source.size):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            print(f"{source.title}: another process is getting it, waiting for that ...")
            try:
                lock.acquire(timeout=WAIT_SECONDS)
            except Timeout as error:
                raise DataError(
                    f"{source.title}: another process has held {lock.lock_file} for "
                    f"{WAIT_SECONDS / 60:g} minutes. End that process, then try again."
                ) from error
        folder.mkdir(parents=True, exist_ok=True)  # a `clear` may have come between
    try:
        yield
    finally:
        lock.release()
