"""A cache that is read-only, full, damaged, or wanted by two processes at once."""

from __future__ import annotations

import errno
import gzip
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from fault_server import CONTENT, FILES, failure, fetched, good, leftovers, resized, zipped

from karpa_helpers.data import archives, download, errors, store

BODY = gzip.compress(CONTENT, mtime=0)


@pytest.fixture
def mounted(tmp_path):
    """A function that mounts a tmpfs with the given options and returns its folder."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a file system")
    mounts: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"mount{len(mounts)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
        mounts.append(folder)
        return folder

    yield mount
    for folder in mounts:
        subprocess.run(["umount", str(folder)], check=True)


def test_cache_that_is_a_file_is_named_with_the_remedy(server, toy, cache, monkeypatch):
    cache.write_text("not a folder")
    server.answer("toy.gz", good(BODY))
    message = failure()
    assert str(cache) in message
    assert "set KARPA_CACHE to a folder with" in message
    assert server.requests == []
    monkeypatch.setenv("KARPA_CACHE", str(cache.with_name("other")))
    assert fetched() == CONTENT


def test_folder_that_refuses_writing_is_named(server, toy, cache, monkeypatch):
    server.answer("toy.gz", good(BODY))

    def refuse(*arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        message = failure()
    assert "cannot be written (Permission denied)" in message
    assert "set KARPA_CACHE" in message
    assert fetched() == CONTENT


def test_read_only_file_system(server, toy, mounted, monkeypatch):
    folder = mounted("size=4m")
    server.answer("toy.gz", good(BODY))
    monkeypatch.setenv("KARPA_CACHE", str(folder))
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    assert "cannot be written (Read-only file system)" in failure()
    subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
    assert fetched() == CONTENT
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    assert fetched() == CONTENT  # what is there can still be read


def test_disk_that_fills_up_while_downloading(server, toy, mounted, monkeypatch):
    folder = mounted("size=64k")
    monkeypatch.setenv("KARPA_CACHE", str(folder))
    body = gzip.compress(CONTENT, 0)
    resized(monkeypatch, toy, 1000)  # far less than what comes, so that the download begins
    server.answer("toy.gz", good(body))
    message = failure()
    assert f"The disk that holds {folder}" in message
    assert "is full" in message
    assert "set KARPA_CACHE to a folder with" in message
    assert leftovers() == []
    subprocess.run(["mount", "-o", "remount,size=4m", str(folder)], check=True)
    assert fetched() == CONTENT


def test_disk_that_fills_up_while_unpacking(server, toy_archive, mounted, monkeypatch):
    folder = mounted("size=32k")
    monkeypatch.setenv("KARPA_CACHE", str(folder))
    server.answer("toy.zip", good(zipped({"a.txt": bytes(200_000)})))
    assert "is full" in failure()
    assert leftovers() == []
    server.answer("toy.zip", good(zipped(FILES)))
    assert sorted(path.name for path in store.fetch("toy").paths["files"].iterdir()) == [
        "a.txt",
        "b.txt",
    ]


def test_disk_without_room_is_seen_before_the_download(server, toy, monkeypatch):
    resized(monkeypatch, toy, 10**15)
    server.answer("toy.gz", good(BODY))
    message = failure()
    assert "is full" in message
    assert "1000000000.0 MB free" in message
    assert server.requests == []


def test_full_disk_leaves_nothing_behind(server, toy, monkeypatch):
    """Runs everywhere: the system's refusal is imitated in the middle of the transfer."""
    server.answer("toy.gz", good(BODY))

    def fill(target, chunk):
        target.file.write(chunk[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(download._Target, "write", fill)
        message = failure()
    assert "is full" in message
    assert "set KARPA_CACHE" in message
    assert leftovers() == []
    assert fetched() == CONTENT


def test_full_disk_is_not_taken_for_a_fault_of_the_address(server, toy, monkeypatch):
    server.answer("toy.gz", good(BODY))

    def refuse(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(errors.CacheError):
        store.fetch("toy")
    assert len(server.requests) == 1


def test_damaged_file_in_the_cache_is_replaced(server, toy, capsys):
    server.answer("toy.gz", good(BODY))
    path = store.fetch("toy").paths["toy.gz"]
    path.write_bytes(BODY[:-20])
    assert fetched() == CONTENT
    assert "damaged and will be replaced" in capsys.readouterr().out
    assert len(server.requests) == 2


def test_damaged_folder_in_the_cache_is_replaced(server, toy_archive):
    server.answer("toy.zip", good(zipped(FILES)))
    folder = store.fetch("toy").paths["files"]
    (folder / "a.txt").unlink()
    folder = store.fetch("toy").paths["files"]
    assert archives.tree_digest(folder) == toy_archive.items[0].sha256


CHILD = """
import sys
from karpa_helpers.data import sources, store
url, digest = sys.argv[1:]
item = sources.Item("toy.gz", digest, 1000, (url,), "gzip")
sources.SOURCES["toy"] = sources.Source("toy", "Toy set", "", "", (item,), "")
print(store.fetch("toy").paths["toy.gz"].stat().st_size, flush=True)
"""


def test_two_processes_at_once_download_once(server, toy):
    asked, release = threading.Event(), threading.Event()

    def held(handler):
        asked.set()
        release.wait(60)
        good(BODY)(handler)

    server.answer("toy.gz", held)
    command = [sys.executable, "-u", "-c", CHILD, server.url("toy.gz"), toy.items[0].sha256]

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
        )

    first = start()
    assert asked.wait(60)
    second = start()
    assert second.stdout is not None
    assert "another process is getting it, waiting" in second.stdout.readline()
    release.set()
    outcomes = [process.communicate(timeout=60) for process in (first, second)]
    assert [process.returncode for process in (first, second)] == [0, 0], outcomes
    assert all(out.splitlines()[-1] == str(len(BODY)) for out, _ in outcomes)
    assert len(server.requests) == 1
    assert leftovers() == ["toy.gz"]


def test_lock_that_is_never_given_back_is_named(server, toy, monkeypatch):
    from filelock import FileLock

    server.answer("toy.gz", good(BODY))
    store.cache_folder().mkdir(parents=True)
    lock = store.cache_folder() / "toy.lock"
    monkeypatch.setattr(store, "WAIT_SECONDS", 0.1)
    with FileLock(lock):
        assert str(lock) in failure()
    assert fetched() == CONTENT
