"""The parts of a portrait: shapes, probabilities, and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from depixel.errors import WeightsError
from depixel.faces.face_parts import PARTS, SIDE, PartsFinder, PartsNetwork, released_parts
from depixel.portrait.rendering import MASKS


def _saved(path: Path, kind: str = "parts") -> Path:
    torch.manual_seed(0)
    config = {"config": json.dumps({"kind": kind})}
    save_file({k: v.contiguous() for k, v in PartsNetwork().state_dict().items()}, path, config)
    return path


@pytest.mark.parametrize("side", [8, 64, 100])
def test_every_pixel_has_probabilities(tmp_path: Path, side: int) -> None:
    """Portraits of any size give one probability per part, and they sum to 1."""
    finder = PartsFinder.from_weights(_saved(tmp_path / "parts.safetensors"))

    parts = finder.find(torch.rand(2, 4, side, side))

    assert parts.shape == (2, len(PARTS), SIDE, SIDE)
    assert torch.allclose(parts.sum(1), torch.ones(2, SIDE, SIDE), atol=1e-5)


def test_the_parts_are_those_of_a_drawing() -> None:
    """Both are compared channel by channel."""
    assert PARTS == MASKS


def test_hidden_pixels_count_as_grey(tmp_path: Path) -> None:
    """Colours under alpha 0 have no effect."""
    finder = PartsFinder.from_weights(_saved(tmp_path / "parts.safetensors"))
    hidden = torch.zeros(1, 4, 64, 64)
    grey = torch.cat([torch.full((1, 3, 64, 64), 0.5), torch.ones(1, 1, 64, 64)], 1)

    assert torch.allclose(finder.find(hidden), finder.find(grey), atol=1e-5)


def test_other_weights_are_refused(tmp_path: Path) -> None:
    """A file of another kind, and one with other tensors, give a clear error."""
    with pytest.raises(WeightsError, match="does not hold a network that finds the parts"):
        PartsFinder.from_weights(_saved(tmp_path / "other.safetensors", "reader"))
    save_file({"x": torch.zeros(1)}, tmp_path / "wrong.safetensors", {"config": json.dumps({"kind": "parts"})})
    with pytest.raises(WeightsError, match="are not those of a network that finds the parts"):
        PartsFinder.from_weights(tmp_path / "wrong.safetensors")


@pytest.mark.weights
def test_the_released_network_is_loaded_once() -> None:
    """It fits the architecture, and a second call returns the same object."""
    finder = released_parts()
    assert isinstance(finder, PartsFinder) and released_parts() is finder
