"""Plausible wrong answers to the exercises of lesson 07."""

import jax
import jax.numpy as jnp
import numpy as np


def whole_gamma(c, gamma):
    root = np.sqrt(complex(gamma**2 / 4 - c**2))
    return -gamma + root, -gamma - root


def wrong_sign(c, gamma):
    root = np.sqrt(complex(gamma**2 / 4 - c**2))
    return gamma / 2 + root, gamma / 2 - root


def gamma_in_the_root(c, gamma):
    root = np.sqrt(complex(gamma**2 - c**2))
    return -gamma / 2 + root, -gamma / 2 - root


def always_imaginary(c, gamma):
    root = 1j * np.sqrt(abs(c**2 - gamma**2 / 4))
    return -gamma / 2 + root, -gamma / 2 - root


def only_one(c, gamma):
    return [-gamma / 2 + np.sqrt(complex(gamma**2 / 4 - c**2))]


def by_equation_6(c, gamma, eta):
    return eta < gamma / c**2


def by_the_real_part(c, gamma, eta):
    return gamma > 0


def without_the_square(c, gamma, eta):
    return eta < gamma / c and eta < 2 / max(gamma, 1e-9)


def small_steps(c, gamma, eta):
    return eta < 0.5 and gamma > 0


def whole_square(f, x):
    return jnp.mean(jnp.sum(jax.vmap(jax.grad(f))(x) ** 2, axis=1))


def length_not_square(f, x):
    return 0.5 * jnp.mean(jnp.linalg.norm(jax.vmap(jax.grad(f))(x), axis=1))


def mean_of_everything(f, x):
    return 0.5 * jnp.mean(jax.vmap(jax.grad(f))(x) ** 2)


def slope_of_the_mean(f, x):
    return 0.5 * jnp.sum(jax.vmap(jax.grad(f))(x).mean(0) ** 2)


def one_a_point(f, x):
    return 0.5 * jnp.sum(jax.vmap(jax.grad(f))(x) ** 2, axis=1)


def keeps_the_rest(points, m):
    rest = -len(points) % m
    padded = np.concatenate([points, np.zeros((rest, points.shape[1]))])
    return padded.reshape(-1, m * points.shape[1])


def coordinates_together(points, m):
    rows = len(points) // m
    return points[: rows * m].reshape(rows, m, -1).transpose(0, 2, 1).reshape(rows, -1)


def far_apart(points, m):
    rows = len(points) // m
    return np.concatenate(np.split(points[: rows * m], m), axis=1)


def planar_only(points, m):
    rows = len(points) // m
    return points.ravel()[: rows * m * 2].reshape(rows, m * 2)


MISTAKES = {
    "07.1": [whole_gamma, wrong_sign, gamma_in_the_root, always_imaginary, only_one],
    "07.2": [by_equation_6, by_the_real_part, without_the_square, small_steps],
    "07.3": [whole_square, length_not_square, mean_of_everything, slope_of_the_mean, one_a_point],
    "07.4": [keeps_the_rest, coordinates_together, far_apart, planar_only],
}
