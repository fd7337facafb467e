"""From guides to the drawn strands: interpolation, locks, waves, curls, frizz and loose hairs."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from depixel.portrait.hair_growth import Guides
from depixel.portrait.hair_roots import Roots, ramp

NEAREST = 4
"""Guides that are mixed into one strand."""


class Detail(NamedTuple):
    """The level of detail of hair."""

    strands: int
    points: int
    fibres: int
    """Single hairs in a strand."""
    radius: float
    """dm, of a strand."""


class Kinship(NamedTuple):
    """The guides that each of N strands is mixed from; the same for every person."""

    guide: Tensor
    """[N, NEAREST] int64."""
    nearness: Tensor
    """[N, NEAREST]."""


def kinship(place: Tensor, guides: Tensor) -> Kinship:
    """For strands rooted at place [N, 3] among guides [G, 3] (dm on the template)."""
    distance, guide = torch.cdist(place, guides).topk(NEAREST, largest=False)
    return Kinship(guide, 1 / (distance.square() + 0.0015))


class Locks(NamedTuple):
    """Strands of B people before they become `Strands`."""

    points: Tensor
    """[B, N, P, 3], dm, head's frame."""
    normals: Tensor
    """[B, N, P, 3]."""
    layer: Tensor
    """[B, N], from 0 on the scalp to 1 on the outside."""
    length: Tensor
    """[B, N], dm."""


def interpolate(
    guides: Guides,
    kin: Kinship,
    roots: Roots,
    on_skin: Tensor,
    lock: Tensor,
    points: int,
    group: Tensor,
    middle: Tensor,
) -> Locks:
    """Strands between guides.

    on_skin: [B, N, 3]; lock: [B, N] int64, the central strand of each strand's lock; group: [B, N], see `groups`;
    middle: [B, 3], of the skull.
    """
    B, N = on_skin.shape[:2]
    same = guides.group[:, kin.guide] == group[..., None]
    weight = kin.nearness[None] * same + 1e-6 * kin.nearness
    weight = weight / weight.sum(-1, keepdim=True)
    spread = roots.random[:, 1]
    layer = (0.82 * spread[lock] + 0.18 * spread).sqrt()
    share = torch.stack([1 - layer, layer], -1)
    both = guides.points.flatten(3)[:, :, kin.guide]
    mixed = (both * weight[:, None, ..., None]).sum(3)
    path = (mixed[:, 0] * share[..., :1] + mixed[:, 1] * share[..., 1:]).reshape(B, N, -1, 3)
    offset = on_skin - path[:, :, 0]
    t = torch.linspace(0, 1, path.shape[2], device=path.device)[:, None]
    path = path + offset[:, :, None] * (1 - 0.5 * t)
    if points != path.shape[2]:
        path = torch.einsum("pk,bnkc->bnpc", _smooth(path.shape[2], points), path)
    length = ((guides.length[:, :, kin.guide] * weight[:, None]).sum(3) * share.transpose(1, 2)).sum(1)
    return Locks(path, outward(path, middle), layer, length)


@lru_cache(maxsize=8)
def _smooth(have: int, want: int) -> Tensor:
    """Matrix [want, have] that interpolates `have` points with a Catmull-Rom spline."""
    place = torch.linspace(0, have - 1, want)
    start = place.floor().clamp(max=have - 2)
    t = place - start
    matrix = torch.zeros(want, have)
    weights = (
        (-t + 2 * t**2 - t**3) / 2,
        (2 - 5 * t**2 + 3 * t**3) / 2,
        (t + 4 * t**2 - 3 * t**3) / 2,
        (-(t**2) + t**3) / 2,
    )
    for k, w in enumerate(weights):
        column = (start.long() + k - 1).clamp(0, have - 1)
        matrix.scatter_add_(1, column[:, None], w[:, None])
    return matrix


def outward(path: Tensor, middle: Tensor) -> Tensor:
    """Unit vectors [B, N, P, 3] out of the hair: away from the skull, and away from the neck's axis below it."""
    away = path - middle[:, None, None]
    hanging = ramp(-away[..., 1:2], 0.1, 0.9)
    flat = away * away.new_tensor((1.0, 0.0, 1.0))
    return normalize(away + (flat - away) * hanging, dim=-1)


def frame(path: Tensor, normals: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Unit tangents, and vectors sideways and outward [B, N, P, 3], of polylines."""
    ahead = torch.cat([path[:, :, 1:] - path[:, :, :-1], path[:, :, -1:] - path[:, :, -2:-1]], 2)
    tangent = torch.cat([ahead[:, :, :1], ahead[:, :, 1:] + ahead[:, :, :-1]], 2)
    tangent = normalize(tangent, dim=-1)
    sideways = normalize(torch.linalg.cross(tangent, normals) + 1e-5, dim=-1)
    return tangent, sideways, torch.linalg.cross(sideways, tangent)


def styled(locks: Locks, shape: dict[str, Tensor], roots: Roots, lock: Tensor) -> Tensor:
    """Points [B, N, P, 3] gathered into locks, waved, curled and roughened; shape: numbers [B, 1] each."""
    path = locks.points
    P = path.shape[2]
    t = torch.linspace(0, 1, P, device=path.device)[:, None]
    s = {name: value[..., None, None] for name, value in shape.items()}
    heart = path.gather(1, lock[..., None, None].expand_as(path))
    gathered = (heart - path) * (s["clump"] * t.pow(0.7) * 0.9)
    # A hair can move towards its neighbours only as far as it is long.
    far = gathered.norm(dim=-1, keepdim=True).clamp(min=1e-6)
    path = path + gathered * (0.5 * locks.length[..., None, None] * t / far).clamp(max=1)
    _, sideways, out = frame(path, locks.normals)
    angle = roots.random[None, :, 4, None, None] * (2 * math.pi)
    ring = s["round"] * roots.random[None, :, 5, None, None].sqrt() * (1 - 0.4 * t.pow(3))
    tube = heart + (sideways * angle.cos() + out * angle.sin()) * ring
    path = path + (tube - path) * ((s["round"] > 0) * ramp(t, 0.0, 0.06))
    reach = locks.length[..., None, None] * t
    own, shared = roots.random[None, :, 3, None, None], roots.random[lock][..., 3, None, None]
    turn = 2 * math.pi
    wave = turn * (s["wave_rate"] * reach + shared * 0.35 + own * 0.12)
    path = path + sideways * (s["wave"] * ramp(reach, 0.15, 0.9) * wave.sin())
    path = path + out * (s["wave"] * 0.6 * ramp(reach, 0.15, 0.9) * (wave + 1.3).cos())
    curl = turn * (s["curl_rate"] * reach + shared * 1.7 + own * 0.2)
    width = s["curl"] * ramp(reach, 0.03, 0.25)
    path = path + sideways * (width * curl.sin()) + out * (width * curl.cos())
    a, b, c = (roots.random[None, :, k, None, None] * turn for k in (4, 5, 6))
    rough = sideways * (reach * 3.1 + a).sin() + out * (reach * 4.3 + b).sin() + sideways * (reach * 11 + c).sin() * 0.3
    loose = (roots.random[None, :, 7, None, None] < s["flyaway"]).float()
    path = path + rough * (s["frizz"] * (1 + loose * 2)) * ramp(reach, 0.0, 0.5)
    loosened: Tensor = path + locks.normals * (loose * 0.03 * ramp(t, 0.0, 0.6))
    return loosened
