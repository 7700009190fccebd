"""The head that is drawn: its colours, its measures, and where its features are seen.

The head is an ellipsoid around (0, HEAD_Y); its features sit on it, so that turning the head moves
and narrows them. A factor is an array (N, 1, 1), a colour (N, 3, 1, 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from karpa_helpers.data.faces.canvas import Array, Canvas, Frame, Window, ellipse


def _table(*rows: tuple[float, ...]) -> Array:
    return np.array(rows, np.float32)


# The rows stand in the order of faces.FACTORS.
COLOURS = {
    "skin": _table(
        (0.98, 0.85, 0.76),
        (0.94, 0.76, 0.64),
        (0.85, 0.65, 0.49),
        (0.73, 0.52, 0.36),
        (0.55, 0.37, 0.25),
        (0.40, 0.265, 0.19),
    ),
    "hair_colour": _table(
        (0.11, 0.10, 0.11),
        (0.29, 0.16, 0.09),
        (0.88, 0.71, 0.38),
        (0.68, 0.27, 0.10),
        (0.67, 0.67, 0.69),
    ),
    "eye_colour": _table(
        (0.30, 0.17, 0.09), (0.25, 0.50, 0.24), (0.20, 0.46, 0.78), (0.50, 0.54, 0.58)
    ),
    "background": _table(
        (0.60, 0.77, 0.90),
        (0.91, 0.86, 0.70),
        (0.63, 0.77, 0.64),
        (0.91, 0.72, 0.74),
        (0.46, 0.51, 0.60),
    ),
    "clothes": _table(
        (0.16, 0.24, 0.45),
        (0.50, 0.14, 0.22),
        (0.16, 0.42, 0.34),
        (0.85, 0.62, 0.16),
        (0.93, 0.93, 0.94),
    ),
}

# Hair by style. cap: how far it stands out from the head; top: its highest point; ends: where it
# ends at the sides; flare: how it widens downwards; rx, opening: half width and top of the part of
# the face that it leaves free; peak, sweep, fringe: the form of that part's upper edge; back: half
# width and lower end of the hair behind the neck.
_HAIR_NAMES = (
    "cap", "top", "ends", "flare", "rx", "opening", "peak", "sweep", "fringe", "back", "back_ends",
)  # fmt: skip
_HAIR = _table(
    (0.000, -0.60, -0.90, 0.00, 0.40, -0.40, 0.00, 0.00, -1.00, 0.00, -0.50),  # bald
    (0.015, -0.68, -0.04, -0.12, 0.38, -0.38, 0.00, 0.00, -1.00, 0.00, -0.50),  # short
    (0.045, -0.73, 0.00, -0.15, 0.385, -0.42, 0.00, 0.27, -1.00, 0.00, -0.50),  # parted
    (0.060, -0.71, 0.36, 0.16, 0.38, -0.50, 0.00, 0.00, -0.265, 0.42, 0.34),  # bob
    (0.055, -0.71, 0.74, 0.10, 0.37, -0.47, 0.11, 0.00, -1.00, 0.48, 0.90),  # long
    (0.020, -0.68, -0.06, 0.00, 0.38, -0.33, 0.00, 0.00, -1.00, 0.00, -0.50),  # curly
    (0.010, -0.66, -0.10, -0.10, 0.38, -0.42, 0.05, 0.00, -1.00, 0.00, -0.50),  # bun
)
CURLY, BUN = 5, 6

HEAD_Y, HALF_WIDTH, HALF_HEIGHT, DEPTH = -0.08, 0.42, 0.55, 0.40
EYE_X, EYE_Y = 0.17, -0.04
# The picture shows what lies within `half` of (0, middle).
VIEW = {"half": 0.85, "middle": -0.06}


@dataclass
class Spot:
    """Where a feature of the head is seen: its centre, and its scale across and down."""

    x: Array
    y: Array
    across: Array
    down: Array


class Face:
    """The factors of a batch of faces, ready to draw."""

    def __init__(self, factors: Mapping[str, Array]) -> None:
        """Takes the factors of `faces.render`, each (N,)."""
        wide = {name: np.asarray(v)[:, None, None] for name, v in factors.items()}
        self.f = {name: v.astype(np.float32) for name, v in wide.items()}
        self.colour = {
            name: rows[factors[name]][:, :, None, None] for name, rows in COLOURS.items()
        }
        style = _HAIR[factors["hair_style"]]
        self.hair = {name: style[:, i, None, None] for i, name in enumerate(_HAIR_NAMES)}
        self.style = wide["hair_style"]

        self.sine, self.cosine = _sine_cosine(wide["turn"])
        sine, cosine = _sine_cosine(wide["tilt"])
        self.middle = np.zeros_like(sine)
        self.head = Frame(cosine, sine, 0.45)
        self.body = Frame(self.middle + 1, self.middle, 0.0)
        self.light, _ = _sine_cosine(wide["light"])
        self.width = HALF_WIDTH * self.f["face_width"]

    def place(self, x: Array | float, y: float, lift: float = 0.0) -> Spot:
        """The spot (x, y) of the head, `lift` above its surface, as seen after the turn."""
        across, down = x / self.width, y / HALF_HEIGHT
        out = np.sqrt(1 - across * across - down * down)
        z = DEPTH * out + lift
        narrow = self.cosine - DEPTH / self.width * across / out * self.sine
        near = 1 + 0.35 * (z * self.cosine - x * self.sine - DEPTH * out)
        return Spot(x * self.cosine + z * self.sine, HEAD_Y + y * near, narrow * near, near)

    def eyes(self) -> list[tuple[int, Spot]]:
        """The sides and spots of the left and the right eye."""
        x = EYE_X * self.f["eye_spacing"]
        return [(side, self.place(side * x, EYE_Y)) for side in (-1, 1)]

    def outline(self, u: Array, v: Array) -> Array:
        """Distance to the outline of the head."""
        low = np.maximum((v - HEAD_Y) / HALF_HEIGHT, 0)
        slim = 1 - (0.30 - 0.14 * self.f["jaw"]) * low * low
        return ellipse((u - 0.11 * self.sine * low) / slim, v - HEAD_Y, self.width, HALF_HEIGHT)

    def lit(self, u: Array, v: Array) -> Array:
        """How much more light falls on a place of the head than on its middle, about -1 to 0.3."""
        nx, ny = u / (self.width * 1.06), (v - HEAD_Y) / (HALF_HEIGHT * 1.1)
        nz = np.sqrt(np.maximum(1 - nx * nx - ny * ny, 0))
        return 0.75 * nx * self.light + 0.70 * nz - 0.30 * ny - 0.66


def _sine_cosine(degrees: Array) -> tuple[Array, Array]:
    # In double precision and then rounded, so that the last bit is the same everywhere.
    angle = np.deg2rad(degrees.astype(np.float64))
    return np.sin(angle).astype(np.float32), np.cos(angle).astype(np.float32)


def rgb(*factor: float) -> Array:
    """A colour or a factor a channel, as an array (3, 1, 1)."""
    return np.array(factor, np.float32)[:, None, None]


def at(canvas: Canvas, face: Face, spot: Spot, reach: float) -> Window:
    """A window around a spot, with coordinates that have the spot as origin and its scale."""
    window = canvas.window(face.head, spot.x, spot.y, reach)
    window.x = (window.x - spot.x) / spot.across
    window.y = (window.y - spot.y) / spot.down
    return window
