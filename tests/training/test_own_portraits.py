"""Own portraits become examples for the face reader."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from training.make_portraits import main
from training.own_portraits import joined_labels, load_own


def test_a_folder_becomes_pictures_and_labels(tmp_path: Path) -> None:
    """Pictures have the requested side; eyes are above mouths, left of the picture is left."""
    main(["--out", str(tmp_path), "--count", "3", "--size", "48", "--samples", "1", "--no-masks"])

    pixels, labels = load_own(tmp_path, 24)
    twice = joined_labels([labels, labels])

    assert pixels.shape == (3, 3, 24, 24)
    assert bool((labels.landmarks[:, 0, 0] < labels.landmarks[:, 1, 0]).all())
    assert bool((labels.landmarks[:, 0, 1] < labels.landmarks[:, 7, 1]).all())
    assert len(twice.hair) == 6
    assert torch.allclose(labels.ancestry.sum(1), torch.ones(3), atol=0.01)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """The message names the command that fills it."""
    with pytest.raises(FileNotFoundError, match="make_portraits"):
        load_own(tmp_path, 24)
