"""The scores of generators against SciPy, scikit-learn, the package prdc and closed forms."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import prdc
import pytest
import scipy.linalg
import scipy.spatial
from sklearn.metrics import pairwise

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


def normal(rng: np.random.Generator, count: int, dim: int = 5) -> np.ndarray:
    return rng.normal(size=(count, dim))


def test_extrapolation_is_the_intercept_of_a_line():
    a, b = sample(1, count=400), sample(2, count=300)
    rng, points = np.random.default_rng(5), [by_scipy(a, b)]
    for count in (2, 3):
        distances = []
        for _ in range(2):
            pieces_a = np.array_split(rng.permutation(a), count)
            pieces_b = np.array_split(rng.permutation(b), count)
            distances += [by_scipy(x, y) for x, y in zip(pieces_a, pieces_b, strict=True)]
        points.append(np.mean(distances))
    design = np.stack([np.ones(3), [1, 2, 3]], axis=1)
    intercept = np.linalg.lstsq(design, np.array(points), rcond=None)[0][0]
    found = scores.frechet_extrapolated(a, b, parts=3, repeats=2, seed=5)
    assert found == pytest.approx(intercept)


def test_extrapolation_takes_out_the_bias():
    rng, plain, extrapolated = np.random.default_rng(0), [], []
    for seed in range(40):
        a, b = normal(rng, 400, dim=20), normal(rng, 400, dim=20) + 0.1
        plain.append(scores.frechet_distance(a, b))
        extrapolated.append(scores.frechet_extrapolated(a, b, repeats=1, seed=seed))
    truth, error = 20 * 0.1**2, np.std(extrapolated, ddof=1) / np.sqrt(40)
    assert np.mean(plain) > 3 * truth
    assert abs(np.mean(extrapolated) - truth) < 3 * error + 0.02  # what no straight line takes out


@pytest.mark.parametrize(
    ("count", "parts", "what"), [(9, 5, "N >= 10"), (50, 1, "parts is 1"), (1, 4, "N >= 8")]
)
def test_extrapolation_refuses(count, parts, what):
    with pytest.raises(ValueError, match=what):
        scores.frechet_extrapolated(np.zeros((count, 2)), np.zeros((50, 2)), parts=parts)


def by_sklearn(a: np.ndarray, b: np.ndarray) -> float:
    def kernels(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return pairwise.polynomial_kernel(x, y, degree=3)  # gamma is 1 / d and coef0 1, as in KID

    within = sum(kernels(x, x)[~np.eye(len(x), dtype=bool)].mean() for x in (a, b))
    return within - 2 * kernels(a, b).mean()


@pytest.mark.parametrize("block", [7, 1000])
def test_kernel_distance_agrees_with_sklearn(monkeypatch, block):
    monkeypatch.setattr(scores, "BLOCK", block)
    a, b = sample(1), sample(2, count=150)
    assert scores.kernel_distance(a, b) == pytest.approx(by_sklearn(a, b), rel=1e-9)
    assert scores.kernel_distance(b, a) == pytest.approx(by_sklearn(a, b), rel=1e-9)


def test_kernel_distance_is_unbiased_where_the_mean_of_all_pairs_is_not():
    rng, unbiased, plain = np.random.default_rng(0), [], []
    for _ in range(400):
        a, b = normal(rng, 12), normal(rng, 20)
        unbiased.append(scores.kernel_distance(a, b))
        aa, bb, ab = (
            pairwise.polynomial_kernel(x, y, degree=3).mean() for x, y in ((a, a), (b, b), (a, b))
        )
        plain.append(aa + bb - 2 * ab)
    error = np.std(unbiased, ddof=1) / np.sqrt(400)
    assert abs(np.mean(unbiased)) < 3 * error
    assert np.mean(plain) > 20 * error


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("counts", [(200, 150), (90, 210)])
@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_precision_recall_density_and_coverage_agree_with_prdc(monkeypatch, k, counts, shift):
    monkeypatch.setattr(scores, "BLOCK", 64)
    rng = np.random.default_rng(k)
    generated, reference = normal(rng, counts[0]) * 0.8 + shift, normal(rng, counts[1])
    oracle = prdc.compute_prdc(reference, generated, nearest_k=k)
    assert scores.precision_recall(generated, reference, k)._asdict() == pytest.approx(oracle)


def test_density_and_coverage_of_equal_distributions_are_known():
    # By exchangeability: density 1, and a real ball is missed with chance about (M / (M + N))^k.
    rng, found = np.random.default_rng(0), []
    for _ in range(30):
        found.append(scores.precision_recall(normal(rng, 200), normal(rng, 200), k=3))
    assert np.mean([f.density for f in found]) == pytest.approx(1, abs=0.02)
    missed = np.prod([(200 - i) / (400 - i) for i in (1, 2, 3)])
    assert np.mean([f.coverage for f in found]) == pytest.approx(1 - missed, abs=0.01)


def test_copies_of_the_reference_lie_in_its_open_balls():
    reference = sample(1).astype(np.float32)
    found = scores.precision_recall(reference[::-1], reference, k=4)
    # Each copy lies in its own ball and in those that have it among their first three neighbours.
    assert found == (1, 1, 1, 1)


def in_whole_numbers(generated: np.ndarray, reference: np.ndarray, k: int) -> tuple[float, ...]:
    """Equations of `precision_recall` by Python's integers, ball by ball."""

    def squared(x, y):
        return sum((int(u) - int(v)) ** 2 for u, v in zip(x, y, strict=True))

    def reach(points, i):
        return sorted(squared(points[i], p) for j, p in enumerate(points) if j != i)[k - 1]

    def inside(points, others):
        radii = [reach(points, i) for i in range(len(points))]
        pairs = [[squared(p, x) for x in others] for p in points]
        return np.array(
            [[d < r or d == 0 for d in row] for r, row in zip(radii, pairs, strict=True)]
        )

    real, drawn = inside(reference, generated), inside(generated, reference)
    return (
        real.any(0).mean(), drawn.any(0).mean(), real.sum(0).mean() / k, real.any(1).mean(),
    )  # fmt: skip


@pytest.mark.parametrize("offset", [0, 10**7])
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("values", [2, 4, 9])
def test_ties_and_duplicates_count_as_in_whole_numbers(monkeypatch, values, k, offset):
    monkeypatch.setattr(scores, "BLOCK", 16)
    rng = np.random.default_rng(values)
    generated, reference = rng.integers(0, values, (40, 3)), rng.integers(0, values, (30, 3))
    expected = in_whole_numbers(generated, reference, k)
    found = scores.precision_recall(generated + offset, reference + offset, k)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("point", [0.1, 1e7 + 0.1])
def test_copies_of_duplicates_are_no_junk(point):
    # Of more than k duplicates the k-th neighbour is as near as can be: the balls have no radius.
    same = np.full((9, 3), point)
    assert scores.precision_recall(same, same, k=5) == (1, 1, 9 / 5, 1)
    beside = scores.precision_recall(same + np.spacing(point), same, k=5)
    assert beside == (0, 0, 0, 0)


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_copies_have_distance_zero_and_others_do_not(offset):
    others = sample(1, dim=30) + offset
    distances, indices = scores.nearest(others[::-1], np.concatenate([others, others]))
    np.testing.assert_array_equal(distances, np.zeros(200))
    np.testing.assert_array_equal(indices, np.arange(200)[::-1])  # of two equal ones the first
    moved = others.copy()
    moved[:, 0] += 2.0**-20
    np.testing.assert_array_equal(scores.nearest(moved, others)[0], moved[:, 0] - others[:, 0])


@pytest.mark.parametrize(
    ("generated", "reference", "k", "what"),
    [
        (np.zeros((5, 2)), np.zeros((9, 2)), 5, "generated has shape .* N >= 6"),
        (np.zeros((9, 2)), np.zeros((5, 2)), 5, "reference has shape .* N >= 6"),
        (np.zeros((9, 2)), np.zeros((9, 3)), 5, "reference has shape"),
        (np.zeros((9, 2)), np.full((9, 2), np.nan), 5, "reference holds values that are not"),
        (np.zeros((9, 2)), np.zeros((9, 2)), 0, "k is 0"),
    ],
)
def test_precision_recall_refuses(generated, reference, k, what):
    with pytest.raises(ValueError, match=what):
        scores.precision_recall(generated, reference, k)


def test_nearest_agrees_with_a_tree():
    a, b = sample(1), sample(2, count=150)
    distances, indices = scipy.spatial.KDTree(b).query(a)
    found = scores.nearest(a, b)
    np.testing.assert_allclose(found[0], distances, rtol=1e-9)
    np.testing.assert_array_equal(found[1], indices)


def test_copied_is_a_share_below_a_quantile():
    generated, held_out, training = sample(1, 100), sample(1, 300)[100:], sample(1, 700)[300:]
    near_real = scipy.spatial.distance.cdist(held_out, training).min(1)
    near_drawn = scipy.spatial.distance.cdist(generated, training).min(1)
    expected = (near_drawn < np.quantile(near_real, 0.1)).mean()
    assert 0 < expected < 1
    assert scores.copied_share(generated, held_out, training, quantile=0.1) == pytest.approx(
        expected
    )


def test_copied_tells_copies_from_fresh_examples():
    rng = np.random.default_rng(0)
    training, held_out, fresh = normal(rng, 2000), normal(rng, 2000), normal(rng, 2000)
    copies = rng.choice(training, 500)
    assert scores.copied_share(fresh, held_out, training) == pytest.approx(0.05, abs=0.02)
    assert scores.copied_share(copies, held_out, training) == 1
    assert scores.copied_share(copies + 1e-3, held_out, training) == 1
    # Junk does not hide copies, as it would in a comparison of means.
    half = np.concatenate([copies, normal(rng, 500) + 20])
    assert scores.copied_share(half, held_out, training) == 0.5


@pytest.mark.parametrize("offset", [0, 10**6])
@pytest.mark.parametrize("duplicates", [0, 8, 12, 20, 200])
def test_copies_are_seen_where_held_out_examples_are_copies_too(duplicates, offset):
    rng = np.random.default_rng(0)
    training, held_out, fresh = (offset + rng.integers(0, 9, (n, 16)) for n in (500, 200, 400))
    held_out[:duplicates] = training[:duplicates]
    copies = training[200:300]
    assert scores.copied_share(copies, held_out, training) == 1
    assert scores.copied_share(fresh, held_out, training) < 0.1
    if duplicates < 200:  # a small change does not hide copies
        assert scores.copied_share(copies + 1e-3, held_out, training) == 1


def test_one_point_only_is_all_copied():
    same = np.full((5, 2), 0.1)
    assert scores.copied_share(same, same, same) == 1
    assert scores.copied_share(same + 1, same, same) == 0
    assert scores.frechet_distance(same, same) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("quantile", [0, 1, 5])
def test_copied_wants_a_share(quantile):
    with pytest.raises(ValueError, match="give a share between 0 and 1"):
        scores.copied_share(np.zeros((3, 2)), np.zeros((3, 2)), np.zeros((3, 2)), quantile)


def test_judge_is_the_single_scores_by_name():
    generated, reference = sample(1), sample(2, count=150)
    judged = scores.judge(generated, reference, k=3)
    assert judged.frechet == scores.frechet_distance(generated, reference)
    assert judged.frechet_extrapolated == scores.frechet_extrapolated(generated, reference)
    assert judged.kernel == scores.kernel_distance(generated, reference)
    assert judged[3:] == scores.precision_recall(generated, reference, 3)


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
