"""Plausible wrong answers to the exercises of lesson 03."""

import jax
import jax.numpy as jnp
import numpy as np


def without_dilation(kernel, dilation):
    return (kernel - 1) // 2


def twice_as_much(kernel, dilation):
    return dilation * (kernel - 1)


def half_the_covered_width(kernel, dilation):
    return dilation * kernel // 2


def as_a_float(kernel, dilation):
    return dilation * (kernel - 1) / 2


def sums_of_kernels(layers):
    return 1 + sum(dilation * (kernel - 1) for kernel, _, dilation in layers)


def own_stride_too(layers):
    field, step = 1, 1
    for kernel, stride, dilation in layers:
        step *= stride
        field += dilation * (kernel - 1) * step
    return field


def strides_added(layers):
    field, step = 1, 1
    for kernel, stride, dilation in layers:
        field += dilation * (kernel - 1) * step
        step += stride - 1
    return field


def dilation_stays(layers):
    field, step = 1, 1
    for kernel, stride, dilation in layers:
        step *= dilation
        field += (kernel - 1) * step
        step *= stride
    return field


def dilation_left_out(layers):
    field, step = 1, 1
    for kernel, stride, _ in layers:
        field += (kernel - 1) * step
        step *= stride
    return field


def kernel_times_dilation(layers):
    field, step = 1, 1
    for kernel, stride, dilation in layers:
        field += (kernel * dilation - 1) * step
        step *= stride
    return field


def matrix(kernel, n, stride, rows, step):
    result = np.zeros((rows, n))
    for i in range(rows):
        width = min(len(kernel), n - step * i)
        result[i, step * i : step * i + width] = kernel[:width]
    return result


def backwards(kernel, n, stride):
    return matrix(kernel[::-1], n, stride, (n - len(kernel)) // stride + 1, stride)


def stride_forgotten_in_the_rows(kernel, n, stride):
    return matrix(kernel, n, stride, (n - len(kernel)) // stride + 1, 1)


def transposed(kernel, n, stride):
    return matrix(kernel, n, stride, (n - len(kernel)) // stride + 1, stride).T


def one_row_short(kernel, n, stride):
    return matrix(kernel, n, stride, (n - len(kernel)) // stride, stride)


def rounded_up(kernel, n, stride):
    return matrix(kernel, n, stride, -(-(n - len(kernel)) // stride) + 1, stride)


def gathered(x, kernel, stride, order=None):
    size = kernel.shape[0]
    rows, columns = ((n - size) // stride + 1 for n in x.shape[1:3])
    places = [
        x[:, u : u + stride * (rows - 1) + 1 : stride, v : v + stride * (columns - 1) + 1 : stride]
        for u in range(size)
        for v in range(size)
    ]
    return jnp.stack(places, axis=order or -2)


def other_order(x, kernel, stride):
    patches = gathered(x, kernel, stride, order=-1)  # channels first, then places
    return patches.reshape(*patches.shape[:3], -1) @ kernel.reshape(-1, kernel.shape[-1])


def turned_kernel(x, kernel, stride):
    patches = gathered(x, kernel, stride)
    flat = kernel[::-1, ::-1].reshape(-1, kernel.shape[-1])
    return patches.reshape(*patches.shape[:3], -1) @ flat


def stride_afterwards(x, kernel, stride):
    patches = gathered(x, kernel, 1)
    return patches.reshape(*patches.shape[:3], -1) @ kernel.reshape(-1, kernel.shape[-1])


def many_products(x, kernel, stride):
    patches = gathered(x, kernel, stride)
    flat = kernel.reshape(-1, *kernel.shape[2:])
    return sum(patches[:, :, :, i] @ flat[i] for i in range(len(flat)))


def xla_itself(x, kernel, stride):
    return jax.lax.conv_general_dilated(
        x, kernel, (stride, stride), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def rows_reversed(logits_of, pixels):
    return (jax.nn.softmax(logits_of(pixels)) + jax.nn.softmax(logits_of(pixels[:, ::-1]))) / 2


def channels_reversed(logits_of, pixels):
    return (jax.nn.softmax(logits_of(pixels)) + jax.nn.softmax(logits_of(pixels[..., ::-1]))) / 2


def mean_of_logits(logits_of, pixels):
    return jax.nn.softmax((logits_of(pixels) + logits_of(pixels[:, :, ::-1])) / 2)


def logits_left(logits_of, pixels):
    return (logits_of(pixels) + logits_of(pixels[:, :, ::-1])) / 2


def not_halved(logits_of, pixels):
    return jax.nn.softmax(logits_of(pixels)) + jax.nn.softmax(logits_of(pixels[:, :, ::-1]))


def over_the_batch(logits_of, pixels):
    upright, mirrored = logits_of(pixels), logits_of(pixels[:, :, ::-1])
    return (jax.nn.softmax(upright, axis=0) + jax.nn.softmax(mirrored, axis=0)) / 2


def only_the_mirror(logits_of, pixels):
    return jax.nn.softmax(logits_of(pixels[:, :, ::-1]))


MISTAKES = {
    "03.1": [without_dilation, twice_as_much, half_the_covered_width, as_a_float],
    "03.2": [
        sums_of_kernels, own_stride_too, strides_added,
        dilation_stays, dilation_left_out, kernel_times_dilation,
    ],
    "03.3": [backwards, stride_forgotten_in_the_rows, transposed, one_row_short, rounded_up],
    "03.4": [other_order, turned_kernel, stride_afterwards, many_products, xla_itself],
    "03.5": [
        rows_reversed, channels_reversed, mean_of_logits, logits_left, not_halved, over_the_batch,
        only_the_mirror,
    ],
}  # fmt: skip
