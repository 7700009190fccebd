"""Cases without a network: loading data, scores, the time of an import."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.course_training import Training
from benchmarks.sizes import Sizes
from karpa_helpers.data.images import to_unit
from karpa_helpers.gan import scores

# All of the package that a lesson imports, behind what it is built on.
IMPORT = """
import time
import jax, jax.numpy, flax.nnx, optax
start = time.perf_counter()
import karpa_helpers
from karpa_helpers import checkpoints, runtime, training
from karpa_helpers.data import images, text
from karpa_helpers.gan import fitting, losses, networks, recipes, residual, scores
from karpa_helpers.seq2seq import decoding, fitting, networks, transformer
print(time.perf_counter() - start)
"""


class Loading:
    """Epochs of images as floats, drawn on the device as `training.fit` draws them.

    Args:
        sizes: Of the row.
        variant: Not used.
    """

    def __init__(self, sizes: Sizes, variant: str) -> None:
        shape = (sizes["images"], 28, 28, 1)
        pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)

        # A step hands on the floats themselves. To sum them, XLA's CPU backend would turn bytes
        # into floats one by one inside the sum, several times as long as all the rest.
        def step(_: Any, batch: Any, key: jax.Array) -> tuple[Any, dict[str, Any]]:
            return to_unit(batch), {}

        self.batches = sizes["images"] // sizes["batch"]
        floats = jnp.zeros((sizes["batch"], *shape[1:]))
        self.steps = Training(step, floats, pixels, sizes["batch"], "course")

    def run(self, calls: int) -> float:
        """So many epochs; on a GPU whole calls of the engine: how many it was."""
        return self.steps.run(calls * self.batches) / self.batches


loading = Loading


class Scores:
    """`gan.scores.judge` on features of two samples.

    Args:
        sizes: Of the row.
        variant: Not used.
    """

    def __init__(self, sizes: Sizes, variant: str) -> None:
        shape = (2, sizes["images"], sizes["features"])
        self.features = np.random.default_rng(0).normal(size=shape).astype(np.float32)

    def run(self, calls: int) -> None:
        """So many times."""
        for _ in range(calls):
            scores.judge(*self.features)


class Import:
    """The import in a fresh process, beyond what JAX, Flax and Optax take themselves.

    Args:
        sizes: Not used.
        variant: Not used.
    """

    def __init__(self, sizes: Sizes, variant: str) -> None:
        self.seconds = 0.0

    def run(self, calls: int) -> None:
        """So many fresh processes; `seconds` is the fastest one's import."""
        command = [sys.executable, "-c", IMPORT]
        done = [
            subprocess.run(command, capture_output=True, text=True, check=True)
            for _ in range(calls)
        ]
        self.seconds = min(float(process.stdout) for process in done)
