"""The face reader: shapes, ranges, and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from depixel.errors import WeightsError
from depixel.faces.reader import (
    BEARDS,
    HAIR,
    LANDMARKS,
    MIRRORED,
    NUMBERS,
    SIDE,
    FaceReader,
    ReaderNetwork,
    reading_of,
    resampled,
)


def _saved(path: Path, kind: str = "reader") -> Path:
    torch.manual_seed(0)
    config = {"config": json.dumps({"kind": kind})}
    save_file({k: v.contiguous() for k, v in ReaderNetwork().state_dict().items()}, path, config)
    return path


@pytest.mark.parametrize("side", [8, 16, 48, 100])
def test_a_reading_has_every_part(tmp_path: Path, side: int) -> None:
    """Portraits of any size give landmarks, numbers in their ranges, and probabilities that sum to 1."""
    reader = FaceReader.from_weights(_saved(tmp_path / "reader.safetensors"))

    reading = reader.read(torch.rand(3, 4, side, side))

    assert reading.landmarks.shape == (3, len(LANDMARKS), 2)
    assert set(reading.numbers) == set(NUMBERS)
    assert bool(((reading.numbers["age"] >= 4) & (reading.numbers["age"] <= 92)).all())
    for part, names in ((reading.hair, HAIR), (reading.beard, BEARDS), (reading.ancestry, range(3))):
        assert part.shape == (3, len(names))
        assert torch.allclose(part.sum(1), torch.ones(3), atol=1e-5)


def test_a_portrait_reads_the_same_in_company(tmp_path: Path) -> None:
    """A batch of one equals the same portrait in a larger batch."""
    reader = FaceReader.from_weights(_saved(tmp_path / "reader.safetensors"))
    portraits = torch.rand(4, 4, 16, 16)

    together, alone = reader.read(portraits), reader.read(portraits[2:3])

    assert torch.allclose(together.landmarks[2:3], alone.landmarks, atol=1e-5)


def test_hidden_pixels_count_as_grey(tmp_path: Path) -> None:
    """Colours under alpha 0 have no effect."""
    reader = FaceReader.from_weights(_saved(tmp_path / "reader.safetensors"))
    clear = torch.zeros(1, 4, 16, 16)
    grey = torch.full((1, 4, 16, 16), 0.5)
    grey[:, 3] = 1

    assert torch.allclose(reader.read(clear).landmarks, reader.read(grey).landmarks, atol=1e-5)


def test_zero_outputs_are_the_centres() -> None:
    """Numbers are learnt around their centres: zeros mean 45 years, level, half-way."""
    reading = reading_of(torch.zeros(1, sum(ReaderNetwork.PARTS)))

    assert float(reading.numbers["age"]) == 45
    assert float(reading.numbers["yaw"]) == 0
    assert float(reading.landmarks[0, 0, 0]) == 0.5


def test_mirroring_exchanges_left_and_right() -> None:
    """Mirroring twice restores every landmark, and names change sides."""
    assert [MIRRORED[k] for k in MIRRORED] == list(range(len(LANDMARKS)))
    for k, name in enumerate(LANDMARKS):
        other = LANDMARKS[MIRRORED[k]]
        assert other == name.replace("left", "*").replace("right", "left").replace("*", "right")


def test_small_pictures_are_resampled_to_the_network() -> None:
    """Constant pictures stay constant at any size."""
    assert torch.allclose(resampled(torch.full((1, 3, 7, 7), 0.3)), torch.full((1, 3, SIDE, SIDE), 0.3), atol=1e-5)


def test_other_weights_are_refused(tmp_path: Path) -> None:
    """A file of another kind, and tensors of another network, are refused with a sentence."""
    with pytest.raises(WeightsError, match="does not hold a face reader"):
        FaceReader.from_weights(_saved(tmp_path / "finder.safetensors", "finder"))
    save_file({"x": torch.zeros(1)}, tmp_path / "odd.safetensors", {"config": json.dumps({"kind": "reader"})})
    with pytest.raises(WeightsError, match="not those of a face reader"):
        FaceReader.from_weights(tmp_path / "odd.safetensors")
