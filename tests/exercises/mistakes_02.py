"""Plausible wrong answers to the exercises of lesson 02. Each must fail its check."""

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree


def log_softmax_overflowing(logits):
    return jnp.log(jnp.exp(logits) / jnp.exp(logits).sum(axis=-1, keepdims=True))


def log_softmax_over_the_batch(logits):
    return jax.nn.log_softmax(logits, axis=0)


def log_softmax_one_maximum(logits):
    shifted = logits - logits.max()
    return shifted - jnp.log(jnp.exp(shifted).sum(axis=-1, keepdims=True))


def log_softmax_softmax_only(logits):
    return jax.nn.softmax(logits)


def norms_of_the_mean(loss, params, inputs, targets):
    def mean(params):
        return jnp.mean(jax.vmap(lambda x, y: loss(params, x, y))(inputs, targets))

    return jnp.full(len(inputs), optax.global_norm(jax.grad(mean)(params)))


def norms_summed_over_leaves(loss, params, inputs, targets):
    def norm(x, y):
        return sum(jnp.linalg.norm(leaf) for leaf in jax.tree.leaves(jax.grad(loss)(params, x, y)))

    return jax.vmap(norm)(inputs, targets)


def norms_squared(loss, params, inputs, targets):
    def square(x, y):
        return optax.global_norm(jax.grad(loss)(params, x, y)) ** 2

    return jax.vmap(square)(inputs, targets)


def norms_divided(loss, params, inputs, targets):
    def norm(x, y):
        return optax.global_norm(jax.grad(loss)(params, x, y)) / len(inputs)

    return jax.vmap(norm)(inputs, targets)


def norms_as_a_tree(loss, params, inputs, targets):
    gradients = jax.vmap(jax.grad(loss), in_axes=(None, 0, 0))(params, inputs, targets)
    return jax.tree.map(jnp.linalg.norm, gradients)


def norm_plain(x):
    return jnp.linalg.norm(x)


def norm_one_where(x):
    return jnp.where((x == 0).all(), 0.0, jnp.sqrt(jnp.sum(x**2)))


def norm_with_epsilon(x):
    return jnp.sqrt(jnp.sum(x**2) + 1e-8)


def norm_with_python_if(x):
    return jnp.sqrt(jnp.sum(x**2)) if (x != 0).any() else 0.0


def momentum_not_a_tree(params, velocity, gradient, rate, momentum):
    velocity = momentum * velocity + gradient
    return params - rate * velocity, velocity


def momentum_old_velocity(params, velocity, gradient, rate, momentum):
    params = jax.tree.map(lambda p, u: p - rate * u, params, velocity)
    return params, jax.tree.map(lambda u, g: momentum * u + g, velocity, gradient)


def momentum_averaged(params, velocity, gradient, rate, momentum):
    velocity = jax.tree.map(lambda u, g: momentum * u + (1 - momentum) * g, velocity, gradient)
    return jax.tree.map(lambda p, u: p - rate * u, params, velocity), velocity


def momentum_by_the_gradient_alone(params, velocity, gradient, rate, momentum):
    velocity = jax.tree.map(lambda u, g: momentum * u + g, velocity, gradient)
    return jax.tree.map(lambda p, g: p - rate * g, params, gradient), velocity


def momentum_parameters_only(params, velocity, gradient, rate, momentum):
    return jax.tree.map(lambda p, g: p - rate * g, params, gradient)


def momentum_with_the_rate_in_the_velocity(params, velocity, gradient, rate, momentum):
    velocity = jax.tree.map(lambda u, g: momentum * u - rate * g, velocity, gradient)
    return jax.tree.map(jnp.add, params, velocity), velocity


def momentum_swapped(params, velocity, gradient, rate, momentum):
    velocity = jax.tree.map(lambda u, g: momentum * u + g, velocity, gradient)
    return velocity, jax.tree.map(lambda p, u: p - rate * u, params, velocity)


def momentum_uphill(params, velocity, gradient, rate, momentum):
    velocity = jax.tree.map(lambda u, g: momentum * u + g, velocity, gradient)
    return jax.tree.map(lambda p, u: p + rate * u, params, velocity), velocity


def curvature_after_five_products(loss, params, key):
    flat, unravel = ravel_pytree(params)
    slope = jax.grad(lambda vector: loss(unravel(vector)))
    vector, length = jax.random.normal(key, flat.shape), 1.0
    for _ in range(5):
        vector = jax.jvp(slope, (flat,), (vector,))[1]
        length = jnp.linalg.norm(vector)
        vector = vector / length
    return length


def curvature_in_the_direction_of_the_gradient(loss, params, key):
    flat, unravel = ravel_pytree(params)
    slope = jax.grad(lambda vector: loss(unravel(vector)))
    product = jax.jvp(slope, (flat,), (slope(flat),))[1]
    return jnp.linalg.norm(product) / jnp.linalg.norm(slope(flat))


def curvature_mean_of_the_spectrum(loss, params, key):
    flat, unravel = ravel_pytree(params)
    return jnp.trace(jax.hessian(lambda vector: loss(unravel(vector)))(flat)) / len(flat)


def curvature_not_normalised(loss, params, key):
    flat, unravel = ravel_pytree(params)
    slope = jax.grad(lambda vector: loss(unravel(vector)))
    vector = jax.random.normal(key, flat.shape)
    for _ in range(100):
        vector = jax.jvp(slope, (flat,), (vector,))[1]
    return jnp.linalg.norm(vector)


def curvature_at_the_wrong_point(loss, params, key):
    flat, unravel = ravel_pytree(params)
    hessian = jax.hessian(lambda vector: loss(unravel(vector)))(jnp.zeros_like(flat))
    return jnp.linalg.eigvalsh(hessian)[-1]


MISTAKES = {
    "02.1": [
        log_softmax_overflowing,
        log_softmax_over_the_batch,
        log_softmax_one_maximum,
        log_softmax_softmax_only,
    ],
    "02.2": [
        norms_of_the_mean,
        norms_summed_over_leaves,
        norms_squared,
        norms_divided,
        norms_as_a_tree,
    ],
    "02.3": [norm_plain, norm_one_where, norm_with_epsilon, norm_with_python_if],
    "02.4": [
        momentum_not_a_tree,
        momentum_old_velocity,
        momentum_averaged,
        momentum_by_the_gradient_alone,
        momentum_parameters_only,
        momentum_with_the_rate_in_the_velocity,
        momentum_swapped,
        momentum_uphill,
    ],
    "02.5": [
        curvature_after_five_products,
        curvature_in_the_direction_of_the_gradient,
        curvature_mean_of_the_spectrum,
        curvature_not_normalised,
        curvature_at_the_wrong_point,
    ],
}
