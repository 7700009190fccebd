"""Where a token stands, as a vector: sines and cosines, or learned."""

from __future__ import annotations

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

PositionKind = Literal["sinusoidal", "learned", "none"]
SLOWEST = 10_000.0  # the longest wavelength of the sinusoids is 2 pi times this


def sinusoids(places: jax.Array, width: int) -> jax.Array:
    """Positions as sines and cosines of D / 2 frequencies w_i = 10000^(-2i / D).

        P[p, 2i] = sin(p w_i),    P[p, 2i + 1] = cos(p w_i)

    Args:
        places: p, integers of any shape (...).
        width: D, an even number.

    Returns:
        Shape (..., D).

    Raises:
        ValueError: The width is odd.

    References:
        Vaswani et al. NIPS 2017, arXiv:1706.03762, section 3.5.
    """
    if width % 2:
        raise ValueError(f"width is {width}; sines and cosines come in pairs: give an even one.")
    rates = SLOWEST ** (-np.arange(0, width, 2) / width)
    angles = jnp.asarray(places)[..., None] * rates.astype(np.float32)
    return jnp.stack([jnp.sin(angles), jnp.cos(angles)], axis=-1).reshape(*angles.shape[:-1], width)


class Positions(nnx.Module):
    """A vector for each place, to be added to what stands there.

    Args:
        kind: "sinusoidal" (any place), "learned" (places below `longest`) or "none" (zeros).
        longest: Number of learned places.
        width: D.
        rngs: Random keys for the first weights.

    Raises:
        ValueError: `kind` is another word.
    """

    def __init__(self, kind: PositionKind, longest: int, width: int, *, rngs: nnx.Rngs) -> None:
        if kind not in ("sinusoidal", "learned", "none"):
            raise ValueError(f'kind is {kind!r}; give "sinusoidal", "learned" or "none".')
        self.kind, self.longest, self.width = kind, longest, width
        if kind == "learned":
            self.table = nnx.Param(0.02 * jax.random.normal(rngs.params(), (longest, width)))

    def __call__(self, places: jax.Array) -> jax.Array:
        """Maps places (...) to vectors (..., D)."""
        if self.kind == "learned":
            return self.table[...][places]
        if self.kind == "sinusoidal":
            return sinusoids(places, self.width)
        return jnp.zeros((*places.shape, self.width))

    def first(self, length: int) -> jax.Array:
        """The vectors of places 0 to length - 1, shape (length, D).

        Raises:
            ValueError: Positions are learned, and not so many of them.
        """
        if self.kind == "learned" and length > self.longest:
            raise ValueError(
                f"A sequence has {length} places, but only {self.longest} positions are learned. "
                "Cut the sequence, or use sinusoidal positions."
            )
        return self(jnp.arange(length))
