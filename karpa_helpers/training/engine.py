"""The one training engine: a pure step, compiled once, run over data that stays on the device."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from karpa_helpers import runtime
from karpa_helpers.data.numbers import whole_number
from karpa_helpers.training.checkpoints import Curve, RunFolder, open_folder
from karpa_helpers.training.progress import Clock, Progress
from karpa_helpers.training.step import finite_leaves
from karpa_helpers.training.stepping import (
    ACCELERATOR_CHUNK,
    Step,
    Stepper,
    Tree,
    any_process,
    count_examples,
    fix_types,
)

REPORT_SECONDS = 0.5


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
        seed: Decides batches and keys; from 0 to 2**32 - 1.
        seconds: Ends the run after so many seconds of training, without compilation; a resumed
            run gets them anew.
        chunk: Steps a compiled call; None is 1 on the CPU and 50 on an accelerator.
        folder: Keeps checkpoints there, and resumes from the newest sound one. A checkpoint that
            cannot be written is a warning: training goes on. One run at a time uses a folder.
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
        ValueError: Sizes do not fit, a number is none of its kind (NaN, negative, True), or
            `folder` holds another run.
        RuntimeError: Another run uses `folder` now.
        Diverged: A metric or a weight is not finite.
    """
    examples = count_examples(data)
    steps, seed = whole_number("steps", steps), whole_number("seed", seed, 0, 2**32 - 1)
    save_every = whole_number("save_every", save_every)
    watch_every = whole_number("watch_every", watch_every)
    why = f": there are {examples} examples"
    batch_size = whole_number("batch_size", batch_size, 1, examples, why)
    true = isinstance(seconds, bool | np.bool_)
    if seconds is not None and (true or not 0 <= seconds < math.inf):
        raise ValueError(f"seconds is {seconds!r}; give 0 or more, or None for no limit.")
    runtime.configure_jax()  # first, since JAX reads it once
    on_accelerator = runtime.on_accelerator()
    chunk = (ACCELERATOR_CHUNK if on_accelerator else 1) if chunk is None else chunk
    chunk = whole_number("chunk", chunk, 1)
    if not on_accelerator:
        runtime.keep_freed_memory()
    own = {"label": label, "seed": seed, "batch_size": batch_size, "examples": examples}
    settings = runtime.to_json({**(config or {}), **own})
    with nullcontext() if folder is None else open_folder(folder, settings) as run_folder:
        start = (0, _copy(state), Curve())  # the caller keeps the original: see donation
        if run_folder is not None:
            start = run_folder.restore(start[1]) or start
        data = jax.tree.map(jnp.asarray, data)
        show = show and jax.process_index() == 0
        run = _Run(
            *start, steps=steps, seconds=seconds, chunk=chunk, config=settings, folder=run_folder,
            save_every=save_every if run_folder is not None else 0,
            watch=watch, watch_every=watch_every if watch is not None else 0,
            stepper=Stepper(step, data, batch_size, seed, start[0]),
            progress=Progress(label, steps, start[0], seconds, show),
        )  # fmt: skip
        return run.train()


@dataclass
class _Run:
    """A run under way: `number` steps are done."""

    number: int
    state: Tree
    curve: Curve
    steps: int
    seconds: float | None
    chunk: int
    config: dict[str, Any]
    folder: RunFolder | None
    save_every: int
    watch: Callable[[int, Tree], None] | None
    watch_every: int
    stepper: Stepper
    progress: Progress

    def train(self) -> Result:
        # Compiled here, where no clock runs. An optimizer may keep an infinity from the start.
        self.once_finite = np.asarray(finite_leaves(self.state))
        self.last_finite = (self.number, _copy(self.state))
        self.clock, ending = Clock(), "steps"
        with _interrupt_flag() as interrupted:
            while self.number < self.steps:
                self.advance()
                ending, report = self.decide(interrupted.is_set())
                watch_now = _is_due(self.number, self.watch_every)
                save_now = _is_due(self.number, self.save_every) or bool(ending)
                if save_now or watch_now or report:
                    self.check()
                with self.clock.paused():
                    if self.folder is not None and save_now:
                        self.folder.save(self.number, self.state, self.curve)
                    if self.watch is not None and watch_now:
                        self.watch(self.number, self.state)
                if ending:
                    break
        self.progress.close("stopped by you" if ending == "learner" else "")
        result = self.result(self.number, self.state, ending)
        if self.folder is not None:
            self.folder.write_record(result.record)
        return result

    def advance(self) -> None:
        """One compiled call; it ends where something is due."""
        every = [n - self.number % n for n in (self.watch_every, self.save_every) if n]
        length = min(self.chunk, self.steps - self.number, *every)
        with self.clock.paused(self.stepper.will_compile(length)):
            self.state, metrics = self.stepper.advance(self.state, self.number, length)
        self.curve.add(self.number, length, metrics)
        self.number += length

    def decide(self, interrupted: bool) -> tuple[str, bool]:
        """Why the run ends here, empty where it goes on; and whether to report."""
        spent = self.clock.seconds
        late = self.seconds is not None and spent >= self.seconds
        report = spent - self.progress.shown > REPORT_SECONDS
        # Clocks and key presses differ between processes, and all must do the same.
        interrupted, late, report = any_process(interrupted, late, report)
        if self.number >= self.steps:
            return "steps", report
        return "learner" if interrupted else "seconds" if late else "", report

    def check(self) -> None:
        """Fetches the curve, reports, and notes the state if all is finite."""
        self.curve.fetch()
        if problem := _not_finite(self.number, self.state, self.curve, self.once_finite):
            self.progress.close("stopped: a value is not finite")
            message = _explain(self.config["label"], problem, self.last_finite[0])
            raise Diverged(message, self.result(*self.last_finite, "diverged"))
        self.last_finite = (self.number, _copy(self.state))
        self.progress.update(self.number, self.clock.seconds, self.curve.latest())

    def result(self, number: int, state: Tree, ending: str) -> Result:
        """What the run leaves as of step `number`."""
        record = {
            **self.config,
            "steps": number,
            "chunk": self.chunk,
            "preset": runtime.preset(),
            "device": runtime.device_name(),
            "versions": runtime.versions(),
        }
        return Result(state, number, self.curve.until(number), self.clock.seconds, ending, record)


def _is_due(number: int, every: int) -> bool:
    return every > 0 and number % every == 0


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
    return fix_types(jax.tree.map(lambda leaf: jnp.array(leaf, copy=True), tree))


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
