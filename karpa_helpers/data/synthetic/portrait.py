"""How a drawn face is put together, from the background to the glasses.

The head is an ellipsoid around (0, HEAD_Y); its features sit on it, so that turning the head moves
and narrows them. A factor is an array (N, 1, 1), a colour (N, 3, 1, 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from karpa_helpers.data.synthetic.canvas import (
    Array,
    Canvas,
    Frame,
    Window,
    arch,
    box,
    ellipse,
    under,
)


def _table(*rows: tuple[float, ...]) -> Array:
    return np.array(rows, np.float32)


# The rows stand in the order of faces.FACTORS.
COLOURS = {
    "skin": _table(
        (0.98, 0.86, 0.78),
        (0.94, 0.76, 0.64),
        (0.85, 0.65, 0.49),
        (0.73, 0.52, 0.36),
        (0.55, 0.37, 0.25),
        (0.38, 0.25, 0.18),
    ),
    "hair_colour": _table(
        (0.11, 0.10, 0.11),
        (0.37, 0.22, 0.13),
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
# ends at the sides; opening (rx, top, peak, sweep): the part of the face it leaves free; back: half
# width and lower end of the hair behind the neck.
_HAIR_NAMES = ("cap", "top", "ends", "rx", "opening", "peak", "sweep", "back", "back_ends")
_HAIR = _table(
    (0.000, -0.00, -0.90, 0.40, -0.40, 0.00, 0.00, 0.00, -0.50),  # bald
    (0.025, -0.71, -0.06, 0.37, -0.36, 0.00, 0.00, 0.00, -0.50),  # short
    (0.040, -0.75, 0.02, 0.38, -0.34, 0.00, 0.45, 0.00, -0.50),  # parted
    (0.075, -0.73, 0.34, 0.34, -0.27, 0.00, 0.00, 0.40, 0.34),  # bob
    (0.065, -0.73, 0.72, 0.36, -0.47, 0.11, 0.00, 0.46, 0.86),  # long
    (0.060, -0.72, -0.02, 0.37, -0.32, 0.00, 0.00, 0.00, -0.50),  # curly
    (0.012, -0.67, -0.10, 0.38, -0.42, 0.05, 0.00, 0.00, -0.50),  # bun
)
_CURLY, _BUN = 5, 6

HEAD_Y, HALF_WIDTH, HALF_HEIGHT, DEPTH = -0.08, 0.42, 0.55, 0.40
EYE_X, EYE_Y = 0.17, -0.04


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
        self.glasses = wide["glasses"]
        self.beard = wide["beard"]

        turn, tilt, light = (np.deg2rad(self.f[name]) for name in ("turn", "tilt", "light"))
        self.sine, self.cosine = np.sin(turn), np.cos(turn)
        self.head = Frame(np.cos(tilt), np.sin(tilt), 0.45)
        self.body = Frame(np.ones_like(tilt), np.zeros_like(tilt), 0.0)
        self.light = np.sin(light), np.cos(light)
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
        slim = 1 - (0.34 - 0.16 * self.f["jaw"]) * low * low
        return ellipse((u - 0.11 * self.sine * low) / slim, v - HEAD_Y, self.width, HALF_HEIGHT)

    def lit(self, u: Array, v: Array) -> Array:
        """How much more light falls on a place of the head than on its middle, about -1 to 0.4."""
        nx, ny = u / (self.width * 1.06), (v - HEAD_Y) / (HALF_HEIGHT * 1.1)
        nz = np.sqrt(np.maximum(1 - nx * nx - ny * ny, 0))
        aside, ahead = self.light
        return 0.85 * (nx * aside + nz * ahead) - 0.35 * ny - 0.75


def paint(factors: Mapping[str, Array], pixels: int) -> Canvas:
    """Draws the faces with the given factors, each (N,), on a canvas."""
    face = Face(factors)
    canvas = Canvas(len(factors["skin"]), pixels)
    for part in (
        _background, _hair_behind, _body, _ears, _head, _beard, _nose, _mouth,
        _eyes, _brows, _glasses, _hair_in_front,
    ):  # fmt: skip
        part(canvas, face)
    return canvas


def _rgb(*factor: float) -> Array:
    return np.array(factor, np.float32)[:, None, None]


def _window(canvas: Canvas, face: Face, spot: Spot, reach: float) -> Window:
    """A window around a spot, with coordinates that have the spot as origin and its scale."""
    window = canvas.window(face.head, spot.x, spot.y, reach)
    window.x = (window.x - spot.x) / spot.across
    window.y = (window.y - spot.y) / spot.down
    return window


def _all(canvas: Canvas, frame: Frame) -> Window:
    return canvas.window(frame, np.zeros_like(frame.sine), np.zeros_like(frame.sine), 2.0)


def _background(canvas: Canvas, face: Face) -> None:
    w = _all(canvas, face.body)
    fall = 1 - 0.10 * w.y + 0.12 * face.light[0] * w.x
    canvas.image[:] = face.colour["background"] * fall[:, None]


def _hair_tone(face: Face, w: Window, distance: Array) -> Array:
    """Hair colour with light from one side and a brighter band some way in from the edge."""
    band = 1 - np.minimum(np.abs(distance + 0.11) / 0.09, 1)
    tone = 0.90 + 0.22 * face.light[0] * w.x - 0.12 * w.y
    shine = 0.10 * band * (w.y < 0.1)
    return face.colour["hair_colour"] * tone[:, None] + shine[:, None] * np.float32(0.8)


def _cap(face: Face, u: Array, v: Array, grow: float = 0.0) -> Array:
    """Distance to the cap of hair, without its opening."""
    hair, middle = face.hair, -0.10
    rx = face.width + hair["cap"] + grow
    d = arch(u + 0.10 * face.sine, v - middle, rx, middle - hair["top"] + grow)
    return np.maximum(d, v - hair["ends"] + 0.3 * u * u)


def _curls(face: Face, u: Array, v: Array) -> Array:
    """Distance to a crown of round curls."""
    angles = np.deg2rad(np.linspace(-112, 112, 13))
    u = u + 0.10 * face.sine
    rx = face.width + 0.04
    d = np.full(np.broadcast(u, v).shape, 9, np.float32)
    for i, (s, c) in enumerate(zip(np.sin(angles), np.cos(angles), strict=True)):
        x, y = u - np.float32(s) * rx, v + np.float32(0.12 + 0.53 * c)
        d = np.minimum(d, np.sqrt(x * x + y * y) - (0.155 if i % 2 else 0.135))
    return d


def _hair_behind(canvas: Canvas, face: Face) -> None:
    w = _all(canvas, face.head)
    back, ends = face.hair["back"], face.hair["back_ends"]
    d = arch(w.x + 0.16 * face.sine, w.y + 0.15, np.maximum(back, 0.05), 0.4)
    d = np.maximum(d, w.y - ends + 0.4 * w.x * w.x)
    knot = ellipse(w.x + 0.22 * face.sine, w.y + 0.74, 0.19, 0.16)
    d = np.where(face.style == _BUN, knot, d)
    shade = np.where(face.style == _BUN, 0.92, 0.68).astype(np.float32)[:, None]
    w.fill(w.cover(d), _hair_tone(face, w, d) * shade)


def _body(canvas: Canvas, face: Face) -> None:
    w = canvas.window(face.body, 0 * face.sine, 0 * face.sine + 0.75, 1.2)
    aside, _ = face.light
    tone = (0.93 + 0.22 * aside * w.x)[:, None]
    shoulders = np.maximum(ellipse(w.x, w.y - 1.18, 0.98, 0.55), -ellipse(w.x, w.y - 0.6, 0.27, 0.16))
    neck = box(w.x - 0.06 * face.sine, w.y - 0.55, 0.19 * face.f["face_width"], 0.36, 0.1)
    chest = ellipse(w.x, w.y - 0.72, 0.30, 0.16)
    skin = face.colour["skin"] * _rgb(0.90, 0.86, 0.84) * tone
    w.fill(w.cover(np.minimum(neck, chest)), skin)
    w.fill(w.cover(shoulders), face.colour["clothes"] * tone)
    collar = np.maximum(np.abs(ellipse(w.x, w.y - 0.6, 0.27, 0.16)) - 0.025, -w.y + 0.62)
    w.tint(w.cover(collar), _rgb(0.82, 0.82, 0.82))
    under_chin = ellipse(w.x - 0.1 * face.sine, w.y - 0.43, 0.27, 0.20)
    w.tint(w.cover(np.maximum(under_chin, neck), 0.12), _rgb(0.80, 0.74, 0.72))


def _ears(canvas: Canvas, face: Face) -> None:
    for side in (-1, 1):
        # The ear on the side to which the head turns goes behind it.
        x = side * (face.width * 0.99 - 0.08 * np.maximum(side * face.sine, 0)) - 0.02 * face.sine
        w = canvas.window(face.head, x, 0 * x, 0.14)
        u, v = w.x - x, w.y - 0.0
        tone = (0.95 + 0.18 * side * face.light[0])[:, None]
        w.fill(w.cover(ellipse(u, v, 0.062, 0.105)), face.colour["skin"] * tone)
        w.tint(w.cover(ellipse(u, v, 0.030, 0.062), 0.03), _rgb(0.80, 0.70, 0.68))


def _head(canvas: Canvas, face: Face) -> None:
    w = canvas.window(face.head, 0 * face.sine, 0 * face.sine + HEAD_Y, 0.66)
    lit = face.lit(w.x, w.y)[:, None]
    # Shadows are warmer than the skin, light is nearly white.
    tone = 1 + lit * np.where(lit < 0, _rgb(0.34, 0.42, 0.45), _rgb(0.26, 0.28, 0.28))
    w.fill(w.cover(face.outline(w.x, w.y)), face.colour["skin"] * tone)
    for side in (-1, 1):
        cheek = _window(canvas, face, face.place(side * 0.22, 0.16), 0.2)
        share = cheek.cover(ellipse(cheek.x, cheek.y, 0.03, 0.02), 0.16)
        cheek.tint(share, _rgb(1.03, 0.89, 0.88))


def _beard(canvas: Canvas, face: Face) -> None:
    if not face.beard.any():
        return
    w = canvas.window(face.head, 0 * face.sine, 0 * face.sine + 0.2, 0.5)
    mouth, chin = face.place(0, 0.30), face.place(0, 0.12)
    u, v = w.x - mouth.x, w.y - mouth.y
    free = arch(w.x - chin.x, -(w.y - chin.y - 0.06), 0.33 * chin.across, 0.10)
    free = np.minimum(free, ellipse(u, v - 0.005, 0.15 * mouth.across, 0.066))
    d = np.maximum(face.outline(w.x, w.y / 1.02) - 0.01, -free)
    d = np.maximum(d, 0.02 - w.y)
    tone = 0.86 + 0.2 * face.light[0] * w.x
    colour = 0.93 * face.colour["hair_colour"] * tone[:, None] + 0.07 * face.colour["skin"]
    w.fill(w.cover(d, 0.02), colour, face.beard * np.float32(0.94))


def _nose(canvas: Canvas, face: Face) -> None:
    size = face.f["nose_size"]
    tip = face.place(0, 0.115, 0.05)
    w = _window(canvas, face, tip, 0.30)
    x, y = w.x / size, w.y
    aside, _ = face.light
    # The ridge runs from between the eyes to the tip, which turns further than the face.
    ridge = x + (0.35 * face.sine) * y
    shape = ellipse(x, y + 0.10, 0.045, 0.17)
    dark = np.maximum(shape, np.where(aside > 0, ridge, -ridge))
    strength = (0.25 + 0.75 * np.abs(aside))[:, None]
    w.tint(w.cover(dark, 0.05), 1 - strength * _rgb(0.15, 0.20, 0.22))
    w.tint(w.cover(ellipse(x - 0.02 * aside, y + 0.02, 0.016, 0.05), 0.05), _rgb(1.10, 1.09, 1.08))
    wings = np.maximum(under(y - 0.030, x / 0.075, 0.022, 0.075), np.abs(x) - 0.07)
    w.tint(w.cover(np.abs(wings), 0.022), _rgb(0.66, 0.56, 0.54))
    for side in (-1, 1):
        hole = ellipse(x - side * 0.034, y - 0.040, 0.017, 0.009)
        w.tint(w.cover(hole, 0.014), _rgb(0.45, 0.36, 0.34))


def _mouth(canvas: Canvas, face: Face) -> None:
    f = face.f
    spot = face.place(0, 0.30)
    w = _window(canvas, face, spot, 0.26)
    smile, gap = f["smile"], 0.085 * f["mouth_open"]
    half = 0.135 + 0.03 * smile
    q = w.x / half
    # The line of the mouth: its corners are `lift` above its middle.
    lift = 0.065 * smile
    y = w.y - lift * (0.5 - q * q)
    full = f["lip_fullness"]
    upper, lower = 0.030 * full + 0.25 * gap, 0.042 * full + 0.75 * gap
    lips = np.maximum(under(y, q, lower, half), under(-y, q, upper, half))
    skin = face.colour["skin"]
    colour = skin * _rgb(0.80, 0.52, 0.53) + _rgb(0.07, 0.01, 0.03)
    tone = np.where(y < 0, np.float32(0.90), np.float32(1.06))[:, None]
    w.fill(w.cover(lips), colour * tone)
    inner = 0.88 * half
    r = w.x / inner
    inside = np.maximum(under(y, r, 0.75 * gap, inner), under(-y, r, 0.25 * gap, inner))
    opened = np.minimum(f["mouth_open"] * 6, 1)
    w.fill(w.cover(inside), _rgb(0.30, 0.09, 0.10), opened)
    teeth = np.maximum(inside + 0.006, y - 0.16 * gap - 0.002)
    w.fill(w.cover(teeth), _rgb(0.97, 0.96, 0.93), opened)
    line = np.maximum(np.abs(y) - 0.005, np.abs(q) * half - half)
    w.fill(w.cover(line), colour * _rgb(0.50, 0.45, 0.45), 1 - opened)
    shadow = ellipse(w.x, y - lower - 0.035, 0.05, 0.010)
    w.tint(w.cover(shadow, 0.03), _rgb(0.90, 0.86, 0.85) ** (1 - 0.8 * face.beard)[:, None])


def _eyes(canvas: Canvas, face: Face) -> None:
    closed = 1 - face.f["eye_openness"]
    size = face.f["eye_size"]
    below = 0.030
    above = 0.062 - (0.062 + below) * closed * closed
    half = 0.098
    for _, spot in face.eyes():
        w = _window(canvas, face, spot, 0.17)
        x, y = w.x / size, w.y / size
        q = x / half
        socket = w.cover(ellipse(x, y + 0.02, 0.09, 0.05), 0.07)
        w.tint(socket, _rgb(0.93, 0.89, 0.88))
        lid = under(-y, q, above, half)
        eye = np.maximum(lid, under(y, q, below, half))
        white = _rgb(0.97, 0.97, 0.96) * (1 - 0.16 * w.cover(-lid - 0.02, 0.03))[:, None]
        w.fill(w.cover(eye), white)
        round_eye = np.sqrt(x * x + (y + 0.012) * (y + 0.012))
        iris = face.colour["eye_colour"]
        w.fill(w.cover(np.maximum(eye, round_eye - 0.049)), iris * _rgb(0.55, 0.55, 0.55))
        w.fill(w.cover(np.maximum(eye, round_eye - 0.042)), iris)
        w.fill(w.cover(np.maximum(eye, round_eye - 0.020)), _rgb(0.05, 0.04, 0.05))
        gleam = ellipse(x - 0.018 * face.light[0], y + 0.030, 0.012, 0.012)
        w.fill(w.cover(np.maximum(eye, gleam)), _rgb(1.0, 1.0, 1.0))
        ends = np.abs(x) - 1.05 * half
        lash = face.colour["skin"] * _rgb(0.22, 0.16, 0.15)
        w.fill(w.cover(np.maximum(np.abs(lid) - 0.010, ends)), lash)
        fold = under(-y, q, above + 0.028, half)
        w.tint(w.cover(np.maximum(np.abs(fold) - 0.004, ends + 0.02), 0.01), _rgb(0.72, 0.64, 0.62))
        rim = np.maximum(np.abs(under(y, q, below, half)) - 0.003, ends + 0.015)
        w.tint(w.cover(rim, 0.008), _rgb(0.75, 0.66, 0.64))


def _brows(canvas: Canvas, face: Face) -> None:
    x = EYE_X * face.f["eye_spacing"]
    colour = face.colour["hair_colour"] * _rgb(0.72, 0.70, 0.70)
    for side in (-1, 1):
        w = _window(canvas, face, face.place(side * x * 1.03, EYE_Y - 0.155), 0.18)
        q = w.x * side / 0.12
        line = w.y + 0.035 * (1 - (q - 0.25) * (q - 0.25))
        thick = 0.019 * face.f["brow_weight"] * (1 - 0.35 * q)
        d = np.maximum(np.abs(line) - thick, np.abs(w.x) - 0.118)
        w.fill(w.cover(d, 0.008), colour, 0.88)


def _glasses(canvas: Canvas, face: Face) -> None:
    worn = (face.glasses > 0).astype(np.float32)
    if not worn.any():
        return
    frame = _rgb(0.13, 0.12, 0.15)
    spots = face.eyes()
    lens_x, lens_y = 0.134, 0.105
    for side, spot in spots:
        w = _window(canvas, face, spot, 0.34)
        x, y = w.x, w.y - 0.005
        square = box(x, y, lens_x, lens_y, 0.03)
        lens = np.where(face.glasses == 1, np.sqrt(x * x + y * y) - 0.128, square)
        w.fill(w.cover(lens), _rgb(0.92, 0.96, 1.0), 0.14 * worn)
        w.fill(w.stroke(lens, 0.0125), frame, worn)
        # The arm goes back to the ear, the outline of the head is where it ends.
        end = side * face.width * 1.0 - spot.x
        far = np.maximum(np.abs(w.y + 0.02) - 0.011, 0.128 - side * x)
        far = np.maximum(far, side * (x * spot.across - end))
        w.fill(w.cover(far), frame, worn)
    bridge = face.place(0, EYE_Y, 0.02)
    w = _window(canvas, face, bridge, 0.09)
    reach = (spots[1][1].x - spots[0][1].x) / 2 / bridge.across - 0.127
    arc = under(-w.y - 0.01, w.x / reach, 0.022, reach)
    d = np.maximum(np.abs(arc) - 0.0115, np.abs(w.x) - reach)
    w.fill(w.cover(d), frame, worn)


def _hair_in_front(canvas: Canvas, face: Face) -> None:
    w = _all(canvas, face.head)
    hair = face.hair
    u, v = w.x, w.y
    # The opening turns with the face; two ellipses side by side give it a peak.
    x = u - 0.17 * face.sine
    low = 0.12
    y = v - low + hair["sweep"] * (x - 0.1)
    rx, ry = hair["rx"] * face.f["face_width"], low - hair["opening"]
    opening = np.maximum(
        arch(x - hair["peak"], y, rx + hair["peak"], ry),
        arch(x + hair["peak"], y, rx + hair["peak"], ry),
    )
    cap = _cap(face, u, v)
    curly = face.style == _CURLY
    if curly.any():
        cap = np.where(curly, np.minimum(cap, _curls(face, u, v)), cap)
    d = np.maximum(cap, -opening)
    has_hair = (hair["cap"] > 0).astype(np.float32)
    shadow = np.maximum(face.outline(u, v), np.abs(opening + 0.03) - 0.02)
    w.tint(w.cover(shadow, 0.06) * (v < 0.3) * has_hair, _rgb(0.88, 0.84, 0.83))
    w.fill(w.cover(d), _hair_tone(face, w, cap), has_hair)
