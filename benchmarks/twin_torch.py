"""The twins in PyTorch, by name, for `benchmarks.worker`. It imports neither JAX nor the course."""

from __future__ import annotations

import os
import platform
import time
from typing import Any

import numpy as np
import torch

from benchmarks import twin_torch_gan, twin_torch_others, twin_torch_text
from benchmarks.sizes import PRECISIONS, Sizes

CASES = {
    "dcgan28": twin_torch_gan.Training,
    "dcgan64": twin_torch_gan.Training,
    "r3gan28": twin_torch_gan.Training,
    "r3gan64": twin_torch_gan.Training,
    "dcgan28_last": twin_torch_gan.Training,
    "dcgan64_last": twin_torch_gan.Training,
    "r3gan64_last": twin_torch_gan.Training,
    "gru": twin_torch_text.Training,
    "gru_fed": twin_torch_text.Training,
    "transformer": twin_torch_text.Training,
    "beam": twin_torch_text.Decoding,
    "beam_each": twin_torch_text.Decoding,
    "decode": twin_torch_text.Decoding,
    "loading": twin_torch_others.Loading,
    "loading_indexed": twin_torch_others.Loading,
}
CHECKS = {
    twin_torch_gan.Training: twin_torch_gan.check,
    twin_torch_text.Training: twin_torch_text.check,
    twin_torch_text.Decoding: twin_torch_text.check_decoded,
}

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
if torch.cuda.is_available():
    torch.set_default_device("cuda")
    torch.backends.cudnn.benchmark = True


def build(case: str, variant: str, sizes: Sizes) -> Any:
    """A case: `variant` "torch" is eager, "torch.compile" is compiled where PyTorch can."""
    torch.manual_seed(0)
    _, precision = PRECISIONS[sizes.get("precision", "float32")]
    torch.set_float32_matmul_precision(precision)
    torch.backends.cudnn.allow_tf32 = precision != "highest"
    return CASES[case](sizes, variant == "torch.compile")


def check(case: str, sizes: Sizes, file: str) -> dict[str, float]:
    """The largest differences from what the course wrote, by what was compared."""
    with np.load(file) as found:
        return CHECKS[CASES[case]](sizes, dict(found))


def rate() -> float:
    """Operations a second of a float32 matrix product, the best of three."""
    size = 8192 if torch.cuda.is_available() else 1024
    x = torch.ones(size, size)
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        x @ x
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return 2.0 * size**3 / min(seconds[1:])


def device_mb() -> float | None:
    """The most memory of the GPU so far; None on a CPU."""
    return torch.cuda.max_memory_allocated() / 1e6 if torch.cuda.is_available() else None


def versions() -> dict[str, Any]:
    """What the twins run on."""
    threads = torch.get_num_threads()
    return {"torch": torch.__version__, "python": platform.python_version(), "threads": threads}
