"""GRU with attention and the Transformer: train steps and decoding of the course."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import optax
from flax import nnx

from benchmarks import flops
from benchmarks.course_training import Training, count, metrics_of, named
from benchmarks.sizes import Sizes, mixed
from karpa_helpers import training as engine
from karpa_helpers.data.vocabulary import BOS, EOS, PAD
from karpa_helpers.seq2seq import decoding as decoders
from karpa_helpers.seq2seq import fitting
from karpa_helpers.seq2seq.networks import Seq2Seq
from karpa_helpers.seq2seq.transformer import Transformer

RATE, CHECK_RATE, CHECK_STEPS = 1e-3, 0.1, 2
FIRST_WORD = max(PAD, BOS, EOS) + 1


def pairs(sizes: Sizes) -> dict[str, np.ndarray]:
    """Sentences of random tokens, 10 to 16 long where the length is 16."""
    random = np.random.default_rng(0)
    count, length, vocabulary = sizes["pairs"], sizes["length"], sizes["vocabulary"]

    def rows(begin: list[int]) -> np.ndarray:
        lengths = random.integers(max(2, (5 * length) // 8), length + 1, count)
        tokens = random.integers(FIRST_WORD, vocabulary, (count, length)).astype(np.int32)
        place = np.arange(length)
        tokens = np.where(place < lengths[:, None], tokens, PAD)
        tokens[np.arange(count), lengths - 1] = EOS
        first = np.tile(np.asarray(begin, np.int32), (count, 1))
        return np.concatenate([first, tokens], axis=1).astype(np.int32)

    return {"source": rows([]), "target": rows([BOS])}


def network(sizes: Sizes) -> nnx.Module:
    """The network of a row: recurrent where it has a hidden state."""
    words, rngs = sizes["vocabulary"], nnx.Rngs(0)
    if "hidden" in sizes:
        return Seq2Seq(
            words, words, sizes["embedding"], sizes["hidden"], attention="general",
            input_feeding=sizes["fed"], tied=sizes["tied"], rngs=rngs,
        )  # fmt: skip
    longest = max(sizes["length"], sizes.get("written", 0))
    return Transformer(
        words, words, sizes["width"], sizes["heads"], sizes["layers"], longest=longest, rngs=rngs
    )


def create(sizes: Sizes, optimizer: optax.GradientTransformation) -> tuple[Any, Any, Any]:
    """(graph, state, step)."""
    graph, state = engine.create_state(network(sizes), optimizer)
    loss, activations = fitting.pair_loss(sizes["smoothing"]), "bfloat16" if mixed(sizes) else None
    step = engine.gradient_step(graph, optimizer, loss, activations=activations)
    return graph, state, step


def training(sizes: Sizes, variant: str) -> Training:
    """The step of gradient descent."""
    _, state, step = create(sizes, optax.adam(RATE))
    case = Training(step, state, pairs(sizes), sizes["batch"], variant)
    case.parameters = count(state["params"])
    return case


class Decoding:
    """Beam search where there is a width, else greedy, with first weights.

    Args:
        sizes: Of the row.
        variant: Not used.
    """

    def __init__(self, sizes: Sizes, variant: str) -> None:
        self.sizes = sizes
        self.graph, self.state, _ = create(sizes, optax.sgd(0.0))
        self.state = {"params": sharpened(self.state["params"]), "rest": self.state["rest"]}
        self.source = pairs({**sizes, "pairs": sizes["sentences"]})["source"]
        self.parameters = count(self.state["params"])
        self.flops = flops.of(lambda: self.decode(), loops=sizes["written"])

    def decode(self) -> tuple[jax.Array, jax.Array]:
        """Tokens and log-probabilities of the best sentences."""
        written, arguments = self.sizes["written"], (self.graph, self.state, self.source)
        if "beam" not in self.sizes:
            return tuple(decoders.greedy(*arguments, written))  # type: ignore[return-value]
        found = decoders.beam(*arguments, written, self.sizes["beam"], self.sizes["alpha"])
        return found.tokens, found.score

    def run(self, calls: int) -> None:
        """So many times."""
        for _ in range(calls):
            jax.block_until_ready(self.decode())


decoding = Decoding


def sharpened(params: Any) -> Any:
    """Weights that have an opinion: first weights find all words about as likely.

    Decoders of two libraries may then choose otherwise by a rounding.
    """
    return jax.tree.map(lambda leaf: 2.0 * leaf, params)


def write(sizes: Sizes) -> dict[str, np.ndarray]:
    """Two steps of plain gradient descent: a weight's change is its gradient."""
    _, state, step = create(sizes, optax.sgd(CHECK_RATE))
    step, data, batch = jax.jit(step), pairs(sizes), sizes["batch"]
    found = named(state["params"], "before/")
    metrics = []
    for number in range(CHECK_STEPS):
        chosen = slice(number * batch, (number + 1) * batch)
        part = {name: rows[chosen] for name, rows in data.items()}
        state, now = step(state, part, jax.random.key(number))
        metrics.append({"loss": now["loss"]})
        found |= {f"input/{name}{number}": rows for name, rows in part.items()}
    return {**found, **named(state["params"], "after/"), **metrics_of(metrics)}


def write_decoded(sizes: Sizes) -> dict[str, np.ndarray]:
    """Weights, sources, and what was written."""
    case = Decoding(sizes, "")
    tokens, scores = case.decode()
    return {
        **named(case.state["params"], "before/"),
        "input/source": case.source,
        "output/tokens": np.asarray(tokens),
        "output/scores": np.asarray(scores),
    }
