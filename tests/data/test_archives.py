"""Content checksums against hashlib used by hand; unpacking of what an item's members name."""

from __future__ import annotations

import gzip
import hashlib
import zipfile

import pytest

from karpa_helpers.data import archives
from karpa_helpers.data.sources import Item


def item(form: str, members: str = "(.+)") -> Item:
    return Item("name", "0" * 64, 1, ("https://example.org/name",), form, members=members)


def test_file_digest_is_sha256_of_its_bytes(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    # The test vector of FIPS 180-2.
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert archives.content_digest(path, item("file")) == expected


def test_gzip_digest_does_not_depend_on_the_compression(tmp_path):
    content = b"abc" * 1000
    digests = set()
    for level in (1, 9):
        path = tmp_path / f"{level}.gz"
        path.write_bytes(gzip.compress(content, level, mtime=level))
        digests.add(archives.content_digest(path, item("gzip")))
    assert digests == {hashlib.sha256(content).hexdigest()}


@pytest.mark.parametrize("body", [b"", b"plain", gzip.compress(b"abc" * 1000, mtime=0)[:-5]])
def test_damaged_gzip_has_no_digest_that_could_match(tmp_path, body):
    path = tmp_path / "file.gz"
    path.write_bytes(body)
    assert archives.content_digest(path, item("gzip")) in ("", hashlib.sha256(b"").hexdigest())


def test_gzip_bomb_is_not_unpacked_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(1001), mtime=0))
    assert archives.content_digest(path, item("gzip")) == ""


def test_tree_digest_covers_names_and_contents_in_order(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.txt").write_bytes(b"two")
    (tmp_path / "a.txt").write_bytes(b"one")
    by_hand = b"a.txt\0" + hashlib.sha256(b"one").digest()
    by_hand += b"b/2.txt\0" + hashlib.sha256(b"two").digest()
    assert archives.tree_digest(tmp_path, r"(.+\.txt)") == hashlib.sha256(by_hand).hexdigest()


def test_tree_digest_ignores_what_a_file_manager_adds(tmp_path):
    (tmp_path / "00000.jpg").write_bytes(b"one")
    before = archives.tree_digest(tmp_path, r"(?:.*/)?(\d{5}\.jpg)")
    (tmp_path / ".DS_Store").write_bytes(b"noise")
    assert archives.tree_digest(tmp_path, r"(?:.*/)?(\d{5}\.jpg)") == before
    (tmp_path / "00001.jpg").write_bytes(b"one more")
    assert archives.tree_digest(tmp_path, r"(?:.*/)?(\d{5}\.jpg)") != before


def test_members_are_chosen_and_placed_by_their_pattern(tmp_path):
    packed, target = tmp_path / "a.zip", tmp_path / "out"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("repository/faces/00000.jpg", b"face")
        archive.writestr("repository/README.md", b"text")
    archives.unpack(packed, target, r"(?:.*/)?(\d{5}\.jpg)")
    files = [path.relative_to(target).as_posix() for path in archives.tree_files(target)]
    assert files == ["00000.jpg"]


def test_a_text_counts_by_its_content_plain_or_packed(tmp_path):
    content = b"to be or not to be\n"
    plain, packed, broken = (tmp_path / name for name in ("a.txt", "a.txt.gz", "b.txt.gz"))
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content, mtime=0))
    broken.write_bytes(gzip.compress(content, mtime=0)[:-9])
    expected = hashlib.sha256(content).hexdigest()
    for path in (plain, packed):
        assert archives.content_digest(path, item("text")) == expected
    assert archives.content_digest(broken, item("text")) == ""
