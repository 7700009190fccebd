"""Pure steps: a model taken apart into arrays, its gradient, and what is done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from karpa_helpers.training.precision import Activations, cast_to, compute_in
from karpa_helpers.training.stepping import Metrics, Step, Tree

Loss = Callable[[Any, Tree, jax.Array], tuple[jax.Array, Metrics]]

Gradient = Callable[[Tree, Tree, jax.Array], tuple[Tree, Tree, Metrics]]


def create_state(
    model: nnx.Module, optimizer: optax.GradientTransformation
) -> tuple[nnx.GraphDef, dict[str, Tree]]:
    """Takes an NNX model apart into its static graph and a state that a pure step can carry.

    Args:
        model: Any NNX module, in training mode.
        optimizer: An Optax optimizer for its parameters.

    Returns:
        (graph, state) with state = {"params", "rest" (statistics, counters), "optimizer"}.
    """
    model.train()
    graph, params, rest = nnx.split(model, nnx.Param, ...)  # type: ignore[misc]
    return graph, {"params": params, "rest": rest, "optimizer": optimizer.init(params)}


def merge(graph: nnx.GraphDef, state: Mapping[str, Tree]) -> Any:
    """The model with the parameters of `state`, in evaluation mode."""
    model = nnx.merge(graph, state["params"], state["rest"])
    model.eval()
    return model


def call(
    graph: nnx.GraphDef,
    params: Tree,
    rest: Tree,
    function: Callable[[Any], Any],
    activations: Activations = None,
) -> tuple[Any, Tree]:
    """Calls function(model) in training mode, purely; the model computes in `activations`.

    Returns:
        What the function returned, and the model's statistics and counters after it.
    """
    params = cast_to(params, activations)
    # An NNX variable belongs to the transformation it was made in; mapping over `rest` makes
    # new ones, which the model may change here.
    model = nnx.merge(graph, params, jax.tree.map(lambda leaf: leaf, rest))
    compute_in(model, activations)
    output = function(model)
    return output, nnx.state(model, nnx.Not(nnx.Param))


def gradient_step(
    graph: nnx.GraphDef,
    optimizer: optax.GradientTransformation,
    loss: Loss,
    wrap: Callable[[Gradient], Gradient] = lambda gradient: gradient,
    activations: Activations = None,
) -> Step:
    """A pure step of gradient descent. Make it once and use it for every seed: it compiles once.

    Args:
        graph: From `create_state`.
        optimizer: The optimizer given to `create_state`.
        loss: loss(model, batch, key) -> (scalar, {name: scalar}).
        wrap: Changes how gradients are computed, such as `seq2seq.fitting.by_shape`; it gets and
            returns gradient(state, batch, key) -> (gradient, rest of the state, metrics).
        activations: "bfloat16" lets the model compute in it; weights, their gradients and the
            optimizer's memory stay float32, see `precision`. The loss gets outputs in bfloat16:
            the course's own take them to float32 first. None is float32.

    Returns:
        step(state, batch, key) -> (state, metrics), where metrics holds "loss" and the rest.

    Raises:
        ValueError: By the step, where `activations` is of another type.
    """

    def gradient(state: Tree, batch: Tree, key: jax.Array) -> tuple[Tree, Tree, Metrics]:
        seen = cast_to(batch, activations)

        def objective(params: Tree) -> tuple[jax.Array, tuple[Metrics, Tree]]:
            (value, metrics), rest = call(
                graph, params, state["rest"], lambda model: loss(model, seen, key), activations
            )
            return value, (metrics, rest)

        (value, (metrics, rest)), slope = jax.value_and_grad(objective, has_aux=True)(
            state["params"]
        )
        return slope, rest, {"loss": value, **metrics}

    wrapped = wrap(gradient)

    def step(state: Tree, batch: Tree, key: jax.Array) -> tuple[Tree, Metrics]:
        slope, rest, metrics = wrapped(state, batch, key)
        params, memory = apply_gradient(optimizer, slope, state["optimizer"], state["params"])
        return {"params": params, "rest": rest, "optimizer": memory}, metrics

    return step


def apply_gradient(
    optimizer: optax.GradientTransformation, gradient: Tree, memory: Tree, params: Tree
) -> tuple[Tree, Tree]:
    """One step of the optimizer: (new parameters, its new memory)."""
    updates, memory = optimizer.update(gradient, memory, params)
    return optax.apply_updates(params, updates), memory


def moving_average(average: Tree, new: Tree, decay: float) -> Tree:
    """Exponential moving average of weights: decay * average + (1 - decay) * new.

    Counters, random keys and truth values have no average: of them it holds the newest.
    """

    def mix(a: Any, n: Any) -> Any:
        return decay * a + (1 - decay) * n if _is_float(n) else n

    return jax.tree.map(mix, average, new)


def advance(rest: Tree, new: Tree) -> Tree:
    """`rest` with the counters and random keys of `new`: a call that must leave no other trace."""
    return jax.tree.map(lambda old, n: old if _is_float(n) else n, rest, new)


def _is_float(leaf: Any) -> bool:
    return jnp.issubdtype(jnp.asarray(leaf).dtype, jnp.inexact)


def all_finite(tree: Tree) -> jax.Array:
    """Whether no number in a tree is infinite or NaN, as an array of one truth value."""
    return jnp.all(finite_leaves(tree))


@jax.jit
def finite_leaves(tree: Tree) -> jax.Array:
    """Of each array of floats in a tree, in order, whether all its numbers are finite."""
    leaves = [x for x in jax.tree.leaves(tree) if jnp.issubdtype(x.dtype, jnp.inexact)]
    return jnp.array([jnp.all(jnp.isfinite(leaf)) for leaf in leaves], bool)
