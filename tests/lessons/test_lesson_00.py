"""The figure of lesson 00 can be read."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt

from karpa_helpers.lessons import lesson_00


def test_no_words_of_the_two_boxes_overlap_or_leave_the_figure():
    figure = lesson_00.draw_two_boxes()
    figure.draw_without_rendering()
    words = [text for text in figure.axes[0].texts if text.get_text()]
    boxes = [text.get_window_extent() for text in words]
    assert not [1 for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)]
    inside = figure.bbox.padded(1)
    assert all(inside.contains(*corner) for box in boxes for corner in (box.min, box.max))
    shown = " ".join(text.get_text() for text in words)
    assert all(name in shown for name in ("generator", "discriminator", "real", "drawn"))
    plt.close(figure)
