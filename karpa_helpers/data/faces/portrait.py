"""How a drawn face is put together: background, body, head and hair, in order from the back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from karpa_helpers.data.faces import features
from karpa_helpers.data.faces.canvas import Array, Canvas, Window, arch, both, box, ellipse
from karpa_helpers.data.faces.head import BUN, CURLY, HEAD_Y, VIEW, Face, at, rgb


def paint(factors: Mapping[str, Array], pixels: int) -> Canvas:
    """Draws the faces with the given factors, each (N,), on a canvas."""
    face = Face(factors)
    canvas = Canvas(len(factors["skin"]), pixels, **VIEW)
    for part in (_background, _hair_behind, _body, _ears, _head):
        part(canvas, face)
    for part in (features.beard, features.nose, features.mouth, features.eyes, features.brows):
        part(canvas, face)
    for part in (features.glasses, _hair_in_front):
        part(canvas, face)
    return canvas


def _all(canvas: Canvas, face: Face, turned: bool = True) -> Window:
    return canvas.window(face.head if turned else face.body, face.middle, face.middle, 2.0)


def _background(canvas: Canvas, face: Face) -> None:
    w = _all(canvas, face, turned=False)
    fall = 1 - 0.10 * w.y + 0.12 * face.light * w.x
    canvas.image[:] = face.colour["background"] * fall[:, None]


def _hair_behind(canvas: Canvas, face: Face) -> None:
    w = _all(canvas, face)
    back, ends = face.hair["back"], face.hair["back_ends"]
    d = arch(w.x + 0.06 * face.sine, w.y + 0.15, np.maximum(back, 0.05), 0.4)
    d = both(d, w.y - ends + 0.3 * w.x * w.x, 0.06)
    knot = ellipse(w.x + 0.22 * face.sine, w.y + 0.74, 0.19, 0.16)
    d = np.where(face.style == BUN, knot, d)
    shade = np.where(face.style == BUN, 0.92, 0.68).astype(np.float32)[:, None]
    w.fill(w.cover(d), _hair_tone(face, w, d) * shade)


def _body(canvas: Canvas, face: Face) -> None:
    w = canvas.window(face.body, face.middle, face.middle + 0.75, 1.2)
    tone = (0.93 + 0.22 * face.light * w.x)[:, None]
    shoulders = np.maximum(
        ellipse(w.x, w.y - 1.18, 0.98, 0.55), -ellipse(w.x, w.y - 0.6, 0.27, 0.16)
    )
    neck = box(w.x - 0.06 * face.sine, w.y - 0.55, 0.19 * face.f["face_width"], 0.36, 0.1)
    chest = ellipse(w.x, w.y - 0.72, 0.30, 0.16)
    skin = face.colour["skin"] * rgb(0.90, 0.86, 0.84) * tone
    w.fill(w.cover(np.minimum(neck, chest)), skin)
    w.fill(w.cover(shoulders), face.colour["clothes"] * tone)
    collar = np.maximum(np.abs(ellipse(w.x, w.y - 0.6, 0.27, 0.16)) - 0.025, 0.665 - w.y)
    w.tint(w.cover(collar), rgb(0.82, 0.82, 0.82))
    under_chin = ellipse(w.x - 0.1 * face.sine, w.y - 0.43, 0.27, 0.20)
    w.tint(w.cover(under_chin, 0.12) * w.cover(neck), rgb(0.80, 0.74, 0.72))


def _ears(canvas: Canvas, face: Face) -> None:
    for side in (-1, 1):
        # The ear on the side to which the head turns goes behind it.
        x = side * (face.width * 0.99 - 0.08 * np.maximum(side * face.sine, 0)) - 0.02 * face.sine
        w = canvas.window(face.head, x, face.middle, 0.14)
        u, v = w.x - x, w.y
        tone = (0.95 + 0.18 * side * face.light)[:, None]
        w.fill(w.cover(ellipse(u, v, 0.062, 0.105)), face.colour["skin"] * tone)
        w.tint(w.cover(ellipse(u, v, 0.030, 0.062), 0.03), rgb(0.80, 0.70, 0.68))


def _head(canvas: Canvas, face: Face) -> None:
    w = canvas.window(face.head, face.middle, face.middle + HEAD_Y, 0.66)
    lit = face.lit(w.x, w.y)[:, None]
    # Shadows are warmer than the skin, light is nearly white.
    tone = 1 + lit * np.where(lit < 0, rgb(0.34, 0.42, 0.45), rgb(0.26, 0.28, 0.28))
    w.fill(w.cover(face.outline(w.x, w.y)), face.colour["skin"] * tone)
    for side in (-1, 1):
        cheek = at(canvas, face, face.place(side * 0.22, 0.16), 0.2)
        share = cheek.cover(ellipse(cheek.x, cheek.y, 0.03, 0.02), 0.16)
        cheek.tint(share, rgb(1.03, 0.89, 0.88))


def _hair_in_front(canvas: Canvas, face: Face) -> None:
    w = _all(canvas, face)
    hair = face.hair
    u, v = w.x, w.y
    # The opening turns with the face; two ellipses side by side give it a peak.
    x = u - 0.15 * face.sine
    low = 0.12
    y = v - low + hair["sweep"] * (x - 0.1)
    rx, ry = hair["rx"] * face.f["face_width"], low - hair["opening"]
    opening = np.maximum(
        arch(x - hair["peak"], y, rx + hair["peak"], ry),
        arch(x + hair["peak"], y, rx + hair["peak"], ry),
    )
    cap = _cap(face, u, v)
    curly = face.style == CURLY
    if curly.any():
        cap = np.where(curly, np.minimum(cap, _curls(face, u, v)), cap)
    opening = np.maximum(opening, hair["fringe"] - 0.12 * x * x - v)
    d = both(cap, -opening, 0.04)
    has_hair = (hair["cap"] > 0).astype(np.float32)
    shadow = np.maximum(face.outline(u, v), np.abs(opening + 0.03) - 0.02)
    fade = np.clip(8 * (hair["ends"] + 0.08 - v), 0, 1)
    w.tint(w.cover(shadow, 0.06) * fade * has_hair, rgb(0.88, 0.84, 0.83))
    w.fill(w.cover(d), _hair_tone(face, w, cap), has_hair)


def _cap(face: Face, u: Array, v: Array) -> Array:
    """Distance to the cap of hair, without its opening."""
    hair, middle = face.hair, -0.21
    rx = face.width + hair["cap"]
    x = (u + 0.08 * face.sine) / (1 + hair["flare"] * np.maximum(v - middle, 0))
    d = arch(x, v - middle, rx, middle - hair["top"])
    return both(d, v - hair["ends"] + 0.2 * u * u, 0.06)


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


def _hair_tone(face: Face, w: Window, distance: Array) -> Array:
    """Hair colour with light from one side and a brighter band some way in from the edge."""
    band = 1 - np.minimum(np.abs(distance + 0.11) / 0.09, 1)
    tone = 0.90 + 0.22 * face.light * w.x - 0.12 * w.y
    shine = 0.11 * band * np.clip(-2.5 * w.y, 0, 1)
    return face.colour["hair_colour"] * tone[:, None] + shine[:, None] * np.float32(0.8)
