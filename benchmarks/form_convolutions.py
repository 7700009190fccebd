"""Forms of convolutions: one function each, written so that XLA compiles it differently.

All map (x, kernel) to what `lax` makes of them; `tests/benchmarks` holds them equal.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from karpa_helpers.nn import convolution

Form = Callable[[jax.Array, jax.Array], jax.Array]


def blocks_of(x: jax.Array) -> jax.Array:
    """x with zeros around it, in blocks of 2x2 pixels: (N, H / 2 + 1, W / 2 + 1, 4 C)."""
    count, height, width, channels = x.shape
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    shape = (count, height // 2 + 1, 2, width // 2 + 1, 2, channels)
    blocks = padded.reshape(shape).transpose(0, 1, 3, 2, 4, 5)
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


def with_gradients(forward: Form, by_input: Form, by_kernel: Form) -> Form:
    """A convolution whose gradients take another form than itself.

    Args:
        forward: f(x, kernel).
        by_input: (gradient, kernel) to the gradient by x.
        by_kernel: (x, gradient) to the gradient by the kernel.
    """

    @jax.custom_vjp
    def convolve(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return forward(x, kernel)

    def there(x: jax.Array, kernel: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        return convolve(x, kernel), (x, kernel)

    def back(kept: tuple[jax.Array, jax.Array], gradient: jax.Array) -> tuple[jax.Array, jax.Array]:
        x, kernel = kept
        return by_input(gradient, kernel), by_kernel(x, gradient)

    convolve.defvjp(there, back)
    return convolve


def turned(kernel: jax.Array) -> jax.Array:
    """The kernel of the way back: rows and columns from the end, inputs and outputs changed."""
    return kernel[::-1, ::-1].swapaxes(2, 3)


def patches_stride2(x: jax.Array) -> jax.Array:
    """All patches of 4x4 pixels with stride 2: (N, H / 2, W / 2, 16 C), in order of blocks."""
    blocks = blocks_of(x)
    rows, columns = x.shape[1] // 2, x.shape[2] // 2
    shifted = [blocks[:, a : rows + a, b : columns + b] for a in (0, 1) for b in (0, 1)]
    return jnp.concatenate(shifted, axis=-1)


def from_blocks(matrix: jax.Array, channels: int) -> jax.Array:
    """The inverse of `in_blocks` on a matrix (16 C, D)."""
    parts = matrix.reshape(2, 2, 2, 2, channels, -1).transpose(0, 2, 1, 3, 4, 5)
    return parts.reshape(4, 4, channels, -1)


def rows_of(x: jax.Array) -> jax.Array:
    """All pixels one below the other: (N H W, C)."""
    return x.reshape(-1, x.shape[-1])


def downsample_by_kernel(x: jax.Array, gradient: jax.Array) -> jax.Array:
    """Gradient of a stride-2 convolution by its kernel, one product."""
    return from_blocks(rows_of(patches_stride2(x)).T @ rows_of(gradient), x.shape[-1])


def upsample_by_kernel(x: jax.Array, gradient: jax.Array) -> jax.Array:
    """Gradient of a doubling by its kernel, one product: that of the way back, turned."""
    return turned(downsample_by_kernel(gradient, x))


def upsample_four_phases(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Output pixels of one parity see 2x2 input pixels: four products, laid into each other."""
    count, height, width, _ = x.shape
    stamp = kernel[::-1, ::-1]
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))

    def phase(p: int, q: int) -> jax.Array:
        places = [(a, b) for a in (0, 1) for b in (0, 1)]
        seen = [padded[:, p + a : p + a + height, q + b : q + b + width] for a, b in places]
        matrix = jnp.concatenate([stamp[3 - p - 2 * a, 3 - q - 2 * b] for a, b in places])
        return jnp.concatenate(seen, axis=-1) @ matrix

    phases = jnp.stack([jnp.stack([phase(p, q) for q in (0, 1)], 3) for p in (0, 1)], 2)
    return phases.reshape(count, 2 * height, 2 * width, -1)


def same_nine_products(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Nine products of shifted images, summed."""
    _, height, width, _ = x.shape
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return sum(
        padded[:, a : height + a, b : width + b] @ kernel[a, b] for a in range(3) for b in range(3)
    )


def same_by_kernel(x: jax.Array, gradient: jax.Array) -> jax.Array:
    """Gradient of a 3x3 convolution by its kernel: nine small products."""
    _, height, width, channels = x.shape
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    parts = [
        rows_of(padded[:, a : height + a, b : width + b]).T @ rows_of(gradient)
        for a in range(3)
        for b in range(3)
    ]
    return jnp.stack(parts).reshape(3, 3, channels, -1)


DOWNSAMPLE: dict[str, Form] = {
    "lax": convolution.downsample_by_lax,
    "patches (course)": convolution.downsample_by_product,
    "four products": downsample_four_products,
    "lax, gradients by products": with_gradients(
        convolution.downsample_by_lax,
        lambda g, kernel: convolution.upsample_by_product(g, turned(kernel)),
        downsample_by_kernel,
    ),
    "patches, gradient by stamps": with_gradients(
        convolution.downsample_by_product,
        lambda g, kernel: convolution.upsample_by_product(g, turned(kernel)),
        downsample_by_kernel,
    ),
}
UPSAMPLE: dict[str, Form] = {
    "lax": convolution.upsample_by_lax,
    "stamps (course)": convolution.upsample_by_product,
    "four phases": upsample_four_phases,
    "stamps, gradient by patches": with_gradients(
        convolution.upsample_by_product,
        lambda g, kernel: convolution.downsample_by_product(g, turned(kernel)),
        upsample_by_kernel,
    ),
    "stamps, gradient by lax": with_gradients(
        convolution.upsample_by_product,
        lambda g, kernel: convolution.downsample_by_lax(g, turned(kernel)),
        upsample_by_kernel,
    ),
}
SAME: dict[str, Form] = {
    "lax": convolution.same_by_lax,
    "patches (course)": convolution.same_by_product,
    "nine products": same_nine_products,
    "lax, kernel's gradient by products": with_gradients(
        convolution.same_by_lax,
        lambda g, kernel: convolution.same_by_lax(g, turned(kernel)),
        same_by_kernel,
    ),
    "patches, kernel's gradient by products": with_gradients(
        convolution.same_by_product,
        lambda g, kernel: convolution.same_by_product(g, turned(kernel)),
        same_by_kernel,
    ),
}
