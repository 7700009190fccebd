"""Convolutions of images: doubling, halving and keeping height and width.

Layouts: images (N, H, W, C), kernels (rows, columns, C, D), as in Flax. `nn.fast.convolution` holds
the forms of each that XLA runs well.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from karpa_helpers.nn.fast import convolution as fast

_LECUN = nnx.initializers.lecun_normal()


class ConvTranspose2x(nnx.Module):
    """Transposed convolution with kernel 4x4 and stride 2: doubles height and width.

    The same function as `nnx.ConvTranspose(..., (4, 4), strides=2, padding="SAME")`, with
    parameters of the same shapes.

    Args:
        in_features: Input channels.
        out_features: Output channels.
        use_bias: Whether to add a bias; leave it out in front of a normalisation.
        rngs: Random keys for the first kernel.
    """

    def __init__(
        self, in_features: int, out_features: int, *, use_bias: bool = True, rngs: nnx.Rngs
    ) -> None:
        self.kernel = nnx.Param(_LECUN(rngs.params(), (4, 4, in_features, out_features)))
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
        y = fast.upsample(x, kernel)
        return y if self.bias is None else y + self.bias[...]


class ConvStride2(nnx.Module):
    """Convolution with kernel 4x4 and stride 2: halves height and width.

    The same function as `nnx.Conv(..., (4, 4), strides=2, padding="SAME")` for even sizes, with
    parameters of the same shapes.

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
        y = fast.downsample(x, kernel)
        return y if self.bias is None else y + self.bias[...]


class Conv3x3(nnx.Module):
    """Convolution with kernel 3x3 that keeps height and width.

    The same function as `nnx.Conv(..., (3, 3), padding="SAME")`, with parameters of the same
    shapes.

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
        return fast.same(x, kernel) + self.bias[...]


# XLA's own operations.


# Other forms of the same functions, for the CPU.
