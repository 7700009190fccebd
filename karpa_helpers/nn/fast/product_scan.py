"""`jax.lax.scan` over a recurrent step; its weight matrices get their gradients at the end."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

Tree = Any
# step(modules, carry, x, constants) -> (carry, y)
ModuleStep = Callable[[Any, Tree, Tree, Tree], tuple[Tree, Tree]]


def product_scan(
    step: ModuleStep,
    modules: Any,
    carry: Tree,
    xs: Tree,
    constants: Tree = None,
    *,
    reverse: bool = False,
) -> tuple[Tree, Tree]:
    """`jax.lax.scan(lambda c, x: step(modules, c, x, constants), carry, xs)`, faster to train.

    The gradient of a weight matrix is sum_t x_t^T d_t over the inputs x_t of its products and the
    gradients d_t of what they gave. A scan's own derivative adds one small product to the whole
    matrix at each step. Here the x_t and d_t are kept, and one large product makes the sum.

    Args:
        step: One step; what it reads beside its arguments has no gradient.
        modules: Flax modules, or a tuple of them, whose `nnx.Linear` layers the step calls, each
            at most once.
        carry: Before the first step.
        xs: Inputs with time in front, (T, ...).
        constants: Arrays that each step may read.
        reverse: Go from the last x to the first.

    Returns:
        (last carry, outputs with time in front).

    References:
        Appleyard, Kocisky, Blunsom. Optimizing Performance of Recurrent Neural Networks on GPUs.
        arXiv:1604.01946 (there for cuDNN).
    """
    graph, weights = nnx.split(modules)
    return _scan(step, graph, reverse, weights, carry, xs, constants)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2))
def _scan(
    step: ModuleStep,
    graph: Any,
    reverse: bool,
    weights: Tree,
    carry: Tree,
    xs: Tree,
    constants: Tree,
) -> tuple[Tree, Tree]:
    def one(carry: Tree, x: Tree) -> tuple[Tree, Tree]:
        return step(nnx.merge(graph, weights), carry, x, constants)

    return jax.lax.scan(one, carry, xs, reverse=reverse)


def _forward(
    step: ModuleStep,
    graph: Any,
    reverse: bool,
    weights: Tree,
    carry: Tree,
    xs: Tree,
    constants: Tree,
) -> tuple[tuple[Tree, Tree], Any]:
    length = len(jax.tree.leaves(xs)[0])
    # Constants of this derivative only: a second one still sees them.
    kernels = {name: linear.kernel[...] for name, linear in _linears(nnx.merge(graph, weights))}
    first = jax.tree.map(lambda x: x[0], xs)
    shapes = jax.eval_shape(
        lambda *now: _watched(step, graph, kernels, now, None)[2], weights, carry, first, constants
    )
    shifts = {n: jnp.zeros((length, *given.shape), given.dtype) for n, (_, given) in shapes.items()}

    def run(weights: Tree, carry: Tree, xs: Tree, constants: Tree, shifts: Tree) -> Any:
        def one(carry: Tree, now: Any) -> Any:
            x, shift = now
            carry, y, seen = _watched(step, graph, kernels, (weights, carry, x, constants), shift)
            return carry, (y, {name: taken for name, (taken, _) in seen.items()})

        carry, (ys, taken) = jax.lax.scan(one, carry, (xs, shifts), reverse=reverse)
        return (carry, ys), taken

    out, transpose, taken = jax.vjp(run, weights, carry, xs, constants, shifts, has_aux=True)
    return out, (transpose, taken)


def _backward(
    step: ModuleStep, graph: Any, reverse: bool, kept: Any, cotangent: Any
) -> tuple[Tree, ...]:
    transpose, taken = kept
    weights, carry, xs, constants, shifts = transpose(cotangent)
    modules = nnx.merge(graph, weights)
    for name, linear in _linears(modules):
        if name in taken:
            linear.kernel[...] = jnp.einsum("...i,...o->io", taken[name], shifts[name])
    return nnx.split(modules)[1], carry, xs, constants


_scan.defvjp(_forward, _backward)


def _watched(
    step: ModuleStep,
    graph: Any,
    kernels: dict[str, jax.Array],
    arguments: tuple[Tree, ...],
    shift: dict[str, jax.Array] | None,
) -> tuple[Tree, Tree, dict[str, tuple[jax.Array, jax.Array]]]:
    """One step that also returns what each layer's product took and gave.

    It multiplies by `kernels`, which the derivative by the arguments does not see; each product
    gets a shift of zeros, whose gradient is that of the product.
    """
    weights, carry, x, constants = arguments
    modules = nnx.merge(graph, weights)
    seen: dict[str, tuple[jax.Array, jax.Array]] = {}

    def product(name: str, x: jax.Array, kernel: jax.Array, *rest: Any, **more: Any) -> jax.Array:
        given = jax.lax.dot_general(x, kernels[name].astype(kernel.dtype), *rest, **more)
        if name in seen:
            raise ValueError("A step of product_scan calls one nnx.Linear twice; give it two.")
        seen[name] = (x, given)
        return given if shift is None else given + shift[name]

    for name, linear in _linears(modules):
        linear.dot_general = functools.partial(product, name)
    carry, y = step(modules, carry, x, constants)
    return carry, y, seen


def _linears(modules: Any) -> list[tuple[str, nnx.Linear]]:
    found = nnx.iter_graph(modules)
    return [(str(path), node) for path, node in found if isinstance(node, nnx.Linear)]
