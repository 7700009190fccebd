"""The face reader: it learns the factors, counts what shows only, and refuses what is no face."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import optax
import pytest
from flax import nnx

from karpa_helpers import training
from karpa_helpers.data import images
from karpa_helpers.data.faces import FACTORS
from karpa_helpers.lessons import lesson_08_reader as face_reader

WRONG = [
    np.zeros((2, 32, 32, 3), np.float32),
    np.zeros((2, 32, 32, 1), np.uint8),
    np.zeros((32, 32, 3), np.uint8),
    np.zeros((0, 32, 32, 3), np.uint8),
    np.zeros((2, 33, 33, 3), np.uint8),
    np.zeros((2, 32, 64, 3), np.uint8),
    np.zeros((2, 16, 16, 3), np.uint8),
]


@pytest.fixture(scope="module")
def drawn():
    return [
        images.drawn_faces(part, pixels=32, count=n)
        for part, n in (("train", 600), ("held_out", 200))
    ]


@pytest.mark.slow
def test_it_learns_to_read(drawn):
    train, held_out = drawn
    reader = face_reader.fit_reader(train, steps=150, width=16)
    reading = reader.read(held_out.pixels, batch=90)
    assert reading.features.shape == (200, 64)
    shares = {k: a / b for k, (a, b) in face_reader.accuracy(reading, held_out.factors).items()}
    assert shares["background"] > 0.8
    assert shares["clothes"] > 0.4
    once = reader.read(held_out.pixels)
    np.testing.assert_array_equal(once.values["skin"], reading.values["skin"])


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_images_are_refused(wrong):
    with pytest.raises(ValueError, match=r"uint8|squares"):
        face_reader.shrink(wrong, 32)


def test_shrinking_takes_means_of_blocks(drawn):
    small = drawn[1].pixels[:3]
    large = np.repeat(np.repeat(small, 2, axis=1), 2, axis=2)
    np.testing.assert_array_equal(face_reader.shrink(large, 32), small)
    block = np.zeros((1, 2, 2, 3), np.uint8)
    block[0, :, :, 0] = [[0, 10], [20, 40]]
    assert face_reader.shrink(block, 1).tolist() == [[[[18, 0, 0]]]]


def test_heads_are_all_factors_and_the_eyes(drawn):
    factors = drawn[1].factors
    known = face_reader.truth(factors)
    assert set(known) == set(FACTORS) | {"eyes"} == set(face_reader.HEADS)
    assert (known["eyes"] == (factors["eye_openness"] >= face_reader.OPEN_FROM)).all()
    network = face_reader.ReaderNetwork(4, rngs=nnx.Rngs(0))
    heads = network.heads(network.features(images.to_unit(drawn[1].pixels[:2])))
    assert {n: h.shape[1] for n, h in heads.items()} == {
        n: len(v) for n, v in face_reader.HEADS.items()
    }


def test_labels_have_a_one_for_each_head(drawn):
    labels = face_reader.labels(drawn[1].factors)
    assert labels.shape == (len(drawn[1].pixels), face_reader.LABEL_DIM)
    assert set(np.unique(labels)) == {0.0, 1.0}
    start = 0
    for name, known in face_reader.truth(drawn[1].factors).items():
        stop = start + len(face_reader.HEADS[name])
        np.testing.assert_array_equal(labels[:, start:stop].argmax(1), known)
        np.testing.assert_array_equal(labels[:, start:stop].sum(1), 1)
        start = stop


def test_hidden_factors_are_not_counted():
    values = {
        "eye_colour": np.array([0, 1, 2, 2]), "eyes": np.array([1, 1, 0, 1]),
        "hair_colour": np.array([0, 0, 4, 1]), "hair_style": np.array([0, 1, 2, 0]),
    }  # fmt: skip
    assert face_reader.counts(values, "eye_colour").tolist() == [1, 1, 1, 0]
    assert face_reader.counts(values, "hair_colour").tolist() == [1, 0, 0, 0, 1]
    assert face_reader.counts(values, "hair_style").tolist() == [2, 1, 1, 0, 0, 0, 0]


def test_hidden_factors_do_not_teach(drawn):
    # The loss must not change where the colour of eyes that are closed does.
    network = face_reader.ReaderNetwork(4, rngs=nnx.Rngs(0))
    known = face_reader.truth(drawn[1].factors)
    closed = known["eyes"] == 0
    other = {**known, "eye_colour": np.where(closed, 3 - known["eye_colour"], known["eye_colour"])}
    pixels, key = drawn[1].pixels, jax.random.key(0)
    losses = [
        face_reader._reading_loss(network, {"pixels": pixels, "truth": t}, key)[0]
        for t in (known, other)
    ]
    assert closed.any()
    assert float(losses[0]) == float(losses[1])


def test_a_reader_needs_known_factors(drawn):
    with pytest.raises(ValueError, match="no known factors"):
        face_reader.fit_reader(replace(drawn[0], factors=None), steps=1)


def test_accuracy_counts_what_truly_shows(drawn):
    known = face_reader.truth(drawn[1].factors)
    wrong = {**known, "eye_colour": (known["eye_colour"] + 1) % 4}
    found = face_reader.accuracy(face_reader.Reading(wrong, np.zeros((200, 1))), drawn[1].factors)
    assert found["skin"] == (200, 200)
    assert found["eye_colour"] == (0, int(known["eyes"].sum()))


def test_evaluation_is_deterministic():
    graph, state = training.create_state(
        face_reader.ReaderNetwork(4, rngs=nnx.Rngs(0)), optax.sgd(0.1)
    )
    reader = face_reader.Reader(graph, state)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3)).astype(np.uint8)
    np.testing.assert_array_equal(reader.read(pixels).features, reader.read(pixels).features)
