"""Shapes against areas and distances known in closed form."""

import numpy as np
import pytest

from karpa_helpers.data.faces.canvas import Canvas, Frame, arch, both, box, ellipse, lens, under


def whole(pixels: int, half: float = 1.0):
    zero = np.zeros((1, 1, 1), np.float32)
    canvas = Canvas(1, pixels, half=half)
    return canvas, canvas.window(Frame(zero + 1, zero, 0.0), zero, zero, 9.0)


def test_circle_distance_is_exact():
    x, y = np.random.default_rng(0).uniform(-1, 1, (2, 500))
    np.testing.assert_allclose(ellipse(x, y, 0.5, 0.5), np.hypot(x, y) - 0.5, atol=1e-4)


def test_box_distance_against_nearest_point_of_the_outline():
    x, y = np.random.default_rng(1).uniform(-1, 1, (2, 200))
    t = np.linspace(-1, 1, 2001)
    side = np.ones_like(t)
    outline_x = np.concatenate([0.5 * t, 0.5 * t, 0.5 * side, -0.5 * side])
    outline_y = np.concatenate([0.3 * side, -0.3 * side, 0.3 * t, 0.3 * t])
    nearest = np.hypot(x[:, None] - outline_x, y[:, None] - outline_y).min(1)
    inside = (np.abs(x) < 0.5) & (np.abs(y) < 0.3)
    np.testing.assert_allclose(
        box(x, y, 0.5, 0.3, 0.0), np.where(inside, -nearest, nearest), atol=2e-3
    )


@pytest.mark.parametrize(("rx", "ry"), [(0.6, 0.6), (0.7, 0.4), (0.2, 0.5)])
def test_covered_area_of_an_ellipse(rx, ry):
    _, window = whole(64)
    area = window.cover(ellipse(window.x, window.y, rx, ry)).sum() * window.pixel**2
    assert area == pytest.approx(np.pi * rx * ry, rel=0.01)


@pytest.mark.parametrize("half", [0.002, 0.01, 0.05])
def test_a_stroke_has_its_area_however_thin(half):
    _, window = whole(32)
    ring = ellipse(window.x, window.y, 0.6, 0.6)
    area = window.stroke(ring, half).sum() * window.pixel**2
    assert area == pytest.approx(2 * np.pi * 0.6 * 2 * half, rel=0.1)


def test_arch_is_straight_below_and_round_above():
    x = np.array([0.3, 0.7])
    np.testing.assert_allclose(arch(x, np.array([5.0, 2.0]), 0.5, 0.4), x - 0.5, atol=1e-4)
    np.testing.assert_allclose(
        arch(x, np.array([-0.2, -0.2]), 0.5, 0.4), ellipse(x, -0.2, 0.5, 0.4)
    )


def test_under_is_zero_on_the_parabola_and_positive_below():
    q = np.linspace(-1, 1, 9)
    curve = 0.2 * (1 - q * q)
    np.testing.assert_allclose(under(curve, q, 0.2, 0.5), 0, atol=1e-12)
    assert (under(curve + 0.01, q, 0.2, 0.5) > 0).all()


def test_lens_has_its_area_and_is_empty_when_closed():
    _, window = whole(64)
    x, y = window.x, window.y
    area = window.cover(lens(x, y, 0.8, 0.2, 0.4)).sum() * window.pixel**2
    assert area == pytest.approx(4 / 3 * 0.8 * (0.2 + 0.4), rel=0.01)
    assert (lens(x, y, 0.5, -0.3, 0.2) > 0).all()


def test_both_rounds_a_corner_and_keeps_the_sides():
    assert both(np.array(-0.5), np.array(-0.1), 0.05) == pytest.approx(-0.1)
    assert both(np.array(0.0), np.array(0.0), 0.05) > 0


def test_frame_there_and_back():
    angle = np.deg2rad(np.array([[[25.0]]]))
    frame = Frame(np.cos(angle), np.sin(angle), 0.4)
    u, v = frame.from_canvas(*frame.to_canvas(np.array(0.3), np.array(-0.2)))
    np.testing.assert_allclose((u.item(), v.item()), (0.3, -0.2), atol=1e-6)


def test_small_pictures_are_block_means():
    canvas, window = whole(8)
    canvas.image[:] = np.random.default_rng(2).uniform(0, 1, canvas.image.shape)
    blocks = canvas.image.reshape(1, 3, 4, 2, 4, 2).mean((3, 5)).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(canvas.to_uint8(2), blocks * 255, atol=0.51)
    assert window.pixel == 0.25
