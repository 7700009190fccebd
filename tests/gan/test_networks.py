"""The networks: shapes, what they refuse, and how training and evaluation differ."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from karpa_helpers.gan import judges, networks


def make_generator(channels: int = 1) -> networks.DCGANGenerator:
    return networks.DCGANGenerator(latent_dim=6, width=4, channels=channels, rngs=nnx.Rngs(0))


def make_discriminator(channels: int = 1) -> networks.DCGANDiscriminator:
    return networks.DCGANDiscriminator(width=4, channels=channels, rngs=nnx.Rngs(0))


def make_plain(channels: int = 1) -> networks.PlainDiscriminator:
    return networks.PlainDiscriminator(width=4, channels=channels, rngs=nnx.Rngs(0))


def make_grouped(channels: int = 1) -> networks.PlainDiscriminator:
    return networks.PlainDiscriminator(width=4, channels=channels, groups=2, rngs=nnx.Rngs(0))


def make_classifier(channels: int = 1) -> judges.Classifier:
    return judges.Classifier(7, width=4, feature_dim=5, channels=channels, rngs=nnx.Rngs(0))


def images(count: int, channels: int = 1, seed: int = 0) -> jax.Array:
    return jax.random.uniform(jax.random.key(seed), (count, 28, 28, channels), minval=-1)


def latent(count: int, seed: int = 0) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), (count, 6))


def statistics(model: nnx.Module) -> list[np.ndarray]:
    return [np.array(leaf) for leaf in jax.tree.leaves(nnx.state(model, nnx.BatchStat))]


CASES = [
    (make_generator, latent),
    (make_discriminator, images),
    (make_classifier, images),
    (make_plain, images),
    (make_grouped, images),
]
NORMALISED = CASES[:2]


@pytest.mark.parametrize("channels", [1, 3])
def test_shapes(channels):
    drawn = make_generator(channels)(latent(5))
    assert drawn.shape == (5, 28, 28, channels)
    assert float(jnp.abs(drawn).max()) <= 1
    assert make_discriminator(channels)(drawn).shape == (5,)
    assert make_plain(channels)(drawn).shape == (5,)
    classifier = make_classifier(channels)
    assert classifier(drawn).shape == (5, 7)
    assert classifier.features(drawn).shape == (5, 5)
    assert float(classifier.features(drawn).min()) >= 0


@pytest.mark.parametrize("make", [make_discriminator, make_classifier, make_plain])
@pytest.mark.parametrize("shape", [(2, 32, 32, 1), (2, 28, 28, 3), (28, 28, 1), (2, 784)])
def test_wrong_image_shapes_are_refused_by_name(make, shape):
    with pytest.raises(ValueError, match=r"this network takes \(N, 28, 28, 1\)"):
        make()(jnp.zeros(shape))


@pytest.mark.parametrize("make", [make_discriminator, make_classifier, make_plain])
@pytest.mark.parametrize("dtype", [jnp.uint8, jnp.int32])
def test_pixels_that_are_no_floats_are_refused(make, dtype):
    with pytest.raises(ValueError, match="to_unit"):
        make()(jnp.zeros((2, 28, 28, 1), dtype))


@pytest.mark.parametrize("make", [make_discriminator, make_classifier, make_plain])
def test_a_constant_inside_a_compiled_function_is_checked_too(make):
    model, good = make(), images(2)
    model.eval()
    assert jax.jit(lambda: jnp.sum(model(good)))().shape == ()
    with pytest.raises(ValueError, match="reach from"):
        jax.jit(lambda: jnp.sum(model(2 * np.asarray(good))))()


@pytest.mark.parametrize("make", [make_plain, make_grouped])
def test_a_discriminator_under_a_penalty_sees_each_image_alone(make):
    model = make()
    model.train()
    alone, in_company = model(images(1)), model(jnp.concatenate([images(1), images(3, seed=1)]))
    np.testing.assert_allclose(alone[0], in_company[0], rtol=1e-4, atol=1e-5)


def test_group_normalisation_forgets_the_size_of_the_features():
    model = make_grouped()
    model.down2.bias[...] = jnp.zeros(8)
    before = model(images(3))
    model.down2.kernel[...] = 7 * model.down2.kernel[...]
    np.testing.assert_allclose(model(images(3)), before, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("shape", [(2, 7), (6,), (2, 1, 6)])
def test_wrong_latent_vectors_are_refused(shape):
    with pytest.raises(ValueError, match=r"this generator takes \(N, 6\)"):
        make_generator()(jnp.zeros(shape))


@pytest.mark.parametrize(("make", "inputs"), CASES)
def test_evaluation_is_deterministic_and_changes_nothing(make, inputs):
    model = make()
    model.eval()
    before = statistics(model)
    first, second = model(inputs(6)), model(inputs(6))
    np.testing.assert_array_equal(first, second)
    for old, new in zip(before, statistics(model), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(("make", "inputs"), CASES)
def test_evaluation_of_one_does_not_depend_on_its_company(make, inputs):
    model = make()
    model(inputs(9, seed=3))  # statistics other than the first ones
    model.eval()
    one = inputs(4, seed=1)
    together = model(jnp.concatenate([one, 0.5 * inputs(4, seed=2)]))[:4]
    np.testing.assert_allclose(model(one), together, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("make", "inputs"), NORMALISED)
def test_training_updates_the_statistics_and_sees_the_company(make, inputs):
    model = make()
    model.train()
    before = statistics(model)
    one = inputs(4, seed=1)
    alone = model(one)
    assert any((old != new).any() for old, new in zip(before, statistics(model), strict=True))
    together = model(jnp.concatenate([one, 0.5 * inputs(4, seed=2)]))[:4]
    assert float(jnp.abs(alone - together).max()) > 1e-4


def test_the_plain_discriminator_judges_each_image_by_itself_in_training_too():
    model = make_plain()
    model.train()
    one = images(4, seed=1)
    together = model(jnp.concatenate([one, -images(4, seed=2)]))[:4]
    np.testing.assert_allclose(model(one), together, rtol=1e-5, atol=1e-6)


def test_running_statistics_follow_the_batches():
    # Batch normalisation's running mean: 0.9 old + 0.1 of the batch, here for the last layer.
    model = make_discriminator()
    model.train()
    x = images(8)
    inner = networks.leaky(model.down1(x))
    batch_mean = np.asarray(model.down2(inner)).mean((0, 1, 2))
    model(x)
    np.testing.assert_allclose(model.norm.mean[...], 0.1 * batch_mean, rtol=1e-4, atol=1e-6)


def test_every_parameter_has_a_gradient():
    for make, inputs in CASES:
        model = make()
        slopes = nnx.jit(nnx.grad(lambda m, x: jnp.sum(jnp.sin(3 * m(x)))))(model, inputs(8))
        sizes = {str(path): float(jnp.abs(leaf).max()) for path, leaf in leaves(slopes)}
        assert min(sizes.values()) > 0, sizes


def leaves(tree):
    return jax.tree_util.tree_flatten_with_path(tree)[0]
