"""The registry is complete, and the embedded and mirrored files are what it says."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from pathlib import Path

import pytest

from karpa_helpers.data import images, sources, store

MIRROR = os.environ.get("KARPA_DATA_MIRROR", "")

# md5 sums of the unpacked images of Fashion-MNIST, published beside the mirror's copy of the data.
PUBLISHED_MD5 = {
    "train-images-idx3-ubyte.gz": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "t10k-images-idx3-ubyte.gz": "8181f5470baa50b63fa0f6fddb340f0a",
}
# md5 sums of MNIST's packed files, as its mirrors and many loaders state them.
PUBLISHED_MD5_MNIST = {
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}


@pytest.mark.parametrize("source", sources.SOURCES.values(), ids=lambda source: source.name)
def test_entry_is_complete(source):
    assert source.licence
    assert source.contents
    assert source.embedded
    assert source.items
    for item in source.items:
        assert re.fullmatch("[0-9a-f]{64}", item.sha256)
        assert item.size > 0
        assert item.urls
        assert all(url.startswith(("http://", "https://")) for url in item.urls)
        assert re.compile(item.members).groups == 1


def test_names_are_the_keys():
    assert all(name == source.name for name, source in sources.SOURCES.items())


def test_embedded_files_are_upstreams_and_carry_their_licence():
    packed = images.EMBEDDED / "t10k-images-idx3-ubyte.gz"
    content = gzip.decompress(packed.read_bytes())
    assert hashlib.md5(content).hexdigest() == PUBLISHED_MD5[packed.name]
    licence = (images.EMBEDDED / "fashion-mnist-LICENSE.txt").read_text(encoding="utf-8")
    assert "Copyright (c) 2017 Zalando SE" in licence
    assert "MIT" in licence


@pytest.mark.skipif(not MIRROR, reason="KARPA_DATA_MIRROR is not set")
@pytest.mark.parametrize("name", sources.SOURCES)
def test_mirror_holds_what_the_registry_says(name, monkeypatch):
    monkeypatch.setenv("KARPA_DATA_MIRROR", MIRROR)
    found = store.fetch(name)
    assert found.origin in ("the mirror", "the system's package")
    for file, path in found.paths.items():
        content = Path(path).read_bytes() if Path(path).is_file() else b""
        if name == "fashion_mnist" and file in PUBLISHED_MD5:
            assert hashlib.md5(gzip.decompress(content)).hexdigest() == PUBLISHED_MD5[file]
        if name == "mnist":
            assert hashlib.md5(content).hexdigest() == PUBLISHED_MD5_MNIST[file]


@pytest.mark.skipif(not MIRROR, reason="KARPA_DATA_MIRROR is not set")
def test_sizes_stated_are_near_those_of_the_mirror():
    for source in sources.SOURCES.values():
        for item in source.items:
            path = Path(MIRROR) / source.mirror_folder / item.packed_name
            size = path.stat().st_size
            if item.form == "text" and path.suffix == ".gz":  # the address serves it plain
                size = len(gzip.decompress(path.read_bytes()))
            assert item.size == pytest.approx(size, rel=0.05)
