"""What the discriminator sees: DiffAugment against NumPy by hand, sharpening against SciPy."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from karpa_helpers.lessons import lesson_08_augment

KEY = jax.random.key(0)
EACH = [*lesson_08_augment.ALL, lesson_08_augment.diff_augment]


def images(count: int = 5, size: int = 16) -> jax.Array:
    return jax.random.uniform(jax.random.key(1), (count, size, size, 3), minval=-1)


@pytest.mark.parametrize("change", EACH)
def test_strength_0_changes_nothing(change):
    np.testing.assert_allclose(change(KEY, images(), 0.0), images(), atol=1e-6)


@pytest.mark.parametrize("change", EACH)
def test_each_image_has_its_own_random_numbers(change):
    same = jnp.repeat(images(1), 40, axis=0)
    changed = np.asarray(change(KEY, same, 1.0))
    assert len({one.tobytes() for one in changed}) > 10


@pytest.mark.parametrize("change", EACH)
def test_one_key_gives_one_result_also_when_compiled(change):
    first = change(KEY, images(), 1.0)
    compiled = jax.jit(change, static_argnums=2)(KEY, images(), 1.0)
    np.testing.assert_allclose(first, compiled, rtol=1e-5, atol=1e-6)
    assert not np.allclose(first, change(jax.random.key(9), images(), 1.0))


@pytest.mark.parametrize("change", EACH)
def test_gradients_flow_to_every_image_and_twice(change):
    def loss(x):
        return jnp.sum(jnp.sin(change(KEY, x, 1.0)))

    slope = jax.grad(loss)(images())
    assert (np.abs(slope).max((1, 2, 3)) > 0).all()
    twice = jax.grad(lambda x: jnp.sum(jax.grad(loss)(x) ** 2))(images())
    assert np.isfinite(twice).all()
    assert float(jnp.abs(twice).max()) > 0


def test_translation_shifts_all_channels_alike_and_fills_with_grey():
    x = np.asarray(images(60))
    moved = np.asarray(lesson_08_augment.translation(KEY, jnp.asarray(x), 1.0))
    most, found = round(16 / 8), set()
    padded = np.pad(x, ((0, 0), (most, most), (most, most), (0, 0)))
    for index, one in enumerate(moved):
        shifts = [
            (down, right)
            for down in range(-most, most + 1)
            for right in range(-most, most + 1)
            if np.allclose(
                one,
                padded[index, most - down : most - down + 16, most - right : most - right + 16],
                atol=1e-6,
            )
        ]
        assert len(shifts) == 1
        found |= set(shifts)
    assert {down for down, _ in found} == {right for _, right in found} == set(range(-2, 3))


def test_colour_against_numpy():
    x = np.asarray(images(4), np.float64)
    b, s, c = np.asarray(jax.random.uniform(KEY, (3, 4), minval=-1), np.float64)
    expected = []
    for image, bright, saturate, contrast in zip(x, b, s, c, strict=True):
        y = image + bright / 2
        grey = y.mean(axis=2, keepdims=True)
        y = grey + (1 + saturate) * (y - grey)
        expected.append(y.mean() + (1 + contrast / 2) * (y - y.mean()))
    changed = lesson_08_augment.colour(KEY, jnp.asarray(x, jnp.float32))
    np.testing.assert_allclose(changed, expected, atol=1e-5)


def test_cutout_cuts_one_rectangle_of_at_most_half_the_side():
    cut = np.asarray(lesson_08_augment.cutout(KEY, jnp.ones((80, 16, 16, 3)), 1.0))
    assert set(np.unique(cut)) == {0.0, 1.0}
    sides = []
    for image in cut:
        hole = (image == 0).all(-1)
        rows, columns = hole.any(1), hole.any(0)
        assert (hole == np.outer(rows, columns)).all()
        assert (image[~hole] == 1).all()
        sides += [rows.sum(), columns.sum()]
    assert max(sides) == 8
    assert min(sides) >= 4  # a hole around a pixel of the edge lies half outside


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match="shape"):
        lesson_08_augment.diff_augment(KEY, jnp.zeros((16, 16, 3)))
    with pytest.raises(ValueError, match="strength"):
        lesson_08_augment.diff_augment(KEY, images(), 2.0)


def test_sharpening_against_scipy():
    x = np.random.default_rng(0).uniform(-1, 1, (2, 9, 7, 3)).astype("f4")
    blurred = ndimage.convolve1d(x, [0.25, 0.5, 0.25], axis=1, mode="nearest")
    blurred = ndimage.convolve1d(blurred, [0.25, 0.5, 0.25], axis=2, mode="nearest")
    sharp = jax.jit(lesson_08_augment.sharpen, static_argnums=1)(x, 1.5)
    np.testing.assert_allclose(sharp, x + 1.5 * (x - blurred), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(lesson_08_augment.sharpen(x, 0.0), x)
    flat = jnp.full((1, 5, 5, 3), 0.3)
    np.testing.assert_allclose(lesson_08_augment.sharpen(flat, 9.0), flat, rtol=1e-5)
