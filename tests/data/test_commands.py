"""The commands of `python -m karpa_helpers data`."""

from __future__ import annotations

import hashlib

import pytest

from karpa_helpers import __main__, runtime
from karpa_helpers.data import sources

CONTENT = b"the right content"


@pytest.fixture
def call(tmp_path, monkeypatch):
    """A function that runs a command with a toy set in a mirror."""
    item = sources.Item("toy.txt", hashlib.sha256(CONTENT).hexdigest(), 17, ("https://x.invalid",))
    source = sources.Source("toy", "Toy set", "one file", "CC0", (item,), "a default")
    monkeypatch.setattr(__main__, "SOURCES", {"toy": source})
    monkeypatch.setitem(sources.SOURCES, "toy", source)
    (tmp_path / "mirror" / "toy").mkdir(parents=True)
    (tmp_path / "mirror" / "toy" / "toy.txt").write_bytes(CONTENT)
    monkeypatch.setenv("KARPA_DATA_MIRROR", str(tmp_path / "mirror"))
    return lambda *words: __main__.main(["data", *words])


def test_list_shows_licence_and_place(call, capsys):
    assert call("list") == 0
    printed = capsys.readouterr().out
    assert "CC0" in printed
    assert "mirror" in printed
    assert "Without it: a default" in printed


def test_fetch_prints_where_the_files_are(call, capsys, tmp_path):
    assert call("fetch", "toy") == 0
    assert str(tmp_path / "mirror" / "toy" / "toy.txt") in capsys.readouterr().out


def test_fetch_from_an_own_folder_without_the_file_fails(call, capsys, tmp_path):
    assert call("fetch", "toy", "--from", str(tmp_path)) == 1
    assert "does not exist" in capsys.readouterr().err


def test_fetch_of_an_unknown_set_is_one_line(call, capsys):
    assert call("fetch", "imagenet") == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("There is no data set 'imagenet'")
    assert captured.err.count("\n") == 1


def test_verify_and_clear(call, cache, capsys):
    path = cache / "data" / "toy" / "toy.txt"
    assert call("verify") == 0
    assert "toy/toy.txt: missing" in capsys.readouterr().out
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert call("verify", "toy") == 0
    assert "toy/toy.txt: ok" in capsys.readouterr().out
    path.write_bytes(b"wrong")
    assert call("verify") == 1
    assert "fetch toy" in capsys.readouterr().err
    program = runtime.compiled_folder() / "of-this-processor" / "program-cache"
    program.parent.mkdir(parents=True)
    program.write_bytes(bytes(3_000_000))
    assert call("clear", "toy") == 0
    assert program.exists()
    assert call("clear") == 0
    assert not path.exists()
    assert not program.exists()
    assert "compiled programs: 3.0 MB freed" in capsys.readouterr().out
