"""Reads the learner's own folder of images: any size, any mode, some of them broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from karpa_helpers.data.errors import DataError

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".jfif"}
)
SHOWN = 5


def from_folder(
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
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as image:
            # Lets the JPEG decoder skip detail that resizing would throw away anyway.
            image.draft(None, (2 * pixels, 2 * pixels))
            upright = ImageOps.exif_transpose(image)
            plain = _opaque(upright).convert("RGB" if colour else "L")
            small = ImageOps.fit(plain, (pixels, pixels), Image.Resampling.LANCZOS)
    # Broken files make Pillow raise many kinds of errors, among them SyntaxError and struct.error.
    except Exception as error:
        raise DataError(f"{file.name} ({_reason(error)})") from error
    return np.asarray(small).reshape(pixels, pixels, -1)


def _image_files(folder: Path) -> list[Path]:
    if not folder.exists():
        raise DataError(f"There is no folder {folder}. Give the path of a folder with images.")
    if not folder.is_dir():
        raise DataError(f"{folder} is a file. Give the path of a folder (unpack an archive first).")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")
    images = [path for path in files if path.suffix.lower() in SUFFIXES]
    if not images:
        raise DataError(
            f"The folder {folder} holds {len(files)} files and no image. "
            f"Images end in {', '.join(sorted(SUFFIXES))}."
        )
    if len(images) < len(files):
        print(f"{len(files) - len(images)} files that are no images were passed over.")
    return images


def _opaque(image):  # type: ignore[no-untyped-def]  # a PIL image in and out, imported lazily
    """The image in 8 bits a channel, with what is transparent made white."""
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":  # 16 or 32 bits a pixel
        values = np.asarray(image, np.float64)
        # A file rarely tells its white. 16 bits are scaled by their range, others by their own.
        low, high = (0.0, 65535.0) if _is_16_bit(image.mode, values) else _range(values)
        scaled = (values - low) * (255.0 / (high - low))
        return Image.fromarray(np.rint(scaled.clip(0, 255)).astype(np.uint8), "L")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba)
    return image


def _is_16_bit(mode: str, values: np.ndarray) -> bool:
    # Pillow reads a 16-bit PNG as mode I in older versions and as I;16 in newer ones.
    return mode.startswith("I;16") or (mode == "I" and values.min() >= 0 and values.max() <= 65535)


def _range(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    return low, high if high > low else low + 1.0


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
    name = type(error).__name__
    if name == "UnidentifiedImageError":
        return "no image that can be read"
    if name == "DecompressionBombError":
        return "too large"
    return str(error).splitlines()[0][:80] if str(error) else name
