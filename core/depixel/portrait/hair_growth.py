"""How hair grows: a few hundred guides leave the scalp, follow a comb field, fall, slide over head and shoulders."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from depixel.portrait.hair_roots import Roots, ramp
from depixel.portrait.hair_surface import HeadSurface

STEPS = 18
"""Points of a guide, the same for all sizes of picture, so that a person's hair always has the same silhouette."""
CROWN = (0.05, 0.85, -1.35)
"""Where hair forms a whorl, dm on the template."""
LAYERS = 2
"""Guides come in pairs: layer 0 lies on the scalp, layer 1 is the outer surface of the hair."""
BROWS, TEMPLES = 0.24, 0.62
"""Height of the brows (y) and half the width of the face at the temples (x), dm on the template."""


class Guides(NamedTuple):
    """Both layers of guides of B people."""

    points: Tensor
    """[B, LAYERS, G, STEPS, 3], dm, head's frame, evenly spaced from root to tip."""
    length: Tensor
    """[B, LAYERS, G], dm."""
    group: Tensor
    """[B, G], of `groups`."""


class _Field(NamedTuple):
    """What is constant along guides: everything is [B, M] or [B, M, C] with M = LAYERS * G."""

    surface: HeadSurface
    place: Tensor
    layer: Tensor
    side: Tensor
    top: Tensor
    fringe: Tensor
    jitter: Tensor
    gravity: Tensor
    floor: Tensor
    opening: Tensor
    banged: Tensor
    shape: dict[str, Tensor]


def grow(shape: dict[str, Tensor], surface: HeadSurface, roots: Roots, on_skin: Tensor, gravity: Tensor) -> Guides:
    """Grow the guides of B people.

    shape: numbers of a hair style [B, 1] each (HairShape); roots: the roots of G guides; on_skin: [B, G, 3], their
    positions on each person, dm in the head's frame; gravity: [B, 3], unit vector down in the head's frame.
    """
    B, G = on_skin.shape[:2]
    field = _field(shape, surface, roots, on_skin, gravity)
    position = on_skin.repeat(1, LAYERS, 1)
    normal = _outward(field, position)
    length = _length(field, roots.random.repeat(LAYERS, 1)[None])
    lift = shape["lift_top"] * field.top + shape["lift_side"] * (1 - field.top)
    lift = (lift * (0.15 + 0.85 * field.layer))[..., None]
    comb = _comb(field, position, normal)
    direction = normalize(lift * normal + comb * (1 - 0.9 * lift.clamp(0, 1)) + field.jitter * 0.5, dim=-1)
    step = (length / (STEPS - 1))[..., None]
    points = [position]
    for k in range(1, STEPS):
        comb = _comb(field, position, normal)
        position, direction = _move(field, position, direction, comb, normal, step, k)
        normal = _outward(field, position)
        points.append(position)
    path, length = evenly(_smoothed(torch.stack(points, 2)))
    return Guides(path.reshape(B, LAYERS, G, STEPS, 3), length.reshape(B, LAYERS, G), groups(shape, roots.place))


def _smoothed(path: Tensor) -> Tensor:
    """Paths [B, M, P, 3] with rounded corners; the ends do not move."""
    for _ in range(2):
        inner = path[:, :, 1:-1] / 2 + (path[:, :, :-2] + path[:, :, 2:]) / 4
        path = torch.cat([path[:, :, :1], inner, path[:, :, -1:]], 2)
    return path


def groups(shape: dict[str, Tensor], place: Tensor) -> Tensor:
    """A number [B, N] for each root at place [N, 3]: a strand never mixes guides with different numbers."""
    banged = _banged(shape, _fringe(shape, place[None]))
    return _side(shape, place[None]) * (1 - banged) + 3 * banged


def _side(shape: dict[str, Tensor], place: Tensor) -> Tensor:
    """
    1 on the person's left of the parting, -1 on the right; below the parting's end it follows the sides of the face.
    """
    parting = shape["part_at"] * ramp(place[..., 1], 0.2, 0.45)
    return torch.where(place[..., 0] > parting, 1.0, -1.0)


def _fringe(shape: dict[str, Tensor], place: Tensor) -> Tensor:
    front = ramp(place[..., 2], -0.42, -0.02) * ramp(place[..., 1], 0.2, 0.45)
    return front * ramp(place[..., 0].abs() - shape["fringe_width"], 0.08, -0.08)


def _banged(shape: dict[str, Tensor], fringe: Tensor) -> Tensor:
    """1 where hair is cut as a fringe."""
    return ((fringe > 0.3) & (shape["fringe_end"] > -5)).float()


def evenly(points: Tensor) -> tuple[Tensor, Tensor]:
    """The same polylines [B, M, P, 3] with evenly spaced points, and their lengths [B, M]."""
    P = points.shape[2]
    step = (points[:, :, 1:] - points[:, :, :-1]).norm(dim=-1) + 1e-6
    along = torch.cat([torch.zeros_like(step[..., :1]), step.cumsum(-1)], -1)
    length = along[..., -1:]
    lengths = length * torch.linspace(0, 1, P, device=points.device)
    before = (torch.searchsorted(along, lengths.contiguous(), right=True) - 1).clamp(0, P - 2)
    start = along.gather(-1, before)
    t = ((lengths - start) / step.gather(-1, before)).clamp(0, 1)[..., None]
    row = before[..., None].expand(*before.shape, 3)
    first, second = points.gather(2, row), points.gather(2, row + 1)
    return first + (second - first) * t, length[..., 0]


def _field(shape: dict[str, Tensor], surface: HeadSurface, roots: Roots, on_skin: Tensor, gravity: Tensor) -> _Field:
    B, G = on_skin.shape[:2]
    place = roots.place.repeat(LAYERS, 1)[None]
    random = roots.random.repeat(LAYERS, 1)[None]
    layer = torch.arange(LAYERS, device=place.device).float().repeat_interleave(G)[None].expand(B, -1)
    top = ramp(place[..., 1], 0.3, 0.8)
    fringe = _fringe(shape, place).expand(B, -1)
    side = _side(shape, place).expand(B, -1)
    floor = shape["hem"] + (random[..., 5] - 0.5) * shape["uneven"]
    banged = _banged(shape, fringe)
    floor = torch.where(banged > 0, shape["fringe_end"] + (random[..., 5] - 0.5) * shape["uneven"] * 0.6, floor)
    # A fringe has no parting.
    side = side * (1 - banged)
    jitter = (random[..., 2:5] - 0.5) * shape["messy"][..., None]
    opening = torch.where(torch.where(side == 0, place[..., 0], side) > 0, shape["open_left"], shape["open_right"])
    return _Field(surface, place, layer, side, top, fringe, jitter, gravity[:, None], floor, opening, banged, shape)


def _length(field: _Field, random: Tensor) -> Tensor:
    s = field.shape
    y, z = field.place[..., 1], field.place[..., 2]
    back = ramp(-z, 0.95, 1.25)
    side = s["side"] * (1 - back) + s["back"] * back
    # A fade: the lower the root, the shorter the hair.
    side = side * (1 - s["fade"] * ramp(y, 0.55, -0.1))
    length = s["top"] * field.top + side * (1 - field.top)
    length = length + (s["fringe"] - length) * field.fringe
    strip = ramp(field.place[..., 0].abs() - s["strip"], 0.0, 0.09)
    length = length + (s["shaved"] - length).clamp(max=0) * strip
    return (length * (1 + (random[..., 0] - 0.5) * s["uneven"] * 0.5)).clamp(min=0.015)


def _outward(field: _Field, position: Tensor) -> Tensor:
    """Unit vectors [B, M, 3] from the middle of the skull."""
    return normalize(position - field.surface.centre[:, None], dim=-1)


def _comb(field: _Field, position: Tensor, normal: Tensor) -> Tensor:
    """Unit directions [B, M, 3] along the skin in which the hair is combed."""
    s, new = field.shape, position.new_tensor
    above = ramp(position[..., 1:2], -0.1, 0.5)
    whorl = normalize(position - new(CROWN), dim=-1)
    comb = s["whorl"][..., None] * whorl
    comb = comb + s["backward"][..., None] * new((0.0, 0.1, -1.0))
    front = ramp(field.place[..., 2], -1.0, -0.3)[..., None]
    comb = comb + s["forward"][..., None] * new((0.0, -0.15, 1.0)) * front
    sideways = new((1.0, -0.2, 0.0)) * field.side[..., None]
    comb = comb + s["part"][..., None] * sideways * above
    sweep = new((1.0, -0.1, 0.15)) * (s["sweep"] * (0.35 + 0.65 * field.fringe) * field.top)[..., None]
    comb = comb + sweep * above + field.gravity * (s["down"][..., None] + 0.15) + field.jitter
    comb = comb - (comb * normal).sum(-1, keepdim=True) * normal
    return normalize(comb, dim=-1)


def _volume(field: _Field, normal: Tensor) -> Tensor:
    """Distance from the skin to the outer surface of the hair, dm [B, M]."""
    s = field.shape
    top = ramp(normal[..., 1], 0.15, 0.85)
    back = ramp(-normal[..., 2], 0.1, 0.8)
    front = ramp(normal[..., 2], 0.1, 0.5) * top
    around = s["volume_side"] * (1 - back) + s["volume_back"] * back
    thick = s["volume_top"] * top + around * (1 - top)
    return thick + (s["volume_front"] - thick) * front


def _move(
    field: _Field, position: Tensor, direction: Tensor, comb: Tensor, normal: Tensor, step: Tensor, k: int
) -> tuple[Tensor, Tensor]:
    """One step: the next position and direction."""
    s = field.shape
    skull = ramp(position[..., 1:2], -0.15, 0.45)
    weight = s["fall"][..., None] * step * (9 + 9 * (1 - skull))
    combing = (1 - s["stiff"])[..., None] * 0.55 * skull
    inward = position.new_tensor((1.0, 0.0, 1.0)) * -normal
    near_end = ramp((position[..., 1] - field.floor), 0.45, 0.0) * (field.floor > -5)
    pull = inward * (s["inward"] * near_end)[..., None]
    direction = normalize(
        direction * (0.25 + 0.75 * s["stiff"][..., None]) + comb * combing + field.gravity * weight + pull, dim=-1
    )
    moved = position + step * direction
    moved = _outside(field, moved, k)
    moved = _beside_face(moved, field.side, field.place, field.opening, field.banged, 0.7)
    # Hair does not stretch, however far it is pushed.
    way = moved - position
    moved = position + way * (step / way.norm(dim=-1, keepdim=True).clamp(min=1e-6)).clamp(max=1.15)
    moved = _cut(field, position, moved)
    return moved, normalize(moved - position + direction * 1e-3, dim=-1)


def _outside(field: _Field, moved: Tensor, k: int) -> Tensor:
    """Keep hair outside the skin, at its layer's share of the volume, and stop flat hair from lifting off."""
    s = field.shape
    normal = _outward(field, moved)
    skull = ramp(normal[..., 1], -0.6, -0.2)
    gap = 0.015 + field.layer * (0.03 + (_volume(field, normal) - 0.03) * skull) * min(1.0, k / 3)
    stick = s["stick"] * ramp(normal[..., 1], -0.35, 0.1)
    loose = (field.surface.height(moved) - gap).clamp(min=0) * stick
    return field.surface.pushed(moved - normal * loose[..., None], gap)


def _beside_face(moved: Tensor, side: Tensor, place: Tensor, opening: Tensor, banged: Tensor, part: float) -> Tensor:
    """Move points [B, M, 3] that would hang in front of the face partly aside."""
    x, y, z = moved.unbind(-1)
    side = torch.where(side == 0, torch.sign(place[..., 0]), side)
    active = ramp(y, 0.5, 0.25) * ramp(z, -0.62, -0.3) * (1 - banged * ramp(y, BROWS - 0.3, BROWS - 0.1))
    missing = (opening - x * side).clamp(min=0) * active * part
    return torch.stack([x + missing * side, y, z - missing.clamp(max=0.35) * 0.3], -1)


def clear_face(points: Tensor, shape: dict[str, Tensor], roots: Roots) -> Tensor:
    """Strands [B, N, P, 3] of N roots; none hangs in front of the face unless the style wants it."""
    B, N, P = points.shape[:3]
    place = roots.place
    banged = _banged(shape, _fringe(shape, place[None]))
    side = _side(shape, place[None]) * (1 - banged)
    opening = torch.where(torch.where(side == 0, place[None, :, 0], side) > 0, shape["open_left"], shape["open_right"])
    opening = opening - 0.02 - 0.1 * roots.random[:, 2]  # no hair ends on a straight line
    wide = (values.expand(B, N)[..., None].expand(B, N, P).reshape(B, -1) for values in (side, opening, banged))
    side, opening, banged = wide
    whole = place[None, :, None].expand(B, N, P, 3).reshape(B, -1, 3)
    return _beside_face(points.reshape(B, -1, 3), side, whole, opening, banged, 1.0).reshape(points.shape)


def _cut(field: _Field, before: Tensor, after: Tensor) -> Tensor:
    """Cut hair off at its lowest height."""
    fall = before[..., 1] - after[..., 1]
    room = before[..., 1] - field.floor
    part = torch.where(after[..., 1] < field.floor, (room / fall.clamp(min=1e-4)).clamp(0, 1), torch.ones_like(room))
    return before + (after - before) * part[..., None]
