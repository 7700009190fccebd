"""The scores of generators against scipy and against closed forms."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

from karpa_helpers.gan import scores


def sample(seed: int, count: int = 200, dim: int = 5) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(count, dim)) @ generator.normal(size=(dim, dim)) + seed


def by_scipy(a: np.ndarray, b: np.ndarray) -> float:
    root = scipy.linalg.sqrtm(np.cov(a.T) @ np.cov(b.T)).real
    shift = a.mean(0) - b.mean(0)
    return shift @ shift + np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root)


@pytest.mark.parametrize("seeds", [(1, 2), (3, 4), (5, 6)])
def test_frechet_distance_agrees_with_scipy(seeds):
    a, b = sample(seeds[0]), sample(seeds[1], count=150)
    assert scores.frechet_distance(a, b) == pytest.approx(by_scipy(a, b), rel=1e-6)


def test_frechet_distance_in_one_dimension_is_the_closed_form():
    a, b = sample(1, dim=1), sample(2, dim=1)
    closed = (a.mean() - b.mean()) ** 2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2
    assert scores.frechet_distance(a, b) == pytest.approx(closed)


def test_frechet_distance_of_commuting_covariances_is_the_closed_form():
    # With diagonal covariances it is |shift|^2 + sum (s_a - s_b)^2. Columns made orthogonal.
    base = scipy.linalg.orth(np.random.default_rng(0).normal(size=(50, 5)) - 0)
    base = scipy.linalg.orth(base - base.mean(0)) * np.sqrt(49)
    widths_a, widths_b = np.array([1, 2, 3, 4, 5.0]), np.array([5, 1, 3, 2, 0.5])
    distance = scores.frechet_distance(base * widths_a, base * widths_b + 2)
    assert distance == pytest.approx(5 * 4 + ((widths_a - widths_b) ** 2).sum(), rel=1e-9)


def test_frechet_distance_is_a_distance():
    a, b = sample(1), sample(2)
    assert scores.frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert scores.frechet_distance(a, a[::-1]) == pytest.approx(0, abs=1e-9)
    assert scores.frechet_distance(a, b) == pytest.approx(scores.frechet_distance(b, a))
    assert scores.frechet_distance(a, a + 3) == pytest.approx(9 * 5)


def test_frechet_distance_of_few_examples_in_many_dimensions():
    # The covariances are singular, which is where a general matrix root goes astray.
    a, b = sample(1, count=4, dim=30), sample(2, count=3, dim=30)
    distance = scores.frechet_distance(a, b)
    assert np.isfinite(distance)
    assert distance > 0
    assert scores.frechet_distance(a, a) < 1e-6 * np.trace(np.cov(a.T))


def test_frechet_distance_takes_float32_and_jax_arrays():
    a, b = sample(1), sample(2)
    expected = scores.frechet_distance(a, b)
    assert scores.frechet_distance(jnp.array(a), jnp.array(b)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("a", "b", "what"),
    [
        (np.zeros(5), np.zeros((5, 2)), "a has shape"),
        (np.zeros((5, 2)), np.zeros((5, 3)), "b has shape"),
        (np.zeros((5, 2)), np.zeros((1, 2)), "b has shape"),
        (np.zeros((5, 2)), np.full((5, 2), np.nan), "b holds values that are not finite"),
        (np.full((5, 2), np.inf), np.zeros((5, 2)), "a holds values that are not finite"),
    ],
)
def test_frechet_distance_refuses(a, b, what):
    with pytest.raises(ValueError, match=what):
        scores.frechet_distance(a, b)


def test_class_shares_and_coverage():
    labels = np.repeat(np.arange(10), [100, 20, 19, 0, 21, 200, 200, 200, 200, 40])
    np.testing.assert_allclose(
        scores.class_shares(labels), np.array([100, 20, 19, 0, 21, 200, 200, 200, 200, 40]) / 1000
    )
    assert scores.covered_classes(labels) == 8  # 19 and 0 of 1,000 are below 2 %
    assert scores.covered_classes(np.zeros(50, int)) == 1
    assert scores.covered_classes(np.array([0, 1, 1]), classes=2) == 2


@pytest.mark.parametrize("score", [scores.class_shares, scores.covered_classes])
def test_no_labels_are_no_coverage(score):
    with pytest.raises(ValueError, match="no labels"):
        score(np.array([], dtype=int))


def test_an_exact_fifth_of_a_fair_share_is_covered():
    labels = np.repeat(np.arange(7), [29, 1, 1, 1, 1, 1, 1])  # 1 of 35 is a fifth of a seventh
    assert scores.covered_classes(labels, classes=7) == 7
