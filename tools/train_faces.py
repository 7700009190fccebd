"""The weights of lesson 08: a reader of drawn faces' factors, and two generators of drawn faces."""

from __future__ import annotations

import math
from pathlib import Path

import jax
import numpy as np

from karpa_helpers import runtime, training, weights
from karpa_helpers.data import images
from karpa_helpers.data.faces import draw_factors, render
from karpa_helpers.gan import fitting
from karpa_helpers.lessons import lesson_08, lesson_08_shares
from karpa_helpers.lessons import lesson_08_reader as face_reader
from karpa_helpers.lessons.lesson_08_reader import load_face_reader
from karpa_helpers.show import results

FACES, READ_FACES = 10_000, 20_000  # of one stream of drawn faces: the game's, then the reader's
READER_STEPS, GENERATOR_STEPS, BATCH = 1200, lesson_08.STEPS, 32
PIXELS, SAMPLES = face_reader.PIXELS, 4000


def train_reader(folder: Path = weights.FOLDER, steps: int = READER_STEPS) -> Path:
    """The reader: trained on faces that neither the game nor a score uses."""
    _, stream = images.DRAWN_FACES["train"]
    factors = draw_factors(FACES + READ_FACES, stream)
    factors = {name: values[FACES:] for name, values in factors.items()}
    faces = images.Images(render(factors, PIXELS), None, (), "drawn", "Apache-2.0", factors)
    return save_reader(face_reader.fit_reader(faces, steps=steps), steps, folder)


def save_reader(reader: face_reader.Reader, steps: int, folder: Path) -> Path:
    held_out = images.drawn_faces("held_out", pixels=PIXELS, count=SAMPLES)
    assert held_out.factors is not None
    found = face_reader.accuracy(reader.read(held_out.pixels), held_out.factors)
    worst = min(found, key=lambda name: found[name][0] / found[name][1])
    share, low, high = results.binomial_interval(*found[worst])
    score = {
        "name": f"accuracy on the hardest factor, {worst}",
        "value": round(100 * share, 2),
        "low": round(100 * low, 2),
        "high": round(100 * high, 2),
        "unit": "%",
        "data": f"the {found[worst][1]:,} of {SAMPLES:,} held-out drawn faces that show it; "
        "interval by Wilson",
    }
    card = {
        "what": "classifier of drawn faces' factors, whose answers and features judge generators",
        "model": "karpa_helpers.lessons.lesson_08_reader.ReaderNetwork(), its default arguments",
        "input": "images (N, 32, 32, 3), float32 in [-1, 1]: images.to_unit of 0 to 255",
        "data": f"{READ_FACES:,} faces drawn by rule (seed 1, after the first {FACES:,})",
        "licence": "Apache-2.0, data and weights, as the course's code",
        "seed": 0,
        "preset": runtime.preset(),
        "steps": steps,
        "score": score,
        "code": "python -m tools.train_weights face_reader",
        "limits": "It knows drawn faces only, and gives every image one value of each factor.",
    }
    return weights.save(face_reader.FACE_READER, reader.state, card, folder)


def train_generator(folder: Path = weights.FOLDER, steps: int = GENERATOR_STEPS) -> Path:
    """The generator of lesson 08 at preset cpu: the same code, seed and number of steps."""
    faces = images.drawn_faces("train", pixels=PIXELS, count=FACES)
    recipe = lesson_08.face_recipe(steps)
    graphs, state = lesson_08.create_players(recipe, seed=0)
    step = fitting.adversarial_step(graphs, recipe)
    run = training.fit(
        step, state, faces.pixels, batch_size=BATCH, steps=steps, seed=0, label="faces"
    )
    return save_generator(graphs, run.state, steps, folder)


def largest_variation(samples: np.ndarray) -> tuple[float, str, float, float]:
    """Of the factor that is furthest from held-out faces: its total variation, name, interval."""
    reader = load_face_reader()
    held_out = images.drawn_faces("held_out", pixels=PIXELS, count=SAMPLES)
    drawn, real = reader.read(samples), reader.read(held_out.pixels)

    def worst(rows_a: np.ndarray, rows_b: np.ndarray) -> tuple[float, str]:
        picked = [{n: v[r] for n, v in reading.values.items()}
                  for reading, r in ((drawn, rows_a), (real, rows_b))]  # fmt: skip
        return max(
            (lesson_08_shares.total_variation(*(face_reader.counts(v, name) for v in picked)), name)
            for name in face_reader.HEADS
        )

    rng, everyone = np.random.default_rng(0), np.arange(SAMPLES)
    value, name = worst(everyone, everyone)
    resampled = [worst(*rng.integers(0, SAMPLES, (2, SAMPLES)))[0] for _ in range(200)]
    low, high = np.quantile(resampled, (0.025, 0.975))
    return value, name, min(low, value), max(high, value)


def save_generator(
    graphs: fitting.Graphs, state: fitting.GameState, steps: int, folder: Path
) -> Path:
    samples = fitting.sample(graphs, state, runtime.key(8), SAMPLES, lesson_08.LATENT)
    value, name, low, high = largest_variation(samples)
    score = {
        "name": f"largest total variation of a factor ({name})",
        "value": round(value, 4),
        "low": math.floor(1e4 * low) / 1e4,
        "high": math.ceil(1e4 * high) / 1e4,
        "unit": "",
        "data": f"{SAMPLES:,} samples and as many held-out drawn faces, as the face reader sees "
        "them; interval by bootstrap, which a maximum biases upwards; one seed",
    }
    card = {
        "what": "generator of drawn faces, the moving average of its weights",
        "model": "karpa_helpers.lessons.lesson_08.create_players, its default arguments",
        "input": f"latent vectors (N, {lesson_08.LATENT}), standard normal",
        "data": f"{FACES:,} faces drawn by rule (seed 1); no real person",
        "licence": "Apache-2.0, data and weights, as the course's code",
        "seed": 0,
        "preset": "cpu",
        "steps": steps,
        "score": score,
        "code": "python -m tools.train_weights faces",
        "limits": "It draws one cartoon style of 32x32 pixels.",
    }
    return weights.save(lesson_08.FACES, state["average"], card, folder)


def train_labelled(
    folder: Path = weights.FOLDER, steps: int = lesson_08.LABELLED_STEPS, seeds: int = 3
) -> Path:
    """The generator of lesson 08 that is told what to draw; seed 0 ships, all seeds are scored."""
    faces = images.drawn_faces("train", pixels=PIXELS, count=FACES)
    assert faces.factors is not None
    data = {"examples": faces.pixels, "labels": face_reader.labels(faces.factors)}
    runs = [labelled_run(data, seed, steps) for seed in range(seeds)]
    return save_labelled(runs, data["labels"], steps, folder)


def labelled_run(
    data: dict[str, np.ndarray], seed: int, steps: int
) -> tuple[fitting.Graphs, fitting.GameState]:
    """A trained labelled generator as (graphs, state)."""
    recipe = lesson_08.labelled_recipe(steps)
    graphs, state = lesson_08.create_labelled_players(recipe, seed, face_reader.LABEL_DIM)
    step = fitting.adversarial_step(graphs, recipe)
    label = f"labelled faces, seed {seed}"
    run = training.fit(step, state, data, batch_size=BATCH, steps=steps, seed=seed, label=label)
    print(f"{label}: {run.seconds:.0f} s of training")
    return graphs, run.state


def save_labelled(
    runs: list[tuple[fitting.Graphs, fitting.GameState]],
    labels: np.ndarray,
    steps: int,
    folder: Path,
) -> Path:
    labels = labels[np.random.default_rng(0).integers(0, len(labels), SAMPLES)]
    z = jax.random.normal(runtime.key(8), (SAMPLES, lesson_08.LATENT))
    found = [largest_variation(fitting.generate(*run, z, labels)) for run in runs]
    values = [value for value, *_ in found]
    factors = ", ".join(sorted({name for _, name, *_ in found}))
    score = {
        "name": f"largest total variation of a factor ({factors})",
        "value": round(float(np.mean(values)), 4),
        "low": math.floor(1e4 * min(values)) / 1e4,
        "high": math.ceil(1e4 * max(values)) / 1e4,
        "unit": "",
        "data": f"mean, least and largest of {len(runs)} seeds, each {SAMPLES:,} samples with "
        "labels of training faces and as many held-out drawn faces, as the face reader sees them",
    }
    card = {
        "what": "generator of drawn faces that is told their labels, the moving average of its "
        "weights",
        "model": "karpa_helpers.lessons.lesson_08.create_labelled_players, label_dim=LABEL_DIM of "
        "face_reader",
        "input": f"latent vectors (N, {lesson_08.LATENT}), standard normal, and labels "
        f"(N, {face_reader.LABEL_DIM}) as lesson_08_reader.labels makes them",
        "data": f"{FACES:,} faces drawn by rule (seed 1), with their factors; no real person",
        "licence": "Apache-2.0, data and weights, as the course's code",
        "seed": 0,
        "preset": "cpu",
        "steps": steps,
        "score": score,
        "code": "python -m tools.train_weights labelled_faces",
        "limits": "It draws one cartoon style of 32x32 pixels. The shares of the labels are given "
        "to it, not learned.",
    }
    return weights.save(lesson_08.LABELLED_FACES, runs[0][1]["average"], card, folder)
