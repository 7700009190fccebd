"""The one training engine: a pure step, compiled once, run over data that stays on the device."""

from karpa_helpers.training.engine import Diverged, Result, fit
from karpa_helpers.training.step import (
    Gradient,
    Loss,
    advance,
    all_finite,
    apply_gradient,
    call,
    create_state,
    finite_leaves,
    gradient_step,
    merge,
    moving_average,
)
from karpa_helpers.training.stepping import Metrics, Step, Tree

__all__ = [
    "Diverged",
    "Gradient",
    "Loss",
    "Metrics",
    "Result",
    "Step",
    "Tree",
    "advance",
    "all_finite",
    "apply_gradient",
    "call",
    "create_state",
    "finite_leaves",
    "fit",
    "gradient_step",
    "merge",
    "moving_average",
]
