"""Archives that are damaged or made to do harm: refused with one message, nothing left behind."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile

import pytest
from fault_server import FILES, failure, good, leftovers, zipped

from karpa_helpers.data import archives, store

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


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (GOOD[: len(GOOD) // 2], "damaged or cut short"),
        (tarred()[:100], "damaged or cut short"),
        (damaged_in_the_middle(), "damaged or cut short"),
        (b"no archive at all", "damaged or cut short"),
        (zipped({**FILES, "../evil.txt": b"out"}), "a path outside its folder"),
        (zipped({**FILES, "/evil.txt": b"out"}), "a path outside its folder"),
        (zipped({**FILES, "..\\evil.txt": b"out"}), "a path outside its folder"),
        (zipped({**FILES, "C:/evil.txt": b"out"}), "a path outside its folder"),
        (zip_with_link(), "a link or a device"),
        (tarred(tar_entry("link", tarfile.SYMTYPE, "../../evil")), "a link or a device"),
        (tarred(tar_entry("hard", tarfile.LNKTYPE, "a.txt")), "a link or a device"),
        (tarred(tar_entry("pipe", tarfile.FIFOTYPE)), "a link or a device"),
        (tarred(tar_entry("../evil.txt", tarfile.REGTYPE)), "a path outside its folder"),
        (tarred(tar_entry("a.txt", tarfile.REGTYPE)), "twice"),
        (zipped({"a.txt": b"changed"}), "wrong checksum"),
        (zipped({**FILES, "c.txt": b"one more"}), "wrong checksum"),
    ],
    ids=[
        "cut-zip",
        "cut-tar",
        "damaged",
        "no-archive",
        "zip-up",
        "zip-absolute",
        "zip-backslash",
        "zip-drive",
        "zip-link",
        "tar-link",
        "tar-hard-link",
        "tar-pipe",
        "tar-up",
        "tar-twice",
        "changed",
        "one-more",
    ],
)
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
    stale = store.cache_folder() / "toy" / "files.unpacking"
    stale.mkdir(parents=True)
    (stale / "a.txt").write_bytes(b"half")
    server.answer("toy.zip", good(GOOD))
    assert unpacked_files() == FILES
    assert leftovers() == sorted(FILES)
