"""What BLEU and chrF are made of: n-grams found, and the formulas on their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

WORD_ORDER, CHARACTER_ORDER = 4, 6  # the longest n-grams of BLEU and of chrF
BETA = 2  # chrF2: recall weighs more than precision


def bleu_counts(
    written: Sequence[Sequence[str]], references: Sequence[Sequence[Sequence[str]]]
) -> np.ndarray:
    """What BLEU is made of, for each sentence.

    Args:
        written: Of each sentence its tokens.
        references: Of each sentence the tokens of each of its references.

    Returns:
        Integers, shape (N, 10): the written length, the length of the closest reference (the
        shorter of two), the n-grams found in a reference for n = 1 to 4, and all n-grams written.
    """
    rows = []
    for tokens, others in zip(written, references, strict=True):
        closest = min((abs(len(other) - len(tokens)), len(other)) for other in others)[1]
        found, total = [], []
        for n in range(1, WORD_ORDER + 1):
            allowed: Counter[tuple[str, ...]] = Counter()
            for other in others:
                allowed |= _ngrams(other, n)  # the larger count of the two
            own = _ngrams(tokens, n)
            found.append((own & allowed).total())  # the smaller count
            total.append(own.total())
        rows.append([len(tokens), closest, *found, *total])
    return np.array(rows, np.int64).reshape(-1, 2 + 2 * WORD_ORDER)


def chrf_counts(written: Sequence[str], references: Sequence[Sequence[str]]) -> np.ndarray:
    """What chrF is made of, for each sentence against its best reference.

    Args:
        written: Texts.
        references: Of each sentence one or more texts.

    Returns:
        Integers, shape (N, 18): for n = 1 to 6 the n-grams written, those of the reference, and
        those in both.
    """
    orders = range(1, CHARACTER_ORDER + 1)
    rows = []
    for text, others in zip(written, references, strict=True):
        own = [_ngrams("".join(text.split()), n) for n in orders]
        tried = []
        for other in others:
            theirs = [_ngrams("".join(other.split()), n) for n in orders]
            # An order that the reference is too short for is passed over.
            tried.append([
                count for a, b in zip(own, theirs, strict=True)
                for count in (a.total() if b else 0, b.total(), (a & b).total())
            ])  # fmt: skip
        best = int(np.argmax(from_counts("chrF2", np.array(tried))))
        rows.append(tried[best])
    return np.array(rows, np.int64).reshape(-1, 3 * CHARACTER_ORDER)


def from_counts(name: str, counts: np.ndarray) -> np.ndarray:
    """The score of summed counts; where no long n-gram was found, smoothed as sacrebleu does.

    Args:
        name: "BLEU" or "chrF2".
        counts: Sums of `bleu_counts` or `chrf_counts` over sentences, shape (..., 10 or 18).

    Returns:
        From 0 to 100, shape (...).

    Raises:
        ValueError: There is no such score.
    """
    if name not in ("BLEU", "chrF2"):
        raise ValueError(f'The score {name!r} is not known; give "BLEU" or "chrF2".')
    counts = np.asarray(counts, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _bleu(counts) if name == "BLEU" else _chrf(counts)


def _bleu(counts: np.ndarray) -> np.ndarray:
    length, closest = counts[..., 0], counts[..., 1]
    found, total = counts[..., 2 : 2 + WORD_ORDER], counts[..., 2 + WORD_ORDER :]
    # The first order without a find counts as half a find, the second as a quarter, and so on.
    smoothed = np.where(found > 0, found, 0.5 ** np.cumsum(found == 0, axis=-1))
    logs = np.log(smoothed / total).mean(axis=-1)
    score = 100 * np.exp(np.minimum(0, 1 - closest / length) + logs)
    return np.where((total > 0).all(axis=-1) & (found > 0).any(axis=-1), score, 0.0)


def _chrf(counts: np.ndarray) -> np.ndarray:
    written, wanted, both = (counts[..., k::3] for k in range(3))
    counted = (written > 0) & (wanted > 0)
    orders = counted.sum(axis=-1)
    precision = np.where(counted, both / written, 0).sum(axis=-1) / orders
    recall = np.where(counted, both / wanted, 0).sum(axis=-1) / orders
    score = (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)
    return np.where(precision + recall > 0, 100 * score, 0.0)


def _ngrams(tokens: Sequence[str], n: int) -> Counter:
    """The n-grams of tokens, or of a text's characters, with their counts."""
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))
