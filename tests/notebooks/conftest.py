"""What tests that run lessons' cells share."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import pytest


@pytest.fixture
def as_lessons_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Preset ci; what a lesson sets in JAX's configuration ends with the test."""
    monkeypatch.setenv("KARPA_PRESET", "ci")
    before = dict(jax.config.values)
    yield
    for name, value in before.items():
        if jax.config.values[name] != value:
            jax.config.update(name, value)
