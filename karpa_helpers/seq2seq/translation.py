"""The translator of lesson 14 as a recipe, in one place for the lesson and the benchmarks."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import optax
from flax import nnx

from karpa_helpers import optimizers, training
from karpa_helpers.data import subwords
from karpa_helpers.data.subwords import Subwords
from karpa_helpers.data.text import Pairs
from karpa_helpers.seq2seq import buckets, fitting
from karpa_helpers.seq2seq.networks import Attention, Seq2Seq
from karpa_helpers.seq2seq.translator import Translator
from karpa_helpers.stepping import Step, Tree


@dataclass(frozen=True)
class Recipe:
    """What decides a training run, besides the sentences and the seed.

    The rates rise for a twentieth of the steps and then fall on half a cosine.

    Attributes:
        steps: Steps in all; the rate's fall ends there.
        subwords: Pieces of one vocabulary for both languages.
        embedding: Length of a piece's vector.
        hidden: Length of the decoder's state.
        attention: The score; None is the same network with one vector between its halves.
        lexical: Whether the source's tokens vote where there is attention; see `Seq2Seq`.
        dropout: Share of numbers set to zero while training.
        smoothing: Of the labels.
        batch_size: Pairs a step.
        learning_rate: Muon's highest, for the matrices between layers.
        adam_rate: Adam's highest, for embeddings and biases.
        words: Pairs with a side of more words are left out; None keeps all.
    """

    steps: int = 3400
    subwords: int = 6000
    embedding: int = 192
    hidden: int = 256
    attention: Attention | None = "general"
    lexical: bool = True
    dropout: float = 0.0
    smoothing: float = 0.1
    batch_size: int = 64
    learning_rate: float = 0.02
    adam_rate: float = 0.01
    words: int | None = 10


def within(pairs: Pairs, words: int | None) -> Pairs:
    """The pairs whose sides both have at most so many words, as spaces part them; None keeps all.

    Raises:
        ValueError: None is left.
    """
    if words is None:
        return pairs
    chosen = [
        n
        for n, sides in enumerate(zip(pairs.source, pairs.target, strict=True))
        if all(len(side.split()) <= words for side in sides)
    ]
    if not chosen:
        raise ValueError(f"No pair has at most {words} words on both sides; allow more.")
    return pairs.chosen(chosen)


class Prepared(NamedTuple):
    """Sentences as a step takes them.

    Attributes:
        pieces: The subwords of both languages, learned from these sentences.
        groups: From `buckets.grouped`.
        shapes: From `buckets.shapes_for`.
        padding: The share of the groups' columns that hold padding.
    """

    pieces: Subwords
    groups: Tree
    shapes: list[buckets.Shape]
    padding: float


class Trained(NamedTuple):
    """A translator and the run that made it."""

    translator: Translator
    result: training.Result


def prepare(pairs: Pairs, recipe: Recipe) -> Prepared:
    """Learns subwords from training pairs and puts the pairs into groups of similar length.

    Args:
        pairs: Training pairs.
        recipe: Of the run.

    Raises:
        ValueError: There are too few pairs for so many subwords.
    """
    pieces = subwords.train([*pairs.source, *pairs.target], recipe.subwords)
    source = fitting.source_rows(pairs.source, pieces)
    target = fitting.target_rows(pairs.target, pieces)
    shapes = buckets.shapes_for(source, target)
    groups = buckets.grouped(source, target, shapes, recipe.batch_size)
    real = np.count_nonzero(groups["source"]) + np.count_nonzero(groups["target"])
    columns = np.asarray(shapes).sum(axis=1)[groups["shape"]].sum() * recipe.batch_size
    return Prepared(pieces, groups, shapes, 1 - real / float(columns))


def rate(recipe: Recipe, peak: float) -> optax.Schedule:
    """A learning rate by step, of which `peak` is the highest."""
    return optax.warmup_cosine_decay_schedule(
        init_value=0.0,
        peak_value=peak,
        warmup_steps=max(1, recipe.steps // 20),
        decay_steps=recipe.steps,
        end_value=0.01 * peak,
    )


def create(prepared: Prepared, recipe: Recipe, seed: int) -> tuple[nnx.GraphDef, Any, Step]:
    """An untrained network as (graph, state, step) for `training.fit` with batch_size=1.

    Args:
        prepared: From `prepare`.
        recipe: Of the run.
        seed: Decides the first weights.
    """
    size = len(prepared.pieces)
    network = Seq2Seq(
        size, size, recipe.embedding, recipe.hidden, attention=recipe.attention,
        input_feeding=recipe.attention is not None, tied=True,
        lexical=recipe.lexical and recipe.attention is not None, dropout=recipe.dropout,
        rngs=nnx.Rngs(seed),
    )  # fmt: skip
    optimizer = optax.chain(
        optax.clip_by_global_norm(1.0),
        optimizers.muon(rate(recipe, recipe.learning_rate), rate(recipe, recipe.adam_rate)),
    )
    graph, state = training.create_state(network, optimizer)
    wrap = functools.partial(buckets.by_shape, shapes=prepared.shapes)
    return (
        graph,
        state,
        training.gradient_step(graph, optimizer, fitting.loss(recipe.smoothing), wrap),
    )


def train(prepared: Prepared, recipe: Recipe, seed: int = 0, **settings: Any) -> Trained:
    """Trains a translator.

    Args:
        prepared: From `prepare`.
        recipe: Of the run.
        seed: Decides first weights and the order of the groups.
        settings: Passed to `training.fit`, such as `watch` or `show`.
    """
    graph, state, step = create(prepared, recipe, seed)
    settings = {"label": "translator", **settings}
    result = training.fit(
        step, state, prepared.groups, batch_size=1, steps=recipe.steps, seed=seed, **settings
    )
    source_length, target_length = prepared.shapes[-1]
    return Trained(
        Translator(
            graph, result.state, prepared.pieces, prepared.pieces, source_length, target_length
        ),
        result,
    )
