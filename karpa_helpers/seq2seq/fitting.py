"""Sentences as arrays, the loss to train on, and the scores of a trained network."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from karpa_helpers import training
from karpa_helpers.data.vocabulary import BOS, EOS, PAD, Tokenizer, pad
from karpa_helpers.seq2seq import losses

Data = dict[str, np.ndarray]


def source_rows(
    texts: Sequence[str], vocabulary: Tokenizer, length: int | None = None
) -> np.ndarray:
    """Source texts as an array: tokens, EOS, then PAD.

    Args:
        texts: At least one; an empty text is EOS alone.
        vocabulary: Of the source.
        length: Of the rows, EOS included; None takes that of the longest.

    Returns:
        int32, shape (N, length).

    Raises:
        ValueError: There is no text, or one does not fit into `length`.
    """
    return pad([[*vocabulary.encode(text), EOS] for text in texts], length)


def target_rows(
    texts: Sequence[str], vocabulary: Tokenizer, length: int | None = None
) -> np.ndarray:
    """Target texts as an array: BOS, tokens, EOS, then PAD; as `source_rows`."""
    return pad([[BOS, *vocabulary.encode(text), EOS] for text in texts], length)


def loss(smoothing: float = 0.0) -> Callable[[Any, Any, jax.Array], tuple[jax.Array, Any]]:
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
        right = jnp.sum(real & losses.likeliest(logits, wanted))
        accuracy = right / jnp.maximum(jnp.sum(real), 1)
        return losses.cross_entropy(logits, wanted, smoothing=smoothing), {"accuracy": accuracy}

    return of_batch


@dataclass(frozen=True)
class Evaluation:
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


def evaluate(graph: nnx.GraphDef, state: Any, data: Data, batch_size: int = 256) -> Evaluation:
    """Teacher-forced scores of all pairs, in evaluation mode: no dropout, no smoothing.

    Args:
        graph: From `training.create_state`.
        state: A trained state.
        data: "source" (N, S) and "target" (N, T).
        batch_size: Pairs at a time; it changes nothing but the memory that is used.

    Returns:
        The scores.

    Raises:
        ValueError: There is no pair, or no real token.
    """
    check_pairs(data["source"], data["target"])
    total = len(data["source"])
    batch_size = min(batch_size, total)
    sums = np.zeros(3)
    for start in range(0, total, batch_size):
        batch = {
            name: filled(rows[start : start + batch_size], batch_size)
            for name, rows in data.items()
        }
        sums += np.asarray(_sums(graph, weights_of(state), batch), dtype=float)
    nats, right, tokens = sums
    if tokens == 0:
        raise ValueError("The targets hold no real token: they are PAD all over.")
    return Evaluation(nats / tokens, right / tokens, int(tokens))


def check_pairs(source: Sized, target: Sized) -> None:
    """Refuses sides of different numbers, and none at all.

    Raises:
        ValueError: They are not as many, or there is no pair.
    """
    if len(source) == 0 or len(source) != len(target):
        raise ValueError(
            f"There are {len(source)} sources and {len(target)} targets; give as many of one as "
            "of the other, at least one."
        )


def weights_of(state: Any) -> Any:
    """What evaluation and decoding need of a state; the optimizer's memory stays where it is."""
    return {"params": state["params"], "rest": state["rest"]}


def filled(rows: np.ndarray, count: int, axis: int = 0) -> np.ndarray:
    """Rows, or columns, of PAD behind the given ones: one shape for all batches compiles once."""
    missing = [(0, 0)] * rows.ndim
    missing[axis] = (0, count - rows.shape[axis])
    return np.pad(rows, missing, constant_values=PAD)


@functools.partial(jax.jit, static_argnums=0)
def _sums(graph: nnx.GraphDef, weights: Any, batch: Any) -> tuple[jax.Array, ...]:
    model = training.merge(graph, weights)
    logits, _ = model(batch["source"], batch["target"][:, :-1])
    wanted = batch["target"][:, 1:]
    real = wanted != PAD
    nats = -losses.log_probability(logits, wanted, real)
    return nats.sum(), jnp.sum(real & losses.likeliest(logits, wanted)), real.sum()
