"""The course's own cases, by name, for `benchmarks.worker`."""

from __future__ import annotations

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import (
    course_gan,
    course_others,
    course_text,
    form_convolutions,
    form_decoding,
    form_others,
)
from benchmarks.sizes import PRECISIONS, Sizes
from karpa_helpers import runtime
from karpa_helpers.nn.fast import convolution
from karpa_helpers.seq2seq import decoding, losses

CASES = {
    "dcgan28": course_gan.training,
    "dcgan64": course_gan.training,
    "r3gan28": course_gan.training,
    "r3gan64": course_gan.training,
    "dcgan28_last": course_gan.training,
    "dcgan64_last": course_gan.training,
    "r3gan64_last": course_gan.training,
    "gru": course_text.training,
    "gru_fed": course_text.training,
    "transformer": course_text.training,
    "beam": course_text.decoding,
    "beam_each": course_text.decoding,
    "decode": course_text.decoding,
    "loading": course_others.loading,
    "loading_indexed": course_others.loading,
    "scores": course_others.Scores,
    "import": course_others.Import,
}
WRITERS = {course_gan.training: course_gan.write, course_text.training: course_text.write}
WRITERS[course_text.decoding] = course_text.write_decoded


def build(case: str, variant: str, sizes: Sizes) -> Any:
    """A case: `variant` "course" is the engine's call, "alone" the step by itself."""
    runtime.configure_jax()  # as `training.fit` does
    if not runtime.on_accelerator():
        runtime.keep_freed_memory()
    use_forms(sizes.get("forms", {}))
    if "precision" in sizes or runtime.on_accelerator():  # a CPU has one precision by default
        precision, _ = PRECISIONS[sizes.get("precision", "float32")]
        jax.config.update("jax_default_matmul_precision", precision)
    return CASES[case](sizes, variant)


def use_forms(chosen: dict[str, str]) -> None:
    """Puts forms of `benchmarks.forms` in the place of the course's, to time whole steps with them.

        python -m benchmarks.speed --rows dcgan28 --set 'forms={"upsample": "four phases"}'

    Args:
        chosen: By "downsample", "upsample", "same" (of `nn.fast.convolution`), "next" and "loss":
            the name of a form.
    """
    for name, form in chosen.items():
        if name == "next":
            decoding.next_log_probabilities = form_decoding.NEXT[form]
        elif name == "loss":
            losses.token_losses = loss_by(form_others.LOSS[form])
        else:
            setattr(convolution, name, getattr(form_convolutions, name.upper())[form])


def loss_by(form: Any) -> Any:
    """`losses.token_losses` in another form, without smoothing."""

    def token_losses(logits: jax.Array, targets: jax.Array, smoothing: float = 0.0) -> jax.Array:
        if smoothing:
            raise ValueError("The forms of the loss have no smoothing: set smoothing=0.")
        return form(targets)(logits)

    return token_losses


def write(case: str, sizes: Sizes, file: str) -> int:
    """Weights, inputs and what came of them, for the check of a twin: how many parameters."""
    arrays = WRITERS[CASES[case]](sizes)
    np.savez(file, **arrays)
    return sum(array.size for name, array in arrays.items() if name.startswith("before/"))


def rate() -> float:
    """Operations a second of a float32 matrix product, the best of three."""
    size = 8192 if runtime.on_accelerator() else 1024
    x = jnp.ones((size, size), jnp.float32)
    product(x, x).block_until_ready()
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        product(x, x).block_until_ready()
        seconds.append(time.perf_counter() - start)
    return 2.0 * size**3 / min(seconds)


@jax.jit
def product(a: jax.Array, b: jax.Array) -> jax.Array:
    """The matrix product."""
    return a @ b


def device_mb() -> float | None:
    """The most memory of the GPU so far; None on a CPU."""
    found = jax.devices()[0].memory_stats() if runtime.on_accelerator() else None
    return found["peak_bytes_in_use"] / 1e6 if found else None


def versions() -> dict[str, Any]:
    """What the course runs on."""
    return {
        "device": runtime.device_name(),
        "cores": runtime.available_cores(),
        "on_gpu": runtime.on_accelerator(),
        **runtime.versions(),
    }
