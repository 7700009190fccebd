"""The translator of lesson 14 as a recipe, in one place for the lesson and the benchmarks."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from karpa_helpers import training
from karpa_helpers.data import subwords
from karpa_helpers.data.rows import Shape, group_pairs, shapes_for, source_rows, target_rows
from karpa_helpers.data.subwords import Subwords
from karpa_helpers.data.text import Pairs
from karpa_helpers.data.vocabulary import PAD
from karpa_helpers.lessons import lesson_14_dictionary
from karpa_helpers.lessons.lesson_14_translator import Translator
from karpa_helpers.seq2seq import decoding, fitting
from karpa_helpers.seq2seq.networks import Attention, Seq2Seq
from karpa_helpers.training import optimizers
from karpa_helpers.training.stepping import Step, Tree


@dataclass(frozen=True)
class TranslatorRecipe:
    """What decides a training run, besides the sentences and the seed.

    The rates rise for a twentieth of the steps and then fall on half a cosine.

    Attributes:
        steps: Steps in all; the rate's fall ends there.
        source_subwords: Pieces of the source's vocabulary.
        target_subwords: Pieces of the target's. Each step weighs all of them, so few are fast.
        embedding: Length of a piece's vector.
        hidden: Length of the decoder's state.
        attention: The score; None is the same network with one vector between its halves.
        lexical: Whether the source's tokens vote where there is attention; see `Seq2Seq`.
        dropout: Share of numbers set to zero while training.
        smoothing: Of the labels.
        batch_size: Pairs a step.
        counted: Whether the first embeddings come from counts, see `start_from_counts`, and not
            from a lot.
        learning_rate: Muon's highest, for the matrices between layers.
        every: Steps whose gradients Muon takes together.
        adam_rate: Adam's highest, for embeddings and biases.
        words: Pairs with a side of more words are left out; None keeps all.
    """

    steps: int = 4700
    source_subwords: int = 4000
    target_subwords: int = 3500
    embedding: int = 192
    hidden: int = 256
    attention: Attention | None = "general"
    lexical: bool = True
    dropout: float = 0.0
    smoothing: float = 0.1
    batch_size: int = 64
    counted: bool = True
    learning_rate: float = 0.04
    every: int = 4
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
        source_pieces: The source's subwords, learned from these sentences.
        target_pieces: The target's.
        groups: From `group_pairs`.
        shapes: From `shapes_for`.
        padding: The share of the groups' columns that hold padding.
    """

    source_pieces: Subwords
    target_pieces: Subwords
    groups: Tree
    shapes: list[Shape]
    padding: float


class Trained(NamedTuple):
    """A translator and the run that made it."""

    translator: Translator
    result: training.Result


def prepare(pairs: Pairs, recipe: TranslatorRecipe) -> Prepared:
    """Learns subwords from training pairs and puts the pairs into groups of similar length.

    Args:
        pairs: Training pairs.
        recipe: Of the run.

    Raises:
        ValueError: There are too few pairs for so many subwords.
    """
    source_pieces = subwords.train(pairs.source, recipe.source_subwords)
    target_pieces = subwords.train(pairs.target, recipe.target_subwords)
    source = source_rows(pairs.source, source_pieces)
    target = target_rows(pairs.target, target_pieces)
    shapes = shapes_for(source, target)
    groups = group_pairs(source, target, shapes, recipe.batch_size)
    real = np.count_nonzero(groups["source"]) + np.count_nonzero(groups["target"])
    columns = np.asarray(shapes).sum(axis=1)[groups["shape"]].sum() * recipe.batch_size
    padding = 1 - int(real) / float(columns)
    return Prepared(source_pieces, target_pieces, groups, shapes, padding)


def rate(recipe: TranslatorRecipe, peak: float) -> optax.Schedule:
    """A learning rate by step, of which `peak` is the highest."""
    return optax.warmup_cosine_decay_schedule(
        init_value=0.0,
        peak_value=peak,
        warmup_steps=max(1, recipe.steps // 20),
        decay_steps=recipe.steps,
        end_value=0.01 * peak,
    )


def create(
    prepared: Prepared, recipe: TranslatorRecipe, seed: int
) -> tuple[nnx.GraphDef, Any, Step]:
    """An untrained network as (graph, state, step) for `training.fit` with batch_size=1.

    Args:
        prepared: From `prepare`.
        recipe: Of the run.
        seed: Decides the first weights.
    """
    network = Seq2Seq(
        len(prepared.source_pieces), len(prepared.target_pieces), recipe.embedding, recipe.hidden,
        attention=recipe.attention, input_feeding=recipe.attention is not None, tied=True,
        lexical=recipe.lexical and recipe.attention is not None, dropout=recipe.dropout,
        rngs=nnx.Rngs(seed),
    )  # fmt: skip
    if recipe.counted:
        start_from_counts(network, *rows_of(prepared.groups), seed)
    optimizer = optax.chain(
        optax.clip_by_global_norm(1.0),
        optimizers.muon(
            rate(recipe, recipe.learning_rate), rate(recipe, recipe.adam_rate), every=recipe.every
        ),
    )
    graph, state = training.create_state(network, optimizer)
    wrap = functools.partial(fitting.by_shape, shapes=prepared.shapes)
    return (
        graph,
        state,
        training.gradient_step(graph, optimizer, fitting.pair_loss(recipe.smoothing), wrap),
    )


def rows_of(groups: Tree) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of `group_pairs` as two arrays, source (N, S) and target (N, T)."""
    source, target = (
        groups[side].reshape(-1, groups[side].shape[-1]) for side in ("source", "target")
    )
    real = (source != PAD).any(axis=1)  # a group may be filled up with rows of padding
    return source[real], target[real]


def start_from_counts(network: Seq2Seq, source: np.ndarray, target: np.ndarray, seed: int) -> None:
    """First weights by which a network with lexical votes begins as a dictionary.

    The embeddings of both sides are those of `lesson_14_dictionary.embeddings`, with numbers as
    large as those drawn before, of which a tenth stays. Where source tokens vote, their matrix is
    chosen such that vote ij is about A_ij, the association of source token i with target token j.
    The bias of j is the logarithm of its share of all tokens: what a network that reads nothing
    would learn.

    Args:
        network: With tied embeddings; its weights are replaced.
        source: Token numbers of training pairs with PAD behind, (N, S).
        target: Token numbers with BOS in front, (N, T).
        seed: For `lesson_14_dictionary.embeddings`.
    """
    tables = network.source_embedding.embedding, network.target_embedding.embedding
    written = target[:, 1:]
    sizes = [len(table[...]) for table in tables]
    width = tables[0][...].shape[-1]
    found = lesson_14_dictionary.embeddings(
        lesson_14_dictionary.association(source, written, *sizes), width, seed
    )
    scales = [
        float(table[...].std() / vectors.std())
        for table, vectors in zip(tables, found, strict=True)
    ]
    for table, vectors, scale in zip(tables, found, scales, strict=True):
        table[...] = scale * vectors + 0.1 * table[...]
    if network.lexical:
        network.to_vote.kernel[...] = jnp.eye(width) / (scales[0] * scales[1])
    counts = np.bincount(written[written != PAD], minlength=sizes[1]) + 1.0
    network.bias[...] = jnp.asarray(np.log(counts / counts.sum()), jnp.float32)


def train(prepared: Prepared, recipe: TranslatorRecipe, seed: int = 0, **settings: Any) -> Trained:
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
    # A text may be a little longer than all that were trained on: full steps of the decoder's.
    source_length, target_length = map(decoding.round_up, prepared.shapes[-1])
    return Trained(
        Translator(
            graph,
            result.state,
            prepared.source_pieces,
            prepared.target_pieces,
            source_length,
            target_length,
        ),
        result,
    )
