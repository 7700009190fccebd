"""What is measured, and at which size. Workers of every framework read it: no framework here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Sizes = dict[str, Any]

# Of products of float32 numbers: what a GPU's (and some CPUs') matrix units make of them. In
# "mixed" the activations are bfloat16, and these products are those of penalties.
PRECISIONS = {
    "float32": ("float32", "highest"), "tf32": ("tensorfloat32", "high"),
    "bf16": ("bfloat16", "medium"), "mixed": ("tensorfloat32", "high"),
}  # fmt: skip

COURSE, ALONE, EAGER, COMPILED, KERAS = "course", "alone", "torch", "torch.compile", "keras"
TITLES = {
    COURSE: "course",
    ALONE: "step alone",
    EAGER: "PyTorch",
    COMPILED: "torch.compile",
    KERAS: "Keras on JAX",
}
TRAINING = (COURSE, ALONE, EAGER, COMPILED)
WITH_KERAS = (*TRAINING, KERAS)
DECODING = (COURSE, EAGER, COMPILED)


def mixed(sizes: Sizes) -> bool:
    """Whether a training step's activations are bfloat16, with weights and penalties in float32."""
    return sizes.get("precision") == "mixed"


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        name: Of the case in the workers, and on the command line.
        title: In the table.
        engines: Who runs it, in the order of a round.
        full: Sizes on a CPU.
        quick: What differs with `--quick`: it must run in a second or two.
        gpu: What differs on a GPU.
        unit: What one call is.
    """

    name: str
    title: str
    engines: tuple[str, ...]
    full: Sizes
    quick: Sizes
    gpu: Sizes
    unit: str = "step"

    def sizes(self, quick: bool, on_gpu: bool) -> Sizes:
        """The sizes of a run."""
        return {**self.full, **(self.gpu if on_gpu else {}), **(self.quick if quick else {})}


_GAN = {"batch": 64, "latent": 64, "width": 32, "images": 4096}
_TINY_GAN = {"batch": 4, "latent": 8, "width": 4, "images": 16}
_GPU_GAN = {"batch": 256, "width": 64, "images": 16384}
_LAST = {"channels_last": True}
_GRU = {
    "batch": 64, "length": 16, "vocabulary": 4000, "embedding": 256, "hidden": 256, "fed": False,
    "tied": False, "smoothing": 0.0, "pairs": 2048,
}  # fmt: skip
# The recipe of lesson 14.
_FED = {
    **_GRU, "batch": 32, "length": 12, "vocabulary": 2000, "embedding": 128, "fed": True,
    "tied": True, "smoothing": 0.1,
}  # fmt: skip
_TINY_GRU = {
    "batch": 4, "length": 6, "vocabulary": 50, "embedding": 8, "hidden": 8, "pairs": 16
}  # fmt: skip
_GPU_TEXT = {"batch": 256, "hidden": 512, "embedding": 512, "pairs": 8192}
_BEAM = {"sentences": 100, "beam": 5, "alpha": 0.6, "written": 24}
_TINY_BEAM = {"sentences": 3, "beam": 2, "written": 5}
_TRANSFORMER = {
    "batch": 64, "length": 16, "vocabulary": 4000, "width": 128, "heads": 4, "layers": 2,
    "pairs": 2048, "smoothing": 0.0,
}  # fmt: skip
_TINY_TRANSFORMER = {
    "batch": 4, "length": 6, "vocabulary": 50, "width": 8, "heads": 2, "layers": 1, "pairs": 16
}  # fmt: skip
_GPU_TRANSFORMER = {"batch": 256, "width": 512, "heads": 8, "pairs": 8192}

ROWS = (
    Row("dcgan28", "DCGAN step, 28 pixels", WITH_KERAS, {**_GAN, "pixels": 28, "channels": 1},
        _TINY_GAN, _GPU_GAN),
    Row("dcgan64", "DCGAN step, 64 pixels", TRAINING, {**_GAN, "pixels": 64, "channels": 3},
        _TINY_GAN, _GPU_GAN),
    Row("r3gan28", "R3GAN step, 28 pixels", TRAINING,
        {**_GAN, "pixels": 28, "channels": 1, "r3gan": True}, _TINY_GAN, _GPU_GAN),
    Row("r3gan64", "R3GAN step, 64 pixels", TRAINING,
        {**_GAN, "pixels": 64, "channels": 3, "r3gan": True}, _TINY_GAN, _GPU_GAN),
    Row("dcgan28_last", "The same DCGAN step, 28 pixels, PyTorch's images as channels_last",
        (COURSE, EAGER, COMPILED), {**_GAN, "pixels": 28, "channels": 1, **_LAST}, _TINY_GAN,
        _GPU_GAN),
    Row("dcgan64_last", "The same DCGAN step, 64 pixels, PyTorch's images as channels_last",
        (COURSE, EAGER, COMPILED), {**_GAN, "pixels": 64, "channels": 3, **_LAST}, _TINY_GAN,
        _GPU_GAN),
    Row("r3gan64_last", "The same R3GAN step, 64 pixels, PyTorch's images as channels_last",
        (COURSE, EAGER, COMPILED),
        {**_GAN, "pixels": 64, "channels": 3, "r3gan": True, **_LAST}, _TINY_GAN, _GPU_GAN),
    Row("gru", "GRU with attention, train step", TRAINING, _GRU, _TINY_GRU, _GPU_TEXT),
    Row("gru_fed", "GRU with attention and input feeding, train step", TRAINING, _FED, _TINY_GRU,
        _GPU_TEXT),
    Row("beam", "GRU with attention, beam decode of 100 sentences", DECODING, {**_FED, **_BEAM},
        {**_TINY_GRU, **_TINY_BEAM}, {}, "100 sentences"),
    Row("beam_each", "The same beam decode, in PyTorch one sentence after the other", DECODING,
        {**_FED, **_BEAM, "one_by_one": True}, {**_TINY_GRU, **_TINY_BEAM}, {}, "100 sentences"),
    Row("transformer", "Transformer, train step", TRAINING, _TRANSFORMER, _TINY_TRANSFORMER,
        _GPU_TRANSFORMER),
    Row("decode", "Transformer, cached decode of 100 sentences", DECODING,
        {**_TRANSFORMER, "sentences": 100, "written": 24},
        {**_TINY_TRANSFORMER, "sentences": 3, "written": 5}, {}, "100 sentences"),
    Row("loading", "An epoch of 10,000 images in batches of 64, PyTorch's by DataLoader",
        (COURSE, EAGER), {"images": 10_000, "batch": 64}, {"images": 256}, {}, "epoch"),
    Row("loading_indexed", "The same epoch, PyTorch's by index, as its twins above draw them",
        (COURSE, EAGER), {"images": 10_000, "batch": 64, "indexed": True}, {"images": 256}, {},
        "epoch"),
    Row("scores", "All scores of 10,000 images", (COURSE,), {"images": 10_000, "features": 64},
        {"images": 200, "features": 8}, {}, "evaluation"),
    Row("import", "`import karpa_helpers`, all modules, after JAX, Flax and Optax", (COURSE,), {},
        {}, {}, "import"),
)  # fmt: skip

LOADING = ("loading", "loading_indexed")  # rows whose twins draw their own data: no equal outputs


def row_named(name: str) -> Row:
    """The row of this name.

    Raises:
        KeyError: There is none.
    """
    return {row.name: row for row in ROWS}[name]
