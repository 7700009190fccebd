"""The learner's own images: sizes, modes, orientation, broken files, classes."""

from __future__ import annotations

import struct
import warnings

import numpy as np
import pytest
from PIL import Image, ImageOps

from karpa_helpers.data import folders, images
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


def tags(*entries) -> bytes:
    """A TIFF header with these tags: number, type, count and the four bytes of the value."""
    packed = [struct.pack("<HHI", *entry[:3]) + entry[3].ljust(4, b"\0") for entry in entries]
    return b"II*\0" + struct.pack("<IH", 8, len(packed)) + b"".join(packed) + bytes(4)


def save_tiff(path, array: np.ndarray, *extra, form: int = 1) -> None:
    """An uncompressed grey TIFF; `form` is 1 for unsigned, 2 for signed, 3 for floats."""
    height, width = array.shape
    numbers = {256: width, 257: height, 258: 8 * array.itemsize, 259: 1, 262: 1, 273: 0}
    numbers |= {277: 1, 278: height, 279: array.nbytes, 339: form}
    start = len(tags(*[(0, 4, 1, b"")] * (len(numbers) + len(extra))))
    numbers[273] = start
    entries = [(key, 4, 1, struct.pack("<I", value)) for key, value in numbers.items()]
    path.write_bytes(tags(*sorted([*entries, *extra])) + array.tobytes())


RAMP = np.tile(np.linspace(0, 1, 64), (64, 1))
ORIENTATION = (0x112, 3, 1, struct.pack("<H", 6))


@pytest.mark.parametrize(
    "name",
    [
        ".ipynb_checkpoints",
        "__MACOSX",
        "@eaDir",
        ".Trash-1000",
        "$RECYCLE.BIN",
        "#recycle",
        "@Recycle",
        ".git",
    ],
)
@pytest.mark.parametrize("place", ["", "cat", "cat/more"])
def test_hidden_and_system_folders_are_not_read(tmp_path, capsys, name, place):
    folder = tmp_path / ".hidden" / "mine"  # what lies above the folder does not matter
    for path in ("cat/a.png", "dog/a.png", f"{place}/{name}/a.png", f"{place}/{name}/deep/a.png"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8)).save(folder / path)
    found = images.from_folder(folder)
    assert (len(found), found.names, found.labels.tolist()) == (2, ("cat", "dog"), [0, 1])
    assert "passed over" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["._a.png", ".DS_Store", "Thumbs.db", "desktop.ini", ".a.jpg"])
def test_hidden_and_system_files_are_not_read(tmp_path, capsys, name):
    for path in ("cat/a.png", "dog/a.png"):
        (tmp_path / path).parent.mkdir()
        Image.new("L", (8, 8)).save(tmp_path / path)
    for place in ("", "cat"):
        (tmp_path / place / name).write_bytes((tmp_path / "cat" / "a.png").read_bytes())
    found = images.from_folder(tmp_path)
    assert (len(found), found.names) == (2, ("cat", "dog"))
    assert "passed over" not in capsys.readouterr().out


def test_a_folder_of_hidden_files_alone_holds_no_image(tmp_path):
    (tmp_path / "__MACOSX").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "__MACOSX" / "a.png")
    with pytest.raises(DataError, match="holds 0 files and no image"):
        images.from_folder(tmp_path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3.4028235e38, -3.4028235e38])
@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (0, 255), (-1e30, 1e30), (0, 1e-40)])
def test_floats_of_any_range_survive_what_is_no_number(tmp_path, bad, low, high):
    array = (low + RAMP * (high - low)).astype(np.float32)
    array[:2] = bad
    save_tiff(tmp_path / "a.tif", array, form=3)
    pixels = only(tmp_path, pixels=64, colour=False)[..., 0]
    np.testing.assert_allclose(pixels[8], 255 * RAMP[0], atol=1)
    assert pixels[0].tolist() == [255 if bad > 0 else 0] * 64


def test_floats_without_a_number_are_left_out_and_named(tmp_path, capsys):
    Image.new("L", (8, 8)).save(tmp_path / "good.png")
    save_tiff(tmp_path / "a.tif", np.full((8, 8), np.nan, np.float32), form=3)
    assert len(images.from_folder(tmp_path)) == 1
    assert "1 of 2 files left out: a.tif (no pixel is a number)." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("<u2", 0, 255),
        ("<u2", 0, 4095),
        ("<u2", 0, 65535),
        ("<i2", 0, 16383),
        ("<i2", -32768, 32767),
        ("<u4", 0, 255),
        ("<u4", 0, 70_000),
        ("<u4", 0, 2**32 - 1),
        ("<i4", 0, 1023),
        ("<i4", -(2**31), 2**31 - 1),
    ],
)
def test_numbers_of_any_width_are_scaled(tmp_path, kind, low, high):
    array = (low + RAMP * (high - low)).astype(kind)
    save_tiff(tmp_path / "a.tif", array, form=1 if "u" in kind else 2)
    row = only(tmp_path, pixels=64, colour=False)[0, :, 0]
    np.testing.assert_allclose(row, 255 * RAMP[0], atol=1.5)


def test_dark_sixteen_bits_stay_dark(tmp_path):
    array = (20_000 + 0 * RAMP).astype(np.uint16)
    Image.fromarray(array).save(tmp_path / "a.png")
    assert (only(tmp_path, pixels=8) == round(20_000 / 257)).all()


MODES = """1 L LA La P PA RGB RGBA RGBa RGBX CMYK YCbCr LAB HSV
I I;16 I;16L I;16B I;16N F"""


@pytest.mark.parametrize("mode", MODES.split())
def test_every_mode_of_pillow_becomes_eight_bits(mode):
    plain = folders._to_opaque(Image.new(mode, (4, 3)))
    for wanted in ("RGB", "L"):
        assert plain.convert(wanted).size == (4, 3)


def test_lab_keeps_its_colour(tmp_path):
    values = [Image.new("L", (8, 8), value) for value in (136, 208, 195)]  # red
    Image.merge("LAB", values).save(tmp_path / "a.tif")
    np.testing.assert_allclose(only(tmp_path, pixels=8)[4, 4], RED, atol=12)
    assert 60 < only(tmp_path, pixels=8, colour=False)[4, 4, 0] < 90


@pytest.mark.parametrize("mode", ["LA", "La", "PA", "RGBA", "RGBa"])
def test_transparent_modes_become_white(mode):
    assert folders._to_opaque(Image.new(mode, (2, 2), 0)).convert("L").getextrema() == (255, 255)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_set_upright(tmp_path, suffix, orientation):
    corners = np.zeros((48, 48, 3), np.uint8)
    corners[:24, :24], corners[:24, 24:], corners[24:, :24] = RED, (0, 255, 0), (0, 0, 255)
    image = Image.fromarray(corners)
    image.getexif()[0x112] = orientation
    image.save(tmp_path / f"a.{suffix}", exif=image.getexif(), quality=95)
    expected = np.asarray(ImageOps.exif_transpose(image).resize((16, 16)), int)
    close = np.abs(only(tmp_path, pixels=16).astype(int) - expected) < 40
    assert close.mean() > 0.8


@pytest.mark.parametrize(
    "broken",
    [
        (0x11A, 2, 3, b"72"),  # a resolution as text
        (0x11A, 5, 1, b"zzzz"),  # beyond the end
        (0x8769, 4, 1, b"\xff\xff\xff\x7f"),
        (0x8769, 2, 3, b"ab"),
        (0x8825, 99, 2**31, b"\xff" * 4),
        (0x927C, 7, 2**31, b"\xff" * 4),
        (700, 2, 3, b"ab"),  # what should be bytes of XMP
        (700, 3, 1, b"ab"),
        (34675, 7, 4, b"ICC?"),
    ],
)
@pytest.mark.parametrize("suffix", ["jpg", "tif", "png", "webp"])
def test_no_broken_tag_leaves_out_a_photo_or_its_orientation(tmp_path, capsys, broken, suffix):
    left_white = np.zeros((32, 32), np.uint8)
    left_white[:, :16] = 255
    path, entries = tmp_path / f"a.{suffix}", sorted([ORIENTATION, broken])
    if suffix == "tif":
        save_tiff(path, left_white, *entries)
    else:
        exif = b"Exif\0\0" + tags(*entries)
        Image.fromarray(left_white).save(path, exif=exif, icc_profile=b"no profile at all")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = only(tmp_path, pixels=32)
    assert pixels[4].mean() > 200
    assert pixels[28].mean() < 50
    assert "left out" not in capsys.readouterr().out


@pytest.mark.parametrize("exif", [b"", b"Exif\0\0", b"Exif\0\0II*\0", b"Exif\0\0" + b"\xff" * 40])
def test_tags_that_cannot_be_read_at_all_leave_the_photo(tmp_path, exif):
    Image.new("RGB", (40, 20), RED).save(tmp_path / "a.jpg", exif=exif)
    Image.new("RGB", (40, 20), RED).save(tmp_path / "a.webp", exif=exif)
    assert len(images.from_folder(tmp_path)) == 2


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_orientations_that_there_are_not_leave_the_photo(tmp_path, value):
    exif = b"Exif\0\0" + tags((0x112, 3, 1, struct.pack("<H", value)))
    Image.new("RGB", (40, 20), RED).save(tmp_path / "a.jpg", exif=exif)
    assert only(tmp_path, pixels=8)[4, 4, 0] > 240


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_the_first_frame_of_a_moving_image_is_taken(tmp_path, suffix):
    first, second = Image.new("RGB", (16, 16), RED), Image.new("RGB", (16, 16), "blue")
    first.save(tmp_path / f"a.{suffix}", save_all=True, append_images=[second], duration=50)
    np.testing.assert_allclose(only(tmp_path, pixels=8)[4, 4], RED, atol=4)


def test_too_large_and_empty_images_are_left_out_and_named(tmp_path, capsys, monkeypatch):
    Image.new("L", (8, 8)).save(tmp_path / "good.png")
    Image.new("L", (100, 100)).save(tmp_path / "large.png")
    Image.new("L", (70, 70)).save(tmp_path / "warned.png")
    (tmp_path / "empty.pgm").write_bytes(b"P5 0 0 255\n")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(images.from_folder(tmp_path)) == 2
    lines = capsys.readouterr().out.splitlines()
    assert [line.startswith("2 of 4 files left out: empty.pgm (") for line in lines] == [
        True,
        False,
    ]
    assert "large.png (Image size (10000 pixels) exceeds limit" in lines[0]
