"""The course's Transformer in PyTorch, with PyTorch's fused attention."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.sizes import Sizes

PAD, EPSILON, SLOWEST, EXPAND = 0, 1e-6, 10_000.0, 4


def norm(width: int) -> nn.LayerNorm:
    """Layer normalisation with Flax's epsilon and no bias."""
    return nn.LayerNorm(width, eps=EPSILON, bias=False)


class Attention(nn.Module):
    """Attention of many heads without biases."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_queries = nn.Linear(width, width, bias=False)
        self.to_keys_values = nn.Linear(width, 2 * width, bias=False)
        self.to_output = nn.Linear(width, width, bias=False)

    def look_at(self, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values (N, H, S, d) of (N, S, D)."""
        keys, values = self.to_keys_values(y).chunk(2, dim=-1)
        return self._apart(keys), self._apart(values)

    def forward(
        self, x: torch.Tensor, seen: Any, mask: torch.Tensor | None = None, causal: bool = False
    ) -> torch.Tensor:
        """Maps (N, T, D) to the same shape."""
        queries = self._apart(self.to_queries(x))
        context = functional.scaled_dot_product_attention(queries, *seen, mask, is_causal=causal)
        return self.to_output(context.transpose(1, 2).flatten(2))

    def _apart(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Block(nn.Module):
    """Pre-norm block."""

    def __init__(self, width: int, heads: int, cross: bool) -> None:
        super().__init__()
        self.norm_self, self.attend_self = norm(width), Attention(width, heads)
        if cross:
            self.norm_cross, self.attend_cross = norm(width), Attention(width, heads)
        self.norm_mlp = norm(width)
        self.widen = nn.Linear(width, EXPAND * width, bias=False)
        self.narrow = nn.Linear(EXPAND * width, width, bias=False)

    def forward(
        self, x: torch.Tensor, mask: Any = None, causal: bool = False, memory: Any = None,
        memory_mask: Any = None,
    ) -> torch.Tensor:  # fmt: skip
        """Maps (N, T, D) to the same shape."""
        normed = self.norm_self(x)
        x = x + self.attend_self(normed, self.attend_self.look_at(normed), mask, causal)
        return self.rest(x, memory, memory_mask)

    def step(
        self, x: torch.Tensor, cache: Any, place: int, memory: Any, memory_mask: Any
    ) -> torch.Tensor:
        """One place further: it is written into the cache (keys, values), (N, H, L, d) each."""
        normed = self.norm_self(x)
        for stored, new in zip(cache, self.attend_self.look_at(normed), strict=True):
            stored[:, :, place] = new[:, :, 0]
        seen = [stored[:, :, : place + 1] for stored in cache]
        return self.rest(x + self.attend_self(normed, seen), memory, memory_mask)

    def rest(self, x: torch.Tensor, memory: Any, memory_mask: Any) -> torch.Tensor:
        """Cross-attention, if there is a memory, and the MLP."""
        if memory is not None:
            x = x + self.attend_cross(self.norm_cross(x), memory, memory_mask)
        hidden = functional.gelu(self.widen(self.norm_mlp(x)), approximate="tanh")
        return x + self.narrow(hidden)


class Stack(nn.Module):
    """Blocks and a last norm."""

    def __init__(self, layers: int, width: int, heads: int, cross: bool) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Block(width, heads, cross) for _ in range(layers)])
        self.norm = norm(width)


class Transformer(nn.Module):
    """The course's `Transformer` with sinusoidal positions."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        words, width = sizes["vocabulary"], sizes["width"]
        self.width, self.heads = width, sizes["heads"]
        self.longest = max(sizes["length"], sizes.get("written", 0))
        self.source_embedding = nn.Embedding(words, width)
        self.target_embedding = nn.Embedding(words, width)
        self.encoder = Stack(sizes["layers"], width, self.heads, False)
        self.decoder = Stack(sizes["layers"], width, self.heads, True)
        angles = np.arange(self.longest + 1)[:, None] * SLOWEST ** (-np.arange(0, width, 2) / width)
        table = np.stack([np.sin(angles), np.cos(angles)], -1).reshape(len(angles), width)
        self.register_buffer("positions", torch.as_tensor(table, dtype=torch.float32), False)

    def embed(self, embedding: nn.Embedding, tokens: torch.Tensor) -> torch.Tensor:
        """A token's vector, as long as that of a position."""
        return embedding(tokens) * self.width**0.5

    def encode(self, source: torch.Tensor) -> tuple[Any, Any]:
        """(the decoder's first state, what it may look at)."""
        memory = self.look(source)
        count, size = len(source), self.width // self.heads
        caches = [
            [x.new_zeros(count, self.heads, self.longest, size) for _ in range(2)]
            for x in [self.positions] * len(self.decoder.blocks)
        ]
        return (caches, 0), memory

    def look(self, source: torch.Tensor) -> tuple[Any, torch.Tensor]:
        """Of each decoder layer keys and values of the source, and its mask."""
        mask = (source != PAD)[:, None, None]
        x = self.embed(self.source_embedding, source) + self.positions[: source.shape[1]]
        for block in self.encoder.blocks:
            x = block(x, mask)
        x = self.encoder.norm(x)
        return [block.attend_cross.look_at(x) for block in self.decoder.blocks], mask

    def step(self, state: Any, token: torch.Tensor, memory: Any) -> tuple[Any, torch.Tensor]:
        """One token further: (state, logits)."""
        (caches, place), (seen, mask) = state, memory
        x = self.embed(self.target_embedding, token)[:, None] + self.positions[place]
        for block, cache, own in zip(self.decoder.blocks, caches, seen, strict=True):
            x = block.step(x, cache, place, own, mask)
        logits = functional.linear(self.decoder.norm(x)[:, 0], self.target_embedding.weight)
        return (caches, place + 1), logits

    def forward(self, source: torch.Tensor, target_in: torch.Tensor) -> torch.Tensor:
        """Teacher forcing: logits (N, T, words)."""
        seen, mask = self.look(source)
        x = self.embed(self.target_embedding, target_in) + self.positions[: target_in.shape[1]]
        for block, own in zip(self.decoder.blocks, seen, strict=True):
            x = block(x, None, True, own, mask)
        return functional.linear(self.decoder.norm(x), self.target_embedding.weight)
