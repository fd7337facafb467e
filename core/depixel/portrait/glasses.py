"""Glasses: six kinds of frames as bent tubes, and lenses that tint and reflect."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from depixel.portrait.noise import linear
from depixel.portrait.parameters import Parameters
from depixel.portrait.scene import FRAME, Mesh
from depixel.portrait.shape import Figure
from depixel.portrait.surface import Look, Surface

RIM, BAR = 40, 10
"""Points of a rim, and of bridge and temples."""
SIDES = 6
"""Corners of a tube's cross-section."""

KINDS = {
    "none": (0.2, 0.2, 1.0),
    "round": (0.215, 0.2, 1.0),
    "square": (0.235, 0.2, 0.55),
    "rectangular": (0.25, 0.15, 0.5),
    "aviator": (0.25, 0.22, 0.85),
    "half-rim": (0.245, 0.165, 0.6),
    "cat-eye": (0.245, 0.175, 0.7),
}
"""Half width and half height of a lens in dm, and the exponent of its outline (1 is an ellipse, smaller is boxier)."""


class Glasses(NamedTuple):
    """The frames and lenses of B people; those of people without glasses are far behind the camera."""

    frame: Mesh
    lenses: Tensor
    """[B, L, 3] dm in the world."""
    lens_triangles: Tensor
    """[T, 3] int64, indices of the above."""


def glasses(parameters: Parameters, figure: Figure, sample: float) -> Glasses | None:
    """Frames and lenses, or None if nobody wears any; no tube is thinner than one sample (in dm)."""
    kind = parameters.choice("glasses")
    if not bool((kind > 0).any()):
        return None
    head = figure.head
    eyes = figure.vertices[:, head.eyes].mean(2)
    rims = [_rim(parameters, figure, eyes, side) for side in range(2)]
    thin = (0.011 * parameters["glasses_weight"].detach()).clamp(min=0.6 * sample)
    half = kind == 5
    lower = torch.sin(torch.arange(RIM, device=head.device) / RIM * 2 * math.pi) < 0.15
    wire = (0.15 * thin).clamp(min=0.45 * sample)[:, None]
    rim_radius = torch.where(half[:, None] & lower[None], wire, thin[:, None].expand(-1, RIM))
    bars = [_bridge(rims), *(_temple(figure, rims[side], side) for side in range(2))]
    tubes = [_tube(rim, rim_radius, closed=True) for rim in rims]
    bar_radius = thin[:, None].expand(-1, BAR)
    tubes += [_tube(bar, bar_radius * (0.8 if k == 0 else 0.95), closed=False) for k, bar in enumerate(bars)]
    vertices = torch.cat([tube for tube, _ in tubes], 1)
    offsets = torch.tensor([0, *(tube.shape[1] for tube, _ in tubes[:-1])]).cumsum(0)
    triangles = torch.cat([faces + int(start) for (_, faces), start in zip(tubes, offsets, strict=True)])
    lenses = torch.cat([torch.cat([rim.mean(1, keepdim=True), rim], 1) for rim in rims], 1)
    absent = (kind == 0)[:, None, None]
    behind = torch.tensor([0.0, 0.0, -40.0], device=head.device)
    world = torch.where(absent, behind, figure.to_world(vertices))
    lenses = torch.where(absent, behind, figure.to_world(lenses))
    fan = torch.arange(RIM, device=head.device)
    one = torch.stack([torch.zeros_like(fan), fan + 1, (fan + 1) % RIM + 1], 1)
    frame = Mesh(FRAME, world, triangles.to(head.device), vertices)
    return Glasses(frame, lenses, torch.cat([one, one + RIM + 1]))


def _rim(parameters: Parameters, figure: Figure, eyes: Tensor, side: int) -> Tensor:
    """Outline [B, RIM, 3] of one lens in the head's frame; side 0 is the person's left."""
    kind = parameters.choice("glasses")
    device = eyes.device
    table = torch.tensor(list(KINDS.values()), device=device)[kind]
    size = parameters["glasses_size"].detach() * (eyes[:, 0, 0] - eyes[:, 1, 0]) / 0.616
    angle = torch.arange(RIM, device=device) / RIM * 2 * math.pi
    c, s = angle.cos(), angle.sin()
    power = table[:, 2:]
    x = table[:, :1] * size[:, None] * c.sign() * c.abs() ** power
    y = table[:, 1:2] * size[:, None] * s.sign() * s.abs() ** power
    outward = 1.0 if side == 0 else -1.0
    aviator, cat = (kind == 4)[:, None], (kind == 6)[:, None]
    x = torch.where(aviator & (y < 0), x * (1 + 0.6 * y) + 0.12 * y * -outward * -1.0, x)
    lift = (x * outward / 0.24).clamp(0, 1.2) ** 2 * (y > 0) * 0.085
    y = torch.where(cat, y + lift, y)
    middle = eyes.mean(1)
    height = middle[:, 1:2] - 0.035 * size[:, None]
    centre = eyes[:, side, 0:1] * 1.06 + outward * 0.012
    across = centre + x
    bridge = figure.vertices[:, _bridge_vertices(figure)][..., 2].amax(1)[:, None]
    lash = figure.vertices[:, figure.head.lashes["left_upper"][:, -1]][..., 2].amax(1)[:, None]
    depth = torch.maximum(bridge + 0.03, lash + 0.03) - 0.2 * across**2 + 0.03 - 0.1 * (y + 0.1).clamp(max=0).abs()
    return torch.stack([across, height + y, depth], -1)


def _bridge_vertices(figure: Figure) -> Tensor:
    t = figure.head.template
    near = (t[:, 0].abs() < 0.09) & (t[:, 1].abs() < 0.1) & (t[:, 2] > 0.1)
    vertices: Tensor = near.nonzero().squeeze(1)
    return vertices


def _bridge(rims: list[Tensor]) -> Tensor:
    """From one lens to the other over the nose: [B, BAR, 3]."""
    place = RIM * 3 // 8
    left, right = rims[0][:, place], rims[1][:, RIM // 8]
    t = torch.linspace(0, 1, BAR, device=left.device)[None, :, None]
    arch = (4 * t * (1 - t)) * torch.tensor([0.0, 0.03, 0.03], device=left.device)
    return left[:, None] * (1 - t) + right[:, None] * t + arch


def _temple(figure: Figure, rim: Tensor, side: int) -> Tensor:
    """From the lens to the top of the ear: [B, BAR, 3]."""
    head = figure.head
    outward = 1.0 if side == 0 else -1.0
    ears = head.region("ears") > 0.5
    own = (ears & (head.template[:, 0] * outward > 0)).nonzero().squeeze(1)
    top = own[(head.template[own, 1] + 0.8 * head.template[own, 2]).argmax()]
    end = figure.vertices[:, top] + torch.tensor([0.03 * outward, 0.04, -0.12], device=rim.device)
    start = rim[:, RIM // 16] if side == 0 else rim[:, RIM * 7 // 16]
    t = torch.linspace(0, 1, BAR, device=rim.device)[None, :, None]
    bow = (4 * t * (1 - t)) * torch.tensor([0.05 * outward, 0.0, 0.0], device=rim.device)
    return start[:, None] * (1 - t) + end[:, None] * t + bow


def _tube(path: Tensor, radius: Tensor, closed: bool) -> tuple[Tensor, Tensor]:
    """Vertices [B, K * SIDES, 3] and triangles of a tube along path [B, K, 3] with radius [B, K] in dm."""
    B, K, _ = path.shape
    if closed:
        along = path.roll(-1, 1) - path.roll(1, 1)
    else:
        along = torch.cat([path[:, 1:2] - path[:, :1], path[:, 2:] - path[:, :-2], path[:, -1:] - path[:, -2:-1]], 1)
    along = normalize(along, dim=-1)
    reference = torch.tensor([0.04, 0.3, 1.0], device=path.device).expand_as(along)
    u = normalize(torch.linalg.cross(along, reference), dim=-1)
    v = torch.linalg.cross(along, u)
    turn = torch.arange(SIDES, device=path.device) / SIDES * 2 * math.pi
    ring = u[:, :, None] * turn.cos()[:, None] + v[:, :, None] * turn.sin()[:, None]
    vertices = path[:, :, None] + ring * radius[..., None, None]
    index = torch.arange(K * SIDES, device=path.device).reshape(K, SIDES)
    this, following = (index, index.roll(-1, 0)) if closed else (index[:-1], index[1:])
    a, b = this, this.roll(-1, 1)
    c, d = following.roll(-1, 1), following
    triangles = torch.cat([torch.stack([a, b, c], -1).reshape(-1, 3), torch.stack([a, c, d], -1).reshape(-1, 3)])
    return vertices.reshape(B, -1, 3), triangles


def frame(surface: Surface) -> Look:
    """The look of N samples of a frame: lacquer."""
    colour = linear(surface.of("glasses_colour")).expand_as(surface.position)
    return Look(colour, surface.normal, torch.full_like(colour[:, 0], 0.8), gloss=0.1, polish=0.6, polish_power=60.0)


def lens_light(parameters: Parameters, person: Tensor, up: Tensor) -> tuple[Tensor, Tensor]:
    """
    The light [N, 3] (linear) that a lens adds, and the fraction [N] that it transmits; up [N]: height on the lens, -1
    to 1.
    """
    tint = parameters["glasses_tint"] if len(parameters) == 1 else parameters["glasses_tint"][person]
    sky = parameters["sky_colour"] if len(parameters) == 1 else parameters["sky_colour"][person]
    through = 1 - tint * (0.72 + 0.28 * (0.5 + 0.5 * up).clamp(0, 1)) * 0.95
    glint = torch.exp(-(((up - 0.35) / 0.22) ** 2)) * (0.03 + 0.16 * tint)
    return sky * (0.015 + glint)[:, None], through - 0.02
