"""Opens JupyterLab at the first lesson; further arguments go through to it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tools.lessons import ROOT

FIRST = "/lab/tree/notebooks/00_start_here.ipynb"


def command(arguments: list[str]) -> list[str]:
    """The command line of JupyterLab."""
    # The whole project is in reach, and every way in, "/" too, leads to the first lesson.
    line = [sys.executable, "-m", "jupyterlab", f"--LabApp.default_url={FIRST}"]
    line += [f"--ServerApp.root_dir={ROOT}"]
    line += ["--ServerApp.contents_manager_class=tools.lab_files.LessonFiles", *arguments]
    # Jupyter refuses to run as root, which is what one is in a container.
    if hasattr(os, "geteuid") and os.geteuid() == 0 and "--allow-root" not in arguments:
        line.append("--allow-root")
    return line


if __name__ == "__main__":
    os.chdir(ROOT)
    # So that `!pip` in a cell means the environment's own.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    line = command(sys.argv[1:])
    os.execv(line[0], line)
