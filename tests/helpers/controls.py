"""The controls of a figure: where they can stand, and what is wrong with the figure then."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

ALL = 12  # choices that are all tried; of a longer list the ends and the middle
STOPS = 5  # of a slider, its ends among them
FEW = 4  # controls whose ends are tried together
NO_NUMBER = re.compile(r"\b(?:nan|inf)\b", re.IGNORECASE)
Draw = Callable[..., Figure]
Controls = dict[str, ipywidgets.Widget]


def values(control: Any) -> list[Any]:
    """Some stops of a slider, the choices of a list, or a text and none."""
    if hasattr(control, "options"):
        choices = [x[1] if isinstance(x, tuple) else x for x in control.options]
        few = len(choices) <= ALL
        return choices if few else [choices[0], choices[len(choices) // 2], choices[-1]]
    if hasattr(control, "min"):
        kind, ends = type(control.min), (control.min, control.max)
        return list(dict.fromkeys(map(kind, np.linspace(*ends, STOPS))))
    return [control.value, ""]


def positions(controls: Controls) -> Iterator[dict[str, Any]]:
    """The first position; each control alone over its values; of few controls all the corners."""
    start = {name: control.value for name, control in controls.items()}
    yield start
    for name, control in controls.items():
        yield from ({**start, name: value} for value in values(control))
    if len(controls) <= FEW:
        ends = [(values(control)[0], values(control)[-1]) for control in controls.values()]
        yield from (dict(zip(controls, corner, strict=True)) for corner in itertools.product(*ends))


def not_finite(figure: Figure) -> list[str]:
    """What a figure shows that is no finite number, in words."""
    found = [text.get_text() for text in figure.findobj(Text) if NO_NUMBER.search(text.get_text())]
    for axes in figure.axes:
        shown = [line.get_ydata() for line in axes.lines]
        shown += [[patch.get_height()] for patch in axes.patches if hasattr(patch, "get_height")]
        shown += [image.get_array() for image in axes.images]
        shown += [c.get_offsets() for c in axes.collections if isinstance(c, PathCollection)]
        shown += [[*axes.get_xlim(), *axes.get_ylim()]]
        found += [f"{axes.get_title()}: {np.asarray(x)[:5]}" for x in shown if not finite(x)]
    return found


def finite(shown: Any) -> bool:
    numbers = np.ma.filled(np.ma.asarray(shown, dtype=float), 0)
    return bool(np.isfinite(numbers).all())
