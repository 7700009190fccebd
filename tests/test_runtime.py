"""Preset, device report, versions, and that importing the package leaves the environment alone."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys

import jax
import pytest
from flax import nnx

from karpa_helpers import runtime


@pytest.mark.parametrize("accelerator", [True, False])
def test_unset_preset_follows_the_device(monkeypatch, accelerator):
    monkeypatch.delenv("KARPA_PRESET", raising=False)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu" if accelerator else "cpu")
    assert runtime.preset() == ("gpu" if accelerator else "cpu")
    monkeypatch.setenv("KARPA_PRESET", " ")
    assert runtime.preset() == ("gpu" if accelerator else "cpu")


@pytest.mark.parametrize("name", ["ci", "cpu", "gpu"])
def test_preset_is_read_at_every_call(monkeypatch, name):
    monkeypatch.setenv("KARPA_PRESET", f" {name.upper()}")
    assert runtime.preset() == name
    assert runtime.pick(ci="ci", cpu="cpu", gpu="gpu") == name


def test_unknown_preset_names_the_known_ones(monkeypatch):
    monkeypatch.setenv("KARPA_PRESET", "fast")
    with pytest.raises(ValueError, match="'fast'; set it to one of ci, cpu, gpu"):
        runtime.pick(ci=1, cpu=2, gpu=3)


def test_describe_prints_two_short_lines(monkeypatch, capsys):
    monkeypatch.setenv("KARPA_PRESET", "ci")
    runtime.describe()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0] == f"preset ci | device {runtime.device_name()}"
    assert f"jax {importlib.metadata.version('jax')}" in lines[1]


def test_versions_are_the_installed_ones():
    found = runtime.versions()
    for name in ("jax", "flax", "optax", "orbax-checkpoint", "numpy"):
        assert found[name] == importlib.metadata.version(name)
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))


def test_keys_are_typed_and_follow_the_seed():
    assert jax.dtypes.issubdtype(runtime.key(0).dtype, jax.dtypes.prng_key)
    assert (runtime.key(3) == jax.random.key(3)).all()
    assert not (runtime.key(3) == runtime.key(4)).all()


def test_module_list_holds_modules_that_are_found():
    class Stack(nnx.Module):
        def __init__(self):
            self.layers = runtime.module_list(nnx.Linear(2, 2, rngs=nnx.Rngs(i)) for i in range(3))

    stack = Stack()
    assert len(stack.layers) == 3
    assert len(jax.tree.leaves(nnx.state(stack, nnx.Param))) == 6


IMPORT_ALL = """
import os, pkgutil, importlib, sys
import jax
before = dict(os.environ)
import karpa_helpers
names = [m.name for m in pkgutil.walk_packages(karpa_helpers.__path__, "karpa_helpers.")]
for name in names:
    importlib.import_module(name)
assert len(names) > 20, names
changed = {k for k in {*before, *os.environ} if before.get(k) != os.environ.get(k)}
from jax._src import xla_bridge
assert not xla_bridge._backends, "importing the package started a device"
assert "orbax.checkpoint" not in sys.modules, "it takes longer than all the rest"
print(sorted(changed))
"""


def test_importing_every_module_changes_no_environment_variable_and_starts_no_device():
    # A variable set after `import jax` has no effect, or one that surprises; and a device that is
    # started by an import takes its memory before the learner has had a say.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


FAULTS = """
import resource, statistics, sys, threading, jax, jax.numpy as jnp
from karpa_helpers import runtime
# As in a kernel: the first cell asks for the device, and other threads hold memory of their own.
end = threading.Event()
threads = [threading.Thread(target=lambda: (bytearray(10**5), end.wait())) for _ in range(4)]
for thread in threads:
    thread.start()
runtime.device_name()
if sys.argv[1] == "keep":
    assert runtime.keep_freed_memory()
# Together more than the 64 MiB that the library can keep for a thread other than the main one.
x, weights = jnp.ones((64_000, 128)), [jnp.full((128, 128), 0.01) for _ in range(4)]


def loss(weights):
    y = x
    for weight in weights:
        y = jnp.tanh(y @ weight)
    return y.sum()


step = jax.jit(jax.grad(loss))
faults = []
for _ in range(13):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    jax.block_until_ready(step(weights))
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
# The room may still grow at a step or two; most steps must get what they had before.
print(statistics.median(faults))
end.set()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library is told")
def test_freed_memory_is_kept_for_the_next_step():
    on_cpu = {**os.environ, "JAX_PLATFORMS": "cpu"}
    faults = {
        how: float(subprocess.check_output([sys.executable, "-c", FAULTS, how], env=on_cpu))
        for how in ("keep", "give back")
    }
    assert faults["keep"] < faults["give back"] / 10, faults


def test_only_the_cpu_of_jax_0_10_needs_options(monkeypatch):
    monkeypatch.setattr(jax, "__version_info__", (0, 10, 2))
    found = runtime.compiler_options()
    assert (found is None) == runtime.on_accelerator()
    monkeypatch.setattr(jax, "__version_info__", (0, 12, 0))
    assert runtime.compiler_options() is None
