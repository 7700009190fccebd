"""A run: its curve, its checkpoints that are written whole or not at all, its record."""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Tree = Any
Metrics = dict[str, Any]  # name to one value a step, on the device or fetched


class Curve:
    """Metrics of every step; fetched from the device now and then, not at every step."""

    def __init__(self, arrays: Mapping[str, np.ndarray] | None = None) -> None:
        self.parts = {name: [np.asarray(values)] for name, values in (arrays or {}).items()}
        self._waiting: list[Metrics] = []
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


class RunFolder:
    """Checkpoints of one run in one folder.

    Orbax writes each checkpoint into a temporary folder and renames it when it is complete, so a
    process killed at any moment leaves the newest complete one. Each device writes the part of the
    state that it holds; a run goes on with another number of devices, or of processes.

    Args:
        folder: Where to keep it; it is made if it does not exist. Many processes share one.
        config: What identifies the run. A folder with another config is refused.

    Raises:
        ValueError: The folder holds a run with another config.
    """

    def __init__(self, folder: str | Path, config: dict[str, Any]) -> None:
        self.folder = Path(folder).expanduser().resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._refuse_another_run(config)
        logging.getLogger("absl").setLevel(logging.ERROR)  # orbax reports every save as a warning
        import orbax.checkpoint as ocp  # only here: it takes longer to import than this package

        self._arguments = ocp.args
        options = ocp.CheckpointManagerOptions(max_to_keep=2, enable_async_checkpointing=False)
        self._manager = ocp.CheckpointManager(
            self.folder / "checkpoints",
            item_handlers=ocp.StandardCheckpointHandler(),
            options=options,
        )

    def save(self, step: int, state: Tree, curve: Curve) -> None:
        """Saves state and curve as of `step`. Where that fails it warns: the run is worth more."""
        if step == self._manager.latest_step():
            return
        arrays = {name: _plain(leaf) for name, leaf in _named_leaves(state).items()}
        item = {"state": arrays, "curve": curve.arrays()}
        try:
            self._manager.save(step, args=self._arguments.StandardSave(item))
        except Exception as error:  # orbax and the storage below it raise many kinds
            first = next(iter(str(error).splitlines()), "")
            warnings.warn(
                f"The checkpoint of step {step} could not be written to {self.folder} "
                f"({type(error).__name__}: {first[:200]}). Training goes on; free some space, or "
                "choose another folder, to keep later ones.",
                stacklevel=3,
            )

    def restore(self, state: Tree) -> tuple[int, Tree, Curve] | None:
        """The newest checkpoint as (step, state, curve), or None where there is none.

        Args:
            state: A state of the same structure; only its structure, its types and where it lies
                are used.

        Raises:
            ValueError: The checkpoint is of another model, or damaged.
        """
        step = self._manager.latest_step()
        if step is None:
            return None
        try:
            return self._restored(step, state)
        except _ForeignError as error:
            raise ValueError(str(error)) from None
        except Exception as error:  # orbax and the storage below it raise many kinds
            raise ValueError(
                f"The checkpoint of step {step} cannot be read ({type(error).__name__}). Delete "
                f"{self.folder / 'checkpoints' / str(step)} to go on from the one before it, if "
                "there is one."
            ) from error

    def _restored(self, step: int, state: Tree) -> tuple[int, Tree, Curve]:
        saved, expected = self._saved(step), _named_leaves(state)
        arrays = {name: _plain(leaf) for name, leaf in expected.items()}
        problems = [
            f"{name}: {there} saved, {wanted} expected"
            for name, array in arrays.items()
            if (there := _kind(saved["state"].get(name))) != (wanted := _kind(array))
        ]
        if problems or len(saved["state"]) != len(expected):
            detail = "; ".join(problems[:3])
            detail = detail or f"{len(saved['state'])} arrays, {len(expected)} expected"
            raise _ForeignError(
                f"The checkpoint in {self.folder} is of another model ({detail}). "
                "Choose another folder, or delete this one."
            )
        curve = {name: np.empty(kind.shape, kind.dtype) for name, kind in saved["curve"].items()}
        target = self._arguments.StandardRestore({"state": arrays, "curve": curve})
        found = self._manager.restore(step, args=target)
        leaves = [_like(found["state"][name], leaf) for name, leaf in expected.items()]
        tree = jax.tree.unflatten(jax.tree.structure(state), leaves)
        return step, tree, Curve(found["curve"])

    def write_record(self, record: dict[str, Any]) -> None:
        """Writes the run's record as JSON."""
        if jax.process_index() == 0:
            _write_json(self.folder / "record.json", record)

    def _saved(self, step: int) -> dict[str, dict[str, Any]]:
        """Shape and dtype of each array of a checkpoint."""
        metadata = self._manager.item_metadata(step)
        return {"state": {}, "curve": {}, **getattr(metadata, "tree", metadata)}

    def _refuse_another_run(self, config: dict[str, Any]) -> None:
        path = self.folder / "config.json"
        if not path.exists():
            if jax.process_index() == 0:
                _write_json(path, config)
            return
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(
                f"{path} cannot be read, so whose run this is cannot be told. Delete that file if "
                "it is this one's, or choose another folder."
            ) from error
        config = json.loads(json.dumps(config))  # as it is stored: a tuple is a list
        differences = [
            f"{name} {found.get(name)!r} there, {config.get(name)!r} here"
            for name in {**found, **config}
            if found.get(name) != config.get(name)
        ]
        if differences:
            raise ValueError(
                f"{self.folder} holds another run ({'; '.join(differences)}). "
                "Choose another folder, or delete this one."
            )


def _named_leaves(tree: Tree) -> dict[str, Any]:
    """Leaves by position and path: the position keeps the names unique."""
    paths, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {f"{i:05d}{jax.tree_util.keystr(path)}": leaf for i, (path, leaf) in enumerate(paths)}


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(jnp.asarray(leaf).dtype, jax.dtypes.prng_key)


def _plain(leaf: Any) -> jax.Array:
    """A leaf as an array of numbers, in its place; of a random key, its numbers."""
    return jax.random.key_data(leaf) if _is_key(leaf) else jnp.asarray(leaf)


def _like(array: jax.Array, leaf: Any) -> jax.Array:
    """Numbers as a leaf of the kind of another."""
    if not _is_key(leaf):
        return array
    return jax.random.wrap_key_data(array, impl=jax.random.key_impl(leaf))


def _kind(array: Any) -> str:
    return "nothing" if array is None else f"{array.dtype}{list(array.shape)}"


def _write_json(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    os.replace(temporary, path)
