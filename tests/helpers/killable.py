"""A small convolutional GAN, and runs of it in a process that may be killed."""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from karpa_helpers import training
from karpa_helpers.gan import fitting
from karpa_helpers.nn.convolution import ConvTranspose2x

RECIPE = fitting.Recipe(latent_dim=3, average_decay=0.9, learning_rate=1e-2)
STEPS = 40
OPTIONS = {"batch_size": 8, "seed": 5, "save_every": 3, "show": False}


def numpy_normal(_key: jax.Array, shape: tuple[int, ...], dtype: object = None) -> jax.Array:
    """First weights without a compilation, which every killed process would pay for."""
    return jnp.asarray(np.random.default_rng(shape[-1]).normal(0, 0.3, shape), dtype)


class Generator(nnx.Module):
    """Latent vectors (N, 3) to images (N, 4, 4, 1)."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.dense = nnx.Linear(3, 2 * 2 * 4, use_bias=False, kernel_init=numpy_normal, rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.up = ConvTranspose2x(4, 1, rngs=rngs)

    def __call__(self, z: jax.Array) -> jax.Array:
        return jnp.tanh(self.up(nnx.relu(self.norm(self.dense(z).reshape(-1, 2, 2, 4)))))


class Discriminator(nnx.Module):
    """Images (N, 4, 4, 1) to logits (N,)."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.conv = nnx.Conv(
            1, 4, (3, 3), strides=2, use_bias=False, kernel_init=numpy_normal, rngs=rngs
        )
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.dense = nnx.Linear(16, 1, kernel_init=numpy_normal, rngs=rngs)

    def __call__(self, images: jax.Array) -> jax.Array:
        x = nnx.leaky_relu(self.norm(self.conv(images)), 0.2)
        return self.dense(x.reshape(len(x), -1))[:, 0]


def pixels() -> np.ndarray:
    """30 images, uint8 (30, 4, 4, 1)."""
    return np.random.default_rng(0).integers(0, 256, (30, 4, 4, 1)).astype(np.uint8)


def networks() -> tuple[Generator, Discriminator]:
    return Generator(nnx.Rngs(1)), Discriminator(nnx.Rngs(2))


@functools.cache
def made() -> tuple[training.Step, fitting.GameState]:
    """The step, which compiles once a process, and the first state."""
    graphs, state = fitting.create_game_state(*networks(), RECIPE)
    return fitting.adversarial_step(graphs, RECIPE), state


def train(folder: Path | None, steps: int = STEPS, **options) -> training.Result:
    step, state = made()
    return training.fit(step, state, pixels(), steps=steps, folder=folder, **OPTIONS, **options)


def weights(result: training.Result) -> dict[str, np.ndarray]:
    leaves = jax.tree_util.tree_flatten_with_path(result.state)[0]
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def die_at_step(folder: Path, step: int) -> None:
    """Trains, and kills its own process when `step` is done."""

    def watch(number: int, _state: object) -> None:
        if number == step:
            os.kill(os.getpid(), signal.SIGKILL)

    train(folder, watch=watch, watch_every=1)


def die_in_a_checkpoint(folder: Path, after: int) -> None:
    """Trains, and kills its own process while a checkpoint after step `after` is being written.

    Every file operation tells an audit hook; it kills at the first rename, the moment at which a
    checkpoint that is being written would become one that counts.
    """
    reached = threading.Event()

    def hook(event: str, arguments: tuple) -> None:
        if event == "os.rename" and reached.is_set() and "checkpoints" in str(arguments):
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(number: int, _state: object) -> None:
        if number == after:
            reached.set()

    sys.addaudithook(hook)
    train(folder, watch=watch, watch_every=1)


def die_soon_after(folder: Path, step: int, seconds: float) -> None:
    """Trains on, and is killed by a timer so many seconds after `step`."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))

    def watch(number: int, _state: object) -> None:
        if number == step:
            timer.start()

    train(folder, watch=watch, watch_every=1)
    timer.join()


def interrupt_at_step(folder: Path, step: int, out: Path, asking: signal.Signals) -> None:
    """Trains, interrupts itself as Ctrl-C or a scheduler does, and notes what came back."""

    def watch(number: int, _state: object) -> None:
        if number == step:
            os.kill(os.getpid(), asking)

    result = train(folder, steps=10**6, watch=watch, watch_every=1)
    entries = sorted(p.name for p in (folder / "checkpoints").iterdir())
    out.write_text(f"{result.stopped} {result.step} {len(result.curve['step'])} {entries[-1]}")
