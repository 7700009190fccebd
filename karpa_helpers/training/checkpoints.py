"""A run: its curve, its checkpoints that are written whole or not at all, its record."""

from __future__ import annotations

import json
import logging
import os
import shutil
import warnings
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from filelock import FileLock, Timeout
from jax.experimental import multihost_utils

from karpa_helpers.training.stepping import Metrics, Tree, any_process
from karpa_helpers.weights import differences, is_key, write_whole


class Curve:
    """Metrics of every step; fetched from the device now and then, not at every step."""

    def __init__(self, arrays: Mapping[str, np.ndarray] | None = None) -> None:
        self.parts = {name: [np.asarray(values)] for name, values in (arrays or {}).items()}
        self._waiting: list[dict[str, Any]] = []
        self._fresh: dict[str, np.ndarray] = {}

    def add(self, number: int, length: int, metrics: Metrics) -> None:
        """Notes the metrics of steps number + 1 to number + length, still on the device.

        Raises:
            ValueError: A metric has the name of the steps' own column.
        """
        if "step" in metrics:
            raise ValueError('A metric is called "step", as the column of step numbers: rename it.')
        self._waiting.append({"step": np.arange(number + 1, number + length + 1), **metrics})

    def fetch(self) -> None:
        """Fetches what was noted; it waits for the device."""
        parts = jax.device_get(self._waiting)
        self._waiting = []
        names = parts[0] if parts else {}
        self._fresh = {name: np.concatenate([p[name] for p in parts]) for name in names}
        before = sum(map(len, self.parts.get("step", [])))
        for name in {**self.parts, **self._fresh} if self._fresh else {}:
            # A resumed run may have other metrics than before: where one is not known it is NaN.
            own = self.parts.setdefault(name, [np.full(before, np.nan)] if before else [])
            own.append(self._fresh.get(name, np.full(len(self._fresh["step"]), np.nan)))

    def first_bad(self) -> tuple[int, str] | None:
        """Step and name of the first value just fetched that is not finite."""
        bad = [
            (int(self._fresh["step"][np.argmin(np.isfinite(values))]), name)
            for name, values in self._fresh.items()
            if name != "step" and not np.isfinite(values).all()
        ]
        return min(bad, default=None)  # a metric may be infected steps after the first one

    def latest(self) -> dict[str, float]:
        """Mean of each metric over the last steps fetched."""
        return {n: float(v[-20:].mean()) for n, v in self._fresh.items() if n != "step"}

    def arrays(self) -> dict[str, np.ndarray]:
        """Each metric as one array, with an entry a step."""
        return {name: np.concatenate(parts) for name, parts in self.parts.items()}

    def until(self, step: int) -> dict[str, np.ndarray]:
        """The curve up to a step."""
        curve = self.arrays()
        return {name: values[curve["step"] <= step] for name, values in curve.items()}


class _ForeignError(ValueError):
    """A checkpoint is sound, but of another model."""


@contextmanager
def open_folder(folder: str | Path, config: dict[str, Any]) -> Iterator[RunFolder]:
    """The folder of a run, which no other run may use meanwhile.

    Args:
        folder: Where to keep it; it is made if it does not exist. A run's processes share it.
        config: What identifies the run, in JSON's types.

    Raises:
        RuntimeError: Another run uses the folder now.
        ValueError: The folder holds a run with another config.
    """
    path = Path(folder).expanduser().resolve()
    path.mkdir(parents=True, exist_ok=True)
    lock, busy = FileLock(path / ".lock"), False  # of the system: a killed process leaves none
    if jax.process_index() == 0:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            busy = True
    if any_process(busy)[0]:
        raise RuntimeError(
            f"Another run uses {path} now. Wait for its end, stop it, or choose another folder."
        )
    try:
        yield RunFolder(path, config)
    finally:
        lock.release()


class RunFolder:
    """Checkpoints of one run in one folder, from `open_folder`.

    Orbax writes each checkpoint into a temporary folder and renames it when it is complete, so a
    process killed at any moment leaves the newest complete one. Each device writes the part of the
    state that it holds; a run goes on with another number of devices, or of processes. A checksum
    of each array shows damage done on the disk.
    """

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.folder, self.checkpoints = folder, folder / "checkpoints"
        self._refuse_another_run(config)
        logging.getLogger("absl").setLevel(logging.CRITICAL)  # what orbax logs, we raise or warn of
        import orbax.checkpoint as ocp  # only here: it takes longer to import than this package

        self._arguments = ocp.args
        options = ocp.CheckpointManagerOptions(
            max_to_keep=2, enable_async_checkpointing=False, cleanup_tmp_directories=True
        )
        self._manager = ocp.CheckpointManager(
            self.checkpoints, item_handlers=ocp.StandardCheckpointHandler(), options=options
        )

    def save(self, step: int, state: Tree, curve: Curve) -> None:
        """Saves state and curve as of `step`. Where that fails it warns: the run is worth more."""
        if step == self._manager.latest_step():
            return
        item = {"state": _plain_leaves(state), "curve": curve.arrays()}
        content = {**item, "checksums": _checksums(item)}
        try:
            self._manager.save(step, args=self._arguments.StandardSave(content))
        except Exception as error:  # orbax and the storage below it raise many kinds
            for part in self.checkpoints.glob(f"{step}.*"):
                shutil.rmtree(part, ignore_errors=True)
            self._warn(f"The checkpoint of step {step}", error)

    def restore(self, state: Tree) -> tuple[int, Tree, Curve] | None:
        """The newest sound checkpoint as (step, state, curve), or None where there is none.

        A newer one that is damaged is moved out of the way, with a warning.

        Args:
            state: A state of the same structure; only its structure, its types and where it lies
                are used.

        Raises:
            ValueError: The checkpoints are of another model, or all damaged; or the state holds a
                type that no checkpoint can.
        """
        self._refuse_types(state)
        failed: dict[int, Exception] = {}
        for step in sorted(self._manager.all_steps(), reverse=True):
            try:
                found = self._restored(step, state)
            except Exception as error:  # orbax and the storage below it raise many kinds
                failed[step] = error
            if not any_process(step in failed)[0]:
                self._set_aside(failed)
                return found
            failed.setdefault(step, ValueError("another process cannot read it"))
        if foreign := [error for error in failed.values() if isinstance(error, _ForeignError)]:
            raise foreign[0]
        if failed:
            what = "; ".join(f"step {n}: {_brief(error)}" for n, error in failed.items())
            raise ValueError(
                f"No checkpoint in {self.checkpoints} can be read ({what}). Bring a copy of it "
                "back, or delete that folder to begin anew."
            ) from failed[max(failed)]
        return None

    def _restored(self, step: int, state: Tree) -> tuple[int, Tree, Curve]:
        metadata = self._manager.item_metadata(step)  # shape and dtype of each array
        saved = {"state": {}, "curve": {}, **getattr(metadata, "tree", metadata)}
        expected = _plain_leaves(state)
        if problems := differences(saved["state"], expected):
            raise _ForeignError(
                f"The checkpoint in {self.folder} is of another model ({'; '.join(problems[:3])}). "
                "Choose another folder, or delete this one."
            )
        # What JAX may move must come back so: committed to a device, it would be another program.
        arrays = {
            name: array if array.committed else np.empty(array.shape, array.dtype)
            for name, array in expected.items()
        }
        rest = {name: saved[name] for name in saved if name != "state"}
        rest = jax.tree.map(lambda kind: np.empty(kind.shape, kind.dtype), rest)
        target = self._arguments.StandardRestore({"state": arrays, **rest})
        found = dict(self._manager.restore(step, args=target))
        checksums = found.pop("checksums", None)  # older versions wrote none
        if checksums is not None and not np.array_equal(checksums, _checksums(found)):
            raise ValueError("its numbers are not those that were saved")
        leaves, structure = jax.tree.flatten(state)
        restored = map(_like, [found["state"][name] for name in expected], leaves)
        return step, jax.tree.unflatten(structure, restored), Curve(found["curve"])

    def _set_aside(self, failed: dict[int, Exception]) -> None:
        """Moves checkpoints away that cannot be read, with a warning."""
        for step, error in failed.items():
            away = self.folder / f"damaged-{step}"
            if jax.process_index() == 0:
                shutil.rmtree(away, ignore_errors=True)
                os.replace(self.checkpoints / str(step), away)
            warnings.warn(
                f"The checkpoint of step {step} in {self.folder} is damaged ({_brief(error)}). It "
                f"was moved to {away.name}; the run goes on from the one before it.",
                stacklevel=4,
            )
        if failed:
            any_process(False)  # wait for process 0
            self._manager.reload()

    def write_record(self, record: dict[str, Any]) -> None:
        """Writes the run's record as JSON. Where that fails it warns."""
        if jax.process_index() == 0:
            try:
                write_whole(self.folder / "record.json", _written(record))
            except OSError as error:
                self._warn("The record", error)

    def _warn(self, what: str, error: Exception) -> None:
        warnings.warn(
            f"{what} could not be written to {self.folder} ({_brief(error)}). What was trained "
            "is not lost; free some space, or choose another folder, to keep later ones.",
            stacklevel=5,
        )

    def _refuse_types(self, state: Tree) -> None:
        import tensorstore  # which orbax writes with

        for name, leaf in _plain_leaves(state).items():
            if not hasattr(tensorstore, leaf.dtype.name):
                raise ValueError(
                    f"{name[5:]} of the state is {leaf.dtype.name}, which no checkpoint can hold. "
                    "Convert it, such as to float32 or int32, or train without a folder."
                )

    def _refuse_another_run(self, config: dict[str, Any]) -> None:
        path = self.folder / "config.json"
        if not path.exists():
            if jax.process_index() == 0:
                write_whole(path, _written(config))
            return
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(
                f"{path} cannot be read, so whose run this is cannot be told. Delete that file if "
                "it is this one's, or choose another folder."
            ) from error
        different = [
            f"{name} {found.get(name)!r} there, {config.get(name)!r} here"
            for name in {**found, **config}
            if _written(found.get(name)) != _written(config.get(name))  # where NaN is NaN
        ]
        if different:
            raise ValueError(
                f"{self.folder} holds another run ({'; '.join(different)}). "
                "Choose another folder, or delete this one."
            )


def _plain_leaves(tree: Tree) -> dict[str, jax.Array]:
    """Leaves as arrays of numbers, by position and path: the position keeps the names unique."""
    paths, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {
        f"{i:05d}{jax.tree_util.keystr(path)}": _plain(leaf) for i, (path, leaf) in enumerate(paths)
    }


def _checksums(item: Tree) -> np.ndarray:
    """CRC-32 of each array with its name, type and shape: any flipped bit changes one."""
    checksums = []
    for path, leaf in jax.tree_util.tree_flatten_with_path(item)[0]:
        if isinstance(leaf, jax.Array) and not (
            leaf.is_fully_addressable or leaf.is_fully_replicated
        ):
            leaf = multihost_utils.process_allgather(leaf, tiled=True)
        label = f"{jax.tree_util.keystr(path)} {leaf.dtype} {leaf.shape}"
        checksums.append(zlib.crc32(np.asarray(leaf).tobytes(), zlib.crc32(label.encode())))
    return np.array(checksums, np.uint32)


def _plain(leaf: Any) -> jax.Array:
    """A leaf as an array of numbers, in its place; of a random key, its numbers."""
    leaf = jnp.asarray(leaf)
    return jax.random.key_data(leaf) if is_key(leaf) else leaf


def _like(array: Any, leaf: Any) -> jax.Array:
    """Numbers as a leaf of the kind of another."""
    array = jnp.asarray(array)
    if not is_key(leaf):
        return array
    return jax.random.wrap_key_data(array, impl=jax.random.key_impl(leaf))


def _written(content: Any) -> bytes:
    return json.dumps(content, indent=1, sort_keys=True).encode()


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
