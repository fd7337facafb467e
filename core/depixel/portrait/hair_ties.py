"""Tied hair: guides that lead to a tie, what hangs or sits there (tails, braids, buns), and cornrows."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize

from depixel.portrait.hair_growth import LAYERS, STEPS, Guides, evenly
from depixel.portrait.hair_locks import Locks, frame
from depixel.portrait.hair_roots import Roots, hairline, ramp
from depixel.portrait.hair_styles import Tie
from depixel.portrait.hair_surface import MIDDLE, HeadSurface

PLAIT_RATE = 2.1
"""Crossings of a braid per width."""


def ties(tie: Tie, surface: HeadSurface) -> Tensor:
    """Where a person's hair is tied, dm: [B, T, 3]; one place, or two on opposite sides of the head."""
    sides = (1.0, -1.0) if tie.x else (1.0,)
    places = torch.tensor([[tie.x * side, tie.y, tie.z] for side in sides], device=surface.centre.device)
    aim = places - places.new_tensor(MIDDLE)
    start = surface.centre[:, None] + aim
    return start - normalize(aim, dim=-1) * (surface.height(start) - 0.05)[..., None]


def gather(guides: Guides, tie: Tie, surface: HeadSurface, roots: Roots, looseness: Tensor) -> Guides:
    """Lead the guides that grow above `tie.above` over the skin to the nearest tie; looseness [B, 1] in dm."""
    B = len(guides.points)
    places = ties(tie, surface)
    root = guides.points[:, :, :, 0]
    near = torch.cdist(roots.place, places.mean(0)).argmin(1)
    end = places[:, near][:, None].expand(-1, LAYERS, -1, -1)
    centre = surface.centre[:, None, None, None]
    t = torch.linspace(0, 1, STEPS, device=root.device)[:, None]
    start, goal = root[:, :, :, None] - centre, end[:, :, :, None] - centre
    low, high = start.norm(dim=-1, keepdim=True), goal.norm(dim=-1, keepdim=True)
    cosine = ((start * goal).sum(-1, keepdim=True) / (low * high)).clamp(-0.999, 0.999)
    angle = torch.acos(cosine)
    arc = (start / low) * ((1 - t) * angle).sin() + (goal / high) * (t * angle).sin()
    arc = arc / angle.sin() * (low + (high - low) * t)
    layer = torch.arange(LAYERS, device=root.device).float().reshape(1, LAYERS, 1, 1)
    rise = looseness[:, None, None] * layer * (math.pi * t[:, 0]).sin()
    path = (arc + centre).reshape(B, -1, 3)
    gap = (0.02 + 0.015 * layer + rise).expand(B, LAYERS, root.shape[2], STEPS).reshape(B, -1)
    path, length = evenly(surface.pushed(path, gap).reshape(B, -1, STEPS, 3))
    path, length = path.reshape(guides.points.shape), length.reshape(guides.length.shape)
    up = roots.place[:, 1] > tie.above
    points = torch.where(up[None, None, :, None, None], path, guides.points)
    # Nothing is mixed across the line above which hair is tied, nor between two ties.
    return Guides(points, torch.where(up, length, guides.length), guides.group + 10 * up + 20 * near)


def tied_group(group: Tensor, tie: Tie, place: Tensor, surface: HeadSurface) -> Tensor:
    """The numbers [B, N] of `groups`, changed as `gather` changes them, for roots at place [N, 3]."""
    near = torch.cdist(place, ties(tie, surface).mean(0)).argmin(1)
    return group + 10 * (place[:, 1] > tie.above) + 20 * near


def hanging(start: Tensor, direction: Tensor, length: Tensor, surface: HeadSurface, gravity: Tensor) -> Tensor:
    """Paths [B, T, STEPS, 3] that leave start [B, T, 3] in a direction [B, T, 3] and fall; length: [B, 1], dm."""
    step = (length / (STEPS - 1))[..., None]
    position, points = start, [start]
    for _ in range(1, STEPS):
        direction = normalize(direction + gravity[:, None] * step * 5, dim=-1)
        moved = surface.pushed(position + direction * step, torch.full_like(position[..., 0], 0.1))
        way = moved - position
        moved = position + way * (step / way.norm(dim=-1, keepdim=True).clamp(min=1e-5)).clamp(max=1.1)
        direction = normalize(moved - position, dim=-1)
        position = moved
        points.append(position)
    return torch.stack(points, 2)


def bundle(path: Tensor, width: Tensor, roots: Roots, plaited: bool, surface: HeadSurface) -> Locks:
    """Strands around paths [B, T, P, 3], at most width [P] dm away; those of one path are T apart."""
    B, T, P = path.shape[:3]
    N = len(roots.random)
    owner = torch.arange(N, device=path.device) % T
    heart = path[:, owner]
    away = normalize(heart - surface.centre[:, None, None], dim=-1)
    _, sideways, out = frame(heart, away)
    length = (path[:, :, 1:] - path[:, :, :-1]).norm(dim=-1).sum(-1)[:, owner]
    turn, ring = roots.random[:, 0] * 2 * math.pi, roots.random[:, 1].sqrt()
    t = torch.linspace(0, 1, P, device=path.device)
    reach = width[None, None] * ring[None, :, None]
    if plaited:
        third = (torch.arange(N, device=path.device) // T % 3) * (2 * math.pi / 3)
        phase = length[..., None] * t / (width.amax() * PLAIT_RATE) * math.pi + third[None, :, None]
        across = (0.75 * width * phase.sin())[..., None] * sideways
        deep = (0.45 * width * (2 * phase).sin())[..., None] * out
        heart, reach = heart + across + deep, reach * 0.55
    spoke = turn.cos()[None, :, None, None] * sideways + turn.sin()[None, :, None, None] * out
    points = heart + spoke * reach[..., None]
    normals = normalize(spoke * (0.4 + 0.6 * ring[None, :, None, None]) + out * 0.35, dim=-1)
    return Locks(points, normals, (0.35 + 0.65 * ring)[None].expand(B, N), length)


def tails(tie: Tie, surface: HeadSurface, gravity: Tensor, roots: Roots, points: int, scale: Tensor) -> Locks:
    """What hangs from the ties (scale [B, 1] multiplies its length), or the buns in their place."""
    start = ties(tie, surface)
    out = normalize(start - surface.centre[:, None], dim=-1)
    if tie.kind == "bun":
        return _buns(start + out * tie.width * 0.75, out, tie.width, roots, points)
    lifted = normalize(out + out.new_tensor((0.0, tie.lift, 0.0)), dim=-1)
    path = hanging(start, lifted, tie.length * scale, surface, gravity)
    path = _finer(path, points)
    t = torch.linspace(0, 1, points, device=path.device)
    full = ramp(t, 0.0, 0.3) * 0.75 + 0.25
    width = tie.width * full * (1 - 0.75 * t.pow(2.5))
    if tie.kind == "braid":
        width = tie.width * (1 - 0.45 * t)
    return bundle(path, width, roots, tie.kind == "braid", surface)


def _buns(centre: Tensor, out: Tensor, width: float, roots: Roots, points: int) -> Locks:
    """Strands wound around balls at centre [B, T, 3] on the axes out [B, T, 3]."""
    B, T = centre.shape[:2]
    N = len(roots.random)
    owner = torch.arange(N, device=out.device) % T
    axis = out[:, owner]
    side = normalize(torch.linalg.cross(axis, axis.new_tensor((0.13, 0.2, 0.97)).expand_as(axis)), dim=-1)
    other = torch.linalg.cross(axis, side)
    t = torch.linspace(0, 1, points, device=out.device)
    r = roots.random
    turn = r[:, :1] * 2 * math.pi + t * (3 + 3 * r[:, 2:3])
    height = ((r[:, 3:4] - 0.35) * 2.2 + 0.5 * (turn * 1.3 + r[:, 4:5] * 6).sin()).clamp(-1.1, 1.45)
    ring, rise = height.cos()[None, :, :, None], height.sin()[None, :, :, None]
    angle = turn[None, :, :, None]
    spoke = ring * (angle.cos() * side[:, :, None] + angle.sin() * other[:, :, None]) + rise * axis[:, :, None]
    layer = r[:, 1].pow(0.3)[None].expand(B, N)
    path = centre[:, owner][:, :, None] + spoke * (width * layer)[..., None, None] * spoke.new_tensor(1.0)
    length = (path[:, :, 1:] - path[:, :, :-1]).norm(dim=-1).sum(-1)
    return Locks(path, normalize(spoke, dim=-1), layer, length)


def rows(count: int, surface: HeadSurface, gravity: Tensor, roots: Roots, points: int, length: Tensor) -> Locks:
    """Cornrows: braids from the hairline over the skull to the nape, and `length` [B, 1] dm further down."""
    B = len(surface.centre)
    device = surface.centre.device
    lean = torch.linspace(-1.5, 1.5, count, device=device)
    up = torch.stack([lean.sin(), lean.cos(), torch.zeros_like(lean)], -1)
    forward = up.new_tensor((0.0, -0.1, 1.0))
    angle = torch.linspace(0.1, 3.3, 65, device=device)[:, None]
    arc = forward * angle.cos() + up[:, None] * angle.sin()
    middle = arc.new_tensor(MIDDLE)
    template = middle + arc * arc.new_tensor((0.75, 0.88, 0.97))
    inside = (hairline(template) > 0.03) & (angle[:, 0] < 2.75)
    first = inside.float().argmax(1)
    last = 64 - inside.flip(1).float().argmax(1)
    t = torch.linspace(0, 1, STEPS, device=device)
    at = 0.1 + 3.2 / 64 * (first[:, None] + (last - first)[:, None] * t)
    arc = forward * at.cos()[..., None] + up[:, None] * at.sin()[..., None]
    path = (surface.centre[:, None] + arc.reshape(1, -1, 3) * 0.7).expand(B, -1, -1)
    path = surface.pushed(path, torch.full_like(path[..., 0], 0.03)).reshape(B, count, STEPS, 3)
    tail = hanging(path[:, :, -1], normalize(path[:, :, -1] - path[:, :, -2], dim=-1), length, surface, gravity)
    whole, _ = evenly(torch.cat([path, tail[:, :, 1:]], 2))
    whole = _finer(whole, max(points, 3 * STEPS))
    width = torch.full((whole.shape[2],), 0.052, device=device)
    return bundle(whole, width, roots, True, surface)


def _finer(path: Tensor, points: int) -> Tensor:
    """The same polylines [B, T, P, 3] with another number of points."""
    B, T, P = path.shape[:3]
    flat = path.permute(0, 1, 3, 2).reshape(B * T, 3, P)
    finer = torch.nn.functional.interpolate(flat, points, mode="linear", align_corners=True)
    return finer.reshape(B, T, 3, points).permute(0, 1, 3, 2)
