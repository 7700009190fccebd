"""Image sets: shapes, splits, and values against independent readers."""

from __future__ import annotations

import gzip
import struct

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from karpa_helpers.data import images, sources, store
from karpa_helpers.data.errors import DataError


def test_small_fashion_is_balanced_and_its_parts_cover_the_embedded_images():
    train, held_out = images.fashion_mnist("train"), images.fashion_mnist("held_out")
    assert train.pixels.shape == (8000, 28, 28, 1)
    assert held_out.pixels.shape == (2000, 28, 28, 1)
    assert train.pixels.dtype == np.uint8
    assert train.labels.dtype == np.int32
    assert np.bincount(train.labels).tolist() == [800] * 10
    assert np.bincount(held_out.labels).tolist() == [200] * 10
    body = gzip.decompress((images.EMBEDDED / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
    both = np.concatenate([train.pixels, held_out.pixels]).reshape(10_000, -1)
    everything = np.frombuffer(body, np.uint8).reshape(10_000, -1)
    assert sorted(row.tobytes() for row in both) == sorted(row.tobytes() for row in everything)


def test_small_fashion_has_no_image_in_both_parts():
    train, held_out = images.fashion_mnist("train"), images.fashion_mnist("held_out")
    rows = {image.tobytes() for image in train.pixels}
    assert not rows & {image.tobytes() for image in held_out.pixels}


def test_labels_belong_to_their_images():
    """Means of two classes that anybody can tell apart: trousers are two dark-edged columns."""
    train = images.fashion_mnist("train")
    trousers = train.pixels[train.labels == train.names.index("trouser")].mean(0)[..., 0]
    boots = train.pixels[train.labels == train.names.index("ankle boot")].mean(0)[..., 0]
    assert trousers[14, 8:20].mean() > 5 * trousers[14, :6].mean()
    assert boots[20:24].mean() > 3 * boots[:4].mean()


def test_whole_fashion_falls_back_to_the_embedded_one_and_says_so(monkeypatch, capsys):
    def fail(name, folder):
        raise DataError("no network")

    monkeypatch.setattr(store, "fetch", fail)
    assert images.fashion_mnist("held_out", whole=True).pixels.shape == (2000, 28, 28, 1)
    printed = capsys.readouterr().out
    assert "no network" in printed
    assert "Used instead of Fashion-MNIST: its 10,000 test images." in printed


def test_whole_fashion_reads_the_files_of_its_part(tmp_path, monkeypatch):
    paths = {}
    for prefix, count in (("train", 6), ("t10k", 3)):
        for kind, array in (
            ("images-idx3", np.full((count, 28, 28), count, np.uint8)),
            ("labels-idx1", np.full(count, count, np.uint8)),
        ):
            name = f"{prefix}-{kind}-ubyte.gz"
            paths[name] = tmp_path / name
            paths[name].write_bytes(idx(array))
    found = store.Fetched(paths, "the mirror")
    monkeypatch.setattr(store, "fetch_or_explain", lambda name, folder: found)
    for part, count in (("train", 6), ("held_out", 3)):
        whole = images.fashion_mnist(part, whole=True)
        assert whole.pixels.shape == (count, 28, 28, 1)
        assert whole.labels.tolist() == [count] * count


def idx(array: np.ndarray) -> bytes:
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(head + array.tobytes(), mtime=0)


def test_idx_files_are_read_as_written(tmp_path):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "a.gz").write_bytes(idx(array))
    np.testing.assert_array_equal(images.read_idx(tmp_path / "a.gz"), array)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no gzip",
        gzip.compress(b"", mtime=0),
        gzip.compress(b"\0\0\x08", mtime=0),
        gzip.compress(b"\0\0\x08\x03\0\0\0\x02", mtime=0),
        gzip.compress(b"\0\0\x0d\x01\0\0\0\x01abcd", mtime=0),
        gzip.compress(b"\0\0\x08\x01\0\0\0\x05abcd", mtime=0),
        idx(np.zeros((2, 2), np.uint8))[:-9],
        idx(np.arange(99, dtype=np.uint8))[:12] + b"\xff" * 90,
    ],
)
def test_damaged_idx_files_are_refused(tmp_path, body):
    (tmp_path / "a.gz").write_bytes(body)
    with pytest.raises(DataError, match=r"a\.gz"):
        images.read_idx(tmp_path / "a.gz")


def test_damaged_embedded_file_is_never_used(tmp_path, monkeypatch):
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(idx(np.zeros((2, 28, 28), np.uint8)))
    monkeypatch.setattr(images, "EMBEDDED", tmp_path)
    with pytest.raises(DataError, match="Install the course again"):
        images.fashion_mnist()


def test_digits_match_scikit_learn():
    from sklearn.datasets import load_digits

    found = images.digits()
    assert found.pixels.shape == (1797, 8, 8, 1)
    assert found.pixels.max() == 255
    np.testing.assert_allclose(found.pixels[..., 0] / 255 * 16, load_digits().images, atol=0.04)
    np.testing.assert_array_equal(found.labels, load_digits().target)


def test_small_faces_are_drawn_and_their_parts_differ(monkeypatch):
    monkeypatch.setattr(images, "DRAWN_FACES", {"train": (20, 1), "held_out": (10, 2)})
    train, held_out = (
        images.drawn_faces("train", pixels=16),
        images.drawn_faces("held_out", pixels=16),
    )
    assert (len(train), len(held_out)) == (20, 10)
    assert len(images.drawn_faces("train", pixels=16, count=5)) == 5
    assert train.pixels.shape[1:] == (16, 16, 3)
    assert train.pixels.dtype == np.uint8
    assert train.factors
    assert all(len(values) == len(train) for values in train.factors.values())
    assert not np.array_equal(train.pixels[:10], held_out.pixels[:10])


def test_real_faces_are_split_and_resized(tmp_path, monkeypatch):
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(10):
        Image.new("RGB", (128, 128), (20 * number, 0, 255)).save(folder / f"{number:05}.jpg")
    found = store.Fetched({"images": folder}, "the mirror")
    monkeypatch.setattr(store, "fetch_or_explain", lambda name, folder: found)
    train = images.ffhq("train", pixels=32)
    held_out = images.ffhq("held_out", pixels=32)
    assert train.pixels.shape == (8, 32, 32, 3)
    np.testing.assert_allclose(held_out.pixels[:, 0, 0, 0], [80, 180], atol=3)
    assert sources.FACES.licence == train.licence


def test_drawn_faces_stand_in_for_the_photographs_and_say_so(monkeypatch, capsys):
    monkeypatch.setattr(images, "DRAWN_FACES", {"train": (4, 1), "held_out": (3, 2)})
    found = images.ffhq("held_out", pixels=16)
    assert found.factors is not None
    np.testing.assert_array_equal(found.pixels, images.drawn_faces("held_out", 16).pixels)
    assert "Used instead of FFHQ faces, resized: faces drawn by rule." in capsys.readouterr().out


@pytest.mark.parametrize(
    "load", [images.fashion_mnist, images.drawn_faces, images.ffhq, images.mnist]
)
def test_wrong_parts_are_named(load, capsys):
    with pytest.raises(ValueError, match=r"part is 'training'.*held_out"):
        load("training")
    assert capsys.readouterr().out == ""  # before anything is fetched


@pytest.mark.parametrize("load", [images.fashion_mnist, images.ffhq, images.mnist])
def test_a_folder_that_is_given_is_the_one_that_is_read(load, tmp_path):
    with pytest.raises(DataError, match="your folder"):
        load("train", folder=tmp_path)


@pytest.mark.parametrize("labels", [np.zeros(12), np.array([2, 0, 1, 1, 0] * 7), np.arange(3)])
def test_every_fifth_image_of_a_class_is_held_out(labels):
    seen, expected = {}, []
    for index, label in enumerate(labels.tolist()):
        seen[label] = seen.get(label, 0) + 1
        expected += [index] if seen[label] % 5 == 0 else []
    assert images._part_indices(labels, "held_out").tolist() == expected
    rest = images._part_indices(labels, "train").tolist()
    assert sorted(rest + expected) == list(range(len(labels)))


@pytest.mark.parametrize("kind", [np.asarray, jnp.asarray])
def test_unit_range_and_back(kind):
    pixels = kind(np.arange(256, dtype=np.uint8))
    unit = images.to_unit(pixels)
    assert type(unit) is type(pixels)
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit, np.linspace(-1, 1, 256), atol=1e-6)
    back = images.to_pixels(unit)
    assert back.dtype == np.uint8
    np.testing.assert_array_equal(back, pixels)


@pytest.mark.parametrize("kind", [np.asarray, jnp.asarray])
def test_values_outside_the_range_are_cut_off(kind):
    values = kind(np.array([-9.0, -1.001, 0.999, 9.0], np.float32))
    assert images.to_pixels(values).tolist() == [0, 0, 255, 255]


def test_mnist_reads_the_test_part_and_splits_it(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (50, 28, 28)).astype(np.uint8)
    labels = np.tile(np.arange(10, dtype=np.uint8), 5)
    paths = {}
    for kind, array in (("images-idx3", pixels), ("labels-idx1", labels)):
        header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        path = tmp_path / f"t10k-{kind}-ubyte.gz"
        path.write_bytes(gzip.compress(header + array.tobytes(), mtime=0))
        paths[path.name] = path
    found = store.Fetched(paths, "the mirror")
    monkeypatch.setattr(store, "fetch", lambda name, folder: found)
    train, held_out = images.mnist("train"), images.mnist("held_out")
    # Each class occurs five times; its fifth image is held out, and those stand at the end.
    np.testing.assert_array_equal(train.pixels[..., 0], pixels[:40])
    np.testing.assert_array_equal(held_out.pixels[..., 0], pixels[40:])
    np.testing.assert_array_equal(held_out.labels, np.arange(10))
    assert train.names == tuple("0123456789")
    assert "mirror" in train.source


def test_mnist_falls_back_to_enlarged_digits_and_says_so(monkeypatch, capsys):
    def fail(name, folder):
        raise DataError("no network")

    monkeypatch.setattr(store, "fetch", fail)
    train, held_out = images.mnist("train"), images.mnist("held_out")
    assert "Used instead of MNIST, test part: scikit-learn's" in capsys.readouterr().out
    assert len(train) + len(held_out) == 1797
    assert train.pixels.shape[1:] == held_out.pixels.shape[1:] == (28, 28, 1)
    assert train.source == "scikit-learn digits, enlarged"
    # Shrunk again, an enlarged digit is the one it came from.
    shrunk = [np.asarray(Image.fromarray(x[..., 0]).resize((8, 8), 4)) for x in train.pixels[:50]]
    originals = images.digits()
    first = originals.pixels[images._part_indices(originals.labels, "train")][:50, ..., 0]
    assert np.corrcoef(np.ravel(shrunk), first.ravel())[0, 1] > 0.97
