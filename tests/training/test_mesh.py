"""What the mesh module refuses, and where it puts arrays."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest
import yaml
from jax.sharding import PartitionSpec

from karpa_helpers.training import mesh, stepping

LAUNCH = Path(__file__).resolve().parents[2] / "launch"
EIGHT = SimpleNamespace(size=8)


def test_a_mesh_larger_than_the_devices_names_the_remedy():
    with pytest.raises(ValueError, match=r"9 devices was asked for, and there are 1.*count=9"):
        mesh.make(9)
    with pytest.raises(ValueError, match="Ask for 1 to 1"):
        mesh.make(0)


def test_a_batch_that_cannot_be_divided_names_the_remedy():
    step = mesh.on_mesh(EIGHT, lambda *_: pytest.fail("it ran"), {})
    with pytest.raises(ValueError, match=r"batch of 20 .*among 8 devices.*16 or 24.*1, 2, 4, 5"):
        step({}, np.zeros((20, 3)), jax.random.key(0))


def test_a_data_set_that_cannot_be_divided_names_the_remedy():
    with pytest.raises(ValueError, match=r"data set of 3 examples.* Take 8 examples"):
        mesh.own_rows(EIGHT, 3)


@pytest.mark.parametrize(
    ("shape", "spec"),
    [
        ((64, 128), (None, "devices")),  # the longest dimension
        ((128, 63), ("devices", None)),
        ((64, 129), ("devices", None)),  # the longest that can be divided
        ((129, 63), ()),  # none can
        ((8, 8), ()),  # too small to be worth a message
        ((), ()),
        ((0, 8), ()),
    ],
)
def test_an_array_is_cut_along_its_longest_dimension_that_can_be(shape, spec):
    assert mesh._cut(shape, 8) == PartitionSpec(*spec)


def test_one_device_is_a_mesh_too():
    one = mesh.make()
    np.testing.assert_array_equal(mesh.own_rows(one, 5), range(5))
    data = mesh.place_data(one, {"x": np.arange(6, dtype=np.uint8).reshape(3, 2)})
    np.testing.assert_array_equal(data["x"], [[0, 1], [2, 3], [4, 5]])
    assert data["x"].dtype == np.uint8
    assert stepping.any_process(True, False) == [True, False]


def test_joining_by_half_the_variables_is_refused(monkeypatch):
    monkeypatch.setenv("KARPA_PROCESSES", "2")
    with pytest.raises(ValueError, match="Set all of KARPA_COORDINATOR"):
        mesh.join()


def test_the_pods_of_kubernetes_find_each_other():
    service, job = yaml.safe_load_all((LAUNCH / "kubernetes.yaml").read_text("utf-8"))
    pod = job["spec"]["template"]
    [container] = pod["spec"]["containers"]
    env = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert set(env) == set(mesh.VARIABLES)
    count = job["spec"]["completions"]
    assert job["spec"]["parallelism"] == count == int(env["KARPA_PROCESSES"])
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    host, port = env["KARPA_COORDINATOR"].split(":")
    assert host == f"{job['metadata']['name']}-0.{service['metadata']['name']}"
    assert pod["spec"]["subdomain"] == service["metadata"]["name"]
    assert container["ports"] == [{"containerPort": int(port)}]


@pytest.mark.parametrize("name", ["slurm.sh", "kubernetes.yaml", "README.md"])
def test_launch_files_start_what_is_there(name):
    text = (LAUNCH / name).read_text("utf-8")
    assert "launch/train.py" in text
    assert "--many" in text
