"""Stacked digits: which digit becomes which colour, and modes counted by a known reader."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from karpa_helpers.gan import fitting, losses
from karpa_helpers.lessons import lesson_07_images


def test_three_digits_become_three_colours():
    digits = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1) * np.ones((1, 28, 28, 1), np.uint8)
    found = np.asarray(lesson_07_images.stack(digits))
    assert found.shape == (2, 28, 28, 3)
    assert found.dtype == np.uint8
    assert found[:, 5, 7].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("shape", [(4, 28, 28, 1), (3, 28, 28, 3), (3, 28, 28)])
def test_what_cannot_be_stacked_is_named(shape):
    with pytest.raises(ValueError, match="three for each"):
        lesson_07_images.stack(np.zeros(shape, np.uint8))


class Reader:
    """Reads a digit from the first pixel."""

    def measure(self, images):
        assert images.shape[1:] == (28, 28, 1)
        return images[:, 0, 0, 0].astype(int), None


def test_modes_are_counted_by_colour():
    images = np.zeros((3, 28, 28, 3), np.uint8)
    images[0, 0, 0] = images[1, 0, 0] = (5, 7, 3)
    images[2, 0, 0] = (0, 0, 9)
    counts = lesson_07_images.count_modes(images, Reader())
    assert counts.shape == (1000,)
    assert counts.sum() == 3
    assert (counts[573], counts[9]) == (2, 1)


def test_the_discriminator_sees_each_image_alone():
    _, D = lesson_07_images.stacked_networks(4, 4, seed=1)
    images = jax.random.uniform(jax.random.key(0), (3, 28, 28, 3), minval=-1)
    alone = jnp.concatenate([D(images[i : i + 1]) for i in range(3)])
    np.testing.assert_allclose(D(images), alone, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="takes"):
        D(images[..., :1])


def test_seeds_give_other_networks():
    one, other = (lesson_07_images.stacked_networks(4, 4, seed) for seed in (0, 1))
    for a, b in zip(one, other, strict=True):
        assert (
            np.abs(
                nnx.state(a)["dense"]["kernel"][...] - nnx.state(b)["dense"]["kernel"][...]
            ).max()
            > 0.01
        )


def test_a_step_on_single_digits():
    recipe = lesson_07_images.stacked_recipe(4, 100)
    graphs, state = fitting.create_game_state(*lesson_07_images.stacked_networks(4, 4, 0), recipe)
    step = jax.jit(lesson_07_images.stacked_step(fitting.adversarial_step(graphs, recipe)))
    digits = np.random.default_rng(0).integers(0, 256, (12, 28, 28, 1)).astype(np.uint8)
    new, metrics = step(state, digits, jax.random.key(0))
    assert new["step"] == 1
    assert np.isfinite([float(v) for v in metrics.values()]).all()
    assert recipe.game is losses.RELATIVISTIC
    assert recipe.weight(0) == pytest.approx(0.3)
    assert float(recipe.weight(100)) == pytest.approx(0.03)
