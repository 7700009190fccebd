"""The compiled part of training: steps on batches that are drawn on the device."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils

from karpa_helpers import runtime

Tree = Any  # a pytree of arrays
Metrics = dict[str, jax.Array]
Step = Callable[[Tree, Tree, jax.Array], tuple[Tree, Metrics]]

# On the CPU, XLA runs a convolution inside `lax.scan` many times slower than outside
# (jax issue 12868), so there each step is a call of its own. On a GPU many steps a call hide
# the cost of launching small kernels.
ACCELERATOR_CHUNK = 50


class Stepper:
    """Calls the compiled chunk, and keeps the device at most two calls behind Python."""

    def __init__(self, step: Step, data: Tree, batch_size: int, seed: int, start: int) -> None:
        self.step, self.data, self.batch_size = step, data, batch_size
        self.key = runtime.key(seed)
        examples = count_examples(data)
        epoch = start // (examples // batch_size)
        self.order = jax.jit(_order, static_argnums=(1,))(self.key, examples, epoch)
        self.pending: list[Metrics] = []
        self._compiled: set[int] = set()

    def will_compile(self, length: int) -> bool:
        """Whether a call of `length` steps is the first of its kind."""
        return length not in self._compiled

    def advance(self, state: Tree, number: int, length: int) -> tuple[Tree, Metrics]:
        """`length` steps from step `number` on: the new state, and metrics with a row a step."""
        if not self._compiled:
            state, self.order = _commit((state, self.order), self.data)
        state, self.order, metrics = _compiled()(
            self.step, self.batch_size, length, state, self.order, self.data, self.key, number
        )
        self.pending.append(metrics)
        ahead = 0 if self.will_compile(length) else 2  # a call that compiles is timed: wait for it
        while len(self.pending) > ahead:
            jax.block_until_ready(self.pending.pop(0))
        self._compiled.add(length)
        return state, metrics


def _order(key: jax.Array, examples: int, epoch: jax.Array | int) -> jax.Array:
    """The order of the examples in an epoch: a function of key and epoch alone."""
    return jax.random.permutation(jax.random.fold_in(jax.random.fold_in(key, 0), epoch), examples)


def fix_types(tree: Tree) -> Tree:
    """Gives a Python number's array its own type for good: JAX's weak type is another program."""
    return jax.tree.map(
        lambda leaf: leaf.astype(leaf.dtype) if getattr(leaf, "weak_type", False) else leaf, tree
    )


def _commit(tree: Tree, data: Tree) -> Tree:
    """Puts arrays that JAX may move where a committed one lies, on all devices of its mesh.

    What a call returns is committed as soon as one of its arguments is. The first call then sees
    what later calls do, and one program does for all.
    """
    leaves = jax.tree.leaves((tree, data))
    place = next((leaf.sharding for leaf in leaves if leaf.committed), None)
    if isinstance(place, jax.sharding.NamedSharding):
        place = jax.sharding.NamedSharding(place.mesh, jax.sharding.PartitionSpec())
    put = jax.jit(lambda same: same, out_shardings=place)
    return jax.tree.map(lambda leaf: leaf if place is None or leaf.committed else put(leaf), tree)


@functools.cache
def _compiled() -> Callable[..., tuple[Tree, jax.Array, Metrics]]:
    """`_advance` as one program for the device at hand, which must not be asked for at import."""
    return jax.jit(
        _advance,
        static_argnames=("step", "batch_size", "length"),
        donate_argnames=("state", "order"),
        compiler_options=runtime.compiler_options(),
    )


def _advance(
    step: Step, batch_size: int, length: int,
    state: Tree, order: jax.Array, data: Tree, key: jax.Array, number: jax.Array,
) -> tuple[Tree, jax.Array, Metrics]:  # fmt: skip
    """`length` steps from step `number` on; metrics are stacked along a leading dimension."""
    batches = order.shape[0] // batch_size
    step_key = jax.random.fold_in(key, 1)

    def one(carry: tuple[Tree, jax.Array], number: jax.Array) -> tuple[Any, Metrics]:
        state, order = carry
        order = jax.lax.cond(
            number % batches == 0,
            lambda: _order(key, order.shape[0], number // batches),
            lambda: order,
        )
        chosen = jax.lax.dynamic_slice_in_dim(order, number % batches * batch_size, batch_size)
        batch = jax.tree.map(lambda array: array[chosen], data)
        state, metrics = step(state, batch, jax.random.fold_in(step_key, number))
        return (fix_types(state), order), metrics

    if length == 1:
        (state, order), metrics = one((state, order), number)
        return state, order, jax.tree.map(lambda value: value[None], metrics)
    (state, order), metrics = jax.lax.scan(one, (state, order), number + jnp.arange(length))
    return state, order, metrics


def count_examples(data: Tree) -> int:
    """The common leading dimension of the arrays of `data`.

    Raises:
        ValueError: There is none.
    """
    sizes = {np.shape(leaf)[:1] for leaf in jax.tree.leaves(data)}
    if len(sizes) != 1 or () in sizes:
        raise ValueError(
            f"The arrays of data have leading dimensions {sorted(sizes)}; "
            "give arrays with one common number of examples."
        )
    return sizes.pop()[0]


def any_process(*flags: bool) -> list[bool]:
    """Of each flag, whether it is set in any process: what a clock or a signal says must be one."""
    if jax.process_count() == 1:
        return list(flags)
    found = multihost_utils.process_allgather(np.array(flags, np.int32))
    return np.any(found, axis=0).tolist()
