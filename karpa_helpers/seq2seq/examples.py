"""Translating with examples at hand: similar training pairs, and what was written in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from karpa_helpers.data.encodings import compose
from karpa_helpers.data.numbers import whole_number
from karpa_helpers.data.rows import lengths_of, source_rows, take_rows, target_rows
from karpa_helpers.data.text import Pairs
from karpa_helpers.data.vocabulary import PAD, Tokenizer
from karpa_helpers.maths import attention

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.neighbors import NearestNeighbors

SHARE, TEMPERATURE, REACH = 0.5, 1.0, 2.0  # chosen on the validation sentences of Tatoeba


class Recalled(NamedTuple):
    """Where a decoder stood in examples, and what was written there.

    Attributes:
        readouts: Its readout at each place, shape (N, M, hidden).
        tokens: The token that followed, shape (N, M); PAD where there is none.
    """

    readouts: jax.Array
    tokens: jax.Array


def interpolate(logits: jax.Array, readout: jax.Array, recalled: Recalled) -> jax.Array:
    """Log-probabilities of the next token, from a network and from examples.

    With d_m the squared distance of the readout to that of place m of the examples, y_m the token
    that followed there, and the places' weights a = softmax(-d / temperature), an attention,
        p(k) = (1 - l) p_network(k) + l sum_m a_m [y_m = k],    l = share exp(-min_m d_m / reach).
    So examples speak only where the decoder stood nearly as it stands now.

    Args:
        logits: Of the network for B beginnings of each of N sentences, shape (N, B, V).
        readout: Shape (N, B, hidden).
        recalled: With N in front; a row of PAD alone leaves the network's probabilities.

    Returns:
        Shape (N, B, V).

    References:
        Khandelwal, Fan, Jurafsky, Zettlemoyer, Lewis. Nearest Neighbor Machine Translation. ICLR
        2021, arXiv:2010.00710. Dai, Zhang, Liu, Cui, Liu, Du, Wang. Simple and Scalable Nearest
        Neighbor Machine Translation. ICLR 2023, arXiv:2302.12188 (few similar sentences, and a
        share that falls with the distance; its form is another).
    """
    real = (recalled.tokens != PAD)[:, None]
    products = jnp.einsum("nbh,nmh->nbm", readout, recalled.readouts)
    length, length_there = (jnp.sum(x**2, axis=-1) for x in (readout, recalled.readouts))
    distance = jnp.maximum(length[..., None] + length_there[:, None] - 2 * products, 0)
    weights = attention.softmax(-distance, real, TEMPERATURE)
    nearest = jnp.min(jnp.where(real, distance, jnp.inf), axis=-1, keepdims=True)
    share = SHARE * jnp.exp(-nearest / REACH)
    p = (1 - share) * jax.nn.softmax(logits)
    n, b = jnp.ogrid[: p.shape[0], : p.shape[1]]
    p = p.at[n[..., None], b[..., None], recalled.tokens[:, None]].add(share * weights)
    return jnp.log(jnp.maximum(p, jnp.finfo(p.dtype).tiny))


class Examples:
    """Training pairs that are found by their source.

    Two sources are alike by the cosine of their words and pairs of neighbouring words, rare ones
    weighing more (TF-IDF).

    Args:
        pairs: Training pairs. What does not fit into `shape` is left out.
        source_pieces: Cuts sources.
        target_pieces: Cuts targets.
        shape: (S, T), the most tokens of a source and of a target, as in a group of `buckets`.
        count: Pairs to find for each text.

    Raises:
        ValueError: No pair fits, or count is less than 1.
    """

    def __init__(
        self,
        pairs: Pairs,
        source_pieces: Tokenizer,
        target_pieces: Tokenizer,
        shape: tuple[int, int],
        count: int = 16,
    ) -> None:
        rows = (
            source_rows(pairs.source, source_pieces),
            target_rows(pairs.target, target_pieces),
        )
        fits = np.flatnonzero((lengths_of(*rows) <= shape).all(axis=1))
        if len(fits) == 0:
            raise ValueError(f"No pair fits into {shape} tokens; give longer shapes.")
        count = whole_number("count", count, 1)
        self.source, self.target = (
            take_rows(side, fits, width) for side, width in zip(rows, shape, strict=True)
        )
        self._words, self._search = _index([pairs.source[n] for n in fits], min(count, len(fits)))

    def nearest(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The pairs whose sources are most like each text, the most alike first.

        Args:
            texts: N texts.

        Returns:
            Sources (N, count, S) and targets (N, count, T), as token numbers.
        """
        place = self._search.kneighbors(
            self._words.transform(map(compose, texts)), return_distance=False
        )
        return self.source[place], self.target[place]


def _index(sources: Sequence[str], count: int) -> tuple[TfidfVectorizer, NearestNeighbors]:
    from sklearn.feature_extraction.text import TfidfVectorizer  # here: slow to import
    from sklearn.neighbors import NearestNeighbors

    words = TfidfVectorizer(
        token_pattern=r"\w+|[^\w\s]", ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32
    )
    table = words.fit_transform(sources)
    return words, NearestNeighbors(n_neighbors=count, metric="cosine").fit(table)
