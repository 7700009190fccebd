"""Plausible wrong answers to the exercises of lesson 05."""

import jax
import jax.numpy as jnp
import numpy as np


def pixels_of_a_convolution(n, kernel, stride, padding):
    return (n + 2 * padding - kernel) // stride + 1


def padding_once(n, kernel, stride, padding):
    return stride * (n - 1) + kernel - padding


def stride_times(n, kernel, stride, padding):
    return stride * n


def by_logarithms(real, fake):
    return -jnp.mean(jnp.log(jax.nn.sigmoid(real))) - jnp.mean(jnp.log(1 - jax.nn.sigmoid(fake)))


def value_not_loss(real, fake):
    return -jnp.mean(jax.nn.softplus(-real)) - jnp.mean(jax.nn.softplus(fake))


def swapped(real, fake):
    return jnp.mean(jax.nn.softplus(real)) + jnp.mean(jax.nn.softplus(-fake))


def summed(real, fake):
    return jnp.sum(jax.nn.softplus(-real)) + jnp.sum(jax.nn.softplus(fake))


def clipped(real, fake):
    real, fake = jnp.clip(real, -30, 30), jnp.clip(fake, -30, 30)
    return jnp.mean(jax.nn.softplus(-real)) + jnp.mean(jax.nn.softplus(fake))


def with_epsilon(real, fake):
    on_real, on_fake = jax.nn.sigmoid(real), jax.nn.sigmoid(fake)
    return -jnp.mean(jnp.log(on_real + 1e-7)) - jnp.mean(jnp.log(1 - on_fake + 1e-7))


def only_absent(labels, classes):
    return [c for c in range(classes) if c not in set(labels.tolist())]


def fixed_threshold(labels, classes):
    shares = np.bincount(labels, minlength=classes) / len(labels)
    return [int(c) for c in np.flatnonzero(shares < 0.02)]


def without_minlength(labels, classes):
    shares = np.bincount(labels) / len(labels)
    return [int(c) for c in np.flatnonzero(shares < 0.2 / classes)]


def share_of_those_that_occur(labels, classes):
    shares = np.bincount(labels, minlength=classes) / len(labels)
    return [int(c) for c in np.flatnonzero(shares < 0.2 / len(set(labels.tolist())))]


def by_means(a, b):
    return "a" if np.mean(a) < np.mean(b) else "b"


def unpaired(a, b):
    half = 4.3 * np.sqrt((np.var(a, ddof=1) + np.var(b, ddof=1)) / len(a))
    difference = np.mean(a) - np.mean(b)
    return "a" if difference + half < 0 else "b" if difference - half > 0 else "undecided"


def normal_interval(a, b):
    d = np.subtract(a, b)
    half = 1.96 * d.std(ddof=1) / np.sqrt(len(d))
    return "a" if d.mean() + half < 0 else "b" if d.mean() - half > 0 else "undecided"


def population_deviation(a, b):
    return three_seeds_only(a, b, ddof=0)


def three_seeds_only(a, b, ddof=1):
    d = np.subtract(a, b)
    half = 4.303 * d.std(ddof=ddof) / np.sqrt(len(d))
    return "a" if d.mean() + half < 0 else "b" if d.mean() - half > 0 else "undecided"


MISTAKES = {
    "05.1": [pixels_of_a_convolution, padding_once, stride_times],
    "05.2": [by_logarithms, value_not_loss, swapped, summed, clipped, with_epsilon],
    "05.3": [only_absent, fixed_threshold, without_minlength, share_of_those_that_occur],
    "05.4": [by_means, unpaired, normal_interval, population_deviation, three_seeds_only],
}
