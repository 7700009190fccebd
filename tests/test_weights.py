"""Weights that ship: what is saved comes back, and what is wrong is named."""

from __future__ import annotations

import hashlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from karpa_helpers import runtime, weights
from karpa_helpers.data import images
from karpa_helpers.gan import judges
from karpa_helpers.gan.judges import Classifier, load_yardstick
from karpa_helpers.weights import WeightsError
from tools import train_weights

FASHION = images.fashion_mnist

CARD = {
    "what": "a test's network",
    "input": "(N, 3) floats",
    "data": "none",
    "licence": "Apache-2.0",
    "seed": 0,
    "preset": "ci",
    "steps": 0,
    "score": {"name": "luck", "value": 0.5, "low": 0.4, "high": 0.6, "unit": "", "data": "none"},
    "code": "this test",
}


class Network(nnx.Module):
    """Every kind of leaf: weights, statistics, a list of modules, a random key, a counter."""

    def __init__(self, rngs: nnx.Rngs, width: int = 3) -> None:
        self.layers = runtime.module_list(nnx.Linear(3, width, rngs=rngs) for _ in range(2))
        self.norm = nnx.BatchNorm(3, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)


def weights_of(seed: int, width: int = 3):
    _, params, rest = nnx.split(Network(nnx.Rngs(seed), width), nnx.Param, ...)
    return {"params": params, "rest": rest}


def plain(tree):
    """The arrays of a tree, without its random keys."""
    return [np.asarray(x) for x in jax.tree.leaves(tree) if not weights.is_key(x)]


@pytest.fixture
def folder(tmp_path):
    weights.save("net", weights_of(0), CARD, tmp_path)
    return tmp_path


def test_round_trip(folder):
    loaded = weights.load("net", weights_of(1), folder)
    assert jax.tree.structure(loaded) == jax.tree.structure(weights_of(0))
    for a, b in zip(plain(loaded), plain(weights_of(0)), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    assert weights.available(folder) == ["net"]


def test_a_template_needs_no_values(folder):
    shapes = nnx.eval_shape(lambda: Network(nnx.Rngs(0)))
    _, params, rest = nnx.split(shapes, nnx.Param, ...)
    loaded = weights.load("net", {"params": params, "rest": rest}, folder)
    for a, b in zip(plain(loaded["params"]), plain(weights_of(0)["params"]), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "array",
    [
        np.float32(2.5),
        np.arange(12, dtype=np.float32).reshape(3, 4).T,
        np.ones((2, 0), np.int8),
        np.arange(5, dtype=np.uint32),
        np.float16([1, 2]),
    ],
)
def test_shapes_orders_and_types_survive(tmp_path, array):
    weights.save("one", {"a": [array]}, CARD, tmp_path)
    back = weights.load("one", {"a": [array]}, tmp_path)["a"][0]
    assert (back.shape, back.dtype) == (array.shape, array.dtype)
    np.testing.assert_array_equal(back, array)


OTHERS = "bfloat16 float8_e4m3fn float8_e5m2 float8_e8m0fnu int4 uint4 int64 float64 complex128"


@pytest.mark.parametrize("dtype", ["bool", "uint16", "complex64", *OTHERS.split()])
def test_a_type_comes_back_or_is_refused(tmp_path, dtype):
    array = np.array([1, 0, 1]).astype(jnp.dtype(dtype))
    if dtype in OTHERS.split():
        with pytest.raises(WeightsError, match=f"a/0 is {dtype}.*Convert it first"):
            weights.save("one", {"a": [array]}, CARD, tmp_path)
        assert weights.available(tmp_path) == []
        return
    weights.save("one", {"a": [array]}, CARD, tmp_path)
    back = weights.load("one", {"a": [array]}, tmp_path)["a"][0]
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


def test_a_card_may_hold_numbers_of_numpy_and_jax(tmp_path):
    score = {**CARD["score"], "value": np.float32(0.5), "low": jnp.float32(0.25)}
    card = {**CARD, "seed": np.int64(3), "steps": jnp.int32(2), "data": tmp_path, "score": score}
    weights.save("net", weights_of(0), card, tmp_path)
    found = weights.card("net", tmp_path)
    assert (found["seed"], found["steps"], found["data"]) == (3, 2, str(tmp_path))
    assert (found["score"]["value"], found["score"]["low"]) == (0.5, 0.25)


def test_names_are_keys_and_positions_only():
    names = set(weights._named(weights_of(0)))
    assert {"params/layers/0/kernel", "params/layers/1/bias", "rest/norm/mean"} <= names
    assert not any("value" in name for name in names)


def test_two_leaves_of_one_name_are_refused(tmp_path):
    tree = {"a": {"b": np.ones(1)}, "a/b": np.ones(1)}
    with pytest.raises(WeightsError, match="Two leaves have the name 'a/b'"):
        weights.save("twins", tree, CARD, tmp_path)


def test_a_leaf_that_is_no_array_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="a/0 is of type float"):
        weights.save("number", {"a": [1.0]}, CARD, tmp_path)


def test_another_shape_is_named(folder):
    with pytest.raises(WeightsError, match=r"params/layers/0/bias: float32\[3\] stored, "
                       r"float32\[5\] expected"):  # fmt: skip
        weights.load("net", weights_of(0, width=5), folder)


def test_another_dtype_is_named(folder):
    half = jax.tree.map(lambda x: x.astype(jnp.float16), weights_of(0)["params"])
    template = {**weights_of(0), "params": half}
    with pytest.raises(WeightsError, match=r"float32\[3\] stored, float16\[3\] expected"):
        weights.load("net", template, folder)


def test_missing_and_extra_leaves_are_named(folder):
    template = weights_of(0)
    with pytest.raises(WeightsError, match=r"extra: nothing stored, float32\[2\] expected"):
        weights.load("net", {**template, "extra": jnp.ones(2)}, folder)
    with pytest.raises(WeightsError, match=r"rest/norm/mean: .* stored, nothing expected"):
        weights.load("net", {"params": template["params"]}, folder)


def test_a_damaged_file_is_refused(folder):
    path = folder / "net.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"net\.safetensors is damaged.*Install the course"):
        weights.load("net", weights_of(0), folder)
    path.unlink()
    with pytest.raises(WeightsError, match=r"net\.safetensors cannot be read.*Install the course"):
        weights.load("net", weights_of(0), folder)


@pytest.mark.parametrize("content", ["{", "[]", "{}", "3"])
def test_a_damaged_card_is_refused(folder, content):
    (folder / "net.json").write_text(content)
    with pytest.raises(WeightsError, match=r"net\.json is damaged"):
        weights.load("net", weights_of(0), folder)


def test_an_unknown_name_lists_what_there_is(folder, tmp_path_factory):
    with pytest.raises(WeightsError, match="no weights 'nets'; there are: net"):
        weights.load("nets", weights_of(0), folder)
    with pytest.raises(WeightsError, match="there are: none"):
        weights.card("net", tmp_path_factory.mktemp("empty"))


@pytest.mark.parametrize("name", ["", "../net", "a b", "a.b"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path, name):
    with pytest.raises(WeightsError, match="no name for weights"):
        weights.save(name, weights_of(0), CARD, tmp_path)


def test_a_card_must_be_whole_and_honest(tmp_path):
    less = {field: value for field, value in CARD.items() if field != "licence"}
    with pytest.raises(WeightsError, match="lacks licence"):
        weights.save("net", weights_of(0), less, tmp_path)
    score = {field: value for field, value in CARD["score"].items() if field != "low"}
    with pytest.raises(WeightsError, match=r"lacks score\.low"):
        weights.save("net", weights_of(0), {**CARD, "score": score}, tmp_path)
    outside = {**CARD["score"], "value": 0.7}
    with pytest.raises(WeightsError, match="outside its own interval"):
        weights.save("net", weights_of(0), {**CARD, "score": outside}, tmp_path)
    assert weights.available(tmp_path) == []


def test_weights_too_large_to_ship_are_refused(tmp_path):
    with pytest.raises(WeightsError, match="8,000,000 ship"):
        weights.save("big", {"a": np.zeros(2_100_000, np.float32)}, CARD, tmp_path)


# What ships.


@pytest.mark.parametrize("name", weights.available())
def test_what_ships_is_small_and_described(name):
    card = weights.card(name)
    assert set(weights.CARD_FIELDS) <= set(card)
    assert set(weights.SCORE_FIELDS) <= set(card["score"])
    path = weights.FOLDER / f"{name}.safetensors"
    assert path.stat().st_size == card["bytes"] <= weights.MAX_BYTES
    assert hashlib.sha256(path.read_bytes()).hexdigest() == card["sha256"]


def test_every_file_that_ships_has_a_card_and_a_recipe():
    files = {path.stem for path in weights.FOLDER.iterdir()}
    assert files == set(weights.available()) == set(train_weights.RECIPES)


def test_the_yardstick_is_as_good_as_its_card_says(capsys):
    yardstick, score = load_yardstick(), weights.card(judges.YARDSTICK)["score"]
    # The embedded images are the official test part, which the card's score was taken on.
    right = [
        yardstick.accuracy(part) * len(part)
        for part in (images.fashion_mnist("train"), images.fashion_mnist("held_out"))
    ]
    accuracy = 100 * sum(right) / 10_000
    assert score["low"] < accuracy < score["high"]
    assert accuracy == pytest.approx(score["value"], abs=0.05)
    assert accuracy > 91.5


def test_features_of_the_yardstick_do_not_die(capsys):
    features = load_yardstick().measure(images.fashion_mnist("held_out").pixels)[1]
    assert features.shape == (2000, 64)
    assert (features.std(axis=0) > 0).mean() > 0.8


def test_training_what_ships_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(train_weights.images, "fashion_mnist", lambda part, whole: FASHION(part))
    with pytest.raises(train_weights.TrainingError, match="wants Fashion-MNIST's 60,000"):
        train_weights.fashion_classifier(tmp_path)
    assert train_weights.main([judges.YARDSTICK]) == 1
    assert "data fetch fashion_mnist" in capsys.readouterr().err
    monkeypatch.setattr(train_weights, "FASHION_COUNT", 8000)
    train_weights.fashion_classifier(tmp_path, steps=2)
    weights.load(judges.YARDSTICK, template_of_the_yardstick(), tmp_path)
    assert weights.card(judges.YARDSTICK, tmp_path)["steps"] == 2


def template_of_the_yardstick():
    _, params, rest = nnx.split(Classifier(rngs=nnx.Rngs(3)), nnx.Param, ...)
    return {"params": params, "rest": rest}
