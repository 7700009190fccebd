"""Colour faces drawn by rule, with every factor known.

All factors are independent of each other: whatever dependence a model shows, the model made. Some
probabilities are uneven on purpose, so that coverage and fairness can be counted exactly. Two
factors can hide: the eye colour behind closed lids, and the hair colour of a bald head, which then
shows in the brows and the beard only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from karpa_helpers.data.faces import portrait
from karpa_helpers.data.numbers import whole_number

# Name -> (values, probabilities). In arrays a value stands as its index.
FACTORS: dict[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "skin": (
        ("very light", "light", "medium", "tan", "brown", "deep"),
        (0.16, 0.28, 0.22, 0.14, 0.12, 0.08),
    ),
    "hair_colour": (("black", "brown", "blond", "red", "grey"), (0.32, 0.30, 0.16, 0.08, 0.14)),
    "hair_style": (
        ("bald", "short", "parted", "bob", "long", "curly", "bun"),
        (0.08, 0.22, 0.16, 0.14, 0.18, 0.14, 0.08),
    ),
    "eye_colour": (("brown", "green", "blue", "grey"), (0.50, 0.15, 0.25, 0.10)),
    "glasses": (("none", "round", "square"), (0.70, 0.20, 0.10)),
    "beard": (("no", "yes"), (0.80, 0.20)),
    "background": (("sky", "sand", "sage", "rose", "slate"), (0.20, 0.20, 0.20, 0.20, 0.20)),
    "clothes": (("navy", "wine", "green", "mustard", "white"), (0.20, 0.20, 0.20, 0.20, 0.20)),
}

# Name -> (lowest, highest); drawn uniformly.
RANGES: dict[str, tuple[float, float]] = {
    "turn": (-22.0, 22.0),  # degrees; positive: towards the right edge of the picture
    "tilt": (-10.0, 10.0),  # degrees; positive: the crown goes to the right
    "light": (-60.0, 60.0),  # degrees; negative: light from the left
    "eye_openness": (0.0, 1.0),  # 0 is closed
    "smile": (-0.5, 1.0),  # negative: the corners of the mouth go down
    "mouth_open": (0.0, 1.0),
    "face_width": (0.93, 1.07),  # the rest makes faces differ from each other
    "jaw": (0.0, 1.0),  # 0 is pointed, 1 is square
    "eye_size": (0.9, 1.12),
    "eye_spacing": (0.94, 1.08),
    "nose_size": (0.8, 1.2),
    "lip_fullness": (0.75, 1.3),
    "brow_weight": (0.7, 1.3),
}

PIXELS = (16, 256)
_CHUNK = 2**16  # pixels painted at once: the arrays stay in the processor's cache


def draw_faces(
    count: int, pixels: int = 64, seed: int = 0
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Draws random faces. Face i depends on the seed and on i only, not on the count.

    Args:
        count: Number of faces N, at least 1.
        pixels: Height and width, 16 to 256.
        seed: Not negative.

    Returns:
        Images (N, pixels, pixels, 3) uint8, and the factors by name, each (N,): int32 indices into
        `FACTORS[name][0]`, or float32 within `RANGES[name]`.

    Raises:
        ValueError: count, pixels or seed is out of range.
    """
    factors = draw_factors(count, seed)
    return render(factors, pixels), factors


def draw_factors(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Draws the factors of random faces, as `draw_faces` does, without the pictures.

    Args:
        count: Number of faces N, at least 1.
        seed: Not negative.

    Returns:
        The factors by name, each (N,).

    Raises:
        ValueError: count or seed is out of range.
    """
    count = whole_number("count", count, 1)
    seed = whole_number("seed", seed)
    names = [*FACTORS, *RANGES]
    # Raw 64-bit words, because NumPy promises never to change them; one row a face.
    words = np.random.PCG64(seed).random_raw((count, len(names)))
    uniform = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
    factors = {}
    for name, u in zip(names, uniform.T, strict=True):
        if name in FACTORS:
            edges = np.cumsum(FACTORS[name][1])[:-1]
            factors[name] = np.searchsorted(edges, u, side="right").astype(np.int32)
        else:
            low, high = RANGES[name]
            factors[name] = (low + (high - low) * u).astype(np.float32)
    return factors


def render(factors: Mapping[str, Any], pixels: int = 64) -> np.ndarray:
    """Draws the faces with the given factors.

    Args:
        factors: By name, one value for all faces or (N,) values: for a name in `FACTORS` the value
            or its index, for a name in `RANGES` a number within the range. A factor left out has
            its first value, or the middle of its range.
        pixels: Height and width, 16 to 256.

    Returns:
        Images (N, pixels, pixels, 3) uint8.

    Raises:
        ValueError: An unknown name or value, a number out of range, or lengths that differ.
    """
    pixels = whole_number("pixels", pixels, *PIXELS)
    unknown = sorted(set(factors) - set(FACTORS) - set(RANGES))
    if unknown:
        raise ValueError(f"unknown factor {unknown[0]!r}: choose from {[*FACTORS, *RANGES]}.")
    known = {name: _indices(name, factors.get(name, 0)) for name in FACTORS}
    known |= {name: _numbers(name, factors.get(name, sum(RANGES[name]) / 2)) for name in RANGES}
    lengths = {name: len(v) for name, v in known.items() if len(v) != 1}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"factors of different lengths: {lengths}. Give each one value or N.")
    count = next(iter(lengths.values()), 1)
    known = {name: np.broadcast_to(v, count) for name, v in known.items()}

    # Small pictures are means of larger ones: an eye of two pixels keeps its shape and its weight.
    scale = -(-64 // pixels)
    step = max(1, _CHUNK // (scale * pixels) ** 2)
    images = np.empty((count, pixels, pixels, 3), np.uint8)
    for i in range(0, count, step):
        part = {name: v[i : i + step] for name, v in known.items()}
        images[i : i + step] = portrait.paint(part, scale * pixels).to_uint8(scale)
    return images


def _indices(name: str, given: Any) -> np.ndarray:
    values = FACTORS[name][0]
    array = np.atleast_1d(np.asarray(given))
    if array.dtype.kind in "UO":
        index = {value: i for i, value in enumerate(values)}
        wrong = [value for value in array.ravel().tolist() if value not in index]
        array = np.array([index.get(value, 0) for value in array.ravel().tolist()])
    else:
        whole = array.dtype.kind in "iu"
        wrong = [v for v in array.ravel().tolist() if not whole or not 0 <= v < len(values)]
    if wrong or array.ndim != 1 or not len(array):
        what = f"{wrong[0]!r} is no value" if wrong else f"shape {np.shape(given)} is no shape"
        raise ValueError(f"{what} of {name!r}: choose from {values} or 0 to {len(values) - 1}.")
    return array.astype(np.int32)


def _numbers(name: str, given: Any) -> np.ndarray:
    low, high = RANGES[name]
    try:
        array = np.atleast_1d(np.asarray(given, np.float32))
    except (TypeError, ValueError):
        array = np.array([np.nan], np.float32)
    # A range's end as float32 may lie a hair outside of it.
    inside = (array >= np.float32(low)) & (array <= np.float32(high))
    if array.ndim != 1 or not len(array) or not inside.all():
        raise ValueError(f"{name!r} must be one number or N numbers from {low} to {high}.")
    return array
