"""The learner's own images: sizes, modes, orientation, broken files, classes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from karpa_helpers.data import images
from karpa_helpers.data.errors import DataError

RED = (255, 0, 0)


def only(folder, **options) -> np.ndarray:
    found = images.from_folder(folder, **options)
    assert len(found) == 1
    return found.pixels[0]


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (300, 7), (64, 64), (1000, 999)])
def test_any_size_is_resized(tmp_path, size):
    Image.new("RGB", size, RED).save(tmp_path / "a.png")
    pixels = only(tmp_path, pixels=24)
    assert pixels.shape == (24, 24, 3)
    assert (pixels == RED).all()


def test_the_centred_square_is_kept(tmp_path):
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = RED
    Image.fromarray(wide).save(tmp_path / "a.png")
    assert (only(tmp_path, pixels=8)[:, 1:-1] == RED).all()  # the edge is blended


@pytest.mark.parametrize(
    ("mode", "colour", "suffix"),
    [
        ("1", 1, "png"),
        ("L", 200, "png"),
        ("P", 3, "gif"),
        ("RGB", (10, 200, 30), "png"),
        ("RGBA", (10, 200, 30, 255), "png"),
        ("LA", (200, 255), "png"),
        ("CMYK", (0, 255, 255, 0), "jpg"),
        ("YCbCr", (100, 128, 128), "jpg"),
        ("F", 0.5, "tif"),
        ("I", 70_000, "tif"),
    ],
)
def test_every_mode_becomes_colour_and_grey(tmp_path, mode, colour, suffix):
    Image.new(mode, (40, 30), colour).save(tmp_path / f"a.{suffix}")
    assert only(tmp_path, pixels=16).shape == (16, 16, 3)
    assert only(tmp_path, pixels=16, colour=False).shape == (16, 16, 1)


def test_sixteen_bits_are_scaled_not_cut(tmp_path):
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)
    Image.fromarray(np.tile(ramp, (64, 1))).save(tmp_path / "a.png")
    row = only(tmp_path, pixels=64, colour=False)[0, :, 0]
    np.testing.assert_allclose(row, ramp / 257, atol=1)


def test_cmyk_keeps_its_colour(tmp_path):
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    np.testing.assert_allclose(only(tmp_path, pixels=16)[8, 8], RED, atol=12)


def test_transparent_becomes_white(tmp_path):
    Image.new("RGBA", (16, 16), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert (only(tmp_path, pixels=16) == 255).all()


def test_transparent_colour_of_a_palette_becomes_white(tmp_path):
    image = Image.new("P", (16, 16), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.save(tmp_path / "a.png", transparency=0)
    assert (only(tmp_path, pixels=16) == 255).all()


def test_camera_orientation_is_applied(tmp_path):
    left_red = np.zeros((32, 32, 3), np.uint8)
    left_red[:, :16] = RED
    image = Image.fromarray(left_red)
    exif = image.getexif()
    exif[0x0112] = 6  # turned: the stored left side is the top
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    pixels = only(tmp_path, pixels=32).astype(int)
    assert pixels[4, :, 0].mean() > 200
    assert pixels[28, :, 0].mean() < 50


def test_broken_files_are_left_out_and_named(tmp_path, capsys):
    Image.new("RGB", (16, 16), RED).save(tmp_path / "good.png")
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "empty.png").write_bytes(b"")
    Image.effect_noise((64, 64), 50).save(tmp_path / "cut.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:400])
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / ".hidden.png").write_bytes(whole)
    assert len(images.from_folder(tmp_path)) == 1
    printed = capsys.readouterr().out
    assert "3 of 4 files left out" in printed
    assert all(name in printed for name in ("text.jpg", "empty.png", "cut.jpg"))
    assert "1 files that are no images were passed over" in printed


def test_long_lists_of_broken_files_are_cut(tmp_path, capsys):
    Image.new("RGB", (16, 16)).save(tmp_path / "good.png")
    for number in range(9):
        (tmp_path / f"{number}.png").write_bytes(b"broken")
    images.from_folder(tmp_path)
    assert "and 4 more" in capsys.readouterr().out


def test_sub_folders_are_classes(tmp_path):
    for name, shade in (("dog", 10), ("cat", 250)):
        (tmp_path / name / "more").mkdir(parents=True)
        Image.new("L", (8, 8), shade).save(tmp_path / name / "more" / "a.png")
        Image.new("L", (8, 8), shade).save(tmp_path / name / "b.PNG", format="png")
    found = images.from_folder(tmp_path, pixels=8, colour=False)
    assert found.names == ("cat", "dog")
    assert found.labels.tolist() == [0, 0, 1, 1]
    assert found.labels.dtype == np.int32
    assert found.pixels[:, 0, 0, 0].tolist() == [250, 250, 10, 10]


def test_images_outside_the_sub_folders_leave_no_classes(tmp_path):
    (tmp_path / "cat").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "cat" / "a.png")
    Image.new("L", (8, 8)).save(tmp_path / "b.png")
    found = images.from_folder(tmp_path)
    assert found.labels is None
    assert found.names == ()


def test_missing_folder_file_and_empty_folder_are_told_apart(tmp_path):
    with pytest.raises(DataError, match="There is no folder"):
        images.from_folder(tmp_path / "nowhere")
    (tmp_path / "a.zip").write_bytes(b"")
    with pytest.raises(DataError, match="is a file"):
        images.from_folder(tmp_path / "a.zip")
    with pytest.raises(DataError, match="holds 1 files and no image"):
        images.from_folder(tmp_path)
    (tmp_path / "a.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"None of the 1 images.*a\.png"):
        images.from_folder(tmp_path)
