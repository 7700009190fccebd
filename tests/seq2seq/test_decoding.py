"""Decoding against slow decoders in plain Python and against all sentences there are."""

from __future__ import annotations

import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from toys import SIZE, trained

from karpa_helpers import training
from karpa_helpers.data.vocabulary import BOS, EOS, PAD, Vocabulary, characters
from karpa_helpers.nn.fast import choices
from karpa_helpers.seq2seq import decoding, losses
from karpa_helpers.seq2seq.transformer import Transformer

FORMS: list[dict[str, Any]] = [
    {"code": 3},
    {"kind": "lstm", "attention": "dot"},
    {"attention": "general", "input_feeding": True, "tied": True},
    {"kind": "elman", "attention": "additive", "input_feeding": True},
    {"attention": "general", "tied": True, "lexical": True},
]
form = pytest.mark.parametrize("form", FORMS, ids=lambda x: "-".join(map(str, x.values())))
two_forms = pytest.mark.parametrize("form", FORMS[:3:2], ids=("code", "attention"))
LENGTH = 4


class Slow:
    """One sentence at a time, in lists: what the compiled decoders must agree with."""

    def __init__(self, graph: Any, state: Any) -> None:
        model = training.merge(graph, state)
        self.encode, self.step = jax.jit(model.encode), jax.jit(model.step)

    def read(self, source: np.ndarray) -> None:
        self.start, self.memory = self.encode(source[None])

    def next(self, state: Any, last: int) -> tuple[Any, dict[int, float]]:
        state, logits, _ = self.step(state, np.array([last]), self.memory)
        scores = np.asarray(logits[0], float)
        normal = math.log(sum(math.exp(s) for s in scores))
        return state, {k: s - normal for k, s in enumerate(scores) if k not in (PAD, BOS)}

    def greedy(self, length: int) -> tuple[list[int], float]:
        state, written, total = self.start, [BOS], 0.0
        while len(written) <= length and written[-1] != EOS:
            state, scores = self.next(state, written[-1])
            written.append(max(scores, key=scores.__getitem__))
            total += scores[written[-1]]
        return written[1:], total

    def beam(self, length: int, width: int, alpha: float) -> list[tuple[float, float, list[int]]]:
        """(score, log-probability, tokens) of the best finished sentences, best first."""
        alive = [(0.0, [BOS], self.start)]
        done = []
        for step in range(1, length + 1):
            grown = []
            for total, written, state in alive:
                after, scores = self.next(state, written[-1])
                grown += [(total + s, [*written, k], after) for k, s in scores.items()]
            grown = sorted(grown, key=lambda x: -x[0])[:width]
            penalty = ((5 + step) / 6) ** alpha
            done += [(t / penalty, t, w[1:]) for t, w, _ in grown if w[-1] == EOS]
            alive = [x for x in grown if x[1][-1] != EOS]
        if not done:
            done = [(t / penalty, t, w[1:]) for t, w, _ in alive]
        return sorted(done, key=lambda x: -x[0])[:width]


def listed(row: np.ndarray) -> list[int]:
    return [int(token) for token in row if token != PAD]


@form
def test_greedy_equals_a_slow_decoder(form: dict[str, Any], source: np.ndarray) -> None:
    graph, state = trained(**form)
    slow, found = Slow(graph, state), decoding.greedy(graph, state, source, LENGTH)
    for row, tokens, total in zip(source, found.tokens, found.log_probability, strict=True):
        slow.read(row)
        expected, score = slow.greedy(LENGTH)
        assert listed(tokens) == expected
        np.testing.assert_allclose(total, score, atol=1e-4)


@form
def test_beam_one_equals_greedy(form: dict[str, Any], source: np.ndarray) -> None:
    for seed, alpha in ((0, 0.0), (1, 1.0), (2, 0.6)):
        graph, state = trained(seed, **form)
        greedy = decoding.greedy(graph, state, source, LENGTH)
        found = decoding.beam(graph, state, source, LENGTH, 1, alpha)
        np.testing.assert_array_equal(found.tokens[:, 0], greedy.tokens)
        np.testing.assert_allclose(found.log_probability[:, 0], greedy.log_probability, atol=1e-5)


@form
def test_beam_equals_a_slow_decoder(form: dict[str, Any], source: np.ndarray) -> None:
    graph, state = trained(1, **form)
    slow = Slow(graph, state)
    for alpha in (0.0, 0.6, 2.0):
        found = decoding.beam(graph, state, source, LENGTH, 3, alpha)
        for i, row in enumerate(source):
            slow.read(row)
            expected = slow.beam(LENGTH, 3, alpha)
            real = np.isfinite(found.score[i])
            assert [listed(w) for w in found.tokens[i][real]] == [w for *_, w in expected]
            got = np.stack([found.score[i], found.log_probability[i]], axis=1)[real]
            np.testing.assert_allclose(got, [x[:2] for x in expected], atol=1e-4)


def every_sentence(length: int) -> list[list[int]]:
    """All sentences that end in EOS within `length` tokens; UNK is a word like the others."""
    words = [k for k in range(SIZE) if k not in (PAD, BOS, EOS)]
    return [[*tokens, EOS] for n in range(length) for tokens in itertools.product(words, repeat=n)]


@two_forms
def test_a_beam_as_wide_as_the_space_is_exhaustive(
    form: dict[str, Any], source: np.ndarray
) -> None:
    graph, state = trained(2, **form)
    sentences = every_sentence(LENGTH)  # 85 of them, and at most 256 alive at a time
    targets = np.array([s + [PAD] * (LENGTH - len(s)) for s in sentences])
    inputs = np.concatenate([np.full((len(targets), 1), BOS), targets[:, :-1]], axis=1)
    model = training.merge(graph, state)
    read = jax.jit(lambda rows: losses.log_probability(model(rows, inputs)[0], targets))
    totals = [np.asarray(read(np.tile(row, (len(targets), 1)))) for row in source[:3]]
    for alpha in (0.0, 0.6):
        penalty = ((5 + (targets != PAD).sum(axis=1)) / 6) ** alpha
        found = decoding.beam(graph, state, source[:3], LENGTH, 256 + len(sentences), alpha)
        for total, tokens, scores in zip(totals, found.tokens, found.score, strict=True):
            order = np.argsort(-total / penalty)
            assert listed(tokens[0]) == sentences[order[0]]
            np.testing.assert_allclose(scores[: len(order)], (total / penalty)[order], atol=1e-4)
            assert not np.isfinite(scores[len(order) :]).any()  # each sentence once


@two_forms
def test_company_and_bucket_change_nothing(form: dict[str, Any], source: np.ndarray) -> None:
    graph, state = trained(3, **form)
    wide = np.pad(source, ((0, 0), (0, 10)))
    whole = decoding.greedy(graph, state, source, LENGTH)
    ranked = decoding.beam(graph, state, source, LENGTH, 3)
    for i, row in enumerate(source):
        for rows, place in ((row[None], 0), (wide[::-1], len(wide) - 1 - i)):
            alone = decoding.greedy(graph, state, rows, LENGTH)
            np.testing.assert_array_equal(alone.tokens[place], whole.tokens[i])
            np.testing.assert_allclose(
                alone.log_probability[place], whole.log_probability[i], atol=1e-5
            )
            beam = decoding.beam(graph, state, rows, LENGTH, 3)
            np.testing.assert_array_equal(beam.tokens[place], ranked.tokens[i])
            np.testing.assert_allclose(beam.score[place], ranked.score[i], atol=1e-5)


def test_two_runs_are_bit_equal_even_with_dropout(source: np.ndarray) -> None:
    graph, state = trained(attention="dot", dropout=0.5)
    for decode in (decoding.greedy, lambda *a: decoding.beam(*a, 3)):
        first, second = (decode(graph, state, source, LENGTH) for _ in range(2))
        for a, b in zip(first, second, strict=True):
            np.testing.assert_array_equal(a, b)
    plain, _ = trained(attention="dot")
    found = decoding.greedy(plain, state, source, LENGTH)
    np.testing.assert_array_equal(found.tokens, decoding.greedy(graph, state, source, LENGTH)[0])


def test_samples_follow_the_network(source: np.ndarray) -> None:
    graph, state = trained(scale=1.5)
    rows = np.tile(source[:1], (4000, 1))
    drawn = decoding.sample(graph, state, rows, 1, jax.random.key(0))
    slow = Slow(graph, state)
    slow.read(source[0])
    _, scores = slow.next(slow.start, BOS)
    share = np.bincount(np.asarray(drawn.tokens[:, 0]), minlength=SIZE) / len(rows)
    probability = np.array([math.exp(scores.get(k, -math.inf)) for k in range(SIZE)])
    probability /= probability.sum()
    np.testing.assert_allclose(share, probability, atol=0.03)
    for token, total in zip(drawn.tokens[:20, 0], drawn.log_probability[:20], strict=True):
        np.testing.assert_allclose(total, scores[int(token)], atol=1e-4)
    cold = decoding.sample(graph, state, source, LENGTH, jax.random.key(1), temperature=1e-4)
    np.testing.assert_array_equal(cold.tokens, decoding.greedy(graph, state, source, LENGTH).tokens)
    coldest = decoding.sample(graph, state, source, LENGTH, jax.random.key(1), temperature=1e-38)
    np.testing.assert_array_equal(coldest.tokens, cold.tokens)


def test_a_sample_depends_on_its_row_and_key_only(source: np.ndarray) -> None:
    graph, state = trained(scale=1.0)
    key, other = jax.random.split(jax.random.key(0))
    rows = np.tile(source[:1], (50, 1))
    whole = decoding.sample(graph, state, rows, 8, key)
    few = decoding.sample(graph, state, rows[:3], 8, key)
    np.testing.assert_array_equal(few.tokens, whole.tokens[:3])
    assert (decoding.sample(graph, state, rows, 8, other).tokens != whole.tokens).any()
    assert len({tuple(row) for row in np.asarray(whole.tokens)}) > 25  # each row draws anew
    first, second = np.asarray(whole.tokens[:, :2]).T
    assert (first != second).any()


@two_forms
def test_a_decoder_never_writes_pad_or_bos(form: dict[str, Any], source: np.ndarray) -> None:
    graph, state = trained(4, **form)
    for found in (
        decoding.greedy(graph, state, source, LENGTH).tokens,
        decoding.sample(graph, state, source, LENGTH, jax.random.key(0)).tokens,
        decoding.beam(graph, state, source, LENGTH, 3).tokens[:, 0],
    ):
        for row in np.asarray(found):
            ended = np.flatnonzero(row == EOS)
            end = ended[0] if len(ended) else len(row) - 1
            assert not np.isin(row[: end + 1], (PAD, BOS)).any()
            assert (row[end + 1 :] == PAD).all()


def test_translate_takes_any_text() -> None:
    graph, state = trained()
    letters: Vocabulary = characters(["abc"])
    texts = ["a", "", "abcabcabcabc", "\N{GRINNING FACE} x", "b"]
    answers = decoding.translate(graph, state, texts, letters, letters, 5, batch_size=2)
    assert [decoding.translate(graph, state, [t], letters, letters, 5)[0] for t in texts] == answers
    assert decoding.translate(graph, state, [], letters, letters, 5) == []
    beam = decoding.translate(graph, state, texts, letters, letters, 5, width=2)
    assert len(beam) == len(texts)


def test_translate_reads_no_more_places_than_are_learned() -> None:
    letters = characters(["abc"])
    model = Transformer(
        len(letters), len(letters), 8, 2, 1, longest=6, positions="learned", rngs=nnx.Rngs(0)
    )
    graph, state = training.create_state(model, optax.sgd(0.0))
    assert len(decoding.translate(graph, state, ["abcab"], letters, letters, 4)) == 1  # 6 with EOS
    with pytest.raises(ValueError, match="7 places, but only 6"):
        decoding.translate(graph, state, ["abcabc"], letters, letters, 4)


def test_wrong_input_is_refused(source: np.ndarray) -> None:
    graph, state = trained()
    with pytest.raises(ValueError, match="shape"):
        decoding.greedy(graph, state, source[0], LENGTH)
    with pytest.raises(ValueError, match="float"):
        decoding.greedy(graph, state, source.astype(np.float32), LENGTH)
    with pytest.raises(ValueError, match="length is 0"):
        decoding.greedy(graph, state, source, 0)
    for number in (-1, SIZE):
        with pytest.raises(ValueError, match=f"source is .*{number}.*from 0 to {SIZE - 1}"):
            decoding.greedy(graph, state, np.where(source == source[0, 0], number, source), LENGTH)
    for width in (0, 1.5, math.nan):
        with pytest.raises(ValueError, match=f"width is {width}"):
            decoding.beam(graph, state, source, LENGTH, width)
    for alpha in (-1, math.nan, math.inf):
        with pytest.raises(ValueError, match=f"alpha is {alpha}"):
            decoding.beam(graph, state, source, LENGTH, 2, alpha)
    with pytest.raises(ValueError, match="temperature is 0"):
        decoding.sample(graph, state, source, LENGTH, jax.random.key(0), 0)
    with pytest.raises(ValueError, match="temperature is inf"):
        decoding.sample(graph, state, source, LENGTH, jax.random.key(0), math.inf)


@pytest.mark.parametrize("size", [3, 7, 12, 40, 997, 2000])  # with and without a table
@pytest.mark.parametrize("count", [1, 3])
def test_the_highest_are_those_of_sorting(size, count):
    scores = np.random.default_rng(size).normal(size=(6, size)).astype("f4")
    scores[2, 1:] = -np.inf  # what a beam does not have
    values, places = choices.top_k_rows(jnp.asarray(scores), count)
    np.testing.assert_array_equal(values, -np.sort(-scores)[:, :count])
    np.testing.assert_array_equal(np.take_along_axis(scores, np.asarray(places), 1), values)
    assert all(len(set(row)) == count for row in np.asarray(places).tolist())


def test_the_likeliest_is_the_first_of_equals():
    scores = np.random.default_rng(0).integers(0, 4, (50, 9)).astype("f4")
    scores[0] = -np.inf
    np.testing.assert_array_equal(choices.argmax_rows(jnp.asarray(scores)), scores.argmax(1))
