"""Headscarf, cap and brimmed hat: convex shells around the skull, with visors and brims."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import normalize

from depixel.portrait.garments import lifted, lofted, neck_ring
from depixel.portrait.noise import linear, noise, step
from depixel.portrait.parameters import Parameters
from depixel.portrait.scene import HEADWEAR, Mesh
from depixel.portrait.shape import Figure
from depixel.portrait.strands import HAIR, Strands
from depixel.portrait.surface import Look, Surface, bumped

AROUND, UP = 72, 22
"""Points of a shell, around and upward."""
ABSENT = -5.0
RIM = 0.6
"""Height of a hat's rim in front, dm above the eyes."""
PRESSED = 0.06
"""How thick hair is under a hat, dm."""
TILT = 0.22
"""How much lower a hat sits at the back than at the front: dm per dm."""


def headwear(parameters: Parameters, figure: Figure) -> list[Mesh]:
    """The meshes of everybody's headwear; what a person does not wear is cut away completely."""
    meshes = []
    for name, make in (("headscarf", _headscarf), ("cap", _cap), ("hat", _hat)):
        worn = parameters.is_option("headwear", name).nonzero().squeeze(1)
        if len(worn):
            some = figure._replace(
                vertices=figure.vertices[worn], posed=figure.posed[worn], rotation=figure.rotation[worn]
            )
            meshes += [_of_all(mesh, worn, len(parameters)) for mesh in make(some)]
    return meshes


def _of_all(mesh: Mesh, worn: Tensor, count: int) -> Mesh:
    """A mesh of the people `worn`, as one of all `count` people; it is cut away from the others."""
    n = mesh.vertices.shape[1]
    vertices = mesh.vertices.new_zeros(count, n, 3).index_copy_(0, worn, mesh.vertices)
    place = mesh.place.new_zeros(count, n, 3).index_copy_(0, worn, mesh.place.expand(len(worn), -1, -1))
    own = mesh.cut if mesh.cut is not None else torch.ones_like(mesh.vertices[..., 0])
    cut = torch.full((count, n), ABSENT, device=worn.device).index_copy_(0, worn, own)
    return Mesh(HEADWEAR, vertices, mesh.triangles, place, cut, two_sided=True)


def covered(parameters: Parameters, figure: Figure, strands: Strands) -> Strands:
    """Strands without those that a headscarf hides, and pressed to the head below a cap or hat."""
    scarf = parameters.is_option("headwear", "headscarf")
    hats = parameters.is_option("headwear", "cap") | parameters.is_option("headwear", "hat")
    hair = strands.material == HAIR
    if bool(scarf.any()):
        kept = (~(hair & scarf[strands.person])).nonzero().squeeze(1)
        strands, hair = strands.chosen(kept), hair[kept]
    pressed = (hair & hats[strands.person]).nonzero().squeeze(1)
    if len(pressed) == 0:
        return strands
    person = strands.person[pressed]
    turn = figure.rotation[person]
    points = (strands.points[pressed] - figure.pivot) @ turn + figure.pivot
    centre = _crown_centre(figure)[person, None]
    away = points - centre
    distance = away.norm(dim=-1, keepdim=True).clamp(min=1e-4)
    room = torch.cat([_room(figure, k, away[person == k] / distance[person == k]) for k in person.unique().tolist()])
    order = torch.cat([(person == k).nonzero().squeeze(1) for k in person.unique().tolist()])
    room = torch.empty_like(room).index_put_((order,), room)[..., None]
    under = step(points[..., 1:2] - (RIM + TILT * (points[..., 2:3] - 0.2)), -0.3, -0.02)
    inside = centre + away / distance * torch.minimum(distance, room)
    points = points + (inside - points) * under
    moved = strands.points.index_put((pressed,), figure.to_world(points, person))
    return replace(strands, points=moved)


def _room(figure: Figure, person: int, directions: Tensor) -> Tensor:
    """Distance [S, P] from a crown's centre to just below the hat on one person, in unit directions [S, P, 3]."""
    skull = _skull(figure, 0.12)[person : person + 1]
    flat = directions.reshape(-1, 3)
    reach = _hull(skull, _crown_centre(figure)[person : person + 1], flat)
    return (reach + PRESSED).reshape(directions.shape[:-1])


def _crown_centre(figure: Figure) -> Tensor:
    """[B, 3] dm, in the head's frame: the centre of the shell of a cap or hat."""
    middle = _skull(figure, 0.12).mean(1)
    return torch.stack([torch.zeros_like(middle[:, 0]), torch.full_like(middle[:, 0], 0.25), middle[:, 2]], 1)


def _hull(points: Tensor, centre: Tensor, directions: Tensor) -> Tensor:
    """
    Distance [B, D] from centre [B, 3] to the convex hull of points [B, n, 3] around it, in unit directions [D, 3].
    """
    normals = _sphere(260, points.device)
    reach = ((points - centre[:, None]) @ normals.T).amax(1)
    planes = (normals / reach.clamp(min=1e-3)[:, :, None]).transpose(1, 2)
    # The nearest of the planes that touch the points: the largest of the distances' reciprocals.
    return torch.cat([1 / (some @ planes).amax(2) for some in directions.split(20_000)], 1)


def _sphere(count: int, device: torch.device) -> Tensor:
    k = torch.arange(count, device=device) + 0.5
    height = 1 - 2 * k / count
    around = k * (math.pi * (1 + 5**0.5))
    flat = (1 - height**2).sqrt()
    return torch.stack([flat * around.cos(), height, flat * around.sin()], 1)


def _grid(lowest: float, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Directions [UP * AROUND, 3] from an elevation (radians) to the top, their elevation, and triangles."""
    around = torch.arange(AROUND, device=device) / AROUND * 2 * math.pi
    elevation = torch.linspace(lowest, math.pi / 2, UP, device=device)
    e, a = torch.meshgrid(elevation, around, indexing="ij")
    directions = torch.stack([a.sin() * e.cos(), e.sin(), a.cos() * e.cos()], -1).reshape(-1, 3)
    index = torch.arange(UP * AROUND, device=device).reshape(UP, AROUND)
    p, q = index[:-1], index[:-1].roll(-1, 1)
    r, s = index[1:].roll(-1, 1), index[1:]
    triangles = torch.cat([torch.stack([p, q, r], -1).reshape(-1, 3), torch.stack([p, r, s], -1).reshape(-1, 3)])
    return directions, e.reshape(-1), triangles


def _skull(figure: Figure, lowest: float) -> Tensor:
    """Coarse vertices [B, k, 3] of the head above a height on the base head."""
    t = figure.head.template
    scalp = (t[:, 1] > lowest) & (t[:, 2] < 0.35)
    return figure.vertices[:, scalp.nonzero().squeeze(1)]


def _crown(figure: Figure, lift: float, taper: float, rim: float) -> tuple[Mesh, Tensor]:
    """
    A shell over the top of the head that ends `rim` dm above the eyes at the front; and the centre [B, 3] of its rim.
    """
    skull = _skull(figure, 0.12)
    centre = _crown_centre(figure)
    directions, elevation, triangles = _grid(-0.9, skull.device)
    radius = _hull(skull, centre, directions) + lift
    radius = radius * (1 + taper * step(elevation, 0.2, 1.0) * (1 - 0.35 * step(elevation, 1.0, 1.55)))
    points = centre[:, None] + directions * radius[..., None]
    cut = points[..., 1] - (rim + TILT * (points[..., 2] - 0.2))
    return Mesh(HEADWEAR, figure.to_world(points), triangles, points, cut), centre


def _cap(figure: Figure) -> list[Mesh]:
    crown, centre = _crown(figure, 0.13, 0.04, RIM)
    return [crown, _brim(figure, centre, RIM + 0.02, angle=0.95, length=0.85, droop=0.16, lift=0.12)]


def _hat(figure: Figure) -> list[Mesh]:
    crown, centre = _crown(figure, 0.14, 0.24, RIM)
    return [crown, _brim(figure, centre, RIM + 0.02, angle=math.pi, length=0.75, droop=0.12, lift=0.13)]


def _brim(figure: Figure, centre: Tensor, rim: float, angle: float, length: float, droop: float, lift: float) -> Mesh:
    """A visor or brim from the rim outward; angle: how far it extends to each side, radians."""
    device = centre.device
    around = torch.linspace(-angle, angle, AROUND, device=device)
    flat = torch.stack([around.sin(), torch.zeros_like(around), around.cos()], 1)
    skull = _skull(figure, 0.12)
    level_centre = torch.stack([centre[:, 0], centre[:, 1] * 0 + rim - 0.22, centre[:, 2]], 1)
    radius = _hull(skull, level_centre, flat) + lift
    rows = []
    for k in range(8):
        part = k / 7
        whole = angle > 3
        reach = length * part * (1.0 if whole else (1 - (around / angle) ** 2).clamp(min=0) ** 0.5)
        aside = flat[:, 0] * (1.0 if whole else 0.3)
        x = flat[:, 0] * radius + aside * reach
        base = flat[:, 2] * radius + level_centre[:, 2:3]
        z = base + (flat[:, 2] if whole else 1.0) * reach
        bend = droop * (x / 0.7) ** 2 * part if not whole else droop * part * part * (1 - (x / 1.6) ** 2)
        y = rim + TILT * (base - 0.2) - bend - 0.02 - (0.0 if whole else 0.2 * reach)
        rows.append(torch.stack([x, y, z], -1))
    points = torch.cat(rows, 1)
    index = torch.arange(8 * AROUND, device=device).reshape(8, AROUND)
    p, q, r, s = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = torch.cat([torch.stack([p, q, r], -1).reshape(-1, 3), torch.stack([p, r, s], -1).reshape(-1, 3)])
    return Mesh(HEADWEAR, figure.to_world(points), triangles, points)


def _headscarf(figure: Figure) -> list[Mesh]:
    """Around the face and over head and neck, with folds; and the part that rests on the shoulders."""
    head = figure.head
    whole = torch.cat([_skull(figure, -1.1), figure.vertices[:, head.landmarks["chin"]]], 1)
    centre = torch.tensor([[0.0, -0.1, -0.6]], device=whole.device).expand(len(whole), -1)
    directions, _, triangles = _grid(-math.pi / 2 + 0.25, whole.device)
    folds = noise(directions * torch.tensor([1.0, 0.35, 1.0], device=whole.device) + 3.1, 5.0)
    radius = _hull(whole, centre, directions) + 0.09 + 0.018 * folds[:, 0]
    points = centre[:, None] + directions * radius[..., None]
    points = points * torch.where(points[..., 1:2] < -0.9, torch.tensor([0.96, 1.0, 1.0], device=whole.device), 1.0)
    chin = figure.vertices[:, head.landmarks["chin"]].mean(1)[:, 1:2]
    corner = figure.vertices[:, head.landmarks["left_eye_outer"]].mean(1)[:, 0:1]
    top = 0.66
    middle, half = (chin + 0.04 + top) / 2, (top - chin - 0.04) / 2
    oval = (((points[..., 0] / (corner * 1.5)) ** 2 + ((points[..., 1] - middle) / half) ** 2) + 1e-6).sqrt() - 1
    cut = torch.where(points[..., 2] > -0.45, oval * 0.6, torch.ones_like(oval))
    hood = Mesh(HEADWEAR, figure.to_world(points), triangles, points, cut)
    base, out, front = neck_ring(figure)
    swing = noise(torch.stack([front.cos() * 1.3, front.sin() * 1.3, front * 0], 1) + 0.4, 3.0)[:, 0] * 0.03
    slope = 0.45 * front.cos().clamp(min=0)  # the throat leans forward
    heights = ((0.62, 0.03), (0.45, 0.06), (0.28, 0.1), (0.1, 0.16), (-0.06, 0.24), (-0.2, 0.36), (-0.32, 0.5))
    rows = [
        lifted(base, out, lift - 0.12 * front.cos() * (lift < 0), push + swing + slope * max(lift, 0))
        for lift, push in heights
    ]
    return [hood, lofted(rows, HEADWEAR, torch.ones(len(base), len(rows) * len(front), device=base.device))]


def headwear_look(surface: Surface, cut: Tensor) -> Look:
    """The look of N samples of headwear; cut [N] dm: distance from the edge."""
    colour = linear(surface.of("headwear_colour")).expand_as(surface.position)
    weave = noise(surface.place, 45.0)[:, :3] * 0.1 if surface.pixel < 0.02 else torch.zeros_like(surface.place)
    folds = noise(surface.place * torch.tensor([[1.0, 0.45, 1.0]], device=cut.device), 4.5)[:, :3] * 0.12
    soft = surface.spread(surface.parameters.is_option("headwear", "headscarf"))[..., None].float()
    normal = torch.where((surface.normal * surface.view).sum(1, keepdim=True) < 0, -surface.normal, surface.normal)
    normal = bumped(normalize(normal, dim=1), surface.turned(weave + folds * (0.25 + 0.75 * soft)))
    band = step(cut, 0.16, 0.14) * surface.spread(surface.parameters.is_option("headwear", "hat"))
    colour = colour * (1 - 0.55 * band[:, None])
    return Look(colour, normal, 0.75 + 0.25 * step(cut, 0.0, 0.15), (0.08, 0.08, 0.08), 0.02, 8.0, edge=0.1)
