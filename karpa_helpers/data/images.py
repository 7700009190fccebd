"""Image sets as arrays: Fashion-MNIST, faces, MNIST, digits; the learner's own are in `folders`."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from karpa_helpers.data import archives, store
from karpa_helpers.data.errors import DataError
from karpa_helpers.data.folders import from_folder as _read_folder
from karpa_helpers.data.sources import FACES, FASHION_MNIST, MNIST

Part = Literal["train", "held_out"]
Size = Literal["small", "whole"]
Array = TypeVar("Array")  # a NumPy or a JAX array

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
EMBEDDED = Path(__file__).parent / "embedded"
# Count and seed of the rule-drawn faces; the seeds differ, so no image is in both parts.
DRAWN_FACES = {"train": (2000, 1), "held_out": (500, 2)}
HELD_OUT_EVERY = 5
_IDX = {"images": "idx3", "labels": "idx1"}


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
    part: Part = "train", size: Size = "small", folder: str | Path | None = None
) -> Images:
    """Fashion-MNIST: grey 28x28 images of clothes in ten classes.

    "small" is the embedded official test part of 10,000 real images, split by a fixed rule into
    8,000 for training and 2,000 held out, as many of each class. It needs no network. "whole" is
    the official 60,000 and 10,000 (its held-out part so holds all images of "small"), or the small
    set where the whole one cannot be had.

    Args:
        part: "train" or "held_out".
        size: "small" or "whole".
        folder: For "whole": a folder with the learner's own copy of the four .gz files.

    Returns:
        Images with pixels (N, 28, 28, 1).

    Raises:
        DataError: `folder` was given and does not hold the right files.

    References:
        Xiao, Rasul, Vollgraf. Fashion-MNIST: a novel image dataset for benchmarking machine
        learning algorithms. 2017, arXiv:1708.07747.
    """
    _check_choice(part, size)
    if size == "whole":
        found = store.fetch_or_explain(FASHION_MNIST.name, folder)
        if found is not None:
            prefix = "train" if part == "train" else "t10k"
            paths = {kind: found.paths[_idx_name(prefix, kind)] for kind in _IDX}
            return _fashion(paths, f"Fashion-MNIST (whole, {found.origin})")
    paths = {kind: _embedded(_idx_name("t10k", kind)) for kind in _IDX}
    store.announce(
        "fashion_mnist small",
        "Fashion-MNIST, embedded: its 10,000 test images, split 8,000 + 2,000 (4.4 MB). "
        f"Licence: {FASHION_MNIST.licence}.",
    )
    images = _fashion(paths, "Fashion-MNIST (embedded test part)")
    assert images.labels is not None
    return _take(images, _balanced_part(images.labels, part))


def faces(
    part: Part = "train",
    size: Size = "small",
    pixels: int = 64,
    count: int | None = None,
    folder: str | Path | None = None,
) -> Images:
    """Colour faces: "small" draws them by rule with known factors, "whole" are 5,000 real ones.

    Args:
        part: "train" or "held_out".
        size: "small" or "whole"; where the real ones cannot be had, "whole" also draws.
        pixels: Height and width.
        count: How many to draw; default 2,000 for training and 500 held out. A thousand takes
            a few seconds.
        folder: For "whole": a folder with the learner's own copy of the zip file.

    Returns:
        Images with pixels (N, pixels, pixels, 3); drawn ones have `factors`.

    Raises:
        DataError: `folder` was given and does not hold the right file.
        ValueError: `part` or `size` is another word.
    """
    _check_choice(part, size)
    if size == "whole":
        found = store.fetch_or_explain(FACES.name, folder)
        if found is not None:
            return _real_faces(found, part, pixels)
    from karpa_helpers.data.faces import draw_faces

    usual, seed = DRAWN_FACES[part]
    drawn, factors = draw_faces(usual if count is None else count, pixels, seed)
    licence = "Apache-2.0, part of this course"
    store.announce("faces small", f"Faces drawn by rule: no real person. Licence: {licence}.")
    return Images(drawn, None, (), "faces drawn by rule", licence, factors)


def mnist(part: Part = "train", size: Size = "whole", folder: str | Path | None = None) -> Images:
    """Written digits, grey 28x28: MNIST's official test part, or scikit-learn's digits enlarged.

    Either is split by a fixed rule: within each class, every fifth image is held out.

    Args:
        part: "train" or "held_out".
        size: "whole" is the official test part of 10,000 images, or "small" where it cannot be
            had. "small" is `digits`, 1,797 images of 8x8 pixels, enlarged by bicubic
            interpolation; it needs no network.
        folder: For "whole": a folder with the learner's own copy of the two .gz files.

    Returns:
        Images with pixels (N, 28, 28, 1).

    Raises:
        DataError: `folder` was given and does not hold the right files.
        ValueError: `part` or `size` is another word.

    References:
        LeCun, Bottou, Bengio, Haffner. Gradient-based learning applied to document recognition.
        Proceedings of the IEEE 86, 1998.
    """
    _check_choice(part, size)
    found = store.fetch_or_explain(MNIST.name, folder) if size == "whole" else None
    if found is None:
        images = _enlarged(digits(), 28)
    else:
        pixels, labels = (read_idx(found.paths[_idx_name("t10k", kind)]) for kind in _IDX)
        names = tuple("0123456789")
        source = f"MNIST (test part, {found.origin})"
        images = Images(pixels[..., None], labels.astype(np.int32), names, source, MNIST.licence)
    assert images.labels is not None
    return _take(images, _balanced_part(images.labels, part))


def digits() -> Images:
    """scikit-learn's 1,797 grey 8x8 digits, with the range 0 to 16 spread over 0 to 255."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pixels = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[..., None]
    licence = "BSD-3-Clause, scikit-learn"
    store.announce("digits", f"Digits 8x8 from scikit-learn: 1,797 images. Licence: {licence}.")
    names = tuple(str(name) for name in bunch.target_names)
    return Images(pixels, bunch.target.astype(np.int32), names, "scikit-learn digits", licence)


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
    array, labels, names = _read_folder(Path(path).expanduser(), pixels, colour)
    print(f"Your own images: {len(array):,} from {Path(path).name}. Mind their licence.")
    return Images(array, labels, names, f"own images in {Path(path).name}", "the learner's own")


def to_unit(pixels: Array) -> Array:
    """Pixels of 0 to 255 as float32 in [-1, 1]: x = p / 127.5 - 1.

    Args:
        pixels: uint8 array of any shape, NumPy or JAX.

    Returns:
        An array of the same shape and kind.
    """
    array: Any = pixels
    return array.astype("float32") / 127.5 - 1.0


def to_pixels(values: Array) -> Array:
    """Values in [-1, 1] as uint8: the inverse of `to_unit`, with what lies outside cut off.

    Args:
        values: Float array of any shape, NumPy or JAX.

    Returns:
        An array of the same shape and kind.
    """
    array: Any = values
    return ((array + 1.0) * 127.5).round().clip(0, 255).astype("uint8")


def read_idx(path: Path) -> np.ndarray:
    """The array in a gzip-compressed IDX file of unsigned bytes.

    Raises:
        DataError: The file is damaged or is no such file.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise DataError(f"{path.name} cannot be read ({error}). Fetch it again.") from error
    # Two zero bytes, the type (8: unsigned byte), the number of dimensions, then each dimension.
    dimensions = content[3] if content[:3] == b"\0\0\x08" and len(content) > 3 else 0
    start = 4 + 4 * dimensions
    shape = np.frombuffer(content[4:start], ">u4").astype(int)
    if not dimensions or len(shape) != dimensions or len(content) != start + shape.prod():
        raise DataError(f"{path.name} is not an IDX file of bytes. Fetch it again.")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _idx_name(prefix: str, kind: str) -> str:
    return f"{prefix}-{kind}-{_IDX[kind]}-ubyte.gz"


def _embedded(name: str) -> Path:
    path = EMBEDDED / name
    item = FASHION_MNIST.item(name)
    if not path.is_file() or archives.content_digest(path, item) != item.sha256:
        raise DataError(f"The course's own file {name} is damaged. Install the course again.")
    return path


def _fashion(paths: Mapping[str, Path], origin: str) -> Images:
    pixels = read_idx(paths["images"])[..., None]
    labels = read_idx(paths["labels"]).astype(np.int32)
    return Images(pixels, labels, FASHION_CLASSES, origin, FASHION_MNIST.licence)


def _balanced_part(labels: np.ndarray, part: Part) -> np.ndarray:
    """Indices of a part: within each class, every fifth image in order is held out."""
    by_class = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[by_class], labels)
    rank = np.empty(len(labels), int)
    rank[by_class] = np.arange(len(labels))
    held_out = (rank - starts) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
    return np.flatnonzero(held_out == (part == "held_out"))


def _take(images: Images, chosen: np.ndarray) -> Images:
    labels = None if images.labels is None else images.labels[chosen]
    return Images(images.pixels[chosen], labels, images.names, images.source, images.licence)


def _enlarged(images: Images, pixels: int) -> Images:
    """Grey images in another size, by bicubic interpolation."""
    from PIL import Image

    size = (pixels, pixels)
    enlarged = [
        np.asarray(Image.fromarray(image[..., 0]).resize(size, Image.Resampling.BICUBIC))
        for image in images.pixels
    ]
    source = f"{images.source}, enlarged"
    return Images(
        np.stack(enlarged)[..., None], images.labels, images.names, source, images.licence
    )


def _real_faces(found: store.Fetched, part: Part, pixels: int) -> Images:
    from karpa_helpers.data.folders import read_image

    files = archives.tree_files(found.paths["images"], FACES.item("images").members)
    held_out = np.arange(len(files)) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
    chosen = np.flatnonzero(held_out == (part == "held_out"))
    array = np.stack([read_image(files[index], pixels, colour=True) for index in chosen])
    return Images(array, None, (), f"{FACES.title} ({found.origin})", FACES.licence)


def _check_choice(part: str, size: str) -> None:
    if part not in ("train", "held_out") or size not in ("small", "whole"):
        raise ValueError(
            f'part is {part!r} and size is {size!r}; part is "train" or "held_out", '
            'size is "small" or "whole".'
        )
