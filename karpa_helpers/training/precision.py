"""Activations in bfloat16, weights in float32: half the bytes, and several times a GPU's rate.

A step casts its float32 weights and inputs at its beginning. The gradient of the cast is a cast
back, so the optimizer sees float32. bfloat16 has float32's exponents: nothing overflows that did
not before, and no loss has to be scaled.

References:
    Micikevicius et al. Mixed Precision Training. ICLR 2018, arXiv:1710.03740 (with float16).
    Kalamkar et al. A Study of BFLOAT16 for Deep Learning Training. 2019, arXiv:1905.12322.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

Tree = Any  # a pytree of arrays
Activations = DTypeLike | None  # bfloat16; None leaves all in float32


def cast_to(tree: Tree, activations: Activations) -> Tree:
    """The same tree with its float32 arrays in the type of activations.

    Args:
        tree: Weights or inputs; integers, truth values and random keys stay as they are.
        activations: bfloat16 or float32; None changes nothing.

    Raises:
        ValueError: It is another type.
    """
    if activations is None:
        return tree
    dtype = jnp.dtype(activations)
    if dtype not in (jnp.bfloat16, jnp.float32):
        raise ValueError(
            f'activations is {dtype.name}; give "bfloat16", or None for float32. (float16 has a '
            "narrow range: its losses would have to be scaled.)"
        )

    def cast(leaf: Any) -> Any:
        return leaf.astype(dtype) if getattr(leaf, "dtype", None) == jnp.float32 else leaf

    return jax.tree.map(cast, tree)


def compute_in(model: nnx.Module, activations: Activations) -> None:
    """Tells Flax's layers the type to compute in: embeddings and normalisations else keep float32.

    Sums inside a normalisation stay in float32, as Flax has it.

    Args:
        model: With weights from `cast_to`; it is changed.
        activations: As there.
    """
    if activations is None:
        return
    for _, node in nnx.iter_graph(model):
        if isinstance(node, nnx.Module) and hasattr(node, "dtype"):
            node.dtype = jnp.dtype(activations)


def to_float32(x: jax.Array) -> jax.Array:
    """Numbers in float32, or as they are where they have more digits: for losses and sums."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))
