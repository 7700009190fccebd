"""The GAN losses against NumPy in float64 and against the closed form of their gradients."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from karpa_helpers.gan import losses

LOGITS = np.linspace(-30, 30, 241)


def log_sigmoid(o: np.ndarray) -> np.ndarray:
    return -np.logaddexp(0, -np.asarray(o, np.float64))


def sigmoid(o: np.ndarray) -> np.ndarray:
    return np.exp(log_sigmoid(o))


def test_discriminator_loss_is_minus_the_value_of_the_game():
    generator = np.random.default_rng(0)
    real, fake = generator.normal(0, 5, 100), generator.normal(0, 5, 70)
    value = log_sigmoid(real).mean() + log_sigmoid(-fake).mean()
    found = losses.discriminator_loss(jnp.array(real), jnp.array(fake))
    np.testing.assert_allclose(found, -value, rtol=1e-5)


def test_discriminator_loss_at_the_equilibrium():
    assert losses.discriminator_loss(jnp.zeros(5), jnp.zeros(3)) == pytest.approx(2 * np.log(2))


@pytest.mark.parametrize(
    ("loss", "value", "slope"),
    [
        (losses.saturating_loss, lambda o: log_sigmoid(-o), lambda o: -sigmoid(o)),
        (losses.non_saturating_loss, lambda o: -log_sigmoid(o), lambda o: -(1 - sigmoid(o))),
    ],
)
def test_generator_losses_and_their_slopes(loss, value, slope):
    values, slopes = jax.vmap(jax.value_and_grad(loss))(jnp.array(LOGITS))
    np.testing.assert_allclose(values, value(LOGITS), rtol=2e-5, atol=1e-12)
    np.testing.assert_allclose(slopes, slope(LOGITS), rtol=2e-5, atol=2e-7)


def test_discriminator_slopes():
    logits = jnp.array(LOGITS)
    by_real, by_fake = jax.grad(losses.discriminator_loss, argnums=(0, 1))(logits, logits)
    np.testing.assert_allclose(by_real * len(LOGITS), -(1 - sigmoid(LOGITS)), rtol=2e-5, atol=2e-7)
    np.testing.assert_allclose(by_fake * len(LOGITS), sigmoid(LOGITS), rtol=2e-5, atol=1e-12)


def test_only_the_non_saturating_loss_pushes_where_the_discriminator_is_sure():
    sure = jnp.array(-20.0)
    assert abs(jax.grad(losses.saturating_loss)(sure)) < 1e-8
    assert jax.grad(losses.non_saturating_loss)(sure) == pytest.approx(-1, abs=1e-6)


@pytest.mark.parametrize("loss", [losses.saturating_loss, losses.non_saturating_loss])
@pytest.mark.parametrize("logit", [-1e4, 1e4])
def test_generator_losses_stay_finite(loss, logit):
    value, slope = jax.value_and_grad(loss)(jnp.array(logit))
    assert np.isfinite([value, slope]).all()


@pytest.mark.parametrize(("real", "fake"), [(-1e4, 1e4), (1e4, -1e4), (-1e4, -1e4)])
def test_discriminator_loss_stays_finite(real, fake):
    value, slopes = jax.value_and_grad(losses.discriminator_loss, (0, 1))(
        jnp.array(real), jnp.array(fake)
    )
    assert np.isfinite([value, *slopes]).all()
    assert value == pytest.approx(max(-real, 0) + max(fake, 0))


def test_the_mean_is_over_all_axes():
    logits = jnp.arange(6.0)
    for loss in (losses.saturating_loss, losses.non_saturating_loss):
        assert loss(logits.reshape(2, 3)) == pytest.approx(float(loss(logits)))


# The family

REAL = np.random.default_rng(1).normal(0.5, 2, 9)
FAKE = np.random.default_rng(2).normal(-0.5, 2, 9)

# Name -> (discriminator's loss, generator's loss), in NumPy and float64.
BY_HAND = {
    "minimax": lambda r, f: (
        -log_sigmoid(r).mean() - log_sigmoid(-f).mean(),
        log_sigmoid(-f).mean(),
    ),
    "non-saturating": lambda r, f: (
        -log_sigmoid(r).mean() - log_sigmoid(-f).mean(),
        -log_sigmoid(f).mean(),
    ),
    "least squares": lambda r, f: (
        np.mean((r - 1) ** 2) / 2 + np.mean(f**2) / 2,
        np.mean((f - 1) ** 2) / 2,
    ),
    "hinge": lambda r, f: (
        np.mean(np.where(r < 1, 1 - r, 0)) + np.mean(np.where(f > -1, 1 + f, 0)),
        -f.mean(),
    ),
    "Wasserstein": lambda r, f: (f.mean() - r.mean(), -f.mean()),
    "relativistic pairing": lambda r, f: (
        -log_sigmoid(r - f).mean(),
        -log_sigmoid(f - r).mean(),
    ),
}
FAMILY = pytest.mark.parametrize("game", losses.GAMES, ids=lambda game: game.name)


def f32(*arrays):
    return [jnp.array(array, jnp.float32) for array in arrays]


@FAMILY
def test_losses_of_the_family(game):
    real, fake = f32(REAL, FAKE)
    expected = BY_HAND[game.name](REAL, FAKE)
    found = game.discriminator(real, fake), game.generator(real, fake)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@FAMILY
def test_slopes_of_the_family_by_central_differences(game):
    for loss, index in ((game.discriminator, 0), (game.generator, 1)):
        slopes = jax.grad(loss, argnums=(0, 1))(*f32(REAL, FAKE))
        for which in (0, 1):
            for i in range(3):
                step = np.zeros(9)
                step[i] = 1e-5
                up, down = ([REAL, FAKE] for _ in range(2))
                up[which], down[which] = up[which] + step, down[which] - step
                difference = BY_HAND[game.name](*up)[index] - BY_HAND[game.name](*down)[index]
                np.testing.assert_allclose(
                    slopes[which][i], difference / 2e-5, rtol=1e-3, atol=1e-6
                )


@FAMILY
def test_the_players_pull_apart(game):
    # Undecided, the discriminator wants real up and fake down; the generator wants its fakes up.
    real = fake = jnp.full(4, 0.5)
    by_real, by_fake = jax.grad(game.discriminator, argnums=(0, 1))(real, fake)
    assert by_real.sum() < 0 < by_fake.sum()
    assert jax.grad(game.generator, argnums=1)(real, fake).sum() < 0


@FAMILY
def test_losses_are_scalars_and_stay_finite(game):
    far = jnp.array([1e4, -1e4])
    for loss in (game.discriminator, game.generator):
        value, slopes = jax.value_and_grad(loss, (0, 1))(far, -far)
        assert value.shape == ()
        assert np.isfinite([value, *slopes[0], *slopes[1]]).all()


def test_the_pairing_loss_needs_pairs():
    with pytest.raises(ValueError, match="pairs"):
        losses.pairing_loss(jnp.zeros(3), jnp.zeros(1))


def test_the_pairing_loss_sees_differences_only():
    real, fake = f32(REAL, FAKE)
    moved = losses.pairing_loss(real + 100, fake + 100)
    np.testing.assert_allclose(moved, losses.pairing_loss(real, fake), rtol=1e-3)


# Penalties, on D(x) = |x|^2 / 2, whose slope at x is x

KEY = jax.random.key(0)
POINTS = jnp.array([[3.0, 4.0], [0.0, 1.0]])
OTHERS = jnp.array([[6.0, 8.0], [0.0, 2.0]])


def bowl(x):
    return 0.5 * jnp.sum(x.reshape(len(x), -1) ** 2, axis=1)


def test_slopes_are_each_examples_own():
    np.testing.assert_allclose(losses.slopes(bowl, POINTS), POINTS)
    images = jnp.arange(24.0).reshape(2, 2, 3, 2)
    np.testing.assert_allclose(losses.slopes(bowl, images), images.reshape(2, 12))


def test_penalties_by_hand():
    assert losses.r1(bowl, POINTS, OTHERS, KEY) == pytest.approx((25 + 1) / 2 / 2)
    assert losses.r1_r2(bowl, POINTS, OTHERS, KEY) == pytest.approx((26 + 104) / 2 / 2)


def test_slope_one_is_zero_for_a_slope_of_one():
    assert losses.slope_one(lambda x: x @ jnp.array([0.6, 0.8]), POINTS, OTHERS, KEY) < 1e-10
    double = losses.slope_one(lambda x: x @ jnp.array([1.2, 1.6]), POINTS, OTHERS, KEY)
    assert double == pytest.approx(1.0, rel=1e-5)


def test_slope_one_looks_between_the_two():
    # Between x and 2x the slope of the bowl is u x with 1 < u < 2: each example has its own u.
    values = [
        float(losses.slope_one(bowl, POINTS, OTHERS, jax.random.key(seed))) for seed in range(20)
    ]
    low, high = ((5 - 1) ** 2 + 0) / 2, ((10 - 1) ** 2 + 1) / 2
    assert low < min(values) < max(values) < high
    assert len(set(values)) == 20


def test_slope_one_of_a_flat_critic_is_finite():
    def loss(weight):
        return losses.slope_one(lambda x: weight * x.sum(1), POINTS, OTHERS, KEY)

    value, slope = jax.value_and_grad(loss)(0.0)
    assert value == pytest.approx(1.0, rel=1e-3)
    assert np.isfinite(slope)
