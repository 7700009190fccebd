"""Activations in bfloat16: what computes in it, what stays in float32, and that it still learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from benchmarks import flops
from karpa_helpers import runtime, training
from karpa_helpers.gan import fitting as games
from karpa_helpers.gan import losses, networks
from karpa_helpers.lessons import lesson_08_networks, lesson_15
from karpa_helpers.seq2seq import fitting as sentences
from karpa_helpers.seq2seq.networks import Seq2Seq
from karpa_helpers.seq2seq.transformer import Transformer
from karpa_helpers.training import precision

WORDS, LENGTH, LOW = 12, 6, "bfloat16"
PRODUCTS = ("dot_general", "conv_general_dilated")


def sentence_batch(count: int = 8) -> dict[str, jax.Array]:
    random = np.random.default_rng(0)
    rows = random.integers(3, WORDS, (count, LENGTH)).astype(np.int32)
    rows[: count // 2, -2:] = 0  # PAD
    begun = np.concatenate([np.ones((count, 1), np.int32), rows], axis=1)
    return {"source": jnp.asarray(rows), "target": jnp.asarray(begun)}


def text_batch() -> dict[str, jax.Array]:
    return {"ids": sentence_batch()["target"]}


def seq2seq(**options: Any) -> nnx.Module:
    return Seq2Seq(WORDS, WORDS, 8, 16, rngs=nnx.Rngs(0), **options)


MODELS: dict[str, tuple[Callable[[], nnx.Module], Any, Callable[[], Any]]] = {
    "GRU with attention": (
        lambda: seq2seq(attention="general"), sentences.pair_loss(), sentence_batch,
    ),
    "GRU with input feeding": (
        lambda: seq2seq(attention="dot", input_feeding=True, tied=True, lexical=True, dropout=0.1),
        sentences.pair_loss(0.1), sentence_batch,
    ),
    "LSTM with one vector": (lambda: seq2seq(kind="lstm"), sentences.pair_loss(), sentence_batch),
    "Transformer": (
        lambda: Transformer(WORDS, WORDS, 16, 2, 1, dropout=0.1, rngs=nnx.Rngs(0)),
        sentences.pair_loss(0.1), sentence_batch,
    ),
    "GPT": (
        lambda: lesson_15.GPT(WORDS, LENGTH, 16, 2, 1, rngs=nnx.Rngs(0)), lesson_15.text_loss(),
        text_batch,
    ),
    "recurrent text model": (
        lambda: lesson_15.RecurrentModel(WORDS, 8, 16, rngs=nnx.Rngs(0)), lesson_15.text_loss(),
        text_batch,
    ),
}  # fmt: skip


def made(name: str, activations: Any) -> tuple[Any, Any, Any]:
    """(step, state, batch) of a model."""
    make, loss, batch = MODELS[name]
    optimizer = optax.sgd(0.1)
    graph, state = training.create_state(make(), optimizer)
    return training.gradient_step(graph, optimizer, loss, activations=activations), state, batch()


def game(pixels: int, activations: Any, **settings: Any) -> tuple[Any, Any, Any]:
    """(step, state, batch) of a game with images."""
    recipe = games.Recipe(latent_dim=8, activations=activations, **settings)
    if pixels == 28:
        pair: Any = (
            networks.DCGANGenerator(8, 4, rngs=nnx.Rngs(0)),
            networks.DCGANDiscriminator(4, rngs=nnx.Rngs(1)),
        )
    else:
        pair = (
            lesson_08_networks.ResidualGenerator(8, 4, pixels, rngs=nnx.Rngs(0)),
            lesson_08_networks.ResidualDiscriminator(4, pixels, rngs=nnx.Rngs(1)),
        )
    graphs, state = games.create_game_state(*pair, recipe)
    channels = 1 if pixels == 28 else 3
    pictures = np.random.default_rng(0).integers(0, 256, (4, pixels, pixels, channels))
    return games.adversarial_step(graphs, recipe), state, jnp.asarray(pictures, jnp.uint8)


def products(jaxpr: Any) -> Iterator[tuple[str, set[str]]]:
    """Of every product in a program, and in those it calls: its name, and its factors' types."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in PRODUCTS:
            yield equation.primitive.name, {str(v.aval.dtype) for v in equation.invars}
        for program in flops.inner_programs(equation.params.values()):
            yield from products(program)


def types_of(step: Any, state: Any, batch: Any) -> list[set[str]]:
    found = list(products(jax.make_jaxpr(step)(state, batch, jax.random.key(0)).jaxpr))
    assert found
    return [types for _, types in found]


def in_gpu_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Traces what a GPU gets; tracing computes nothing."""
    monkeypatch.setattr(runtime, "on_accelerator", lambda: True)


@pytest.mark.parametrize("name", MODELS)
def test_every_product_of_a_text_model_is_in_bfloat16(name: str) -> None:
    assert all(types == {"float32"} for types in types_of(*made(name, None)))
    assert all(types == {"bfloat16"} for types in types_of(*made(name, LOW)))


@pytest.mark.parametrize("on_gpu", [False, True])
@pytest.mark.parametrize("pixels", [28, 16])
def test_every_product_of_a_game_is_in_bfloat16(
    pixels: int, on_gpu: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if on_gpu:
        in_gpu_form(monkeypatch)
    assert all(types == {"bfloat16"} for types in types_of(*game(pixels, LOW)))


@pytest.mark.parametrize("on_gpu", [False, True])
def test_the_penalty_of_a_game_stays_in_float32(
    on_gpu: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if on_gpu:
        in_gpu_form(monkeypatch)
    with_penalty = types_of(*game(16, LOW, penalty=losses.r1_r2, game=losses.RELATIVISTIC))
    without = types_of(*game(16, LOW, game=losses.RELATIVISTIC))
    assert with_penalty.count({"bfloat16"}) == len(without)
    assert with_penalty.count({"float32"}) == len(with_penalty) - len(without) > 0


def test_the_penalty_is_the_one_of_float32() -> None:
    found = {}
    for low in (None, LOW):
        step, state, batch = game(16, low, penalty=losses.r1)  # of real images only
        found[low] = jax.jit(step)(state, batch, jax.random.key(0))[1]
    np.testing.assert_allclose(found[LOW]["penalty"], found[None]["penalty"], rtol=1e-5)
    assert found[LOW]["d_loss"] != found[None]["d_loss"]  # this one has been rounded


def kinds(tree: Any) -> Any:
    return [(leaf.shape, str(leaf.dtype)) for leaf in jax.tree.leaves(tree)]


def gradient(name: str, low: Any) -> tuple[float, np.ndarray]:
    """(loss, what a step of plain descent changed, in one row)."""
    step, state, batch = made(name, low)
    new, metrics = jax.jit(step)(state, batch, jax.random.key(0))
    assert kinds(new) == kinds(state)
    assert metrics["loss"].dtype == jnp.float32
    change = jax.tree.map(lambda a, b: (a - b).ravel(), state["params"], new["params"])
    return float(metrics["loss"]), np.concatenate(jax.tree.leaves(change))


@pytest.mark.parametrize("name", ["GRU with input feeding", "LSTM with one vector", "GPT"])
def test_a_step_in_bfloat16_goes_where_that_of_float32_goes(name: str) -> None:
    exact, wanted = gradient(name, None)
    loss, found = gradient(name, LOW)
    np.testing.assert_allclose(loss, exact, rtol=0.01)
    cosine = found @ wanted / np.linalg.norm(found) / np.linalg.norm(wanted)
    assert 0.995 < cosine < 1


def test_a_game_in_bfloat16_keeps_its_state_in_float32() -> None:
    step, state, batch = game(28, LOW)
    new, metrics = jax.jit(step)(state, batch, jax.random.key(0))
    exact = jax.jit(game(28, None)[0])(state, batch, jax.random.key(0))[1]
    assert kinds(new) == kinds(state)
    assert all(value.dtype == jnp.float32 for value in metrics.values())
    for name, value in metrics.items():
        np.testing.assert_allclose(value, exact[name], rtol=0.02)


def test_a_model_learns_in_bfloat16() -> None:
    ends = {}
    for low in (None, LOW):
        step, state, batch = made("Transformer", low)
        compiled = jax.jit(step)
        for number in range(60):
            state, metrics = compiled(state, batch, jax.random.key(number))
            ends.setdefault(low, []).append(float(metrics["loss"]))
    first, last = ends[None][0], np.mean(ends[None][-10:])
    assert last < 0.8 * first
    np.testing.assert_allclose(np.mean(ends[LOW][-10:]), last, rtol=0.05)


def test_lowered_leaves_integers_and_keys() -> None:
    tree = {"weight": jnp.ones(2), "count": jnp.arange(2), "key": jax.random.key(0)}
    low = precision.cast_to(tree, jnp.bfloat16)
    assert low["weight"].dtype == jnp.bfloat16
    assert all(low[name].dtype == tree[name].dtype for name in ("count", "key"))
    plain = {"number": 3, "flag": True, "flags": np.ones(2, bool), "half": np.ones(2, np.float16)}
    assert all(x is plain[n] for n, x in precision.cast_to(plain, "bfloat16").items())
    assert precision.cast_to(tree, None) is tree
    assert precision.cast_to(tree, "float32")["weight"].dtype == jnp.float32


@pytest.mark.parametrize("wrong", ["float16", "int8"])
def test_other_types_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=f'activations is {wrong}; give "bfloat16"'):
        precision.cast_to(jnp.ones(1), wrong)
    step, state, batch = made("GPT", wrong)
    with pytest.raises(ValueError, match="activations is"):
        step(state, batch, jax.random.key(0))


def test_raised_keeps_what_has_more_digits() -> None:
    assert precision.to_float32(jnp.ones(1, jnp.bfloat16)).dtype == jnp.float32
    assert precision.to_float32(jnp.ones(1)).dtype == jnp.float32
