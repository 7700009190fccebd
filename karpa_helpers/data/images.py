"""Image sets as arrays: Fashion-MNIST, faces, MNIST, digits; the learner's own are in `folders`."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from karpa_helpers.data import archives, store
from karpa_helpers.data.errors import DataError
from karpa_helpers.data.sources import FACES, FASHION_MNIST, MNIST, Item

Part = Literal["train", "held_out"]
Array = TypeVar("Array", bound=Any)  # a NumPy or a JAX array

FASHION_CLASSES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
DIGITS = tuple("0123456789")
EMBEDDED = Path(__file__).parent / "embedded"
# Count and seed of the rule-drawn faces; the seeds differ, so no image is in both parts.
DRAWN_FACES = {"train": (2000, 1), "held_out": (500, 2)}
HELD_OUT_EVERY = 5


@dataclass(frozen=True)
class Images:
    """Images of one size.

    Attributes:
        pixels: uint8 array (N, H, W, C).
        labels: int32 array (N,) of class numbers, or None.
        names: The classes' names.
        source: What was used, in words.
        licence: Its terms.
        factors: For images drawn by rule: name of each known factor to an array with N rows.
    """

    pixels: np.ndarray
    labels: np.ndarray | None
    names: tuple[str, ...]
    source: str
    licence: str
    factors: Mapping[str, np.ndarray] | None = None

    def __len__(self) -> int:
        """The number of images."""
        return len(self.pixels)


def fashion_mnist(
    part: Part = "train", whole: bool = False, folder: str | Path | None = None
) -> Images:
    """Fashion-MNIST: grey 28x28 images of clothes in ten classes.

    The course ships the official test part of 10,000 real images, split by a fixed rule into
    8,000 for training and 2,000 held out, as many of each class. It needs no network. The whole
    set is the official 60,000 and 10,000 (its held-out part holds all images that ship).

    Args:
        part: "train" or "held_out".
        whole: Whether to fetch the whole set; where it cannot be had, what ships is used.
        folder: A folder with the learner's own copy of the four .gz files of the whole set.

    Returns:
        Images with pixels (N, 28, 28, 1).

    Raises:
        DataError: `folder` was given and does not hold the right files.
        ValueError: `part` is another word.

    References:
        Xiao, Rasul, Vollgraf. Fashion-MNIST: a novel image dataset for benchmarking machine
        learning algorithms. 2017, arXiv:1708.07747.
    """
    _check_part(part)
    found = store.fetch_or_explain(FASHION_MNIST.name, folder) if whole or folder else None
    if found is not None:
        source = f"Fashion-MNIST (whole, {found.origin})"
        pair = _read_pair(found.paths, "train" if part == "train" else "t10k")
        return Images(*pair, FASHION_CLASSES, source, FASHION_MNIST.licence)
    paths = {item.name: _embedded(item) for item in FASHION_MNIST.items if "t10k" in item.name}
    store.announce(
        "fashion_mnist small",
        "Fashion-MNIST, embedded: its 10,000 test images, split 8,000 + 2,000 (4.4 MB). "
        f"Licence: {FASHION_MNIST.licence}.",
    )
    source, pair = "Fashion-MNIST (embedded test part)", _read_pair(paths, "t10k")
    return _take_part(Images(*pair, FASHION_CLASSES, source, FASHION_MNIST.licence), part)


def drawn_faces(part: Part = "train", pixels: int = 64, count: int | None = None) -> Images:
    """Colour faces drawn by rule, with known factors.

    Args:
        part: "train" or "held_out".
        pixels: Height and width.
        count: How many to draw; default 2,000 for training and 500 held out. A thousand takes
            a few seconds.

    Returns:
        Images with pixels (N, pixels, pixels, 3) and `factors`.

    Raises:
        ValueError: `part` is another word.
    """
    from karpa_helpers.data.faces import draw_faces

    _check_part(part)
    usual, seed = DRAWN_FACES[part]
    drawn, factors = draw_faces(usual if count is None else count, pixels, seed)
    licence = "Apache-2.0, part of this course"
    store.announce("faces small", f"Faces drawn by rule: no real person. Licence: {licence}.")
    return Images(drawn, None, (), "faces drawn by rule", licence, factors)


def ffhq(part: Part = "train", pixels: int = 64, folder: str | Path | None = None) -> Images:
    """5,000 photographs of faces from FFHQ, or `drawn_faces` where they cannot be had.

    Within the photographs every fifth is held out.

    Args:
        part: "train" or "held_out".
        pixels: Height and width.
        folder: A folder with the learner's own copy of the zip file.

    Returns:
        Images with pixels (N, pixels, pixels, 3); only drawn ones have `factors`.

    Raises:
        DataError: `folder` was given and does not hold the right file.
        ValueError: `part` is another word.

    References:
        Karras, Laine, Aila. A style-based generator architecture for generative adversarial
        networks. CVPR 2019, arXiv:1812.04948.
    """
    _check_part(part)
    found = store.fetch_or_explain(FACES.name, folder)
    if found is None:
        return drawn_faces(part, pixels)
    files = archives.tree_files(found.paths["images"], FACES.item("images").members)
    chosen = _part_indices(np.zeros(len(files)), part)
    from karpa_helpers.data.folders import read_image

    array = np.stack([read_image(files[index], pixels, colour=True) for index in chosen])
    return Images(array, None, (), f"{FACES.title} ({found.origin})", FACES.licence)


def mnist(part: Part = "train", folder: str | Path | None = None) -> Images:
    """Written digits, grey 28x28: MNIST's official test part of 10,000 images.

    Where it cannot be had, `digits` enlarged by bicubic interpolation. Either is split by a fixed
    rule: within each class, every fifth image is held out.

    Args:
        part: "train" or "held_out".
        folder: A folder with the learner's own copy of the two .gz files.

    Returns:
        Images with pixels (N, 28, 28, 1).

    Raises:
        DataError: `folder` was given and does not hold the right files.
        ValueError: `part` is another word.

    References:
        LeCun, Bottou, Bengio, Haffner. Gradient-based learning applied to document recognition.
        Proceedings of the IEEE 86, 1998.
    """
    _check_part(part)
    found = store.fetch_or_explain(MNIST.name, folder)
    if found is None:
        return _take_part(_enlarge(digits(), (28, 28)), part)
    source, pair = f"MNIST (test part, {found.origin})", _read_pair(found.paths, "t10k")
    return _take_part(Images(*pair, DIGITS, source, MNIST.licence), part)


def digits() -> Images:
    """scikit-learn's 1,797 grey 8x8 digits, with the range 0 to 16 spread over 0 to 255."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pixels = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[..., None]
    licence = "BSD-3-Clause, scikit-learn"
    store.announce("digits", f"Digits 8x8 from scikit-learn: 1,797 images. Licence: {licence}.")
    return Images(pixels, bunch.target.astype(np.int32), DIGITS, "scikit-learn digits", licence)


def from_folder(path: str | Path, pixels: int = 32, colour: bool = True) -> Images:
    """The learner's own images: any size and mode, cut to a centred square and resized.

    Sub-folders are classes where every image lies in one. Broken files are left out and named.

    Args:
        path: The folder; images in its sub-folders are found too.
        pixels: Height and width of the result.
        colour: Whether to give three channels instead of one.

    Returns:
        Images with pixels (N, pixels, pixels, 3 or 1), in the order of their paths.

    Raises:
        DataError: There is no such folder, or no readable image in it.
    """
    from karpa_helpers.data.folders import read_folder  # here: most lessons open no picture

    array, labels, names = read_folder(Path(path).expanduser(), pixels, colour)
    print(f"Your own images: {len(array):,} from {Path(path).name}. Mind their licence.")
    return Images(array, labels, names, f"own images in {Path(path).name}", "the learner's own")


def to_unit(pixels: Array) -> Array:
    """Pixels of 0 to 255 as float32 in [-1, 1]: x = p / 127.5 - 1.

    Args:
        pixels: uint8 array of any shape, NumPy or JAX.

    Returns:
        An array of the same shape and kind.
    """
    return pixels.astype("float32") / 127.5 - 1.0


def to_pixels(values: Array) -> Array:
    """Values in [-1, 1] as uint8: the inverse of `to_unit`, with what lies outside cut off.

    Args:
        values: Float array of any shape, NumPy or JAX.

    Returns:
        An array of the same shape and kind.
    """
    return ((values + 1.0) * 127.5).round().clip(0, 255).astype("uint8")


def read_idx(path: Path) -> np.ndarray:
    """The array in a gzip-compressed IDX file of unsigned bytes.

    Raises:
        DataError: The file is damaged or is no such file.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} cannot be read ({error}). Fetch it again.") from error
    # Two zero bytes, the type (8: unsigned byte), the number of dimensions, then each dimension.
    dimensions = content[3] if content[:3] == b"\0\0\x08" and len(content) > 3 else 0
    start = 4 + 4 * dimensions
    shape = np.frombuffer(content[4:start], ">u4").astype(int)
    if not dimensions or len(shape) != dimensions or len(content) != start + shape.prod():
        raise DataError(f"{path.name} is not an IDX file of bytes. Fetch it again.")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _embedded(item: Item) -> Path:
    path = EMBEDDED / item.name
    if not path.is_file() or archives.content_digest(path, item) != item.sha256:
        raise DataError(f"The course's own file {item.name} is damaged. Install the course again.")
    return path


def _read_pair(paths: Mapping[str, Path], prefix: str) -> tuple[np.ndarray, np.ndarray]:
    """Grey images (N, H, W, 1) and their labels, from the two IDX files of that prefix."""
    pixels = read_idx(paths[f"{prefix}-images-idx3-ubyte.gz"])[..., None]
    return pixels, read_idx(paths[f"{prefix}-labels-idx1-ubyte.gz"]).astype(np.int32)


def _part_indices(labels: np.ndarray, part: Part) -> np.ndarray:
    """Indices of a part: within each class, every fifth image in order is held out."""
    held_out = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        held_out[np.flatnonzero(labels == label)[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]] = True
    return np.flatnonzero(held_out == (part == "held_out"))


def _take_part(images: Images, part: Part) -> Images:
    assert images.labels is not None
    chosen = _part_indices(images.labels, part)
    return replace(images, pixels=images.pixels[chosen], labels=images.labels[chosen])


def _enlarge(images: Images, size: tuple[int, int]) -> Images:
    """Grey images in another size, by bicubic interpolation."""
    from PIL import Image

    grey = images.pixels[..., 0]
    larger = [Image.fromarray(one).resize(size, Image.Resampling.BICUBIC) for one in grey]
    source = f"{images.source}, enlarged"
    return replace(images, pixels=np.array(larger)[..., None], source=source)


def _check_part(part: str) -> None:
    if part not in ("train", "held_out"):
        raise ValueError(f'part is {part!r}; give "train" or "held_out".')
