"""The well-known tutorial's translator in PyTorch, on the course's data, for a given time.

    python benchmarks/translation_torch.py DATA.npz OUT.npz --seconds 480 --seed 0

The model and its settings are those of PyTorch's tutorial "Translation with a Sequence to Sequence
Network and Attention": a GRU encoder and a GRU decoder of width 128, additive attention over the
encoder's states as in Bahdanau et al., dropout 0.1, batches of 32, Adam at a rate of 0.001, greedy
decoding. It is written anew here, with three things in its favour: it gets the course's subwords,
batches of similar length, and a loss that leaves padding out. `benchmarks/translation.py` writes
DATA.npz and scores OUT.npz.
"""

import argparse
import time

import numpy as np
import torch
from torch import nn

PAD, BOS, EOS = 0, 1, 2


class Encoder(nn.Module):
    """Embedding, dropout, GRU."""

    def __init__(self, size: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(size, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)

    def forward(self, source: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Maps tokens (N, S) to (states (N, S, hidden), last state (1, N, hidden))."""
        return self.gru(self.dropout(self.embedding(source)))


class Decoder(nn.Module):
    """A GRU that sees its last token and a weighted mean of the encoder's states."""

    def __init__(self, size: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(size, hidden)
        self.of_query = nn.Linear(hidden, hidden)
        self.of_key = nn.Linear(hidden, hidden)
        self.vector = nn.Linear(hidden, 1)
        self.gru = nn.GRU(2 * hidden, hidden, batch_first=True)
        self.output = nn.Linear(hidden, size)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, token: torch.Tensor, state: torch.Tensor, states: torch.Tensor, keys: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One step: token (N,), state (1, N, hidden) to (logits (N, size), state)."""
        embedded = self.dropout(self.embedding(token))[:, None]
        scores = self.vector(torch.tanh(self.of_query(state[0])[:, None] + keys))
        context = (torch.softmax(scores, dim=1) * states).sum(dim=1, keepdim=True)
        output, state = self.gru(torch.cat([embedded, context], dim=-1), state)
        return self.output(output[:, 0]), state


def batches(source: np.ndarray, target: np.ndarray, size: int, generator: np.random.Generator):
    """Batches of an epoch: pairs of similar length together, in random order."""
    lengths = (source != PAD).sum(1), (target != PAD).sum(1)
    order = np.lexsort((generator.random(len(source)), lengths[0], lengths[1]))
    groups = [order[i : i + size] for i in range(0, len(order), size)]
    for number in generator.permutation(len(groups)):
        rows = groups[number]
        s, t = lengths[0][rows].max(), lengths[1][rows].max()
        yield (
            torch.as_tensor(source[rows][:, :s], dtype=torch.long),
            torch.as_tensor(target[rows][:, :t], dtype=torch.long),
        )


def train(
    data, seconds: float, seed: int, hidden: int, dropout: float, batch_size: int, rate: float
):
    """Trains for so many seconds: (encoder, decoder, steps)."""
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    encoder = Encoder(int(data["source_size"]), hidden, dropout)
    decoder = Decoder(int(data["target_size"]), hidden, dropout)
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=rate)
    loss_of = nn.CrossEntropyLoss(ignore_index=PAD)
    start, steps = time.perf_counter(), 0
    while True:
        for source, target in batches(data["source"], data["target"], batch_size, generator):
            states, state = encoder(source)
            keys = decoder.of_key(states)
            logits = []
            for i in range(target.shape[1] - 1):  # the true tokens are the inputs
                now, state = decoder(target[:, i], state, states, keys)
                logits.append(now)
            loss = loss_of(torch.stack(logits, 1).flatten(0, 1), target[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            steps += 1
            if time.perf_counter() - start > seconds:
                size = sum(parameter.numel() for parameter in parameters)
                print(f"{steps} steps, last loss {loss.item():.3f}, {size:,} parameters")
                return encoder.eval(), decoder.eval(), steps


@torch.no_grad()
def translate(encoder: Encoder, decoder: Decoder, source: np.ndarray, length: int) -> np.ndarray:
    """Greedy translations, (N, length)."""
    found = np.full((len(source), length), PAD, np.int32)
    widths = (source != PAD).sum(1)
    for width in np.unique(widths):  # sources of one length: no padding is read
        rows = np.flatnonzero(widths == width)
        states, state = encoder(torch.as_tensor(source[rows][:, :width], dtype=torch.long))
        keys = decoder.of_key(states)
        token = torch.full((len(rows),), BOS)
        done = torch.zeros(len(rows), dtype=torch.bool)
        for i in range(length):
            logits, state = decoder(token, state, states, keys)
            token = torch.where(done, PAD, logits.argmax(-1))
            found[rows, i] = token.numpy()
            done |= token == EOS
            if done.all():
                break
    return found


def main() -> None:
    """Reads the arguments, trains, translates, writes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data")
    parser.add_argument("out")
    parser.add_argument("--seconds", type=float, default=480)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1e-3)
    args = parser.parse_args()
    data = np.load(args.data)
    encoder, decoder, steps = train(
        data, args.seconds, args.seed, args.hidden, args.dropout, args.batch_size, args.rate
    )
    tokens = translate(encoder, decoder, data["test"], int(data["length"]))
    np.savez(args.out, tokens=tokens, steps=steps, torch=torch.__version__)


if __name__ == "__main__":
    main()
