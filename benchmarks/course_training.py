"""A training step of the course as a case: inside the engine, or by itself."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import flops
from benchmarks.sizes import COURSE
from karpa_helpers import runtime
from karpa_helpers.training.stepping import ACCELERATOR_CHUNK, Step, Stepper, Tree


class Training:
    """Calls of a step.

    Args:
        step: A pure step.
        state: The first state.
        data: A pytree of arrays with one leading dimension.
        batch: Examples a step.
        variant: "course" is what `training.fit` calls: batch and key drawn on the device, many
            steps a call on a GPU. Else the step is compiled alone and gets one fixed batch.
    """

    def __init__(self, step: Step, state: Tree, data: Tree, batch: int, variant: str) -> None:
        self.engine = variant == COURSE
        self.state = jax.tree.map(lambda leaf: jnp.array(leaf, copy=True), state)
        self.parameters = 0  # the caller counts them
        self.batch = jax.device_put(jax.tree.map(lambda array: array[:batch], data))
        self.key, self.number = runtime.key(0), 0
        self.flops = flops.of(step, state, self.batch, self.key)
        if self.engine:
            self.stepper = Stepper(step, jax.device_put(data), batch, 0, 0)
        else:
            options = runtime.compiler_options()  # as the engine's
            self.step = jax.jit(step, donate_argnums=0, compiler_options=options)

    def run(self, calls: int) -> int:
        """So many steps or, in whole calls of the engine, some more; waited for: how many."""
        chunk = ACCELERATOR_CHUNK if self.engine and runtime.on_accelerator() else 1
        times = -(-calls // chunk)
        for _ in range(times):
            if self.engine:
                self.state, _ = self.stepper.advance(self.state, self.number, chunk)
            else:
                self.state, _ = self.step(self.state, self.batch, self.key)
            self.number += chunk
        jax.block_until_ready(self.state)
        return times * chunk


def named(tree: Tree, prefix: str) -> dict[str, np.ndarray]:
    """Arrays by name, such as "before/generator.dense.kernel", whatever Flax wraps them in."""
    found = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        parts = [getattr(entry, "key", getattr(entry, "idx", None)) for entry in path]
        name = ".".join(str(part) for part in parts if part is not None)
        found[prefix + name] = np.asarray(leaf)
    return found


def count(params: Tree) -> int:
    """How many numbers a tree holds."""
    return sum(int(leaf.size) for leaf in jax.tree.leaves(params))


def metrics_of(steps: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Metrics of some steps, each an array, by name "metric/..."."""
    names = steps[0].keys() if steps else ()
    return {f"metric/{name}": np.asarray([float(step[name]) for step in steps]) for name in names}
