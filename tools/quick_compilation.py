"""XLA's settings for tests and lessons at preset ci: they compile much and compute little."""

from __future__ import annotations

import importlib.metadata

# Together they are worth a lot: all 15 lessons at preset ci, with nothing compiled before, took
# 560 s without and 299 s with them (two cores, jaxlib 0.10.2).
ALWAYS = (
    "--xla_backend_optimization_level=0",
    "--xla_llvm_disable_expensive_passes=true",
    "--xla_cpu_parallel_codegen_split_count=1",  # a process a core has no second one to use
)
# The older way to write fused loops compiles in half the time. XLA ends the process at a setting
# that it does not know, and jaxlib 0.12 has only the newer way.
OLDER_LOOPS, LAST_WITH_BOTH = "--xla_cpu_use_fusion_emitters=false", (0, 10)


def flags() -> str:
    """What XLA_FLAGS is to hold for the jaxlib that is installed."""
    version = importlib.metadata.version("jaxlib")
    both = tuple(map(int, version.split(".")[:2])) <= LAST_WITH_BOTH
    return " ".join((*ALWAYS, OLDER_LOOPS) if both else ALWAYS)
