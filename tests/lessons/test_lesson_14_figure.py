"""Any reading can be drawn: none, one, long, and with characters that mean something elsewhere."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from karpa_helpers.lessons import lesson_14_figure
from karpa_helpers.lessons.lesson_14_translator import Alternatives, Translation
from karpa_helpers.show import plots


@pytest.fixture(autouse=True)
def _close() -> Any:
    yield
    plt.close("all")


def reading(
    texts: list[str], columns: int = 3, notes: tuple[str, ...] = (), look: bool = True
) -> Alternatives:
    found = []
    for text in texts:
        tokens = [*text.split(), "<eos>"]
        weights = np.full((len(tokens), columns), 1 / columns) if look else None
        found.append(Translation(text, tokens, -1.5, -1.2, weights))
    return Alternatives([f"w{n}" for n in range(columns)], list(notes), found)


def drawn_text(figure: Any) -> str:
    return "\n".join(text.get_text() for axes in figure.axes for text in axes.texts)


def test_translations_and_notes_are_written() -> None:
    figure = lesson_14_figure.reading_figure(reading(["un chat", "le chat"], notes=("Too long.",)))
    text = drawn_text(figure)
    assert "Too long." in text
    assert "-1.50   un chat" in text
    assert "le chat" in text
    ticks = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert ticks == ["un", "chat", "<eos>"]


CASES = {
    "nothing": reading([], 1, ("There is nothing to translate.",)),
    "empty translation": reading([""]),
    "long": reading(["mot " * 300], 40),
    "marks": reading([r"$x^2$ $\frac a_b <b> &amp; %s {}"]),
    "one dollar": reading(["5 $"]),
    "no attention": reading(["un chat"], look=False),
    "one long word": reading(["a" * 1000]),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@pytest.mark.filterwarnings("error")
def test_any_reading_can_be_drawn(case: Alternatives) -> None:
    data, _ = plots.bundle(lesson_14_figure.reading_figure(case), "a reading of a sentence")
    assert data["image/png"].startswith(b"\x89PNG")
