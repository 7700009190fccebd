"""Multiplications and additions of a function's matrix products, for shares of a roofline."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import jax


def of(function: Callable[..., Any], *arguments: Any, loops: int = 1) -> float:
    """Operations of all matrix products and convolutions that a call takes.

    XLA's own cost analysis counts a loop's body once, however often it runs; here a scan counts as
    often as it is long. Without loops both agree on matrix products; what is no product counts
    nothing here.

    Args:
        function: A function that JAX can trace.
        arguments: What it is called with.
        loops: How often the body of a `while_loop` runs; a trace cannot know.
    """
    return _total(jax.make_jaxpr(function)(*arguments).jaxpr, loops)


def by_xla(function: Callable[..., Any], *arguments: Any) -> float:
    """XLA's cost analysis of the same function; loops count once."""
    analysis = jax.jit(function).lower(*arguments).compile().cost_analysis()
    analysis = analysis[0] if isinstance(analysis, list) else analysis
    return float((analysis or {}).get("flops", math.nan))


def _total(jaxpr: Any, loops: int) -> float:
    return sum(_of_equation(equation, loops) for equation in jaxpr.eqns)


def _of_equation(equation: Any, loops: int) -> float:
    name, inputs = equation.primitive.name, equation.invars
    if name == "dot_general":
        (contracted, _), _ = equation.params["dimension_numbers"]
        summed = math.prod(inputs[0].aval.shape[axis] for axis in contracted)
        return 2.0 * summed * math.prod(equation.outvars[0].aval.shape)
    if name == "conv_general_dilated":
        kernel, spec = inputs[1].aval.shape, equation.params["dimension_numbers"].rhs_spec
        taps = math.prod(kernel) / kernel[spec[0]]
        # Zeros that a dilation puts between the pixels are no work.
        zeros = math.prod(equation.params["lhs_dilation"])
        return 2.0 * taps * math.prod(equation.outvars[0].aval.shape) / zeros
    inner = [_total(jaxpr, loops) for jaxpr in inner_programs(equation.params.values())]
    if name == "cond":
        return max(inner, default=0.0)
    times = {"scan": equation.params.get("length", 1), "while": loops}.get(name, 1)
    return times * sum(inner)


def inner_programs(values: Any) -> Iterator[Any]:
    """The programs inside an equation's parameters."""
    for value in values:
        if isinstance(value, (tuple, list)):
            yield from inner_programs(value)
        elif hasattr(value, "eqns"):
            yield value
        elif hasattr(value, "jaxpr"):
            yield value.jaxpr
