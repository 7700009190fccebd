"""Controls that redraw a figure, and the static figure in the same output."""

from __future__ import annotations

import base64

import ipywidgets
import matplotlib.pyplot as plt
import pytest

from karpa_helpers.show import plots, widgets


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(widgets, "display", lambda data, **options: outputs.append((data, options)))
    return outputs


def draw(slope, curved):
    if slope == 3:
        raise ValueError("no value <here>")
    figure, axes = plots.subplots(figsize=(2, 1))
    axes.plot([0, 1], [0, slope ** (2 if curved else 1)])
    return figure


def explore():
    return widgets.explore(
        draw,
        alt="a line with a slope",
        slope=ipywidgets.FloatSlider(1.0, min=0, max=5),
        curved=ipywidgets.Checkbox(False),
    )


def parts(box):
    controls, message, picture = box.children
    return controls.children, message, picture


def test_one_output_holds_the_controls_and_the_static_figure(shown):
    box = explore()
    ((data, options),) = shown
    assert data[widgets.WIDGET_MIME]["model_id"] == box.model_id
    assert data["image/png"].startswith(b"\x89PNG")
    assert options["metadata"]["image/png"]["alt"] == "a line with a slope"
    live = parts(box)[2].value
    assert base64.b64encode(data["image/png"]).decode() in live
    assert 'alt="a line with a slope"' in live


def test_alternative_text_is_text_and_no_html(shown):
    box = widgets.explore(lambda: plots.subplots()[0], alt='where "x" < 2 holds')
    assert 'alt="where &quot;x&quot; &lt; 2 holds"' in parts(box)[2].value


def test_moving_a_control_redraws(shown):
    (slope, curved), _, picture = parts(explore())
    first = picture.value
    slope.value = 2.0
    second = picture.value
    curved.value = True
    assert len({first, second, picture.value}) == 3
    slope.value, curved.value = 1.0, False
    assert picture.value == first
    assert plt.get_fignums() == []


def test_a_value_without_a_figure_is_explained_and_keeps_the_last_one(shown):
    (slope, _), message, picture = parts(explore())
    slope.value = 2.0
    before = picture.value
    slope.value = 3
    assert picture.value == before
    assert "ValueError" in message.value
    assert "<here>" not in message.value  # shown as text, not as HTML
    slope.value = 2.5
    assert message.value == ""
    assert picture.value != before


def test_draw_must_return_a_figure(shown):
    with pytest.raises(TypeError, match="must return a figure"):
        widgets.explore(lambda: None, alt="nothing at all")


def test_alternative_text_is_required(shown):
    with pytest.raises(ValueError, match="describe"):
        widgets.explore(lambda: plots.subplots()[0], alt="")
