"""Clothes: shells over the shoulders that end at a neckline, collars and hoods; and the look of cloth."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from depixel.portrait.head import SKIN as SKIN_PART
from depixel.portrait.head import Head, released_head
from depixel.portrait.noise import bell, linear, mix, noise, piecewise, step
from depixel.portrait.parameters import Parameters
from depixel.portrait.raster import vertex_normals
from depixel.portrait.scene import CLOTH, INNER_CLOTH, Mesh
from depixel.portrait.shape import Figure
from depixel.portrait.surface import Look, Surface, bumped

TOP = -1.02
"""Height on the base head (dm) that no shell exceeds."""
AROUND = 56
"""Points of a ring around the neck."""
ABSENT = -5.0
"""A cut value that removes everything."""


class Torso(NamedTuple):
    """The part of the head's mesh that clothes cover, at one level of detail."""

    vertices: Tensor
    """[N] int64, of the level's vertices."""
    triangles: Tensor
    """[M, 3] int64, indices of the above."""
    place: Tensor
    """[N, 3] dm on the base head."""


@lru_cache(maxsize=6)
def torso(device: str, level: int) -> Torso:
    """Neck, shoulders and chest of the released head."""
    fine = released_head(device).level(level)
    corner = fine.canonical[fine.triangles]
    low = (corner[..., 1] < TOP).all(1) & ~((corner[..., 2] > -0.25) & (corner[..., 1] > -1.22)).any(1)
    triangles = fine.triangles[low & (fine.parts == SKIN_PART)]
    vertices, renumbered = torch.unique(triangles, return_inverse=True)
    return Torso(vertices, renumbered, fine.canonical[vertices])


def neckline(parameters: Parameters, place: Tensor, person: Tensor | None = None) -> Tensor:
    """How far below the edge of the garment a place is: dm, positive on cloth.

    place: [N, 3] with person [N] -> [N]; or without person -> [B, N].
    """
    side, y, z = place[..., 0].abs(), place[..., 1], place[..., 2]
    edge = -1.62 + 0.26 * (side / 0.6).clamp(0, 1) ** 2 + 0.2 * ((-0.3 - z) / 0.6).clamp(0, 1)
    vee = 0.55 * (1 - side / 0.42).clamp(0, 1) * step(z, -0.5, -0.1)
    kinds = torch.stack([edge, edge - vee, edge - 0.9 * vee + 0.06, _high(z), edge + 0.1, edge - 0.95 * vee + 0.06])
    kind = parameters.choice("garment")
    low = parameters["neckline"].detach() * (kind != 3)
    if person is None:
        return kinds[kind] - low[:, None] - y[None]
    if len(parameters) == 1:
        return kinds[int(kind[0])] - low - y
    return kinds[kind[person], torch.arange(len(person), device=person.device)] - low[person] - y


def _high(z: Tensor) -> Tensor:
    return -1.3 + 0.22 * step(z, -0.2, -0.9)


def clothes(parameters: Parameters, figure: Figure, level: int) -> list[Mesh]:
    """The meshes of everybody's clothes; what a person does not wear is cut away completely."""
    head = figure.head
    part = torso(str(head.device), level)
    world = head.level(level).apply(figure.posed)[:, part.vertices]
    normals = vertex_normals(world, part.triangles)
    cut = neckline(parameters, part.place)
    jacket = parameters.is_option("garment", "jacket")[:, None]
    rough = noise(part.place + 0.7, 2.6)
    folds = (0.035 * rough[:, 0] + 0.015 * noise(part.place, 7.0)[:, 1])[None] * step(cut, 0.05, 0.6)
    rise = 0.03 + 0.05 * step(cut, 0.0, 0.5) + folds
    inner = Mesh(INNER_CLOTH, world + normals * rise[..., None], part.triangles, part.place[None], _only(cut, jacket))
    meshes = [Mesh(CLOTH, inner.vertices, part.triangles, part.place[None], _only(cut, ~jacket))]
    if bool(jacket.any()):
        side, y = part.place[:, 0].abs(), part.place[:, 1]
        opening = piecewise(-y, (1.2, 1.5, 3.4), (0.5, 0.46, 0.02))
        edge = torch.minimum(side - opening, -1.3 + 0.1 * step(part.place[:, 2], -0.4, -0.9) - y)[None]
        lapel = 0.05 * step(edge, 0.34, 0.26) * step(y, -3.2, -2.8)
        out = rise + 0.07 + 0.03 * rough[:, 2] + lapel
        meshes += [inner, Mesh(CLOTH, world + normals * out[..., None], part.triangles, part.place[None],
                               _only(edge.expand(len(parameters), -1), jacket))]  # fmt: skip
    meshes += _collars(parameters, figure)
    return meshes


def _only(cut: Tensor, those: Tensor) -> Tensor:
    return torch.where(those, cut, torch.full_like(cut, ABSENT))


class _Ring(NamedTuple):
    """Where a ring around the neck crosses the coarse triangles of the base head; angle 0 is at the front."""

    corners: Tensor
    """[AROUND, 3] int64."""
    weights: Tensor
    """[AROUND, 3]."""
    angle: Tensor
    """[AROUND], -pi to pi."""


@lru_cache(maxsize=4)
def _ring(device: str) -> _Ring:
    """Rays from the middle of the neck hit the skin at collar height."""
    head: Head = released_head(device)
    quads = head.skin_quads
    triangles = torch.cat([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    corner = head.template[triangles]
    near = (corner[..., 1].amin(1) > -2.2) & (corner[..., 1].amax(1) < -0.9)
    triangles, corner = triangles[near], corner[near]
    angle = (torch.arange(AROUND, device=head.device) + 0.5) / AROUND * 2 * math.pi - math.pi
    height = -1.56 + 0.2 * (1 - angle.cos()) / 2 * 1.1
    start = torch.stack([torch.zeros_like(angle), height, torch.full_like(angle, -0.62)], 1)
    ray = torch.stack([angle.sin(), torch.zeros_like(angle), angle.cos()], 1)
    corners, weights = [], []
    for k in range(AROUND):
        number, point = _hit(start[k], ray[k], corner)
        corners.append(triangles[number])
        weights.append(point)
    return _Ring(torch.stack(corners), torch.stack(weights), angle)


def _hit(start: Tensor, ray: Tensor, corner: Tensor) -> tuple[int, Tensor]:
    """
    The first of the triangles corner [M, 3, 3] that a ray from inside hits, and the barycentric coordinates [3] there.

    Source: Möller and Trumbore, "Fast, minimum storage ray/triangle intersection", 1997.
    """
    a = corner[:, 0]
    ab, ac = corner[:, 1] - a, corner[:, 2] - a
    p = torch.linalg.cross(ray.expand_as(ac), ac)
    scale = 1 / (ab * p).sum(1)
    s = start - a
    u = (s * p).sum(1) * scale
    q = torch.linalg.cross(s, ab)
    v = (q * ray).sum(1) * scale
    t = (ac * q).sum(1) * scale
    bad = (u < -1e-4) | (v < -1e-4) | (u + v > 1.0001) | (t <= 0)
    number = int(torch.where(bad, torch.full_like(t, torch.inf), t).argmin())
    return number, torch.stack([1 - u[number] - v[number], u[number], v[number]])


def neck_ring(figure: Figure) -> tuple[Tensor, Tensor, Tensor]:
    """Points [B, AROUND, 3] around the neck at collar height, outward directions of the same shape, angles [AROUND].

    Angles are in radians from the front, 0 to pi.
    """
    ring = _ring(str(figure.head.device))
    base = (figure.posed[:, ring.corners] * ring.weights[..., None]).sum(2)
    out = (base - base.mean(1, keepdim=True)) * torch.tensor([1.0, 0.0, 1.0], device=base.device)
    return base, normalize(out, dim=-1), ring.angle.abs()


def _collars(parameters: Parameters, figure: Figure) -> list[Mesh]:
    """Folded collars of shirts (also below jackets) and the rolled edge of a hood."""
    shirts = parameters.is_option("garment", "shirt") | parameters.is_option("garment", "jacket")
    hoods = parameters.is_option("garment", "hoodie")
    if not bool((shirts | hoods).any()):
        return []
    base, out, front = neck_ring(figure)
    meshes = []
    if bool(shirts.any()):
        point = bell(front, 0.42, 0.26)
        rows = []
        for lift, push in ((-0.02, 0.02), (0.12, 0.025), (0.245, 0.05), (0.27, 0.075), (0.2, 0.12)):
            rows.append(lifted(base, out, lift * (1 - 0.55 * step(front, 0.6, 0.1)), push))
        for part in (0.35, 0.7, 1.0):
            drop = 0.2 - part * (0.3 + 0.3 * point)
            rows.append(lifted(base, out, drop, 0.13 + 0.05 * part + 0.03 * point * part))
        material = CLOTH if bool(parameters.is_option("garment", "shirt").any()) else INNER_CLOTH
        open_front = (front - 0.1)[None, None].expand(len(base), len(rows), -1)
        cut = _only(open_front.reshape(len(base), -1), shirts[:, None])
        meshes.append(lofted(rows, material, cut))
    if bool(hoods.any()):
        rows = []
        thick = 0.15 + 0.13 * step(front, 1.0, 2.6)
        for k in range(9):
            turn = k / 8 * 2 * math.pi
            rows.append(
                lifted(base, out, 0.02 + thick * math.sin(turn), 0.17 + thick * (1 - math.cos(turn)) * 0.8 - 0.08)
            )
        cut = _only(torch.ones(len(base), len(rows) * AROUND, device=base.device), hoods[:, None])
        meshes.append(lofted(rows, CLOTH, cut))
    return meshes


def lifted(base: Tensor, out: Tensor, lift: Tensor | float, push: Tensor | float) -> Tensor:
    """A ring [B, AROUND, 3] moved up by `lift` and outward by `push` (dm, each a number or [AROUND])."""
    up = torch.tensor([0.0, 1.0, 0.0], device=base.device)
    rise = torch.as_tensor(lift, device=base.device).reshape(-1, 1)
    reach = torch.as_tensor(push, device=base.device).reshape(-1, 1)
    return base + up * rise + out * reach


def lofted(rows: list[Tensor], material: int, cut: Tensor) -> Mesh:
    """A closed mesh through rings [B, AROUND, 3]."""
    count = len(rows)
    vertices = torch.cat(rows, 1)
    index = torch.arange(count * AROUND, device=vertices.device).reshape(count, AROUND)
    a, b = index[:-1], index[1:]
    c, d = index[1:].roll(-1, 1), index[:-1].roll(-1, 1)
    triangles = torch.cat([torch.stack([a, d, c], -1).reshape(-1, 3), torch.stack([a, c, b], -1).reshape(-1, 3)])
    return Mesh(material, vertices, triangles, vertices.detach(), cut, two_sided=True)


def cloth(surface: Surface, cut: Tensor, inner: bool) -> Look:
    """The look of N samples of cloth; cut [N] dm: distance from the edge; inner: whether it is worn below a jacket."""
    place = surface.place
    main, accent = (linear(surface.of(name)) for name in ("garment_colour", "accent_colour"))
    if inner:
        main = accent * 0.4 + 0.5
    colour = _patterned(surface, main, accent, inner)
    garment = surface.spread(surface.parameters.choice("garment"))
    ribbed = (garment == 0) | (garment == 4)
    seam = bell(cut, 0.1, 0.008) * ribbed if not inner else torch.zeros_like(cut)
    colour = colour * (1 - 0.3 * seam[:, None])
    if not inner:
        lapel = (bell(cut, 0.3, 0.012) * (garment == 5)) * step(place[:, 1], -3.2, -2.8)
        colour = colour * (1 - 0.4 * lapel[:, None])
    wool = noise(place, 38.0)[:, :3] * 0.12 if surface.pixel < 0.02 else torch.zeros_like(place)
    folds = noise(place * torch.tensor([[1.0, 0.6, 1.0]], device=place.device), 4.2)[:, :3] * 0.13
    hem = (bell(cut, 0.015, 0.02) * 0.7)[:, None] * torch.tensor([[0.0, 1.0, 0.4]], device=place.device)
    normal = torch.where((surface.normal * surface.view).sum(1, keepdim=True) < 0, -surface.normal, surface.normal)
    normal = bumped(normal, surface.turned(wool + folds) + hem)
    occlusion = 0.7 + 0.3 * step(cut, 0.0, 0.25)
    return Look(colour, normal, occlusion, (0.08, 0.08, 0.08), 0.02, 8.0, edge=0.1)


def _patterned(surface: Surface, main: Tensor, accent: Tensor, inner: bool) -> Tensor:
    place = surface.place
    pattern = surface.spread(surface.parameters.choice("pattern"))
    rate = surface.of("pattern_scale").detach()
    colour = main.expand_as(place)
    if inner or not bool((surface.parameters.choice("pattern") > 0).any()):
        return colour
    soft = min(0.9, surface.pixel * 40)
    across = step(torch.sin(place[:, 1] * rate * 2 * math.pi), -0.08 - soft, 0.08 + soft)
    along = step(torch.sin(place[:, 0] * rate * 2 * math.pi), -0.08 - soft, 0.08 + soft)
    colour = mix(colour, accent.expand_as(place), across * (pattern == 1))
    checks = (0.5 * across + 0.5 * along) * (pattern == 2)
    colour = mix(colour, accent.expand_as(place), checks * 0.8)
    knit = 0.5 + 0.5 * torch.sin(place[:, 0] * 90 + 2.2 * torch.sin(place[:, 1] * 70).abs())
    return colour * (1 - 0.25 * (knit * (pattern == 3) * (surface.pixel < 0.013))[:, None])
