"""What lesson 04's sliders show is finite and right over their whole range."""

from __future__ import annotations

import re
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from lesson_cells import needed, run
from scipy import special

from tools.lessons import cells_of, find_lessons, read_source


@pytest.fixture(scope="module")
def lesson() -> dict[str, Any]:
    """The names of lesson 04 that its section Play needs, and the sliders that it makes."""
    (found,) = find_lessons("04")
    cells = [cell.source for cell in cells_of(read_source(found), "code")]
    play = next(n for n, cell in enumerate(cells) if "widgets.explore(" in cell)
    scope: dict[str, Any] = {"__name__": "lesson"}
    for number in needed(cells, {play}):
        if number == play:
            cells[number] = cells[number].replace("widgets.explore(", "shown = dict(draw=")
        run(cells, number, scope)
    return scope


def sliders(lesson: dict[str, Any]) -> dict[str, ipywidgets.FloatSlider]:
    return {n: x for n, x in lesson["shown"].items() if isinstance(x, ipywidgets.FloatSlider)}


def exact(lesson: dict[str, Any], mean: float, spread: float) -> tuple[float, float]:
    """(JS, KL(q || p) - 2 JS) in float64, from the formulas."""
    x = np.asarray(lesson["points"], float)

    def log_bump(mean: float, spread: float) -> np.ndarray:
        log = -(((x - mean) / spread) ** 2) / 2
        return log - special.logsumexp(log)

    log_p = np.logaddexp(log_bump(-1.5, 0.6), log_bump(1.5, 0.6)) - np.log(2)
    log_q = log_bump(mean, spread)
    log_m = np.logaddexp(log_p, log_q) - np.log(2)
    js = np.exp(log_p) @ (log_p - log_m) / 2 + np.exp(log_q) @ (log_q - log_m) / 2
    return js, np.exp(log_q) @ (log_q - log_p) - 2 * js


def grid(slider: ipywidgets.FloatSlider, stride: int) -> np.ndarray:
    count = round((slider.max - slider.min) / slider.step)
    return slider.min + slider.step * np.arange(0, count + 1, stride)


def test_the_value_is_two_js_minus_log_four_over_the_whole_range(lesson: dict[str, Any]) -> None:
    mean, spread = sliders(lesson)["mean"], sliders(lesson)["spread"]
    for at in grid(mean, 4):
        for width in grid(spread, 3):
            fake = lesson["on_grid"](at, width)
            value = lesson["divergences"].best_value(lesson["p_grid"], fake)
            now = lesson["distances"](at, width)
            js, other = exact(lesson, at, width)
            assert value == pytest.approx(2 * js - np.log(4), abs=1e-4), (at, width)
            assert now["JS"] == pytest.approx(js, abs=1e-4), (at, width)
            assert now["KL - 2 JS"] == pytest.approx(other, rel=1e-3, abs=1e-3), (at, width)


def test_every_corner_of_the_sliders_draws(lesson: dict[str, Any]) -> None:
    mean, spread = sliders(lesson)["mean"], sliders(lesson)["spread"]
    for at in (mean.min, mean.value, mean.max):
        for width in (spread.min, spread.value, spread.max):
            figure = lesson["draw_game"](at, width)
            title = figure.axes[0].get_title()
            numbers = [float(found) for found in re.findall(r"= (\S+?)(?:,|$)", title)]
            js, other = exact(lesson, at, width)
            assert numbers[:3] == pytest.approx([2 * js - np.log(4), js, other], abs=2e-3)
            assert np.isfinite(numbers[3])
            plt.close(figure)
