"""Plausible wrong answers to the exercises of lesson 00."""

import jax.numpy as jnp
import numpy as np


def square_of_mean(x):
    return jnp.mean(x) ** 2


def sum_of_squares(x):
    return jnp.sum(x**2)


def by_numpy(x):
    return np.mean(np.asarray(x) ** 2)


def by_rows(x):
    return jnp.mean(x**2, axis=0)


def by_means(a, b):
    return np.mean(a) / np.mean(b)


def upside_down(a, b):
    return np.median(b) / np.median(a)


def by_fastest(a, b):
    return min(a) / min(b)


def by_slowest(a, b):
    return max(a) / max(b)


def pair_by_pair(a, b):
    return np.median(np.divide(a, b))


def without_both_ends(a, b):
    return np.mean(sorted(a)[1:-1]) / np.mean(sorted(b)[1:-1])


def difference(a, b):
    return np.median(a) - np.median(b)


def rounded_to_a_tenth(steps, batch_size, examples):
    return round(steps / (examples // batch_size), 1)


def with_the_rest(steps, batch_size, examples):
    return steps * batch_size / examples


def rounded(steps, batch_size, examples):
    return steps // (examples // batch_size)


def rounded_up(steps, batch_size, examples):
    return steps / -(-examples // batch_size)


MISTAKES = {
    "00.1": [square_of_mean, sum_of_squares, by_numpy, by_rows],
    "00.2": [
        by_means,
        upside_down,
        by_fastest,
        by_slowest,
        pair_by_pair,
        without_both_ends,
        difference,
    ],
    "00.3": [with_the_rest, rounded, rounded_up, rounded_to_a_tenth],
}
