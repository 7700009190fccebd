"""What all tests share: no network, a cache of their own, no windows, quick compilation."""

from __future__ import annotations

import os
import tempfile

import pytest

# Set before JAX and Matplotlib are imported. The folder goes when the test session ends.
_CACHE = tempfile.TemporaryDirectory(prefix="karpa-tests-")
os.environ["KARPA_CACHE"] = _CACHE.name
os.environ["KARPA_OFFLINE"] = "1"
os.environ["MPLBACKEND"] = "agg"
# Tests compile many small programs and run each once: compiling them less well halves the time.
os.environ.setdefault(
    "XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
)


@pytest.fixture(scope="module", autouse=True)
def _forget_compiled_programs():
    """Each compiled program holds memory mappings, and a process may have 65,530 of them.

    All of the tests' programs together come near: past it, the compiler crashes.
    """
    yield
    import jax

    jax.clear_caches()
