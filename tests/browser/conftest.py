"""A headless Chromium, and JupyterLab as `make lab` starts it, on a copy of the project."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tools.lessons import ROOT, write_notebook
from tools.light import lighten

TOKEN = "karpa"
SWITCHES = [
    "--headless",
    "--no-sandbox",  # Chromium's own needs rights that a container does not give
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PLAY = """\
import ipywidgets
from karpa_helpers.show import plots, widgets

def draw(slope):
    figure, axes = plots.subplots(figsize=(3, 2))
    axes.plot([0, 1], [0, slope])
    return figure

widgets.explore(draw, alt="a line with a slope", slope=ipywidgets.IntSlider(1, min=0, max=5));"""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab; `folder` is its copy of the project."""

    folder: Path
    address: str

    def notebook(self, name: str) -> Path:
        return self.folder / "notebooks" / name

    def page(self, name: str) -> str:
        return f"{self.address}/lab/tree/notebooks/{name}?reset&token={TOKEN}"

    def ask(self, path: str, method: str = "GET") -> bytes:
        headers = {"Authorization": f"token {TOKEN}"}
        request = urllib.request.Request(self.address + path, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots go."""
    folder = ROOT / "build" / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# Not for the session: while Playwright runs, no other test of the process can use asyncio.run.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    reason = "NOTHING WAS TRIED IN A BROWSER: there is no "
    api = pytest.importorskip("playwright.sync_api", reason=reason + "playwright (extra browser).")
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    path = next((x for x in found if x), None)
    if path is None:
        pytest.skip(reason + "Chromium.")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def lab(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder, home = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("home")
    shutil.copytree(ROOT / "tools", folder / "tools")
    (folder / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "04_the_minimax_game.ipynb", folder / "notebooks")
    play = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(PLAY)])
    write_notebook(lighten(play), folder / "notebooks" / "play.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # The settings and the workspaces of whoever runs the tests stay out of it.
    places = {"HOME": "", "IPYTHONDIR": "ipython", "JUPYTER_CONFIG_DIR": "config"}
    places |= {"JUPYTER_DATA_DIR": "data", "JUPYTERLAB_SETTINGS_DIR": "settings"}
    places |= {"JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
    environment = os.environ | {name: str(home / place) for name, place in places.items()}
    environment |= {"JUPYTER_PREFER_ENV_PATH": "1", "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tools.open_lab", "--no-browser", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"]
    log = home / "lab.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=stream, stderr=subprocess.STDOUT
        )
    running = Lab(folder, f"http://127.0.0.1:{port}")
    try:
        wait_for(running, server, log)
        yield running
    finally:
        server.terminate()
        server.wait(20)


def wait_for(lab: Lab, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        try:
            lab.ask("/api/status")
            return
        except (urllib.error.URLError, OSError):
            assert server.poll() is None, log.read_text("utf-8")
            time.sleep(0.25)
    raise AssertionError(log.read_text("utf-8"))
