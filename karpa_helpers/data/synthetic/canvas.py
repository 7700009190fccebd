"""A batch of images and anti-aliased shapes on it, from signed distances.

Only sums, products, quotients, square roots and comparisons are used per pixel: these are exact to
the last bit on every platform, so that the same factors give the same picture everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


def ellipse(x: Array, y: Array, rx: Array | float, ry: Array | float) -> Array:
    """Distance to an ellipse around the origin, to first order; negative inside."""
    qx, qy = x / rx, y / ry
    k0 = np.sqrt(qx * qx + qy * qy)
    qx, qy = qx / rx, qy / ry
    return k0 * (k0 - 1) / np.sqrt(qx * qx + qy * qy + np.float32(1e-6))


def box(x: Array, y: Array, hx: Array | float, hy: Array | float, radius: float) -> Array:
    """Distance to a box of half sides hx, hy with rounded corners; negative inside."""
    qx, qy = np.abs(x) - hx + radius, np.abs(y) - hy + radius
    ox, oy = np.maximum(qx, 0), np.maximum(qy, 0)
    return np.sqrt(ox * ox + oy * oy) + np.minimum(np.maximum(qx, qy), 0) - radius


def arch(x: Array, y: Array, rx: Array | float, ry: Array | float) -> Array:
    """Distance to a half ellipse above the origin that goes on straight below it."""
    return ellipse(x, np.minimum(y, 0), rx, ry)


def under(y: Array, q: Array, height: Array | float, width: Array | float) -> Array:
    """How far y lies below the parabola height (1 - q^2), q = x / width, measured across it."""
    slope = 2 * height * q / width
    return (y - height * (1 - q * q)) / np.sqrt(1 + slope * slope)


@dataclass
class Window:
    """A part of the canvas: its pixels and their coordinates in a frame.

    Attributes:
        patch: (N, 3, h, w) view of the canvas; painting changes it in place.
        x, y: (N, h, w) coordinates of the pixel centres in the frame.
        pixel: The width of one pixel.
    """

    patch: Array
    x: Array
    y: Array
    pixel: float

    def cover(self, distance: Array, soft: float = 0.0) -> Array:
        """Share of each pixel inside a shape; `soft` widens the edge."""
        return np.clip(0.5 - distance / np.float32(self.pixel + soft), 0, 1)

    def stroke(self, distance: Array, half: Array | float, soft: float = 0.0) -> Array:
        """Share of each pixel within `half` of an edge, right for lines thinner than a pixel."""
        return self.cover(distance - half, soft) - self.cover(distance + half, soft)

    def fill(self, share: Array, colour: Array, opacity: Array | float = 1.0) -> None:
        """Lays a colour, (N, 3, 1, 1) or (N, 3, h, w), over the share of each pixel."""
        self.patch += (share * opacity)[:, None] * (colour - self.patch)

    def tint(self, share: Array, factor: Array) -> None:
        """Multiplies the share of each pixel by a factor a channel: shadows, light, blush."""
        self.patch *= 1 + share[:, None] * (factor - 1)


class Canvas:
    """A batch of square colour images; x runs from -1 (left) to 1, y from -1 (top) to 1."""

    def __init__(self, count: int, pixels: int) -> None:
        """Starts black."""
        self.pixels = pixels
        self.image = np.zeros((count, 3, pixels, pixels), np.float32)
        self.centres = ((2 * np.arange(pixels) + 1) / pixels - 1).astype(np.float32)

    def window(self, frame: Frame, x: Array, y: Array, reach: float) -> Window:
        """The part that holds everything within `reach` of (x, y) for all images of the batch."""
        x, y = frame.to_canvas(x, y)
        columns, rows = self._slice(x, reach), self._slice(y, reach)
        u, v = frame.from_canvas(self.centres[columns], self.centres[rows, None])
        return Window(self.image[:, :, rows, columns], u, v, 2 / self.pixels)

    def _slice(self, centre: Array, reach: float) -> slice:
        first = (float(np.min(centre)) - reach + 1) * self.pixels / 2
        last = (float(np.max(centre)) + reach + 1) * self.pixels / 2
        limits = np.clip([first - 1, last + 2], 0, self.pixels).astype(int)
        return slice(limits[0], limits[1])

    def to_uint8(self, scale: int) -> Array:
        """The images as (N, pixels / scale, pixels / scale, 3), each pixel a mean of scale^2."""
        n, side = len(self.image), self.pixels // scale
        blocks = self.image.reshape(n, 3, side, scale, side, scale)
        # Written as sums of slices: np.mean may add in another order on another platform.
        rows = sum(blocks[:, :, :, i] for i in range(scale))
        mean = sum(rows[..., j] for j in range(scale)) / np.float32(scale * scale)
        return np.rint(np.clip(mean, 0, 1) * 255).astype(np.uint8).transpose(0, 2, 3, 1)


@dataclass
class Frame:
    """Coordinates turned by an angle a picture about (0, pivot)."""

    cosine: Array
    sine: Array
    pivot: float

    def from_canvas(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Canvas coordinates to frame coordinates."""
        y = y - np.float32(self.pivot)
        u = self.cosine * x + self.sine * y
        return u, self.cosine * y - self.sine * x + np.float32(self.pivot)

    def to_canvas(self, u: Array, v: Array) -> tuple[Array, Array]:
        """Frame coordinates to canvas coordinates."""
        v = v - np.float32(self.pivot)
        x = self.cosine * u - self.sine * v
        return x, self.cosine * v + self.sine * u + np.float32(self.pivot)
