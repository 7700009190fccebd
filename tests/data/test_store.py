"""The order of the places, their checks, and what is printed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from karpa_helpers.data import sources, store

CONTENT = b"the right content"


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A set of one plain file that no place has yet."""
    url = "https://example.invalid/toy.txt"
    item = sources.Item("toy.txt", hashlib.sha256(CONTENT).hexdigest(), 17, (url,))
    source = sources.Source(
        "toy", "Toy set", "one file", "CC0", (item,), "a default", system=(str(tmp_path / "sys"),)
    )
    monkeypatch.setitem(sources.SOURCES, "toy", source)
    monkeypatch.setenv("KARPA_DATA_MIRROR", str(tmp_path / "mirror"))
    return source


@pytest.fixture
def put(tmp_path):
    """A function that writes toy.txt in one of the places."""
    places = {
        "own": tmp_path / "own",
        "cache": tmp_path / "cache" / "data" / "toy",
        "system": tmp_path / "sys",
        "mirror": tmp_path / "mirror" / "toy",
    }

    def write(place: str, content: bytes = CONTENT):
        places[place].mkdir(parents=True, exist_ok=True)
        path = places[place] / "toy.txt"
        path.write_bytes(content)
        return path

    return write


def test_places_are_tried_in_order(toy, put):
    found = []
    for place in ("mirror", "system", "cache"):
        put(place)
        found.append(store.fetch("toy").origin)
    assert found == ["the mirror", "the system's package", "the cache"]
    assert store.fetch("toy", put("own").parent).origin == "your folder"


def test_local_files_are_used_where_they_lie(toy, put):
    path = put("mirror")
    assert store.fetch("toy").paths == {"toy.txt": path}
    assert not store.cache_folder().exists()


def test_wrong_file_in_a_place_is_passed_over(toy, put):
    put("system", b"wrong")
    right = put("mirror")
    assert store.fetch("toy").paths["toy.txt"] == right


def test_file_that_cannot_be_read_is_named(toy, put, monkeypatch):
    path = put("mirror")

    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(store, "content_digest", refuse)
    with pytest.raises(store.DataError) as caught:
        store.fetch("toy")
    assert f"{path} cannot be read (Permission denied)" in str(caught.value)


@pytest.fixture
def unreadable(monkeypatch):
    """A function that makes a file refuse to be read, also to root."""
    refused = set()
    real = Path.open

    def opened(path, *arguments, **options):
        if path in refused:
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", opened)
    return refused.add


@pytest.mark.parametrize("place", ["cache", "system"])
def test_file_that_cannot_be_read_is_passed_over(toy, put, unreadable, place):
    unreadable(put(place))
    right = put("mirror")
    assert store.fetch("toy").paths["toy.txt"] == right


def test_cached_file_that_cannot_be_read_is_damaged(toy, put, unreadable):
    unreadable(put("cache"))
    assert store.item_state(toy, toy.items[0]) == "damaged"


def test_archive_that_cannot_be_read_is_named(tmp_path, monkeypatch, unreadable):
    folder = tmp_path / "mirror" / "eng_fra"
    folder.mkdir(parents=True)
    (folder / "fra-eng.zip").write_bytes(b"PK")
    unreadable(folder / "fra-eng.zip")
    monkeypatch.setenv("KARPA_DATA_MIRROR", str(tmp_path / "mirror"))
    with pytest.raises(store.DataError, match=r"fra-eng\.zip .*Permission denied") as caught:
        store.fetch("tatoeba")
    assert "KARPA_CACHE" not in str(caught.value)


@pytest.mark.parametrize("variable", ["KARPA_DATA_MIRROR", "KARPA_CACHE"])
def test_folder_of_a_user_who_is_not_there_is_no_error_of_its_own(toy, monkeypatch, variable):
    monkeypatch.setenv(variable, "~nobody-of-this-name/data")
    with pytest.raises(store.DataError, match="could not be had"):
        store.fetch("toy")


@pytest.mark.parametrize("kind", [str, np.str_, Path])
def test_own_folder_may_be_a_path_or_any_text(toy, put, kind):
    path = put("own")
    assert store.fetch("toy", kind(path.parent)).paths == {"toy.txt": path}


def test_failure_names_every_place_that_was_tried(toy, put):
    put("system", b"wrong")
    put("mirror", b"wrong")
    with pytest.raises(store.DataError) as caught:
        store.fetch("toy")
    message = str(caught.value)
    assert "the system's package: toy.txt has a wrong checksum" in message
    assert "the mirror: toy.txt has a wrong checksum" in message
    assert "KARPA_OFFLINE" in message


def test_own_folder_is_never_replaced_by_another_place(toy, put, tmp_path):
    put("mirror")
    with pytest.raises(store.DataError, match="does not exist"):
        store.fetch("toy", tmp_path / "nowhere")
    with pytest.raises(store.DataError, match="wrong checksum"):
        store.fetch_or_explain("toy", put("own", b"wrong").parent)


def test_other_edition_is_refused_with_the_way_to_use_it(tmp_path, monkeypatch):
    import zipfile

    folder = tmp_path / "mirror" / "eng_fra"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "fra-eng.zip", "w") as archive:
        archive.writestr("fra.txt", "Go.\tVa !\tCC-BY 2.0\n")
    monkeypatch.setenv("KARPA_DATA_MIRROR", str(tmp_path / "mirror"))
    with pytest.raises(store.DataError) as caught:
        store.fetch("tatoeba")
    assert "another edition is refused" in str(caught.value)
    assert 'pairs_from_file("fra.txt")' in str(caught.value)
    assert store.item_state(sources.TATOEBA, sources.TATOEBA.items[0]) == "missing"


def test_use_is_announced_once_with_origin_size_and_licence(toy, put, capsys):
    put("mirror")
    assert store.fetch_or_explain("toy") is not None
    assert store.fetch_or_explain("toy") is not None
    expected = "Toy set from the mirror: one file (0.0 kB). Licence: CC0.\n"
    assert capsys.readouterr().out == expected


def test_default_is_announced_with_the_reason(toy, capsys):
    assert store.fetch_or_explain("toy") is None
    printed = capsys.readouterr().out
    assert "toy.txt could not be had" in printed
    assert "Used instead of Toy set: a default." in printed


def test_unknown_set_lists_the_known(toy):
    with pytest.raises(store.DataError, match="fashion_mnist, faces, tatoeba, multi30k"):
        store.fetch("imagenet")


def test_whereabouts_follow_the_order_of_the_places(toy, put):
    found = [store.whereabouts(toy)]
    for place in ("mirror", "system", "cache"):
        put(place)
        found.append(store.whereabouts(toy))
    assert found == ["address", "mirror", "system's package", "cache"]


def test_item_state(toy, put):
    states = [store.item_state(toy, toy.items[0])]
    for content in (b"wrong", CONTENT):
        put("cache", content)
        states.append(store.item_state(toy, toy.items[0]))
    assert states == ["missing", "damaged", "ok"]


def test_clear_removes_one_set_and_says_how_much(toy, put, cache):
    path = put("cache")
    other = cache / "data" / "other"
    other.mkdir()
    assert store.clear(toy) == len(CONTENT)
    assert not path.exists()
    assert other.exists()
    assert store.clear(toy) == 0


def test_cache_without_the_variable_is_the_users_own(monkeypatch):
    import platformdirs

    monkeypatch.delenv("KARPA_CACHE")
    assert store.cache_folder().is_relative_to(platformdirs.user_cache_path("karpa", False))


@pytest.mark.parametrize(("value", "expected"), [("", False), ("0", False), ("1", True)])
def test_offline(monkeypatch, value, expected):
    monkeypatch.setenv("KARPA_OFFLINE", value)
    assert store.offline() is expected


def test_import_loads_nothing_slow():
    code = (
        "import sys, karpa_helpers.data.images, karpa_helpers.data.text\n"
        "slow = {'jax', 'flax', 'requests', 'pooch', 'tqdm', 'PIL', 'sklearn', 'filelock'}\n"
        "slow.add('IPython')\n"
        "print(*sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
