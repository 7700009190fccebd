"""Trains the course's GAN or its Transformer on all devices of all processes.

    python launch/train.py gan --steps 2000 --folder runs/gan
    python launch/train.py transformer --steps 2000 --folder runs/transformer

Started as one of many (see slurm.sh, kubernetes.yaml), add --many. Started again with the same
--folder, on any number of devices, it goes on from the newest checkpoint. Process 0 prints.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
from flax import nnx

from karpa_helpers import runtime, training
from karpa_helpers.data import images, text
from karpa_helpers.data.rows import source_rows, target_rows
from karpa_helpers.data.vocabulary import Vocabulary
from karpa_helpers.gan import fitting, networks
from karpa_helpers.seq2seq import fitting as sentences
from karpa_helpers.seq2seq.transformer import Transformer
from karpa_helpers.training import mesh

Made = tuple[training.Step, Any, Any]  # step, first state, data as arrays on the host


def gan(width: int, rate: float, activations: str | None) -> Made:
    """Lesson 05's DCGAN on Fashion-MNIST."""
    recipe = fitting.Recipe(learning_rate=rate, activations=activations)
    graphs, state = fitting.create_game_state(
        networks.DCGANGenerator(recipe.latent_dim, width, rngs=nnx.Rngs(0)),
        networks.DCGANDiscriminator(width, rngs=nnx.Rngs(1)),
        recipe,
    )
    return fitting.adversarial_step(graphs, recipe), state, images.fashion_mnist("train").pixels


def transformer(width: int, rate: float, activations: str | None) -> Made:
    """Lesson 15's Transformer on the course's English-French grammar, by words."""
    pairs = text.sentence_pairs("grammar", "train")
    reads, writes = Vocabulary.from_texts(pairs.source), Vocabulary.from_texts(pairs.target)
    data = {
        "source": source_rows(pairs.source, reads),
        "target": target_rows(pairs.target, writes),
    }
    optimizer = optax.adam(rate)
    model = Transformer(len(reads), len(writes), width, dropout=0.1, rngs=nnx.Rngs(0))
    graph, state = training.create_state(model, optimizer)
    step = training.gradient_step(
        graph, optimizer, sentences.pair_loss(0.1), activations=activations
    )
    return step, state, data


MODELS: dict[str, Callable[[int, float, str | None], Made]] = {
    "gan": gan,
    "transformer": transformer,
}


def train(options: argparse.Namespace) -> training.Result:
    """A run as the options say, on a mesh."""
    step, state, data = MODELS[options.model](options.width, options.rate, options.activations)
    devices = mesh.make(options.devices)
    total = min(options.examples, len(jax.tree.leaves(data)[0]))
    if total < options.batch_size:
        raise SystemExit(f"--batch-size is {options.batch_size}, but there are {total} examples.")
    total -= total % options.batch_size  # whole batches: as many on any number of devices
    own = mesh.own_rows(devices, total)
    data = mesh.place_data(devices, jax.tree.map(lambda array: array[own], data))
    state = mesh.place(devices, state, sharded=options.model == "transformer")
    # A run in float32 says nothing of it: so did those of older versions, and they can be resumed.
    precision = {"activations": options.activations} if options.activations else {}
    return training.fit(
        mesh.on_mesh(devices, step, state),
        state,
        data,
        batch_size=options.batch_size,
        steps=options.steps,
        folder=options.folder,
        save_every=options.save_every,
        label=options.model,
        config={"width": options.width, "rate": options.rate, **precision},
    )


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument("model", choices=MODELS)
    made.add_argument("--many", action="store_true", help="one of many processes; see mesh.join")
    made.add_argument("--devices", type=int, help="of all processes together; unset, all")
    made.add_argument("--steps", type=int, default=1000)
    made.add_argument("--batch-size", type=int, default=64, help="of all devices together")
    made.add_argument("--examples", type=int, default=1_000_000, help="at most so many")
    made.add_argument("--width", type=int, default=64)
    made.add_argument("--rate", type=float, default=2e-4, help="learning rate")
    made.add_argument("--activations", choices=["bfloat16"], help="unset, float32")
    made.add_argument("--folder", type=Path, help="for checkpoints; all processes must see it")
    made.add_argument("--save-every", type=int, default=500)
    made.add_argument("--curve", type=Path, help="where to write the curve as JSON")
    return made


def main(arguments: list[str] | None = None) -> None:
    """Trains as the command line says; process 0 reports."""
    options = parser().parse_args(arguments)
    if options.many:
        mesh.join()
    runtime.configure_jax()
    result = train(options)
    if jax.process_index() > 0:
        return
    runtime.describe()
    latest = {name: float(np.mean(values[-20:])) for name, values in result.curve.items()}
    print(f"{jax.device_count()} device(s), {jax.process_count()} process(es):", latest)
    if options.curve:
        curve = {name: values.tolist() for name, values in result.curve.items()}
        options.curve.write_text(json.dumps(curve), encoding="utf-8")


if __name__ == "__main__":
    main()
