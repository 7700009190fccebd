"""The figure of lesson 00: a GAN as two boxes."""

from __future__ import annotations

from matplotlib.figure import Figure

from karpa_helpers.show import plots

_NETWORK = "#CFE5F3"
_BOXES = (
    (0.9, 2.1, "64 random\nnumbers z", "white"),
    (3.3, 2.1, "generator\nG", _NETWORK),
    (5.7, 2.1, "drawn\nimage", "white"),
    (5.7, 0.5, "real\nimage", "white"),
    (8.1, 1.3, "discriminator\nD", _NETWORK),
    (10.9, 1.3, "probability D\nthat it is real", "white"),
)
_FORWARD = ((1.6, 2.1, 2.6, 2.1), (4.0, 2.1, 5.2, 2.1), (6.15, 2.0, 7.2, 1.6),
            (6.15, 0.6, 7.2, 1.0), (8.95, 1.3, 10.0, 1.3))  # fmt: skip
_BACK = (
    (10.9, 1.8, 3.3, 2.6, 0.3, (7.1, 3.75), "G learns to be taken for real"),
    (10.9, 0.8, 8.1, 0.8, -0.4, (9.5, -0.25), "D learns to tell real from drawn"),
)


def draw_two_boxes() -> Figure:
    """The two networks, what goes into them, and by dashed arrows what each of them learns from."""
    figure, axes = plots.subplots(figsize=(9, 3.4))
    axes.set(xlim=(-0.1, 12.1), ylim=(-0.6, 4.1))
    axes.axis("off")
    for x, y, words, face in _BOXES:
        box = {"facecolor": face, "boxstyle": "round,pad=0.4"}
        axes.annotate(words, (x, y), ha="center", va="center", bbox=box)
    for x, y, to_x, to_y in _FORWARD:
        axes.annotate("", (to_x, to_y), (x, y), arrowprops={"arrowstyle": "-|>"})
    for x, y, to_x, to_y, bend, place, words in _BACK:
        look = {"arrowstyle": "-|>", "linestyle": "--", "color": plots.COLOURS[1],
                "connectionstyle": f"arc3,rad={bend}"}  # fmt: skip
        axes.annotate("", (to_x, to_y), (x, y), arrowprops=look)
        axes.annotate(words, place, ha="center", va="center", color=plots.COLOURS[1])
    return figure
