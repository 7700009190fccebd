"""An empty cache and no network for every test of the data modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from karpa_helpers.data import store


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no mirror, no network, nothing announced yet; returns KARPA_CACHE."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("KARPA_CACHE", str(folder))
    monkeypatch.setenv("KARPA_OFFLINE", "1")
    monkeypatch.delenv("KARPA_DATA_MIRROR", raising=False)
    monkeypatch.setattr(store, "_announced", set())
    return folder
