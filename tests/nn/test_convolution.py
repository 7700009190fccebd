"""Convolutions in all forms against plain loops in float64, and against Flax's layers."""

from __future__ import annotations

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from karpa_helpers.nn import convolution as layers
from karpa_helpers.nn.fast import convolution

SHAPES = [(2, 3, 5, 4, 6), (1, 1, 1, 1, 1), (3, 7, 4, 5, 4), (2, 2, 2, 3, 1)]  # N, H, W, C, D


def arrays(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    count, height, width, before, after = shape
    generator = np.random.default_rng(sum(shape))
    x = generator.normal(size=(count, height, width, before))
    return x.astype("f4"), generator.normal(size=(4, 4, before, after)).astype("f4")


def by_loops(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Zeros between the pixels, a border of two, then a 4x4 correlation, in float64."""
    count, height, width, _ = x.shape
    spread = np.zeros((count, 2 * height + 3, 2 * width + 3, x.shape[-1]))
    spread[:, 2 : 2 + 2 * height : 2, 2 : 2 + 2 * width : 2] = x
    y = np.zeros((count, 2 * height, 2 * width, kernel.shape[-1]))
    for row in range(2 * height):
        for column in range(2 * width):
            patch = spread[:, row : row + 4, column : column + 4]
            y[:, row, column] = np.einsum("nijc,ijcd->nd", patch, kernel.astype("f8"))
    return y


FORMS = [
    convolution.upsample,
    convolution.upsample_by_product,
    convolution.upsample_to_blocks,
    convolution.upsample_by_lax,
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_forms_agree_with_loops(form, shape):
    x, kernel = arrays(shape)
    np.testing.assert_allclose(form(x, kernel), by_loops(x, kernel), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", FORMS[:-1])
@pytest.mark.parametrize("shape", SHAPES)
def test_forms_have_the_same_gradients(form, shape):
    x, kernel = arrays(shape)
    weights = np.random.default_rng(7).normal(size=by_loops(x, kernel).shape).astype("f4")

    def slopes(form):
        return jax.grad(lambda x, k: jnp.sum(form(x, k) * weights), argnums=(0, 1))(x, kernel)

    for mine, library in zip(slopes(form), slopes(convolution.upsample_by_lax), strict=True):
        np.testing.assert_allclose(mine, library, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("room", [0, 1 << 40])
def test_the_cache_decides_on_speed_only(monkeypatch, room):
    monkeypatch.setattr(convolution, "CACHE_BYTES", room)
    x, kernel = arrays((2, 3, 5, 4, convolution.FEW_CHANNELS))
    found = convolution.upsample(x, kernel)
    np.testing.assert_allclose(found, by_loops(x, kernel), rtol=1e-4, atol=1e-5)


def test_gradient_of_the_kernel_is_the_adjoint():
    # The map is linear in the kernel: <weights, f(x, k)> = <gradient by k, k>, in float64.
    x, kernel = arrays((2, 3, 5, 4, 6))
    y = by_loops(x, kernel)
    slope = jax.grad(lambda k: jnp.sum(convolution.upsample(x, k) * y.astype("f4")))(
        jnp.array(kernel)
    )
    np.testing.assert_allclose(np.sum(np.asarray(slope, "f8") * kernel), np.sum(y * y), rtol=1e-4)


@pytest.mark.parametrize("features", [1, 3, 4, 8])  # on both sides of the choice between forms
@pytest.mark.parametrize("use_bias", [True, False])
def test_module_is_flax_transposed_convolution(features, use_bias):
    mine = layers.ConvTranspose2x(5, features, use_bias=use_bias, rngs=nnx.Rngs(0))
    flax = nnx.ConvTranspose(
        5, features, (4, 4), strides=2, padding="SAME", use_bias=use_bias, rngs=nnx.Rngs(1)
    )
    assert (mine.bias is None) == (not use_bias)
    assert mine.kernel[...].shape == flax.kernel[...].shape
    flax.kernel[...] = mine.kernel[...]
    if use_bias:
        mine.bias[...] = flax.bias[...] = jnp.arange(1.0, features + 1)
    x = jax.random.normal(jax.random.key(0), (2, 4, 3, 5))
    np.testing.assert_allclose(mine(x), flax(x), rtol=1e-4, atol=1e-5)
    assert mine(x).shape == (2, 8, 6, features)


# The halving convolution


def halved_by_loops(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """A border of one zero, then a 4x4 correlation at every second place, in float64."""
    count, height, width, _ = x.shape
    padded = np.pad(x.astype("f8"), ((0, 0), (1, 1), (1, 1), (0, 0)))
    y = np.zeros((count, height // 2, width // 2, kernel.shape[-1]))
    for row in range(height // 2):
        for column in range(width // 2):
            patch = padded[:, 2 * row : 2 * row + 4, 2 * column : 2 * column + 4]
            y[:, row, column] = np.einsum("nijc,ijcd->nd", patch, kernel.astype("f8"))
    return y


HALVING = [
    convolution.downsample,
    convolution.downsample_by_product,
    convolution.downsample_by_lax,
]
# Few channels and many.
EVEN = [(2, 4, 6, 4, 6), (1, 2, 2, 1, 1), (3, 14, 8, 5, 4), (2, 4, 6, 9, 3)]


@pytest.mark.parametrize("form", HALVING)
@pytest.mark.parametrize("shape", EVEN)
def test_halving_forms_agree_with_loops(form, shape):
    x, kernel = arrays(shape)
    np.testing.assert_allclose(form(x, kernel), halved_by_loops(x, kernel), rtol=1e-4, atol=1e-5)


# All three, differentiated twice

PAIRS = {
    "upsample": (convolution.upsample, convolution.upsample_by_lax, (2, 3, 4, 3, 9)),
    "upsample, few": (convolution.upsample, convolution.upsample_by_lax, (2, 3, 4, 9, 3)),
    "downsample": (convolution.downsample, convolution.downsample_by_lax, (2, 4, 6, 9, 5)),
    "downsample, few": (convolution.downsample, convolution.downsample_by_lax, (2, 4, 6, 1, 5)),
    "same": (convolution.same, convolution.same_by_lax, (2, 4, 6, 3, 5)),
}


def twice(form, argument):
    """The gradient by both arguments of the squared length of the gradient by one of them."""

    def squared(x, kernel):
        slope = jax.grad(lambda x, k: jnp.sum(jnp.sin(form(x, k))), argnums=argument)
        return jnp.sum(slope(x, kernel) ** 2)

    return jax.grad(squared, argnums=(0, 1))


def arguments(name):
    x, kernel = arrays(PAIRS[name][2])
    return x, kernel[:3, :3] if name == "same" else kernel


@pytest.mark.parametrize("argument", [0, 1])
@pytest.mark.parametrize("name", PAIRS)
def test_second_derivatives_are_the_librarys(name, argument):
    mine, library, _ = PAIRS[name]
    given = arguments(name)
    found = zip(twice(mine, argument)(*given), twice(library, argument)(*given), strict=True)
    for one, other in found:
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("argument", [0, 1])
@pytest.mark.parametrize("name", PAIRS)
def test_no_gradient_leaves_the_order_of_dimensions_that_is_fast(name, argument):
    program = jax.make_jaxpr(twice(PAIRS[name][0], argument))(*arguments(name))
    orders = re.findall(r"(?:lhs|rhs|out)_spec=\(([\d, ]+)\)", str(program))
    if "few" in name:
        assert orders == []  # matrix products alone
    else:
        assert len(orders) >= 9
        assert set(orders) == {"0, 3, 1, 2", "3, 2, 0, 1"}  # NHWC and HWIO
    assert "lhs_dilation=(2, 2)" not in str(program)  # zeros between pixels: half the work lost


@pytest.mark.parametrize("use_bias", [True, False])
def test_halving_module_is_flax_convolution(use_bias):
    mine = layers.ConvStride2(5, 3, use_bias=use_bias, rngs=nnx.Rngs(0))
    flax = nnx.Conv(5, 3, (4, 4), strides=2, use_bias=use_bias, rngs=nnx.Rngs(1))
    assert mine.kernel[...].shape == flax.kernel[...].shape
    flax.kernel[...] = mine.kernel[...]
    if use_bias:
        mine.bias[...] = flax.bias[...] = jnp.arange(1.0, 4)
    x = jax.random.normal(jax.random.key(0), (2, 8, 6, 5))
    np.testing.assert_allclose(mine(x), flax(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 7, 8, 5), (2, 8, 8, 4), (8, 8, 5)])
def test_what_cannot_be_halved_is_refused(shape):
    with pytest.raises(ValueError, match="must be even"):
        layers.ConvStride2(5, 3, rngs=nnx.Rngs(0))(jnp.zeros(shape))
