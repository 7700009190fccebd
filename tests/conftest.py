"""What all tests share: no network, a cache of their own, no windows, quick compilation."""

from __future__ import annotations

import os
import tempfile

# Set before JAX and Matplotlib are imported. The folder goes when the test session ends.
_CACHE = tempfile.TemporaryDirectory(prefix="karpa-tests-")
os.environ["KARPA_CACHE"] = _CACHE.name
os.environ["KARPA_OFFLINE"] = "1"
os.environ["MPLBACKEND"] = "agg"
# Tests compile many small programs and run each once: compiling them less well halves the time.
os.environ.setdefault(
    "XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
)
