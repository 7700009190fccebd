"""Writes PyTorch's own recurrent layers as numbers, so that the course can be held against them.

    python benchmarks/torch_cells.py       # wants PyTorch, which the course itself does not

Each layer of seed 11 reads two sequences of five vectors. Written are its weights, inputs, outputs
and the gradient of the sum of squared outputs by the recurrent weights. Lesson 11 and
tests/nn/test_recurrent.py read the file.
"""

import json
from pathlib import Path

import torch

FILE = Path(__file__).resolve().parent.parent / "karpa_helpers" / "lessons" / "torch_cells.json"
LAYERS = {"elman": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
N, T, D, H = 2, 5, 3, 4


def numbers(tensor: torch.Tensor) -> list:
    """A tensor as nested lists."""
    rounded = torch.round(tensor.detach().double(), decimals=7)
    return rounded.tolist()


def main() -> None:
    """Writes the file."""
    torch.manual_seed(11)
    x = torch.round(torch.randn(N, T, D, dtype=torch.float64), decimals=3)
    record = {"torch": torch.__version__, "seed": 11, "x": numbers(x), "layers": {}}
    for kind, make in LAYERS.items():
        layer = make(D, H, batch_first=True).double()
        with torch.no_grad():
            for weight in layer.parameters():
                weight.copy_(torch.round(weight, decimals=3))
            if kind == "gru":  # Flax's cell has no bias there
                layer.bias_hh_l0[2 * H :] = 0
        outputs, _ = layer(x)
        (outputs**2).sum().backward()
        record["layers"][kind] = {
            **{name.removesuffix("_l0"): numbers(w) for name, w in layer.named_parameters()},
            "outputs": numbers(outputs),
            "gradient_weight_hh": numbers(layer.weight_hh_l0.grad),
        }
    FILE.write_text(json.dumps(record) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
