"""The weights that ship with the course: safetensors files, each with a card that describes it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import safetensors.numpy
from flax import nnx

from karpa_helpers import runtime

Tree = Any  # a pytree of arrays

FOLDER = Path(__file__).parent / "weights"
MAX_BYTES = 8_000_000  # the course is a repository, not a model zoo
# What whoever loads the weights has to know. `save` adds sha256, bytes and versions.
CARD_FIELDS = (
    "what", "input", "data", "licence", "seed", "preset", "steps", "score", "code",
)  # fmt: skip
SCORE_FIELDS = ("name", "value", "low", "high", "unit", "data")
REMEDY = "Install the course again, or train it anew with `python -m tools.train_weights {name}`."


class WeightsError(ValueError):
    """Shipped weights are not there, damaged, or of another model. The message says what to do."""


def save(name: str, tree: Tree, card: Mapping[str, Any], folder: str | Path = FOLDER) -> Path:
    """Writes weights as NAME.safetensors and their card as NAME.json.

    Random keys in the tree are left out: they are no weights.

    Args:
        name: Letters, digits, - and _.
        tree: A pytree of arrays, such as {"params": ..., "rest": ...} of a training state.
        card: The fields of `CARD_FIELDS`; its "score" has those of `SCORE_FIELDS`.
        folder: Where to write.

    Returns:
        The path of the safetensors file.

    Raises:
        WeightsError: The name or the card is not as it should be, an array has a type that would
            not come back, or the file would be larger than `MAX_BYTES`.
        TypeError: The card holds something that JSON has no form for.
    """
    _check_name(name)
    _check_card(name, card)
    arrays = {path: _array(path, leaf) for path, leaf in _named(tree).items()}
    content = safetensors.numpy.save(arrays)
    if len(content) > MAX_BYTES:
        raise WeightsError(
            f"The weights {name!r} take {len(content):,} bytes; at most {MAX_BYTES:,} ship with "
            "the course. Make the model smaller, or its arrays float16."
        )
    full = {
        **runtime.to_json(card),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "versions": runtime.versions(),
    }
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.safetensors"
    write_whole(path, content)
    write_whole(folder / f"{name}.json", (json.dumps(full, indent=1) + "\n").encode())
    return path


def load(name: str, template: Tree, folder: str | Path = FOLDER) -> Tree:
    """The weights `name`, in the form of a template.

    Args:
        name: One of `available()`.
        template: A pytree of the same names, shapes and dtypes; its values do not matter, and
            `jax.ShapeDtypeStruct` leaves will do. Its random keys are kept.
        folder: Where to look.

    Returns:
        A pytree like the template with the stored arrays.

    Raises:
        WeightsError: There are no such weights, the file is not the one that the card describes,
            or it holds another model.
    """
    expected = card(name, folder)["sha256"]
    path = Path(folder) / f"{name}.safetensors"
    remedy = REMEDY.format(name=name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path.name} cannot be read ({error.strerror}). {remedy}") from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise WeightsError(f"{path.name} is damaged: its SHA-256 is not its card's. {remedy}")
    arrays = safetensors.numpy.load(content)
    if problems := differences(arrays, _named(template)):
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise WeightsError(
            f"The weights {name!r} are of another model: {'; '.join(problems[:3])}{more}. "
            "Build the template with the arguments that the card names."
        )

    def fill(path: Any, leaf: Any) -> Any:
        return leaf if is_key(leaf) else jnp.asarray(arrays[_name_of(path)])

    return jax.tree_util.tree_map_with_path(fill, template)


def card(name: str, folder: str | Path = FOLDER) -> dict[str, Any]:
    """What is known of shipped weights: data, licence, seed, steps, score, code, checksum.

    Raises:
        WeightsError: There are no such weights, or the card cannot be read.
    """
    path = Path(folder) / f"{name}.json"
    if name not in available(folder):
        known = ", ".join(available(folder)) or "none"
        raise WeightsError(f"There are no weights {name!r}; there are: {known}.")
    try:
        found = json.loads(path.read_text("utf-8"))
        return {**found, "sha256": found["sha256"]}
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path.name} is damaged. {REMEDY.format(name=name)}") from error


def available(folder: str | Path = FOLDER) -> list[str]:
    """The names of the weights at hand, in order."""
    return sorted(path.stem for path in Path(folder).glob("*.json"))


def load_model(name: str, make: Callable[[], nnx.Module]) -> tuple[nnx.GraphDef, Tree]:
    """Graph and weights of a model that ships, as `make` builds it with its default arguments.

    Raises:
        WeightsError: As for `load`.
    """
    model = nnx.eval_shape(make)
    graph, params, rest = nnx.split(model, nnx.Param, ...)  # type: ignore[misc]
    return graph, load(name, {"params": params, "rest": rest})


def _named(tree: Tree) -> dict[str, Any]:
    """The leaves by name, without random keys."""
    named: dict[str, Any] = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        name = _name_of(path)
        if name in named:
            raise WeightsError(f"Two leaves have the name {name!r}: give them different keys.")
        if not hasattr(leaf, "dtype"):
            raise WeightsError(f"{name} is of type {type(leaf).__name__}; weights are arrays.")
        named[name] = leaf
    return {name: leaf for name, leaf in named.items() if not is_key(leaf)}


def _array(name: str, leaf: Any) -> np.ndarray:
    """An array as the format stores it, rows first; only types of NumPy's own come back."""
    array = np.asarray(jnp.asarray(leaf), order="C")
    if array.dtype != leaf.dtype or array.dtype.isbuiltin != 1:
        raise WeightsError(
            f"{name} is {leaf.dtype.name}, which would not come back as it is. Convert it first, "
            "such as to float32, float16 or int32."
        )
    return array


def _name_of(path: tuple[Any, ...]) -> str:
    """A leaf's name, such as params/down1/kernel.

    Only keys of dictionaries and positions in lists count. How Flax wraps an array in a variable
    shows as an attribute in the path, and differs between its versions.
    """
    parts = [getattr(entry, "key", getattr(entry, "idx", None)) for entry in path]
    return "/".join(str(part) for part in parts if part is not None)


def is_key(leaf: Any) -> bool:
    """Whether a leaf holds random keys."""
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def differences(arrays: Mapping[str, np.ndarray], template: Mapping[str, Any]) -> list[str]:
    """What is missing, too much, or of another shape or dtype; in words."""
    found = []
    for name in sorted(arrays.keys() | template.keys()):
        stored, wanted = (_kind(leaves.get(name)) for leaves in (arrays, template))
        if stored != wanted:
            found.append(f"{name}: {stored} stored, {wanted} expected")
    return found


def _kind(leaf: Any) -> str:
    return "nothing" if leaf is None else f"{np.dtype(leaf.dtype).name}{list(leaf.shape)}"


def _check_name(name: str) -> None:
    if not name or not name.replace("-", "").replace("_", "").isalnum():
        raise WeightsError(f"{name!r} is no name for weights: use letters, digits, - and _.")


def _check_card(name: str, card: Mapping[str, Any]) -> None:
    missing = [field for field in CARD_FIELDS if field not in card]
    score = card.get("score", {})
    missing += [f"score.{field}" for field in SCORE_FIELDS if field not in score]
    if missing:
        raise WeightsError(f"The card of {name!r} lacks {', '.join(missing)}.")
    if not score["low"] <= score["value"] <= score["high"]:
        raise WeightsError(f"The card of {name!r} has a score outside its own interval.")


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    part = path.with_suffix(path.suffix + ".part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
