"""The Transformer: an encoder-decoder of attention alone, with the interface of `Seq2Seq`."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from karpa_helpers.data.numbers import whole_number
from karpa_helpers.data.vocabulary import EOS, PAD
from karpa_helpers.nn.dropout import rngs_for
from karpa_helpers.nn.fast.linear import by_rows
from karpa_helpers.nn.positions import PositionKind, Positions
from karpa_helpers.nn.transformer import (
    KeysValues,
    Stack,
    StackState,
    causal_mask,
    stack_parameters,
)


class SourceMemory(NamedTuple):
    """What the decoder may look at: every leaf has the batch in front.

    Attributes:
        seen: Of each decoder layer the keys and values of the source, each (N, S, heads, d).
        mask: True where the source has a token, shape (N, S).
    """

    seen: tuple[KeysValues, ...]
    mask: jax.Array


class Transformer(nnx.Module):
    """An encoder-decoder without recurrence: pre-norm blocks, embeddings tied to the output.

    Encoder: each place looks at every real place of the source. Decoder: each place looks at
    itself and those before it, and at every real place of the source.

    Args:
        source_size: Tokens in the source vocabulary.
        target_size: Tokens in the target vocabulary.
        width: D, of embeddings and of all layers; even.
        heads: Of each attention; they divide the width.
        layers: Of the encoder, and of the decoder.
        longest: The decoder's cache has room for so many tokens: at most so many can be written.
        positions: "sinusoidal", "learned" (sources, too, are then at most `longest`) or "none".
        dropout: Share of numbers set to zero while training: embeddings, weights, branches.
        rngs: Random keys for the first weights.

    Raises:
        ValueError: The settings do not fit each other.

    References:
        Vaswani et al. Attention Is All You Need. NIPS 2017, arXiv:1706.03762. Press, Wolf. Using
        the Output Embedding to Improve Language Models. EACL 2017, arXiv:1608.05859. Pre-norm:
        see `nn.transformer.Block`.
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        width: int,
        heads: int = 4,
        layers: int = 2,
        *,
        longest: int = 64,
        positions: PositionKind = "sinusoidal",
        dropout: float = 0.0,
        rngs: nnx.Rngs,
    ) -> None:
        self.width, self.longest = width, whole_number("longest", longest, 1)
        self.source_embedding = nnx.Embed(source_size, width, rngs=rngs)
        self.target_embedding = nnx.Embed(target_size, width, rngs=rngs)
        self.source_positions = Positions(positions, longest, width, rngs=rngs)
        self.target_positions = Positions(positions, longest, width, rngs=rngs)
        self.encoder = Stack(layers, width, heads, dropout=dropout, rngs=rngs)
        self.decoder = Stack(layers, width, heads, cross=True, dropout=dropout, rngs=rngs)
        self.dropout = nnx.Dropout(dropout)

    def encode(
        self, source: jax.Array, mask: jax.Array | None = None
    ) -> tuple[StackState, SourceMemory]:
        """Reads the source.

        Args:
            source: Token numbers, shape (N, S).
            mask: True for real tokens, shape (N, S); None is where the source is not PAD.

        Returns:
            (the decoder's first state, what it may look at).

        Raises:
            ValueError: Positions are learned, and the source has more places.
        """
        memory = self._encode(source, mask, None)
        return self.decoder.start(len(source), self.longest), memory

    def step(
        self, state: StackState, token: jax.Array, memory: SourceMemory
    ) -> tuple[StackState, jax.Array, jax.Array]:
        """Writes one token further. After `longest` tokens only EOS is possible.

        Args:
            state: From `encode` or the last step; K consecutive rows are of one source.
            token: The token before, shape (N K,); BOS at first.
            memory: From `encode`, with N in front.

        Returns:
            (state, logits of the next token (N K, target_size), attention weights (N K, S): the
            mean over the heads of the last layer).
        """
        x = self._embed(self.target_embedding, token)[:, None]
        full = state.place >= self.longest
        place = jnp.minimum(state.place, self.longest - 1)
        x = x + self.target_positions(place)[:, None]
        mask = memory.mask[:, None, None]
        x, caches, looked = self.decoder.step(x, state.caches, state.place, memory.seen, mask)
        logits = self.target_embedding.attend(x[:, 0])
        only_end = jnp.where(jnp.arange(logits.shape[-1]) == EOS, 0.0, -jnp.inf)
        logits = jnp.where(full[:, None], only_end, logits)
        return StackState(caches, state.place + 1), logits, looked[-1].mean(axis=1)[:, 0]

    def __call__(
        self,
        source: jax.Array,
        target_in: jax.Array,
        source_mask: jax.Array | None = None,
        *,
        key: jax.Array | None = None,
    ) -> tuple[jax.Array, jax.Array]:
        """Teacher forcing: the logits of every target token, given the true ones before it.

        Args:
            source: Token numbers, shape (N, S).
            target_in: BOS and the target without its last token, shape (N, T).
            source_mask: As in `encode`.
            key: Random key of the dropout; not used in evaluation mode.

        Returns:
            (logits (N, T, target_size), attention weights (N, T, S) as in `step`).

        Raises:
            ValueError: There is dropout, the model is in training mode, and no key is given; or
                the target has more than `longest` places.
        """
        logits, looked = self._forced(source, target_in, source_mask, key)
        return logits, looked[-1].mean(axis=1)

    def heads(
        self, source: jax.Array, target_in: jax.Array, source_mask: jax.Array | None = None
    ) -> list[jax.Array]:
        """Of each decoder layer the weights (N, heads, T, S) of every head on the source."""
        return self._forced(source, target_in, source_mask, None)[1]

    def _forced(
        self, source: jax.Array, target_in: jax.Array, source_mask: jax.Array | None,
        key: jax.Array | None,
    ) -> tuple[jax.Array, list[jax.Array]]:  # fmt: skip
        length = target_in.shape[1]
        rngs = rngs_for(self.dropout, key)
        if length > self.longest:
            raise ValueError(
                f"The target has {length} places, and this model room for longest={self.longest}."
            )
        memory = self._encode(source, source_mask, rngs)
        x = self._embed(self.target_embedding, target_in)
        x = self.dropout(x + self.target_positions.first(length).astype(x.dtype), rngs=rngs)
        mask = memory.mask[:, None, None]
        x, looked = self.decoder(x, causal_mask(length), memory.seen, mask, rngs)
        return by_rows(self.target_embedding.attend, x), looked

    def _encode(
        self, source: jax.Array, mask: jax.Array | None, rngs: nnx.Rngs | None
    ) -> SourceMemory:
        source = jnp.asarray(source)
        mask = source != PAD if mask is None else jnp.asarray(mask, bool)
        x = self._embed(self.source_embedding, source)
        places = self.source_positions.first(source.shape[1]).astype(x.dtype)
        x = self.dropout(x + places, rngs=rngs)
        values, _ = self.encoder(x, mask[:, None, None], rngs=rngs)
        return SourceMemory(self.decoder.look_at_memory(values), mask)

    def _embed(self, embedding: nnx.Embed, tokens: jax.Array) -> jax.Array:
        """A token's vector, as long as that of a position; the output uses it shorter."""
        return embedding(jnp.asarray(tokens)) * self.width**0.5


def transformer_parameters(source_size: int, target_size: int, width: int, layers: int) -> int:
    """The number of parameters of a `Transformer` with sinusoidal positions.

    (V_source + V_target) D + layers (28 D^2 + 5 D) + 2 D
    """
    stacks = stack_parameters(layers, width) + stack_parameters(layers, width, cross=True)
    return (source_size + target_size) * width + stacks


def width_for(
    budget: int, source_size: int, target_size: int, layers: int = 2, heads: int = 4
) -> int:
    """The greatest width with which a `Transformer` has at most `budget` parameters.

    Args:
        budget: Parameters, such as those of a recurrent network to compare with.
        source_size: As for `Transformer`.
        target_size: As for `Transformer`.
        layers: As for `Transformer`.
        heads: The width is a multiple of twice the heads.

    Returns:
        The width.

    Raises:
        ValueError: The budget does not even pay for the smallest width.
    """
    unit = 2 * heads
    width = 0
    while transformer_parameters(source_size, target_size, width + unit, layers) <= budget:
        width += unit
    if width == 0:
        least = transformer_parameters(source_size, target_size, unit, layers)
        raise ValueError(f"budget is {budget}; the smallest such model has {least} parameters.")
    return width
