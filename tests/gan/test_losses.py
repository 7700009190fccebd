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
