"""The course's weights in PyTorch's layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn


def load(model: nn.Module, arrays: dict[str, np.ndarray], prefix: str) -> None:
    """Puts the course's weights into a model whose parts have the same names.

    Raises:
        KeyError: A weight of the course has no place, or a parameter gets none.
    """
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in converted(model, arrays, prefix).items():
            parameters.pop(name).copy_(value)
    missing = [name for name, weight in parameters.items() if weight.requires_grad]
    if missing:
        raise KeyError(f"The course has no weights for {missing}.")


def difference(model: nn.Module, arrays: dict[str, np.ndarray], prefix: str) -> float:
    """The largest difference between a model's parameters and the course's."""
    parameters = dict(model.named_parameters())
    return max(
        float((parameters[name].detach().cpu() - value).abs().max())
        for name, value in converted(model, arrays, prefix).items()
    )


def converted(
    model: nn.Module, arrays: dict[str, np.ndarray], prefix: str
) -> dict[str, torch.Tensor]:
    """The course's weights under PyTorch's names."""
    found = {}
    for name, array in arrays.items():
        if name.startswith(prefix):
            target, value = _place(model, name.removeprefix(prefix), array)
            found[target] = torch.from_numpy(np.ascontiguousarray(value))
    return found


def _place(model: nn.Module, name: str, array: np.ndarray) -> tuple[str, np.ndarray]:
    """(name in PyTorch, value in PyTorch's layout) of one weight."""
    *path, last = name.split(".")
    if path and path[-1] in ("dense_i", "dense_h"):
        return _recurrent(model, path, last, array)
    module: Any = model.get_submodule(".".join(path))
    if last == "kernel":
        return ".".join([*path, "weight"]), _kernel(module, array)
    if last in ("scale", "embedding"):
        return ".".join([*path, "weight"]), array
    return name, array


def _kernel(module: nn.Module, array: np.ndarray) -> np.ndarray:
    if isinstance(module, nn.ConvTranspose2d):  # PyTorch's kernel is that of the convolution back
        return array[::-1, ::-1].transpose(2, 3, 0, 1)
    if isinstance(module, nn.Conv2d):
        array = array[None, None] if array.ndim == 2 else array
        return array.transpose(3, 2, 0, 1)
    weight = array.T
    # The course has channels last: a dense layer beside an image sees its pixels in that order.
    if shape := getattr(module, "image_out", None):
        channels, height, width = shape
        parts = weight.reshape(height, width, channels, -1)
        return parts.transpose(2, 0, 1, 3).reshape(weight.shape)
    if shape := getattr(module, "image_in", None):
        channels, height, width = shape
        parts = weight.reshape(-1, height, width, channels)
        return parts.transpose(0, 3, 1, 2).reshape(weight.shape)
    return weight


def _recurrent(
    model: nn.Module, path: list[str], last: str, array: np.ndarray
) -> tuple[str, np.ndarray]:
    """A weight of a GRU cell; gates stand in the same order in both."""
    kind = "bias" if last == "bias" else "weight"
    side = "ih" if path[-1] == "dense_i" else "hh"
    *owner, cell = path[:-1]
    ending = ""
    if cell in ("forward", "backward"):
        ending = "_l0" + "_reverse" * (cell == "backward")
    else:
        owner = [*owner, cell]
        ending = "" if isinstance(model.get_submodule(".".join(owner)), nn.GRUCell) else "_l0"
    value = array if last == "bias" else array.T
    return ".".join([*owner, f"{kind}_{side}{ending}"]), value


def count(*models: nn.Module) -> int:
    """How many numbers are learned."""
    return sum(p.numel() for model in models for p in model.parameters() if p.requires_grad)
