"""Attention against NumPy by hand, SciPy and JAX's own, and the faults that attention can hide."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import jax.test_util
import numpy as np
import pytest
from scipy import special, stats

from karpa_helpers.maths import attention

N, T, S, DQ, DK, H, DV = 2, 3, 5, 4, 6, 7, 8


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)


QUERIES, KEYS, VALUES = draw(N, T, DQ), draw(N, S, DK), draw(N, S, DV)
WEIGHT, WQ, WK, VECTOR = draw(DQ, DK), draw(DQ, H), draw(DK, H), draw(H)
MASK = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 0]], bool)


def dot(queries, keys):
    return attention.dot_score(queries, keys[..., :DQ])


def general(queries, keys):
    return attention.general_score(queries, keys, WEIGHT)


def additive(queries, keys):
    return attention.additive_score(queries, keys, WQ, WK, VECTOR)


SCORES = {"dot": dot, "general": general, "additive": additive}
BY_HAND = {
    "dot": lambda q, k: sum(q[i] * k[i] for i in range(DQ)),
    "general": lambda q, k: sum(q[i] * WEIGHT[i, j] * k[j] for i in range(DQ) for j in range(DK)),
    "additive": lambda q, k: sum(
        VECTOR[h] * np.tanh(sum(q * WQ[:, h]) + sum(k * WK[:, h])) for h in range(H)
    ),
}


@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 3, 5), (1,)])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 20.0])
def test_softmax_equals_scipy(shape, temperature):
    e = 4 * draw(*shape)
    found = attention.softmax(e, temperature=temperature)
    np.testing.assert_allclose(found, special.softmax(e / temperature, axis=-1), rtol=1e-4)


def test_softmax_of_huge_scores():
    found = attention.softmax(np.array([1e4, 1e4, -1e30, 3e38]))
    np.testing.assert_allclose(found, [0, 0, 0, 1])
    np.testing.assert_allclose(
        attention.softmax(np.array([1e6, 1e6 + 1])), [0.26894, 0.73106], 1e-3
    )


def test_softmax_takes_integers_and_keeps_half_precision():
    assert attention.softmax(np.array([1, 2])).dtype == jnp.float32
    assert attention.softmax(jnp.ones(3, jnp.bfloat16)).dtype == jnp.bfloat16
    many = attention.softmax(jnp.zeros(5000, jnp.bfloat16)).astype(jnp.float32)
    np.testing.assert_allclose(many.sum(), 1, rtol=1e-2)


def test_masked_entries_are_exactly_zero_and_the_others_a_softmax():
    e = draw(N, T, S)
    found = np.asarray(attention.softmax(e, MASK[:, None, :]))
    for n, used in enumerate(MASK):
        assert (found[n][:, ~used] == 0).all()
        np.testing.assert_allclose(
            found[n][:, used], special.softmax(e[n][:, used], axis=-1), rtol=1e-5
        )


@pytest.mark.parametrize("hidden", [np.nan, np.inf, -np.inf, 1e30])
def test_what_a_masked_entry_holds_changes_nothing(hidden):
    e = draw(N, T, S)
    spoilt = np.where(MASK[:, None, :], e, hidden)

    def total(e, temperature):
        return jnp.sum(attention.softmax(e, MASK[:, None, :], temperature) ** 2)

    expected = jax.grad(total, argnums=(0, 1))(e, 0.7)
    np.testing.assert_array_equal(total(e, 0.7), total(spoilt, 0.7))
    for found, wanted in zip(jax.grad(total, argnums=(0, 1))(spoilt, 0.7), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert (np.asarray(expected[0])[~np.broadcast_to(MASK[:, None], e.shape)] == 0).all()


@pytest.mark.parametrize("low", [-1e4, -1.0, 1.0, 1e4])
def test_a_row_masked_as_a_whole_gives_zeros_and_no_gradient(low):
    e = low + draw(2, S)
    mask = np.array([[False] * S, [True] * S])

    def total(e, temperature):
        return jnp.sum(jnp.sin(attention.softmax(e, mask, temperature)))

    np.testing.assert_array_equal(attention.softmax(e, mask)[0], 0)
    by_e, by_temperature = jax.grad(total, argnums=(0, 1))(e, 1.0)
    np.testing.assert_array_equal(by_e[0], 0)
    assert np.isfinite(by_e).all()
    assert np.isfinite(by_temperature)
    assert np.abs(by_e[1]).max() > 0


def test_scores_of_minus_infinity_count_as_masked():
    e = np.array([[0.0, 1.0, -np.inf], [-np.inf] * 3])
    found = attention.softmax(e)
    np.testing.assert_allclose(found[0, :2], special.softmax([0, 1]), rtol=1e-5)
    np.testing.assert_array_equal(found[1], 0)
    slopes = jax.grad(lambda e: jnp.sum(attention.softmax(e) ** 2))(e)
    assert np.isfinite(slopes).all()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_jacobian_equals_differentiation(temperature):
    e = draw(4)
    p = attention.softmax(e, temperature=temperature)
    found = attention.softmax_jacobian(p) / temperature
    np.testing.assert_allclose(found, np.diag(p) / temperature - np.outer(p, p) / temperature, 1e-5)
    by_jax = jax.jacfwd(lambda e: attention.softmax(e, temperature=temperature))(e)
    np.testing.assert_allclose(found, by_jax, atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=-1), 0, atol=1e-6)
    rows = attention.softmax_jacobian(special.softmax(draw(2, 3, 4), axis=-1))
    assert rows.shape == (2, 3, 4, 4)


def test_entropy_equals_scipy():
    p = special.softmax(3 * draw(6, 5), axis=-1)
    np.testing.assert_allclose(attention.entropy(p), stats.entropy(p, axis=-1), rtol=1e-5)
    np.testing.assert_allclose(attention.entropy([0.0, 1.0, 0.0]), 0)
    np.testing.assert_allclose(attention.entropy(np.full(8, 1 / 8)), np.log(8), rtol=1e-6)
    np.testing.assert_array_equal(attention.entropy(np.zeros((2, 3))), 0)
    assert np.isfinite(jax.grad(attention.entropy)(jnp.array([0.0, 0.3, 0.7]))).all()
    with pytest.raises(ValueError, match="not scores"):
        attention.entropy([-1.0, 2.0])


@pytest.mark.parametrize("name", SCORES)
def test_scores_equal_a_loop(name):
    found = SCORES[name](QUERIES, KEYS)
    assert found.shape == (N, T, S)
    for n, t, j in np.ndindex(N, T, S):
        expected = BY_HAND[name](QUERIES[n, t], KEYS[n, j])
        np.testing.assert_allclose(found[n, t, j], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
def test_scores_take_any_leading_dimensions(name, lead):
    queries, keys = draw(*lead, T, DQ), draw(*lead, S, DK)
    found = SCORES[name](queries, keys)
    assert found.shape == (*lead, T, S)
    for index in np.ndindex(*lead):
        np.testing.assert_allclose(
            found[index], SCORES[name](queries[index], keys[index]), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("name", SCORES)
def test_permuting_the_source_permutes_the_weights_and_keeps_the_context(name):
    """A well-known tutorial's attention never looked at the encoder, for years."""
    order = np.array([3, 0, 4, 1, 2])
    context, weights = attention.attend(SCORES[name](QUERIES, KEYS), VALUES, MASK[:, None, :])
    moved_context, moved = attention.attend(
        SCORES[name](QUERIES, KEYS[:, order]), VALUES[:, order], MASK[:, None, order]
    )
    np.testing.assert_allclose(moved, weights[..., order], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(moved_context, context, rtol=1e-4, atol=1e-5)
    assert np.abs(moved - weights).max() > 0.05  # the weights do depend on the source


@pytest.mark.parametrize("name", SCORES)
def test_every_argument_matters(name):
    slopes = jax.grad(
        lambda q, k, v: jnp.sum(attention.attend(SCORES[name](q, k), v)[0] ** 2), argnums=(0, 1, 2)
    )(QUERIES, KEYS, VALUES)
    for slope in slopes:
        assert (np.abs(slope).sum(axis=-1) > 0).all()


def test_attend_equals_a_loop():
    scores = draw(N, T, S)
    context, weights = attention.attend(scores, VALUES, MASK[:, None, :], 0.5)
    for n, t in np.ndindex(N, T):
        used = np.flatnonzero(MASK[n])
        p = special.softmax(scores[n, t, used] / 0.5)
        np.testing.assert_allclose(weights[n, t, used], p, rtol=1e-5)
        expected = sum(p[i] * VALUES[n, j] for i, j in enumerate(used))
        np.testing.assert_allclose(context[n, t], expected, rtol=1e-4, atol=1e-6)


def test_a_query_with_nothing_to_look_at_gets_the_context_zero():
    mask = np.zeros((N, 1, S), bool)
    context, _ = attention.attend(draw(N, T, S), VALUES, mask)
    np.testing.assert_array_equal(context, 0)


@pytest.mark.parametrize("masked", [False, True])
def test_scaled_dot_product_attention_equals_jax(masked):
    heads, d = 3, 16
    q, k, v = draw(N, T, heads, d), draw(N, S, heads, d, seed=1), draw(N, S, heads, d, seed=2)
    mask = MASK[:, None, None, :] if masked else None
    expected = jax.nn.dot_product_attention(*map(jnp.asarray, (q, k, v)), mask=mask)
    found = attention.scaled_dot_product_attention(*(np.swapaxes(x, 1, 2) for x in (q, k, v)), mask)
    np.testing.assert_allclose(np.swapaxes(found, 1, 2), expected, rtol=1e-4, atol=1e-5)


def test_scaled_dot_product_attention_divides_by_the_root_of_the_width():
    q, k, v = draw(T, DQ), draw(S, DQ), draw(S, DV)
    expected = special.softmax(q @ k.T / np.sqrt(DQ), axis=-1) @ v
    found = attention.scaled_dot_product_attention(q, k, v)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_under_jit_vmap_and_a_traced_temperature():
    e = draw(N, T, S)
    found = jax.jit(jax.vmap(attention.softmax, in_axes=(0, 0, None)))(e, MASK[:, None], 0.4)
    np.testing.assert_allclose(found, attention.softmax(e, MASK[:, None], 0.4), rtol=1e-5)


@pytest.mark.parametrize("temperature", [0, -1.0, np.nan, np.inf])
def test_a_temperature_that_is_not_above_zero_is_refused(temperature):
    with pytest.raises(ValueError, match="above 0"):
        attention.softmax(np.zeros(3), temperature=temperature)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: attention.softmax(1.0), "give"),
        (lambda: attention.softmax(np.zeros((2, 0))), "empty"),
        (lambda: attention.softmax(np.zeros(3), temperature=np.ones(3)), "one number"),
        (lambda: attention.softmax(np.zeros(3), np.array([1.0, 0, 1])), "booleans"),
        (lambda: attention.softmax(np.zeros((2, 3)), np.ones(3, bool)), "as many dimensions"),
        (lambda: attention.softmax(np.zeros((2, 3)), np.ones((3, 3), bool)), "as many dimensions"),
        (lambda: attention.attend(np.zeros((N, T, S)), VALUES, MASK), "mask\\[:, None, :\\]"),
        (lambda: attention.softmax_jacobian(1.0), "give"),
        (lambda: attention.dot_score(QUERIES, KEYS), "one width"),
        (lambda: attention.dot_score(QUERIES[0], KEYS[..., :DQ]), "must be equal"),
        (lambda: attention.dot_score(QUERIES[:1], KEYS[..., :DQ]), "must be equal"),
        (lambda: attention.dot_score(draw(DQ), draw(S, DQ)), "queries"),
        (lambda: attention.general_score(QUERIES, KEYS, WEIGHT.T), "weight has shape"),
        (lambda: attention.additive_score(QUERIES, KEYS, WQ, WK, VECTOR[:, None]), "vector"),
        (lambda: attention.additive_score(QUERIES, KEYS, WQ, WQ, VECTOR), "key_weight"),
        (lambda: attention.additive_score(QUERIES, KEYS, WK, WK, VECTOR), "query_weight"),
        (lambda: attention.attend(draw(N, T, S), VALUES[:, :-1]), "one value a key"),
        (lambda: attention.attend(draw(T, S), VALUES), "one value a key"),
        (lambda: attention.attend(draw(S), draw(S, DV)), "scores"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", SCORES)
def test_gradients_equal_finite_differences(name):
    def context(queries, keys):
        return attention.attend(SCORES[name](queries, keys), VALUES, MASK[:, None])[0]

    jax.test_util.check_grads(context, (QUERIES, KEYS), 1, modes=["rev"], atol=0.05, rtol=0.05)
