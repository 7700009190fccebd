"""One figure style for the course: colour-blind-safe, light in file size, with alternative text."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import PIL.Image
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DPI = 80  # pixels per inch, as a figure is shown
SHARP, LIGHT = 2, 50_000  # stored with twice as many each way where it then stays below 50 kB
PALETTE = 256  # colours; a figure with more is stored with the nearest of so many
PICTURES = Path(__file__).parent / "pictures"
# Okabe and Ito's palette (2008): told apart with the common kinds of colour blindness.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

_STYLE: Any = {
    "axes.prop_cycle": plt.cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "figure.figsize": (7.0, 3.6),
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "image.cmap": "viridis",
    "lines.linewidth": 2.0,
}


def subplots(rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """`matplotlib.pyplot.subplots` in the course's style; the notebook does not show it twice."""
    with plt.rc_context(_STYLE), plt.ioff():
        return plt.subplots(rows, columns, **options)


def bundle(figure: Figure, alt: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A figure as a notebook output: (data by mime type, metadata with text and width to show).

    Raises:
        ValueError: The alternative text is missing or says too little.
    """
    if len(alt.split()) < 3:
        raise ValueError(
            f"alt={alt!r} says too little: describe what the figure shows in a phrase."
        )
    png = _light_png(figure, SHARP * DPI)
    if len(png) > LIGHT:
        png = _light_png(figure, DPI)
    width = round(DPI * figure.get_figwidth())
    data = {"image/png": png, "text/plain": f"[figure: {alt}]"}
    return data, {"image/png": {"alt": alt, "width": width}}


def show(figure: Figure, *, alt: str, handle: Any = None) -> None:
    """Shows a figure with its alternative text and closes it.

    Args:
        figure: A Matplotlib figure.
        alt: What the figure shows, for people who cannot see it.
        handle: A display handle to draw into again (a live figure); None shows a new output.

    Raises:
        ValueError: The alternative text is missing or says too little.
    """
    data, metadata = bundle(figure, alt)
    plt.close(figure)
    if handle is None:
        display(data, metadata=metadata, raw=True)
    else:
        handle.update(data, metadata=metadata, raw=True)


def _light_png(figure: Figure, dpi: int) -> bytes:
    """A figure as PNG without transparency; grey in one channel, colours from a palette."""
    drawn, stream = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi)
    image = PIL.Image.open(drawn).convert("RGB")
    pixels = np.asarray(image)
    if (pixels == pixels[..., :1]).all():
        image = image.convert("L")
    elif image.getcolors(PALETTE) is None:
        image = image.quantize(PALETTE, dither=PIL.Image.Dither.NONE)
    image.save(stream, format="png", optimize=True)
    return stream.getvalue()


def picture(name: str, *, alt: str) -> None:
    """Shows a picture that an earlier run of the course drew and that ships with it.

    Args:
        name: A file of `karpa_helpers/show/pictures`.
        alt: What it shows.

    Raises:
        FileNotFoundError: There is no such picture.
    """
    path = PICTURES / name
    if not path.exists():
        known = ", ".join(sorted(file.name for file in PICTURES.glob("*.png")))
        raise FileNotFoundError(f"There is no picture {name}; there are: {known or 'none'}.")
    data = {"image/png": path.read_bytes(), "text/plain": f"[picture: {alt}]"}
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)


def tile(images: np.ndarray, columns: int = 10, gap: int = 1) -> np.ndarray:
    """Lays images out on one white sheet.

    Args:
        images: uint8, shape (N, H, W, C) with C 1 or 3.
        columns: Images in a row.
        gap: White pixels between images.

    Returns:
        uint8, shape (rows * (H + gap) + gap, columns * (W + gap) + gap, C).
    """
    if images.ndim != 4 or images.dtype != np.uint8:
        raise ValueError(
            f"images have shape {images.shape} and dtype {images.dtype}; "
            "give uint8 of shape (N, H, W, C), as images.to_pixels returns."
        )
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    cells = np.full((rows * columns, height + gap, width + gap, channels), 255, np.uint8)
    cells[:count, :height, :width] = images
    cells = cells.reshape(rows, columns, height + gap, width + gap, channels)
    sheet = cells.transpose(0, 2, 1, 3, 4).reshape(rows * (height + gap), -1, channels)
    return np.pad(sheet, ((gap, 0), (gap, 0), (0, 0)), constant_values=255)


def image_axes(axes: Axes, images: np.ndarray, columns: int = 10, title: str = "") -> None:
    """Draws a sheet of uint8 images (N, H, W, C) on axes, without ticks."""
    sheet = tile(np.asarray(images), columns)
    grey = sheet.shape[-1] == 1
    axes.imshow(sheet[..., 0] if grey else sheet, cmap="gray" if grey else None, vmin=0, vmax=255)
    axes.set_title(title)
    axes.axis("off")


def image_grid(
    images: np.ndarray, *, alt: str, columns: int = 10, title: str = "", handle: Any = None
) -> None:
    """Shows uint8 images (N, H, W, C) as one sheet with `columns` images in a row."""
    rows = -(-len(images) // columns)
    width = min(9.0, 0.5 * columns)
    aspect = images.shape[1] / images.shape[2]
    figure, axes = subplots(
        figsize=(width, width * rows / columns * aspect + (0.4 if title else 0))
    )
    image_axes(axes, images, columns, title)
    show(figure, alt=alt, handle=handle)


def curves(
    axes: Axes, steps: Sequence[float], series: Mapping[str, Sequence[float]], ylabel: str
) -> None:
    """Draws named training curves over steps on axes, told apart by colour and by line style."""
    for (name, values), line in zip(series.items(), ("-", "--", "-.", ":") * 4, strict=False):
        axes.plot(steps, values, line, label=name)
    axes.set(xlabel="training step", ylabel=ylabel)
    axes.legend()
