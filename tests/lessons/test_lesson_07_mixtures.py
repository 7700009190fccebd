"""Mixtures: centres by hand, draws against the moments that the definition fixes."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from karpa_helpers.lessons.lesson_07 import grid, ring

KEY = jax.random.key(5)


def test_centres_of_a_ring():
    np.testing.assert_allclose(
        ring(4, radius=3).centres, [[3, 0], [0, 3], [-3, 0], [0, -3]], atol=1e-6
    )
    eight = ring().centres
    assert len(ring()) == 8
    np.testing.assert_allclose(np.linalg.norm(eight, axis=1), 2, rtol=1e-6)
    np.testing.assert_allclose(eight[1], [2**0.5, 2**0.5], rtol=1e-6)


def test_centres_of_a_grid():
    assert grid(2, spacing=6).centres.tolist() == [[-3, -3], [3, -3], [-3, 3], [3, 3]]
    centres = grid().centres
    assert len(grid()) == 25
    assert sorted({float(x) for x in centres.ravel()}) == [-4, -2, 0, 2, 4]
    assert len({tuple(c) for c in centres.tolist()}) == 25


@pytest.mark.parametrize("mixture", [ring(), grid()], ids=lambda m: m.name)
def test_draws_have_the_definitions_moments(mixture):
    points = np.asarray(mixture.draw(KEY, 20_000))
    assert points.shape == (20_000, 2)
    distances = np.linalg.norm(points[:, None] - mixture.centres, axis=-1)
    nearest = distances.argmin(1)
    shares = np.bincount(nearest, minlength=len(mixture)) / len(points)
    np.testing.assert_allclose(shares, 1 / len(mixture), atol=0.01)
    offsets = points - mixture.centres[nearest]
    np.testing.assert_allclose(offsets.std(0), mixture.sigma, rtol=0.03)
    np.testing.assert_allclose(offsets.mean(0), 0, atol=0.03 * mixture.sigma)
    # Within 3 sigma in the plane: 1 - exp(-9/2).
    assert (distances.min(1) < 3 * mixture.sigma).mean() == pytest.approx(0.9889, abs=0.003)


def test_draws_follow_the_key():
    mixture = ring()
    one, same = mixture.draw(KEY, 5), jax.jit(mixture.draw, static_argnums=1)(KEY, 5)
    np.testing.assert_allclose(one, same, rtol=1e-6)
    assert np.abs(one - mixture.draw(jax.random.key(6), 5)).max() > 0.01


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ring(1), "1 is too few modes"),
        (lambda: ring(8, radius=0), "radius is 0"),
        (lambda: ring(8, sigma=-1), "sigma is -1"),
        (lambda: grid(1), "1 is too few modes"),
        (lambda: grid(5, spacing=float("nan")), "spacing is nan"),
    ],
)
def test_impossible_mixtures_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
