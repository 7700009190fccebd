"""Plausible wrong answers to the exercises of lesson 22. Each must fail its check."""

import jax
import jax.numpy as jnp
import numpy as np


def one_operation_each(n, m, k, size):
    return n * m * k / (size * (n * k + k * m + n * m))


def result_not_written(n, m, k, size):
    return 2 * n * m * k / (size * (n * k + k * m))


def always_float32(n, m, k, size):
    return 2 * n * m * k / (4 * (n * k + k * m + n * m))


def sides_mixed_up(n, m, k, size):
    return 2 * n * m * k / (size * (n * n + k * k + m * m))


def _best(cost, most):
    return min(range(1, most + 1), key=cost)


def as_many_as_there_are(work, size, bandwidth, latency, most):
    return most


def pays_alone(work, size, bandwidth, latency, most):
    return _best(lambda n: work / n + 2 * (size / bandwidth + n * latency), most)


def one_pass(work, size, bandwidth, latency, most):
    return _best(lambda n: work / n + (n - 1) * (size / (n * bandwidth) + latency), most)


def latency_once(work, size, bandwidth, latency, most):
    return _best(lambda n: work / n + 2 * (n - 1) / n * size / bandwidth + latency, most)


def no_latency(work, size, bandwidth, latency, most):
    return _best(lambda n: work / n + 2 * (n - 1) / n * size / bandwidth, most)


def whole_array_each_round(work, size, bandwidth, latency, most):
    return _best(lambda n: work / n + 2 * (n - 1) * (size / bandwidth + latency), most)


def one_too_few(work, size, bandwidth, latency, most):
    return min(
        range(1, most), key=lambda n: work / n + 2 * (n - 1) * (size / n / bandwidth + latency)
    )


def largest_of_several(work, size, bandwidth, latency, most):
    return min(
        range(most, 0, -1),
        key=lambda n: work / n + 2 * (n - 1) * (size / n / bandwidth + latency),
    )


def mean_of_means(sums, counts, slopes):
    return (sums / counts).mean(), slopes.mean(axis=0)


def slopes_just_averaged(sums, counts, slopes):
    return sums.sum() / counts.sum(), slopes.mean(axis=0)


def slopes_summed(sums, counts, slopes):
    return sums.sum() / counts.sum(), slopes.sum(axis=0) / counts.sum()


def zero_times_nan(sums, counts, slopes):
    return sums.sum() / counts.sum(), counts @ slopes / counts.sum()


def empty_counts_as_one(sums, counts, slopes):
    counts = np.maximum(counts, 1)
    return sums.sum() / counts.sum(), counts @ np.nan_to_num(slopes) / counts.sum()


def plain_sum(values):
    zero = jnp.zeros((), values.dtype)
    return jax.lax.scan(lambda total, value: (total + value, None), zero, values)[0]


def summed_in_float32(values):
    return jnp.sum(values.astype(jnp.float32))


def library_sum(values):
    return jnp.sum(values)


def rounded_at_the_end(values):
    return jnp.sum(values.astype(jnp.float32)).astype(jnp.bfloat16)


def _kahan(values, sign, of_value):
    def add(carry, value):
        total, lost = carry
        wanted = jax.lax.reduce_precision(value - sign * lost, 8, 7)
        new = jax.lax.reduce_precision(total + wanted, 8, 7)
        lost = (new - total) - (value if of_value else wanted)
        return (new, jax.lax.reduce_precision(lost, 8, 7)), None

    zero = jnp.zeros((), values.dtype)
    return jax.lax.scan(add, (zero, zero), values)[0][0]


def wrong_sign(values):
    return _kahan(values, -1, of_value=False)


def forgets_what_was_carried(values):
    return _kahan(values, 1, of_value=True)


MISTAKES = {
    "22.1": [one_operation_each, result_not_written, always_float32, sides_mixed_up],
    "22.2": [
        as_many_as_there_are,
        pays_alone,
        one_pass,
        latency_once,
        no_latency,
        whole_array_each_round,
        one_too_few,
        largest_of_several,
    ],
    "22.3": [
        mean_of_means,
        slopes_just_averaged,
        slopes_summed,
        zero_times_nan,
        empty_counts_as_one,
    ],
    "22.4": [
        plain_sum,
        summed_in_float32,
        library_sum,
        rounded_at_the_end,
        wrong_sign,
        forgets_what_was_carried,
    ],
}
