"""Trains weights that ship with the course, and writes them with their cards.

python -m tools.train_weights fashion_classifier
python -m tools.train_weights stacked_digits
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from karpa_helpers import runtime, training, weights
from karpa_helpers.data import images
from karpa_helpers.gan import fitting, judges
from karpa_helpers.gan.judges import fit_yardstick
from karpa_helpers.lessons import lesson_07, lesson_07_images, lesson_08
from karpa_helpers.lessons import lesson_08_reader as face_reader
from karpa_helpers.show import results
from tools.train_faces import train_generator, train_labelled, train_reader

FASHION_STEPS = 4700  # ten epochs; lesson 03 takes as many at preset gpu
FASHION_COUNT = 60_000
STACKED_SECONDS, STACKED_STEPS, STACKED_WIDTH, STACKED_LATENT = 900, 24_000, 16, 64
STACKED_SAMPLES = 26_000  # as many as the literature takes


class TrainingError(Exception):
    """Why the weights cannot be trained here, in one line."""


def fashion_classifier(folder: Path = weights.FOLDER, steps: int = FASHION_STEPS) -> Path:
    """The yardstick of the course: the classifier of lesson 03, on the whole training part.

    Raises:
        TrainingError: The whole set cannot be had. Its test part is embedded, and the lessons
            measure on it, so it must not be trained on.
    """
    train = images.fashion_mnist("train", whole=True)
    test = images.fashion_mnist("held_out", whole=True)
    if len(train) != FASHION_COUNT or test.labels is None:
        raise TrainingError(
            f"The yardstick wants Fashion-MNIST's {FASHION_COUNT:,} training images, and here are "
            f"{len(train):,}. Fetch them: python -m karpa_helpers data fetch fashion_mnist."
        )
    seed = 0
    yardstick = fit_yardstick(train, steps=steps, seed=seed)
    found = int((yardstick.measure(test.pixels)[0] == test.labels).sum())
    share, low, high = results.binomial_interval(found, len(test))
    score = {
        "name": "accuracy",
        "value": round(100 * share, 2),
        "low": round(100 * low, 2),
        "high": round(100 * high, 2),
        "unit": "%",
        "data": "the official 10,000 test images, none of them trained on; interval by Wilson",
    }
    card = {
        "what": "classifier of clothes, whose answers and features measure generators",
        "model": "karpa_helpers.gan.judges.Classifier(), its default arguments",
        "input": "images (N, 28, 28, 1), float32 in [-1, 1]: images.to_unit of 0 to 255",
        "output": "logits (N, 10) in the order of karpa_helpers.data.images.FASHION_CLASSES; "
        "features (N, 64)",
        "data": "Fashion-MNIST, the official 60,000 training images (Xiao, Rasul, Vollgraf 2017)",
        "licence": "data: MIT, Zalando SE 2017; weights: Apache-2.0, as the course's code",
        "seed": seed,
        "preset": "gpu",
        "steps": steps,
        "score": score,
        "code": "python -m tools.train_weights fashion_classifier",
        "limits": "Made to measure drawings of these ten classes. It knows nothing else, and "
        "gives every image one of them.",
    }
    return weights.save(judges.YARDSTICK, yardstick.state, card, folder)


def stacked_digits(folder: Path = weights.FOLDER, seconds: float = STACKED_SECONDS) -> Path:
    """Lesson 07's generator of stacked digits, after fifteen minutes on a CPU.

    Raises:
        TrainingError: MNIST cannot be had.
    """
    train, held_out = images.mnist("train"), images.mnist("held_out")
    if not train.source.startswith("MNIST"):
        raise TrainingError(
            "The generator of stacked digits wants MNIST. Fetch it: "
            "python -m karpa_helpers data fetch mnist."
        )
    seed = 0
    recipe = lesson_07_images.stacked_recipe(STACKED_LATENT, STACKED_STEPS)
    pair = lesson_07_images.stacked_networks(STACKED_LATENT, STACKED_WIDTH, seed)
    graphs, state = fitting.create_game_state(*pair, recipe)
    step = lesson_07_images.stacked_step(fitting.adversarial_step(graphs, recipe))
    run = training.fit(
        step, state, train.pixels, batch_size=96, steps=STACKED_STEPS, seconds=seconds, seed=seed,
        label="stacked digits",
    )  # fmt: skip
    yardstick = fit_yardstick(train, steps=1000)
    drawn = fitting.sample(
        graphs, run.state, runtime.key(1000 + seed), STACKED_SAMPLES, STACKED_LATENT
    )
    counts = lesson_07_images.count_modes(drawn, yardstick)
    touched = int((counts > 0).sum())
    accuracy = 100 * yardstick.accuracy(held_out)
    card = {
        "what": "generator of stacked digits: three digits as the colours of one image",
        "model": "karpa_helpers.lessons.lesson_07_images.stacked_networks"
        f"({STACKED_LATENT}, {STACKED_WIDTH}, 0)[0], "
        "the moving average of its weights",
        "input": f"latent vectors (N, {STACKED_LATENT}), standard normal",
        "output": "images (N, 28, 28, 3) in [-1, 1]",
        "data": "MNIST, 8,000 images of its official test part (LeCun et al. 1998)",
        "licence": "data: free to use, cite LeCun et al.; weights: Apache-2.0, as the course's "
        "code",
        "seed": seed,
        "preset": "cpu",
        "steps": run.step,
        "seconds": round(run.seconds),
        "score": {
            "name": "modes with at least one sample",
            "value": touched,
            "low": touched,
            "high": touched,
            "unit": "of 1,000",
            "data": f"{STACKED_SAMPLES:,} samples, read by a classifier of {accuracy:.1f} % "
            f"accuracy; reverse KL {lesson_07.reverse_kl(counts):.3f} nats; one seed, no interval",
        },
        "code": "python -m tools.train_weights stacked_digits",
        "limits": "Made to count modes. Its digits are of MNIST's kind and often badly written.",
    }
    average = {name: run.state["average"][name] for name in ("params", "rest")}
    return weights.save("stacked_digits", average, card, folder)


# A generator that ships gets a function here.
RECIPES: dict[str, Callable[[], Path]] = {
    judges.YARDSTICK: fashion_classifier,
    face_reader.FACE_READER: train_reader,
    lesson_08.FACES: train_generator,
    lesson_08.LABELLED_FACES: train_labelled,
    "stacked_digits": stacked_digits,
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="train_weights", description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=sorted(RECIPES))
    name = parser.parse_args(arguments).name
    try:
        path = RECIPES[name]()
    except (TrainingError, weights.WeightsError) as error:
        print(error, file=sys.stderr)
        return 1
    score = weights.card(name, path.parent)["score"]
    print(
        f"{path.name}: {score['name']} {score['value']} {score['unit']} "
        f"({score['low']} to {score['high']}) on {score['data']}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
