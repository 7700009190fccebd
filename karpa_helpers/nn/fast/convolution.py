"""Convolutions in the form that XLA runs well on the device at hand.

Layouts: images (N, H, W, C), kernels (rows, columns, C, D), as in Flax.

On a GPU every layer is XLA's own operation. On the CPU each gradient is written as a convolution
whose dimensions stand in the order of the one above. XLA hands such a one to a fast library, also
inside `lax.scan`; the gradients that JAX derives stand in another order, which there is run by
plain loops, many times slower (jax issue 12868). Forward mode (`jax.jvp`) is for the GPU's forms
only.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from karpa_helpers import runtime

Bilinear = Callable[[jax.Array, jax.Array], jax.Array]

_LAYOUT = ("NHWC", "HWIO", "NHWC")

BORDER = ((0, 0), (1, 1), (1, 1), (0, 0))  # of zeros, around each image

FEW_CHANNELS = 8  # below, patches fill the processor's lanes better than pixels do

CACHE_BYTES = 10 * 2**20  # what is larger has left the cache before it is read again


def upsample(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Transposed convolution, stride 2: (N, H, W, C) by (4, 4, C, D) to (N, 2H, 2W, D)."""
    if runtime.on_accelerator():
        return upsample_by_lax(x, kernel)
    return _adjoint_downsample(x, transpose_kernel(kernel))


def downsample(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolution, stride 2: (N, 2H, 2W, C) by (4, 4, C, D) to (N, H, W, D)."""
    return downsample_by_lax(x, kernel) if runtime.on_accelerator() else _downsample(x, kernel)


def same(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolution, stride 1: (N, H, W, C) by (3, 3, C, D) to (N, H, W, D)."""
    return same_by_lax(x, kernel) if runtime.on_accelerator() else _same(x, kernel)


def upsample_by_lax(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """`upsample`, the library's."""
    return jax.lax.conv_transpose(x, kernel, (2, 2), "SAME", dimension_numbers=_LAYOUT)


def downsample_by_lax(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """`downsample`, the library's."""
    return jax.lax.conv_general_dilated(x, kernel, (2, 2), "SAME", dimension_numbers=_LAYOUT)


def same_by_lax(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """`same`, the library's."""
    return jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=_LAYOUT)


def upsample_by_product(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """`upsample` as its definition has it: stamp, then add.

    Input pixel (i, j) stamps a 4x4 patch, x_ij times the kernel, on the output at row 2i - 1 and
    column 2j - 1. All stamps are one matrix product. In blocks of 2x2 output pixels a stamp
    covers 2x2 blocks, so adding the stamps up is four shifted sums.
    """
    count, height, width, channels = x.shape
    features = kernel.shape[-1]
    matrix = kernel[::-1, ::-1].transpose(2, 0, 1, 3).reshape(channels, 16 * features)
    # Rows and columns of a stamp are split into (block, pixel in the block).
    stamps = (x @ matrix).reshape(count, height, width, 2, 2, 2, 2, features)
    stamps = stamps.transpose(3, 5, 0, 1, 4, 2, 6, 7)  # block row, block column, N, H, 2, W, 2, D
    blocks = sum(
        jnp.pad(stamps[a, b], ((0, 0), (a, 1 - a), (0, 0), (b, 1 - b), (0, 0), (0, 0)))
        for a in (0, 1)
        for b in (0, 1)
    )
    padded = jnp.reshape(blocks, (count, 2 * height + 2, 2 * width + 2, features))
    return padded[:, 1:-1, 1:-1]


def upsample_to_blocks(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """`upsample` as a convolution with stride 1 that gives blocks of 2x2 pixels as channels."""
    count, height, width, channels = x.shape
    features = kernel.shape[-1]
    # A row of the kernel is (block, row inside it from the end); a column likewise.
    parts = kernel.reshape(2, 2, 2, 2, channels, features)[:, ::-1, :, ::-1]
    parts = parts.transpose(0, 2, 4, 1, 3, 5).reshape(2, 2, channels, 4 * features)
    blocks = jax.lax.conv_general_dilated(
        x, parts, (1, 1), ((1, 1), (1, 1)), dimension_numbers=_LAYOUT
    )
    blocks = blocks.reshape(count, height + 1, width + 1, 2, 2, features)
    pixels = blocks.transpose(0, 1, 3, 2, 4, 5).reshape(count, 2 * height + 2, 2 * width + 2, -1)
    return pixels[:, 1:-1, 1:-1]


def downsample_by_product(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """`downsample` as one matrix product with all patches."""
    return patches_of(x) @ kernel.reshape(-1, kernel.shape[-1])


def patches_of(x: jax.Array) -> jax.Array:
    """The 4x4 patches of x, zeros around it, that a step of 2 visits: (N, H / 2, W / 2, 16 C).

    A patch is ordered as a kernel is: row, column, channel. Two columns of x stand side by side in
    memory, so eight slices make all patches, not sixteen.
    """
    count, height, width, channels = x.shape
    rows, columns = height // 2, width // 2
    pairs = jnp.pad(x, BORDER).reshape(count, rows + 1, 2, columns + 1, 2 * channels)
    parts = [
        pairs[:, a : a + rows, row, b : b + columns]
        for a in (0, 1)
        for row in (0, 1)
        for b in (0, 1)
    ]
    return jnp.concatenate(parts, axis=-1)


def transpose_kernel(kernel: jax.Array) -> jax.Array:
    """The kernel of the way back: rows and columns from the end, inputs and outputs changed."""
    return kernel[::-1, ::-1].swapaxes(2, 3)


def _downsample_on_cpu(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """`downsample` in the faster form."""
    few = x.shape[-1] < FEW_CHANNELS
    return downsample_by_product(x, kernel) if few else downsample_by_lax(x, kernel)


def _adjoint_on_cpu(y: jax.Array, kernel: jax.Array) -> jax.Array:
    """The gradient of `downsample` by x where that by its output is y, in the faster form."""
    channels = kernel.shape[2]
    stamps_bytes = 16 * (y.size // y.shape[-1]) * channels * y.dtype.itemsize
    stamp = channels < FEW_CHANNELS or stamps_bytes <= CACHE_BYTES
    return (upsample_by_product if stamp else upsample_to_blocks)(y, transpose_kernel(kernel))


def _downsample_by_kernel(x: jax.Array, y: jax.Array) -> jax.Array:
    """The gradient of `downsample` by its kernel where that by its output is y, likewise.

    Where x has few channels it meets the patches that the way forward made.
    """
    channels, features = x.shape[-1], y.shape[-1]
    if channels >= FEW_CHANNELS:
        return _by_kernel(x, y, 2)
    rows = jnp.reshape(patches_of(x), (-1, 16 * channels))
    gradient = jax.lax.dot_general(rows, jnp.reshape(y, (-1, features)), (((0,), (0,)), ((), ())))
    return gradient.reshape(4, 4, channels, features)


def _by_kernel(x: jax.Array, y: jax.Array, stride: int) -> jax.Array:
    """The gradient of a convolution with a border of 1 by its kernel, that by its output being y.

    It is a convolution again, of x by y: channels take the place of the batch, the batch that of
    the channels, and y moves over x with steps of `stride` inside it.
    """
    # Not the arrays' methods: jax 0.7 may give constants that have none.
    gradient = jax.lax.conv_general_dilated(
        jnp.transpose(x, (3, 1, 2, 0)), jnp.transpose(y, (1, 2, 0, 3)), (1, 1), ((1, 1), (1, 1)),
        rhs_dilation=(stride, stride), dimension_numbers=_LAYOUT,
    )  # fmt: skip
    return gradient.transpose(1, 2, 0, 3)


def trilinear(
    forward: Bilinear, adjoint: Bilinear, by_kernel: Bilinear
) -> tuple[Bilinear, Bilinear, Bilinear]:
    """Three functions of one trilinear form: the gradients of each are the two others.

        <forward(x, k), y> = <x, adjoint(y, k)> = <k, by_kernel(x, y)>

    So JAX derives none of them itself, however often they are differentiated (backwards).

    Args:
        forward: (x, k) to y.
        adjoint: (y, k) to x.
        by_kernel: (x, y) to k.

    Returns:
        The three, with these gradients.
    """
    forward, adjoint, by_kernel = map(jax.custom_vjp, (forward, adjoint, by_kernel))

    def keeping(function: Bilinear) -> Callable:
        return lambda a, b: (function(a, b), (a, b))

    def of_forward(kept: tuple[jax.Array, jax.Array], y: jax.Array) -> tuple[jax.Array, jax.Array]:
        x, k = kept
        return adjoint(y, k), by_kernel(x, y)

    def of_adjoint(kept: tuple[jax.Array, jax.Array], x: jax.Array) -> tuple[jax.Array, jax.Array]:
        y, k = kept
        return forward(x, k), by_kernel(x, y)

    def of_kernel(kept: tuple[jax.Array, jax.Array], k: jax.Array) -> tuple[jax.Array, jax.Array]:
        x, y = kept
        return adjoint(y, k), forward(x, k)

    forward.defvjp(keeping(forward), of_forward)
    adjoint.defvjp(keeping(adjoint), of_adjoint)
    by_kernel.defvjp(keeping(by_kernel), of_kernel)
    return forward, adjoint, by_kernel


_downsample, _adjoint_downsample, _ = trilinear(
    _downsample_on_cpu, _adjoint_on_cpu, _downsample_by_kernel
)

_same, _, _ = trilinear(
    same_by_lax,
    lambda y, kernel: same_by_lax(y, transpose_kernel(kernel)),
    lambda x, y: _by_kernel(x, y, 1),
)
