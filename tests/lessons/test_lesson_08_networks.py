"""The residual networks: shapes, how they begin, and what they refuse."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from karpa_helpers import training
from karpa_helpers.gan import fitting, losses
from karpa_helpers.lessons import lesson_08_augment, lesson_08_networks

KEY = jax.random.key(0)


def make_generator(pixels: int = 16, blocks: int = 1, normalise: bool = False):
    return lesson_08_networks.ResidualGenerator(
        latent_dim=6, width=4, pixels=pixels, blocks=blocks, normalise=normalise, rngs=nnx.Rngs(0)
    )


def make_discriminator(pixels: int = 16, blocks: int = 1, channels: int = 3):
    return lesson_08_networks.ResidualDiscriminator(
        width=4, pixels=pixels, blocks=blocks, channels=channels, rngs=nnx.Rngs(1)
    )


def images(count: int = 5, pixels: int = 16, seed: int = 0) -> jax.Array:
    return jax.random.uniform(jax.random.key(seed), (count, pixels, pixels, 3), minval=-1)


def latent(count: int, seed: int = 0) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), (count, 6))


@pytest.mark.parametrize("pixels", [8, 32, 64])
@pytest.mark.parametrize("blocks", [0, 2])
def test_shapes(pixels, blocks):
    drawn = make_generator(pixels, blocks)(latent(2))
    assert drawn.shape == (2, pixels, pixels, 3)
    assert float(jnp.abs(drawn).max()) <= 1
    assert make_discriminator(pixels, blocks)(drawn).shape == (2,)


def test_channels_double_to_a_limit():
    assert lesson_08_networks.channels_by_stage(256, 10) == [10, 20, 40, 80, 80, 80]


@pytest.mark.parametrize("pixels", [4, 28, 48, 0])
def test_sizes_that_do_not_halve_to_4_are_refused(pixels):
    for make in (make_generator, make_discriminator):
        with pytest.raises(ValueError, match=r"8, 16, 32, 64"):
            make(pixels)


def test_a_block_begins_as_the_identity():
    x = jax.random.normal(KEY, (2, 8, 8, 6))
    block = lesson_08_networks.ResidualBlock(6, rngs=nnx.Rngs(0))
    np.testing.assert_array_equal(block(x), x)
    slopes = nnx.grad(lambda b: jnp.sum(jnp.sin(b(x))))(block)
    assert float(jnp.abs(slopes["last"]["kernel"][...]).max()) > 0  # and yet it can learn


def test_a_block_against_flax_layers():
    block = lesson_08_networks.ResidualBlock(6, rngs=nnx.Rngs(0))
    block.last.kernel[...] = jax.random.normal(KEY, (3, 6))
    block.middle.bias[...] = jnp.arange(3.0)
    convolution = nnx.Conv(3, 3, (3, 3), rngs=nnx.Rngs(2))
    convolution.kernel[...], convolution.bias[...] = block.middle.kernel[...], jnp.arange(3.0)
    x = jax.random.normal(jax.random.key(1), (2, 5, 7, 6))
    leaky = lambda y: jnp.where(y > 0, y, 0.2 * y)  # noqa: E731
    inner = leaky(convolution(leaky(x @ block.first.kernel[...] + block.first.bias[...])))
    np.testing.assert_allclose(block(x), x + inner @ block.last.kernel[...], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("normalise", [False, True])
def test_every_parameter_has_a_gradient(normalise):
    # Inside a block only the last weights have one at first; so they are moved off zero.
    for model, inputs in ((make_generator(normalise=normalise), latent(8)),
                          (make_discriminator(), images(8))):  # fmt: skip
        for block in (block for stage in model.stages for block in stage.blocks):
            block.last.kernel[...] = 0.1 * jax.random.normal(KEY, block.last.kernel.shape)
        slopes = nnx.jit(nnx.grad(lambda m, x: jnp.sum(jnp.sin(3 * m(x)))))(model, inputs)
        found = jax.tree_util.tree_flatten_with_path(slopes)[0]
        sizes = {str(path): float(jnp.abs(leaf).max()) for path, leaf in found}
        # A bias in front of a normalisation is taken out again by it.
        still = [path for path, size in sizes.items() if size == 0]
        assert not still, still


@pytest.mark.parametrize("normalise", [False, True])
def test_evaluation_is_deterministic_and_alone(normalise):
    generator, discriminator = make_generator(normalise=normalise), make_discriminator()
    generator(latent(9, seed=3))
    generator.eval()
    alone = generator(latent(3))
    together = generator(jnp.concatenate([latent(3), 2 * latent(4, seed=1)]))[:3]
    np.testing.assert_allclose(alone, together, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(alone, generator(latent(3)))
    logits = discriminator(images(4))
    together = discriminator(jnp.concatenate([images(4), images(2, seed=5)]))[:4]
    np.testing.assert_allclose(logits, together, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (jnp.zeros((2, 32, 32, 3)), r"\(N, 16, 16, 3\)"),
        (jnp.zeros((2, 16, 16, 1)), r"\(N, 16, 16, 3\)"),
        (jnp.zeros((16, 16, 3)), r"\(N, 16, 16, 3\)"),
        (jnp.zeros((2, 16, 16, 3), jnp.uint8), "to_unit"),
        (jnp.full((2, 16, 16, 3), 255.0), r"\[-1, 1\]"),
        (jnp.full((2, 16, 16, 3), jnp.nan), "not finite"),
    ],
)
def test_wrong_images_are_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        make_discriminator()(wrong)


@pytest.mark.parametrize("shape", [(2, 7), (6,), (2, 1, 6)])
def test_wrong_latent_vectors_are_refused(shape):
    with pytest.raises(ValueError, match=r"this generator takes \(N, 6\)"):
        make_generator()(jnp.zeros(shape))


def test_they_play_with_penalties_and_augmentation():
    recipe = fitting.Recipe(
        6, game=losses.RELATIVISTIC, penalty=losses.r1_r2, augment=lesson_08_augment.diff_augment
    )
    graphs, state = fitting.create_game_state(make_generator(), make_discriminator(), recipe)
    step = fitting.adversarial_step(graphs, recipe)
    pixels = np.asarray((images(8) + 1) * 127.5).astype(np.uint8)
    result = training.fit(step, state, pixels, batch_size=4, steps=3, show=False)
    assert np.isfinite(result.curve["penalty"]).all()
    assert fitting.sample(graphs, result.state, KEY, 2, 6).shape == (2, 16, 16, 3)
    with pytest.raises(ValueError, match=r"takes \(N, 6\)"):
        fitting.sample(graphs, result.state, KEY, 2, 5)
    with pytest.raises(ValueError, match="there are 8 examples"):
        training.fit(step, state, pixels, batch_size=9, steps=1, show=False)
    with pytest.raises(ValueError, match=r"\(N, 16, 16, 3\)"):
        training.fit(step, state, pixels[:, :8], batch_size=4, steps=1, show=False)


def test_a_labelled_generator_draws_by_its_labels():
    made = lesson_08_networks.LabelledGenerator(6, 3, width=4, pixels=8, rngs=nnx.Rngs(0))
    made.eval()
    one, other = (made(latent(2), jnp.full((2, 3), value)) for value in (0.0, 1.0))
    assert one.shape == (2, 8, 8, 3)
    assert float(abs(one - other).max()) > 0.01
    x = jnp.concatenate([latent(2), jnp.ones((2, 3))], axis=1)
    for layer in made.mapping:
        x = jnp.maximum(x := x @ layer.kernel[...] + layer.bias[...], 0.2 * x)
    np.testing.assert_allclose(other, made.generator(x), rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match=r"labels have shape \(2, 4\).*takes \(2, 3\)"):
        made(latent(2), jnp.ones((2, 4)))
    with pytest.raises(ValueError, match=r"takes \(N, 6\)"):
        made(jnp.ones((2, 7)), jnp.ones((2, 3)))


def test_a_labelled_logit_adds_one_output_a_label():
    made = lesson_08_networks.ResidualDiscriminator(4, 16, label_dim=4, rngs=nnx.Rngs(1))
    labels = jax.random.normal(KEY, (5, 4))
    x = images()
    for stage in made.stages:
        x = stage(x)
    outputs = x.reshape(5, -1) @ made.dense.kernel[...] + made.dense.bias[...]
    expected = outputs[:, 0] + jnp.einsum("nk,nk->n", outputs[:, 1:], labels) / 2  # sqrt(4)
    np.testing.assert_allclose(made(images(), labels), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="labels are missing"):
        made(images())
    with pytest.raises(ValueError, match=r"this network takes \(5, 0\)"):
        make_discriminator()(images(), labels)
