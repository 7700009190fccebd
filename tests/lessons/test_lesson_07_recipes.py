"""The recipes: that each trains its own networks, and what is said of them."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from karpa_helpers import training
from karpa_helpers.gan import fitting, losses
from karpa_helpers.lessons import lesson_07_images

PIXELS = np.random.default_rng(0).integers(0, 256, (16, 28, 28, 1)).astype(np.uint8)


@pytest.mark.parametrize("make", [lesson_07_images.dcgan_setup, lesson_07_images.small_setup])
def test_a_recipe_trains_its_networks(make):
    generator, discriminator, recipe = make(0, latent_dim=5, width=4)
    graphs, state = fitting.create_game_state(generator, discriminator, recipe)
    step = fitting.adversarial_step(graphs, recipe)
    run = training.fit(step, state, PIXELS, batch_size=8, steps=2, show=False)
    assert np.isfinite(run.curve["d_loss"]).all()
    assert fitting.sample(graphs, run.state, jax.random.key(0), 3, 5).shape == (3, 28, 28, 1)


@pytest.mark.parametrize("make", [lesson_07_images.dcgan_setup, lesson_07_images.small_setup])
def test_the_seed_decides_the_first_weights(make):
    def weights(seed):
        pair = make(seed, latent_dim=5, width=4)[:2]
        states = [training.create_state(network, make(seed)[2].optimizer())[1] for network in pair]
        return np.concatenate([np.ravel(x) for s in states for x in jax.tree.leaves(s["params"])])

    np.testing.assert_array_equal(weights(0), weights(0))
    assert (weights(0) != weights(1)).any()


def test_the_small_recipe_plays_the_relativistic_game_with_both_penalties():
    recipe = lesson_07_images.small_setup(0).recipe
    assert recipe.game is losses.RELATIVISTIC
    assert recipe.penalty is losses.r1_r2
    assert lesson_07_images.dcgan_setup(0).recipe.game is losses.NON_SATURATING
