"""Transformer layers: attention with many heads, pre-norm blocks, key-value caches.

Shapes: N sequences, T places that ask, S places that are asked, D the width, H heads of width
d = D / H. A mask is boolean, (N, H, T, S) with 1 where it is the same for all, True where a place
may be looked at. Layers have no biases, so that their parameters are easy to count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from karpa_helpers import runtime
from karpa_helpers.data.numbers import whole_number
from karpa_helpers.maths import attention
from karpa_helpers.nn.fast.linear import Linear

EXPAND = 4  # the hidden layer of a block's MLP is so many times as wide as the block
WIDEST_FUSED_HEAD = 128  # cuDNN takes wider heads on some GPUs only


class KeysValues(NamedTuple):
    """What attention looks at; as a cache, L places of which the first ones are filled.

    Attributes:
        keys: Shape (N, S, H, d).
        values: Shape (N, S, H, d).
    """

    keys: jax.Array
    values: jax.Array


class StackState(NamedTuple):
    """How far a stack with caches has come: every leaf has the batch in front.

    Attributes:
        caches: Of each block the keys and values of the places so far.
        place: The next place, shape (N,).
    """

    caches: tuple[KeysValues, ...]
    place: jax.Array


def attend_heads(
    queries: jax.Array,
    keys: jax.Array,
    values: jax.Array,
    mask: jax.Array | None = None,
    drop: Callable[[jax.Array], jax.Array] | None = None,
) -> tuple[jax.Array, jax.Array]:
    """Scaled dot-product attention of every head by itself: softmax(Q K^T / sqrt(d)) V.

    It is `maths.attention` with the heads as a leading dimension, and equals
    `jax.nn.dot_product_attention`, except in a row that is masked as a whole: here that row gives
    zeros. On an NVIDIA GPU half-precision attention is one kernel of cuDNN, which keeps no weights;
    those that are returned are then computed apart, and only where a compiled program reads them.

    Args:
        queries: Shape (N, T, H, d).
        keys: Shape (N, S, H, d).
        values: Shape (N, S, H, d).
        mask: As above; None looks at every place.
        drop: Applied to the weights, for dropout.

    Returns:
        (context (N, T, H, d), weights (N, H, T, S)).

    Raises:
        ValueError: The shapes do not fit.

    References:
        Vaswani et al. Attention Is All You Need. NIPS 2017, arXiv:1706.03762, section 3.2. One
        kernel: Dao, Fu, Ermon, Rudra, Re. FlashAttention. NeurIPS 2022, arXiv:2205.14135.
    """
    q, k, v = (jnp.swapaxes(x, 1, 2) for x in (queries, keys, values))
    scores = attention.dot_score(q, k) / np.sqrt(q.shape[-1]).item()
    context, weights = attention.attend(scores, v, mask)
    if drop is not None:
        context = drop(weights) @ v
    elif _fits_cudnn(queries, keys, mask):
        return _by_cudnn(queries, keys, values, mask), weights
    return jnp.swapaxes(context, 1, 2), weights


def _fits_cudnn(queries: jax.Array, keys: jax.Array, mask: jax.Array | None) -> bool:
    """Whether there is a fused kernel for attention of these shapes and types, and its gradient."""
    width = queries.shape[-1]
    even = queries.shape[1] % 2 == keys.shape[1] % 2 == 0
    return (
        runtime.has_cudnn()
        and queries.dtype in (jnp.bfloat16, jnp.float16)
        and width % 8 == 0
        and width <= WIDEST_FUSED_HEAD
        and (mask is None or even)
    )


def _by_cudnn(
    queries: jax.Array, keys: jax.Array, values: jax.Array, mask: jax.Array | None
) -> jax.Array:
    """The context (N, T, H, d) of `attend_heads` by one kernel."""
    if mask is not None:
        mask = jnp.broadcast_to(mask, (*mask.shape[:2], queries.shape[1], keys.shape[1]))
    context = jax.nn.dot_product_attention(queries, keys, values, mask=mask, implementation="cudnn")
    if mask is None:
        return context
    some = jnp.swapaxes(mask.any(axis=-1, keepdims=True), 1, 2)
    return jnp.where(some, context, 0)


def causal_mask(length: int) -> jax.Array:
    """Each place may look at itself and those before it: booleans (1, 1, length, length)."""
    return jnp.tril(jnp.ones((1, 1, length, length), bool))


class MultiHeadAttention(nnx.Module):
    """H times attention, each with its own projections: 4 D^2 parameters.

        head_h = softmax(X Wq_h (Y Wk_h)^T / sqrt(d)) Y Wv_h,    output = [head_1 ... head_H] Wo

    Args:
        width: D.
        heads: H, a divisor of D.
        scale: Of the first output weights.
        dropout: Share of weights set to zero while training.
        rngs: Random keys for the first weights.

    Raises:
        ValueError: The heads do not divide the width.

    References:
        Vaswani et al. NIPS 2017, arXiv:1706.03762, section 3.2.2.
    """

    def __init__(
        self, width: int, heads: int, *, scale: float = 1.0, dropout: float = 0.0, rngs: nnx.Rngs
    ) -> None:
        if whole_number("width", width, 1) % whole_number("heads", heads, 1):
            raise ValueError(f"{heads} heads cannot share a width of {width}: give a divisor.")
        self.heads = heads
        self.to_queries = Linear(width, width, use_bias=False, rngs=rngs)
        self.to_keys_values = Linear(width, 2 * width, use_bias=False, rngs=rngs)
        self.to_output = Linear(width, width, use_bias=False, kernel_init=_scaled(scale), rngs=rngs)
        self.dropout = nnx.Dropout(dropout)

    def look_at(self, y: jax.Array) -> KeysValues:
        """Keys and values of (N, S, D)."""
        keys, values = jnp.split(self.to_keys_values(y), 2, axis=-1)
        return KeysValues(self._apart(keys), self._apart(values))

    def __call__(
        self,
        x: jax.Array,
        seen: KeysValues,
        mask: jax.Array | None = None,
        rngs: nnx.Rngs | None = None,
    ) -> tuple[jax.Array, jax.Array]:
        """Maps (N, T, D) to (output (N, T, D), weights (N, H, T, S)); `seen` is from `look_at`."""
        drops = self.dropout.rate > 0 and not self.dropout.deterministic
        drop = (lambda weights: self.dropout(weights, rngs=rngs)) if drops else None
        context, weights = attend_heads(self._apart(self.to_queries(x)), *seen, mask, drop)
        return self.to_output(context.reshape(x.shape)), weights

    def _apart(self, x: jax.Array) -> jax.Array:
        """(N, T, D) as (N, T, H, d)."""
        return x.reshape(*x.shape[:2], self.heads, -1)


class Block(nnx.Module):
    """One layer: self-attention, if wanted cross-attention, an MLP, each added to its input.

        x <- x + Attention(Norm(x)),    x <- x + W2 gelu(W1 Norm(x))

    The norm stands before each branch, not behind the sum as in the first Transformer: so from the
    loss to every layer there is a way of sums only. With norms behind, the last layers start with
    gradients that are larger by about the root of the number of layers, and training needs a
    careful warm-up (Xiong et al.).
    Parameters: 12 D^2 + 2 D, and with cross-attention 16 D^2 + 3 D.

    Args:
        width: D.
        heads: H.
        cross: Whether to look at a second sequence, too.
        scale: Of the first weights that write into the sum.
        dropout: Share of numbers set to zero, in weights and branches, while training.
        rngs: Random keys for the first weights.

    References:
        Xiong et al. On Layer Normalization in the Transformer Architecture. ICML 2020,
        arXiv:2002.04745. Ba, Kiros, Hinton. Layer Normalization. 2016, arXiv:1607.06450.
    """

    def __init__(
        self, width: int, heads: int, *, cross: bool = False, scale: float = 1.0,
        dropout: float = 0.0, rngs: nnx.Rngs,
    ) -> None:  # fmt: skip
        def attention_layer() -> MultiHeadAttention:
            return MultiHeadAttention(width, heads, scale=scale, dropout=dropout, rngs=rngs)

        self.norm_self, self.attend_self = _norm(width, rngs), attention_layer()
        self.cross = cross
        if cross:
            self.norm_cross, self.attend_cross = _norm(width, rngs), attention_layer()
        self.norm_mlp = _norm(width, rngs)
        self.widen = Linear(width, EXPAND * width, use_bias=False, rngs=rngs)
        self.narrow = Linear(
            EXPAND * width, width, use_bias=False, kernel_init=_scaled(scale), rngs=rngs
        )
        self.dropout = nnx.Dropout(dropout)

    def __call__(
        self, x: jax.Array, mask: jax.Array | None = None, memory: KeysValues | None = None,
        memory_mask: jax.Array | None = None, rngs: nnx.Rngs | None = None,
    ) -> tuple[jax.Array, jax.Array]:  # fmt: skip
        """Maps (N, T, D) to (output (N, T, D), weights (N, H, T, S)).

        Args:
            x: The sequence.
            mask: Of the self-attention, (N, H, T, T).
            memory: Keys and values for the cross-attention, from `look_at_memory`.
            memory_mask: Of the cross-attention, (N, H, T, S).
            rngs: Random keys of the dropout.

        Returns:
            Output and weights, those of the cross-attention where there is one.
        """
        normed = self.norm_self(x)
        seen = self.attend_self.look_at(normed)
        return self._branches(x, normed, seen, mask, memory, memory_mask, rngs)

    def step(
        self, x: jax.Array, cache: KeysValues, place: jax.Array, memory: KeysValues | None = None,
        memory_mask: jax.Array | None = None,
    ) -> tuple[jax.Array, KeysValues, jax.Array]:  # fmt: skip
        """One place further: `x` (N, 1, D) stands at `place` (N,), the cache holds those before.

        The memory may have fewer rows, N / K: then each is that of K consecutive rows of x.

        Returns:
            (output (N, 1, D), the cache with this place, weights (N, H, 1, S)).
        """
        normed = self.norm_self(x)
        new = self.attend_self.look_at(normed)
        rows = jnp.arange(len(x))
        cache = KeysValues(
            cache.keys.at[rows, place].set(new.keys[:, 0]),
            cache.values.at[rows, place].set(new.values[:, 0]),
        )
        filled = (jnp.arange(cache.keys.shape[1]) <= place[:, None])[:, None, None]
        x, weights = self._branches(x, normed, cache, filled, memory, memory_mask, None)
        return x, cache, weights

    def look_at_memory(self, values: jax.Array) -> KeysValues:
        """The keys and values of a second sequence (N, S, D), for the cross-attention."""
        return self.attend_cross.look_at(values)

    def _branches(
        self, x: jax.Array, normed: jax.Array, seen: KeysValues, mask: jax.Array | None,
        memory: KeysValues | None, memory_mask: jax.Array | None, rngs: nnx.Rngs | None,
    ) -> tuple[jax.Array, jax.Array]:  # fmt: skip
        if self.cross != (memory is not None):
            raise ValueError("A block with cross-attention needs a memory, one without takes none.")
        branch, weights = self.attend_self(normed, seen, mask, rngs)
        x = x + self.dropout(branch, rngs=rngs)
        if memory is not None:
            branch, weights = self._look(self.norm_cross(x), memory, memory_mask, rngs)
            x = x + self.dropout(branch, rngs=rngs)
        hidden = jax.nn.gelu(self.widen(self.norm_mlp(x)))
        return x + self.dropout(self.narrow(hidden), rngs=rngs), weights

    def _look(
        self, x: jax.Array, memory: KeysValues, mask: jax.Array | None, rngs: nnx.Rngs | None
    ) -> tuple[jax.Array, jax.Array]:
        """The cross-attention; rows that share a memory ask as places of one sequence."""
        grouped = x.reshape(len(memory.keys), -1, x.shape[-1])
        branch, weights = self.attend_cross(grouped, memory, mask, rngs)
        if len(grouped) < len(x):
            weights = weights.swapaxes(1, 2).reshape(len(x), -1, 1, weights.shape[-1])
        return branch.reshape(x.shape), weights


class Stack(nnx.Module):
    """Blocks one behind the other, and a last norm.

    Parameters: layers (12 D^2 + 2 D) + D, and with cross-attention layers (16 D^2 + 3 D) + D.

    Args:
        layers: Number of blocks.
        width: D.
        heads: H.
        cross: As for `Block`.
        dropout: As for `Block`.
        rngs: Random keys for the first weights.

    Raises:
        ValueError: There is no layer, or as for `MultiHeadAttention`.
    """

    def __init__(
        self, layers: int, width: int, heads: int, *, cross: bool = False, dropout: float = 0.0,
        rngs: nnx.Rngs,
    ) -> None:  # fmt: skip
        layers = whole_number("layers", layers, 1)
        self.width, self.heads = width, heads
        branches = (3 if cross else 2) * layers
        self.blocks = runtime.module_list(
            Block(width, heads, cross=cross, scale=1 / branches, dropout=dropout, rngs=rngs)
            for _ in range(layers)
        )
        self.norm = _norm(width, rngs)

    def __call__(
        self, x: jax.Array, mask: jax.Array | None = None,
        memory: tuple[KeysValues, ...] | None = None, memory_mask: jax.Array | None = None,
        rngs: nnx.Rngs | None = None,
    ) -> tuple[jax.Array, list[jax.Array]]:  # fmt: skip
        """Maps (N, T, D) to (output (N, T, D), of each block the weights (N, H, T, S)).

        Args:
            x: The sequence.
            mask: Of the self-attention.
            memory: Of each block, from `look_at_memory`.
            memory_mask: Of the cross-attention.
            rngs: Random keys of the dropout.
        """
        looked = []
        for number, block in enumerate(self.blocks):
            own = None if memory is None else memory[number]
            x, weights = block(x, mask, own, memory_mask, rngs)
            looked.append(weights)
        return self.norm(x), looked

    def look_at_memory(self, values: jax.Array) -> tuple[KeysValues, ...]:
        """Of each block the keys and values of a second sequence (N, S, D)."""
        return tuple(block.look_at_memory(values) for block in self.blocks)

    def empty_cache(self, batch: int, length: int) -> tuple[KeysValues, ...]:
        """Of each block a cache of `length` places; every leaf has the batch in front."""
        zeros = jnp.zeros((batch, length, self.heads, self.width // self.heads))
        return tuple(KeysValues(zeros, zeros) for _ in self.blocks)

    def start(self, batch: int, length: int) -> StackState:
        """Before the first place, with room for `length` of them."""
        return StackState(self.empty_cache(batch, length), jnp.zeros(batch, jnp.int32))

    def step(
        self, x: jax.Array, caches: tuple[KeysValues, ...], place: jax.Array,
        memory: tuple[KeysValues, ...] | None = None, memory_mask: jax.Array | None = None,
    ) -> tuple[jax.Array, tuple[KeysValues, ...], list[jax.Array]]:  # fmt: skip
        """One place further, see `Block.step`: (output (N, 1, D), caches, weights)."""
        new, looked = [], []
        for number, (block, cache) in enumerate(zip(self.blocks, caches, strict=True)):
            own = None if memory is None else memory[number]
            x, cache, weights = block.step(x, cache, place, own, memory_mask)
            new.append(cache)
            looked.append(weights)
        return self.norm(x), tuple(new), looked


def stack_parameters(layers: int, width: int, cross: bool = False) -> int:
    """The number of parameters of a `Stack`."""
    block = (16 if cross else 12) * width**2 + (3 if cross else 2) * width
    return layers * block + width


def count_parameters(model: Any) -> int:
    """The number of parameters of any model, counted."""
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))


def _norm(width: int, rngs: nnx.Rngs) -> nnx.LayerNorm:
    return nnx.LayerNorm(width, use_bias=False, rngs=rngs)


def _scaled(scale: float) -> Any:
    """First weights whose outputs have `scale` times the inputs' variance.

    Each branch adds its variance to the sum: with 1 / branches the sum stays of one size.
    """
    return nnx.initializers.variance_scaling(scale, "fan_in", "truncated_normal")
