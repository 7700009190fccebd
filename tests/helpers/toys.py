"""Small random networks with decided opinions."""

from __future__ import annotations

from typing import Any

import jax
import optax
from flax import nnx

from karpa_helpers import training
from karpa_helpers.seq2seq.networks import Seq2Seq

SIZE = 7  # three tokens besides the reserved ones


def network(seed: int = 0, scale: float = 1.0, **settings: Any) -> Seq2Seq:
    """A network whose weights are `scale` times Flax's: far from uniform answers."""
    model = Seq2Seq(SIZE, SIZE, 4, 6, rngs=nnx.Rngs(seed), **settings)
    nnx.update(model, jax.tree.map(lambda x: scale * x, nnx.state(model, nnx.Param)))
    model.eval()
    return model


def trained(seed: int = 0, scale: float = 3.0, **settings: Any) -> tuple[Any, Any]:
    return training.create_state(network(seed, scale, **settings), optax.sgd(0.1))
