"""Convolutions in the form that XLA runs well on the device at hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from karpa_helpers import runtime

# Below this many output channels the library's form is the faster one on the CPU too.
_FEW_CHANNELS = 4


class ConvTranspose2x(nnx.Module):
    """Transposed convolution with kernel 4x4 and stride 2: doubles height and width.

    The same function as `nnx.ConvTranspose(..., (4, 4), strides=2, padding="SAME")`, with
    parameters of the same shapes. On the CPU it is computed as four products, one for each
    parity of output row and column, because there the gradient of XLA's own form is slow.

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
        as_products = not runtime.on_accelerator() and kernel.shape[-1] >= _FEW_CHANNELS
        y = upsample_by_parity(x, kernel) if as_products else upsample_by_lax(x, kernel)
        return y if self.bias is None else y + self.bias[...]


def upsample_by_lax(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """The library's transposed convolution, stride 2. Shapes as in `upsample_by_parity`."""
    return jax.lax.conv_transpose(
        x, kernel, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def upsample_by_parity(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Transposed convolution with stride 2 as four matrix products.

    Output pixel (2i + a, 2j + b) sees the 2x2 input patch that starts at (i + a - 1, j + b - 1),
    through the kernel's rows a, a + 2 and columns b, b + 2. So each parity (a, b) is a plain
    convolution with a 2x2 kernel: gathered patches times a matrix.

    Args:
        x: Shape (N, H, W, C).
        kernel: Shape (4, 4, C, D).

    Returns:
        Shape (N, 2H, 2W, D).
    """
    count, height, width, _ = x.shape
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))

    def parity(a: int, b: int) -> jax.Array:
        shifts = [(i, j) for i in (0, 1) for j in (0, 1)]
        patches = jnp.concatenate(
            [padded[:, a + i : a + i + height, b + j : b + j + width] for i, j in shifts], axis=-1
        )
        matrix = jnp.concatenate([kernel[a + 2 * i, b + 2 * j] for i, j in shifts], axis=0)
        return patches @ matrix

    rows = [jnp.stack([parity(a, 0), parity(a, 1)], axis=3) for a in (0, 1)]
    return jnp.stack(rows, axis=2).reshape(count, 2 * height, 2 * width, kernel.shape[-1])
