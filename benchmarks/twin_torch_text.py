"""GRU with attention and the Transformer in PyTorch: train steps, and decoding by their caches."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks import twin_torch_decoding as decoding
from benchmarks import twin_torch_weights as weights
from benchmarks.sizes import Sizes
from benchmarks.twin_torch_precision import autocast
from benchmarks.twin_torch_transformer import Transformer

PAD, BOS, EOS = 0, 1, 2
RATE, CHECK_RATE = 1e-3, 0.1


class Seq2Seq(nn.Module):
    """The course's `Seq2Seq` with a bidirectional GRU encoder and general attention."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        words, width, hidden = sizes["vocabulary"], sizes["embedding"], sizes["hidden"]
        self.fed, self.tied, self.hidden = sizes["fed"], sizes["tied"], hidden
        self.source_embedding = nn.Embedding(words, width)
        self.target_embedding = nn.Embedding(words, width)
        self.encoder = nn.GRU(width, hidden // 2, batch_first=True, bidirectional=True)
        self.to_code = nn.Linear(hidden, hidden)
        if self.fed:
            self.decoder = nn.GRUCell(width + hidden, hidden)
        else:
            self.decoder = nn.GRU(width, hidden, batch_first=True)
        self.to_carry = nn.Linear(hidden, hidden)
        self.score = nn.Module()
        self.score.weight = nn.Parameter(torch.empty(hidden, hidden))
        nn.init.xavier_normal_(self.score.weight)
        self.to_readout = nn.Linear(2 * hidden, hidden)
        if self.tied:
            self.to_embedding = nn.Linear(hidden, width, bias=False)
            self.bias = nn.Parameter(torch.zeros(words))
        else:
            self.to_logits = nn.Linear(hidden, words)
        for name, weight in self.named_parameters():
            if "bias_hh" in name:  # Flax's cell has one bias, PyTorch's two
                weight.requires_grad_(False).zero_()

    def encode(self, source: torch.Tensor) -> tuple[Any, Any]:
        """(the decoder's first state, what it may look at)."""
        mask = source != PAD
        embedded = self.source_embedding(source)
        packed = nn.utils.rnn.pack_padded_sequence(
            embedded, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False
        )
        states, last = self.encoder(packed)
        values, _ = nn.utils.rnn.pad_packed_sequence(
            states, batch_first=True, total_length=source.shape[1]
        )
        code = torch.tanh(self.to_code(torch.cat([last[0], last[1]], dim=-1)))
        carry = torch.tanh(self.to_carry(code))
        fed = torch.zeros_like(carry) if self.fed else None
        return (carry, fed), (values, mask)

    def step(self, state: Any, token: torch.Tensor, memory: Any) -> tuple[Any, torch.Tensor]:
        """One token further: (state, logits)."""
        state, readout = self.advance(state, self.target_embedding(token), memory)
        return state, self.logits(readout)

    def advance(self, state: Any, embedded: torch.Tensor, memory: Any) -> tuple[Any, torch.Tensor]:
        """One step of the cell, with input feeding, and its readout."""
        carry, fed = state
        carry = self.decoder(torch.cat([embedded, fed], dim=-1), carry)
        readout = self.read(carry[:, None], memory)[:, 0]
        return (carry, readout), readout

    def read(self, states: torch.Tensor, memory: Any) -> torch.Tensor:
        """Readouts of decoder states (N, T, hidden)."""
        values, mask = memory
        scores = (states @ self.score.weight) @ values.transpose(1, 2)
        attention = scores.masked_fill(~mask[:, None], -torch.inf).softmax(-1)
        return torch.tanh(self.to_readout(torch.cat([attention @ values, states], dim=-1)))

    def logits(self, readout: torch.Tensor) -> torch.Tensor:
        """Logits of all words."""
        if self.tied:
            weight = self.target_embedding.weight
            return functional.linear(self.to_embedding(readout), weight, self.bias)
        return self.to_logits(readout)

    def forward(self, source: torch.Tensor, target_in: torch.Tensor) -> torch.Tensor:
        """Teacher forcing: logits (N, T, words)."""
        state, memory = self.encode(source)
        inputs = self.target_embedding(target_in)
        if not self.fed:
            states, _ = self.decoder(inputs, state[0][None].contiguous())
            return self.logits(self.read(states, memory))
        readouts = []
        for place in range(inputs.shape[1]):
            state, readout = self.advance(state, inputs[:, place], memory)
            readouts.append(readout)
        return self.logits(torch.stack(readouts, 1))


def network(sizes: Sizes) -> nn.Module:
    """The network of a row."""
    return Seq2Seq(sizes) if "hidden" in sizes else Transformer(sizes)


class Training:
    """The step of gradient descent, batches drawn at random.

    The course's step also counts right words for its curve; this one does not.

    Args:
        sizes: Of the row.
        compiled: Whether `torch.compile` compiles the network.
        rate: Of plain gradient descent, for the check; None is Adam.
    """

    def __init__(self, sizes: Sizes, compiled: bool, rate: float | None = None) -> None:
        self.sizes, self.model = sizes, network(sizes)
        self.parameters = weights.count(self.model)
        learned = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer: torch.optim.Optimizer
        if rate is None:
            self.optimizer = torch.optim.Adam(learned, RATE, fused=True)
        else:
            self.optimizer = torch.optim.SGD(learned, rate)
        self.call = torch.compile(self.model) if compiled else self.model
        self.source, self.target = (torch.as_tensor(rows) for rows in _pairs(sizes))
        self.order, self.number = torch.randperm(len(self.source)), 0

    def run(self, calls: int) -> None:
        """So many steps, waited for."""
        batch = self.sizes["batch"]
        batches = len(self.source) // batch
        for _ in range(calls):
            place = self.number % batches
            if place == 0:
                self.order = torch.randperm(len(self.source))
            chosen = self.order[place * batch : (place + 1) * batch]
            self.step(self.source[chosen], self.target[chosen])
            self.number += 1
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    def step(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Learns from one batch."""
        with autocast(self.sizes):
            logits = self.call(source, target[:, :-1]).float()
        loss = functional.cross_entropy(
            logits.flatten(0, 1), target[:, 1:].flatten(), ignore_index=PAD,
            label_smoothing=self.sizes["smoothing"],
        )  # fmt: skip
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


class Decoding:
    """Beam search where there is a width, else greedy.

    Args:
        sizes: Of the row; with "one_by_one" each sentence is searched by itself, as in PyTorch's
            tutorials.
        compiled: Whether `torch.compile` compiles the step; the search around it stays eager.
    """

    def __init__(self, sizes: Sizes, compiled: bool) -> None:
        self.sizes, self.model = sizes, network(sizes).eval()
        self.parameters = weights.count(self.model)
        self.step = torch.compile(self.model.step) if compiled else self.model.step
        source, _ = _pairs({**sizes, "pairs": sizes["sentences"]})
        self.source = torch.as_tensor(source)
        # As the course's: without an opinion, first weights leave the choice to roundings.
        with torch.no_grad():
            for weight in self.model.parameters():
                weight.mul_(2.0)

    @torch.inference_mode()
    def decode(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens and scores of the best sentences."""
        search = decoding.beam if "beam" in self.sizes else decoding.greedy
        parts = self.source.split(1 if self.sizes.get("one_by_one") else len(self.source))
        found = [search(self.model, self.step, part, self.sizes) for part in parts]
        tokens, scores = zip(*found, strict=True)
        return torch.cat(tokens), torch.cat(scores)

    def run(self, calls: int) -> None:
        """So many times."""
        for _ in range(calls):
            self.decode()
        if torch.cuda.is_available():
            torch.cuda.synchronize()


def _pairs(sizes: Sizes) -> tuple[np.ndarray, np.ndarray]:
    """Random sentences with the lengths of the course's."""
    random = np.random.default_rng(0)
    count, length = sizes["pairs"], sizes["length"]

    def rows(begin: int) -> np.ndarray:
        lengths = random.integers(max(2, (5 * length) // 8), length + 1, count)
        tokens = random.integers(EOS + 1, sizes["vocabulary"], (count, length))
        tokens[np.arange(length) >= lengths[:, None]] = PAD
        tokens[np.arange(count), lengths - 1] = EOS
        return np.concatenate([np.full((count, begin), BOS), tokens], axis=1)

    return rows(0), rows(1)


def check(sizes: Sizes, found: dict[str, np.ndarray]) -> dict[str, float]:
    """Largest differences of losses (relative) and of weights after some steps."""
    case = Training(sizes, False, CHECK_RATE)
    weights.load(case.model, found, "before/")
    losses = []
    for number in range(len(found["metric/loss"])):
        rows = (found[f"input/{side}{number}"] for side in ("source", "target"))
        losses.append(float(case.step(*(torch.as_tensor(r.astype(np.int64)) for r in rows))))
    relative = np.abs(np.asarray(losses) / found["metric/loss"] - 1)
    return {
        "loss": float(relative.max()),
        "weights": weights.difference(case.model, found, "after/"),
        "parameters": float(case.parameters),
    }


def check_decoded(sizes: Sizes, found: dict[str, np.ndarray]) -> dict[str, float]:
    """Share of other tokens, and the largest difference of scores."""
    case = Decoding(sizes, False)
    weights.load(case.model, found, "before/")
    case.source = torch.as_tensor(found["input/source"].astype(np.int64))
    tokens, scores = (np.asarray(x.cpu()) for x in case.decode())
    wanted = found["output/scores"]  # minus infinity where nothing was found
    return {
        "tokens": float((tokens != found["output/tokens"]).mean()),
        "scores": float(np.max(np.abs(scores - wanted), where=scores != wanted, initial=0.0)),
        "parameters": float(case.parameters),
    }
