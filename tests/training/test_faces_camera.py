"""Camera faults of training.faces_camera: what changes, what does not."""

import torch
from training.faces_camera import photographed, quantised, spoiled
from training.faces_data import Reducer


def test_quantising_with_fine_steps_changes_nothing() -> None:
    picture = torch.rand(2, 3, 16, 24 - 8, generator=torch.Generator().manual_seed(1)) * 2 - 1
    fine = quantised(picture, torch.full((2, 1, 1, 1), 1e-6))
    assert (fine - picture).abs().max() < 1e-4


def test_quantising_with_coarse_steps_keeps_flat_blocks_flat() -> None:
    picture = torch.full((1, 3, 8, 8), 0.3)
    coarse = quantised(picture, torch.full((1, 1, 1, 1), 0.1))
    assert coarse.std() < 1e-5
    assert (coarse - picture).abs().max() < 0.1 / 2 / 8 + 1e-5  # half a step of the mean's coefficient


def test_a_share_of_the_small_pictures_is_spoiled() -> None:
    small = torch.zeros(200, 3, 8, 8)
    changed = (spoiled(small, 0.4, torch.Generator().manual_seed(0)) != small).flatten(1).any(1).float().mean()
    assert 0.2 < changed < 0.45
    assert torch.equal(spoiled(small, 0.0, torch.Generator().manual_seed(0)), small)


def test_a_portrait_and_its_landmarks_move_together() -> None:
    large = torch.full((8, 3, 64, 64), -1.0)
    large[:, :, 30:34, 20:24] = 1.0
    landmarks = torch.tensor([[[22 / 64, 32 / 64]]]).expand(8, 1, 2)
    moved, points = photographed(large, landmarks, 1.0, torch.Generator().manual_seed(3))
    axis = (torch.arange(64) + 0.5) / 64
    weight = (moved.mean(1) - moved.mean(1).amin((1, 2), keepdim=True)).square()
    weight = weight * (weight > 0.5 * weight.amax((1, 2), keepdim=True))
    total = weight.sum((1, 2))
    across = (weight.sum(1) * axis).sum(1) / total
    down = (weight.sum(2) * axis).sum(1) / total
    assert (torch.stack([across, down], 1) - points[:, 0]).abs().max() < 0.03
    assert (points[:, 0] - landmarks[:, 0]).abs().max() > 0.02


def test_without_a_share_the_reducer_answers_as_ever() -> None:
    generator = torch.Generator().manual_seed(0)
    reducer = Reducer(64)
    large = torch.rand(6, 3, 64, 64, generator=generator) * 2 - 1
    choice = reducer.choose(6, (0.3, 0.3, 0.3, 0.1), generator)
    grid, sizes = reducer(large, choice)
    other, same = reducer.spoiled(large, choice, 0.0, generator)
    assert torch.equal(sizes, same)
    assert (grid - other).abs().max() < 1e-5
