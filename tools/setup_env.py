"""Makes or refreshes the course's own environment. The Makefile runs it before all else,
so it needs the standard library only.

A stamp in the environment holds what it was installed from. Where the stamp still fits, nothing is
done, so a second `make lab` starts at once. An environment without a stamp is somebody else's: it
may be installed into, but never cleared.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOG = ROOT / "build" / "setup.log"
STAMP = "karpa-stamp.json"
SPACE_NEEDED = 2.5e9  # the environment is 1.4 GB, pip unpacks beside it
CONSTRAINTS = {(3, 11): "py311.txt", (3, 12): "py312.txt", (3, 13): "colab.txt"}

DISK_FULL = "The disk is full; free about 3 GB (also in the temporary folder) and run it again."
NETWORK_SIGNS = (
    "Failed to establish a new connection",
    "NewConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "SSLError",
    "name resolution",
    "Connection refused",
    "Connection reset",
    "Network is unreachable",
)


class SetupError(Exception):
    """What stopped the set-up, in one line with the remedy."""


def explain(log: str) -> str:
    """One line for a failed pip, from its log."""
    if "No space left on device" in log:
        return DISK_FULL
    if any(sign in log for sign in NETWORK_SIGNS):
        return (
            "The package index cannot be reached and not all packages are at hand; "
            "connect to the network and run it again."
        )
    errors = [line for line in log.splitlines() if line.startswith("ERROR:")]
    return f"pip failed: {errors[-1][7:]}" if errors else "pip failed."


def venv_python(venv: Path) -> Path:
    """The interpreter inside an environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def version_of(python: Path) -> tuple[int, int] | None:
    """(major, minor) of an interpreter, None where it does not run."""
    code = "import sys, pip; print(*sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    major, minor = done.stdout.split()
    return int(major), int(minor)


def wanted_stamp(extras: set[str], version: tuple[int, int], constraints: Path | None) -> dict:
    """All that the installed packages depend on; publishing addresses do not count."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = {k: v for k, v in settings["project"].items() if k not in ("urls", "description")}
    return {
        "folder": str(ROOT),
        "python": list(version),
        "extras": sorted(extras),
        "project": project,
        "build": settings["build-system"],
        "constraints": constraints.read_text("utf-8") if constraints else None,
    }


def read_stamp(path: Path) -> dict:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def run_logged(command: list[str | Path]) -> None:
    """Runs a command into the log; in a terminal one moving line shows that it is alive."""
    start = time.monotonic()
    live = sys.stdout.isatty()
    with LOG.open("a", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            if live:
                seconds = time.monotonic() - start
                print(f"\r\033[K  {seconds:4.0f} s  {line.strip()[:66]}", end="", flush=True)
        if live:
            print("\r\033[K", end="")
    if process.wait():
        raise SetupError(f"{explain(LOG.read_text('utf-8'))} Details: {LOG.relative_to(ROOT)}")


def install(venv: Path, extras: set[str], constraints: Path | None) -> None:
    python = venv_python(venv)
    target = f".[{','.join(sorted(extras))}]"
    command: list[str | Path] = [
        python,
        "-m",
        "pip",
        "install",
        "--no-input",
        "--progress-bar=off",
        "--retries=2",
    ]
    command += ["--disable-pip-version-check", "--editable", target]
    if constraints:
        command += ["--constraint", constraints]
    run_logged(command)
    # The kernel lives in the environment and names its interpreter in full, so that another
    # `python` on PATH is never started by mistake. Colab knows a kernel of this name, too.
    kernel = ["--sys-prefix", "--name", "python3", "--display-name", "Python 3 (Karpa)"]
    run_logged([python, "-m", "ipykernel", "install", *kernel])
    quiet_jupyterlab(venv)


def quiet_jupyterlab(venv: Path) -> None:
    """No question about news and no look for updates: the course works without a network."""
    settings = venv / "share" / "jupyter" / "lab" / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    overrides = {"@jupyterlab/apputils-extension:notification": quiet}
    (settings / "overrides.json").write_text(json.dumps(overrides, indent=1), "utf-8")


def prepare() -> None:
    """Before anything is written: is there room, and an empty log."""
    free = shutil.disk_usage(ROOT).free
    if free < SPACE_NEEDED:
        raise SetupError(
            f"The disk is nearly full: the course needs {SPACE_NEEDED / 1e9:.1f} GB and has "
            f"{free / 1e9:.1f} GB; free some and run it again."
        )
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("", "utf-8")


def create(venv: Path) -> None:
    """A new environment, in place of an older one of ours; its stamp says that it is ours.

    Raises:
        SetupError: There is an environment that somebody else made.
    """
    if venv.is_dir() and any(venv.iterdir()) and not (venv / STAMP).exists():
        made = venv_python(venv).exists()
        raise SetupError(
            f"{venv} was not made by this set-up and stays as it is; it "
            f"{'has no pip, or is of another Python' if made else 'is no environment'}. "
            "Move it away and run this again, or install into it as README.md says for uv."
        )
    print(f"Creating {venv.name} with Python {sys.version.split()[0]}.", flush=True)
    run_logged([sys.executable, "-m", "venv", "--clear", "--without-pip", venv])
    (venv / STAMP).write_text("{}", "utf-8")
    run_logged([venv_python(venv), "-m", "ensurepip", "--upgrade", "--default-pip"])


def ensure(venv: Path, extras: set[str], constraints: Path | None, same_python: bool) -> None:
    """Brings the environment to what pyproject.toml and the pins ask for."""
    version = version_of(venv_python(venv))
    if version is None or (same_python and version != sys.version_info[:2]):
        prepare()
        create(venv)
        version = sys.version_info[:2]
    if constraints is None and version in CONSTRAINTS:
        constraints = ROOT / "constraints" / CONSTRAINTS[version]
    stamp_file = venv / STAMP
    present = read_stamp(stamp_file)
    # Extras only add up: `make lab` after `make test` takes nothing away.
    extras = extras | set(present.get("extras", ()))
    stamp = wanted_stamp(extras, version, constraints)
    if stamp == present:
        return
    prepare()
    if constraints:
        print(f"Installing the tested packages of {constraints.relative_to(ROOT)}.", flush=True)
    else:
        number = f"{version[0]}.{version[1]}"
        print(f"Python {number} is newer than the tested ones: installing without pins.")
    print(f"This takes a few minutes the first time; log: {LOG.relative_to(ROOT)}", flush=True)
    start = time.monotonic()
    if present:
        stamp_file.write_text("{}", "utf-8")
    install(venv, extras, constraints)
    stamp_file.write_text(json.dumps(stamp, indent=1), "utf-8")
    print(f"Installed in {time.monotonic() - start:.0f} s.", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extras", nargs="+", help="extras of pyproject.toml: lab, dev, ...")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    parser.add_argument("--constraints", type=Path, help="instead of the file for this Python")
    options = parser.parse_args()
    constraints = options.constraints and options.constraints.resolve()
    try:
        ensure(options.venv, set(options.extras), constraints, bool(os.environ.get("PYTHON")))
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:  # the log itself may no longer find space
        full = error.errno == errno.ENOSPC
        print(DISK_FULL if full else f"The set-up stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nThe set-up was stopped; run it again to finish it.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
