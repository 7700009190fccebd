"""Random keys of dropout: none is needed without it, and none may be missing with it."""

from __future__ import annotations

import jax
from flax import nnx


def rngs_for(dropout: nnx.Dropout, key: jax.Array | None) -> nnx.Rngs | None:
    """The random keys of one call of a model with dropout.

    Args:
        dropout: A layer of the model.
        key: Random key of the call; not needed in evaluation mode.

    Returns:
        Keys that are split anew at each use; None without `key`.

    Raises:
        ValueError: There is dropout, the model is in training mode, and no key is given.
    """
    if key is not None:
        return nnx.Rngs(key)
    if dropout.rate > 0 and not dropout.deterministic:
        raise ValueError("Dropout needs a key in training mode; or call model.eval().")
    return None
