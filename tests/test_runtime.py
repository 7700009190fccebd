"""Preset, device report, versions, and that importing the package leaves the environment alone."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

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
before, settings = dict(os.environ), dict(jax.config.values)
import karpa_helpers
names = [m.name for m in pkgutil.walk_packages(karpa_helpers.__path__, "karpa_helpers.")]
for name in names:
    importlib.import_module(name)
assert len(names) > 20, names
changed = {k for k in {*before, *os.environ} if before.get(k) != os.environ.get(k)}
changed |= {k for k in settings if settings[k] != jax.config.values[k]}
from jax._src import xla_bridge
assert not xla_bridge._backends, "importing the package started a device"
assert "orbax.checkpoint" not in sys.modules, "it takes longer than all the rest"
print(sorted(changed))
"""


def test_importing_every_module_changes_no_setting_and_starts_no_device():
    # A setting of JAX is its user's to make. A variable set after `import jax` has no effect, or
    # one that surprises; and a device that is started by an import takes its memory before the
    # learner has had a say.
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
runtime.configure_jax()
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


TRAINING = """
import hashlib, warnings
import jax, numpy as np, optax
from flax import nnx
from karpa_helpers import runtime, training
from karpa_helpers.gan import networks
runtime.configure_jax()
warnings.simplefilter("default", append=True)
model = networks.DCGANDiscriminator(4, rngs=nnx.Rngs(0))
optimizer = optax.adam(1e-2)
images = np.random.default_rng(0).normal(size=(32, 28, 28, 1)).astype("f4")
loss = lambda model, batch, key: ((model(batch) ** 2).mean(), {})
graph, state = training.create_state(model, optimizer)
step = training.gradient_step(graph, optimizer, loss)
result = training.fit(step, state, images, batch_size=8, steps=6, show=False)
weights = b"".join(np.asarray(x).tobytes() for x in jax.tree.leaves(result.state["params"]))
print(hashlib.sha256(weights).hexdigest())
"""


def train(cache: Path, **variables: str) -> str:
    """What a short training in a process of its own ends with; it must print no word more."""
    environment = {name: v for name, v in os.environ.items() if "CACHE" not in name}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "KARPA_CACHE": str(cache), **variables}
    done = subprocess.run(
        [sys.executable, "-c", TRAINING], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def kept(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*-cache"))


@pytest.mark.slow
@pytest.mark.skipif("avx512" in runtime.processor(), reason="XLA cannot load there in silence")
def test_kept_programs_change_no_bit_and_print_nothing(tmp_path):
    wanted = train(tmp_path, KARPA_COMPILED_MB="0")
    assert not kept(tmp_path)
    assert train(tmp_path) == wanted  # compiles and keeps
    programs = kept(tmp_path)
    assert len(programs) > 5
    assert train(tmp_path) == wanted  # finds all it needs
    assert kept(tmp_path) == programs

    programs[0].write_bytes(programs[0].read_bytes()[:100])  # as a full disk leaves it
    for path in programs[1:]:
        path.write_bytes(b"")
    assert train(tmp_path) == wanted


@pytest.mark.slow
@pytest.mark.skipif("avx512" in runtime.processor(), reason="XLA cannot load there in silence")
def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path):
    wanted = train(tmp_path / "good")
    (tmp_path / "file").touch()
    assert train(tmp_path / "file") == wanted
    for path in kept(tmp_path / "good"):
        path.unlink()
        path.symlink_to(tmp_path / "missing" / path.name)  # who writes here fails, be it root
    assert train(tmp_path / "good") == wanted
    assert not any(path.exists() for path in kept(tmp_path / "good"))


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """As in a process that has kept nothing so far; JAX's settings as before afterwards."""
    before = dict(jax.config.values)
    monkeypatch.setenv("KARPA_CACHE", str(tmp_path))
    monkeypatch.setattr(runtime, "processor", lambda: "model: one")
    jax.config.update("jax_compilation_cache_dir", None)
    runtime.keep_compiled_programs.cache_clear()
    yield monkeypatch
    runtime.keep_compiled_programs.cache_clear()
    for name in ("dir", "max_size"):
        jax.config.update(f"jax_compilation_cache_{name}", before[f"jax_compilation_cache_{name}"])


def test_programs_of_another_processor_lie_elsewhere(fresh, tmp_path):
    first = runtime.keep_compiled_programs()
    assert first.is_relative_to(tmp_path / "compiled")
    jax.config.update("jax_compilation_cache_dir", None)
    runtime.keep_compiled_programs.cache_clear()
    assert runtime.keep_compiled_programs() == first
    for name, other in (("processor", lambda: "model: two"), ("compiler", lambda: "jaxlib 9.9")):
        fresh.setattr(runtime, name, other)
        jax.config.update("jax_compilation_cache_dir", None)
        runtime.keep_compiled_programs.cache_clear()
        assert runtime.keep_compiled_programs() not in (None, first)


def test_a_folder_of_ones_own_is_left_alone(fresh, tmp_path):
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "own"))
    assert runtime.keep_compiled_programs() is None
    assert jax.config.jax_compilation_cache_dir == str(tmp_path / "own")
    assert not runtime.compiled_folder().exists()


def test_no_program_is_kept_where_xla_would_complain(fresh):
    fresh.setattr(runtime, "processor", lambda: "flags: avx2 avx512f")
    fresh.setattr(runtime, "on_accelerator", lambda: False)
    assert runtime.keep_compiled_programs() is None


def test_what_was_used_longest_ago_makes_room(fresh, tmp_path):
    for age, name in enumerate(["new", "old", "older"]):
        path = tmp_path / "compiled" / "other processor" / f"{name}-cache"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(400_000))
        os.utime(path, (1e9 - age, 1e9 - age))
    fresh.setenv("KARPA_COMPILED_MB", "0.9")
    runtime.keep_compiled_programs()
    assert [path.name for path in kept(tmp_path)] == ["new-cache", "old-cache"]


@pytest.mark.parametrize("wrong", ["many", "-1", "nan"])
def test_a_size_that_is_none_is_refused(fresh, wrong):
    fresh.setenv("KARPA_COMPILED_MB", wrong)
    with pytest.raises(ValueError, match="give megabytes, such as 500"):
        runtime.keep_compiled_programs()


def test_the_processor_is_told_by_model_and_features():
    if platform.system() == "Linux" and platform.machine() == "x86_64":
        assert {line.split()[0] for line in runtime.processor().splitlines()} >= {"model", "flags"}
    assert runtime.processor() == runtime.processor() != ""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library is told")
def test_freed_memory_is_kept_for_the_next_step():
    on_cpu = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": ""}
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
