"""Scores of written sentences against true ones, and of alignments against gold ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from karpa_helpers.data.numbers import whole_number
from karpa_helpers.data.subwords import SPACE
from karpa_helpers.data.vocabulary import BOS, EOS, PAD, SPECIAL

Links = Collection[tuple[int, int]]
References = Sequence[str | Sequence[str]]

WORD_ORDER = 4  # the longest n-grams of BLEU
BETA = 2  # chrF2: recall weighs more than precision


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


class Score(NamedTuple):
    """A score of translations against references.

    Attributes:
        name: "BLEU" or "chrF2".
        value: From 0 to 100.
        signature: How it was taken, in the words of sacrebleu: print it beside the score.
        counts: Of each sentence what the score is made of; sums over any choice of sentences give
            its score, see `from_counts`. BLEU, shape (N, 10): the written length, that of the
            closest reference, the n-grams found in a reference for n = 1 to 4, and all n-grams
            written. chrF2, shape (N, 18): for n = 1 to 6 the n-grams written, those of the best
            reference, and those in both.
    """

    name: str
    value: float
    signature: str
    counts: np.ndarray


def bleu(
    written: Sequence[str],
    references: References,
    *,
    lowercase: bool = False,
    tokenize: str = "13a",
) -> Score:
    """BLEU of translations, by sacrebleu.

        BLEU = 100 min(1, exp(1 - r / c)) (p_1 p_2 p_3 p_4)^(1/4)

    with p_n the share of n-grams that stand in a reference (each at most as often as there), c the
    length of what was written, and r that of the references, of each sentence the closest.

    Args:
        written: Translations as plain text, with words and marks joined as people write them.
        references: Of each sentence its translation, or all of them, in any number.
        lowercase: Whether case is passed over.
        tokenize: sacrebleu's tokenizer; "none" cuts at spaces only.

    Returns:
        The score.

    Raises:
        ValueError: Not as many references as translations, a sentence without a reference, or
            text with the marks of a tokenizer in it.

    References:
        Papineni, Roukos, Ward, Zhu. BLEU: a Method for Automatic Evaluation of Machine
        Translation. ACL 2002. Post. A Call for Clarity in Reporting BLEU Scores. WMT 2018,
        arXiv:1804.08771.
    """
    from sacrebleu.metrics import BLEU  # here: most of the course does not need it

    return _score("BLEU", BLEU(lowercase=lowercase, tokenize=tokenize), written, references)


def chrf(written: Sequence[str], references: References, *, lowercase: bool = False) -> Score:
    """chrF2 of translations, by sacrebleu: the F-score of character n-grams without spaces.

        chrF = 100 (1 + b^2) P R / (b^2 P + R),    b = 2

    with P and R the mean precision and recall of n-grams of 1 to 6 characters. Of several
    references the best counts.

    Args:
        written: As for `bleu`.
        references: As for `bleu`.
        lowercase: Whether case is passed over.

    Returns:
        The score.

    Raises:
        ValueError: As for `bleu`.

    References:
        Popovic. chrF: character n-gram F-score for automatic MT evaluation. WMT 2015.
    """
    from sacrebleu.metrics import CHRF

    return _score("chrF2", CHRF(lowercase=lowercase), written, references)


def _score(name: str, metric: Any, written: Sequence[str], references: References) -> Score:
    streams = _streams(_reference_lists(written, references))
    value = metric.corpus_score(list(written), streams).score
    # The statistics of its own bootstrap, which draws for one system and one score only.
    counts = np.array(metric._extract_corpus_statistics(list(written), streams), np.int64)
    return Score(name, value, str(metric.get_signature()), counts)


def from_counts(name: str, counts: np.ndarray) -> np.ndarray:
    """The score of summed counts; where no long n-gram was found, smoothed as sacrebleu does.

    Args:
        name: "BLEU" or "chrF2".
        counts: Sums of `Score.counts` over sentences, shape (..., 10 or 18).

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


def bootstrap(score: Score, resamples: int = 1000, seed: int = 0) -> tuple[float, float]:
    """95 % interval of a score over the choice of test sentences, by the bootstrap.

    As many sentences as there are get drawn with replacement, `resamples` times. It says nothing
    of another training run: that takes seeds.

    Args:
        score: From `bleu` or `chrf`.
        resamples: How often.
        seed: Of the draws.

    Returns:
        (low, high), the 2.5 and the 97.5 % quantile.

    References:
        Koehn. Statistical Significance Tests for Machine Translation Evaluation. EMNLP 2004.
    """
    drawn = _draws(len(score.counts), resamples, seed) @ score.counts
    low, high = np.quantile(from_counts(score.name, drawn), (0.025, 0.975))
    return float(low), float(high)


class Difference(NamedTuple):
    """Of two systems on the same sentences: first minus second.

    Attributes:
        value: The difference.
        low: Lower end of its 95 % interval.
        high: Upper end.
        better: Share of resamples in which the first is better.
    """

    value: float
    low: float
    high: float
    better: float


def paired_bootstrap(
    first: Score, second: Score, resamples: int = 1000, seed: int = 0
) -> Difference:
    """The difference of two systems, each resample with the same sentences for both.

    Args:
        first: Of one system.
        second: The same score of another, on the same sentences.
        resamples: How often sentences are drawn.
        seed: Of the draws.

    Returns:
        The difference with its interval.

    Raises:
        ValueError: The scores are of two kinds, or of another number of sentences.

    References:
        As `bootstrap`.
    """
    if (first.name, first.counts.shape) != (second.name, second.counts.shape):
        raise ValueError(
            f"{first.name} of {len(first.counts)} sentences against {second.name} of "
            f"{len(second.counts)}: give the same score on the same sentences."
        )
    draws = _draws(len(first.counts), resamples, seed)
    each = [from_counts(score.name, draws @ score.counts) for score in (first, second)]
    low, high = np.quantile(each[0] - each[1], (0.025, 0.975))
    better = float((each[0] > each[1]).mean())
    return Difference(first.value - second.value, float(low), float(high), better)


def _draws(sentences: int, resamples: int, seed: int) -> np.ndarray:
    """How often each resample holds each sentence, shape (resamples, sentences)."""
    resamples = whole_number("resamples", resamples, 1)
    generator = np.random.default_rng(seed)
    return generator.multinomial(sentences, np.full(sentences, 1 / sentences), resamples)


def _reference_lists(written: Sequence[str], references: References) -> list[list[str]]:
    """Of each sentence the list of its references, or an error that says what is wrong."""
    if isinstance(written, str) or isinstance(references, str):
        raise ValueError("Give lists of sentences; a score of one sentence says little.")
    if len(written) != len(references) or len(written) == 0:
        raise ValueError(
            f"{len(written)} translations but {len(references)} entries of references: give one "
            "entry a sentence, a text or a list of texts (not one list a translator)."
        )
    marks = (SPECIAL[PAD], SPECIAL[BOS], SPECIAL[EOS], SPACE)
    for number, text in enumerate(written):
        if not isinstance(text, str) or any(mark in text for mark in marks):
            raise ValueError(
                f"Translation {number} is {text!r}: decode it to plain text first, so that no "
                "padding and no subword marks are scored."
            )
    lists = [[one] if isinstance(one, str) else list(one) for one in references]
    for number, one in enumerate(lists):
        if not one or not all(isinstance(text, str) and text.strip() for text in one):
            raise ValueError(
                f"The references of sentence {number} are {one}: give one or more, none empty."
            )
    return lists


def _streams(lists: Sequence[Sequence[str]]) -> Any:
    """References as sacrebleu wants them: list k has each sentence's k-th, None where it lacks.

    None, not "": an empty text would be a reference of length 0.
    """
    most = max(map(len, lists))
    return [[one[k] if k < len(one) else None for one in lists] for k in range(most)]


def _check_pairs(a: Sequence, b: Sequence) -> None:
    if len(a) != len(b) or len(a) == 0:
        raise ValueError(f"{len(a)} against {len(b)}: give as many of one as of the other.")
