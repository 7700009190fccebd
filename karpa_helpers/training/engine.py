"""The one training engine: a pure step, compiled once, run over data that stays on the device."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from karpa_helpers import runtime
from karpa_helpers.training.checkpoints import Curve, RunFolder
from karpa_helpers.training.progress import Clock, Progress
from karpa_helpers.training.step import finite_leaves
from karpa_helpers.training.stepping import (
    ACCELERATOR_CHUNK,
    Step,
    Stepper,
    Tree,
    count_examples,
    max_over_processes,
)

REPORT_SECONDS = 0.5
ENDINGS = ("", "steps", "learner", "seconds")


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
        stopped: Why it ended: "steps", "seconds" or "learner" ("diverged" in `Diverged.result`).
        record: Configuration, seed, versions, device: what is needed to run it again.
    """

    state: Tree
    step: int
    curve: dict[str, np.ndarray]
    seconds: float
    stopped: str
    record: dict[str, Any] = field(repr=False)


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
    config: Mapping[str, Any] | None = None,
    label: str = "training",
    show: bool = True,
) -> Result:
    """Runs a pure step on batches of `data` until `steps` are done.

    Batches are drawn on the device, without replacement within an epoch; an epoch's last
    incomplete batch is left out. Batch and key of step i depend on (seed, i) alone, so a run
    that was stopped and resumed ends with the same weights as one that was not.

    Interrupting (the stop button, Ctrl-C, a scheduler's SIGTERM) ends the run after the current
    step, in all processes, and returns what was trained. A second one acts as if there were no run.

    Args:
        step: step(state, batch, key) -> (state, metrics); pure, metrics are scalars.
        state: The first state: any pytree of arrays. It is copied, never changed.
        data: A pytree of arrays with one leading dimension N. It is moved to the device once.
        batch_size: Examples a step, at most N.
        steps: Steps in all, those of an earlier part of the run included.
        seed: Decides batches and keys.
        seconds: Ends the run after so many seconds of training, without compilation; a resumed
            run gets them anew.
        chunk: Steps a compiled call; None is 1 on the CPU and 50 on an accelerator.
        folder: Keeps checkpoints there, and resumes from the newest one. A checkpoint that cannot
            be written is a warning: training goes on.
        save_every: Steps between checkpoints; 0 is only at the end.
        watch: watch(step, state) is called every `watch_every` steps, for a live figure. Its
            state lives until the next step; copy what is to be kept.
        watch_every: Steps between calls of `watch`; 0 is never.
        config: What else identifies the run, such as its learning rate (JSON values). It goes
            into the record, and a folder of a run with another config is refused.
        label: The name on the progress bar.
        show: Whether to show the progress bar.

    Returns:
        The trained state with its curve and record.

    Raises:
        ValueError: Sizes do not fit, or `folder` holds another run.
        Diverged: A metric or a weight is not finite.
    """
    examples = count_examples(data)
    if not 1 <= batch_size <= examples:
        raise ValueError(
            f"batch_size is {batch_size}, but there are {examples} examples: "
            f"choose a batch_size from 1 to {examples}."
        )
    for name, value in (("steps", steps), ("watch_every", watch_every), ("save_every", save_every)):
        if value < 0:
            raise ValueError(f"{name} is {value}; give 0 or more.")
    if chunk is not None and chunk < 1:
        raise ValueError(f"chunk is {chunk}; give at least 1 step a call.")
    runtime.configure_jax()
    if not runtime.on_accelerator():
        runtime.keep_freed_memory()
    chunk = chunk or (ACCELERATOR_CHUNK if runtime.on_accelerator() else 1)
    own = {"label": label, "seed": seed, "batch_size": batch_size, "examples": examples}
    config = {**(config or {}), **own}
    number, state, curve = 0, _copy(state), Curve()  # the caller keeps the original: see donation
    run_folder = RunFolder(folder, config) if folder is not None else None
    if run_folder is not None and (found := run_folder.restore(state)) is not None:
        number, state, curve = found

    watch_every = watch_every if watch is not None else 0
    save_every = save_every if run_folder is not None else 0
    stepper = Stepper(step, jax.tree.map(jnp.asarray, data), batch_size, seed, number)
    show = show and jax.process_index() == 0
    # Compiled here, where no clock runs. An optimizer may keep an infinity from the start.
    once_finite = np.asarray(finite_leaves(state))
    progress, clock = Progress(label, steps, number, seconds, show), Clock()
    last_finite, ending = (number, _copy(state)), "steps"

    def result(number: int, state: Tree, ending: str) -> Result:
        record = {
            **config,
            "steps": number,
            "chunk": chunk,
            "preset": runtime.preset(),
            "device": runtime.device_name(),
            "versions": runtime.versions(),
        }
        return Result(state, number, curve.until(number), clock.seconds, ending, record)

    with _interrupt_flag() as interrupted:
        while number < steps:
            length = _length_of_call(number, steps, chunk, watch_every, save_every)
            with clock.paused(stepper.will_compile(length)):
                state, metrics = stepper.advance(state, number, length)
            curve.add(number, length, metrics)
            number += length
            ending = _ending(number, steps, clock.seconds, seconds, interrupted.is_set())
            watch_now, save_now = _is_due(number, watch_every), _is_due(number, save_every)
            report = clock.seconds - progress.shown > REPORT_SECONDS
            # Clocks and key presses differ between processes, and all must do the same.
            which, report_now = divmod(max_over_processes(2 * ENDINGS.index(ending) + report), 2)
            ending = ENDINGS[which]
            if ending or watch_now or save_now or report_now:
                curve.fetch()
                if problem := _not_finite(number, state, curve, once_finite):
                    progress.close("stopped: a value is not finite")
                    message = _explain(label, problem, last_finite[0])
                    raise Diverged(message, result(*last_finite, "diverged"))
                last_finite = (number, _copy(state))
                progress.update(number, clock.seconds, curve.latest())
            with clock.paused():
                if run_folder is not None and (save_now or ending):
                    run_folder.save(number, state, curve)
                if watch is not None and watch_now:
                    watch(number, state)
            if ending:
                break
    progress.close("stopped by you" if ending == "learner" else "")
    done = result(number, state, ending)
    if run_folder is not None:
        run_folder.write_record(done.record)
    return done


def _length_of_call(number: int, steps: int, chunk: int, *every: int) -> int:
    """Steps of the next compiled call: it ends where something is due."""
    return min([chunk, steps - number] + [n - number % n for n in every if n])


def _is_due(number: int, every: int) -> bool:
    return every > 0 and number % every == 0


def _ending(number: int, steps: int, spent: float, seconds: float | None, interrupted: bool) -> str:
    """Why the run ends here; empty where it goes on."""
    if number >= steps:
        return "steps"
    if interrupted:
        return "learner"
    return "seconds" if seconds is not None and spent >= seconds else ""


def _not_finite(number: int, state: Tree, curve: Curve, once_finite: np.ndarray) -> str:
    """Says what is not finite any more, and since when; empty where all is well."""
    if bad := curve.first_bad():
        return f"{bad[1]} is not finite at step {bad[0]}"
    lost = once_finite & ~np.asarray(finite_leaves(state))
    return f"a weight is not finite after step {number}" if lost.any() else ""


def _explain(label: str, problem: str, last_finite: int) -> str:
    return (
        f"{label} stopped: {problem}. The last finite state, of step {last_finite}, is in this "
        "error's `.result`. Try a smaller learning rate, gradient clipping "
        "(optax.clip_by_global_norm), or look for a logarithm or a division at zero in the loss."
    )


def _copy(tree: Tree) -> Tree:
    return jax.tree.map(lambda leaf: jnp.array(leaf, copy=True), tree)


@contextmanager
def _interrupt_flag() -> Iterator[threading.Event]:
    """Turns the first interrupt into a flag, so that no state is lost between two statements.

    A scheduler asks by SIGTERM; under `jax.distributed` it would otherwise be caught and ignored.
    """
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag  # Python delivers signals to the main thread only
        return

    def on_interrupt(number: int, _frame: Any) -> None:
        flag.set()
        signal.signal(number, previous[signal.Signals(number)])

    # A handler that Python did not set reads as None.
    asked = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.getsignal(number) or signal.SIG_DFL for number in asked}
    for number in asked:
        signal.signal(number, on_interrupt)
    try:
        yield flag
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
