"""Controls that redraw a figure; where no kernel runs, a static figure stands in their place."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt
import PIL.Image
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
    picture = ipywidgets.HTML(_picture(static, metadata))
    message = ipywidgets.HTML()

    def redraw(_change: Any) -> None:
        # A control may be moved to where the function has no value: say so, keep the last figure.
        try:
            new = plots.bundle(_draw(draw, controls), alt)
        except Exception as error:
            message.value = f"<b>{type(error).__name__}</b>: {html.escape(str(error))}"
            return
        picture.value, message.value = _picture(*new), ""

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


def _picture(data: dict[str, Any], metadata: dict[str, Any]) -> str:
    """HTML for a figure from `plots.bundle`; ipywidgets' own image has no alternative text."""
    png, shown = data["image/png"], metadata["image/png"]
    # With its size known before it is read, the page does not jump while a slider moves.
    width, height = PIL.Image.open(io.BytesIO(png)).size
    height = round(height * shown["width"] / width)
    return (
        f'<img alt="{html.escape(shown["alt"])}" width="{shown["width"]}" height="{height}" '
        'style="max-width: 100%; height: auto" '
        f'src="data:image/png;base64,{base64.b64encode(png).decode()}">'
    )


def _draw(draw: Callable[..., Figure], controls: dict[str, ipywidgets.Widget]) -> Figure:
    figure = draw(**{name: control.value for name, control in controls.items()})
    if not isinstance(figure, Figure):
        raise TypeError(f"draw returned {type(figure).__name__}; it must return a figure.")
    plt.close(figure)
    return figure
