"""Figures: alternative text, size, the sheet of images, colours that can be told apart."""

from __future__ import annotations

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import colors
from PIL import Image

from karpa_helpers.show import plots


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(plots, "display", lambda data, **options: outputs.append((data, options)))
    return outputs


def test_show_carries_the_alternative_text_and_closes(shown):
    figure, axes = plots.subplots(figsize=(5, 2))
    axes.plot([0, 1])
    plots.show(figure, alt="a line that rises")
    ((data, options),) = shown
    assert options["raw"]
    assert options["metadata"] == {"image/png": {"alt": "a line that rises", "width": 400}}
    assert "a line that rises" in data["text/plain"]
    assert Image.open(io.BytesIO(data["image/png"])).size == (800, 320)  # 160 dots an inch
    assert not plt.fignum_exists(figure.number)


@pytest.mark.parametrize("alt", ["", "figure", "a plot", "   \n  "])
def test_alternative_text_that_says_nothing_is_refused(shown, alt):
    with pytest.raises(ValueError, match="describe what the figure shows"):
        plots.show(plots.subplots()[0], alt=alt)
    assert shown == []
    plt.close("all")


def test_a_live_figure_is_drawn_into_its_handle(shown):
    calls = []

    class Handle:
        def update(self, data, **options):
            calls.append((data, options))

    plots.show(plots.subplots()[0], alt="empty axes only", handle=Handle())
    ((data, options),) = calls
    assert shown == []
    assert data["image/png"].startswith(b"\x89PNG")
    assert options["metadata"]["image/png"]["alt"] == "empty axes only"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("count", "columns"), [(1, 1), (7, 3), (9, 3), (2, 5)])
def test_tile_puts_each_image_in_its_place(count, columns, channels):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 255, (count, 4, 6, channels)).astype(np.uint8)
    sheet = plots.tile(images, columns, gap=2)
    rows = -(-count // columns)
    assert sheet.shape == (rows * 6 + 2, columns * 8 + 2, channels)
    expected = np.full_like(sheet, 255)
    for i, image in enumerate(images):
        top, left = 2 + i // columns * 6, 2 + i % columns * 8
        expected[top : top + 4, left : left + 6] = image
    np.testing.assert_array_equal(sheet, expected)


@pytest.mark.parametrize(
    "images", [np.zeros((2, 4, 4, 1)), np.zeros((4, 4, 1), np.uint8), np.zeros((2, 4, 4), np.uint8)]
)
def test_tile_refuses_what_is_no_stack_of_pixels(images):
    with pytest.raises(ValueError, match="to_pixels"):
        plots.tile(images)


def test_image_grid_shows_every_image(shown):
    plots.image_grid(np.zeros((23, 8, 8, 3), np.uint8), alt="twenty-three black squares", title="t")
    ((data, _),) = shown
    width, height = Image.open(io.BytesIO(data["image/png"])).size
    assert width == 800  # ten columns of half an inch at 160 dots an inch
    assert height < width


def test_curves_differ_in_more_than_colour():
    _, axes = plots.subplots()
    series = {name: [i, i + 1] for i, name in enumerate("abc")}
    plots.curves(axes, [1, 2], series, "loss")
    assert [line.get_label() for line in axes.lines] == ["a", "b", "c"]
    assert len({line.get_linestyle() for line in axes.lines}) == 3
    assert len({line.get_color() for line in axes.lines}) == 3
    assert axes.get_ylabel() == "loss"
    plt.close("all")


def luminance(colour: str) -> float:
    rgb = np.array(colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def as_seen(colour: str, blindness: np.ndarray) -> np.ndarray:
    rgb = np.array(colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.clip(blindness @ linear, 0, 1)


# Machado, Oliveira, Fernandes 2009, full severity, on linear RGB.
BLINDNESS = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
               [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
               [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
               [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


@pytest.mark.parametrize("kind", BLINDNESS)
def test_colours_are_told_apart_by_the_colour_blind(kind):
    seen = [as_seen(colour, np.array(BLINDNESS[kind])) for colour in plots.COLOURS]
    gaps = [np.abs(a - b).max() for i, a in enumerate(seen) for b in seen[:i]]
    assert min(gaps) > 0.05


def test_colours_stand_out_from_white():
    assert all(1.05 / (luminance(colour) + 0.05) > 2 for colour in plots.COLOURS)


def test_style_does_not_leak_from_subplots():
    before = dict(plt.rcParams)
    figure, axes = plots.subplots()
    assert dict(plt.rcParams) == before
    assert not axes.spines["top"].get_visible()
    plt.close(figure)


@pytest.mark.parametrize(("colour", "mode"), [("0.3", "L"), ("#D55E00", "RGB")])
def test_a_figure_is_stored_light_and_without_loss(colour: str, mode: str) -> None:
    figure, axes = plots.subplots()
    axes.set_facecolor(colour)
    axes.tick_params(labelbottom=False, labelleft=False)  # letters would add shades
    data, _ = plots.bundle(figure, "an empty pair of axes")
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=plots.SHARP * plots.DPI)
    plt.close(figure)
    stored, full = Image.open(io.BytesIO(data["image/png"])), Image.open(drawn)
    assert stored.mode == mode
    assert np.array_equal(np.asarray(stored.convert("RGB")), np.asarray(full.convert("RGB")))
    assert len(data["image/png"]) <= len(drawn.getvalue())


@pytest.mark.parametrize(("noise", "factor"), [(False, plots.SHARP), (True, 1)])
def test_a_figure_is_sharp_where_it_stays_light_and_shown_as_large(noise, factor) -> None:
    figure, axes = plots.subplots(figsize=(5, 3))
    if noise:
        axes.imshow(np.random.default_rng(0).random((300, 500)))
    data, metadata = plots.bundle(figure, "a figure of some size")
    plt.close(figure)
    assert Image.open(io.BytesIO(data["image/png"])).size == (400 * factor, 240 * factor)
    assert metadata["image/png"]["width"] == 400
