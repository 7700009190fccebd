"""The table of data sets: what each holds, its terms, its files with their checksums."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Form = Literal["file", "gzip", "text", "archive"]


@dataclass(frozen=True)
class Item:
    """One file of a data set, or one archive that is unpacked into a folder.

    Attributes:
        name: The file in the cache; for an archive, the folder that it is unpacked into.
        sha256: The checksum of the content, whatever it was packed with: of a file's bytes, of
            what a gzip file holds, or of an unpacked folder as `archives.tree_digest` defines it.
        size: Bytes to download, about.
        urls: Canonical addresses, the first that works is used.
        form: How the content is packed; "text" is a plain file that may also come as gzip.
        packed: The file's name in a mirror or in the learner's folder, where it is not `name`.
        members: For an archive: a regular expression that matches the members to unpack. Its
            first group is the path in the folder.
    """

    name: str
    sha256: str
    size: int
    urls: tuple[str, ...]
    form: Form = "file"
    packed: str = ""
    members: str = "(.+)"

    @property
    def packed_name(self) -> str:
        """The file's name where it lies as it was published."""
        return self.packed or self.name


@dataclass(frozen=True)
class Source:
    """A data set.

    Attributes:
        name: Its key in SOURCES and its folder in the cache.
        title: Its name in print.
        contents: What is in it, in a few words.
        licence: Its terms and credit, printed when it is used.
        items: Its files.
        embedded: What the course uses where none of it can be had.
        mirror: Its folder in a mirror, where that is not `name`.
        system: Folders of system packages that may hold it.
        changes: What to do where the address serves something else by now.
    """

    name: str
    title: str
    contents: str
    licence: str
    items: tuple[Item, ...]
    embedded: str
    mirror: str = ""
    system: tuple[str, ...] = ()
    changes: str = ""

    @property
    def size(self) -> int:
        """Bytes to download in all, about."""
        return sum(item.size for item in self.items)

    @property
    def mirror_folder(self) -> str:
        """Its folder in a mirror."""
        return self.mirror or self.name

    def item(self, name: str) -> Item:
        """The item of that name."""
        return next(item for item in self.items if item.name == name)


def _read_table(path: Path) -> dict[str, Source]:
    def fields(entry: dict[str, Any]) -> dict[str, Any]:
        return {key: tuple(v) if isinstance(v, list) else v for key, v in entry.items()}

    sources = {}
    for name, entry in tomllib.loads(path.read_text("utf-8")).items():
        items = [Item(**fields(item)) for item in entry.pop("items")]
        sources[name] = Source(name, items=tuple(items), **fields(entry))
    return sources


SOURCES = _read_table(Path(__file__).with_name("sources.toml"))
FASHION_MNIST = SOURCES["fashion_mnist"]
FACES = SOURCES["faces"]
TATOEBA = SOURCES["tatoeba"]
MULTI30K = SOURCES["multi30k"]
MNIST = SOURCES["mnist"]
NAMES = SOURCES["names"]
SHAKESPEARE = SOURCES["shakespeare"]
