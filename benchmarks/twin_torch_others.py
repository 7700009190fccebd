"""Loading data in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.sizes import Sizes


class Loading:
    """Epochs of images as floats, in the same process.

    Args:
        sizes: Of the row; with "indexed" batches are rows of one array, else `DataLoader`'s.
        compiled: Not used.
    """

    def __init__(self, sizes: Sizes, compiled: bool) -> None:
        pixels = torch.randint(0, 256, (sizes["images"], 1, 28, 28), dtype=torch.uint8)
        generator = torch.Generator(device=pixels.device)
        loader = DataLoader(
            TensorDataset(pixels), sizes["batch"], shuffle=True, drop_last=True, generator=generator
        )

        def by_index() -> Iterator[tuple[torch.Tensor]]:
            order = torch.randperm(len(pixels))
            for first in range(0, len(pixels) - sizes["batch"] + 1, sizes["batch"]):
                yield (pixels[order[first : first + sizes["batch"]]],)

        self.epoch = by_index if sizes.get("indexed") else loader.__iter__

    def run(self, calls: int) -> None:
        """So many epochs."""
        for _ in range(calls):
            for (batch,) in self.epoch():
                floats = batch.float() / 127.5 - 1.0
            float(floats[0, 0, 0, 0])
