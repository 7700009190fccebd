"""Controls that redraw a figure; where no kernel runs, a static figure stands in their place."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure

from karpa_helpers.show import plots

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


def explore(draw: Callable[..., Figure], *, alt: str, **controls: ipywidgets.Widget) -> Any:
    """Shows controls with a figure that follows them.

    The output holds two forms. With a kernel, Jupyter shows the live controls. In a stored
    notebook, on GitHub or in HTML it shows the figure drawn from the controls' first values.

    Args:
        draw: Called with the controls' values by name; returns a Matplotlib figure.
        alt: What the figure shows.
        **controls: ipywidgets controls by name of the argument they set.

    Returns:
        The container widget, so that a program can move its controls (`.children[0].children`).
    """
    static, metadata = plots.bundle(_draw(draw, controls), alt)
    picture = ipywidgets.Image(value=static["image/png"], format="png")
    message = ipywidgets.HTML()

    def redraw(_change: Any) -> None:
        # A control may be moved to where the function has no value: say so, keep the last figure.
        try:
            data, _ = plots.bundle(_draw(draw, controls), alt)
        except Exception as error:
            message.value = f"<b>{type(error).__name__}</b>: {html.escape(str(error))}"
            return
        picture.value, message.value = data["image/png"], ""

    for name, control in controls.items():
        control.description = control.description or name
        control.observe(redraw, names="value")
    # Without `align_items` the box would stretch the picture to the width of the page.
    layout = ipywidgets.Layout(align_items="flex-start")
    panel = ipywidgets.VBox(list(controls.values()))
    box = ipywidgets.VBox([panel, message, picture], layout=layout)
    view = {"version_major": 2, "version_minor": 0, "model_id": box.model_id}
    display({WIDGET_MIME: view, **static}, metadata=metadata, raw=True)
    return box


def _draw(draw: Callable[..., Figure], controls: dict[str, ipywidgets.Widget]) -> Figure:
    figure = draw(**{name: control.value for name, control in controls.items()})
    if not isinstance(figure, Figure):
        raise TypeError(f"draw returned {type(figure).__name__}; it must return a figure.")
    plt.close(figure)
    return figure
