"""Decoding: from a trained network to sentences, compiled, with fixed shapes."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import ArrayLike

from karpa_helpers import training
from karpa_helpers.data.numbers import whole_number
from karpa_helpers.data.rows import pad_rows, source_rows
from karpa_helpers.data.vocabulary import BOS, EOS, PAD, Tokenizer
from karpa_helpers.nn.fast.choices import argmax_rows, top_k_rows
from karpa_helpers.seq2seq.fitting import check_rows, weights_of

STEP = 8  # lengths are rounded up to a multiple of it
Rows = tuple[ArrayLike, ArrayLike]  # sources and targets as token numbers
NEVER = (PAD, BOS)  # a decoder may not write these, however likely they are


class Decoded(NamedTuple):
    """Sentences that a network wrote, one for each source.

    Attributes:
        tokens: Shape (N, length): the tokens, EOS if it came, then PAD.
        log_probability: Of each sentence, EOS included, shape (N,); natural logarithm.
    """

    tokens: jax.Array
    log_probability: jax.Array


class Beam(NamedTuple):
    """The best sentences that a beam search found for each source, the best first.

    Where fewer than `width` were found, the last ones are PAD with a score of minus infinity.

    Attributes:
        tokens: Shape (N, width, length): the tokens, EOS if it came, then PAD.
        log_probability: Of each sentence, EOS included, shape (N, width).
        score: Log-probability divided by the length penalty, shape (N, width).
    """

    tokens: jax.Array
    log_probability: jax.Array
    score: jax.Array


def length_penalty(length: ArrayLike, alpha: ArrayLike) -> jax.Array:
    """What a log-probability is divided by, ((5 + l) / 6)^alpha.

    Args:
        length: l, the number of tokens, EOS included.
        alpha: 0 is no penalty; the paper takes 0.6 to 0.7.

    References:
        Wu et al. Google's Neural Machine Translation System. 2016, arXiv:1609.08144, section 7.
    """
    return ((5.0 + jnp.asarray(length)) / 6.0) ** alpha


def next_log_probabilities(logits: jax.Array) -> jax.Array:
    """log softmax(logits), with minus infinity for the tokens that a decoder never writes."""
    scores = jax.nn.log_softmax(logits)
    return scores.at[..., jnp.array(NEVER)].set(-jnp.inf)


def check_temperature(temperature: float) -> None:
    """Refuses what is no temperature.

    Raises:
        ValueError: It is not a number above 0, or infinite.
    """
    if isinstance(temperature, bool) or not 0 < temperature < math.inf:
        raise ValueError(f"temperature is {temperature}; give a number above 0, or use greedy.")


def cool(scores: jax.Array, temperature: ArrayLike) -> jax.Array:
    """Scores (..., V) by the temperature; however cold, the highest one stays 0."""
    coldest = jnp.finfo(jnp.float32).tiny  # below it a division gives NaN
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted / jnp.maximum(temperature, coldest)


def greedy(
    graph: nnx.GraphDef,
    state: Any,
    source: ArrayLike,
    length: int,
    examples: Rows | None = None,
) -> Decoded:
    """At each step the most likely token, until EOS.

    Args:
        graph: From `training.create_state`.
        state: A trained state.
        source: Token numbers with PAD behind, shape (N, S).
        length: At most so many tokens, EOS included.
        examples: Pairs that are at hand for each source, sources (N, K, S') and targets (N, K, T'),
            as `Examples.nearest` finds them for a `networks.Seq2Seq`; None is without.

    Returns:
        One sentence for each source.

    Raises:
        ValueError: The source is no (N, S), a number in it is outside of the vocabulary, or length
            is not 1 or more.
    """
    source, length = check_rows("source", source, state), whole_number("length", length, 1)
    return _one_path(graph, weights_of(state), source, examples, None, 1.0, length)


def sample(
    graph: nnx.GraphDef,
    state: Any,
    source: ArrayLike,
    length: int,
    key: jax.Array,
    temperature: float = 1.0,
) -> Decoded:
    """At each step a token drawn from softmax(logits / temperature), until EOS.

    What a row draws depends on the key and the row's number, not on the other rows.

    Args:
        graph: From `training.create_state`.
        state: A trained state.
        source: Token numbers with PAD behind, shape (N, S).
        length: At most so many tokens, EOS included.
        key: Random key, for one call only.
        temperature: Above 0, finite; near 0 is greedy.

    Returns:
        One sentence for each source; its log-probability is the network's, at temperature 1.

    Raises:
        ValueError: As `greedy`, or temperature is out of range.
    """
    source, length = check_rows("source", source, state), whole_number("length", length, 1)
    check_temperature(temperature)
    return _one_path(graph, weights_of(state), source, None, key, temperature, length)


@functools.partial(jax.jit, static_argnames=("graph", "length"))
def _one_path(
    graph: nnx.GraphDef, weights: Any, source: jax.Array, examples: Rows | None,
    key: jax.Array | None, temperature: jax.Array | float, length: int,
) -> Decoded:  # fmt: skip
    model = training.merge(graph, weights)
    first, memory = _encode(model, source, examples)
    count = len(source)
    rows = jnp.arange(count)
    keys = None if key is None else jax.vmap(lambda row: jax.random.fold_in(key, row))(rows)

    def choose(scores: jax.Array, number: jax.Array) -> jax.Array:
        if keys is None:
            return argmax_rows(scores)
        step_keys = jax.vmap(jax.random.fold_in, (0, None))(keys, number)
        return jax.vmap(jax.random.categorical)(step_keys, cool(scores, temperature))

    def unfinished(carry: Any) -> jax.Array:
        number, *_, done = carry
        return (number < length) & ~done.all()

    def advance(carry: Any) -> Any:
        number, state, token, tokens, total, done = carry
        state, logits, _ = model.step(state, token, memory)
        scores = next_log_probabilities(logits)
        chosen = choose(scores, number).astype(jnp.int32)
        total = total + jnp.where(done, 0, scores[rows, chosen])
        chosen = jnp.where(done, PAD, chosen)
        tokens = jax.lax.dynamic_update_index_in_dim(tokens, chosen, number, 1)
        return number + 1, state, chosen, tokens, total, done | (chosen == EOS)

    start = (
        jnp.zeros((), jnp.int32), first, jnp.full(count, BOS, jnp.int32),
        jnp.full((count, length), PAD, jnp.int32), jnp.zeros(count), jnp.zeros(count, bool),
    )  # fmt: skip
    _, _, _, tokens, total, _ = jax.lax.while_loop(unfinished, advance, start)
    return Decoded(tokens, total)


def _encode(model: Any, source: jax.Array, examples: Rows | None) -> tuple[Any, Any]:
    """(the decoder's first state, what it may look at), with examples where there are some."""
    state, memory = model.encode(source)
    if examples is not None:
        memory = memory._replace(recalled=model.recall(*examples))
    return state, memory


def beam(
    graph: nnx.GraphDef,
    state: Any,
    source: ArrayLike,
    length: int,
    width: int,
    alpha: float = 0.6,
    examples: Rows | None = None,
) -> Beam:
    """Beam search: at each step the `width` most likely continuations are kept.

    A kept continuation that ends in EOS is finished: it goes to a list of the `width` best by
        log p(y | x) / ((5 + l) / 6)^alpha
    and its place stays empty for one step. The search ends where nothing that is alive can enter
    the list any more, or at `length`; a source with no finished sentence gets the unfinished ones.
    Width 1 is greedy decoding; a width that holds every sentence is exhaustive search.

    Args:
        graph: From `training.create_state`.
        state: A trained state.
        source: Token numbers with PAD behind, shape (N, S).
        length: At most so many tokens, EOS included.
        width: Continuations that are kept, 1 or more.
        alpha: Of the length penalty, 0 or more; 0 ranks by log-probability.
        examples: As for `greedy`.

    Returns:
        Up to `width` sentences for each source.

    Raises:
        ValueError: As `greedy`, or width or alpha is out of range.

    References:
        Sutskever, Vinyals, Le. NIPS 2014, arXiv:1409.3215. Length penalty: see `length_penalty`.
    """
    source, length = check_rows("source", source, state), whole_number("length", length, 1)
    width = whole_number("width", width, 1)
    if not 0 <= alpha < math.inf:
        raise ValueError(f"alpha is {alpha}; give a number of 0 or more.")
    return _beam(graph, weights_of(state), source, examples, alpha, width, length)


@functools.partial(jax.jit, static_argnames=("graph", "width", "length"))
def _beam(
    graph: nnx.GraphDef, weights: Any, source: jax.Array, examples: Rows | None,
    alpha: jax.Array | float, width: int, length: int,
) -> Beam:  # fmt: skip
    model = training.merge(graph, weights)
    count = len(source)
    first, memory = _encode(model, source, examples)
    # Each state stands in `width` consecutive rows: all its leaves are (N * width, ...).
    first = jax.tree.map(lambda leaf: jnp.repeat(leaf, width, axis=0), first)

    def can_improve(carry: Any) -> jax.Array:
        number, _, _, alive, finished = carry
        # Log-probabilities only fall, and no penalty divides by more than that of the full length.
        hope = alive.log_probability.max(axis=1) / length_penalty(length, alpha)
        return (number < length) & (hope > finished.score.min(axis=1)).any()

    def advance(carry: Any) -> Any:
        number, state, last, alive, finished = carry
        state, logits, _ = model.step(state, last.reshape(-1), memory)
        scores = next_log_probabilities(logits).reshape(count, width, -1)
        every = (alive.log_probability[..., None] + scores).reshape(count, -1)
        total, place = top_k_rows(every, width)
        parent, chosen = jnp.divmod(place, scores.shape[-1])
        kept = _take(alive, parent)
        tokens = jax.lax.dynamic_update_index_in_dim(kept.tokens, chosen, number, 2)
        new = Beam(tokens, total, total / length_penalty(number + 1.0, alpha))
        ends = chosen == EOS
        finished = _best(finished, _only(new, ends))
        rows = (jnp.arange(count)[:, None] * width + parent).reshape(-1)
        state = jax.tree.map(lambda leaf: leaf[rows], state)
        return number + 1, state, chosen, _only(new, ~ends), finished

    nothing = jnp.full((count, width), -jnp.inf)
    empty = Beam(jnp.full((count, width, length), PAD, jnp.int32), nothing, nothing)
    one = nothing.at[:, 0].set(0.0)  # all places hold the same: the first counts
    start = (
        jnp.zeros((), jnp.int32), first, jnp.full((count, width), BOS, jnp.int32),
        empty._replace(log_probability=one, score=one), empty,
    )  # fmt: skip
    _, _, _, alive, finished = jax.lax.while_loop(can_improve, advance, start)
    none_finished = finished.score[:, :1] == -jnp.inf
    return _best(finished, _only(alive, jnp.broadcast_to(none_finished, alive.score.shape)))


def _only(found: Beam, wanted: jax.Array) -> Beam:
    """The sentences where `wanted` (N, width) holds; the others cannot be chosen any more."""
    gone = jnp.where(wanted, 0.0, -jnp.inf)
    return Beam(
        jnp.where(wanted[..., None], found.tokens, PAD),
        found.log_probability + gone,
        found.score + gone,
    )


def _best(a: Beam, b: Beam) -> Beam:
    """Of two lists the best sentences, as many as one list holds."""
    both = Beam(*(jnp.concatenate(pair, axis=1) for pair in zip(a, b, strict=True)))
    _, place = jax.lax.top_k(both.score, a.score.shape[1])
    return _take(both, place)


def _take(found: Beam, place: jax.Array) -> Beam:
    """The sentences at `place` (N, width)."""
    return Beam(
        jnp.take_along_axis(found.tokens, place[..., None], axis=1),
        jnp.take_along_axis(found.log_probability, place, axis=1),
        jnp.take_along_axis(found.score, place, axis=1),
    )


def best(
    graph: nnx.GraphDef,
    state: Any,
    source: ArrayLike,
    length: int,
    width: int,
    alpha: float,
    examples: Rows | None = None,
) -> jax.Array:
    """The best sentence for each source: greedy where the width is 1, else by beam search.

    Args:
        graph: As for `beam`, like all the others.
        state: A trained state.
        source: Token numbers with PAD behind, shape (N, S).
        length: At most so many tokens, EOS included.
        width: Of the beam.
        alpha: Of the beam's length penalty.
        examples: As for `greedy`.

    Returns:
        Tokens, shape (N, length).
    """
    if width == 1:
        return greedy(graph, state, source, length, examples).tokens
    return beam(graph, state, source, length, width, alpha, examples).tokens[:, 0]


def translate(
    graph: nnx.GraphDef,
    state: Any,
    texts: Sequence[str],
    source_vocabulary: Tokenizer,
    target_vocabulary: Tokenizer,
    length: int,
    *,
    width: int = 1,
    alpha: float = 0.6,
    batch_size: int = 128,
) -> list[str]:
    """Texts in, texts out: greedy, or by beam search.

    Args:
        graph: From `training.create_state`.
        state: A trained state.
        texts: Any number of texts, of any length.
        source_vocabulary: Of the texts.
        target_vocabulary: Of what is written.
        length: At most so many tokens an answer, EOS included.
        width: Of the beam; 1 is greedy.
        alpha: Of the beam's length penalty.
        batch_size: Texts at a time; it changes no answer.

    Returns:
        One text for each.

    Raises:
        ValueError: As `beam`, or batch_size is less than 1.
    """
    if len(texts) == 0:
        return []
    rows = source_rows(texts, source_vocabulary)
    places = rows.shape[1]
    longest = getattr(training.merge(graph, weights_of(state)), "longest", round_up(places))
    # Few shapes: few compilations. But a model of learned positions has no more of them.
    rows = pad_rows(rows, max(places, min(round_up(places), longest)), axis=1)
    batch_size = min(whole_number("batch_size", batch_size, 1), len(texts))
    answers: list[np.ndarray] = []
    for start in range(0, len(texts), batch_size):
        batch = pad_rows(rows[start : start + batch_size], batch_size)
        answers.append(np.asarray(best(graph, state, batch, length, width, alpha)))
    written = np.concatenate(answers)[: len(texts)]
    return [target_vocabulary.decode(row) for row in written]


def round_up(length: int) -> int:
    """The length, or the next greater multiple of STEP."""
    return -(-length // STEP) * STEP
