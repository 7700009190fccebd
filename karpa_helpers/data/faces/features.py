"""The features of a drawn face: beard, nose, mouth, eyes, brows, glasses."""

from __future__ import annotations

import numpy as np

from karpa_helpers.data.faces.canvas import Canvas, arch, box, ellipse, lens, under
from karpa_helpers.data.faces.head import EYE_X, EYE_Y, Face, at, rgb


def beard(canvas: Canvas, face: Face) -> None:
    """Draws the beard."""
    if not face.f["beard"].any():
        return
    w = canvas.window(face.head, face.middle, face.middle + 0.2, 0.5)
    mouth, chin = face.place(0, 0.30), face.place(0, 0.12)
    u, v = w.x - mouth.x, w.y - mouth.y
    free = arch(w.x - chin.x, chin.y - 0.07 - w.y, 0.36 * chin.across, 0.175)
    free = np.minimum(free, ellipse(u, v - 0.010, 0.13 * mouth.across, 0.048))
    d = np.maximum(face.outline(w.x, w.y / 1.02) - 0.01, -free)
    fade = np.clip((w.y + 0.02) / 0.14, 0, 1)
    tone = 0.86 + 0.2 * face.light * w.x
    colour = 0.93 * face.colour["hair_colour"] * tone[:, None] + 0.07 * face.colour["skin"]
    w.fill(w.cover(d, 0.02) * fade, colour, face.f["beard"] * np.float32(0.94))


def nose(canvas: Canvas, face: Face) -> None:
    """Draws the nose."""
    size = face.f["nose_size"]
    tip = face.place(0, 0.115, 0.05)
    w = at(canvas, face, tip, 0.36)
    x, y = w.x / size, w.y
    aside = face.light
    # The ridge runs from between the eyes to the tip, which turns further than the face.
    ridge = x + (0.35 * face.sine) * y
    shape = ellipse(x, y + 0.10, 0.045, 0.17)
    dark = np.maximum(shape, np.where(aside > 0, ridge, -ridge))
    strength = (0.3 + 0.7 * np.abs(aside))[:, None]
    w.tint(w.cover(dark, 0.075), 1 - strength * rgb(0.14, 0.18, 0.20))
    w.tint(w.cover(ellipse(x - 0.02 * aside, y + 0.02, 0.016, 0.05), 0.05), rgb(1.10, 1.09, 1.08))
    wings = np.abs(under(y - 0.030, x / 0.075, 0.022, 0.075)) - 0.004
    w.tint(w.cover(np.maximum(wings, np.abs(x) - 0.06), 0.02), rgb(0.64, 0.55, 0.53))
    for side in (-1, 1):
        hole = ellipse(x - side * 0.034, y - 0.040, 0.017, 0.009)
        w.tint(w.cover(hole, 0.014), rgb(0.45, 0.36, 0.34))


def mouth(canvas: Canvas, face: Face) -> None:
    """Draws the mouth."""
    f = face.f
    spot = face.place(0, 0.30)
    w = at(canvas, face, spot, 0.26)
    smile, gap = f["smile"], 0.085 * f["mouth_open"]
    half = 0.135 + 0.03 * smile
    q = w.x / half
    # The line of the mouth: its corners are `lift` above its middle.
    lift = 0.080 * smile
    y = w.y - lift * (0.5 - q * q)
    full = f["lip_fullness"]
    upper, lower = 0.030 * full + 0.25 * gap, 0.042 * full + 0.75 * gap
    lips = lens(w.x, y, half, upper, lower)
    skin = face.colour["skin"]
    colour = skin * rgb(0.82, 0.56, 0.56) + rgb(0.08, 0.02, 0.045)
    tone = np.where(y < 0, np.float32(0.90), np.float32(1.06))[:, None]
    w.fill(w.cover(lips), colour * tone)
    inside = lens(w.x, y, 0.88 * half, 0.25 * gap, 0.75 * gap)
    opened = np.minimum(f["mouth_open"] * 6, 1)
    w.fill(w.cover(inside), rgb(0.30, 0.09, 0.10), opened)
    teeth = np.maximum(inside + 0.006, y - 0.16 * gap - 0.002)
    w.fill(w.cover(teeth), rgb(0.97, 0.96, 0.93), opened)
    line = np.maximum(np.abs(y) - 0.005, np.abs(w.x) - half)
    w.fill(w.cover(line), colour * rgb(0.50, 0.45, 0.45), 1 - opened)
    shadow = ellipse(w.x, y - lower - 0.035, 0.05, 0.010)
    w.tint(w.cover(shadow, 0.03) * (1 - 0.8 * face.f["beard"]), rgb(0.90, 0.86, 0.85))


def eyes(canvas: Canvas, face: Face) -> None:
    """Draws the eyes."""
    closed = 1 - face.f["eye_openness"]
    size = face.f["eye_size"]
    below = 0.030
    above = 0.062 - 0.107 * closed * closed
    half = 0.098
    for _, spot in face.eyes():
        w = at(canvas, face, spot, 0.17)
        x, y = w.x / size, w.y / size
        q = x / half
        socket = w.cover(ellipse(x, y + 0.02, 0.09, 0.05), 0.07)
        w.tint(socket, rgb(0.93, 0.89, 0.88))
        lid = under(-y, q, above, half)
        eye = lens(x, y, half, above, below)
        white = rgb(0.97, 0.97, 0.96) * (1 - 0.16 * w.cover(-lid - 0.02, 0.03))[:, None]
        w.fill(w.cover(eye), white)
        round_eye = np.sqrt(x * x + (y + 0.012) * (y + 0.012))
        iris = face.colour["eye_colour"]
        w.fill(w.cover(np.maximum(eye, round_eye - 0.049)), iris * rgb(0.55, 0.55, 0.55))
        w.fill(w.cover(np.maximum(eye, round_eye - 0.042)), iris)
        w.fill(w.cover(np.maximum(eye, round_eye - 0.020)), rgb(0.05, 0.04, 0.05))
        gleam = ellipse(x - 0.018 * face.light, y + 0.030, 0.012, 0.012)
        w.fill(w.cover(np.maximum(eye, gleam)), rgb(1.0, 1.0, 1.0))
        ends = np.abs(x) - 1.05 * half
        lash = face.colour["skin"] * rgb(0.22, 0.16, 0.15)
        w.fill(w.cover(np.maximum(np.abs(lid) - 0.010, ends)), lash)
        fold = under(-y, q, above + 0.028, half)
        w.tint(w.cover(np.maximum(np.abs(fold) - 0.004, ends + 0.02), 0.01), rgb(0.72, 0.64, 0.62))
        rim = np.maximum(np.abs(under(y, q, below, half)) - 0.003, ends + 0.015)
        w.tint(w.cover(rim, 0.008), rgb(0.75, 0.66, 0.64))


def brows(canvas: Canvas, face: Face) -> None:
    """Draws the brows."""
    x = EYE_X * face.f["eye_spacing"]
    colour = face.colour["hair_colour"] * rgb(0.72, 0.70, 0.70)
    for side in (-1, 1):
        w = at(canvas, face, face.place(side * x * 1.03, EYE_Y - 0.150), 0.18)
        q = w.x * side / 0.12
        line = w.y + 0.028 * (1 - (q - 0.1) * (q - 0.1)) - 0.007 * q
        thick = 0.017 * face.f["brow_weight"] * (1 - 0.35 * q)
        d = np.maximum(np.abs(line) - thick, np.abs(w.x) - 0.118)
        w.fill(w.cover(d, 0.008), colour, 0.88)


def glasses(canvas: Canvas, face: Face) -> None:
    """Draws the glasses."""
    worn = (face.f["glasses"] > 0).astype(np.float32)
    if not worn.any():
        return
    frame = rgb(0.13, 0.12, 0.15)
    spots = face.eyes()
    lens_x, lens_y = 0.134, 0.105
    for side, spot in spots:
        w = at(canvas, face, spot, 0.52)
        x, y = w.x, w.y - 0.005
        square = box(x, y, lens_x, lens_y, 0.03)
        lens = np.where(face.f["glasses"] == 1, np.sqrt(x * x + y * y) - 0.128, square)
        w.fill(w.cover(lens), rgb(0.92, 0.96, 1.0), 0.08 * worn)
        w.fill(w.stroke(lens, 0.0125), frame, worn)
        # The arm goes back to the ear, the outline of the head is where it ends.
        end = side * face.width - spot.x
        far = np.maximum(np.abs(w.y + 0.02) - 0.011, 0.128 - side * x)
        far = np.maximum(far, side * (x * spot.across - end))
        w.fill(w.cover(far), frame, worn)
    bridge = face.place(0, EYE_Y, 0.02)
    w = at(canvas, face, bridge, 0.09)
    reach = (spots[1][1].x - spots[0][1].x) / 2 / bridge.across - 0.127
    arc = under(-w.y - 0.01, w.x / reach, 0.022, reach)
    d = np.maximum(np.abs(arc) - 0.0115, np.abs(w.x) - reach)
    w.fill(w.cover(d), frame, worn)
