"""Reads the learner's own folder of images: any size, any mode, some of them broken."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from karpa_helpers.data.errors import DataError

SUFFIXES = frozenset(
    {".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)
# What systems leave beside a learner's files, as do all names that begin with a dot.
SYSTEM = frozenset(
    {"__macosx", "@eadir", "@recycle", "#recycle", "$recycle.bin", "desktop.ini", "thumbs.db"}
)
# The `Image.Transpose` that sets an image upright, by its EXIF orientation.
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
WHITES = (255, 1023, 4095, 16383, 65535)  # of 8, 10, 12, 14 and 16 bits
SHOWN = 5


def read_folder(
    folder: Path, pixels: int, colour: bool
) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """Pixels (N, pixels, pixels, C), labels and class names of a folder's images.

    Raises:
        DataError: There is no such folder, or no readable image in it.
    """
    files = _image_files(folder)
    arrays, kept, broken = [], [], []
    for file in files:
        try:
            arrays.append(read_image(file, pixels, colour))
            kept.append(file.relative_to(folder))
        except DataError as error:
            broken.append(str(error))
    if not arrays:
        raise DataError(
            f"None of the {len(files)} images in {folder} can be read: {_first(broken)}."
        )
    if broken:
        print(f"{len(broken)} of {len(files)} files left out: {_first(broken)}.")
    return np.stack(arrays), *_classes(kept)


def read_image(file: Path, pixels: int, colour: bool) -> np.ndarray:
    """One image as uint8 (pixels, pixels, 3 or 1): upright, its centred square, resized.

    Raises:
        DataError: The file is no image that can be read.
    """
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(file) as image:
            # Lets the JPEG decoder skip detail that resizing would throw away anyway.
            image.draft(None, (2 * pixels, 2 * pixels))
            turn = _turn(image)
            if image.format == "TIFF":  # Pillow turns it when loading, and stumbles over odd tags
                image.load_end = lambda: None  # type: ignore[method-assign]
            plain = _to_opaque(image).convert("RGB" if colour else "L")
            small = ImageOps.fit(plain, (pixels, pixels), Image.Resampling.LANCZOS)
    # Broken files make Pillow raise many kinds of errors, among them SyntaxError and struct.error.
    except Exception as error:
        raise DataError(f"{file.name} ({_reason(error)})") from error
    upright = small if turn is None else small.transpose(turn)
    return np.asarray(upright).reshape(pixels, pixels, -1)


def _image_files(folder: Path) -> list[Path]:
    if not folder.exists():
        raise DataError(f"There is no folder {folder}. Give the path of a folder with images.")
    if not folder.is_dir():
        raise DataError(f"{folder} is a file. Give the path of a folder (unpack an archive first).")
    paths = [path for path in folder.rglob("*") if not _is_system(path.relative_to(folder))]
    files = sorted(path for path in paths if path.is_file())
    images = [path for path in files if path.suffix.lower() in SUFFIXES]
    if not images:
        raise DataError(
            f"The folder {folder} holds {len(files)} files and no image. "
            f"Images end in {', '.join(sorted(SUFFIXES))}."
        )
    if len(images) < len(files):
        print(f"{len(files) - len(images)} files that are no images were passed over.")
    return images


def _is_system(path: Path) -> bool:
    return any(name[0] == "." or name.lower() in SYSTEM for name in path.parts)


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What sets the image upright; None where it is, or where its tags cannot be read."""
    try:
        return Image.Transpose(TURNS[image.getexif()[0x0112]])
    except Exception:  # no broken tag is a reason to leave out a photo
        return None


def _to_opaque(image: Image.Image) -> Image.Image:
    """The image in 8 bits a channel, with what is transparent made white."""
    if image.mode == "F" or image.mode.startswith("I"):
        values = np.asarray(image, np.float64)
        if image.mode == "I" and getattr(image, "tag_v2", {}).get(339) == (1,):
            values %= 2**32  # Pillow reads a TIFF's unsigned 32 bits as signed
        return Image.fromarray(_to_bytes(values, image.mode != "F"))
    # Pillow converts these two modes to few others.
    image = image.convert({"LAB": "RGB", "La": "LA"}.get(image.mode, image.mode))
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return image


def _to_bytes(values: np.ndarray, integer: bool) -> np.ndarray:
    """Values of any range as uint8. NaN becomes black, what is infinite black or white."""
    # Maps and depths hold the largest float where nothing is known.
    known = values[np.abs(values) < np.finfo(np.float32).max]
    if not len(known):
        raise ValueError("no pixel is a number")
    low, high = known.min(), known.max()
    if integer and low >= 0:  # a file rarely tells its white: the least that holds its values
        low, high = 0.0, next((white for white in WHITES if high <= white), high)
    scaled = (values.clip(low, high) - low) * (255 / ((high - low) or 1))
    return np.rint(np.nan_to_num(scaled)).astype(np.uint8)


def _classes(files: list[Path]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Class numbers and names by sub-folder; none where an image lies outside of them."""
    folders = [file.parts[0] if len(file.parts) > 1 else "" for file in files]
    if "" in folders:
        return None, ()
    names, labels = np.unique(folders, return_inverse=True)
    return labels.astype(np.int32), tuple(str(name) for name in names)


def _first(faults: list[str]) -> str:
    more = f" and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    return ", ".join(faults[:SHOWN]) + more


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):  # whose text holds the whole path
        return "no image that can be read"
    return (str(error) or type(error).__name__).splitlines()[0][:80]
