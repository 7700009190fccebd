"""Optimizers for networks whose weights are mostly matrices."""

from __future__ import annotations

from typing import Any

import jax
import optax
from optax.contrib import MuonDimensionNumbers

from karpa_helpers.data.numbers import whole_number


def muon(
    learning_rate: float | optax.Schedule,
    adam_rate: float | optax.Schedule,
    rounds: int = 3,
    every: int = 1,
) -> optax.GradientTransformation:
    """Muon for the matrices between layers, and Adam for embeddings, biases and all else.

    Muon replaces a matrix of momentum U S V^T by nearly U V^T, so that a step goes as far along
    every direction that the gradients point in, be it a common or a rare one. The work is three
    products of matrices for each weight matrix and each of the polynomial's rounds, whatever the
    batch: larger batches suit it. With `every` the matrices get one step from the sum of several
    batches' gradients; all else, cheap to step, still moves with each batch.

    Args:
        learning_rate: Muon's. A step changes each singular value of a matrix by about this much,
            times sqrt(outputs / inputs) where that is more than 1.
        adam_rate: Adam's, which here has Nesterov's momentum too, and b2 = 0.98.
        rounds: How often the polynomial is applied that makes singular values alike. Five is
            usual; on our translator three learned as much and took 40 % less.
        every: Batches to a step of the matrices; between these steps they stay.

    Raises:
        ValueError: `every` or `rounds` is no whole number of 1 or more.

    References:
        Jordan, Jin, Boza, You, Cesista, Newhouse, Bernstein. Muon: An optimizer for hidden layers
        in neural networks. 2024. Liu et al. Muon is Scalable for LLM Training. 2025,
        arXiv:2502.16982.
    """
    every, rounds = whole_number("every", every, 1), whole_number("rounds", rounds, 1)
    adam = optax.nadam(adam_rate, b2=0.98)
    matrices = optax.contrib.muon(
        _each(learning_rate, every), ns_steps=rounds, muon_weight_dimension_numbers=hidden_matrices
    )
    if every > 1:  # the sum, as Muon does not mind a factor
        matrices = optax.chain(
            optax.apply_every(every),
            optax.conditionally_mask(matrices, lambda step: step % every == every - 1),
        )

    def labels(params: Any) -> Any:
        return jax.tree.map(
            lambda numbers: "adam" if numbers is None else "matrix",
            hidden_matrices(params),
            is_leaf=lambda node: node is None or isinstance(node, MuonDimensionNumbers),
        )

    return optax.partition({"matrix": matrices, "adam": adam}, labels)


def _each(rate: float | optax.Schedule, every: int) -> float | optax.Schedule:
    """The rate by number of steps taken, where one is taken with each so many batches."""
    return (lambda taken: rate(taken * every)) if callable(rate) else rate


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
