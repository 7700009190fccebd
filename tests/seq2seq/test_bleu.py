"""BLEU and chrF by hand against sacrebleu, on random sentences and on cases counted on paper."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from karpa_helpers.seq2seq import scores

WORDS = [
    "le", "la", "Le", "chat", "chien", "dort", "n'est", "pas", "là", "été", "œuf", "3,5", "1.000",
    "a-t-il", "«", "»", "?", "!", ".", ",", "l’eau", "Tom", "tom", "&amp;", "$5", "…", "10-12",
]  # fmt: skip

Corpus = tuple[list[str], list[list[str]]]


def corpus(seed: int, sentences: int = 40, most: int = 4) -> Corpus:
    """Random references, one to `most` a sentence, and garbled copies, some of them empty."""
    draw = np.random.default_rng(seed)

    def sentence(least: int) -> list[str]:
        return list(draw.choice(WORDS, draw.integers(least, 14)))

    written, references = [], []
    for _ in range(sentences):
        ours = [sentence(1) for _ in range(draw.integers(1, most + 1))]
        copy = [w for w in ours[0] if draw.random() > 0.2]
        written.append(" ".join([] if draw.random() < 0.1 else copy + sentence(0)[:2]))
        references.append([" ".join(x) for x in ours])
    return written, references


def streams(references: list[list[str]]) -> Any:
    most = max(map(len, references))
    return [[one[k] if k < len(one) else None for one in references] for k in range(most)]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("lowercase", [False, True])
def test_counts_give_what_the_library_gives(seed: int, lowercase: bool) -> None:
    written, references = corpus(seed, most=1 + seed % 4)
    for ours, metric in ((scores.bleu, BLEU), (scores.chrf, CHRF)):
        score = ours(written, references, lowercase=lowercase)
        library = metric(lowercase=lowercase).corpus_score(written, streams(references)).score
        assert score.value == library
        by_hand = scores.from_counts(score.name, score.counts.sum(axis=0))
        np.testing.assert_allclose(by_hand, library, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_single_sentences_too(seed: int) -> None:
    """Where most 4-grams are missing, so that smoothing decides."""
    written, references = corpus(seed)
    bleu, chrf = scores.bleu(written, references), scores.chrf(written, references)
    for number, (text, others) in enumerate(zip(written, references, strict=True)):
        for score, metric in ((bleu, BLEU()), (chrf, CHRF())):
            library = metric.corpus_score([text], [[other] for other in others]).score
            by_hand = scores.from_counts(score.name, score.counts[number])
            np.testing.assert_allclose(by_hand, library, atol=1e-6)


@pytest.mark.parametrize("tokenize", ["13a", "none", "intl", "char"])
def test_other_tokenizers(tokenize: str) -> None:
    written, references = corpus(3)
    score = scores.bleu(written, references, tokenize=tokenize)
    assert f"tok:{tokenize}" in score.signature
    by_hand = scores.from_counts("BLEU", score.counts.sum(axis=0))
    np.testing.assert_allclose(by_hand, score.value, atol=1e-6)


def test_on_paper() -> None:
    references = ["the cat sat on the mat", "a cat sat on a red mat today now"]
    counts = scores.bleu(["the the the cat sat on a mat"], [references]).counts[0]
    # Of 8 words "the" counts twice. Lengths 6 and 9: 9 is closer to 8.
    assert counts.tolist() == [8, 9, 7, 4, 3, 2, 8, 7, 6, 5]
    expected = 100 * math.exp(1 - 9 / 8) * (7 / 8 * 4 / 7 * 3 / 6 * 2 / 5) ** 0.25
    np.testing.assert_allclose(scores.from_counts("BLEU", counts), expected)


def test_of_two_equally_close_references_the_shorter_counts() -> None:
    counts = scores.bleu(["a b c d"], [["a b c d e f", "a b"]]).counts
    assert counts[0, :2].tolist() == [4, 2]


def test_chrf_on_paper() -> None:
    counts = scores.chrf(["a b"], [["abc"]]).counts[0]  # spaces do not count
    assert counts.tolist() == [2, 3, 2, 1, 2, 1, 0, 1, 0, *[0] * 9]
    precision, recall = 1, (2 / 3 + 1 / 2) / 2
    expected = 100 * 5 * precision * recall / (4 * precision + recall)
    np.testing.assert_allclose(scores.from_counts("chrF2", counts), expected)


def test_perfect_and_nothing() -> None:
    texts = ["le chat est là .", "il dort ?"]
    for score in (scores.bleu, scores.chrf):
        assert score(texts, texts).value == pytest.approx(100)
        assert score(["", ""], texts).value == 0


def test_spaces_of_french_marks_change_nothing() -> None:
    """One of the differences that detokenisation makes: a narrow space, a plain one, or none."""
    for score in (scores.bleu, scores.chrf):
        values = {
            score([f"Qui est là{space}?"] * 2, [f"Qui est là{other}?"] * 2).value
            for space in ("", " ", "\u202f", "\u00a0")
            for other in ("", " ", "\u202f", "\u00a0")
        }
        assert len({round(value, 9) for value in values}) == 1


def test_a_missing_reference_is_no_empty_one() -> None:
    """Padded with "", the closest length to an empty translation would be 0, without a penalty."""
    written, references = ["", "le chat dort là"], [["un chien dort"], ["le chat dort là", "x y"]]
    right = scores.bleu(written, references).value
    padded = BLEU().corpus_score(written, [[r[k] if k < len(r) else "" for r in references]
                                           for k in range(2)]).score  # fmt: skip
    assert right < padded == pytest.approx(100)


def test_the_order_of_references_changes_nothing() -> None:
    """In chrF it decides ties, such as for an empty translation; sacrebleu does the same."""
    written, references = corpus(7)
    turned = scores.bleu(written, [one[::-1] for one in references])
    assert turned.value == pytest.approx(scores.bleu(written, references).value)


def test_more_references_never_lower_the_matches() -> None:
    written, references = corpus(8)
    one = scores.bleu(written, [r[0] for r in references]).counts
    every = scores.bleu(written, references).counts
    assert (every[:, 2:6] >= one[:, 2:6]).all()


def test_signatures() -> None:
    texts, variable = ["a b c d e"] * 2, [["a b c d e"], ["a b", "c d"]]
    assert scores.bleu(texts, texts).signature.startswith("nrefs:1|case:mixed|eff:no|tok:13a")
    assert "nrefs:var|case:lc" in scores.bleu(texts, variable, lowercase=True).signature
    assert "nc:6|nw:0" in scores.chrf(texts, texts).signature


@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_the_interval_is_near_sacrebleus(name: str) -> None:
    written, references = corpus(1, 200)
    score = getattr(scores, name)(written, references)
    low, high = scores.bootstrap(score, 2000)
    metric = {"bleu": BLEU(), "chrf": CHRF()}[name]
    theirs: Any = metric.corpus_score(written, streams(references), n_bootstrap=2000)
    assert low < score.value < high
    assert low == pytest.approx(theirs._mean - theirs._ci, abs=0.5)
    assert high == pytest.approx(theirs._mean + theirs._ci, abs=0.5)


def test_the_interval_is_that_of_a_loop_over_resamples() -> None:
    score = scores.bleu(*corpus(2))
    sums = []
    for row in scores._draws(len(score.counts), 50, 3):
        chosen = np.repeat(score.counts, row, axis=0)
        assert len(chosen) == len(score.counts)
        sums.append(float(scores.from_counts("BLEU", chosen.sum(axis=0))))
    expected = np.quantile(sums, (0.025, 0.975))
    np.testing.assert_allclose(scores.bootstrap(score, 50, 3), expected)
    assert scores.bootstrap(score, 50, 3) == scores.bootstrap(score, 50, 3)


def test_the_interval_holds_what_it_should() -> None:
    """Of test sets drawn from one source, about 95 in 100 intervals hold the source's score."""
    written, references = corpus(5, 2000)
    every = scores.chrf(written, references)
    draw, hits = np.random.default_rng(0), 0
    for number in range(200):
        part = every._replace(counts=every.counts[draw.integers(2000, size=150)])
        low, high = scores.bootstrap(part, 400, number)
        hits += low < every.value < high
    assert 0.9 <= hits / 200 <= 0.99


def test_a_paired_comparison_sees_less_noise() -> None:
    written, references = corpus(6, 300)
    worse = [text.partition(" ")[2] for text in written]
    first, second = scores.bleu(written, references), scores.bleu(worse, references)
    difference = scores.paired_bootstrap(first, second)
    assert difference.value == first.value - second.value > 0
    assert 0 < difference.low < difference.value < difference.high
    assert difference.better > 0.97
    alone = [scores.bootstrap(score) for score in (first, second)]
    assert difference.high - difference.low < min(high - low for low, high in alone)
    same = scores.paired_bootstrap(first, first)
    assert same == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("written", "references", "message"),
    [
        ([], [], "0 translations"),
        (["a"], ["a", "b"], "one entry a sentence"),
        (["a", "b"], [["a", "b"]], "not one list a translator"),
        ("a b", ["a b"], "lists of sentences"),
        (["a"], "a", "lists of sentences"),
        (["a"], [[]], "give one or more"),
        (["a", "b"], ["a", ["b", " "]], "references of sentence 1"),
        (["a", None], ["a", "b"], "Translation 1 is None"),
        (["a <pad> <pad>"], ["a"], "decode it"),
        (["a<eos>"], ["a"], "decode it"),
        (["\u2581a \u2581b"], ["a b"], "subword marks"),
    ],
)
def test_wrong_input_is_refused(written: Any, references: Any, message: str) -> None:
    for score in (scores.bleu, scores.chrf):
        with pytest.raises(ValueError, match=message):
            score(written, references)


def test_more_wrong_input() -> None:
    with pytest.raises(ValueError, match="not known"):
        scores.from_counts("TER", np.zeros(10))
    with pytest.raises(ValueError, match="resamples is 0"):
        scores.bootstrap(scores.bleu(["a"], ["a"]), 0)
    with pytest.raises(ValueError, match="same score on the same sentences"):
        scores.paired_bootstrap(scores.bleu(["a"], ["a"]), scores.chrf(["a"], ["a"]))
