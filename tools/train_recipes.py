"""Lesson 07's comparison on images: two recipes, five seeds each, equal time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from karpa_helpers import checkpoints, runtime, training
from karpa_helpers.data import images
from karpa_helpers.gan import fitting, recipes, scores
from karpa_helpers.show import results

NAME = "fashion_recipes"
SEEDS = (0, 1, 2, 3, 4)
STEPS = 5000  # of the small recipe; DCGAN gets as many as fit into the same time
BATCH, LATENT, SAMPLES = 32, 64, 2000
REPEATS = 40  # timed steps of each, taken in turns


def fashion_recipes(folder: Path = checkpoints.FOLDER, steps: int = STEPS) -> Path:
    """Ten generators of clothes: `recipes.small` and `recipes.dcgan`, five seeds each.

    What a step costs is measured in turns, as a ratio, so that other work on the machine does not
    favour one of the two.
    """
    real, held_out = images.fashion_mnist("train"), images.fashion_mnist("held_out")
    yardstick = checkpoints.yardstick()
    reference = yardstick.measure(held_out.pixels)[1]
    makers = {"small": recipes.small, "dcgan": recipes.dcgan}
    made = {name: _made(make) for name, make in makers.items()}
    ratio = _cost_ratio(made["small"], made["dcgan"], real.pixels[:BATCH])
    lengths = {"small": steps, "dcgan": round(steps * ratio)}
    print(f"a step of the small recipe costs {ratio:.2f} of DCGAN's: {lengths}")
    trained: dict[str, dict[str, Any]] = {name: {} for name in makers}
    found: dict[str, list[scores.Scores]] = {name: [] for name in makers}
    seconds = dict.fromkeys(makers, 0.0)
    for seed in SEEDS:
        for name, make in makers.items():
            graphs, step, _ = made[name]
            run = training.fit(
                step, fitting.create_state(*make(seed))[1], real.pixels, batch_size=BATCH,
                steps=lengths[name], seed=seed, label=f"{name} {seed}",
            )  # fmt: skip
            seconds[name] += run.seconds
            drawn = fitting.sample(graphs, run.state, runtime.key(1000 + seed), SAMPLES, LATENT)
            found[name].append(scores.judge(yardstick.measure(drawn)[1], reference))
            trained[name][str(seed)] = run.state["average"]
            print(f"{name} {seed}: {found[name][-1]}", flush=True)
    card = _card(found, lengths, ratio, seconds)
    return checkpoints.save(NAME, trained, card, folder)


def _made(make: Callable[[int], recipes.Setup]) -> tuple[fitting.Graphs, training.Step, Any]:
    setup = make(SEEDS[0])
    graphs, state = fitting.create_state(*setup)
    return graphs, fitting.adversarial_step(graphs, setup.recipe), state


def _cost_ratio(one: Any, other: Any, batch: np.ndarray) -> float:
    """What a step of `one` costs, as a share of a step of `other`.

    A recipe's steps differ (a penalty comes every few), so whole cycles of four are timed.
    """
    steps = [jax.jit(step) for _, step, _ in (one, other)]
    states = [state for *_, state in (one, other)]
    times: list[list[float]] = [[], []]
    for repeat in range(REPEATS + 1):
        for which in (0, 1):
            begin = time.perf_counter()
            for number in range(4):
                key = jax.random.fold_in(runtime.key(repeat), number)
                states[which], metrics = steps[which](states[which], batch, key)
            jax.block_until_ready(metrics)
            times[which].append(time.perf_counter() - begin)
    return float(np.median(np.divide(times[0][1:], times[1][1:])))  # the first one compiles


def _card(
    found: dict[str, list[scores.Scores]],
    lengths: dict[str, int],
    ratio: float,
    seconds: dict[str, float],
) -> dict[str, Any]:
    mean, low, high = results.interval([score.frechet for score in found["small"]])
    other = np.mean([score.frechet for score in found["dcgan"]])
    return {
        "what": "ten generators of clothes: two recipes, five seeds each, equal time",
        "model": "karpa_helpers.gan.recipes.small(seed) and .dcgan(seed): the generators, the "
        "moving averages of their weights, by recipe and seed",
        "input": f"latent vectors (N, {LATENT}), standard normal",
        "output": "images (N, 28, 28, 1) in [-1, 1]",
        "data": "Fashion-MNIST, the 8,000 embedded training images (Xiao, Rasul, Vollgraf 2017)",
        "licence": "data: MIT, Zalando SE 2017; weights: Apache-2.0, as the course's code",
        "seed": list(SEEDS),
        "preset": "cpu",
        "steps": lengths,
        "cost_ratio": round(ratio, 3),
        "seconds_a_run": {name: round(total / len(SEEDS)) for name, total in seconds.items()},
        "device": runtime.device_name(),
        "score": {
            "name": "Fréchet distance on course features, small recipe",
            "value": round(mean, 3),
            "low": round(low, 3),
            "high": round(high, 3),
            "unit": "",
            "data": f"{SAMPLES:,} samples a seed against 2,000 held-out images; interval over "
            f"five seeds by Student's t; DCGAN {other:.3f}",
        },
        "code": f"python -m tools.train_weights {NAME}",
        "limits": "Made to compare two recipes at equal time. Neither is trained to its end.",
    }
