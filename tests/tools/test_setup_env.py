from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import setup_env
from tools.lessons import ROOT

PIP_OFFLINE = (
    "WARNING: Retrying after connection broken by 'NewConnectionError: Failed to establish a new "
    "connection: [Errno 111] Connection refused'\n"
    "ERROR: Could not find a version that satisfies the requirement setuptools>=77\n"
)


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (PIP_OFFLINE, "package index cannot be reached"),
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "disk is full"),
        ("x\nERROR: No matching distribution found for jax\ny", "No matching distribution found"),
        ("", "pip failed"),
    ],
)
def test_a_failed_pip_becomes_one_line(log: str, said: str) -> None:
    assert said in setup_env.explain(log)
    assert "\n" not in setup_env.explain(log)


@pytest.fixture
def commands(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the set-up would run; nothing is installed."""
    calls: list[list[str]] = []
    monkeypatch.setattr(setup_env, "ROOT", project)
    monkeypatch.setattr(setup_env, "LOG", project / "build" / "setup.log")
    monkeypatch.setattr(setup_env, "prepare", lambda: None)
    version = sys.version_info[:2]
    monkeypatch.setattr(setup_env, "version_of", lambda python: version if calls else None)

    def record(command: list[str | Path]) -> None:
        calls.append([str(part) for part in command])
        (project / ".venv").mkdir(exist_ok=True)

    monkeypatch.setattr(setup_env, "run_logged", record)
    (project / "constraints").mkdir()
    for name in setup_env.CONSTRAINTS.values():
        (project / "constraints" / name).write_text("jax==0\n")
    return calls


def ensure(project: Path, *extras: str) -> None:
    setup_env.ensure(project / ".venv", set(extras), None, same_python=False)


def installs(commands: list[list[str]]) -> list[str]:
    return [c[c.index("--editable") + 1] for c in commands if "--editable" in c]


def test_the_second_time_nothing_is_installed(project: Path, commands: list[list[str]]) -> None:
    ensure(project, "lab")
    assert installs(commands) == [".[lab]"]
    ensure(project, "lab")
    assert installs(commands) == [".[lab]"]


def test_extras_add_up(project: Path, commands: list[list[str]]) -> None:
    ensure(project, "lab")
    ensure(project, "lab", "dev")
    ensure(project, "lab")
    assert installs(commands) == [".[lab]", ".[dev,lab]"]


def test_a_changed_pin_or_dependency_installs_again(
    project: Path, commands: list[list[str]]
) -> None:
    ensure(project, "lab")
    for name in setup_env.CONSTRAINTS.values():
        (project / "constraints" / name).write_text("jax==1\n")
    ensure(project, "lab")
    settings = project / "pyproject.toml"
    settings.write_text(settings.read_text().replace('"tqdm>=4.66"', '"tqdm>=4.67"'))
    ensure(project, "lab")
    assert len(installs(commands)) == 3


def test_publishing_does_not_install_again(project: Path, commands: list[list[str]]) -> None:
    ensure(project, "lab")
    settings = project / "pyproject.toml"
    text = settings.read_text().replace('repository = ""', 'repository = "a/b"')
    settings.write_text(text.replace("# addresses:end", '[project.urls]\nRepository = "x"'))
    ensure(project, "lab")
    assert len(installs(commands)) == 1


def test_an_interrupted_installation_is_done_again(
    project: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure(project, "lab")
    record = setup_env.run_logged

    def fail(command: list[str | Path]) -> None:
        raise setup_env.SetupError("no network")

    monkeypatch.setattr(setup_env, "run_logged", fail)
    with pytest.raises(setup_env.SetupError):
        ensure(project, "lab", "dev")
    monkeypatch.setattr(setup_env, "run_logged", record)
    ensure(project, "lab")
    assert len(installs(commands)) == 2


@pytest.fixture
def bare(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where .venv would lie; environments are made, packages are not installed."""
    monkeypatch.setattr(setup_env, "ROOT", project)
    monkeypatch.setattr(setup_env, "LOG", project / "setup.log")
    monkeypatch.setattr(setup_env, "prepare", lambda: None)
    monkeypatch.setattr(setup_env, "install", lambda *arguments: None)
    (project / "constraints").mkdir()
    for name in setup_env.CONSTRAINTS.values():
        (project / "constraints" / name).write_text("jax==0\n")
    return project / ".venv"


@pytest.mark.parametrize("same_python", [False, True])
def test_an_environment_of_somebody_else_is_not_cleared(bare: Path, same_python: bool) -> None:
    # As uv makes it: without pip.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    (bare / "precious").write_text("x")
    with pytest.raises(setup_env.SetupError, match=r"has no pip.*Move it away") as refused:
        setup_env.ensure(bare, {"lab"}, None, same_python)
    assert "\n" not in str(refused.value)
    assert (bare / "precious").exists()
    assert not (bare / setup_env.STAMP).exists()


def test_a_folder_that_is_no_environment_is_not_cleared(bare: Path) -> None:
    bare.mkdir()
    (bare / "thesis.txt").write_text("x")
    with pytest.raises(setup_env.SetupError, match="is no environment"):
        setup_env.ensure(bare, {"lab"}, None, same_python=False)
    assert (bare / "thesis.txt").exists()


@pytest.mark.parametrize("version", [(3, 10), None])
def test_another_python_or_none_clears_only_what_is_ours(
    bare: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int] | None
) -> None:
    bare.mkdir()
    (bare / "theirs").write_text("x")
    monkeypatch.setattr(setup_env, "version_of", lambda python: version)
    ran: list[list[str]] = []
    monkeypatch.setattr(setup_env, "run_logged", lambda command: ran.append([*map(str, command)]))
    with pytest.raises(setup_env.SetupError, match="stays as it is"):
        setup_env.ensure(bare, {"lab"}, None, same_python=True)
    assert ran == []
    (bare / setup_env.STAMP).write_text("{}")
    setup_env.ensure(bare, {"lab"}, None, same_python=True)
    assert "--clear" in ran[0]
    assert setup_env.read_stamp(bare / setup_env.STAMP)["extras"] == ["lab"]


def test_a_new_environment_has_pip_and_a_stamp(bare: Path) -> None:
    setup_env.create(bare)
    assert setup_env.version_of(setup_env.venv_python(bare)) == sys.version_info[:2]
    assert (bare / setup_env.STAMP).exists()


def test_too_little_space_is_said_before_anything_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 1e9})
    monkeypatch.setattr(setup_env.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(setup_env.SetupError, match=r"needs 2\.5 GB and has 1\.0 GB"):
        setup_env.prepare()


def find_python(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tools" / "find_python.sh")],
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.skipif(os.name == "nt", reason="make's shell")
class TestFindPython:
    def test_the_named_one_decides(self) -> None:
        assert find_python(PATH="", PYTHON=sys.executable).stdout.strip() == sys.executable

    def test_none_is_one_line_and_an_error(self, tmp_path: Path) -> None:
        done = find_python(PATH=str(tmp_path))
        assert done.returncode == 1
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert "No Python 3.11 or newer" in done.stderr

    def test_an_old_or_empty_one_is_passed_over(self, tmp_path: Path) -> None:
        # An old Python refuses the version, an empty pyenv shim refuses to start.
        for name, script in {"python3": "exit 1", "python3.12": "exit 127"}.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)
        (tmp_path / "python3.13").symlink_to(sys.executable)
        assert find_python(PATH=str(tmp_path)).stdout.strip() == "python3.13"

    def test_a_wrong_name_is_said(self) -> None:
        done = find_python(PATH="", PYTHON="/nowhere/python3")
        assert done.returncode == 1
        assert "PYTHON=/nowhere/python3" in done.stderr
