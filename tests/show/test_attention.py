"""Pictures of attention: what stands where, and what is refused."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from karpa_helpers.show import attention

SOURCE, TARGET = ["the", "red", "house"], ["la", "maison", "rouge", "."]
WEIGHTS = np.array([[1.0, 0, 0], [0.1, 0.1, 0.8], [0.01, 0.98, 0.01], [0, 0, 0]])
EXAMPLE = attention.Attended(SOURCE, TARGET, WEIGHTS, [(0, 0), (2, 1), (1, 2)])


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_a_heat_map_has_the_words_on_its_axes_and_a_ring_for_each_link():
    _, axes = plt.subplots()
    image = attention.heat_map(axes, EXAMPLE, "title")
    np.testing.assert_array_equal(image.get_array(), WEIGHTS)
    assert [label.get_text() for label in axes.get_xticklabels()] == SOURCE
    assert [label.get_text() for label in axes.get_yticklabels()] == TARGET
    rings = axes.lines[0].get_xydata()
    assert {tuple(ring) for ring in rings.tolist()} == set(EXAMPLE.links)


def test_without_links_there_is_no_ring():
    _, axes = plt.subplots()
    attention.heat_map(axes, attention.Attended(SOURCE, TARGET, WEIGHTS))
    assert not axes.lines


def test_a_dollar_in_a_word_is_no_formula():
    words = ["$5$", r"$\frac$", "a_b^c$"]
    example = attention.Attended(words, words, np.eye(3))
    figure, axes = plt.subplots()
    attention.heat_map(axes, example)
    figure.canvas.draw()
    attention.word_figure(example, 1).canvas.draw()


@pytest.mark.parametrize(("word", "lines"), [(0, 1), (1, 3), (2, 1), (3, 0), (99, 0)])
def test_a_word_is_joined_to_what_it_looks_at(word, lines):
    axes = attention.word_figure(EXAMPLE, word).axes[0]
    assert len(axes.lines) == lines
    shown = [text.get_text() for text in axes.texts]
    assert [f"{weight:.2f}" for weight in WEIGHTS[min(word, 3)]] == shown[: len(SOURCE)]
    assert shown[len(SOURCE) :] == SOURCE + TARGET


def test_the_wider_line_has_more_weight():
    lines = attention.word_figure(EXAMPLE, 1).axes[0].lines
    widths = [line.get_linewidth() for line in lines]
    np.testing.assert_allclose(np.divide(widths, widths[0]), [1, 1, 8])


def test_picking_a_word_redraws():
    box = attention.pick_word([EXAMPLE, attention.Attended(["a"], ["b", "c"], [[1.0], [1.0]])])
    panel, message, picture = box.children
    first = picture.value
    sentence, word = panel.children
    word.value = 2
    assert picture.value != first
    sentence.value = 1  # it has fewer words than the slider allows
    assert message.value == ""


@pytest.mark.parametrize(
    ("weights", "links", "message"),
    [
        (WEIGHTS.T, (), "do not transpose"),
        (WEIGHTS[:, :2], (), "need \\(4, 3\\)"),
        (2 * WEIGHTS, (), "sum to 1"),
        (WEIGHTS - 0.5, (), "sum to 1"),
        (np.full((4, 3), np.nan), (), "sum to 1"),
        (WEIGHTS, [(3, 0)], "outside"),
        (WEIGHTS, [(0, -1)], "outside"),
    ],
)
def test_what_does_not_fit_is_refused(weights, links, message):
    with pytest.raises(ValueError, match=message):
        attention.Attended(SOURCE, TARGET, weights, links)


def test_no_words_and_no_sentences_are_refused():
    with pytest.raises(ValueError, match="need"):
        attention.Attended([], [], np.zeros((0, 0)))
    with pytest.raises(ValueError, match="at least one"):
        attention.pick_word([])
