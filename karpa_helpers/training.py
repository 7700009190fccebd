"""The one training engine: a pure step, compiled once, run over data that stays on the device."""

from __future__ import annotations

import functools
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from karpa_helpers import runtime
from karpa_helpers.progress import Progress
from karpa_helpers.runs import RunFolder

Tree = Any  # a pytree of arrays
Metrics = dict[str, jax.Array]
Step = Callable[[Tree, Tree, jax.Array], tuple[Tree, Metrics]]
Loss = Callable[[Any, Tree, jax.Array], tuple[jax.Array, Metrics]]

REPORT_SECONDS = 0.5
# On the CPU, XLA runs a convolution inside `lax.scan` many times slower than outside
# (jax issue 12868), so there each step is a call of its own. On a GPU many steps a call hide
# the cost of launching small kernels.
ACCELERATOR_CHUNK = 50


class Diverged(RuntimeError):  # noqa: N818  (the field's word)
    """Training met a value that is not finite. `result` holds the last finite state."""

    def __init__(self, message: str, result: Result) -> None:
        super().__init__(message)
        self.result = result


@dataclass(frozen=True)
class Result:
    """What a training run leaves.

    Attributes:
        state: The trained state, as the step returned it.
        step: The number of steps that led to it.
        curve: "step" and each metric of the step, one entry a step.
        seconds: Training time in seconds, without compilation and without `watch`.
        stopped: Why it ended: "steps", "seconds" or "learner".
        record: Configuration, seed, versions, device: what is needed to run it again.
    """

    state: Tree
    step: int
    curve: dict[str, np.ndarray]
    seconds: float
    stopped: str
    record: dict[str, Any] = field(repr=False)


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
    graph, params, rest = nnx.split(model, nnx.Param, ...)
    return graph, {"params": params, "rest": rest, "optimizer": optimizer.init(params)}


def merge(graph: nnx.GraphDef, state: Mapping[str, Tree]) -> Any:
    """The model with the parameters of `state`, in evaluation mode."""
    model = nnx.merge(graph, state["params"], state["rest"])
    model.eval()
    return model


def call(
    graph: nnx.GraphDef, params: Tree, rest: Tree, function: Callable[[Any], Any]
) -> tuple[Any, Tree]:
    """Calls function(model) in training mode, purely.

    Returns:
        What the function returned, and the model's statistics and counters after it.
    """
    # An NNX variable belongs to the transformation it was made in; mapping over `rest` makes
    # new ones, which the model may change here.
    model = nnx.merge(graph, params, jax.tree.map(lambda leaf: leaf, rest))
    output = function(model)
    return output, nnx.state(model, nnx.Not(nnx.Param))


def gradient_step(graph: nnx.GraphDef, optimizer: optax.GradientTransformation, loss: Loss) -> Step:
    """A pure step of gradient descent. Make it once and use it for every seed: it compiles once.

    Args:
        graph: From `create_state`.
        optimizer: The optimizer given to `create_state`.
        loss: loss(model, batch, key) -> (scalar, {name: scalar}).

    Returns:
        step(state, batch, key) -> (state, metrics), where metrics holds "loss" and the rest.
    """

    def step(state: Tree, batch: Tree, key: jax.Array) -> tuple[Tree, Metrics]:
        def objective(params: Tree) -> tuple[jax.Array, tuple[Metrics, Tree]]:
            (value, metrics), rest = call(
                graph, params, state["rest"], lambda model: loss(model, batch, key)
            )
            return value, (metrics, rest)

        (value, (metrics, rest)), gradient = jax.value_and_grad(objective, has_aux=True)(
            state["params"]
        )
        params, memory = apply_gradient(optimizer, gradient, state["optimizer"], state["params"])
        return {"params": params, "rest": rest, "optimizer": memory}, {"loss": value, **metrics}

    return step


def apply_gradient(
    optimizer: optax.GradientTransformation, gradient: Tree, memory: Tree, params: Tree
) -> tuple[Tree, Tree]:
    """One step of the optimizer: (new parameters, its new memory)."""
    updates, memory = optimizer.update(gradient, memory, params)
    return optax.apply_updates(params, updates), memory


def moving_average(average: Tree, new: Tree, decay: float) -> Tree:
    """Exponential moving average of weights: decay * average + (1 - decay) * new."""
    return jax.tree.map(lambda a, n: decay * a + (1 - decay) * n, average, new)


def fit(
    step: Step,
    state: Tree,
    data: Tree,
    *,
    batch_size: int = 64,
    steps: int = 1000,
    seed: int = 0,
    seconds: float | None = None,
    chunk: int | None = None,
    folder: str | Path | None = None,
    save_every: int = 500,
    watch: Callable[[int, Tree], None] | None = None,
    watch_every: int = 0,
    label: str = "training",
    show: bool = True,
) -> Result:
    """Runs a pure step on batches of `data` until `steps` are done.

    Batches are drawn on the device, without replacement within an epoch; an epoch's last
    incomplete batch is left out. Batch and key of step i depend on (seed, i) alone, so a run
    that was stopped and resumed ends with the same weights as one that was not.

    Interrupting (the stop button, Ctrl-C) ends the run after the current step and returns what
    was trained. A second interrupt raises KeyboardInterrupt.

    Args:
        step: step(state, batch, key) -> (state, metrics); pure, metrics are scalars.
        state: The first state: any pytree of arrays. It is copied, never changed.
        data: A pytree of arrays with one leading dimension N. It is moved to the device once.
        batch_size: Examples a step, at most N.
        steps: Steps in all, those of an earlier part of the run included.
        seed: Decides batches and keys.
        seconds: Ends the run after so many seconds of training, without compilation.
        chunk: Steps a compiled call; None is 1 on the CPU and 50 on an accelerator.
        folder: Keeps checkpoints there, and resumes from the newest one.
        save_every: Steps between checkpoints.
        watch: watch(step, state) is called every `watch_every` steps, for a live figure.
        watch_every: Steps between calls of `watch`; 0 is never.
        label: The name on the progress bar.
        show: Whether to show the progress bar.

    Returns:
        The trained state with its curve and record.

    Raises:
        ValueError: Sizes do not fit, or `folder` holds another run.
        Diverged: A metric or a weight is not finite.
    """
    examples = _count_examples(data)
    if not 1 <= batch_size <= examples:
        raise ValueError(
            f"batch_size is {batch_size}, but there are {examples} examples: "
            f"choose a batch_size from 1 to {examples}."
        )
    chunk = chunk or (ACCELERATOR_CHUNK if runtime.on_accelerator() else 1)
    config = {"label": label, "seed": seed, "batch_size": batch_size, "examples": examples}
    data = jax.device_put(data)
    state = _copy(state)  # the compiled step donates its input; the caller keeps the original
    saved = RunFolder(folder, config) if folder is not None else None
    start, curve = 0, _Curve()
    if saved is not None and (found := saved.restore(state)) is not None:
        start, state, curve.parts = found

    loop = _Loop(step, data, batch_size, seed, start)
    events = [e for e in (watch_every if watch else 0, save_every if saved else 0) if e > 0]
    progress = Progress(label, steps, start, seconds, show)
    good, number, stopped = _Good(start, state), start, "steps"
    clock = _Clock()

    def record() -> dict[str, Any]:
        return {
            **config, "steps": number, "chunk": chunk, "preset": runtime.preset(),
            "device": runtime.device_name(), "versions": runtime.versions(),
        }  # fmt: skip

    def settle() -> None:
        # Fetches the metrics (which waits for the device) and looks for values that are not finite.
        curve.fetch()
        problem = curve.first_bad() or (None if _all_finite(state) else (number, "a weight"))
        if problem is not None:
            progress.close("stopped: a value is not finite")
            kept = Result(
                good.state, good.step, curve.until(good.step), clock.seconds, "diverged", record()
            )
            raise Diverged(_explain(*problem, good.step, label), kept)
        good.keep(number, state)
        progress.update(number, clock.seconds, curve.latest())

    with _interrupt_flag() as interrupted:
        while number < steps:
            length = min([chunk, steps - number] + [e - number % e for e in events])
            state, metrics = loop.advance(state, number, length)
            curve.add(number, length, metrics)
            number += length
            if number - length == start:
                jax.block_until_ready(metrics)
                clock.start()  # the first call compiled; training time starts here
            out_of_time = seconds is not None and clock.seconds >= seconds
            last = number >= steps or out_of_time or interrupted.is_set()
            due_watch = watch is not None and watch_every > 0 and number % watch_every == 0
            due_save = saved is not None and (last or number % save_every == 0)
            if last or due_watch or due_save or clock.since(progress.shown) > REPORT_SECONDS:
                settle()
            with clock.paused():
                if due_save and saved is not None:
                    saved.save(number, state, curve.parts)
                if due_watch and watch is not None:
                    watch(number, state)
            if last:
                if number < steps:
                    stopped = "learner" if interrupted.is_set() else "seconds"
                break
    progress.close({"learner": "stopped by you"}.get(stopped, ""))
    result = Result(state, number, curve.arrays(), clock.seconds, stopped, record())
    if saved is not None:
        saved.write_record(result.record)
    return result


class _Loop:
    """Calls the compiled chunk, and keeps the device at most two calls behind Python."""

    def __init__(self, step: Step, data: Tree, batch_size: int, seed: int, start: int) -> None:
        self.step, self.data, self.batch_size = step, data, batch_size
        self.key = runtime.key(seed)
        examples = _count_examples(data)
        epoch = start // (examples // batch_size)
        self.order = jax.jit(_order, static_argnums=(1,))(self.key, examples, epoch)
        self.pending: list[Metrics] = []

    def advance(self, state: Tree, number: int, length: int) -> tuple[Tree, Metrics]:
        state, self.order, metrics = _advance(
            self.step, self.batch_size, length, state, self.order, self.data, self.key, number
        )
        self.pending.append(metrics)
        if len(self.pending) > 2:
            jax.block_until_ready(self.pending.pop(0))
        return state, metrics


def _order(key: jax.Array, examples: int, epoch: jax.Array | int) -> jax.Array:
    """The order of the examples in an epoch: a function of key and epoch alone."""
    return jax.random.permutation(jax.random.fold_in(jax.random.fold_in(key, 0), epoch), examples)


@functools.partial(
    jax.jit, static_argnames=("step", "batch_size", "length"), donate_argnames=("state", "order")
)
def _advance(
    step: Step, batch_size: int, length: int,
    state: Tree, order: jax.Array, data: Tree, key: jax.Array, number: jax.Array,
) -> tuple[Tree, jax.Array, Metrics]:  # fmt: skip
    """`length` steps from step `number` on; metrics are stacked along a leading dimension."""
    batches = order.shape[0] // batch_size
    step_key = jax.random.fold_in(key, 1)

    def one(carry: tuple[Tree, jax.Array], number: jax.Array) -> tuple[Any, Metrics]:
        state, order = carry
        order = jax.lax.cond(
            number % batches == 0,
            lambda: _order(key, order.shape[0], number // batches),
            lambda: order,
        )
        chosen = jax.lax.dynamic_slice_in_dim(order, number % batches * batch_size, batch_size)
        batch = jax.tree.map(lambda array: array[chosen], data)
        state, metrics = step(state, batch, jax.random.fold_in(step_key, number))
        return (state, order), metrics

    if length == 1:
        (state, order), metrics = one((state, order), number)
        return state, order, jax.tree.map(lambda value: value[None], metrics)
    (state, order), metrics = jax.lax.scan(one, (state, order), number + jnp.arange(length))
    return state, order, metrics


@jax.jit
def _all_finite(tree: Tree) -> jax.Array:
    leaves = [x for x in jax.tree.leaves(tree) if jnp.issubdtype(x.dtype, jnp.inexact)]
    return jnp.all(jnp.array([jnp.all(jnp.isfinite(leaf)) for leaf in leaves]))


def _copy(tree: Tree) -> Tree:
    return jax.tree.map(lambda leaf: jnp.array(leaf, copy=True), tree)


def _count_examples(data: Tree) -> int:
    sizes = {np.shape(leaf)[:1] for leaf in jax.tree.leaves(data)}
    if len(sizes) != 1 or () in sizes:
        raise ValueError(
            f"The arrays of data have leading dimensions {sorted(sizes)}; "
            "give arrays with one common number of examples."
        )
    return sizes.pop()[0]


def _explain(number: int, name: str, last_good: int, label: str) -> str:
    return (
        f"{label} stopped: {name} is not finite at step {number}. "
        f"The last finite state, of step {last_good}, is in this error's `.result`. "
        "Try a smaller learning rate, gradient clipping (optax.clip_by_global_norm), or look for "
        "a logarithm or a division at zero in the loss."
    )


class _Good:
    """The last state known to be finite."""

    def __init__(self, step: int, state: Tree) -> None:
        self.keep(step, state)

    def keep(self, step: int, state: Tree) -> None:
        self.step, self.state = step, _copy(state)


class _Curve:
    """Metrics of every step; fetched from the device now and then, not at every step."""

    def __init__(self) -> None:
        self.parts: dict[str, list[np.ndarray]] = {}
        self._waiting: list[Metrics] = []
        self._fresh: dict[str, np.ndarray] = {}

    def add(self, number: int, length: int, metrics: Metrics) -> None:
        self._waiting.append({"step": np.arange(number + 1, number + length + 1), **metrics})

    def fetch(self) -> None:
        parts = jax.device_get(self._waiting)
        self._waiting = []
        names = parts[0] if parts else {}
        self._fresh = {name: np.concatenate([p[name] for p in parts]) for name in names}
        for name, values in self._fresh.items():
            self.parts.setdefault(name, []).append(values)

    def first_bad(self) -> tuple[int, str] | None:
        for name, values in self._fresh.items():
            if name != "step" and not np.isfinite(values).all():
                return int(self._fresh["step"][np.argmin(np.isfinite(values))]), name
        return None

    def latest(self) -> dict[str, float]:
        return {n: float(v[-20:].mean()) for n, v in self._fresh.items() if n != "step"}

    def arrays(self) -> dict[str, np.ndarray]:
        return {name: np.concatenate(parts) for name, parts in self.parts.items()}

    def until(self, step: int) -> dict[str, np.ndarray]:
        curve = self.arrays()
        return {name: values[curve["step"] <= step] for name, values in curve.items()}


class _Clock:
    """Seconds since the start, without the pauses."""

    def __init__(self) -> None:
        self._begin: float | None = None
        self._pause = 0.0

    def start(self) -> None:
        self._begin = time.perf_counter()

    @property
    def seconds(self) -> float:
        return 0.0 if self._begin is None else time.perf_counter() - self._begin - self._pause

    def since(self, seconds: float) -> float:
        return self.seconds - seconds

    @contextmanager
    def paused(self) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        if self._begin is not None:
            self._pause += time.perf_counter() - begin


@contextmanager
def _interrupt_flag() -> Iterator[threading.Event]:
    """Turns the first interrupt into a flag, so that no state is lost between two statements."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag  # Python delivers signals to the main thread only
        return

    def on_interrupt(_signal: int, _frame: Any) -> None:
        flag.set()
        signal.signal(signal.SIGINT, previous)

    previous = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, previous)
