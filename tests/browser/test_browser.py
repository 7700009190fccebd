"""What a learner sees in a browser. `make browser` runs it; screenshots go to build/browser/."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tools.lessons import find_lessons, read_notebook
from tools.light import WIDGET_MIMES
from tools.page import to_html

IDLE = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'
DIRTY = ".lm-TabBar-tab.jp-mod-dirty"
SLIDER = ".jp-OutputArea-output .noUi-handle"
PICTURE = ".jp-OutputArea-output img"
LONG = 60_000  # milliseconds, on a machine with other work


def open_notebook(chromium: Any, address: str) -> Any:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address, timeout=LONG)
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=LONG)
    page.wait_for_selector(IDLE, timeout=LONG)
    page.wait_for_timeout(3000)  # what the kernel tells about itself arrives after it is idle
    return page


def save(page: Any, path: Path) -> None:
    before = path.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    for _ in range(100):
        if path.stat().st_mtime_ns != before:
            return
        page.wait_for_timeout(100)
    raise AssertionError("the notebook was not saved")


def test_a_lesson_only_looked_at_asks_nothing_and_stays(
    chromium: Any, lab: Any, pictures: Path
) -> None:
    name = "04_the_minimax_game.ipynb"
    before = lab.notebook(name).read_bytes()
    page = open_notebook(chromium, lab.page(name))
    page.screenshot(path=pictures / "untouched.png")
    assert page.locator(DIRTY).count() == 0
    save(page, lab.notebook(name))
    assert lab.notebook(name).read_bytes() == before
    page.close()


def test_a_play_figure_survives_its_kernel(chromium: Any, lab: Any, pictures: Path) -> None:
    path = lab.notebook("play.ipynb")
    page = open_notebook(chromium, lab.page("play.ipynb"))
    page.click(".jp-Cell .cm-content")
    page.keyboard.press("Shift+Enter")
    page.wait_for_selector(SLIDER, timeout=LONG)
    picture = page.locator(PICTURE)
    assert picture.get_attribute("alt") == "a line with a slope"
    first = picture.get_attribute("src")
    page.locator(SLIDER).press("ArrowRight")
    deadline = time.monotonic() + 20
    while picture.get_attribute("src") == first:
        assert time.monotonic() < deadline, "the figure did not follow its slider"
        page.wait_for_timeout(100)
    page.screenshot(path=pictures / "live.png")
    page.locator(".jp-NotebookPanel-toolbar").first.click()
    save(page, path)
    page.close()
    for session in json.loads(lab.ask("/api/sessions")):
        lab.ask(f"/api/sessions/{session['id']}", "DELETE")

    page = open_notebook(chromium, lab.page("play.ipynb"))
    page.screenshot(path=pictures / "reopened.png")
    assert page.locator(PICTURE).count() == 1
    assert page.locator(SLIDER).count() == 0
    assert "Error displaying" not in page.inner_text(".jp-NotebookPanel")
    assert not any(mime in path.read_text("utf-8") for mime in WIDGET_MIMES)
    page.close()


@pytest.mark.parametrize("number", ["04", "13"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_fits_its_screen_and_needs_no_network(
    chromium: Any, tmp_path: Path, pictures: Path, number: str, width: int
) -> None:
    (lesson,) = find_lessons(number)
    file = tmp_path / "lesson.html"
    file.write_text(to_html(read_notebook(lesson.notebook)), "utf-8")
    context = chromium.new_context(viewport={"width": width, "height": 844}, offline=True)
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.screenshot(path=pictures / f"{number}_{width}.png")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert page.title().startswith(f"{number}. ")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    hidden = "p => p.scrollWidth > p.clientWidth && getComputedStyle(p).overflowX !== 'auto'"
    assert page.evaluate(f"[...document.querySelectorAll('pre')].filter({hidden}).length") == 0
    assert page.locator("math").count() > 50
    fractions = [fraction.bounding_box() for fraction in page.locator(".equation mfrac").all()]
    assert max(box["height"] for box in fractions) > 25  # drawn, not as text on one line
    context.close()
