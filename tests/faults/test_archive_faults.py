"""Archives that are damaged or made to do harm: refused with one message, nothing left behind."""

from __future__ import annotations

import gzip
import io
import random
import stat
import tarfile
import tracemalloc
import zipfile

import pytest
from fault_server import FILES, failure, good, leftovers, status, zipped

from karpa_helpers.data import archives, errors, store

GOOD = zipped(FILES)


def tarred(*extra: tarfile.TarInfo, mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in FILES.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in extra:
            archive.addfile(info)
    return buffer.getvalue()


def tar_entry(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def zip_with_link() -> bytes:
    buffer = io.BytesIO(GOOD)
    with zipfile.ZipFile(buffer, "a") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


def zip_with_directory_before_its_start() -> bytes:
    body = bytearray(GOOD)
    body[-6:-2] = b"\xff\xff\xff\x7f"  # where the directory begins
    return bytes(body)


def tar_header_of_gigabytes(kind: bytes) -> bytes:
    """A header that claims 8 GB, with 32 MB of zeros behind it: 32 kB to download."""
    info = tar_entry("long", kind)
    info.size = 8 * 2**30
    return gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(2**25))


def tar_of_headers(kind: bytes, count: int) -> bytes:
    """Headers that each announce another."""
    info = tar_entry("long", kind)
    info.size = 512
    return gzip.compress((info.tobuf(tarfile.GNU_FORMAT) + b"a".ljust(512, b"\0")) * count)


HEADERS = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE)


def unpacked_files() -> dict[str, bytes]:
    folder = store.fetch("toy").paths["files"]
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def damaged_in_the_middle() -> bytes:
    body = bytearray(zipped({"a.txt": bytes(range(256)) * 40, **FILES}))
    body[60:80] = bytes(20)
    return bytes(body)


@pytest.mark.parametrize("body", [GOOD, tarred(), tarred(mode="w")], ids=["zip", "tar.gz", "tar"])
def test_good_archive_is_unpacked(server, toy_archive, body):
    server.answer("toy.zip", good(body))
    assert unpacked_files() == FILES
    assert leftovers() == sorted(FILES)


BAD = {
    "cut-zip": (GOOD[: len(GOOD) // 2], "damaged or cut short"),
    "cut-tar": (tarred()[:100], "damaged or cut short"),
    "damaged": (damaged_in_the_middle(), "damaged or cut short"),
    "no-archive": (b"no archive at all", "damaged or cut short"),
    "empty": (b"", "damaged or cut short"),
    "zip-directory": (zip_with_directory_before_its_start(), "damaged or cut short"),
    "zip-up": (zipped({**FILES, "../evil.txt": b"out"}), "a path outside its folder"),
    "zip-absolute": (zipped({**FILES, "/evil.txt": b"out"}), "a path outside its folder"),
    "zip-backslash": (zipped({**FILES, "..\\evil.txt": b"out"}), "a path outside its folder"),
    "zip-drive": (zipped({**FILES, "C:/evil.txt": b"out"}), "a path outside its folder"),
    "zip-up-folder": (zipped({**FILES, "../evil/": b""}), "a path outside its folder"),
    "zip-long-path": (zipped({**FILES, "../" + "a" * 9999: b"out"}), "a path outside its folder"),
    "zip-link": (zip_with_link(), "a link or a device"),
    "zip-file-as-folder": (zipped({**FILES, "a.txt/evil.txt": b"out"}), "twice"),
    "zip-folder-as-file": (zipped({"a.txt/evil": b"out", **FILES}), "twice"),
    "zip-long-name": (zipped({**FILES, "a" * 300: b"out"}), "damaged or cut short"),
    "tar-link": (tarred(tar_entry("link", tarfile.SYMTYPE, "../../evil")), "a link or a device"),
    "tar-hard-link": (tarred(tar_entry("hard", tarfile.LNKTYPE, "a.txt")), "a link or a device"),
    "tar-pipe": (tarred(tar_entry("pipe", tarfile.FIFOTYPE)), "a link or a device"),
    "tar-up": (tarred(tar_entry("../evil.txt", tarfile.REGTYPE)), "a path outside its folder"),
    "tar-up-folder": (tarred(tar_entry("../evil", tarfile.DIRTYPE)), "a path outside its folder"),
    "tar-twice": (tarred(tar_entry("a.txt", tarfile.REGTYPE)), "twice"),
    "tar-headers": (tar_of_headers(tarfile.GNUTYPE_LONGNAME, 5000), "damaged or cut short"),
    "changed": (zipped({"a.txt": b"changed"}), "wrong checksum"),
    "one-more": (zipped({**FILES, "c.txt": b"one more"}), "wrong checksum"),
}
bad_archives = pytest.mark.parametrize(("body", "told"), BAD.values(), ids=list(BAD))


@bad_archives
def test_bad_archive_is_refused_and_the_next_good_one_used(
    server, toy_archive, tmp_path, body, told
):
    server.answer("toy.zip", good(body))
    message = failure()
    assert told in message
    assert "toy.zip" in message
    assert leftovers() == []
    assert not list(tmp_path.rglob("evil*"))
    server.answer("toy.zip", good(GOOD))
    assert unpacked_files() == FILES


@bad_archives
def test_bad_archive_in_the_mirror_is_named_and_the_address_asked(
    server, toy_archive, tmp_path, monkeypatch, body, told
):
    (tmp_path / "mirror" / "toy").mkdir(parents=True)
    (tmp_path / "mirror" / "toy" / "toy.zip").write_bytes(body)
    monkeypatch.setenv("KARPA_DATA_MIRROR", str(tmp_path / "mirror"))
    server.answer("toy.zip", status(404))
    message = failure()
    assert "- the mirror: toy.zip" in message
    assert told in message
    assert "404" in message
    assert len(message) < 1000
    assert "KARPA_CACHE" not in message
    server.answer("toy.zip", good(GOOD))
    assert unpacked_files() == FILES
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.parametrize("body", [GOOD, tarred(), tarred(mode="w")], ids=["zip", "tar.gz", "tar"])
def test_whatever_byte_is_wrong_it_is_the_archive_that_is_named(tmp_path, body):
    rng, faults = random.Random(0), []
    for attempt in range(150):
        wrong = bytearray(body)
        for _ in range(rng.choice([1, 1, 4, 20])):
            wrong[rng.randrange(len(wrong))] = rng.randrange(256)
        cut = wrong[: rng.randrange(len(wrong))] if attempt % 5 == 0 else wrong
        (tmp_path / "toy.zip").write_bytes(cut)
        folder = tmp_path / f"folder{attempt}"
        try:
            archives.unpack(tmp_path / "toy.zip", folder)
        except errors.DataError as error:
            faults.append(error)
    assert len(faults) > 30
    assert all("toy.zip" in str(error) for error in faults)
    assert not any(isinstance(error, errors.CacheError) for error in faults)


@pytest.mark.parametrize("kind", HEADERS, ids=["long-name", "long-link", "pax", "pax-global"])
def test_tar_header_of_gigabytes_is_not_read(server, toy_archive, monkeypatch, kind):
    server.answer("toy.zip", good(tar_header_of_gigabytes(kind)))
    tracemalloc.start()
    message = failure()
    assert tracemalloc.get_traced_memory()[1] < 2**23
    tracemalloc.stop()
    assert "a header claims 8,589,934,592 bytes" in message
    server.answer("toy.zip", good(GOOD))
    assert unpacked_files() == FILES


def test_zip_bomb_is_refused_by_its_declared_size(server, toy_archive, monkeypatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 10_000)
    server.answer("toy.zip", good(zipped({**FILES, "bomb": bytes(20_000)})))
    assert "would unpack to more than" in failure()
    assert leftovers() == []
    server.answer("toy.zip", good(GOOD))
    assert unpacked_files() == FILES


def test_zip_that_declares_less_than_it_holds_is_refused(server, toy_archive):
    body = bytearray(zipped({"bomb": bytes(20_000)}))
    real = (20_000).to_bytes(4, "little")
    assert body.count(real) == 2  # once in the file's head, once in the directory
    server.answer("toy.zip", good(bytes(body).replace(real, (10).to_bytes(4, "little"))))
    assert "damaged or cut short" in failure()
    assert leftovers() == []


def test_archive_of_too_many_files_is_refused(server, toy_archive, monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILES", 5)
    server.answer("toy.zip", good(zipped({f"{i}.txt": b"" for i in range(6)})))
    assert "5 files" in failure()
    assert leftovers() == []


def test_what_a_killed_run_left_does_no_harm(server, toy_archive):
    stale = store.cache_folder() / "toy" / "unfinished" / "unpacked"
    stale.mkdir(parents=True)
    (stale / "a.txt").write_bytes(b"half")
    server.answer("toy.zip", good(GOOD))
    assert unpacked_files() == FILES
    assert leftovers() == sorted(FILES)
