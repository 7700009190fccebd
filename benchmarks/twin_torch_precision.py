"""Activations in bfloat16 in PyTorch, where a run asks for them."""

from __future__ import annotations

import torch

from benchmarks.sizes import Sizes, mixed


def autocast(sizes: Sizes) -> torch.autocast:
    """PyTorch's own way to compute in bfloat16 with weights in float32; else it does nothing."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.autocast(device, torch.bfloat16, enabled=mixed(sizes))
