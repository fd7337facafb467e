"""An empty folder of added models, and files of tiny networks."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `models add` puts weights."""
    monkeypatch.setenv("DEPIXEL_MODELS_DIR", str(tmp_path / "models"))
    return tmp_path / "models"
