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

from karpa_helpers.data.archives import content_digest, unpack
from karpa_helpers.data.download import download
from karpa_helpers.data.errors import CacheError, DataError, cache_writes, megabytes
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
    """The table's entry for a data set.

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
        return Path(os.path.expanduser(chosen)).absolute() / "data"
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
    return "damaged" if _fault(path, item) else "ok"


def whereabouts(source: Source) -> str:
    """Where a data set is at hand without the network, by the presence of its files."""
    if all(os.path.exists(_cached(source, item)) for item in source.items):
        return "cache"
    for label, place in _folders(source):
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
    troubles = []
    for origin, place in _places(source, item, folder):
        try:
            return _use(source, item, place), origin
        except CacheError:
            raise
        except DataError as error:
            troubles.append(f"{origin}: {error}")
            if origin == "the cache":
                print(f"{source.title}: {item.name} in the cache is damaged and will be replaced.")
    if offline() and folder is None:
        troubles.append("KARPA_OFFLINE is set, so no address was tried")
    reasons = "\n".join(f"- {trouble}" for trouble in dict.fromkeys(troubles))
    raise DataError(f"{source.title}: {item.packed_name} could not be had.\n{reasons}")


def _places(
    source: Source, item: Item, folder: str | Path | None
) -> Iterator[tuple[str, Path | str]]:
    """Where an item may be, in the order to try: a name for it and a path or an address."""
    if folder is not None:
        yield "your folder", Path(os.path.expanduser(folder)) / item.packed_name
        return
    if os.path.exists(_cached(source, item)):
        yield "the cache", _cached(source, item)
    for label, place in _folders(source):
        if os.path.isfile(place / item.packed_name):
            yield label, place / item.packed_name
    if not offline():
        for url in item.urls:
            yield _host(url), url


def _folders(source: Source) -> list[tuple[str, Path]]:
    """Folders other than the cache that may hold a data set, with their names in print."""
    places = [("the system's package", Path(folder)) for folder in source.system]
    mirror = os.environ.get("KARPA_DATA_MIRROR", "").strip()
    if mirror:
        places.append(("the mirror", Path(os.path.expanduser(mirror)) / source.mirror_folder))
    return places


def _use(source: Source, item: Item, place: Path | str) -> Path:
    """Checks a file where it lies; what is an archive or at an address is put into the cache."""
    target = _cached(source, item)
    content = place if isinstance(place, Path) else None
    if content and not os.path.exists(content):
        raise DataError(f"{place} does not exist. It should be {source.title}'s {item.name}.")
    if content and (content == target or item.form != "archive"):
        _check(source, item, content)
        return content
    with _locked(source) as work, cache_writes(target.parent, 3 * item.size):
        if not _fault(target, item):  # got by the process waited for
            return target
        content = content or _download(item, str(place), work / item.packed_name)
        if item.form == "archive":
            unpack(content, work / "unpacked", item.members)
            content = work / "unpacked"
        _check(source, item, content)
        shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
        os.replace(content, target)
    return target


def _download(item: Item, url: str, path: Path) -> Path:
    print(f"Downloading {item.packed_name} ({megabytes(item.size)}) from {_host(url)} ...")
    download(url, path, item.size, 3 * item.size if item.form == "archive" else item.size)
    return path


def _check(source: Source, item: Item, path: Path) -> None:
    if fault := _fault(path, item):
        advice = source.changes or "Get it again; if that does not help, the source has changed."
        raise DataError(f"{fault}, so it is not used. {advice}")


def _fault(path: Path, item: Item) -> str:
    """What is wrong with the content of a path, in words; empty where it is right to the bit."""
    try:
        if path.is_dir() == (item.form == "archive") and content_digest(path, item) == item.sha256:
            return ""
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})"
    return f"{item.packed_name} has a wrong checksum"


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _cached(source: Source, item: Item) -> Path:
    return cache_folder() / source.name / item.name


@contextmanager
def _locked(source: Source) -> Iterator[Path]:
    """Keeps other processes from changing a data set's cache; yields an empty folder to work in."""
    from filelock import FileLock, Timeout

    work = cache_folder() / source.name / "unfinished"
    lock = FileLock(work.parent.with_name(source.name + ".lock"))
    with cache_writes(cache_folder(), source.size):
        cache_folder().mkdir(parents=True, exist_ok=True)
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
    try:
        shutil.rmtree(work, ignore_errors=True)  # what a killed run left
        with cache_writes(work, source.size):
            work.mkdir(parents=True)
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        lock.release()
