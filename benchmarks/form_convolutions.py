"""Forms of convolutions: one function each, written so that XLA compiles it differently.

All map (x, kernel) to what `lax` makes of them; `tests/benchmarks` holds them equal. The course's
own are `lax`'s or one of the others with gradients of their own, see `nn.convolution`.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from karpa_helpers.nn.fast import convolution
from karpa_helpers.nn.fast.convolution import BORDER

Form = Callable[[jax.Array, jax.Array], jax.Array]


def downsample_on_blocks(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """A convolution with stride 1 of blocks of 2x2 pixels as channels.

    With a border of zeros, each patch of 4x4 pixels is 2x2 whole blocks.
    """
    return jax.lax.conv_general_dilated(
        blocks_of(x), in_blocks(kernel), (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def blocks_of(x: jax.Array) -> jax.Array:
    """x with zeros around it, in blocks of 2x2 pixels: (N, H / 2 + 1, W / 2 + 1, 4 C)."""
    count, height, width, channels = x.shape
    shape = (count, height // 2 + 1, 2, width // 2 + 1, 2, channels)
    blocks = jnp.pad(x, BORDER).reshape(shape).transpose(0, 1, 3, 2, 4, 5)
    return blocks.reshape(count, height // 2 + 1, width // 2 + 1, 4 * channels)


def in_blocks(kernel: jax.Array) -> jax.Array:
    """A kernel (4, 4, C, D) as (2, 2, 4 C, D): block row, block column, what is inside."""
    channels, features = kernel.shape[2:]
    parts = kernel.reshape(2, 2, 2, 2, channels, features).transpose(0, 2, 1, 3, 4, 5)
    return parts.reshape(2, 2, 4 * channels, features)


def downsample_four_products(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Four products of shifted blocks, summed: no patches are laid side by side."""
    blocks, parts = blocks_of(x), in_blocks(kernel)
    rows, columns = x.shape[1] // 2, x.shape[2] // 2
    return sum(
        blocks[:, a : rows + a, b : columns + b] @ parts[a, b] for a in (0, 1) for b in (0, 1)
    )


def upsample_four_phases(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Output pixels of one parity see 2x2 input pixels: four products, laid into each other."""
    count, height, width, _ = x.shape
    stamp = kernel[::-1, ::-1]
    padded = jnp.pad(x, BORDER)

    def phase(p: int, q: int) -> jax.Array:
        places = [(a, b) for a in (0, 1) for b in (0, 1)]
        seen = [padded[:, p + a : p + a + height, q + b : q + b + width] for a, b in places]
        matrix = jnp.concatenate([stamp[3 - p - 2 * a, 3 - q - 2 * b] for a, b in places])
        return jnp.concatenate(seen, axis=-1) @ matrix

    phases = jnp.stack([jnp.stack([phase(p, q) for q in (0, 1)], 3) for p in (0, 1)], 2)
    return phases.reshape(count, 2 * height, 2 * width, -1)


def nine_shifts(x: jax.Array) -> list[jax.Array]:
    """What stands under each place of a 3x3 kernel."""
    _, height, width, _ = x.shape
    padded = jnp.pad(x, BORDER)
    return [padded[:, a : height + a, b : width + b] for a in range(3) for b in range(3)]


def same_patches(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """One product with all patches."""
    return jnp.concatenate(nine_shifts(x), axis=-1) @ kernel.reshape(-1, kernel.shape[-1])


def same_nine_products(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Nine products of shifted images, summed."""
    matrices = kernel.reshape(9, *kernel.shape[2:])
    return sum(shift @ matrix for shift, matrix in zip(nine_shifts(x), matrices, strict=True))


DOWNSAMPLE: dict[str, Form] = {
    "lax": convolution.downsample_by_lax,
    "course": convolution.downsample,
    "lax on blocks": downsample_on_blocks,
    "patches": convolution.downsample_by_product,
    "four products": downsample_four_products,
}
UPSAMPLE: dict[str, Form] = {
    "lax": convolution.upsample_by_lax,
    "course": convolution.upsample,
    "lax to blocks": convolution.upsample_to_blocks,
    "stamps": convolution.upsample_by_product,
    "four phases": upsample_four_phases,
}
SAME: dict[str, Form] = {
    "lax": convolution.same_by_lax,
    "course": convolution.same,
    "patches": same_patches,
    "nine products": same_nine_products,
}
