"""Checks of the exercises of lesson 02: JAX, Flax, Optax, XLA."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree
from scipy import special

from karpa_helpers import runtime
from karpa_helpers.show import exercises
from karpa_helpers.show.exercises import expect


def _close(found: Any, wanted: Any, relative: float = 1e-4, absolute: float = 1e-6) -> bool:
    return bool(np.allclose(np.asarray(found), np.asarray(wanted), rtol=relative, atol=absolute))


def _same(tree: Any, other: Any) -> bool:
    return all(jax.tree.leaves(jax.tree.map(_close, tree, other)))


@exercises.register("02.1")
def check_log_softmax(candidate: Any) -> None:
    """log p over the last axis, stable for each row."""
    logits = jax.random.normal(runtime.key(0), (4, 7))
    found = candidate(logits)
    expect(jnp.shape(found) == (4, 7), f"The shape is {jnp.shape(found)}, not (4, 7).")
    sums = jnp.exp(found).sum(axis=-1)
    expect(_close(sums, 1.0), "The probabilities of a row do not sum to 1.")
    expect(_close(found, special.log_softmax(logits, axis=-1)), "Some values are wrong.")
    large = jnp.array([1000.0, 999.0, -1000.0])
    expect(jnp.isfinite(candidate(large)).all(), "A logit of 1000 or -1000 is too much for it.")
    rows = jnp.array([[0.0, 1.0], [500.0, 501.0]])
    wanted = special.log_softmax(rows, axis=-1)
    expect(
        _close(candidate(rows), wanted),
        "A row of small logits goes wrong when another row of the batch holds large ones.",
    )


@exercises.register("02.2")
def check_gradient_norms(candidate: Any) -> None:
    """One norm per example, over all leaves of the parameters."""

    def loss(params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        return jnp.sum((jnp.tanh(x @ params["w"]) + params["b"] - y) ** 2)

    keys = jax.random.split(runtime.key(1), 4)
    params = {"w": jax.random.normal(keys[0], (3, 2)), "b": jax.random.normal(keys[1], (2,))}
    inputs, targets = jax.random.normal(keys[2], (5, 3)), jax.random.normal(keys[3], (5, 2))
    answer = candidate(loss, params, inputs, targets)
    try:
        found = jnp.asarray(answer)
    except (TypeError, ValueError):
        kind = type(answer).__name__
        raise exercises.Wrong(f"Return one array of shape (N,), not a {kind}.") from None
    slope = jax.jit(jax.grad(loss))
    gradients = [slope(params, x, y) for x, y in zip(inputs, targets, strict=True)]
    wanted = np.array([np.linalg.norm(ravel_pytree(gradient)[0]) for gradient in gradients])
    leaf_sums = [sum(map(np.linalg.norm, jax.tree.leaves(gradient))) for gradient in gradients]
    expect(jnp.shape(found) == (5,), f"Five examples gave the shape {jnp.shape(found)}, not (5,).")
    expect(
        float(jnp.std(found)) > 1e-4,
        "All norms are equal, but the examples differ: do not take a mean first.",
    )
    expect(not _close(found, wanted**2), "These are the squares of the norms.")
    expect(
        not _close(found, leaf_sums),
        "These are sums of one norm per leaf. All leaves together form one long vector.",
    )
    expect(not _close(found, wanted / 5), "These are divided by N: each norm is of one example.")
    expect(_close(found, wanted), "The shape is right, but the norms are not.")


@exercises.register("02.3")
def check_safe_norm(candidate: Any) -> None:
    """The Euclidean norm, with gradient 0 at 0."""
    function = jax.jit(candidate)
    for vector, norm in (([3.0, 4.0], 5.0), ([3e-4, 4e-4], 5e-4), ([0.0, 0.0], 0.0)):
        found = function(jnp.array(vector))
        expect(jnp.shape(found) == (), "The norm of a vector is one number.")
        expect(
            _close(found, norm, 1e-3, 1e-12), f"The norm of {vector} is {norm}, not {found:.3g}."
        )
    slope = jax.grad(function)(jnp.array([3.0, 4.0]))
    expect(_close(slope, [0.6, 0.8]), f"The gradient at [3, 4] is wrong: {slope}.")
    slope = jax.grad(function)(jnp.zeros(2))
    expect(not jnp.isnan(slope).any(), "The gradient at 0 is still NaN.")
    expect(_close(slope, 0.0), f"The gradient at 0 is {slope}, not 0.")


@exercises.register("02.4")
def check_momentum_step(candidate: Any) -> None:
    """Three steps against Optax."""
    params = {"w": jnp.array([[1.0, -2.0]]), "b": [jnp.array(0.5)]}
    velocity = jax.tree.map(jnp.zeros_like, params)
    optimizer = optax.sgd(0.1, momentum=0.9)
    wanted, memory = params, optimizer.init(params)
    for number in range(1, 4):
        # Gradients that do not depend on the parameters, so that each step is judged alone.
        gradient = {"w": jnp.full((1, 2), number + 1.0), "b": [jnp.array(number + 2.0)]}
        updates, memory = optimizer.update(gradient, memory)
        uphill = jax.tree.map(jnp.subtract, wanted, updates)
        old = jax.tree.map(lambda w, u: w - 0.1 * u, wanted, velocity)
        alone = jax.tree.map(lambda w, g: w - 0.1 * g, wanted, gradient)
        averaged = jax.tree.map(lambda u, g: 0.9 * u + 0.1 * g, velocity, gradient)
        mean = jax.tree.map(lambda w, u: w - 0.1 * u, wanted, averaged)
        wanted = optax.apply_updates(wanted, updates)
        wanted_velocity = optax.tree_utils.tree_get(memory, "trace")
        answer = candidate(params, velocity, gradient, 0.1, 0.9)
        expect(
            isinstance(answer, tuple) and len(answer) == 2,
            "Return two things: the new parameters and the new velocity.",
        )
        params, velocity = answer
        for name, tree in (("parameters", params), ("velocity", velocity)):
            same_form = str(jax.tree.structure(tree)) == str(jax.tree.structure(wanted))
            expect(same_form, f"The form of the new {name} is not that of the old parameters.")
        swapped = _same(params, wanted_velocity) and _same(velocity, wanted)
        expect(not swapped, "The order is swapped: first the parameters, then the velocity.")
        expect(not _same(params, uphill), "The step goes uphill: look at the sign.")
        expect(
            not _same(params, old),
            "The parameters move by the old velocity: make the new one first, then move by it.",
        )
        expect(
            not _same(params, mean),
            "Your velocity is a running mean: the gradient enters it whole, without 1 - momentum.",
        )
        expect(
            number == 1 or not _same(params, alone),
            "The parameters move by the gradient alone: the velocity moves them.",
        )
        expect(_same(params, wanted), f"The parameters are wrong after step {number} of three.")
        expect(
            _same(velocity, wanted_velocity),
            "The parameters are right, the velocity is not: the rate does not belong in it, "
            "nor does the sign.",
        )


@exercises.register("02.5")
def check_largest_curvature(candidate: Any) -> None:
    """The largest eigenvalue of a Hessian, against the dense one."""
    rotation, _ = jnp.linalg.qr(jax.random.normal(runtime.key(2), (7, 7)))
    spectrum = jnp.array([10.0, 9.5, 2.0, 1.0, 0.5, 0.2, 0.1])  # two close ones: slow to turn
    hessian = rotation @ jnp.diag(spectrum) @ rotation.T
    params = {"w": jnp.ones((2, 2)), "b": jnp.zeros(3)}

    def quadratic(params: Any) -> jax.Array:
        vector = ravel_pytree(params)[0]
        return vector @ hessian @ vector / 2

    for seed, scale in enumerate((1.0, 1000.0, 1.0, 1.0)):
        found = candidate(lambda p, s=scale: s * quadratic(p), params, runtime.key(seed))
        expect(jnp.shape(found) == (), f"The shape is {jnp.shape(found)}; return one number.")
        missed = f"On a quadratic whose largest curvature is {10 * scale:g} it gives {found:.4g}."
        error = jnp.abs(found / (10 * scale) - 1)
        close = 0.01 <= error < 0.1  # the second eigenvalue is 5 % below the first
        expect(not close, f"{missed} That is near, but not within 1 %.")
        expect(error < 0.01, missed)

    X = jax.random.normal(runtime.key(4), (20, 4)) @ jnp.diag(jnp.array([3.0, 1.0, 0.5, 0.2]))

    def logistic(weights: jax.Array) -> jax.Array:
        return jnp.mean(jax.nn.softplus(X @ weights))

    weights = jnp.array([1.0, -0.5, 0.3, 2.0])
    wanted = np.linalg.eigvalsh(np.asarray(jax.hessian(logistic)(weights)))[-1]
    found = candidate(logistic, weights, runtime.key(5))
    expect(
        abs(float(found) - wanted) < 0.01 * wanted,
        "Right on quadratics, wrong on a logistic loss: its curvature depends on the point.",
    )
