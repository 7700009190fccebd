"""The encoder-decoder network: an encoder reads the source, a decoder writes the target."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from karpa_helpers.data.numbers import whole_number
from karpa_helpers.data.vocabulary import PAD
from karpa_helpers.maths import attention
from karpa_helpers.nn import recurrent
from karpa_helpers.nn.dropout import rngs_for
from karpa_helpers.nn.fast.linear import Linear, by_rows
from karpa_helpers.nn.fast.product_scan import product_scan
from karpa_helpers.seq2seq.examples import Recalled, interpolate

Attention = Literal["dot", "general", "additive"]
Kind = Literal["elman", "gru", "lstm"]


class EncoderMemory(NamedTuple):
    """What the decoder may look at: every leaf has the batch in front.

    Attributes:
        values: The encoder's states, shape (N, S, hidden); None without attention.
        mask: True where the source has a token, shape (N, S); None without attention.
        code: The one vector that stands for the source, shape (N, code); None with attention.
        words: The source's embeddings, shape (N, S, embedding); None without lexical votes.
        recalled: What was written in examples, from `recall`; None without.
        keys: What `AttentionScore.keys` makes of the values, shape (N, S, hidden); None without
            attention.
    """

    values: jax.Array | None
    mask: jax.Array | None
    code: jax.Array | None
    words: jax.Array | None = None
    recalled: Recalled | None = None
    keys: jax.Array | None = None


class DecoderState(NamedTuple):
    """Where the decoder stands.

    Attributes:
        carry: The carry of its cell.
        fed: With input feeding the last readout, shape (N, hidden); else None.
    """

    carry: Any
    fed: jax.Array | None


class AttentionScore(nnx.Module):
    """The score of each query against each value, of equal width; see `maths.attention`.

    Args:
        kind: "dot" (no parameters), "general" (a matrix) or "additive" (a hidden layer).
        width: Of queries and keys, and of the hidden layer.
        rngs: Random keys for the first weights.
    """

    def __init__(self, kind: Attention, width: int, *, rngs: nnx.Rngs) -> None:
        self.kind = kind
        draw = nnx.initializers.lecun_normal()
        if kind == "general":
            self.weight = nnx.Param(draw(rngs.params(), (width, width)))
        elif kind == "additive":
            self.query_weight = nnx.Param(draw(rngs.params(), (width, width)))
            self.key_weight = nnx.Param(draw(rngs.params(), (width, width)))
            self.vector = nnx.Param(draw(rngs.params(), (width, 1))[:, 0])

    def keys(self, values: jax.Array) -> jax.Array:
        """What queries are held against, shape (N, S, width).

        The general score q W v is q (W v), with W v made once for all queries; in the other scores
        the values themselves are the keys.
        """
        return values @ self.weight[...].T if self.kind == "general" else values

    def __call__(self, queries: jax.Array, keys: jax.Array) -> jax.Array:
        """Maps queries (N, T, width) and keys from `keys` (N, S, width) to scores (N, T, S)."""
        if self.kind == "additive":
            weights = self.query_weight[...], self.key_weight[...], self.vector[...]
            return attention.additive_score(queries, keys, *weights)
        return attention.dot_score(queries, keys)


class Seq2Seq(nnx.Module):
    """An encoder-decoder of recurrent cells, with one vector between them or with attention.

    The encoder's last states become the code, and the code the decoder's first state. Without
    attention the decoder sees the code at each step and nothing else of the source (Cho et al.).
    With attention it sees all the encoder's states, weighted anew at each step (Luong et al.):
        readout_t = tanh(W [context_t; s_t] + b),    logits_t = V readout_t + b'
    With lexical votes the source tokens themselves speak for target tokens, each by its weight a_tj
    and its embedding e_j, past all recurrent states (after Nguyen and Chiang):
        logits_t = V (U readout_t + M sum_j a_tj e_j) + b'

    Args:
        source_size: Tokens in the source vocabulary.
        target_size: Tokens in the target vocabulary.
        embedding: Length of a token's vector.
        hidden: Length of the decoder's state, and of an encoder's state (half for each direction).
        kind: The cell: "elman", "gru" or "lstm".
        attention: How a state is scored: "dot", "general" or "additive"; None is one vector.
        bidirectional: Whether the encoder also reads from the end.
        input_feeding: Whether the decoder also gets its last readout (needs attention).
        tied: Whether the output weights V are the target embeddings.
        lexical: Whether the source tokens vote (needs attention, and tied).
        dropout: Share of numbers set to zero, in embeddings and readouts, while training.
        code: Without attention, the width of the one vector; None is `hidden`.
        rngs: Random keys for the first weights.

    Raises:
        ValueError: The settings do not fit each other.

    References:
        Cho, van Merrienboer, Gulcehre, Bahdanau, Bougares, Schwenk, Bengio. EMNLP 2014,
        arXiv:1406.1078. Sutskever, Vinyals, Le. NIPS 2014, arXiv:1409.3215. Luong, Pham, Manning.
        EMNLP 2015, arXiv:1508.04025. Nguyen, Chiang. Improving Lexical Choice in Neural Machine
        Translation. NAACL 2018, arXiv:1710.01329 (with a tanh in front of M, and a V of its own).
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        embedding: int,
        hidden: int,
        *,
        kind: Kind = "gru",
        attention: Attention | None = None,
        bidirectional: bool = True,
        input_feeding: bool = False,
        tied: bool = False,
        lexical: bool = False,
        dropout: float = 0.0,
        code: int | None = None,
        rngs: nnx.Rngs,
    ) -> None:
        sizes = {"source_size": source_size, "target_size": target_size, "embedding": embedding}
        for name, size in {**sizes, "hidden": hidden}.items():
            whole_number(name, size, 1)
        _check(hidden, attention, bidirectional, input_feeding, code)
        if lexical and (attention is None or not tied):
            raise ValueError("lexical votes need attention weights and tied=True: choose both.")
        self.attention, self.input_feeding, self.hidden = attention, input_feeding, hidden
        self.source_embedding = nnx.Embed(source_size, embedding, rngs=rngs)
        self.target_embedding = nnx.Embed(target_size, embedding, rngs=rngs)
        self.bidirectional = bidirectional
        self.encoder: Any
        if bidirectional:
            self.encoder = recurrent.Bidirectional(kind, embedding, hidden // 2, rngs=rngs)
        else:
            self.encoder = recurrent.make_cell(kind, embedding, hidden, rngs=rngs)
        width = code or hidden
        self.to_code = Linear(hidden, width, rngs=rngs)
        seen = hidden * input_feeding if attention else width
        self.decoder = recurrent.make_cell(kind, embedding + seen, hidden, rngs=rngs)
        parts = len(jax.tree.leaves(recurrent.initial_carry(self.decoder, 1)))
        self.to_carry = Linear(width, hidden * parts, rngs=rngs)
        if attention is not None:
            self.score = AttentionScore(attention, hidden, rngs=rngs)
            self.to_readout = Linear(2 * hidden, hidden, rngs=rngs)
        self.tied, self.lexical = tied, lexical
        if tied:
            self.to_embedding = Linear(hidden, embedding, use_bias=False, rngs=rngs)
            self.bias = nnx.Param(jnp.zeros(target_size))
            if lexical:
                self.to_vote = Linear(embedding, embedding, use_bias=False, rngs=rngs)
        else:
            self.to_logits = Linear(hidden, target_size, rngs=rngs)
        self.dropout = nnx.Dropout(dropout)

    def encode(
        self, source: jax.Array, mask: jax.Array | None = None
    ) -> tuple[DecoderState, EncoderMemory]:
        """Reads the source.

        Args:
            source: Token numbers, shape (N, S).
            mask: True for real tokens, shape (N, S); None is where the source is not PAD.

        Returns:
            (the decoder's first state, what it may look at).
        """
        return self._encode(source, mask, None)

    def step(
        self, state: DecoderState, token: jax.Array, memory: EncoderMemory
    ) -> tuple[DecoderState, jax.Array, jax.Array | None]:
        """Writes one token further.

        Args:
            state: From `encode` or the last step; K consecutive rows are of one source.
            token: The token before, shape (N K,); BOS at first.
            memory: From `encode`, with N in front.

        Returns:
            (state, logits of the next token (N K, target_size), attention weights (N K, S) or
            None).
        """
        state, readout, weights = self._advance(state, self.target_embedding(token), memory)
        logits = self._logits(readout, weights, memory)
        if memory.recalled is not None:
            logits = interpolate(logits, readout, memory.recalled)
        return state, _one_row_each(logits), None if weights is None else _one_row_each(weights)

    def recall(self, source: jax.Array, target: jax.Array) -> Recalled:
        """Writes examples again: for `memory._replace(recalled=...)`.

        Args:
            source: Of K examples for each of N sentences, token numbers, shape (N, K, S).
            target: BOS, tokens, EOS and PAD, shape (N, K, T).

        Returns:
            The readouts and tokens of all places, M = K (T - 1).
        """
        rows = target.reshape(-1, target.shape[-1])
        readouts, _, _ = self._write(source.reshape(-1, source.shape[-1]), rows[:, :-1], None, None)
        count = len(source)
        return Recalled(readouts.reshape(count, -1, self.hidden), rows[:, 1:].reshape(count, -1))

    def __call__(
        self,
        source: jax.Array,
        target_in: jax.Array,
        source_mask: jax.Array | None = None,
        *,
        key: jax.Array | None = None,
    ) -> tuple[jax.Array, jax.Array | None]:
        """Teacher forcing: the logits of every target token, given the true ones before it.

        Args:
            source: Token numbers, shape (N, S).
            target_in: BOS and the target without its last token, shape (N, T).
            source_mask: As in `encode`.
            key: Random key of the dropout; not used in evaluation mode.

        Returns:
            (logits (N, T, target_size), attention weights (N, T, S) or None).

        Raises:
            ValueError: There is dropout, the model is in training mode, and no key is given.
        """
        rngs = rngs_for(self.dropout, key)
        readouts, weights, memory = self._write(source, target_in, source_mask, rngs)
        return self._logits(self.dropout(readouts, rngs=rngs), weights, memory), weights

    def _write(
        self,
        source: jax.Array,
        target_in: jax.Array,
        mask: jax.Array | None,
        rngs: nnx.Rngs | None,
    ) -> tuple[jax.Array, jax.Array | None, EncoderMemory]:
        """Teacher forcing up to the readouts (N, T, hidden), with attention weights (N, T, S)."""
        state, memory = self._encode(source, mask, rngs)
        inputs = self.dropout(self.target_embedding(target_in), rngs=rngs)
        if self.input_feeding:
            readouts, weights = self._advance_all_fed(state, inputs, memory)
        else:  # the states do not wait for the readouts, so these are made all at once
            states, _ = recurrent.run(
                self.decoder, self._with_code(inputs, memory), carry=state.carry
            )
            readouts, weights = self._read(states, memory)
        return readouts, weights, memory

    def _encode(
        self, source: jax.Array, mask: jax.Array | None, rngs: nnx.Rngs | None
    ) -> tuple[DecoderState, EncoderMemory]:
        mask = source != PAD if mask is None else mask
        embedded = self.dropout(self.source_embedding(source), rngs=rngs)
        if self.bidirectional:
            values, carries = self.encoder(embedded, mask)
            last = jnp.concatenate([recurrent.output_of(carry) for carry in carries], axis=-1)
        else:
            values, carry = recurrent.run(self.encoder, embedded, mask)
            last = recurrent.output_of(carry)
        code = jnp.tanh(self.to_code(last))
        empty = recurrent.initial_carry(self.decoder, len(source))
        leaves, structure = jax.tree.flatten(empty)
        first = jnp.split(jnp.tanh(self.to_carry(code)), len(leaves), axis=-1)
        fed = jnp.zeros_like(code, shape=(len(source), self.hidden)) if self.input_feeding else None
        state = DecoderState(jax.tree.unflatten(structure, first), fed)
        if self.attention is None:
            return state, EncoderMemory(None, None, code)
        words = embedded if self.lexical else None
        return state, EncoderMemory(values, mask, None, words, keys=self.score.keys(values))

    def _with_code(self, inputs: jax.Array, memory: EncoderMemory) -> jax.Array:
        """Each input (N, T, embedding) with the code behind it, where there is one."""
        if memory.code is None:
            return inputs
        code = jnp.broadcast_to(memory.code[:, None], (*inputs.shape[:2], memory.code.shape[-1]))
        return jnp.concatenate([inputs, code], axis=-1)

    def _advance(
        self, state: DecoderState, embedded: jax.Array, memory: EncoderMemory
    ) -> tuple[DecoderState, jax.Array, jax.Array | None]:
        """One step of the cell on embedded tokens (N K, embedding), and its readouts.

        Returns:
            (state, readouts (N, K, hidden), attention weights (N, K, S) or None).
        """
        sources = len(jax.tree.leaves(memory)[0])

        def by_source(rows: jax.Array) -> jax.Array:
            return rows.reshape(sources, -1, rows.shape[-1])

        inputs = _one_row_each(self._with_code(by_source(embedded), memory))
        if state.fed is not None:
            inputs = jnp.concatenate([inputs, state.fed], axis=-1)
        carry, hidden = self.decoder(state.carry, inputs)
        readouts, weights = self._read(by_source(hidden), memory)
        fed = _one_row_each(readouts) if state.fed is not None else None
        return DecoderState(carry, fed), readouts, weights

    def _advance_all_fed(
        self, state: DecoderState, inputs: jax.Array, memory: EncoderMemory
    ) -> tuple[jax.Array, jax.Array | None]:
        """`_advance` over all inputs (N, T, embedding): (readouts (N, T, hidden), weights)."""

        def one(
            model: Seq2Seq, state: DecoderState, embedded: jax.Array, memory: EncoderMemory
        ) -> Any:
            state, readout, weights = model._advance(state, embedded, memory)
            return state, (readout[:, 0], None if weights is None else weights[:, 0])

        _, (readouts, weights) = product_scan(one, self, state, inputs.swapaxes(0, 1), memory)
        return readouts.swapaxes(0, 1), weights.swapaxes(0, 1)

    def _read(self, states: jax.Array, memory: EncoderMemory) -> tuple[jax.Array, jax.Array | None]:
        """Readouts of decoder states (N, T, hidden), with attention weights (N, T, S)."""
        if memory.values is None or memory.keys is None or memory.mask is None:
            return states, None
        scores = self.score(states, memory.keys)
        context, weights = attention.attend(scores, memory.values, memory.mask[:, None])
        return jnp.tanh(self.to_readout(jnp.concatenate([context, states], axis=-1))), weights

    def _logits(
        self, readout: jax.Array, weights: jax.Array | None, memory: EncoderMemory
    ) -> jax.Array:
        """Logits (N, ..., V) of readouts (N, ..., hidden), with their weights (N, ..., S)."""
        if not self.tied:
            return self.to_logits(readout)
        vector = self.to_embedding(readout)
        if memory.words is not None:
            vector += self.to_vote(jnp.einsum("n...s,nse->n...e", weights, memory.words))
        return by_rows(self.target_embedding.attend, vector) + self.bias[...]


def _one_row_each(grouped: jax.Array) -> jax.Array:
    """(N, K, D) as (N K, D)."""
    return grouped.reshape(-1, grouped.shape[-1])


def _check(
    hidden: int, attention: str | None, bidirectional: bool, input_feeding: bool, code: int | None
) -> None:
    if attention not in (None, "dot", "general", "additive"):
        raise ValueError(f'attention is {attention!r}; give None, "dot", "general" or "additive".')
    if bidirectional and hidden % 2:
        raise ValueError(f"hidden is {hidden}; two directions share it, so give an even number.")
    if input_feeding and attention is None:
        raise ValueError("input_feeding feeds the attention's readout: choose an attention too.")
    if code is not None and (attention is not None or code < 1):
        raise ValueError(
            f"code is {code}: give 1 or more, and only without attention, which has no one vector."
        )
