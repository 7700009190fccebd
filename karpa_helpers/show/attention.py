"""Attention weights as pictures: heat maps with words on the axes, and one word's look-up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from karpa_helpers.show import plots, widgets

LINK_COLOUR = plots.COLOURS[1]
FAINT = 0.02  # a line for less weight than this would only be dirt
SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Attended:
    """A source, a target, and how much each target word looked at each source word.

    Attributes:
        source: S words.
        target: T words.
        weights: Shape (T, S); each row sums to 1, or is 0 where there was nothing to look at.
        links: (source position, target position) of words that belong together, if known.

    Raises:
        ValueError: The weights do not fit the words, or a link leads outside.
    """

    source: Sequence[str]
    target: Sequence[str]
    weights: np.ndarray
    links: Collection[tuple[int, int]] = ()

    def __post_init__(self) -> None:
        weights = np.asarray(self.weights, float)
        shape = len(self.target), len(self.source)
        if weights.shape != shape or 0 in shape:
            raise ValueError(
                f"weights have shape {weights.shape}; {shape[0]} target and {shape[1]} source "
                f"words need {shape}. Cut off the padding, and do not transpose."
            )
        sums = weights.sum(axis=1)
        rows = np.isclose(sums, 1, atol=SUM_TOLERANCE) | (sums == 0)
        if not (rows.all() and (weights >= 0).all()):
            raise ValueError("Each row of weights must sum to 1 (or be 0), with nothing below 0.")
        if any(not (0 <= i < shape[1] and 0 <= t < shape[0]) for i, t in self.links):
            raise ValueError(
                "A link leads outside of the sentences; links are (source position, target "
                "position), both from 0."
            )
        object.__setattr__(self, "weights", weights)


def heat_map(axes: Axes, example: Attended, title: str = "") -> Any:
    """Draws weights as squares: target words down, source words across, known links as rings.

    Args:
        axes: Where to draw.
        example: What to draw.
        title: Above the picture.

    Returns:
        The image, for a colour bar.
    """
    image = axes.imshow(example.weights, vmin=0, vmax=1, cmap="Blues", aspect="auto")
    plain = {"parse_math": False}  # a dollar is a dollar
    axes.set_xticks(range(len(example.source)), example.source, rotation=50, ha="right", **plain)
    axes.set_yticks(range(len(example.target)), example.target, **plain)
    axes.set(xlabel="source word", ylabel="target word", title=title)
    axes.grid(False)
    if example.links:
        across, down = zip(*example.links, strict=True)
        axes.plot(across, down, "o", mfc="none", mec=LINK_COLOUR, ms=9, mew=1.8)
    return image


def word_figure(example: Attended, word: int) -> Figure:
    """One target word and the source words it looks at: the wider a line, the more weight.

    Args:
        example: The sentence pair.
        word: Position of the target word; one behind the last counts as the last.

    Returns:
        The figure: source words with their weights above, target words below.
    """
    word = min(max(word, 0), len(example.target) - 1)
    places = [_places(words) for words in (example.source, example.target)]
    width = max(np.max(place) for place in places) + 0.06
    figure, axes = plots.subplots(figsize=(max(5.0, min(9.0, 8 * width)), 2.3))
    for start, weight in zip(places[0], example.weights[word], strict=True):
        if weight > FAINT:
            axes.plot([start, places[1][word]], [0.83, 0.2], lw=9 * weight,
                      color=plots.COLOURS[0], alpha=0.7, solid_capstyle="butt")  # fmt: skip
        axes.text(start, 1.06, f"{weight:.2f}", ha="center", fontsize=9)
    for number, (start, text) in enumerate(zip(places[0], example.source, strict=True)):
        looked = (number, word) in set(example.links)
        _word(axes, start, 0.92, text, LINK_COLOUR if looked else None)
    for number, (start, text) in enumerate(zip(places[1], example.target, strict=True)):
        _word(axes, start, 0.1, text, plots.COLOURS[0] if number == word else None)
    axes.set(xlim=(-0.06, width), ylim=(0, 1.15))
    axes.axis("off")
    return figure


def pick_word(examples: Sequence[Attended], *, word: int = 1) -> Any:
    """Controls to pick a sentence and one of its target words, with the figure that follows them.

    Args:
        examples: At least one sentence pair.
        word: The target word that is shown first, and where no kernel runs.

    Returns:
        The container widget, as `widgets.explore`.

    Raises:
        ValueError: There is no example.
    """
    if not examples:
        raise ValueError("There is no sentence to pick a word from; give at least one.")
    names = [f"{number}: {' '.join(x.target)}" for number, x in enumerate(examples, start=1)]
    last = [len(x.target) - 1 for x in examples]
    sentence = ipywidgets.Dropdown(
        options=[(name, number) for number, name in enumerate(names)],
        description="sentence",
        layout=ipywidgets.Layout(width="560px"),
    )
    target = ipywidgets.IntSlider(min(word, last[0]), min=0, max=last[0], description="target word")
    sentence.observe(lambda change: setattr(target, "max", last[change.new]), names="value")
    return widgets.explore(
        lambda sentence, word: word_figure(examples[sentence], word),
        alt="The source words with their weights, joined by lines to the picked target word.",
        sentence=sentence,
        word=target,
    )


def _places(words: Sequence[str]) -> np.ndarray:
    """The middle of each word on a line, by its number of letters."""
    widths = np.array([0.016 * max(len(word), 3) + 0.035 for word in words])
    return np.cumsum(widths) - widths / 2


def _word(axes: Axes, x: float, y: float, text: str, colour: str | None) -> None:
    box = {"boxstyle": "round,pad=0.2", "fc": "white", "ec": colour or "none", "lw": 1.8}
    axes.text(x, y, text, ha="center", va="center", fontsize=11, bbox=box, parse_math=False)
