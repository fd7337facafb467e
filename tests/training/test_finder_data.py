"""Training scenes of the finder: their ground truth."""

from __future__ import annotations

import pytest
import torch
from training.faces_data import Portraits
from training.finder_data import BACKGROUND_SIDE, Truth, frames_of, make_scenes, targets


@pytest.fixture
def portraits() -> Portraits:
    """Four bright squares with a dark upper half and landmarks at slightly different positions."""
    pixels = torch.full((4, 3, 64, 64), 230, dtype=torch.uint8)
    pixels[:, :, :32] = 60
    landmarks = torch.tensor([[0.3, 0.4], [0.7, 0.4], [0.5, 0.8]]).repeat(4, 1, 1)
    return Portraits(list("abcd"), pixels, landmarks + torch.linspace(-0.02, 0.02, 4)[:, None, None], [{}] * 4)


def _scenes(portraits: Portraits, decoys: float) -> tuple[torch.Tensor, Truth]:
    grey = torch.full((2, 3, BACKGROUND_SIDE, BACKGROUND_SIDE), 128, dtype=torch.uint8)
    generator = torch.Generator().manual_seed(3)
    frames = frames_of(portraits.landmarks)
    return make_scenes(portraits, frames, grey, 12, 64, generator, disturb=False, decoys=decoys)


def test_every_face_has_its_frame_and_a_target(portraits: Portraits) -> None:
    """Sides and rotations within the requested range; the heat is 1 in some cell of each scene with a face only."""
    scenes, truth = _scenes(portraits, 0.0)
    heat, rest, near = targets(truth, len(scenes), 64)

    assert len(truth.scene) >= 6
    assert truth.side.min() >= 20 and truth.side.max() <= 44
    assert torch.rad2deg(truth.roll).abs().max() <= 45
    with_face = torch.zeros(len(scenes), dtype=torch.bool)
    with_face[truth.scene] = True
    assert torch.equal(heat.amax((1, 2, 3)) == 1, with_face)
    assert not rest[~with_face].any() and not near[~with_face].any()


def test_heads_that_lie_or_stand_upside_down_are_seen_but_not_true(portraits: Portraits) -> None:
    """All decoys: heads are in the scenes, and none is to be found; a few of them: fewer are true."""
    scenes, truth = _scenes(portraits, 1.0)

    assert len(truth.scene) == 0
    assert ((scenes - 0.5).abs().amax((1, 2, 3)) > 0.2).sum() >= 6
    assert 0 < len(_scenes(portraits, 0.5)[1].scene) < len(_scenes(portraits, 0.0)[1].scene)
