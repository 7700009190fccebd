"""A batch of images and anti-aliased shapes on it, from signed distances.

Only sums, products, quotients, square roots and comparisons are used per pixel: these are exact to
the last bit on every platform, so that the same factors give the same picture everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


def ellipse(x: Array, y: Array | float, rx: Array | float, ry: Array | float) -> Array:
    """Distance to an ellipse around the origin, to first order; negative inside."""
    qx, qy = x / rx, y / ry
    k0 = np.sqrt(qx * qx + qy * qy)
    qx, qy = qx / rx, qy / ry
    return k0 * (k0 - 1) / np.sqrt(qx * qx + qy * qy + np.float32(1e-6))


def both(a: Array, b: Array, radius: float) -> Array:
    """Distance to what two shapes have in common, with rounded corners."""
    a, b = a + np.float32(radius), b + np.float32(radius)
    oa, ob = np.maximum(a, 0), np.maximum(b, 0)
    return np.sqrt(oa * oa + ob * ob) + np.minimum(np.maximum(a, b), 0) - np.float32(radius)


def box(x: Array, y: Array, hx: Array | float, hy: Array | float, radius: float) -> Array:
    """Distance to a box of half sides hx, hy with rounded corners; negative inside."""
    return both(np.abs(x) - hx, np.abs(y) - hy, radius)


def arch(x: Array, y: Array, rx: Array | float, ry: Array | float) -> Array:
    """Distance to a half ellipse above the origin that goes on straight below it."""
    return ellipse(x, np.minimum(y, 0), rx, ry)


def under(y: Array, q: Array, height: Array | float, width: Array | float) -> Array:
    """How far y lies below the parabola height (1 - q^2), q = x / width, measured across it."""
    slope = 2 * height * q / width
    return (y - height * (1 - q * q)) / np.sqrt(1 + slope * slope)


def lens(
    x: Array, y: Array, width: Array | float, above: Array | float, below: Array | float
) -> Array:
    """Distance to what lies between two parabolas that meet at x = -width and x = width."""
    q = x / width
    between = np.maximum(under(y, q, below, width), under(-y, q, above, width))
    # Beyond the corners the parabolas run close together, or cross where the lens is closed.
    return np.maximum(between, np.abs(x) - width)


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
    """A batch of square colour images: x from -half (left) to half, y from middle - half (top)."""

    def __init__(self, count: int, pixels: int, half: float = 1.0, middle: float = 0.0) -> None:
        """Starts black."""
        self.pixel = 2 * half / pixels
        self.image = np.zeros((count, 3, pixels, pixels), np.float32)
        self.x = ((np.arange(pixels) + 0.5) * self.pixel - half).astype(np.float32)
        self.y = self.x + np.float32(middle)

    def window(self, frame: Frame, x: Array, y: Array, reach: float) -> Window:
        """The part that holds everything within `reach` of (x, y) for all images of the batch."""
        x, y = frame.to_canvas(x, y)
        columns, rows = self._near(x, self.x, reach), self._near(y, self.y, reach)
        u, v = frame.from_canvas(self.x[columns], self.y[rows, None])
        return Window(self.image[:, :, rows, columns], u, v, self.pixel)

    def _near(self, centre: Array, pixels: Array, reach: float) -> slice:
        reach += 2 * self.pixel
        first, last = np.searchsorted(pixels, [np.min(centre) - reach, np.max(centre) + reach])
        return slice(first, last)

    def to_uint8(self, scale: int) -> Array:
        """The images as (N, pixels / scale, pixels / scale, 3), each pixel a mean of scale^2."""
        side = self.image.shape[-1] // scale
        total = np.zeros((*self.image.shape[:2], side, side), np.float32)
        image = np.clip(self.image, 0, 1)
        # Added in a fixed order: np.mean may add in another on another platform.
        for i, j in np.ndindex(scale, scale):
            total += image[:, :, i::scale, j::scale]
        mean = total / np.float32(scale * scale)
        return np.rint(mean * 255).astype(np.uint8).transpose(0, 2, 3, 1)


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
