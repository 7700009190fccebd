"""One device, eight, and two processes give the same losses; checkpoints move between them.

Everything runs in processes of its own, since the number of simulated devices is fixed before
JAX starts. They run what ships, launch/train.py, at a tiny size.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

WORKER = Path(__file__).resolve().parents[1] / "helpers" / "mesh_worker.py"
ROOT = WORKER.parents[2]
MODELS = ("gan", "transformer")
STEPS, SAVED, TOLERANCE = 50, 25, 1e-5
SECONDS = 300  # far above what it takes: a process that waits for another one hangs
# A leaky ReLU has a kink. Where a rounding error carries a number across it, the gradient jumps;
# at DCGAN's own rate of 2e-4 the losses were then seen to part by up to 1e-4 within 50 steps. A
# tenth of it leaves room for that. The last test holds that the losses move a lot more.
SETTINGS = {"gan": ["--width", "4", "--rate", "2e-5"], "transformer": ["--width", "16"]}


def command(model: str, curve: Path, *more: str, plain: bool = False) -> list[str]:
    sizes = ["--steps", str(STEPS), "--batch-size", "16", "--examples", "163"]  # no multiple
    first = ["plain"] if plain else []
    return [*first, model, *sizes, *SETTINGS[model], "--curve", str(curve), *more]


def start(devices: int, commands: list[list[str]], **variables: str) -> subprocess.Popen[str]:
    flags = os.environ.get("XLA_FLAGS", "")
    flags = f"{flags} --xla_force_host_platform_device_count={devices}"
    return subprocess.Popen(
        [sys.executable, str(WORKER), json.dumps(commands)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": flags, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(*processes: subprocess.Popen[str]) -> list[str]:
    """What they printed. All are killed where one hangs: a SIGTERM would only be noted."""
    try:
        outputs = [process.communicate(timeout=SECONDS)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, output in zip(processes, outputs, strict=True):
        assert process.returncode == 0, output[-3000:]
    return outputs


def read(curve: Path) -> dict[str, np.ndarray]:
    return {name: np.asarray(v) for name, v in json.loads(curve.read_text("utf-8")).items()}


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_allclose(values, other[name], rtol=0, atol=TOLERANCE, err_msg=name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("many")


@pytest.fixture(scope="module")
def eight(folder: Path) -> dict[str, dict[str, np.ndarray]]:
    """Curves on eight devices. The checkpoint of step 25 stays, as if the run had ended there."""
    finish(
        start(
            8,
            [
                command(m, folder / f"{m}.8", "--folder", str(folder / m), "--save-every", "25")
                for m in MODELS
            ],
        )
    )
    for model in MODELS:
        shutil.rmtree(folder / model / "checkpoints" / str(STEPS))
        for devices in (1, 2):
            shutil.copytree(folder / model, folder / f"{model}-on-{devices}")
    return {model: read(folder / f"{model}.8") for model in MODELS}


@pytest.fixture(scope="module")
def few(folder: Path, eight: object) -> Path:
    """Curves on one device without a mesh, and of runs that go on from eight on one and on two."""
    resumed = [
        command(
            model,
            folder / f"{model}.resumed{devices}",
            *("--devices", str(devices), "--folder", str(folder / f"{model}-on-{devices}")),
            *("--save-every", "25"),
        )
        for model in MODELS
        for devices in (1, 2)
    ]
    plain = [command(model, folder / f"{model}.1", plain=True) for model in MODELS]
    finish(start(2, [*plain, *resumed]))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_eight_devices_give_the_losses_of_one(few, eight, model):
    one = read(few / f"{model}.1")
    assert len(one["step"]) == STEPS
    assert_same(one, eight[model])


@pytest.mark.slow
@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("model", MODELS)
def test_a_checkpoint_of_eight_devices_goes_on_with_fewer(few, eight, model, devices):
    resumed = read(few / f"{model}.resumed{devices}")
    for name, values in eight[model].items():
        np.testing.assert_array_equal(resumed[name][:SAVED], values[:SAVED])  # it was read
    assert_same(resumed, eight[model])


@pytest.mark.slow
def test_two_processes_give_the_losses_of_one(few, tmp_path):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{one.getsockname()[1]}"
    commands = [
        command(model, tmp_path / f"{model}.json", "--folder", str(tmp_path / model))
        for model in MODELS
    ]
    commands[0].append("--many")
    processes = [
        start(2, commands, KARPA_COORDINATOR=address, KARPA_PROCESSES="2", KARPA_PROCESS=str(own))
        for own in range(2)
    ]
    outputs = finish(*processes)
    assert "4 device(s), 2 process(es)" in outputs[0]
    assert "process(es)" not in outputs[1]  # one of them reports
    for model in MODELS:
        assert_same(read(few / f"{model}.1"), read(tmp_path / f"{model}.json"))
        assert (tmp_path / model / "checkpoints" / str(STEPS)).is_dir()
        assert (tmp_path / model / "record.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_the_losses_move_far_more_than_the_tolerance(few, model):
    for name, values in read(few / f"{model}.1").items():
        assert np.ptp(values) > 500 * TOLERANCE, name
