"""Convolutions in the form that XLA runs well on the device at hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from karpa_helpers import runtime

_LECUN = nnx.initializers.lecun_normal()


class ConvTranspose2x(nnx.Module):
    """Transposed convolution with kernel 4x4 and stride 2: doubles height and width.

    The same function as `nnx.ConvTranspose(..., (4, 4), strides=2, padding="SAME")`, with
    parameters of the same shapes. On the CPU it is computed as one matrix product and four sums,
    because there the gradient of XLA's own form is several times slower.

    Args:
        in_features: Input channels.
        out_features: Output channels.
        use_bias: Whether to add a bias; leave it out in front of a normalisation.
        rngs: Random keys for the first kernel.
    """

    def __init__(
        self, in_features: int, out_features: int, *, use_bias: bool = True, rngs: nnx.Rngs
    ) -> None:
        shape = (4, 4, in_features, out_features)
        self.kernel = nnx.Param(nnx.initializers.lecun_normal()(rngs.params(), shape))
        self.bias = nnx.Param(jnp.zeros(out_features)) if use_bias else None

    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps (N, H, W, in_features) to (N, 2H, 2W, out_features).

        Raises:
            ValueError: x has another shape.
        """
        kernel = self.kernel[...]
        if x.ndim != 4 or x.shape[-1] != kernel.shape[2]:
            raise ValueError(
                f"x has shape {x.shape}; a transposed convolution takes a batch of images, "
                f"(N, H, W, {kernel.shape[2]}). After a dense layer, reshape."
            )
        upsample = upsample_by_lax if runtime.on_accelerator() else upsample_by_product
        y = upsample(x, kernel)
        return y if self.bias is None else y + self.bias[...]


def upsample_by_lax(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """The library's transposed convolution, stride 2. Shapes as in `upsample_by_product`."""
    return jax.lax.conv_transpose(
        x, kernel, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def upsample_by_product(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Transposed convolution with stride 2 as its definition has it: stamp, then add.

    Input pixel (i, j) stamps a 4x4 patch, x_ij times the kernel, on the output at row 2i - 1 and
    column 2j - 1. All stamps are one matrix product. In blocks of 2x2 output pixels a stamp
    covers 2x2 blocks, so adding the stamps up is four shifted sums.

    Args:
        x: Shape (N, H, W, C).
        kernel: Shape (4, 4, C, D).

    Returns:
        Shape (N, 2H, 2W, D).
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


class ConvStride2(nnx.Module):
    """Convolution with kernel 4x4 and stride 2: halves height and width.

    The same function as `nnx.Conv(..., (4, 4), strides=2, padding="SAME")` for even sizes, with
    parameters of the same shapes. On the CPU it is computed as one matrix product, which is faster
    than XLA's own form where it is differentiated twice, as a penalty on slopes does.

    Args:
        in_features: Input channels.
        out_features: Output channels.
        use_bias: Whether to add a bias.
        kernel_init: Initializer of the kernel.
        rngs: Random keys for the first kernel.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        use_bias: bool = True,
        kernel_init: nnx.Initializer = _LECUN,
        rngs: nnx.Rngs,
    ) -> None:
        self.kernel = nnx.Param(kernel_init(rngs.params(), (4, 4, in_features, out_features)))
        self.bias = nnx.Param(jnp.zeros(out_features)) if use_bias else None

    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps (N, 2H, 2W, in_features) to (N, H, W, out_features).

        Raises:
            ValueError: x has another shape, or an odd height or width.
        """
        kernel = self.kernel[...]
        if x.ndim != 4 or x.shape[-1] != kernel.shape[2] or x.shape[1] % 2 or x.shape[2] % 2:
            raise ValueError(
                f"x has shape {x.shape}; this convolution halves (N, 2H, 2W, {kernel.shape[2]}), "
                "so height and width must be even."
            )
        downsample = downsample_by_lax if runtime.on_accelerator() else downsample_by_product
        y = downsample(x, kernel)
        return y if self.bias is None else y + self.bias[...]


def downsample_by_lax(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """The library's convolution with stride 2. Shapes as in `downsample_by_product`."""
    return jax.lax.conv_general_dilated(
        x, kernel, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def downsample_by_product(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolution with kernel 4x4 and stride 2 as a product with its patches.

    With one row and column of zeros around it, x falls into blocks of 2x2 pixels, and each patch
    of 4x4 pixels is 2x2 whole blocks: four slices hold all patches, without a gather.

    Args:
        x: Shape (N, 2H, 2W, C).
        kernel: Shape (4, 4, C, D).

    Returns:
        Shape (N, H, W, D).
    """
    count, height, width, channels = x.shape
    rows, columns = height // 2, width // 2
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    blocks = padded.reshape(count, rows + 1, 2, columns + 1, 2, channels)
    blocks = blocks.transpose(0, 1, 3, 2, 4, 5).reshape(count, rows + 1, columns + 1, -1)
    patches = jnp.concatenate(
        [blocks[:, a : rows + a, b : columns + b] for a in (0, 1) for b in (0, 1)], axis=-1
    )
    # A kernel row is (block, row in the block), and a column likewise.
    matrix = kernel.reshape(2, 2, 2, 2, channels, -1).transpose(0, 2, 1, 3, 4, 5)
    return patches @ matrix.reshape(16 * channels, -1)


class Conv3x3(nnx.Module):
    """Convolution with kernel 3x3 that keeps height and width.

    The same function as `nnx.Conv(..., (3, 3), padding="SAME")`, with parameters of the same
    shapes. On the CPU it is computed as one matrix product, as `ConvStride2` is.

    Args:
        in_features: Input channels.
        out_features: Output channels.
        kernel_init: Initializer of the kernel.
        rngs: Random keys for the first kernel.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        kernel_init: nnx.Initializer = _LECUN,
        rngs: nnx.Rngs,
    ) -> None:
        self.kernel = nnx.Param(kernel_init(rngs.params(), (3, 3, in_features, out_features)))
        self.bias = nnx.Param(jnp.zeros(out_features))

    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps (N, H, W, in_features) to (N, H, W, out_features).

        Raises:
            ValueError: x has another shape.
        """
        kernel = self.kernel[...]
        if x.ndim != 4 or x.shape[-1] != kernel.shape[2]:
            raise ValueError(
                f"x has shape {x.shape}; this convolution takes (N, H, W, {kernel.shape[2]})."
            )
        convolve = same_by_lax if runtime.on_accelerator() else same_by_product
        return convolve(x, kernel) + self.bias[...]


def same_by_lax(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """The library's convolution, stride 1. Shapes as in `same_by_product`."""
    return jax.lax.conv_general_dilated(
        x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def same_by_product(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolution with kernel 3x3 as a product with its patches: nine shifted copies of x.

    Args:
        x: Shape (N, H, W, C).
        kernel: Shape (3, 3, C, D).

    Returns:
        Shape (N, H, W, D).
    """
    _, height, width, channels = x.shape
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    patches = jnp.concatenate(
        [padded[:, a : height + a, b : width + b] for a in range(3) for b in range(3)], axis=-1
    )
    return patches @ kernel.reshape(9 * channels, -1)
