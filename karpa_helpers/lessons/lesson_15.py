"""Language models: the next character from those before it, by a GPT or by a recurrent network.

Both have one interface: `model(ids, key=...)` gives the logits of a whole window, `start` and
`step` go on by one character at a time, from what the model remembers.
"""

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
from karpa_helpers.nn import recurrent
from karpa_helpers.nn.dropout import rngs_for
from karpa_helpers.nn.fast.linear import Linear, by_rows
from karpa_helpers.nn.positions import PositionKind, Positions
from karpa_helpers.nn.transformer import Stack, StackState, causal_mask, stack_parameters
from karpa_helpers.seq2seq import losses
from karpa_helpers.seq2seq.decoding import check_temperature, cool
from karpa_helpers.seq2seq.fitting import weights_of

EMBEDDING_SCALE = 0.02


class GPT(nnx.Module):
    """A decoder alone: each character looks at itself and those before it, in a window.

    Args:
        size: V, characters in the alphabet.
        context: Places of the window.
        width: D, of embeddings and all layers.
        heads: Of each attention; they divide the width.
        layers: Number of blocks.
        positions: "learned", "sinusoidal" or "none".
        dropout: Share of numbers set to zero while training.
        rngs: Random keys for the first weights.

    References:
        Radford, Narasimhan, Salimans, Sutskever. Improving Language Understanding by Generative
        Pre-Training. OpenAI 2018. Radford et al. Language Models are Unsupervised Multitask
        Learners. OpenAI 2019 (norms in front). Press, Wolf. EACL 2017, arXiv:1608.05859 (tied).
    """

    def __init__(
        self,
        size: int,
        context: int,
        width: int,
        heads: int,
        layers: int,
        *,
        positions: PositionKind = "learned",
        dropout: float = 0.0,
        rngs: nnx.Rngs,
    ) -> None:
        self.context = context
        small = nnx.initializers.normal(EMBEDDING_SCALE)
        self.embedding = nnx.Embed(size, width, embedding_init=small, rngs=rngs)
        self.positions = Positions(positions, context, width, rngs=rngs)
        self.stack = Stack(layers, width, heads, dropout=dropout, rngs=rngs)
        self.dropout = nnx.Dropout(dropout)

    def __call__(self, ids: ArrayLike, *, key: jax.Array | None = None) -> jax.Array:
        """Maps windows (N, T) to the logits of the next character at each place (N, T, V).

        Args:
            ids: Numbers of characters; T is at most `context`.
            key: Random key of the dropout; not used in evaluation mode.

        Raises:
            ValueError: The window is too long; or there is dropout, the model is in training
                mode, and no key is given.
        """
        return self._looked(ids, key)[0]

    def heads(self, ids: ArrayLike) -> list[jax.Array]:
        """Of each layer the weights (N, heads, T, T) of every head."""
        return self._looked(ids, None)[1]

    def start(self, batch: int) -> StackState:
        """Before the first character."""
        return self.stack.start(batch, self.context)

    def step(self, state: StackState, ids: jax.Array) -> tuple[StackState, jax.Array]:
        """One character further: (state, logits of the next one (N, V)).

        The cache has room for `context` characters; `generate` begins a new one in time.
        """
        x = self.embedding(ids)[:, None] + self.positions(state.place)[:, None]
        x, caches, _ = self.stack.step(x, state.caches, state.place)
        return StackState(caches, state.place + 1), self.embedding.attend(x[:, 0])

    def _looked(self, ids: ArrayLike, key: jax.Array | None) -> tuple[jax.Array, list[jax.Array]]:
        rngs = rngs_for(self.dropout, key)
        ids = jnp.asarray(ids)
        length = ids.shape[1]
        if length > self.context:
            raise ValueError(f"A window has {length} places, and this model {self.context}.")
        x = self.embedding(ids)
        x = self.dropout(x + self.positions.first(length).astype(x.dtype), rngs=rngs)
        x, weights = self.stack(x, causal_mask(length), rngs=rngs)
        return by_rows(self.embedding.attend, x), weights


class RecurrentModel(nnx.Module):
    """Lesson 11's network: an embedding, one recurrent cell, a linear layer.

    Args:
        size: V, characters in the alphabet.
        embedding: Length of a character's vector.
        width: H, of the hidden state.
        kind: The cell: "elman", "gru" or "lstm".
        dropout: Share of numbers set to zero while training.
        rngs: Random keys for the first weights.

    References:
        Karpathy, Johnson, Fei-Fei. Visualizing and Understanding Recurrent Networks. 2015,
        arXiv:1506.02078.
    """

    def __init__(
        self,
        size: int,
        embedding: int,
        width: int,
        kind: recurrent.Kind = "gru",
        *,
        dropout: float = 0.0,
        rngs: nnx.Rngs,
    ) -> None:
        self.embedding = nnx.Embed(size, embedding, rngs=rngs)
        self.cell = recurrent.make_cell(kind, embedding, width, rngs=rngs)
        self.out = Linear(width, size, rngs=rngs)
        self.dropout = nnx.Dropout(dropout)

    def __call__(self, ids: ArrayLike, *, key: jax.Array | None = None) -> jax.Array:
        """As `GPT.__call__`, for windows of any length."""
        rngs = rngs_for(self.dropout, key)
        x = self.dropout(self.embedding(jnp.asarray(ids)), rngs=rngs)
        hidden, _ = recurrent.run(self.cell, x)
        return self.out(self.dropout(hidden, rngs=rngs))

    def start(self, batch: int) -> Any:
        """Before the first character."""
        return recurrent.initial_carry(self.cell, batch)

    def step(self, state: Any, ids: jax.Array) -> tuple[Any, jax.Array]:
        """One character further: (state, logits of the next one (N, V))."""
        state, hidden = self.cell(state, self.embedding(ids))
        return state, self.out(hidden)


def gpt_parameters(size: int, context: int, width: int, layers: int) -> int:
    """The number of parameters of a `GPT` with learned positions.

    (V + context) D + layers (12 D^2 + 2 D) + D
    """
    return (size + context) * width + stack_parameters(layers, width)


def windows(ids: np.ndarray, length: int, stride: int | None = None) -> dict[str, np.ndarray]:
    """Windows of a text to train on: {"ids": (count, length + 1)}.

    Args:
        ids: The text as numbers, shape (T,).
        length: Characters that are read; the last one of a row is only to be guessed.
        stride: From one window to the next; None is `length`, so that they do not overlap.

    Raises:
        ValueError: The text is shorter than a window, or a length is below 1.
    """
    stride = length if stride is None else stride
    if length < 1 or stride < 1 or len(ids) <= length:
        raise ValueError(
            f"A text of {len(ids)} characters gives no window of {length} + 1 every {stride}."
        )
    every = np.lib.stride_tricks.sliding_window_view(np.asarray(ids, np.int32), length + 1)
    return {"ids": np.ascontiguousarray(every[::stride])}


def text_loss() -> Callable[[Any, Any, jax.Array], tuple[jax.Array, Any]]:
    """The loss for `training.gradient_step`, in nats a character: loss(model, batch, key)."""

    def of_batch(model: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, Any]:
        ids = batch["ids"]
        return losses.token_losses(model(ids[:, :-1], key=key), ids[:, 1:]).mean(), {}

    return of_batch


@dataclass(frozen=True)
class TextEvaluation:
    """What a text costs.

    Attributes:
        nats: Mean of -log p of each character given those before it in its window.
        characters: How many were guessed: all of the text but its first.
        context: How many characters stood before one in its window, on average.
    """

    nats: float
    characters: int
    context: float

    @property
    def bits(self) -> float:
        """Bits a character."""
        return self.nats / math.log(2)


def evaluate_text(
    graph: nnx.GraphDef,
    state: Any,
    ids: np.ndarray,
    context: int,
    stride: int | None = None,
    batch_size: int = 64,
) -> TextEvaluation:
    """The cost of a whole text, in evaluation mode, each character guessed once.

    Windows of `context` characters begin every `stride`. The first window counts all its guesses,
    the others their last `stride`, which have at least `context - stride` characters more before
    them. With stride = context a guess has 1 to `context` characters to go by, as in nanoGPT's
    evaluation. A recurrent network forgets at a window's begin, too.

    Args:
        graph: From `training.create_state`.
        state: A trained state.
        ids: The text as numbers, shape (T,).
        context: Characters that are read in a window.
        stride: From 1 to `context`; None is `context`.
        batch_size: Windows at a time; it changes nothing but the memory that is used.

    Returns:
        The cost.

    Raises:
        ValueError: The text is too short, or the stride out of range.
    """
    stride = context if stride is None else stride
    ids = np.asarray(ids, np.int32)
    guesses = len(ids) - 1
    if guesses < 1 or not 1 <= stride <= context:
        raise ValueError(
            f"{len(ids)} characters, context {context}, stride {stride}: give at least 2 "
            "characters, and a stride from 1 to the context."
        )
    count = 1 + max(0, -(-(guesses - context) // stride))
    batch_size = min(batch_size, count)
    rows = -(-count // batch_size) * batch_size
    padded = np.zeros((rows - 1) * stride + context + 1, np.int32)
    padded[: len(ids)] = ids[: len(padded)]
    every = np.lib.stride_tricks.sliding_window_view(padded, context + 1)[::stride]
    place = np.arange(context)
    guessed = np.arange(rows)[:, None] * stride + place  # which guess of the text it is
    counts = (guessed < guesses) & ((place >= context - stride) | (np.arange(rows)[:, None] == 0))
    total = 0.0
    for first in range(0, rows, batch_size):
        chosen = slice(first, first + batch_size)
        nats = np.asarray(_nats(graph, weights_of(state), every[chosen]), dtype=float)
        total += (nats * counts[chosen]).sum()
    seen = ((place + 1) * counts).sum() / counts.sum()
    return TextEvaluation(float(total / guesses), guesses, float(seen))


@functools.partial(jax.jit, static_argnums=0)
def _nats(graph: nnx.GraphDef, weights: Any, ids: jax.Array) -> jax.Array:
    logits = training.merge(graph, weights)(ids[:, :-1])
    return losses.token_losses(logits, ids[:, 1:])


def generate(
    graph: nnx.GraphDef,
    state: Any,
    prompt: Sequence[int] | np.ndarray,
    length: int,
    key: jax.Array,
    temperature: float = 1.0,
    count: int = 1,
) -> np.ndarray:
    """Texts that go on from a prompt, each character drawn from softmax(logits / temperature).

    A GPT reads and writes through its cache. When its window is full, it begins a new one with
    the later half of what stands there. A recurrent network goes on and on.

    Args:
        graph: From `training.create_state`.
        state: A trained state.
        prompt: At least one number; of a long one a GPT reads the end, half a window.
        length: Characters to write.
        key: Random key, for one call only.
        temperature: Above 0, finite; near 0 is the likeliest character.
        count: Texts to write.

    Returns:
        Numbers without the prompt, int32 (count, length).

    Raises:
        ValueError: The prompt is empty, or a number is out of range.
    """
    model = training.merge(graph, weights_of(state))
    prompt = check_numbers("prompt", prompt, model.embedding.num_embeddings).reshape(-1)
    length, count = whole_number("length", length, 1), whole_number("count", count, 1)
    check_temperature(temperature)
    text, window = np.tile(prompt, (count, 1)), getattr(model, "context", None)
    while text.shape[1] < len(prompt) + length:
        read = text if window is None else text[:, -max(1, window // 2) :]
        # Always a full window, so that few shapes are compiled; what is too much is cut off.
        new = length if window is None else window - read.shape[1] + 1
        key, now = jax.random.split(key)
        written = _go_on(graph, new, weights_of(state), read, now, temperature)
        text = np.concatenate([text, np.asarray(written)], axis=1)
    return text[:, len(prompt) : len(prompt) + length]


@functools.partial(jax.jit, static_argnums=(0, 1))
def _go_on(
    graph: nnx.GraphDef, length: int, weights: Any, text: jax.Array, key: jax.Array,
    temperature: jax.Array | float,
) -> jax.Array:  # fmt: skip
    """`length` characters behind a text (N, T), in one window."""
    model = training.merge(graph, weights)

    def read(state: Any, ids: jax.Array) -> tuple[Any, jax.Array]:
        return model.step(state, ids)

    state, logits = jax.lax.scan(read, model.start(len(text)), text.T)

    def write(carry: Any, key: jax.Array) -> tuple[Any, jax.Array]:
        state, logits = carry
        ids = jax.random.categorical(key, cool(logits, temperature)).astype(jnp.int32)
        return model.step(state, ids), ids

    keys = jax.random.split(key, length)
    return jax.lax.scan(write, (state, logits[-1]), keys)[1].T
