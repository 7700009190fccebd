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
    "00.2": [by_means, upside_down, by_fastest, difference],
    "00.3": [with_the_rest, rounded, rounded_up, rounded_to_a_tenth],
}
