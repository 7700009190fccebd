"""The course's decoders in PyTorch: the same search, all sentences at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from benchmarks.sizes import Sizes

PAD, BOS, EOS = 0, 1, 2


def log_probabilities(logits: torch.Tensor) -> torch.Tensor:
    """log softmax, with minus infinity for the tokens that a decoder never writes."""
    scores = logits.log_softmax(-1)
    scores[..., [PAD, BOS]] = -torch.inf
    return scores


def greedy(
    model: Any, step: Callable[..., Any], source: torch.Tensor, sizes: Sizes
) -> tuple[torch.Tensor, torch.Tensor]:
    """At each step the most likely token: (tokens (N, length), log-probabilities (N,))."""
    state, memory = model.encode(source)
    count, length = len(source), sizes["written"]
    token = torch.full((count,), BOS)
    tokens = torch.full((count, length), PAD)
    total, done = torch.zeros(count), torch.zeros(count, dtype=torch.bool)
    for place in range(length):
        state, logits = step(state, token, memory)
        best, token = log_probabilities(logits).max(-1)
        total = total + best.masked_fill(done, 0)
        token = token.masked_fill(done, PAD)
        tokens[:, place] = token
        done = done | (token == EOS)
        if done.all():
            break
    return tokens, total


def penalty(length: float, alpha: float) -> float:
    """What a log-probability is divided by."""
    return ((5.0 + length) / 6.0) ** alpha


def mapped(function: Callable[[torch.Tensor], torch.Tensor], tree: Any) -> Any:
    """A function of every tensor in tuples and lists."""
    if isinstance(tree, (tuple, list)):
        return type(tree)(mapped(function, part) for part in tree)
    return function(tree) if isinstance(tree, torch.Tensor) else tree


def beam(
    model: Any, step: Callable[..., Any], source: torch.Tensor, sizes: Sizes
) -> tuple[torch.Tensor, torch.Tensor]:
    """As `karpa_helpers.seq2seq.decoding.beam`: (tokens (N, width, length), scores (N, width))."""
    width, length, alpha = sizes["beam"], sizes["written"], sizes["alpha"]
    count = len(source)
    start = model.encode(source)
    state, memory = mapped(lambda x: x.repeat_interleave(width, 0), start)
    nothing = torch.full((count, width), -torch.inf)
    blank = torch.full((count, width, length), PAD)
    finished = (blank, nothing)  # tokens and scores
    alive, total = blank, nothing.clone()
    total[:, 0] = 0.0
    score = total
    last = torch.full((count, width), BOS)
    first_rows = torch.arange(count)[:, None] * width
    for place in range(length):
        hope = total.max(1).values / penalty(length, alpha)
        if not (hope > finished[1].min(1).values).any():
            break
        state, logits = step(state, last.reshape(-1), memory)
        scores = log_probabilities(logits).reshape(count, width, -1)
        every = (total[..., None] + scores).reshape(count, -1)
        total, chosen = every.topk(width)
        parent, last = chosen // scores.shape[-1], chosen % scores.shape[-1]
        alive = alive.gather(1, parent[..., None].expand(-1, -1, length)).clone()
        alive[:, :, place] = last
        score, ends = total / penalty(place + 1.0, alpha), last == EOS
        finished = best(finished, (alive, score.masked_fill(~ends, -torch.inf)))
        total = total.masked_fill(ends, -torch.inf)
        score = score.masked_fill(ends, -torch.inf)
        rows = (first_rows + parent).reshape(-1)
        state = mapped(lambda x, rows=rows: x[rows], state)
    none = finished[1][:, :1] == -torch.inf
    return best(finished, (alive, score.masked_fill(~none, -torch.inf)))


def best(a: Any, b: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Of two lists of (tokens, scores) the best sentences, as many as one list holds."""
    tokens, scores = (torch.cat(pair, 1) for pair in zip(a, b, strict=True))
    scores, place = scores.topk(a[1].shape[1])
    kept = tokens.gather(1, place[..., None].expand(-1, -1, tokens.shape[-1]))
    return kept.masked_fill((scores == -torch.inf)[..., None], PAD), scores
