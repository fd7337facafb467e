"""Hair of the face: brows, lashes, beards and moustaches."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from depixel.portrait.beard_styles import BEARDS, NUMBERS
from depixel.portrait.hair_colour import GREY, beard_colour, brow_colour, brow_grey
from depixel.portrait.hair_roots import Roots, piecewise, ramp, spread
from depixel.portrait.head import Head
from depixel.portrait.parameters import Parameters
from depixel.portrait.shape import Figure
from depixel.portrait.strands import BEARD, BROW, LASH, Strands

POINTS = 7
FINE = 0.0085
"""Largest number of dm per pixel at which single hairs are visible; coarser pixels show fewer and thicker ones."""
BROW_LINE = (0.09, 0.16, 0.30, 0.40, 0.48, 0.54), (0.184, 0.197, 0.214, 0.216, 0.194, 0.158)
"""x and y of the middle of the left brow, dm on the template."""
BROW_REACH = (0.07, 0.13, 0.2, 0.4, 0.54), (0.02, 0.042, 0.045, 0.030, 0.007)
"""x of the brow and half its height."""
LASHES = 110
"""Lashes of a lid at the finest level."""
LASH_RADIUS, LOWER_LASH = 0.0013, 0.7
"""dm at the root of an upper lash at the finest level, and how much thinner lower lashes are."""


class FaceRoots(NamedTuple):
    """Roots of a head's brows and beard."""

    brow: Roots
    beard: Roots
    areas: Tensor
    """[N, 8], weight of each root in the areas of a beard, in the order of BeardShape's first eight numbers."""


def grow(figure: Figure, parameters: Parameters, pixel: float) -> list[Strands]:
    """Brows, lashes and beards of all people, in the world; pixel: dm that a pixel covers."""
    roots = _roots(figure.head)
    parts = [_brows(figure, parameters, roots.brow, pixel)]
    if pixel < 0.015:
        parts.append(_lashes(figure, parameters, pixel))
    bearded = (parameters.choice("beard") > 0).nonzero().squeeze(1)
    if len(bearded):
        parts.append(_beards(figure, parameters, roots, bearded, pixel))
    return parts


def brow_place(place: Tensor, arch: Tensor, height: Tensor) -> tuple[Tensor, Tensor]:
    """
    Position of places [N, 3] on the template in the brows: across [B, N] (-1 to 1 inside the full height), along [N].

    arch, height: [B, 1]. Along is 0 at the inner end and 1 at the outer end.
    """
    x = place[..., 0].abs()
    along = ((x - BROW_LINE[0][0]) / (BROW_LINE[0][-1] - BROW_LINE[0][0])).clamp(0, 1)
    middle = piecewise(x, *BROW_LINE) + height + arch * 0.035 * (torch.exp(-((along - 0.68) / 0.22).square()) - 0.45)
    return (place[..., 1] - middle) / piecewise(x, *BROW_REACH), along


def _vectors(figure: Figure, roots: Roots) -> tuple[Tensor, Tensor, Tensor]:
    """
    Roots [B, N, 3] and skin normals [B, N, 3] there, both before the head is turned; and the size of each head [B].
    """
    corners = figure.vertices[:, roots.corners]
    normal = normalize(
        torch.linalg.cross(corners[:, :, 1] - corners[:, :, 0], corners[:, :, 2] - corners[:, :, 0]), dim=-1
    )
    eyes = figure.vertices[:, figure.head.eyes].mean(2)
    size = (eyes[:, 0] - eyes[:, 1]).norm(dim=-1) / 0.6156
    return (corners * roots.weights[..., None]).sum(2), normal, size


def _brows(figure: Figure, parameters: Parameters, roots: Roots, pixel: float) -> Strands:
    count = 720 if pixel > 0.018 else 1720 if pixel > FINE else 6200
    roots = roots.first(count)
    dial = {name: parameters[f"brow_{name}"].detach()[:, None] for name in ("thickness", "density", "arch", "height")}
    start, normal, size = _vectors(figure, roots)
    across, along = brow_place(roots.place, dial["arch"], dial["height"])
    r = roots.random
    inside = across.abs() < dial["thickness"] * (1.05 + 0.3 * (r[:, 3] - 0.5))
    edge = ramp(across.abs() / dial["thickness"], 1.1, 0.5) * ramp(along, 0.0, 0.14).clamp(min=0.3)
    inside &= r[:, 0] < dial["density"] * (0.35 + 0.65 * edge)
    side = roots.place[:, 0].sign()
    # Inner hairs point up, the others outward; those above the middle lean down, those below it lean up.
    turn = 1.0 * (1 - ramp(along, 0.02, 0.35)) - 0.1 - 0.38 * across.clamp(-1, 1) * ramp(along, 0.05, 0.3)
    turn = turn - 0.45 * ramp(along, 0.6, 1.0) + (r[:, 1] - 0.5) * 0.35
    direction = torch.stack([turn.cos() * side, turn.sin(), torch.zeros_like(turn)], -1)
    direction = normalize(direction - (direction * normal).sum(-1, keepdim=True) * normal + 0.18 * normal, dim=-1)
    length = (
        (0.045 + 0.03 * r[:, 2])
        * (1 - 0.4 * ramp(along, 0.7, 1.0))
        * (0.7 + 0.3 * ramp(along, 0.0, 0.2))
        * size[:, None]
    )
    points = _curved(start, direction, normal, length, 0.35)
    ends = brow_colour(parameters)
    return _strip(points, normal, inside, roots, 0.0014 if pixel < FINE else 0.004, ends, BROW, figure, parameters)


def _curved(start: Tensor, direction: Tensor, normal: Tensor, length: Tensor, bend: float) -> Tensor:
    """Hairs [B, N, POINTS, 3] that leave the skin and bend back towards it."""
    t = torch.linspace(0, 1, POINTS, device=start.device)[:, None]
    way = direction[:, :, None] * t - normal[:, :, None] * (bend * 0.5 * t * t)
    return start[:, :, None] + normal[:, :, None] * 0.006 + way * length[..., None, None]


def _strip(
    points: Tensor,
    normal: Tensor,
    inside: Tensor,
    roots: Roots,
    radius: Tensor | float,
    ends: Tensor,
    material: int,
    figure: Figure,
    parameters: Parameters,
) -> Strands:
    """Strands [B, N, P, 3] of those hairs that are inside [B, N]; radius in dm at the root, one for all or [N]."""
    person, number = inside.nonzero(as_tuple=True)
    chosen = points[person, number]
    P = chosen.shape[1]
    t = torch.linspace(0, 1, P, device=chosen.device)
    r = roots.random[number]
    colour = ends[person] * (0.8 + 0.4 * r[:, 4:5])
    grey = (brow_grey(parameters) if material == BROW else parameters["hair_grey"])[person]
    silver = ramp(grey * 1.35 - 0.2 - r[:, 5], -0.2, 0.2)[:, None]
    if material == LASH:
        silver = silver * 0
    colour = colour + (colour.new_tensor(GREY) - colour) * silver
    thick = torch.as_tensor(radius, device=chosen.device).expand(points.shape[1])[number]
    turned = normal[person, number][:, None] @ figure.rotation[person].transpose(1, 2)
    return Strands(
        points=figure.to_world(chosen, person),
        normals=turned.expand(-1, P, -1),
        radius=thick[:, None] * (1 - 0.75 * t),
        openness=(0.6 + 0.4 * t)[None].expand(len(person), P),
        person=person,
        hairs=torch.ones_like(person),
        ragged=torch.zeros(len(person), device=chosen.device),
        colour=torch.stack([colour, colour], 1),
        blend=t[None].expand(len(person), P),
        shine=torch.full((len(person),), 0.35, device=chosen.device),
        material=torch.full_like(person, material),
    )


def _lashes(figure: Figure, parameters: Parameters, pixel: float) -> Strands:
    """Upper and lower lashes along the head's lash grids, slightly uneven, thicker at the root."""
    fine = pixel < FINE
    count = LASHES if fine else 26
    generator = torch.Generator().manual_seed(11)
    parts, normals, randoms, radii = [], [], [], []
    for name, grid in figure.head.lashes.items():
        upper = name.endswith("upper")
        random = torch.rand(count, 8, generator=generator).to(grid.device)
        u = (torch.arange(count, device=grid.device) + 0.5 + (random[:, 0] - 0.5) * 0.9) / count
        u = (0.03 + 0.95 * u) * (len(grid) - 1)
        low = u.floor().long().clamp(max=len(grid) - 2)
        f = (u - low)[:, None, None]
        lines = figure.vertices[:, grid]
        lash = lines[:, low] * (1 - f) + lines[:, low + 1] * f
        root = lash[:, :, :1]
        full = (u / (len(grid) - 1) * 3.14159).sin().clamp(min=0.2)
        reach = (0.78 if upper else 0.42) * (0.75 + 0.5 * random[:, 1]) * (0.55 + 0.45 * full)
        reach = reach * parameters["lash_length"].detach()[:, None]
        t = torch.linspace(0, 1, POINTS, device=grid.device) * 4
        k = t.floor().long().clamp(max=3)
        g = (t - k)[:, None]
        curve = lash[:, :, k] * (1 - g) + lash[:, :, k + 1] * g
        path = root + (curve - root) * reach[..., None, None]
        lean = torch.zeros(count, 1, 3, device=grid.device)
        lean[:, 0, 0] = (random[:, 2] - 0.5) * 0.03
        parts.append(path + lean * (t[:, None] / 4))
        normals.append(normalize(curve[:, :, -1] - curve[:, :, 0], dim=-1))
        randoms.append(random)
        radii.append(torch.full((count,), (LASH_RADIUS * (1 if upper else LOWER_LASH)) if fine else 0.0026))
    points, normal = torch.cat(parts, 1), torch.cat(normals, 1)
    roots = Roots(points.new_zeros(0), points.new_zeros(0), points.new_zeros(0), torch.cat(randoms))
    inside = torch.ones(points.shape[:2], dtype=torch.bool, device=points.device)
    ends = (brow_colour(parameters) * 0.2).clamp(max=0.03)
    radius = torch.cat(radii).to(points.device)
    return _strip(points, normal, inside, roots, radius, ends, LASH, figure, parameters)


def beard_areas(place: Tensor) -> Tensor:
    """Weights [N, 8] of places [N, 3] on the template in the areas of a beard (BeardShape's first eight numbers)."""
    x, y, z = place[..., 0].abs(), place[..., 1], place[..., 2]

    def soft(distance: Tensor, width: float) -> Tensor:
        return torch.sigmoid(distance / width)

    cheek = piecewise(x, (0.0, 0.28, 0.42, 0.55, 0.7), (-0.62, -0.62, -0.55, -0.38, -0.1))
    jaw = piecewise(z, (-0.6, 0.1), (-0.98, -1.22))
    below = soft(cheek - y, 0.025)
    beside = soft(z + 0.52, 0.03)
    front = soft(0.31 - x, 0.04)
    on_jaw = soft(y - jaw, 0.05)
    cheeks = below * beside * on_jaw * (1 - front)
    chin = front * soft(-0.93 - y, 0.03) * on_jaw
    top = -0.505 - 0.13 * (x / 0.3).square()
    moustache = soft(0.33 - x, 0.02) * soft(y + 0.67, 0.014) * soft(top - y, 0.014) * (z > 0.02)
    sides = soft(0.35 - x, 0.02) * soft(x - 0.2, 0.025) * soft(-0.6 - y, 0.02) * soft(y + 1.0, 0.03) * (z > -0.1)
    soul = soft(0.075 - x, 0.012) * soft(-0.83 - y, 0.012) * soft(y + 0.99, 0.015) * (z > 0)
    edge = soft(jaw + 0.2 - y, 0.03) * soft(y - jaw + 0.03, 0.04) * beside
    burns = soft(z + 0.53, 0.02) * soft(-0.27 - z, 0.025) * soft(y + 0.5, 0.04) * soft(0.12 - y, 0.05)
    neck = soft(jaw - y, 0.04) * soft(y - jaw + 0.3, 0.08) * beside
    return torch.stack([cheeks, chin, moustache, sides, soul, edge, burns, neck], -1)


def beard_numbers(parameters: Parameters) -> dict[str, Tensor]:
    """The numbers of each person's beard [B, 1] (BeardShape's names)."""
    rows = [[0.0] * len(NUMBERS), *([float(getattr(b, n)) for n in NUMBERS] for b in BEARDS.values())]
    chosen = torch.tensor(rows, device=parameters.values.device)[parameters.choice("beard")]
    return {name: chosen[:, k : k + 1] for k, name in enumerate(NUMBERS)}


def beard_cover(parameters: Parameters, areas: Tensor) -> Tensor:
    """How much beard [B, N] grows where the areas of a beard have weights [N, 8] or [B, N, 8]; 0 to 1."""
    s = beard_numbers(parameters)
    weight = torch.stack([s[name][:, 0] for name in NUMBERS[:8]], -1)
    return (areas * weight[:, None]).amax(-1)


def _beards(figure: Figure, parameters: Parameters, roots: FaceRoots, bearded: Tensor, pixel: float) -> Strands:
    count = 1200 if pixel > 0.018 else 4500 if pixel > FINE else 11_000
    beard, areas = roots.beard.first(count), roots.areas[:count]
    mine = Parameters(parameters.values[bearded])
    s = beard_numbers(mine)
    inside = beard.random[:, 0] < beard_cover(mine, areas) * mine["beard_density"].detach()[:, None]
    start, normal, size = (values[bearded] for values in _vectors(figure, beard))
    x, y = beard.place[:, 0], beard.place[:, 1]
    lip = areas[:, 2] / areas.sum(1).clamp(min=1e-3)
    front = ramp(-y, 0.8, 1.05) * ramp(x.abs(), 0.5, 0.15)
    length = s["length"] + (s["chin_length"] - s["length"]) * front
    length = length + (s["moustache_length"] - length) * lip
    r = beard.random
    length = length * mine["beard_length"].detach()[:, None] * (0.65 + 0.6 * r[:, 1]) * size[:, None]
    outward = torch.stack([x.sign() * (0.25 + 2.0 * x.abs()), torch.full_like(x, -0.35), torch.zeros_like(x)], -1)
    twirl = torch.stack([x.sign(), 0.45 * ramp(x.abs(), 0.15, 0.3), torch.zeros_like(x)], -1)
    outward = outward[None] + s["spread"][..., None] * (twirl - outward) * lip[:, None]
    down = torch.stack([x * 0.35, torch.full_like(x, -1.0), torch.full_like(x, 0.12)], -1)
    flat = down[None] * (1 - lip[:, None]) + outward * lip[:, None] + (r[:, 2:5] - 0.5) * 0.5
    direction = normalize(normal * 0.55 + flat, dim=-1)
    t = torch.linspace(0, 1, 10, device=x.device)[:, None]
    fall = start.new_tensor((0.0, -1.0, 0.0)) * (s["fall"] * (1 - lip * s["spread"]))[..., None, None]
    way = direction[:, :, None] * t + fall * t.square() * 0.7
    phase = r[:, 5, None, None] * 6.28
    wiggle = torch.cat([(t * 8 + phase).sin(), (t * 6 + phase * 2).cos(), (t * 7 + phase).cos()], -1)
    way = way + s["curl"][..., None, None] * t * wiggle * 0.6
    points = start[:, :, None] + normal[:, :, None] * 0.005 + way * length[..., None, None]
    # Fewer strands are wider, so that a beard is equally full in a small picture and in a large one.
    radius = 0.0034 * (9000 / count) ** 0.55
    strands = _strip(points, normal, inside, beard, radius, beard_colour(mine), BEARD, _rows(figure, bearded), mine)
    return Strands(**{**strands.__dict__, "person": bearded[strands.person]})


def _rows(figure: Figure, rows: Tensor) -> Figure:
    return figure._replace(vertices=figure.vertices[rows], posed=figure.posed[rows], rotation=figure.rotation[rows])


@lru_cache(maxsize=2)
def _roots(head: Head) -> FaceRoots:
    template, quads = head.template.cpu(), head.skin_quads.cpu()
    triangles = torch.cat([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    middle = template[triangles].mean(1)
    bare = torch.maximum(head.region("lips"), head.region("mouth")).cpu()[triangles].amax(1) < 0.45
    x, y, z = middle[:, 0].abs(), middle[:, 1], middle[:, 2]
    near = (x > 0.02) & (x < 0.72) & (y > 0.02) & (y < 0.42) & (z > -0.3)
    normal = torch.linalg.cross(
        template[triangles[:, 1]] - template[triangles[:, 0]], template[triangles[:, 2]] - template[triangles[:, 0]]
    )
    brow = spread(template, triangles, (near & (normal[:, 2] > 0)).float(), 16_000, 5)
    across, _ = brow_place(brow.place, torch.zeros(1, 1), torch.zeros(1, 1))
    keep = (
        (across[0].abs() < 3.4) & (brow.place[:, 0].abs() > 0.07) & (brow.place[:, 0].abs() < BROW_LINE[0][-1] + 0.01)
    )
    brow = Roots(*(values[keep] for values in brow))
    # A moustache is small: its hairs are denser, or it would have none at a coarse level.
    areas = beard_areas(middle) * bare[:, None]
    small = areas[:, [2, 4]].amax(1)
    dense = (areas.amax(1) > 0.03).float() * (1 + 2.5 * small)
    beard = spread(template, triangles, dense, 18_000, 7)
    areas = beard_areas(beard.place)
    keep = areas.amax(1) > 0.1
    beard, areas = Roots(*(values[keep] for values in beard)), areas[keep]
    device = head.device
    return FaceRoots(Roots(*(v.to(device) for v in brow)), Roots(*(v.to(device) for v in beard)), areas.to(device))
