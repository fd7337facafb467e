"""Outlines of cut-outs: smooth at the size of the answer, hard or soft as requested, and never with a dark rim."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_art import write_tiny_art

from depixel.degradation import repeated
from depixel.enlarging.outlines import even_outline
from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler

ORANGE = (230, 140, 40)


def disc(side: int, radius: float) -> np.ndarray:
    """[side, side] bool."""
    y, x = np.mgrid[:side, :side] + 0.5 - side / 2
    mask: np.ndarray = x * x + y * y < radius * radius
    return mask


def cut_out(side: int = 16, radius: float = 6.3) -> Picture:
    """An orange disc on nothing, alpha 0 or 255."""
    pixels = np.zeros((side, side, 4), np.uint8)
    pixels[disc(side, radius)] = (*ORANGE, 255)
    return Picture((pixels,))


def test_teeth_go_and_outlines_along_the_grid_stay() -> None:
    """A diagonal loses its one-pixel steps; a box does not change; colour under the new edge is the drawing's."""
    y, x = torch.meshgrid(torch.arange(128), torch.arange(128), indexing="ij")
    teeth = x + y + 2 * ((x - y) % 4 < 2) > 128
    colour = torch.tensor([0.8, 0.5, 0.2, 1.0])[:, None, None]
    answer = even_outline((colour * teeth)[None], 8)
    hard = answer[0, 3] >= 0.5
    rough = (teeth[1:] != teeth[:-1]).sum() + (teeth[:, 1:] != teeth[:, :-1]).sum()
    even = (hard[1:] != hard[:-1]).sum() + (hard[:, 1:] != hard[:, :-1]).sum()
    assert even < 0.8 * rough
    straight = answer[0, :3] / answer[0, 3:].clamp_min(1e-6)
    assert ((straight - colour[:3]).abs().amax(0)[answer[0, 3] > 0.02]).max() < 0.01
    box = repeated(torch.zeros(1, 4, 8, 8), 8)
    box[..., 16:48, 8:40] = 1
    assert torch.equal(even_outline(box, 8), box)
    assert torch.equal(even_outline(box, 4), box)


def test_steps_of_a_threshold_go_and_thin_parts_stay() -> None:
    """Scallops as long as a small pixel become nearly straight; a line and a dot one small pixel wide remain."""
    y, x = torch.meshgrid(torch.arange(128.0), torch.arange(128.0), indexing="ij")
    scallops = ((x + y + 5 * torch.sin((x - y) * torch.pi / 8)) > 128).float().expand(1, 4, 128, 128)

    def stray(answer: torch.Tensor) -> float:
        edge = (answer[0, 3] >= 0.5).float().sum(1)[24:-24] - torch.arange(24.0, 104.0)
        return float((edge - edge.mean()).abs().mean())

    assert stray(even_outline(scallops, 8, drawn=False)) < 0.75 * stray(even_outline(scallops, 8))
    thin = torch.zeros(1, 4, 16, 16)
    thin[..., 3, 2:12] = thin[..., 9, 9] = 1
    answer = even_outline(repeated(thin, 8), 8, drawn=False)
    assert (answer[0, 3, 28, 24:88] >= 0.5).all()
    assert answer[0, 3, 76, 76] >= 0.5


@pytest.mark.parametrize("domain", ["art", "pixel-art"])
@pytest.mark.parametrize("scale", [4, 8])
def test_edges_are_hard_unless_soft_ones_are_requested(
    tmp_path_factory: pytest.TempPathFactory, domain: str, scale: int
) -> None:
    """Both scale back exactly; soft ones have partial alpha, hard ones none."""
    upsampler = Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})
    answers = {}
    for edges in ("hard", "soft"):
        report = upsampler.upsample(cut_out(), Request(domain=domain, scale=scale, edges=edges, wrap="none"))
        assert report.residual.exact
        answers[edges] = report.picture.frames[0][..., 3]
    assert set(np.unique(answers["hard"])) <= {0, 255}
    assert ((answers["soft"] > 0) & (answers["soft"] < 255)).mean() > 0.005


@pytest.mark.weights
def test_a_disc_at_x8_is_a_disc() -> None:
    """No staircase of whole pixels, no dark rim: the outline follows the original shape."""
    for domain in ("art", "pixel-art"):
        answer = Upsampler("cpu").upsample(cut_out(), Request(domain=domain, scale=8, wrap="none")).picture.frames[0]
        truth = disc(128, 6.3 * 8)
        blocks = disc(16, 6.3).repeat(8, 0).repeat(8, 1)
        seen = answer[..., 3] > 127
        assert (seen != truth).mean() < (blocks != truth).mean() and (seen != blocks).mean() > 0.01, domain
        off = np.abs(answer[..., :3][seen].astype(int) - ORANGE).max(-1)
        assert (off > 40).mean() < 0.01, domain
