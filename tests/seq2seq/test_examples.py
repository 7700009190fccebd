"""Examples at hand: found by their source, mixed into the network's probabilities as on paper."""

from __future__ import annotations

import dataclasses
import unicodedata

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from karpa_helpers import training
from karpa_helpers.data import subwords, text
from karpa_helpers.data.rows import source_rows
from karpa_helpers.data.vocabulary import BOS, EOS, PAD
from karpa_helpers.lessons import lesson_14
from karpa_helpers.lessons.lesson_14_translator import Translator
from karpa_helpers.seq2seq import decoding, examples, fitting
from karpa_helpers.seq2seq.examples import Examples, Recalled
from karpa_helpers.seq2seq.networks import Seq2Seq

SHAPE = (30, 40)


@pytest.fixture(scope="module")
def pairs() -> text.Pairs:
    """Short sentences by rule."""
    return lesson_14.within(text.sentence_pairs("grammar", "valid"), 6)


@pytest.fixture(scope="module")
def pieces(pairs) -> subwords.Subwords:
    """Of both languages."""
    return subwords.train([*pairs.source, *pairs.target], 150)


def create(size: int = 150):
    """An untrained network whose readouts lie far apart, and which is sure of nothing."""
    network = Seq2Seq(
        size, size, 8, 64, attention="general", input_feeding=True, tied=True, lexical=True,
        rngs=nnx.Rngs(0),
    )  # fmt: skip
    nnx.update(network, jax.tree.map(lambda leaf: 2 * leaf, nnx.state(network, nnx.Param)))
    for layer in (network.to_embedding, network.to_vote):
        layer.kernel[...] = 0.05 * layer.kernel[...]
    return training.create_state(network, optax.sgd(0.1))


def mixed(logits, readout, recalled):
    """`examples.interpolate` at one place of each sentence."""
    return examples.interpolate(logits[:, None], readout[:, None], recalled)[:, 0]


def random_case(seed: int = 0):
    """Logits (2, 7), readouts (2, 3), and five places, of which the last holds nothing."""
    keys = jax.random.split(jax.random.key(seed), 3)
    logits, readout = jax.random.normal(keys[0], (2, 7)), jax.random.normal(keys[1], (2, 3))
    places = readout[:, None] + 0.7 * jax.random.normal(keys[2], (2, 5, 3))
    return logits, readout, Recalled(places, jnp.array([[4, 6, 4, 3, PAD], [1, 2, 2, 2, PAD]]))


def test_the_mixture_is_that_of_the_formula():
    logits, readout, recalled = random_case()
    found = np.exp(np.asarray(mixed(logits, readout, recalled)))
    for n in range(2):
        p = np.exp(logits[n]) / np.exp(logits[n]).sum()
        d = [((np.asarray(recalled.readouts[n, m]) - readout[n]) ** 2).sum() for m in range(4)]
        a = np.exp(-np.array(d) / examples.TEMPERATURE)
        share = examples.SHARE * np.exp(-min(d) / examples.REACH)
        expected = (1 - share) * p
        for m in range(4):
            expected[recalled.tokens[n, m]] += share * a[m] / a.sum()
        np.testing.assert_allclose(found[n], expected, rtol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_what_is_padding_says_nothing():
    logits, readout, recalled = random_case()
    near = Recalled(recalled.readouts.at[:, 4].set(readout), recalled.tokens)
    assert np.array_equal(mixed(logits, readout, near), mixed(logits, readout, recalled))
    nothing = recalled._replace(tokens=jnp.full((2, 5), PAD))
    np.testing.assert_allclose(
        mixed(logits, readout, nothing), jax.nn.log_softmax(logits), atol=1e-5
    )


def test_far_examples_change_nothing_and_are_no_error():
    logits, readout, recalled = random_case()
    far = recalled._replace(readouts=recalled.readouts + 1e3)
    found = mixed(logits, readout, far)
    np.testing.assert_allclose(found, jax.nn.log_softmax(logits), atol=1e-5)
    sure = mixed(1e4 * logits, readout, far)
    assert np.isfinite(sure).all()


def test_readouts_are_those_of_writing_step_by_step():
    graph, state = create()
    model = training.merge(graph, fitting.weights_of(state))
    source = jax.random.randint(jax.random.key(1), (2, 3, 5), 4, 150)
    target = np.array(jax.random.randint(jax.random.key(2), (2, 3, 6), 4, 150))
    target[..., 0], target[..., 4], target[0, 1, 3:] = BOS, EOS, [EOS, PAD, PAD]
    recalled = model.recall(source, jnp.asarray(target))
    assert np.array_equal(recalled.tokens, target[..., 1:].reshape(2, 15))
    for n, k in np.ndindex(2, 3):
        now, memory = model.encode(source[n, k][None])
        for t in range(5):
            now, _, _ = model.step(now, target[n, k, t][None], memory)
            np.testing.assert_allclose(
                now.fed[0], recalled.readouts[n, 5 * k + t], atol=1e-5
            )  # with input feeding, what is fed is the readout


@pytest.mark.parametrize("width", [1, 3])
def test_an_untrained_network_repeats_the_example_of_its_very_sentence(pairs, pieces, width):
    graph, state = create()
    own = Examples(pairs, pieces, pieces, SHAPE, count=1)
    # At equal readouts an example has half of the probability, more than all other tokens.
    translator = Translator(graph, state, pieces, pieces, *SHAPE, alpha=2.0, examples=own)
    texts = pairs.source[:40]
    expected = [subwords.clean(line) for line in pairs.target[:40]]
    assert translator(texts, width=width) == expected
    assert translator.alternatives(texts[3], width).translations[0].text == expected[3]
    assert dataclasses.replace(translator, examples=None)(texts, width=width) != expected


def test_the_batch_and_its_padding_change_no_translation(pairs, pieces):
    graph, state = create()
    found = Examples(pairs, pieces, pieces, SHAPE, count=2)
    translator = Translator(graph, state, pieces, pieces, *SHAPE, examples=found)
    texts = [line.replace("the", "a") for line in pairs.source[:7]]
    together = translator(texts, width=2)
    assert together == [translator([line], width=2)[0] for line in texts]
    wide = [np.pad(side, ((0, 0), (0, 0), (0, 3))) for side in found.nearest(texts)]
    rows = source_rows(texts, pieces)
    beams = [
        decoding.beam(graph, state, rows, 40, 2, 0.6, some) for some in (wide, found.nearest(texts))
    ]
    assert np.array_equal(beams[0].tokens, beams[1].tokens)
    np.testing.assert_allclose(beams[0].score, beams[1].score, atol=1e-5)


def test_the_most_alike_come_first():
    pairs = text.Pairs(
        ["You are ready.", "Is the old cat ready?", "The old cat sleeps here.", "Go!"],
        ["Tu es prêt.", "Le vieux chat est-il prêt ?", "Le vieux chat dort ici.", "Va !"],
        "by hand", "none",
    )  # fmt: skip
    pieces = subwords.train([*pairs.source, *pairs.target], 60)
    found = Examples(pairs, pieces, pieces, (40, 40), count=9)
    source, target = found.nearest(["The old cat sleeps."])
    assert source.shape == (1, 4, 40)  # no more than there are
    order = [pieces.decode(row) for row in source[0]]
    assert order[:2] == ["The old cat sleeps here.", "Is the old cat ready?"]
    assert pieces.decode(target[0, 0]) == "Le vieux chat dort ici."


def test_examples_are_found_in_either_unicode_form():
    lines = ["The café is near.", "The cafe is near.", "A naïve café."]
    pieces = subwords.train(lines, 40)
    found = Examples(text.Pairs(lines, lines, "by hand", "none"), pieces, pieces, (40, 40), count=1)
    for line in lines:
        source, _ = found.nearest([unicodedata.normalize("NFD", line)])
        assert pieces.decode(source[0, 0]) == line


def test_long_pairs_are_left_out_and_none_is_an_error(pairs, pieces):
    few = Examples(pairs, pieces, pieces, (12, 16))
    assert 0 < len(few.source) == len(few.target) < len(pairs)
    assert (few.source[:, :1] != PAD).all()
    assert ((few.source == EOS).sum(axis=1) == 1).all()  # whole sentences
    with pytest.raises(ValueError, match="No pair fits"):
        Examples(pairs, pieces, pieces, (1, 1))
    with pytest.raises(ValueError, match="count is 0"):
        Examples(pairs, pieces, pieces, SHAPE, count=0)
