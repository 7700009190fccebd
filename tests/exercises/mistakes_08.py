"""Plausible wrong answers to the exercises of lesson 08."""

import jax
import jax.numpy as jnp
import numpy as np


def not_halved(drawn, real):
    return np.abs(drawn / np.sum(drawn) - real / np.sum(real)).sum()


def of_counts(drawn, real):
    return np.abs(np.subtract(drawn, real)).sum() / 2 / np.sum(real)


def not_absolute(drawn, real):
    return (drawn / np.sum(drawn) - real / np.sum(real)).sum() / 2


def largest_difference(drawn, real):
    return np.abs(drawn / np.sum(drawn) - real / np.sum(real)).max()


def euclidean(drawn, real):
    return np.sqrt(((drawn / np.sum(drawn) - real / np.sum(real)) ** 2).sum() / 2)


def rolled(image, down, right):
    return np.roll(image, (down, right), (0, 1))


def wrong_way(image, down, right):
    S, T = np.eye(image.shape[0], k=down), np.eye(image.shape[1], k=right)
    return np.einsum("ij,kl,jlc->ikc", S, T, image)


def axes_swapped(image, down, right):
    S, T = np.eye(image.shape[0], k=-right), np.eye(image.shape[1], k=-down)
    return np.einsum("ij,kl,jlc->ikc", S, T, image)


def edge_repeated(image, down, right):
    rows = np.clip(np.arange(image.shape[0]) - down, 0, image.shape[0] - 1)
    columns = np.clip(np.arange(image.shape[1]) - right, 0, image.shape[1] - 1)
    return image[rows][:, columns]


def down_only_if_positive(image, down, right):
    out = np.zeros_like(image)
    out[down:, right:] = image[: image.shape[0] - down, : image.shape[1] - right]
    return out


def by_logarithm(real, fake):
    margin = real - fake
    return jnp.log(1 + jnp.exp(-margin)).mean(), jnp.log(1 + jnp.exp(margin)).mean()


def swapped_players(real, fake):
    margin = real - fake
    return jnp.mean(jax.nn.softplus(margin)), jnp.mean(jax.nn.softplus(-margin))


def of_means(real, fake):
    margin = real.mean() - fake.mean()
    return jax.nn.softplus(-margin), jax.nn.softplus(margin)


def zero_sum(real, fake):
    loss = jnp.mean(jax.nn.softplus(fake - real))
    return loss, -loss


def not_relative(real, fake):
    on_real, on_fake = jnp.mean(jax.nn.softplus(-real)), jnp.mean(jax.nn.softplus(fake))
    return on_real + on_fake, jnp.mean(jax.nn.softplus(-fake))


def _shuffle(drawn, real, shuffles, seed, gap, first=1, strict=False):
    rng, pooled = np.random.default_rng(seed), np.concatenate([drawn, real])
    here = gap(pooled, len(drawn))
    gaps = np.array([gap(rng.permutation(pooled), len(drawn)) for _ in range(shuffles)])
    hits = (gaps > here + 1e-12).sum() if strict else (gaps >= here - 1e-12).sum()
    return (first + hits) / (first + shuffles)


def _absolute(x, n):
    return abs(x[:n].mean() - x[n:].mean())


def without_the_given_order(drawn, real, shuffles, seed):
    return _shuffle(drawn, real, shuffles, seed, _absolute, first=0)


def one_sided(drawn, real, shuffles, seed):
    return _shuffle(drawn, real, shuffles, seed, lambda x, n: x[n:].mean() - x[:n].mean())


def strictly_larger(drawn, real, shuffles, seed):
    return _shuffle(drawn, real, shuffles, seed, _absolute, strict=True)


def cut_in_half(drawn, real, shuffles, seed):
    half = (len(drawn) + len(real)) // 2
    return _shuffle(drawn, real, shuffles, seed, lambda x, n: _absolute(x, half))


def confidence(drawn, real, shuffles, seed):
    return 1 - _shuffle(drawn, real, shuffles, seed, _absolute)


MISTAKES = {
    "08.1": [not_halved, of_counts, not_absolute, largest_difference, euclidean],
    "08.2": [rolled, wrong_way, axes_swapped, edge_repeated, down_only_if_positive],
    "08.3": [by_logarithm, swapped_players, of_means, zero_sum, not_relative],
    "08.4": [without_the_given_order, one_sided, strictly_larger, cut_in_half, confidence],
}
