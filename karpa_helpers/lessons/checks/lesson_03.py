"""Checks of lesson 03, Convolutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from karpa_helpers.show.exercises import expect, register


@register("03.1")
def check_padding(padding_for: Callable[[int, int], int]) -> None:
    """Padding that keeps the size."""
    expect(padding_for(1, 1) == 0, "A kernel of one pixel needs no padding.")
    expect(
        padding_for(3, 1) == 1,
        "Kernel 3 without dilation loses one pixel on each side: how many zeros make up for it?",
    )
    expect(padding_for(7, 1) == 3, "Kernel 7 should keep the size, too; put it into equation 3.")
    expect(
        padding_for(3, 4) == 4,
        "With dilation 4 a kernel of 3 covers 9 pixels. Your padding is that of another width.",
    )
    expect(padding_for(5, 2) == 4, "Kernel 5 with dilation 2 covers 9 pixels.")
    expect(
        isinstance(padding_for(5, 2), (int, np.integer)),
        "A padding is a number of pixels: return a whole number, not a float.",
    )


@register("03.2")
def check_receptive(receptive: Callable[[Any], int]) -> None:
    """The receptive field with dilation."""
    expect(receptive([]) == 1, "Without a layer an output is its own pixel: the width is 1.")
    expect(receptive([(3, 1, 1)]) == 3, "One layer sees as many pixels as its kernel covers.")
    expect(
        receptive([(3, 2, 1)]) == 3,
        "The stride of the last layer moves its kernel; it does not widen what one output sees.",
    )
    expect(
        receptive([(3, 1, 1), (3, 1, 1)]) == 5,
        "Two layers of kernel 3 and stride 1 see 5 pixels: each adds K - 1 to what was there.",
    )
    expect(
        receptive([(3, 2, 1), (3, 1, 1)]) == 7,
        "Behind a layer of stride 2 a step is two pixels of the image.",
    )
    expect(
        receptive([(2, 2, 1), (2, 3, 1), (2, 1, 1)]) == 10,
        "Strides multiply: behind strides 2 and 3 a step is six pixels.",
    )
    expect(receptive([(3, 1, 4)]) == 9, "With dilation 4 a kernel of 3 covers 9 pixels.")
    expect(
        receptive([(3, 1, 2), (3, 1, 1)]) == 7,
        "Dilation spreads its own layer's kernel only; the layers behind it step as before.",
    )
    expect(receptive([(4, 2, 1), (3, 1, 3)]) == 16, "Stride and dilation together: look again.")


@register("03.3")
def check_toeplitz(toeplitz: Callable[[Any, int, int], Any]) -> None:
    """A convolution in one dimension as a matrix."""
    kernel = np.array([1.0, 2.0, 4.0])
    matrix = np.asarray(toeplitz(kernel, 6, 1))
    expect(
        matrix.shape == (4, 6),
        f"Kernel 3 on 6 pixels: the matrix should be (4, 6); yours is {matrix.shape}.",
    )
    expect(
        not np.allclose(matrix[0, :3], kernel[::-1]),
        "Your kernel runs backwards: equation 1 is a correlation.",
    )
    x = np.random.default_rng(0).normal(size=6)
    wanted = np.correlate(x, kernel, "valid")
    expect(np.allclose(matrix @ x, wanted), "Matrix times pixels is not what equation 1 gives.")
    strided = np.asarray(toeplitz(kernel, 8, 2))
    expect(
        strided.shape == (3, 8),
        f"Kernel 3 on 8 pixels with stride 2: (3, 8) by equation 3; yours is {strided.shape}.",
    )
    x = np.arange(8.0) ** 2
    expect(
        np.allclose(strided @ x, np.correlate(x, kernel, "valid")[::2]),
        "With stride 2 each row should start two pixels behind the one above it.",
    )
    expect(
        np.asarray(toeplitz(kernel, 3, 3)).shape == (1, 3),
        "A kernel as long as the row fits once, whatever the stride.",
    )


@register("03.4")
def check_product(by_product: Callable[[Any, Any, int], Any]) -> None:
    """A convolution as one matrix product."""
    rng = np.random.default_rng(0)
    cases = (((2, 9, 7, 3), (3, 3, 3, 5), 1), ((2, 9, 8, 2), (4, 4, 2, 3), 2))
    for shape, kernel_shape, stride in cases:
        x, kernel = (jnp.asarray(rng.normal(size=s), jnp.float32) for s in (shape, kernel_shape))
        found = jnp.asarray(by_product(x, kernel, stride))
        wanted = _by_xla(x, kernel, stride)
        expect(
            found.shape == wanted.shape,
            f"x {shape}, kernel {kernel_shape}, stride {stride}: the result should be "
            f"{wanted.shape}; yours is {found.shape}.",
        )
        turned = _by_xla(x, kernel[::-1, ::-1], stride)
        expect(
            not np.allclose(found, turned, atol=1e-3),
            "Your kernel lies the wrong way round: equation 1 does not turn it.",
        )
        expect(
            np.allclose(found, wanted, atol=1e-3),
            f"With stride {stride} the numbers differ from XLA's. Do patches and kernel list "
            "their K x K x I numbers in one order?",
        )
    jaxpr = str(jax.make_jaxpr(lambda a, b: by_product(a, b, stride))(x, kernel))
    expect(
        jaxpr.count("dot_general") == 1 and "conv_general" not in jaxpr,
        f"Your function makes {jaxpr.count('dot_general')} matrix products and "
        f"{jaxpr.count('conv_general')} convolutions; make it one product and none.",
    )


def _by_xla(x: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    return jax.lax.conv_general_dilated(
        x, kernel, (stride, stride), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


@register("03.5")
def check_flip_average(flip_average: Callable[[Callable[[Any], Any], Any], Any]) -> None:
    """Probabilities averaged over an image and its mirror image."""
    pixels = np.random.default_rng(1).integers(0, 256, (3, 4, 4, 2)).astype(np.uint8)
    seen: list[np.ndarray] = []

    def logits_of(pixels: Any) -> Any:
        seen.append(np.asarray(pixels))
        flat = jnp.asarray(pixels, jnp.float32).reshape(len(pixels), -1) / 255
        return 5 * jnp.stack([flat[:, 0], flat[:, 7], flat[:, 30] - flat[:, 3]], axis=1)

    found = np.asarray(flip_average(logits_of, pixels))
    expect(found.shape == (3, 3), f"Three images, three classes: (3, 3); yours is {found.shape}.")
    # Both may be asked for in one call or in two.
    parts = [part for batch in seen for part in np.split(batch, max(len(batch) // 3, 1))]
    expect(
        any(np.array_equal(part, pixels) for part in parts), "The upright images are not looked at."
    )
    for axis, what in ((1, "rows"), (3, "channels")):
        expect(
            not any(np.array_equal(part, np.flip(pixels, axis)) for part in parts),
            f"You reversed the {what}. A mirror image has its columns reversed.",
        )
    mirrored = np.flip(pixels, 2)
    expect(
        any(np.array_equal(part, mirrored) for part in parts), "The mirrored images are missing."
    )
    expect(
        np.allclose(found.sum(axis=1), 1, atol=1e-4),
        "Each row should be probabilities: at least 0, with sum 1.",
    )
    first, second = (np.asarray(jax.nn.softmax(logits_of(p))) for p in (pixels, mirrored))
    expect(
        np.allclose(found, (first + second) / 2, atol=1e-4),
        "The sum of each row is right, the numbers are not. Is it the mean of two softmaxes, "
        "rather than the softmax of a mean?",
    )
