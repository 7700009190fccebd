"""Scores of written sentences against true ones, and of alignments against gold ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from karpa_helpers.data.vocabulary import PAD

Links = Collection[tuple[int, int]]


def matches(written: Sequence[str], wanted: Sequence[str]) -> np.ndarray:
    """Of each pair of texts whether they are equal, character by character.

    Args:
        written: What a network wrote.
        wanted: The true texts.

    Returns:
        Booleans, shape (N,); their mean is the exact match.

    Raises:
        ValueError: There is nothing, or not as many of one as of the other.
    """
    _check_pairs(written, wanted)
    return np.array([a == b for a, b in zip(written, wanted, strict=True)])


def exact_match(written: Sequence[str], wanted: Sequence[str]) -> float:
    """The share of texts that are right as a whole, from 0 to 1; see `matches`."""
    return float(matches(written, wanted).mean())


def token_accuracy(written: np.ndarray, wanted: np.ndarray) -> float:
    """The share of real target tokens that stand at their place in what was written.

    Args:
        written: Token numbers, shape (N, T).
        wanted: Token numbers without BOS, PAD behind, shape (N, T).

    Raises:
        ValueError: The shapes differ, or no wanted token is real.
    """
    written, wanted = np.asarray(written), np.asarray(wanted)
    real = wanted != PAD
    if written.shape != wanted.shape or not real.any():
        raise ValueError(
            f"written has shape {written.shape} and wanted {wanted.shape}; give the same shape, "
            "with at least one token that is not PAD."
        )
    return float((written == wanted)[real].mean())


def links(weights: np.ndarray, source_tokens: int, target_tokens: int) -> set[tuple[int, int]]:
    """Hard links of attention weights: each target token to the source token of largest weight.

    Args:
        weights: Of one sentence, shape (T, S), padding allowed behind.
        source_tokens: Real source tokens, EOS not counted, so that none is linked to it.
        target_tokens: Real target tokens, EOS not counted.

    Returns:
        Pairs (source position, target position).

    Raises:
        ValueError: The sentence is longer than the weights, or has no token.
    """
    rows, columns = np.shape(weights)
    if not (1 <= source_tokens <= columns and 1 <= target_tokens <= rows):
        raise ValueError(
            f"weights have shape {np.shape(weights)}, which does not hold {target_tokens} target "
            f"and {source_tokens} source tokens."
        )
    best = np.asarray(weights)[:target_tokens, :source_tokens].argmax(axis=1)
    return {(int(source), target) for target, source in enumerate(best)}


def alignment_error_rate(found: Sequence[Links], gold: Sequence[Links]) -> float:
    """Alignment error rate over all sentences, where every gold link A* is a sure one:

        AER = 1 - 2 |A and A*| / (|A| + |A*|)

    Args:
        found: Of each sentence the links (source position, target position).
        gold: Of each sentence the true links.

    Returns:
        From 0 (all links right) to 1 (none).

    Raises:
        ValueError: There is nothing, not as many of one as of the other, or no link at all.

    References:
        Och, Ney. A Systematic Comparison of Various Statistical Alignment Models. Computational
        Linguistics 29(1), 2003.
    """
    _check_pairs(found, gold)
    pairs = [(set(a), set(b)) for a, b in zip(found, gold, strict=True)]
    total = sum(len(a) + len(b) for a, b in pairs)
    if total == 0:
        raise ValueError("There is no link at all, neither found nor gold.")
    return 1 - 2 * sum(len(a & b) for a, b in pairs) / total


def _check_pairs(a: Sequence, b: Sequence) -> None:
    if len(a) != len(b) or len(a) == 0:
        raise ValueError(f"{len(a)} against {len(b)}: give as many of one as of the other.")
