"""The loss of sentence pairs to train on, and what a trained network makes of them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import ArrayLike

from karpa_helpers import training
from karpa_helpers.data.numbers import check_numbers, whole_number
from karpa_helpers.data.rows import Shape, check_pairs, pad_rows
from karpa_helpers.data.vocabulary import PAD
from karpa_helpers.seq2seq import losses
from karpa_helpers.training import Gradient, Metrics, Tree

Data = dict[str, np.ndarray]


def pair_loss(smoothing: float = 0.0) -> Callable[[Any, Any, jax.Array], tuple[jax.Array, Any]]:
    """The loss for `training.gradient_step`: mean cross-entropy of the next token.

    Args:
        smoothing: Label smoothing, for training only.

    Returns:
        loss(model, batch, key) -> (scalar, {"accuracy"}), where batch has "source" (N, S) and
        "target" (N, T) as `source_rows` and `target_rows` make them.
    """

    def of_batch(model: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, Any]:
        logits, _ = model(batch["source"], batch["target"][:, :-1], key=key)
        wanted = batch["target"][:, 1:]
        real = wanted != PAD
        right = jnp.sum(real & losses.has_highest_logit(logits, wanted))
        accuracy = right / jnp.maximum(jnp.sum(real), 1)
        return losses.cross_entropy(logits, wanted, smoothing=smoothing), {"accuracy": accuracy}

    return of_batch


def by_shape(gradient: Gradient, shapes: Sequence[Shape]) -> Gradient:
    """The gradient of a batch of one group, computed on the group's own columns only.

    `jax.lax.switch` chooses among one compiled branch a shape, on the device. It is put around the
    gradient and not around the whole step, whose state it would copy.

    Args:
        gradient: gradient(state, batch, key), where batch has "source" (B, S) and "target" (B, T).
        shapes: As given to `rows.group_pairs`.

    Returns:
        The same for batches from `rows.group_pairs` with batch_size=1: what
        `training.gradient_step` takes as `wrap`, once the shapes are filled in.
    """

    def on_shape(shape: Shape, state: Tree, batch: Tree, key: jax.Array) -> Any:
        columns = dict(zip(("source", "target"), shape, strict=True))
        cut = {name: batch[name][0, :, :width] for name, width in columns.items()}
        return gradient(state, cut, key)

    branches = [functools.partial(on_shape, shape) for shape in shapes]

    def chosen(state: Tree, batch: Tree, key: jax.Array) -> tuple[Tree, Tree, Metrics]:
        return jax.lax.switch(batch["shape"][0], branches, state, batch, key)

    return chosen


@dataclass(frozen=True)
class PairsEvaluation:
    """How well a network foresees the next token when the true ones before it are given.

    Attributes:
        loss: Mean cross-entropy over real tokens, EOS included, in nats.
        accuracy: Share of real tokens that got the highest logit.
        tokens: The number of real tokens.
    """

    loss: float
    accuracy: float
    tokens: int

    @property
    def perplexity(self) -> float:
        """exp(loss): the number of equally likely tokens that are as hard to guess."""
        return math.exp(self.loss)


def evaluate_pairs(
    graph: nnx.GraphDef, state: Any, data: Data, batch_size: int = 256
) -> PairsEvaluation:
    """Teacher-forced scores of all pairs, in evaluation mode: no dropout, no smoothing.

    Args:
        graph: From `training.create_state`.
        state: A trained state.
        data: "source" (N, S) and "target" (N, T).
        batch_size: Pairs at a time; it changes nothing but the memory that is used.

    Returns:
        The scores.

    Raises:
        ValueError: There is no pair, or no real token, or a number is outside of its vocabulary.
    """
    check_pairs(data["source"], data["target"])
    data = {name: check_rows(name, data[name], state) for name in ("source", "target")}
    total = len(data["source"])
    batch_size = min(whole_number("batch_size", batch_size, 1), total)
    sums = np.zeros(3)
    for start in range(0, total, batch_size):
        batch = {
            name: pad_rows(rows[start : start + batch_size], batch_size)
            for name, rows in data.items()
        }
        sums += np.asarray(_sums(graph, weights_of(state), batch), dtype=float)
    nats, right, tokens = sums
    if tokens == 0:
        raise ValueError("The targets hold no real token: they are PAD all over.")
    return PairsEvaluation(nats / tokens, right / tokens, int(tokens))


def weights_of(state: Any) -> Any:
    """What evaluation and decoding need of a state; the optimizer's memory stays where it is."""
    return {"params": state["params"], "rest": state["rest"]}


def check_rows(name: str, rows: ArrayLike, state: Any) -> np.ndarray:
    """Token numbers that a network knows, as an array of int32.

    Args:
        name: "source" or "target": which vocabulary.
        rows: Token numbers, shape (N, S).
        state: Of a network with an embedding of that name.

    Raises:
        ValueError: They are no rows, or a number is outside of the vocabulary.
    """
    given = np.asarray(rows)
    if given.ndim != 2:
        raise ValueError(f"{name} has shape {given.shape}; give rows of token numbers, (N, S).")
    size = len(jax.tree.leaves(state["params"][f"{name}_embedding"])[0])
    return check_numbers(name, given, size)


@functools.partial(jax.jit, static_argnums=0)
def _sums(graph: nnx.GraphDef, weights: Any, batch: Any) -> tuple[jax.Array, ...]:
    model = training.merge(graph, weights)
    logits, _ = model(batch["source"], batch["target"][:, :-1])
    wanted = batch["target"][:, 1:]
    real = wanted != PAD
    nats = -losses.log_probability(logits, wanted, real)
    return nats.sum(), jnp.sum(real & losses.has_highest_logit(logits, wanted)), real.sum()
