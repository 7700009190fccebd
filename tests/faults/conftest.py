"""A server with faults, an empty cache, and small data sets whose address is that server."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_server import CONTENT, FILES, Server, register

from karpa_helpers.data import archives, download, sources


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.http.shutdown()
    running.http.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no mirror, no waiting between attempts; returns KARPA_CACHE."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("KARPA_CACHE", str(folder))
    monkeypatch.delenv("KARPA_DATA_MIRROR", raising=False)
    monkeypatch.delenv("KARPA_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.0)
    return folder


@pytest.fixture
def toy(server: Server, monkeypatch: pytest.MonkeyPatch) -> sources.Source:
    """A data set of one gzip file at the server."""
    item = sources.Item(
        name="toy.gz",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size=len(gzip.compress(CONTENT)),
        urls=(server.url("toy.gz"),),
        form="gzip",
    )
    return register(monkeypatch, item)


@pytest.fixture
def toy_archive(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sources.Source:
    """A data set of two files in a zip or tar archive at the server."""
    folder = tmp_path / "original"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    item = sources.Item(
        name="files",
        packed="toy.zip",
        sha256=archives.tree_digest(folder),
        size=1000,
        urls=(server.url("toy.zip"),),
        form="archive",
    )
    return register(monkeypatch, item)
