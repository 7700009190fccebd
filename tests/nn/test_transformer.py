"""Transformer layers against loops, JAX's own attention and counted parameters."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from karpa_helpers import runtime
from karpa_helpers.nn import transformer
from karpa_helpers.nn.positions import Positions, sinusoids
from karpa_helpers.nn.transformer import KeysValues

N, T, S, H, D = 2, 5, 7, 3, 12


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)


Q, K, V = draw(N, T, H, 4), draw(N, S, H, 4, seed=1), draw(N, S, H, 4, seed=2)
UPSTREAM = draw(N, T, H, 4, seed=3)
PADDING = np.array([[1, 1, 1, 0, 0, 0, 0], [1] * 7], bool)[:, None, None]
RANDOM = np.random.default_rng(4).random((N, H, T, S)) < 0.5
RANDOM[..., 0] = True
CAUSAL = np.tril(np.ones((1, 1, T, S), bool))
MASKS = {"all": None, "padding": PADDING, "random": RANDOM, "causal": CAUSAL}


@pytest.mark.parametrize("name", MASKS)
def test_heads_equal_jax_forward_and_gradient(name: str) -> None:
    mask = MASKS[name]

    def ours(q: Any, k: Any, v: Any) -> Any:
        return jnp.sum(transformer.attend_heads(q, k, v, mask)[0] * UPSTREAM)

    def library(q: Any, k: Any, v: Any) -> Any:
        return jnp.sum(jax.nn.dot_product_attention(q, k, v, mask=mask) * UPSTREAM)

    np.testing.assert_allclose(
        transformer.attend_heads(Q, K, V, mask)[0],
        jax.nn.dot_product_attention(Q, K, V, mask=mask),
        atol=1e-5,
    )
    for a, b in zip(
        *(jax.grad(f, argnums=(0, 1, 2))(Q, K, V) for f in (ours, library)), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_causal_is_the_library_s_causal() -> None:
    keys, values = K[:, :T], V[:, :T]
    found, weights = transformer.attend_heads(Q, keys, values, transformer.causal_mask(T))
    expected = jax.nn.dot_product_attention(Q, keys, values, is_causal=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_array_equal(np.triu(weights, 1), 0)


def test_heads_by_a_loop() -> None:
    found, weights = transformer.attend_heads(Q, K, V, RANDOM)
    for n, h, t in itertools.product(range(N), range(H), range(T)):
        scores = np.array([Q[n, t, h] @ K[n, s, h] / 2 for s in range(S)])
        a = np.where(RANDOM[n, h, t], np.exp(scores), 0)
        a /= a.sum()
        np.testing.assert_allclose(weights[n, h, t], a, atol=1e-5)
        np.testing.assert_allclose(found[n, t, h], a @ V[n, :, h], atol=1e-5)


def test_a_row_that_may_look_nowhere_gives_zeros_also_backwards() -> None:
    mask = np.ones((N, 1, T, S), bool)
    mask[0, 0, 2] = False

    def total(q: Any, k: Any, v: Any) -> Any:
        return jnp.sum(transformer.attend_heads(q, k, v, mask)[0] ** 2)

    found, weights = transformer.attend_heads(Q, K, V, mask)
    np.testing.assert_array_equal(found[0, 2], 0)
    np.testing.assert_array_equal(weights[0, :, 2], 0)
    slopes = jax.grad(total, argnums=(0, 1, 2))(Q, K, V)
    assert all(np.isfinite(slope).all() for slope in slopes)
    np.testing.assert_array_equal(slopes[0][0, 2], 0)


def with_cudnn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """As if there were an NVIDIA GPU: XLA answers for its library; the calls are counted."""
    library, asked = jax.nn.dot_product_attention, []

    def answer(*arrays: jax.Array, implementation: str, **more: Any) -> jax.Array:
        asked.append(implementation)
        return library(*arrays, implementation="xla", **more)

    monkeypatch.setattr(runtime, "has_cudnn", lambda: True)
    monkeypatch.setattr(jax.nn, "dot_product_attention", answer)
    return asked


@pytest.mark.parametrize("kind", ["all", "causal", "padded", "a row that may look nowhere"])
def test_one_kernel_is_the_same_attention(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    q, k, v = (jnp.array(draw(2, 6, 2, 8), jnp.bfloat16) for _ in range(3))
    real = jnp.arange(6) < jnp.array([6, 0 if "nowhere" in kind else 3])[:, None]
    masks = {"all": None, "causal": transformer.causal_mask(6)}
    mask = masks.get(kind, real[:, None, None])

    def loss(q: jax.Array, k: jax.Array, v: jax.Array) -> tuple[jax.Array, Any]:
        context, weights = transformer.attend_heads(q, k, v, mask)
        return (context.astype(jnp.float32) ** 2).sum(), (context, weights)

    both = jax.value_and_grad(loss, (0, 1, 2), has_aux=True)
    wanted, asked = both(q, k, v), with_cudnn(monkeypatch)
    found = both(q, k, v)
    assert asked == ["cudnn"]
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(
            np.asarray(a, np.float32), np.asarray(b, np.float32), atol=0.05, rtol=0.05
        )
    if "nowhere" in kind:
        assert not np.asarray(found[0][1][0][1], np.float32).any()


def test_one_kernel_only_where_the_library_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    low, asked = jnp.bfloat16, with_cudnn(monkeypatch)

    def ask(length: int, width: int, dtype: Any, masked: bool = True, drop: Any = None) -> int:
        asked.clear()
        x = jnp.ones((1, length, 2, width), dtype)
        mask = transformer.causal_mask(length) if masked else None
        transformer.attend_heads(x, x, x, mask, drop)
        return len(asked)

    assert ask(4, 8, low) == ask(4, 128, low) == ask(4, 8, jnp.float16) == 1
    assert ask(4, 8, jnp.float32) == ask(4, 12, low) == ask(4, 136, low) == 0
    assert (ask(5, 8, low), ask(5, 8, low, masked=False)) == (0, 1)
    assert ask(4, 8, low, drop=lambda weights: weights) == 0


def test_weights_that_nobody_reads_are_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    with_cudnn(monkeypatch)
    monkeypatch.setattr(jax.nn, "dot_product_attention", lambda q, k, v, **_: v)
    x = jnp.ones((1, 4, 2, 8), jnp.bfloat16)

    def exponentials(part: int) -> bool:
        function = jax.jit(lambda x: transformer.attend_heads(x, x, x)[part])
        return "exponential" in function.lower(x).compile().as_text()

    assert exponentials(1)
    assert not exponentials(0)


def test_one_head_is_lesson_13_s_attention() -> None:
    from karpa_helpers.maths import attention

    found, _ = transformer.attend_heads(Q[:, :, :1], K[:, :, :1], V[:, :, :1])
    expected = attention.scaled_dot_product_attention(Q[:, :, 0], K[:, :, 0], V[:, :, 0])
    np.testing.assert_allclose(found[:, :, 0], expected, atol=1e-6)


def test_the_layer_by_hand() -> None:
    layer = transformer.MultiHeadAttention(D, H, rngs=nnx.Rngs(0))
    x, y = draw(1, T, D), draw(1, S, D)
    found, _ = layer(jnp.array(x), layer.look_at(jnp.array(y)))
    q, kv = np.asarray(layer.to_queries.kernel[...]), np.asarray(layer.to_keys_values.kernel[...])
    heads = []
    for h in range(H):
        own = slice(4 * h, 4 * h + 4)
        scores = (x[0] @ q[:, own]) @ (y[0] @ kv[:, :D][:, own]).T / 2
        a = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        heads.append(a @ (y[0] @ kv[:, D:][:, own]))
    expected = np.concatenate(heads, axis=1) @ np.asarray(layer.to_output.kernel[...])
    np.testing.assert_allclose(found[0], expected, atol=1e-5)


def test_sinusoids_and_the_rotation_of_a_shift() -> None:
    places, width = np.arange(50), 8
    found = np.asarray(sinusoids(places, width))
    for p, i in itertools.product((0, 1, 49), range(width // 2)):
        angle = p / 10_000 ** (2 * i / width)
        np.testing.assert_allclose(found[p, 2 * i], np.sin(angle), atol=1e-5)
        np.testing.assert_allclose(found[p, 2 * i + 1], np.cos(angle), atol=1e-5)
    shift = 3
    for i in range(width // 2):
        turn = shift / 10_000 ** (2 * i / width)
        R = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        pair = found[:, 2 * i : 2 * i + 2]
        np.testing.assert_allclose(pair[:-shift] @ R.T, pair[shift:], atol=1e-5)
    with pytest.raises(ValueError, match="even"):
        sinusoids(places, 7)


@pytest.mark.parametrize("kind", ["sinusoidal", "learned", "none"])
def test_positions(kind: Any) -> None:
    positions = Positions(kind, 6, D, rngs=nnx.Rngs(0))
    table = positions.first(6)
    np.testing.assert_array_equal(positions(jnp.array([4, 0])), table[jnp.array([4, 0])])
    assert (np.abs(table[1:] - table[:-1]).max(axis=1) > 0).all() == (kind != "none")
    if kind == "learned":
        with pytest.raises(ValueError, match="only 6 positions"):
            positions.first(7)
    else:
        assert positions.first(9).shape == (9, D)


def test_without_positions_the_order_does_not_count() -> None:
    stack = transformer.Stack(2, D, H, rngs=nnx.Rngs(0))
    x, order = jnp.array(draw(N, T, D)), np.array([3, 0, 4, 1, 2])
    np.testing.assert_allclose(stack(x[:, order])[0], stack(x)[0][:, order], atol=1e-5)
    places = sinusoids(np.arange(T), D)
    moved, straight = stack(x[:, order] + places)[0], stack(x + places)[0][:, order]
    assert np.abs(moved - straight).max() > 0.1


@pytest.mark.parametrize("cross", [False, True])
def test_parameters_by_formula(cross: bool) -> None:
    stack = transformer.Stack(3, D, H, cross=cross, rngs=nnx.Rngs(0))
    assert transformer.count_parameters(stack) == transformer.stack_parameters(3, D, cross)


@pytest.mark.parametrize("cross", [False, True])
def test_steps_with_a_cache_equal_all_at_once(cross: bool) -> None:
    stack = transformer.Stack(2, D, H, cross=cross, rngs=nnx.Rngs(1))
    x, y = 2 * draw(N, T, D), draw(N, S, D)
    memory = stack.look_at_memory(jnp.array(y)) if cross else None
    seen = jnp.array(PADDING) if cross else None
    whole, looked = stack(jnp.array(x), transformer.causal_mask(T), memory, seen)
    caches = stack.empty_cache(N, T + 3)  # room that is never used changes nothing
    step = jax.jit(lambda x, caches, place: stack.step(x, caches, place, memory, seen))
    for t in range(T):
        out, caches, weights = step(x[:, t : t + 1], caches, jnp.full(N, t))
        np.testing.assert_allclose(out[:, 0], whole[:, t], atol=1e-5)
        if cross:
            np.testing.assert_allclose(weights[1][:, :, 0], looked[1][:, :, t], atol=1e-5)
    assert all(leaf.shape[:2] == (N, T + 3) for leaf in jax.tree.leaves(caches))


def test_rows_of_a_cache_stand_at_their_own_places() -> None:
    block = transformer.Block(D, H, rngs=nnx.Rngs(0))
    x = draw(2, 3, D)
    empty = KeysValues(jnp.zeros((2, 4, H, 4)), jnp.zeros((2, 4, H, 4)))
    alone = empty
    for t in range(2):
        expected, alone, _ = block.step(x[:, t : t + 1], alone, jnp.full(2, t))
    late, _, _ = block.step(x[:, :1], empty, jnp.zeros(2, int))
    # Row 0 is one place further than row 1.
    mixed = jax.tree.map(lambda a, b: jnp.stack([a[0], b[1]]), alone, empty)
    mixed = jax.tree.map(lambda a: a.at[0, 1].set(0), mixed)
    now = jnp.stack([x[0, 1:2], x[1, :1]])
    found, _, _ = block.step(now, mixed, jnp.array([1, 0]))
    np.testing.assert_allclose(found[0], expected[0], atol=1e-5)
    np.testing.assert_allclose(found[1], late[1], atol=1e-5)


def test_a_later_place_cannot_change_an_earlier_one() -> None:
    stack = transformer.Stack(2, D, H, rngs=nnx.Rngs(0))
    x, mask = jnp.array(draw(N, T, D)), transformer.causal_mask(T)
    before = stack(x, mask)[0]
    after = stack(x.at[:, 3:].set(9.0), mask)[0]
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert np.abs(before[:, 3:] - after[:, 3:]).max() > 0.1


def test_the_sum_starts_with_one_size() -> None:
    def size(layers: int) -> float:
        stack = transformer.Stack(layers, 64, 4, rngs=nnx.Rngs(0))
        x = jnp.array(draw(4, 16, 64))
        for block in stack.blocks:
            x, _ = block(x)
        return float(x.std())

    assert size(12) < 1.3 * size(2) < 2.5


def test_dropout_needs_training_mode_and_draws_anew() -> None:
    stack = transformer.Stack(1, D, H, dropout=0.5, rngs=nnx.Rngs(0))
    x = jnp.array(draw(N, T, D))
    outs = [stack(x, rngs=nnx.Rngs(key))[0] for key in (0, 0, 1)]
    np.testing.assert_array_equal(outs[0], outs[1])
    assert not np.allclose(outs[0], outs[2])
    stack.eval()
    np.testing.assert_array_equal(stack(x)[0], stack(x, rngs=nnx.Rngs(1))[0])


def test_settings_that_do_not_fit_are_refused() -> None:
    rngs = nnx.Rngs(0)
    with pytest.raises(ValueError, match="5 heads cannot share"):
        transformer.MultiHeadAttention(D, 5, rngs=rngs)
    with pytest.raises(ValueError, match="layers is 0"):
        transformer.Stack(0, D, H, rngs=rngs)
    with pytest.raises(ValueError, match="kind is 'rotary'"):
        Positions("rotary", 4, D, rngs=rngs)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs a memory"):
        transformer.Block(D, H, cross=True, rngs=rngs)(jnp.array(draw(N, T, D)))
