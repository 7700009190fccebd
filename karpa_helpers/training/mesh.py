"""Many devices, many processes: where arrays lie. What is computed stays as it is on one device.

A mesh is a row of devices. The batch is cut along it, and so may the state be; XLA puts in the
communication. Each step computes what one device would, up to the order in which sums are taken.
"""

from __future__ import annotations

import math
import os
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from karpa_helpers.data.numbers import whole_number
from karpa_helpers.training.stepping import Metrics, Step, Tree, count_examples

AXIS = "devices"
SMALL = 1024  # an array of fewer numbers is not cut: its message would be all latency
VARIABLES = ("KARPA_COORDINATOR", "KARPA_PROCESSES", "KARPA_PROCESS")


def join() -> None:
    """Makes this process one of many, which then see each other's devices. Call it before all else.

    Slurm, Cloud TPU and Open MPI tell JAX who takes part. Elsewhere three environment variables
    do: KARPA_COORDINATOR (host:port of process 0), KARPA_PROCESSES and KARPA_PROCESS (from 0).

    Raises:
        ValueError: Only some of the variables are set.
        RuntimeError: By JAX, where it has been used already in this process.
    """
    found = [os.environ.get(name, "") for name in VARIABLES]
    if not any(found):
        jax.distributed.initialize()
        return
    if not all(found):
        raise ValueError(f"Set all of {', '.join(VARIABLES)}, or none; they are {found}.")
    address, count, own = found
    jax.distributed.initialize(address, int(count), int(own))


def make(count: int | None = None) -> Mesh:
    """A mesh of `count` devices, of all processes together; None is all there are.

    Raises:
        ValueError: There are not so many, or a process would have no part in it.
    """
    devices = jax.devices()
    count = len(devices) if count is None else whole_number("count", count)
    if not 1 <= count <= len(devices):
        raise ValueError(
            f"A mesh of {count} devices was asked for, and there are {len(devices)}: "
            f"{jax.local_device_count()} in each of {jax.process_count()} process(es). Ask for "
            f"1 to {len(devices)}, start more processes (see mesh.join), or simulate: set "
            f"XLA_FLAGS=--xla_force_host_platform_device_count={count} before Python starts."
        )
    if len({device.process_index for device in devices[:count]}) < jax.process_count():
        raise ValueError(
            f"A mesh of {count} devices leaves out some of the {jax.process_count()} processes; "
            f"take all {len(devices)} devices, or start fewer processes."
        )
    types = (jax.sharding.AxisType.Auto,)
    return jax.make_mesh((count,), (AXIS,), axis_types=types, devices=devices[:count])


def place(mesh: Mesh, state: Tree, *, sharded: bool = False) -> Tree:
    """A state on all devices of a mesh.

    Args:
        mesh: From `make`.
        state: A pytree of arrays, the same in every process.
        sharded: False: every device holds all of it (data parallel). True: each holds a part of
            every array, cut along the longest dimension that can be (ZeRO, or "fully sharded"),
            optimizer's memory included. A device then needs little more than 1 / n of the memory,
            and the weights travel at each step.

    Returns:
        The state with the same values.

    References:
        Rajbhandari, Rasley, Ruwase, He. ZeRO: Memory Optimizations Toward Training Trillion
        Parameter Models. SC 2020, arXiv:1910.02054.
    """

    def place_of(leaf: Any) -> NamedSharding:
        spec = _cut(np.shape(leaf), mesh.size) if sharded else PartitionSpec()
        return NamedSharding(mesh, spec)

    places = jax.tree.map(place_of, state)
    if jax.process_count() == 1:
        return jax.device_put(state, places)
    # Here device_put would compare each array among the processes, by a program of its own.
    return jax.jit(lambda same: same, out_shardings=places)(state)


def own_rows(mesh: Mesh, examples: int) -> np.ndarray:
    """Which examples this process must load: integers in rising order.

    Raises:
        ValueError: The examples cannot be divided among the devices.
    """
    _check_divides("data set", examples, mesh)
    parts = _along(mesh).addressable_devices_indices_map((examples,)).values()
    numbers = [np.arange(examples)[part] for part in parts if part is not None]
    return np.unique(np.concatenate(numbers))


def place_data(mesh: Mesh, data: Tree) -> Tree:
    """The examples of `own_rows`, as one data set in parts on all devices of a mesh.

    Args:
        mesh: From `make`.
        data: A pytree of arrays with one leading dimension: the examples `own_rows(mesh, N)` of a
            set of N, in that order. With one process these are all.

    Returns:
        A pytree of arrays with leading dimension N, for `training.fit`.

    Raises:
        ValueError: The examples cannot be divided among the devices.
    """
    own = count_examples(data)
    here = sum(device.process_index == jax.process_index() for device in mesh.devices.flat)
    if own % here:
        _check_divides("data set", own * mesh.size // here, mesh)
    total = own // here * mesh.size

    def put(leaf: Any) -> jax.Array:
        leaf = np.asarray(leaf)
        return jax.make_array_from_process_local_data(_along(mesh), leaf, (total, *leaf.shape[1:]))

    return jax.tree.map(put, data)


def on_mesh(mesh: Mesh, step: Step, state: Tree) -> Step:
    """The step on a mesh, for `training.fit`: it cuts the batch, the state stays where it was put.

    Args:
        mesh: From `make`.
        step: step(state, batch, key) -> (state, metrics), written for one device. Its random
            numbers and its means are those of the whole batch.
        state: From `place`.

    Returns:
        A step for a state and data that were placed on this mesh.

    Raises:
        ValueError: By the step, where the batch cannot be divided among the devices.
    """
    places = jax.tree.map(lambda leaf: leaf.sharding, state)

    def placed(state: Tree, batch: Tree, key: jax.Array) -> tuple[Tree, Metrics]:
        _check_divides("batch", count_examples(batch), mesh)
        batch = jax.lax.with_sharding_constraint(batch, _along(mesh))
        state, metrics = step(state, batch, key)
        whole = NamedSharding(mesh, PartitionSpec())
        state = jax.lax.with_sharding_constraint(state, places)
        return state, jax.lax.with_sharding_constraint(metrics, whole)

    return placed


def _along(mesh: Mesh) -> NamedSharding:
    return NamedSharding(mesh, PartitionSpec(AXIS))


def _cut(shape: tuple[int, ...], parts: int) -> PartitionSpec:
    """Cuts the longest dimension that can be cut evenly; small arrays stay whole."""
    fitting = [axis for axis, size in enumerate(shape) if size and size % parts == 0]
    if not fitting or math.prod(shape) < SMALL:
        return PartitionSpec()
    longest = max(fitting, key=lambda axis: shape[axis])
    return PartitionSpec(*(AXIS if axis == longest else None for axis in range(len(shape))))


def _check_divides(what: str, examples: int, mesh: Mesh) -> None:
    if examples % mesh.size == 0:
        return
    below = examples - examples % mesh.size
    near = f"{below} or {below + mesh.size}" if below else f"{mesh.size}"
    fits = [n for n in range(1, mesh.size) if examples % n == 0]
    raise ValueError(
        f"A {what} of {examples} examples cannot be divided among {mesh.size} devices. Take "
        f"{near} examples, or a mesh of {', '.join(map(str, fits))} device(s)."
    )
