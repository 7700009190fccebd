"""Recurrent networks: three cells behind one name, run over padded sequences by a masked scan."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
from flax import nnx

from karpa_helpers.nn.fast.linear import Linear
from karpa_helpers.nn.fast.product_scan import product_scan

Kind = Literal["elman", "gru", "lstm"]
Carry = Any  # (N, H), or for an LSTM the pair (c, h) of such arrays
Mask = jax.Array | None

StateLinear = partial(Linear, kernel_init=nnx.initializers.orthogonal())


class Cell(nnx.Module):
    """A recurrent cell: cell(carry, x of shape (N, D)) -> (carry, h of shape (N, H)).

    The products with inputs do not wait for the carry, so `read` makes them apart from `advance`.
    """

    dense_i: Linear

    def __init__(self, features_in: int, features: int) -> None:
        self.features_in, self.features = features_in, features

    def __call__(self, carry: Carry, x: jax.Array) -> tuple[Carry, jax.Array]:
        """One step further."""
        carry = self.advance(carry, self.read(x))
        return carry, output_of(carry)

    def read(self, x: jax.Array) -> Any:
        """W x + b for inputs (..., D)."""
        return self.dense_i(x)

    def advance(self, carry: Carry, wx: Any) -> Carry:
        """The next carry, from what `read` made of inputs (N, D)."""
        raise NotImplementedError


class ElmanCell(Cell):
    """h' = tanh(W x + b + U h)."""

    def __init__(self, features_in: int, features: int, *, rngs: nnx.Rngs) -> None:
        super().__init__(features_in, features)
        self.dense_h = StateLinear(features, features, use_bias=False, rngs=rngs)
        self.dense_i = Linear(features_in, features, rngs=rngs)

    def advance(self, carry: jax.Array, wx: jax.Array) -> jax.Array:
        """As `Cell.advance`, with wx of shape (N, H)."""
        return jnp.tanh(wx + self.dense_h(carry))


class GRUCell(Cell):
    """h' = (1 - z) n + z h with n = tanh(W x + b + r (U h)); W, b and U hold r, z and n in turn."""

    def __init__(self, features_in: int, features: int, *, rngs: nnx.Rngs) -> None:
        super().__init__(features_in, features)
        self.dense_i = Linear(features_in, 3 * features, rngs=rngs)
        self.dense_h = StateLinear(features, 3 * features, use_bias=False, rngs=rngs)

    def advance(self, carry: jax.Array, wx: jax.Array) -> jax.Array:
        """As `Cell.advance`, with wx of shape (N, 3 H)."""
        wx_r, wx_z, wx_n = jnp.split(wx, 3, axis=-1)
        uh_r, uh_z, uh_n = jnp.split(self.dense_h(carry), 3, axis=-1)
        r, z = nnx.sigmoid(wx_r + uh_r), nnx.sigmoid(wx_z + uh_z)
        n = jnp.tanh(wx_n + r * uh_n)
        return (1.0 - z) * n + z * carry


class LSTMCell(Cell):
    """c' = f c + i g and h' = o tanh(c'); gate i is sigmoid(ii(x) + hi(h)), and so on."""

    def __init__(self, features_in: int, features: int, *, rngs: nnx.Rngs) -> None:
        super().__init__(features_in, features)
        of_x = partial(Linear, features_in, features, use_bias=False, rngs=rngs)
        of_h = partial(StateLinear, features, features, rngs=rngs)
        self.ii, self.if_, self.ig, self.io = of_x(), of_x(), of_x(), of_x()
        self.hi, self.hf, self.hg, self.ho = of_h(), of_h(), of_h(), of_h()

    def read(self, x: jax.Array) -> tuple[jax.Array, ...]:
        """W x for i, f, g and o; the biases stand with the products of h."""
        return self.ii(x), self.if_(x), self.ig(x), self.io(x)

    def advance(self, carry: Carry, wx: tuple[jax.Array, ...]) -> Carry:
        """As `Cell.advance`, with four arrays (N, H)."""
        c, h = carry
        i, f = nnx.sigmoid(wx[0] + self.hi(h)), nnx.sigmoid(wx[1] + self.hf(h))
        g, o = jnp.tanh(wx[2] + self.hg(h)), nnx.sigmoid(wx[3] + self.ho(h))
        c = f * c + i * g
        return c, o * jnp.tanh(c)


CELLS = {"elman": ElmanCell, "gru": GRUCell, "lstm": LSTMCell}


def make_cell(kind: Kind, features_in: int, features: int, *, rngs: nnx.Rngs) -> Cell:
    """A recurrent cell with first weights as in Flax's.

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
    zeros = jnp.zeros((batch, cell.features), jnp.float32)
    return (zeros, zeros) if isinstance(cell, LSTMCell) else zeros


def output_of(carry: Carry) -> jax.Array:
    """The hidden state h, (N, H), of any cell's carry."""
    return carry[1] if isinstance(carry, tuple) else carry


def run(
    cell: Cell, x: jax.Array, mask: Mask = None, carry: Carry = None, reverse: bool = False
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
    if x.ndim != 3 or x.shape[-1] != cell.features_in:
        raise ValueError(f"x has shape {x.shape}; it must be (N, T, {cell.features_in}).")
    if mask is not None and mask.shape != x.shape[:2]:
        raise ValueError(f"mask has shape {mask.shape}, but x wants {x.shape[:2]}, (N, T).")
    if carry is None:
        carry = jax.tree.map(lambda zeros: zeros.astype(x.dtype), initial_carry(cell, len(x)))

    def advance(cell: Cell, carry: Carry, now: Any, constants: None) -> Any:
        wx, real = now
        new = cell.advance(carry, wx)
        if real is not None:
            new = jax.tree.map(lambda n, old: jnp.where(real[:, None], n, old), new, carry)
        return new, output_of(new)

    by_time = cell.read(x.swapaxes(0, 1)), None if mask is None else mask.astype(bool).T
    last, outputs = product_scan(advance, cell, carry, by_time, reverse=reverse)
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

    def __call__(self, x: jax.Array, mask: Mask = None) -> tuple[jax.Array, Any]:
        """Maps (N, T, D) to (outputs (N, T, 2H), (last carry forward, last carry backward)).

        Raises:
            ValueError: Shapes do not fit.
        """
        forward, carry_forward = run(self.forward, x, mask)
        backward, carry_backward = run(self.backward, x, mask, reverse=True)
        return jnp.concatenate([forward, backward], axis=-1), (carry_forward, carry_backward)
