"""Recurrent networks: Flax's cells behind one name, run over padded sequences by a masked scan."""

from __future__ import annotations

from typing import Any, Literal

import jax
import jax.numpy as jnp
from flax import nnx

from karpa_helpers.nn.fast.linear import by_rows
from karpa_helpers.nn.fast.product_scan import product_scan

Kind = Literal["elman", "gru", "lstm"]
Cell = nnx.SimpleCell | nnx.GRUCell | nnx.LSTMCell
Carry = Any  # (N, H), or for an LSTM the pair (c, h) of such arrays

CELLS = {"elman": nnx.SimpleCell, "gru": nnx.GRUCell, "lstm": nnx.LSTMCell}
# Flax's names of the layers that read the input, not the state.
INPUT_LAYERS = {
    nnx.SimpleCell: ("dense_i",),
    nnx.GRUCell: ("dense_i",),
    nnx.LSTMCell: ("ii", "if_", "ig", "io"),
}


def make_cell(kind: Kind, features_in: int, features: int, *, rngs: nnx.Rngs) -> Cell:
    """One of Flax's recurrent cells.

        elman   h' = tanh(W x + U h + b)
        gru     h' = (1 - z) n + z h   with  n = tanh(W x + b + r (U h))
        lstm    c' = f c + i g,  h' = o tanh(c')

    The gates r, z, i, f, o are sigmoids of sums of the same form, g a tanh.

    Args:
        kind: "elman", "gru" or "lstm".
        features_in: D, the width of an input.
        features: H, the width of the hidden state.
        rngs: Random keys for the first weights.

    Returns:
        A cell: cell(carry, x of shape (N, D)) -> (carry, h of shape (N, H)).

    Raises:
        ValueError: `kind` is another word.

    References:
        Elman. Finding Structure in Time. Cognitive Science 14, 1990. Hochreiter, Schmidhuber. Long
        Short-Term Memory. Neural Computation 9, 1997. Cho et al. EMNLP 2014, arXiv:1406.1078.
    """
    if kind not in CELLS:
        raise ValueError(f'kind is {kind!r}; give "elman", "gru" or "lstm".')
    return CELLS[kind](features_in, features, rngs=rngs)


def initial_carry(cell: Cell, batch: int) -> Carry:
    """The carry before the first input: zeros.

    Args:
        cell: From `make_cell`.
        batch: N.

    Returns:
        (N, H), or for an LSTM the pair (c, h) of such arrays.
    """
    zeros = jnp.zeros((batch, cell.hidden_features), cell.param_dtype)
    return (zeros, zeros) if isinstance(cell, nnx.LSTMCell) else zeros


def output_of(carry: Carry) -> jax.Array:
    """The hidden state h, (N, H), of any cell's carry."""
    return carry[1] if isinstance(carry, tuple) else carry


def run(
    cell: Cell,
    x: jax.Array,
    mask: jax.Array | None = None,
    carry: Carry | None = None,
    reverse: bool = False,
) -> tuple[jax.Array, Carry]:
    """Runs a cell over sequences. Padding changes nothing: there the carry stays as it is.

        carry_t = cell(carry_{t-1}, x_t) where mask_t, else carry_{t-1}

    So the last carry belongs to each sequence's last real token, wherever it stands. The cell's
    products with its inputs do not wait for the carry: one large product of each input layer makes
    them for all positions in front of the scan.

    Args:
        cell: From `make_cell`.
        x: Inputs, (N, T, D).
        mask: Which positions are real, (N, T); None is all.
        carry: The carry before the first input; None is zeros.
        reverse: Go from the last position to the first. The outputs stay in the source's order.

    Returns:
        (outputs, last carry): h after each position, (N, T, H), and the carry at the end.

    Raises:
        ValueError: Shapes do not fit.

    References:
        Appleyard, Kocisky, Blunsom. Optimizing Performance of Recurrent Neural Networks on GPUs.
        arXiv:1604.01946 (there for cuDNN).
    """
    if x.ndim != 3 or x.shape[-1] != cell.in_features:
        raise ValueError(
            f"x has shape {x.shape}; give sequences of vectors, (N, T, {cell.in_features})."
        )
    if mask is not None and mask.shape != x.shape[:2]:
        raise ValueError(f"mask has shape {mask.shape}, but x wants {x.shape[:2]}, (N, T).")
    if carry is None:
        empty = initial_carry(cell, len(x))
        carry = jax.tree.map(lambda zeros: zeros.astype(x.dtype), empty)

    def advance(cell: Cell, carry: Carry, now: Any, constants: None) -> Any:
        products, real = now
        for name, product in products.items():
            setattr(cell, name, lambda _, product=product: product)
        unread: Any = None
        new = cell(carry, unread)[0]
        if real is not None:
            new = jax.tree.map(lambda n, old: jnp.where(real[:, None], n, old), new, carry)
        return new, output_of(new)

    by_time = x.swapaxes(0, 1)
    products = {name: by_rows(getattr(cell, name), by_time) for name in INPUT_LAYERS[type(cell)]}
    mask_by_time = None if mask is None else mask.astype(bool).T
    last, outputs = product_scan(advance, cell, carry, (products, mask_by_time), reverse=reverse)
    return outputs.swapaxes(0, 1), last


class Bidirectional(nnx.Module):
    """Two cells, one from the left and one from the right; their outputs side by side.

    Args:
        kind: "elman", "gru" or "lstm".
        features_in: D, the width of an input.
        features: H, the width of each direction's hidden state.
        rngs: Random keys for the first weights.

    References:
        Schuster, Paliwal. Bidirectional Recurrent Neural Networks. IEEE Transactions on Signal
        Processing 45, 1997.
    """

    def __init__(self, kind: Kind, features_in: int, features: int, *, rngs: nnx.Rngs) -> None:
        self.forward = make_cell(kind, features_in, features, rngs=rngs)
        self.backward = make_cell(kind, features_in, features, rngs=rngs)

    def __call__(
        self, x: jax.Array, mask: jax.Array | None = None
    ) -> tuple[jax.Array, tuple[Carry, Carry]]:
        """Maps (N, T, D) to (outputs (N, T, 2H), (last carry forward, last carry backward)).

        Raises:
            ValueError: Shapes do not fit.
        """
        forward, carry_forward = run(self.forward, x, mask)
        backward, carry_backward = run(self.backward, x, mask, reverse=True)
        return jnp.concatenate([forward, backward], axis=-1), (carry_forward, carry_backward)
