"""Loading data in PyTorch."""

from __future__ import annotations

import torch
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.sizes import Sizes


class Loading:
    """Epochs of images as floats, by PyTorch's `DataLoader` in the same process.

    Args:
        sizes: Of the row.
        compiled: Not used.
    """

    def __init__(self, sizes: Sizes, compiled: bool) -> None:
        pixels = torch.randint(0, 256, (sizes["images"], 1, 28, 28), dtype=torch.uint8)
        generator = torch.Generator(device=pixels.device)
        self.loader = DataLoader(
            TensorDataset(pixels), sizes["batch"], shuffle=True, drop_last=True, generator=generator
        )

    def run(self, calls: int) -> None:
        """So many epochs."""
        for _ in range(calls):
            for (batch,) in self.loader:
                floats = batch.float() / 127.5 - 1.0
            float(floats[0, 0, 0, 0])
