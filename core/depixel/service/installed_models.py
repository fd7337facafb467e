"""The names of the released weights, found without importing torch."""

from __future__ import annotations

from pathlib import Path


def model_names() -> list[str]:
    """Sorted names such as "art-small"."""
    folder = Path(__file__).resolve().parent.parent / "weights"
    return sorted(path.stem for path in folder.glob("*.safetensors"))
