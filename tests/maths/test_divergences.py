"""The divergences against SciPy, against closed forms, and on what is no distribution."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats
from scipy.spatial import distance

from karpa_helpers.gan import losses
from karpa_helpers.maths import divergences

P = np.array([0.4, 0.3, 0.2, 0.1, 0.0, 0.0])
Q = np.array([0.1, 0.3, 0.4, 0.0, 0.2, 0.0])
POSITIVE = np.array([0.1, 0.3, 0.2, 0.1, 0.2, 0.1])
POINTS = np.array([-2.0, -1.0, 0.5, 1.0, 4.0, 4.5])
BOTH = (
    divergences.kl,
    divergences.js,
    divergences.optimal_discriminator,
    divergences.best_value,
)


def draws(count: int = 20, outcomes: int = 7) -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.full(outcomes, 0.5), size=(count, 2))


@pytest.mark.parametrize("pair", draws())
def test_divergences_equal_scipy(pair):
    p, q = pair
    points = np.sort(np.random.default_rng(1).normal(size=len(p)))
    assert divergences.kl(p, q) == pytest.approx(stats.entropy(p, q), rel=1e-4, abs=1e-6)
    expected = distance.jensenshannon(p, q) ** 2
    assert divergences.js(p, q) == pytest.approx(expected, rel=1e-4, abs=1e-6)
    expected = stats.wasserstein_distance(points, points, p, q)
    assert divergences.wasserstein_1d(p, q, points) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_zeros():
    assert divergences.kl(P, POSITIVE) == pytest.approx(stats.entropy(P, POSITIVE), rel=1e-5)
    assert jnp.isposinf(divergences.kl(P, Q))
    assert divergences.js(P, Q) == pytest.approx(distance.jensenshannon(P, Q) ** 2, rel=1e-5)


def test_equal_and_disjoint():
    left, right = np.array([0.5, 0.5, 0, 0]), np.array([0, 0, 0.25, 0.75])
    for p in (P, left):
        assert divergences.kl(p, p) == 0
        assert divergences.js(p, p) == 0
    assert divergences.js(left, right) == pytest.approx(np.log(2))
    assert jnp.isposinf(divergences.kl(left, right))


def test_js_of_nearly_equal_distributions_is_small_and_not_negative():
    p = np.full(1000, 1e-3)
    q = p * (1 + 1e-4 * np.where(np.arange(1000) % 2, 1, -1))
    assert 0 <= divergences.js(p, q) < 1e-6


def test_optimal_discriminator():
    expected = [0.8, 0.5, 1 / 3, 1, 0, 0.5]
    np.testing.assert_allclose(divergences.optimal_discriminator(P, Q), expected, rtol=1e-6)


@pytest.mark.parametrize("pair", draws(5, 4))
def test_no_discriminator_has_a_higher_value(pair):
    p, q = pair

    def negative(logits):
        return p @ np.logaddexp(0, -logits) + q @ np.logaddexp(0, logits)

    best = optimize.minimize(negative, np.zeros(4), tol=1e-9)
    found = divergences.value(divergences.optimal_discriminator(p, q), p, q)
    assert found == pytest.approx(-best.fun, abs=1e-5)


@pytest.mark.parametrize("pair", [*draws(5), (P, Q)])
def test_value_at_the_optimum_is_two_js_minus_log_four(pair):
    p, q = pair
    found = divergences.value(divergences.optimal_discriminator(p, q), p, q)
    assert found == pytest.approx(2 * distance.jensenshannon(p, q) ** 2 - np.log(4), rel=1e-4)


@pytest.mark.parametrize("pair", [*draws(5), (P, Q)])
def test_best_value_is_the_value_of_the_best_discriminator(pair):
    found = divergences.best_value(*pair)
    best = divergences.optimal_discriminator(*pair)
    assert found == pytest.approx(float(divergences.value(best, *pair)), abs=1e-5)
    assert found == pytest.approx(2 * distance.jensenshannon(*pair) ** 2 - np.log(4), abs=1e-5)


@pytest.mark.parametrize("tiny", [1e-7, 1e-9, 1e-20, 1e-37, 1e-44, 0])
def test_best_value_is_finite_where_the_best_discriminator_rounds_to_sure(tiny):
    p, q = np.array([0.5, 0.5, 0, tiny], np.float32), np.array([tiny, 0.5, 0.5, 0], np.float32)
    expected = 2 * distance.jensenshannon(p.astype(float), q.astype(float)) ** 2 - np.log(4)
    assert divergences.best_value(p, q) == pytest.approx(expected, abs=1e-5)


def test_value_is_minus_the_loss_of_the_discriminator():
    logits = np.array([1.0, -0.5, 2.0, 0.0, -3.0, 1.0])
    real, fake = (np.repeat(logits, np.rint(10 * x).astype(int)) for x in (P, Q))
    found = divergences.value(jax.nn.sigmoid(logits), P, Q)
    np.testing.assert_allclose(found, -losses.discriminator_loss(real, fake), rtol=1e-5)


def test_value_where_the_discriminator_is_sure():
    half = np.array([0.5, 0.5])
    assert divergences.value(np.array([1, 0]), np.array([1, 0]), np.array([0, 1])) == 0
    assert jnp.isneginf(divergences.value(np.array([1.0, 0.5]), half, half))


def test_wasserstein_of_a_shift_is_the_shift():
    p, q = np.zeros(101), np.zeros(101)
    p[20:30] = q[57:67] = 0.1
    points = np.linspace(0, 10, 101)
    assert divergences.wasserstein_1d(p, q, points) == pytest.approx(3.7, rel=1e-5)
    assert divergences.wasserstein_1d(q, p, points) == pytest.approx(3.7, rel=1e-5)


@pytest.mark.parametrize("function", [divergences.js, divergences.kl])
def test_gradients_equal_finite_differences(function):
    p, q = P[:4], POSITIVE[:4] / POSITIVE[:4].sum()

    def along(t, direction):
        return function(p, q + t * direction)

    for direction in np.eye(4)[:3] - np.eye(4)[1:]:
        found = jax.grad(along)(0.0, direction)
        step = 1e-2
        expected = (along(step, direction) - along(-step, direction)) / (2 * step)
        assert found == pytest.approx(float(expected), rel=5e-3, abs=1e-3)


def test_gradients_stay_finite_at_zeros():
    for function in (divergences.js, lambda p, q: divergences.kl(q, POSITIVE)):
        assert np.isfinite(jax.grad(function, argnums=(0, 1))(P, Q)).all()
    by_q = jax.grad(lambda q: divergences.value(divergences.optimal_discriminator(P, q), P, q))(Q)
    assert np.isfinite(by_q).all()


def test_under_jit_and_vmap():
    pairs = jnp.asarray(draws())
    together = jax.jit(jax.vmap(divergences.js))(pairs[:, 0], pairs[:, 1])
    np.testing.assert_allclose(together, [divergences.js(p, q) for p, q in pairs], atol=1e-6)


def test_constants_inside_jit_are_looked_at():
    half, points = jnp.array([0.5, 0.5]), jnp.array([0.0, 1.0])
    too_much = jnp.array([0.5, 0.6])
    shift = jax.jit(lambda p: divergences.wasserstein_1d(p, half, points))
    np.testing.assert_allclose(shift(jnp.array([1.0, 0.0])), 0.5)
    played = jax.jit(lambda p: divergences.value(half, p, half))
    np.testing.assert_allclose(played(half), -np.log(4), rtol=1e-6)
    with pytest.raises(ValueError, match="sums to"):
        jax.jit(lambda p: divergences.js(p, too_much))(half)


@pytest.mark.parametrize("function", BOTH)
@pytest.mark.parametrize(
    ("p", "message"),
    [
        ([0.5, 0.6, -0.1], "negative"),
        ([0.5, 0.4, 0.0], "sums to 0.9"),
        ([0.5, np.nan, 0.5], "not finite"),
        ([0.5, np.inf, 0.5], "not finite"),
        ([0.5, 0.5], "shapes differ"),
        ([[0.2, 0.3, 0.5]], "shapes differ"),
    ],
)
def test_what_is_no_distribution_is_refused(function, p, message):
    good = np.array([0.2, 0.3, 0.5])
    for arguments in ((np.array(p), good), (good, np.array(p))):
        with pytest.raises(ValueError, match=message):
            function(*arguments)


def test_a_batch_and_nothing_are_refused():
    for shape in ((2, 3), (0,), ()):
        with pytest.raises(ValueError, match="one probability an outcome"):
            divergences.js(np.full(shape, 1 / 3), np.full(shape, 1 / 3))


@pytest.mark.parametrize("D", [[0.5, 1.2], [-0.1, 0.5], [np.nan, 0.5]])
def test_a_logit_is_no_answer(D):
    half = np.array([0.5, 0.5])
    with pytest.raises(ValueError, match="not a logit"):
        divergences.value(np.array(D), half, half)
    with pytest.raises(ValueError, match="one answer an outcome"):
        divergences.value(np.array([0.5]), half, half)


@pytest.mark.parametrize("points", [[1.0, 0.0], [0.0, 0.0], [0.0, np.nan], [0.0, np.inf]])
def test_points_must_increase(points):
    half = np.array([0.5, 0.5])
    with pytest.raises(ValueError, match="increase"):
        divergences.wasserstein_1d(half, half, np.array(points))
    with pytest.raises(ValueError, match="they must agree"):
        divergences.wasserstein_1d(half, half, np.arange(3))
