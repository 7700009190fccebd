"""A typed sentence as a picture: its translations, and what the first one looked at."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.figure import Figure

from karpa_helpers.lessons.lesson_14_translator import Alternatives
from karpa_helpers.show import attention, plots

LINE = 88  # characters of a line of text
LABEL = 16  # characters of a token on an axis
SHOWN = 400  # characters of a translation that are shown


def reading_figure(reading: Alternatives) -> Figure:
    """Draws translations with their log-probabilities, and the attention of the best one.

    Args:
        reading: From `Translator.alternatives`; of any text.

    Returns:
        The figure.
    """
    lines = [line for note in reading.notes for line in textwrap.wrap(note, LINE)]
    for one in reading.translations:
        shown = one.text if len(one.text) <= SHOWN else one.text[:SHOWN] + " ..."
        wrapped = textwrap.wrap(shown, LINE) or ["(nothing)"]
        lines += [f"{one.log_probability:8.2f}   {wrapped[0]}"]
        lines += [" " * 14 + more for more in wrapped[1:]]
    text_height = 0.3 + 0.21 * len(lines)
    example = _attended(reading)
    if example is None:
        figure, top = plots.subplots(figsize=(8, text_height))
    else:
        rows, columns = example.weights.shape
        size = min(8.0, 2.2 + 0.42 * columns), min(7.5, 1.4 + 0.26 * rows)
        figure, (top, bottom) = plots.subplots(
            2, 1, figsize=(8, text_height + size[1]), height_ratios=(text_height, size[1])
        )
        image = attention.heat_map(bottom, example)
        bottom.tick_params(labelsize=min(10.0, 300 / max(rows, columns)))
        figure.colorbar(image, ax=bottom, label="weight")
    top.axis("off")
    top.text(0, 1, "\n".join(lines), va="top", family="monospace", fontsize=9, parse_math=False)
    return figure


def _attended(reading: Alternatives) -> attention.Attended | None:
    """The attention of the best translation, where there is any."""
    if not reading.translations or reading.translations[0].weights is None:
        return None
    best = reading.translations[0]
    weights = np.asarray(best.weights, float)
    source, target = (
        [token if len(token) <= LABEL else token[: LABEL - 1] + "\u2026" for token in tokens]
        for tokens in (reading.tokens, best.tokens)
    )
    return attention.Attended(source, target, weights)
