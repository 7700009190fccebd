"""The doctor: what it reports, what it calls wrong, and that it runs where JAX does not."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tomllib
from collections import namedtuple
from pathlib import Path

import jax
import pytest

from karpa_helpers import __main__, doctor
from karpa_helpers.data.sources import SOURCES

ROOT = Path(__file__).resolve().parent.parent
NEEDS = {"toy": ["jax>=99.0", "no-such-package", 'other-missing; extra == "lab"'], "jax": []}


def wrong(check) -> dict[str, str]:
    return {finding.text: finding.remedy for finding in check() if finding.remedy}


def texts(check) -> str:
    return "\n".join(finding.text for finding in check())


def use_requirements(monkeypatch, needs):
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: needs.get(name, []))


def use_cards(monkeypatch, cards):
    monkeypatch.setattr(doctor, "nvidia_cards", lambda: cards)


def test_nothing_wrong_gives_zero(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "SECTIONS", {"a": lambda: iter([doctor.Finding("well")])})
    assert __main__.main(["doctor"]) == 0
    assert "Nothing is wrong." in capsys.readouterr().out


def test_what_is_wrong_comes_with_its_remedy_and_one(monkeypatch, capsys):
    sections = {"a": lambda: iter([doctor.Finding("well"), doctor.Finding("ill", "drink tea")])}
    monkeypatch.setattr(doctor, "SECTIONS", sections)
    assert __main__.main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "! ill" in out
    assert "1. ill\n   Remedy: drink tea." in out


def test_a_check_that_fails_is_a_finding_and_keeps_what_it_found(monkeypatch):
    def check():
        yield doctor.Finding("before")
        raise OSError("the disk is gone")

    monkeypatch.setattr(doctor, "SECTIONS", {"a": check, "b": lambda: iter([])})
    (_, findings), (last, _) = doctor.examine()
    assert findings[0].text == "before"
    assert "the disk is gone" in findings[1].text
    assert findings[1].remedy
    assert last == "b"


def test_the_whole_report_on_this_machine(monkeypatch, capsys):
    monkeypatch.setenv("KARPA_PRESET", "ci")
    __main__.main(["doctor"])
    out = capsys.readouterr().out
    for title in ("versions", "devices", "memory", "preset", "data", "folders"):
        assert f"\n{title}\n" in out
    assert f"jax {jax.__version__}" in out
    assert "ci (KARPA_PRESET)" in out
    assert "not examined" not in out
    for source in SOURCES.values():
        assert source.title in out


def test_floor_of_python_is_the_projects():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == ">=" + ".".join(map(str, doctor.PYTHON_FLOOR))


def test_old_python_is_wrong(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    remedies = wrong(doctor.check_versions).values()
    assert "install Python 3.11 or newer" in remedies


def test_unmet_requirements(monkeypatch):
    use_requirements(monkeypatch, NEEDS)
    assert doctor.unmet("toy") == [
        f"jax {jax.__version__} does not fit toy, which needs jax>=99.0",
        "no-such-package is missing; toy needs it",
    ]
    assert "other-missing is missing; toy needs it" in doctor.unmet("toy", extras=("", "lab"))


def test_packages_that_do_not_fit_each_other_are_wrong(monkeypatch):
    use_requirements(monkeypatch, {"flax": ["jax>=99"], "karpa-helpers": ["jax>=0.1"]})
    found = wrong(doctor.check_versions)
    assert found == {
        f"jax {jax.__version__} does not fit flax, which needs jax>=99": doctor.INSTALL
    }


@pytest.mark.parametrize("name", ["jax", "jupyterlab"])
def test_a_missing_package_is_wrong(monkeypatch, name):
    version = importlib.metadata.version

    def no_version(package):
        if package == name:
            raise importlib.metadata.PackageNotFoundError(package)
        return version(package)

    monkeypatch.setattr(importlib.metadata, "version", no_version)
    use_requirements(monkeypatch, {"karpa-helpers": ["jax>=0.7", 'jupyterlab; extra == "lab"']})
    assert wrong(doctor.check_versions) == {
        f"{name} is missing; karpa-helpers needs it": doctor.INSTALL
    }
    assert f"{name} missing" in texts(doctor.check_versions)


def test_a_gpu_left_unused_is_wrong(monkeypatch):
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    use_cards(monkeypatch, ["NVIDIA X, 80 MiB in all, 79 MiB free"])
    found = wrong(doctor.check_devices)
    assert list(found.values()) == [doctor.INSTALL_CUDA]
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    assert "unset JAX_PLATFORMS" in next(iter(wrong(doctor.check_devices).values()))


def test_a_gpu_in_use_is_well_and_tells_of_its_memory(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    use_cards(monkeypatch, ["NVIDIA X, 80 MiB in all, 79 MiB free"])
    assert wrong(doctor.check_devices) == {}
    report = texts(doctor.check_devices)
    assert "80 MiB in all, 79 MiB free" in report
    assert "75 %" in report
    assert "XLA_PYTHON_CLIENT_PREALLOCATE=false before Python starts" in report


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for nvidia-smi")
@pytest.mark.parametrize(
    ("script", "cards"),
    [
        ("echo 'NVIDIA X, 81559 MiB, 81008 MiB'", ["NVIDIA X, 81559 MiB in all, 81008 MiB free"]),
        ("echo 'No devices were found'; exit 6", []),
        ("echo 'No devices were found'", []),
    ],
)
def test_nvidia_smi_is_read(monkeypatch, tmp_path, script, cards):
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert doctor.nvidia_cards() == cards


def test_wrong_preset(monkeypatch):
    monkeypatch.setenv("KARPA_PRESET", "fast")
    ((text, remedy),) = wrong(doctor.check_preset).items()
    assert "fast" in text
    assert "ci, cpu, gpu" in remedy


def test_mirror_that_is_nowhere(monkeypatch, tmp_path):
    monkeypatch.setenv("KARPA_DATA_MIRROR", str(tmp_path / "nowhere"))
    ((text, remedy),) = wrong(doctor.check_data).items()
    assert "KARPA_DATA_MIRROR" in text
    assert "unset it" in remedy
    monkeypatch.setenv("KARPA_DATA_MIRROR", str(tmp_path))
    assert wrong(doctor.check_data) == {}


def test_data_in_a_mirror_is_at_hand(monkeypatch, tmp_path):
    source = SOURCES["faces"]
    folder = tmp_path / source.mirror_folder
    folder.mkdir(parents=True)
    for item in source.items:
        (folder / item.packed_name).write_bytes(b"x")
    monkeypatch.setenv("KARPA_DATA_MIRROR", str(tmp_path))
    lines = texts(doctor.check_data).splitlines()
    assert f"at hand      {source.title} (mirror)" in lines


def test_data_that_is_not_at_hand_is_told_apart_and_what_stands_in_for_it(monkeypatch, tmp_path):
    monkeypatch.setenv("KARPA_CACHE", str(tmp_path))
    monkeypatch.delenv("KARPA_DATA_MIRROR", raising=False)
    monkeypatch.delenv("KARPA_OFFLINE", raising=False)
    lines = texts(doctor.check_data).splitlines()
    assert "not at hand  Names (names); instead: names made by rule" in lines
    told = [line for line in lines if line.split("  ")[0] in ("at hand", "not at hand")]
    assert len(told) == len(SOURCES)
    assert lines[-1] == "`python -m karpa_helpers data fetch NAME` gets what is not at hand"
    monkeypatch.setenv("KARPA_OFFLINE", "1")
    assert (
        texts(doctor.check_data).splitlines()[-1] == "KARPA_OFFLINE is set, so nothing is fetched"
    )


def test_folders_that_cannot_be_written(monkeypatch, tmp_path):
    monkeypatch.setenv("KARPA_CACHE", str(tmp_path / "cache"))
    assert wrong(doctor.check_folders) == {}
    monkeypatch.setattr(doctor, "can_write", lambda folder: False)
    found = wrong(doctor.check_folders)
    assert len(found) == 2
    assert "KARPA_CACHE" in next(iter(found.values()))


def test_can_write(tmp_path):
    assert doctor.can_write(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert not doctor.can_write(tmp_path / "nowhere")


def test_full_disk_is_wrong(monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: usage(10**9, 10**9, 5 * 10**8))
    assert set(wrong(doctor.check_folders).values()) == {"free 1.0 GB of disk there"}


def test_without_a_command_help_is_printed(capsys):
    assert __main__.main([]) == 0
    out = capsys.readouterr().out
    assert "doctor" in out
    assert "data" in out


def test_data_commands_are_there(capsys):
    assert __main__.main(["data", "list"]) == 0
    assert "Fashion-MNIST" in capsys.readouterr().out


@pytest.mark.parametrize(
    "broken",
    ["raise ModuleNotFoundError(\"No module named 'jax'\")", "raise RuntimeError('jaxlib is old')"],
)
def test_it_runs_where_jax_is_missing_or_broken(tmp_path, broken):
    (tmp_path / "jax.py").write_text(broken)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-m", "karpa_helpers", "doctor"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "JAX does not start" in done.stdout
    assert "Remedy: pip install" in done.stdout
    assert "\ndata\n" in done.stdout
