"""Drawings are warped onto portraits, but eyes and mouths keep their shape."""

from __future__ import annotations

import torch

from depixel.faces.drawn.warping import register

SIDE = 64


def _disc(x: float, radius: float = 0.3) -> torch.Tensor:
    axis = (torch.arange(SIDE) + 0.5) / SIDE
    inside = ((axis[None] - x) ** 2 + (axis[:, None] - 0.5) ** 2).sqrt() < radius
    return torch.where(inside, 0.8, 0.2).expand(1, 3, -1, -1).contiguous()


def _everywhere(value: float) -> torch.Tensor:
    return torch.full((1, 1, SIDE, SIDE), value)


def test_an_outline_moves_to_where_the_portrait_has_it() -> None:
    """A disc three pixels off ends within half a pixel over nine tenths of its area."""
    drawn, portrait = _disc(0.47), _disc(0.52)

    moved = register(drawn, portrait, _everywhere(1.0), _everywhere(0.0)).applied(drawn)

    assert float((moved - portrait).abs().mean()) < 0.3 * float((drawn - portrait).abs().mean())


def test_what_agrees_stays() -> None:
    """A drawing that already equals the portrait is not moved."""
    field = register(_disc(0.5), _disc(0.5), _everywhere(1.0), _everywhere(0.0)).field

    assert float(field.abs().max()) < 0.01


def test_the_core_keeps_its_shape() -> None:
    """A larger disc stretches the drawing, but much less where the drawing is stiff."""
    drawn, portrait = _disc(0.5, 0.2), _disc(0.5, 0.26)

    loose, stiff = (register(drawn, portrait, _everywhere(1.0), _everywhere(core)).field for core in (0.0, 1.0))

    assert float(stiff.diff(dim=3).abs().max()) < 0.6 * float(loose.diff(dim=3).abs().max())


def test_outlines_move_what_colours_do_not_tell_apart() -> None:
    """Dark hair against a dark background: the parts say where it ends."""
    flat = torch.full((1, 3, SIDE, SIDE), 0.1)
    drawn, seen = (_disc(x)[:, :1].repeat(1, 4, 1, 1) for x in (0.47, 0.52))

    warp = register(flat, flat, _everywhere(1.0), _everywhere(0.0), (drawn, seen))

    assert float((warp.applied(drawn) - seen).abs().mean()) < 0.4 * float((drawn - seen).abs().mean())


def test_a_frame_goes_on_from_the_one_before() -> None:
    """With the warp of the same frame as its start, nothing is left to move."""
    drawn, portrait = _disc(0.47), _disc(0.52)
    first = register(drawn, portrait, _everywhere(1.0), _everywhere(0.0))

    second = register(drawn, portrait, _everywhere(1.0), _everywhere(0.0), start=first)

    assert float((second.field - first.field).abs().mean()) < 0.2 * float(first.field.abs().mean())
