"""Optimizers for networks whose weights are mostly matrices."""

from __future__ import annotations

from typing import Any

import jax
import optax
from optax.contrib import MuonDimensionNumbers


def muon(
    learning_rate: float | optax.Schedule,
    adam_rate: float | optax.Schedule,
    rounds: int = 3,
) -> optax.GradientTransformation:
    """Muon for the matrices between layers, and Adam for embeddings, biases and all else.

    Muon replaces a matrix of momentum U S V^T by nearly U V^T, so that a step goes as far along
    every direction that the gradients point in, be it a common or a rare one. The work is three
    products of matrices for each weight matrix and each of the polynomial's rounds, whatever the
    batch: larger batches suit it.

    Args:
        learning_rate: Muon's. A step changes each singular value of a matrix by about this much,
            times sqrt(outputs / inputs) where that is more than 1.
        adam_rate: Adam's, which here has Nesterov's momentum too, and b2 = 0.98.
        rounds: How often the polynomial is applied that makes singular values alike. Five is
            usual; on our translator three learned as much and took 40 % less.

    References:
        Jordan, Jin, Boza, You, Cesista, Newhouse, Bernstein. Muon: An optimizer for hidden layers
        in neural networks. 2024. Liu et al. Muon is Scalable for LLM Training. 2025,
        arXiv:2502.16982.
    """
    return optax.contrib.muon(
        learning_rate,
        adam_learning_rate=adam_rate,
        adam_b2=0.98,
        ns_steps=rounds,
        muon_weight_dimension_numbers=hidden_matrices,
    )


def hidden_matrices(params: Any) -> Any:
    """Which parameters `muon` gives to Muon: all matrices but embedding tables.

    An embedding is looked up by row, and of its rows a batch uses few: a step that moves them all
    alike would move those most of which nothing was learned.

    Args:
        params: A tree of parameters.

    Returns:
        The same tree with `MuonDimensionNumbers` for a matrix (inputs, outputs), None elsewhere.
    """

    def numbers(path: Any, leaf: jax.Array) -> MuonDimensionNumbers | None:
        table = "['embedding']" in jax.tree_util.keystr(path)
        return MuonDimensionNumbers(0, 1) if leaf.ndim == 2 and not table else None

    return jax.tree_util.tree_map_with_path(numbers, params)
