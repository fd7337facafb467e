"""Eyes: a ball with iris and pupil, a cornea that reflects the lights, the lids' shadow and the wet line below.

Coordinates on the ball are relative to its centre, along the head's axes, in units of its radius.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from depixel.portrait.head import Head
from depixel.portrait.lighting import Lights
from depixel.portrait.noise import bell, linear, mix, noise, ramp, step
from depixel.portrait.parameters import Parameters
from depixel.portrait.shape import Figure
from depixel.portrait.surface import Surface

IRISES = ((98, 136, 166), (124, 144, 140), (126, 122, 74), (140, 96, 50), (104, 64, 34), (70, 43, 27), (48, 31, 23))
"""sRGB, from little melanin to much."""
WHITE = (212, 202, 195)
CATCH_LIGHT = (0.18, 0.42, 0.89)
"""Direction of a part of the sky that every eye reflects, unit vector in the world."""
FOLLOW = 0.85
"""How much the eyes compensate for the turn of the head to look at the camera."""
FARTHEST = 30.0
"""Largest angle in degrees by which the eyes turn in the head."""


@dataclass(frozen=True)
class Eyes:
    """Both eyes of B people, in the head's frame."""

    centre: Tensor
    """[B, 2, 3] dm; the person's left eye first."""
    radius: Tensor
    """[B, 2] dm."""
    gaze: Tensor
    """[B, 2, 3] unit, where each eye looks."""
    upper: Tensor
    lower: Tensor
    """[B, 2, 3]: edges of the lids, as parabolas y = a + b x + c x^2 on the ball."""


def eyes(parameters: Parameters, figure: Figure) -> Eyes:
    """Where the eyes are, where they look, and how the lids lie on them."""
    head = figure.head
    balls = figure.vertices[:, head.eyes.reshape(-1)].reshape(len(parameters), 2, -1, 3)
    centre = balls.mean(2)
    radius = (balls - centre[:, :, None]).norm(dim=-1).mean(2)
    upper, lower = (_lid_edge(figure.vertices, head, lid, centre, radius) for lid in ("upper", "lower"))
    return Eyes(centre, radius, _gaze(parameters, centre), upper, lower)


def _gaze(parameters: Parameters, centre: Tensor) -> Tensor:
    aside = (-parameters["yaw"] * FOLLOW).clamp(-FARTHEST, FARTHEST) + parameters["gaze"][:, 0]
    above = (parameters["pitch"] * FOLLOW).clamp(-FARTHEST, FARTHEST) + parameters["gaze"][:, 1]
    # Both eyes look at the camera, so each turns inward a little.
    inward = -torch.rad2deg(torch.atan2(centre[..., 0], parameters["distance"][:, None]))
    a = (aside[:, None] + inward).clamp(-38, 38) * (math.pi / 180)
    e = above[:, None].expand_as(a).clamp(-25, 22) * (math.pi / 180)
    return torch.stack([a.sin() * e.cos(), e.sin(), a.cos() * e.cos()], -1)


def _lid_edge(vertices: Tensor, head: Head, lid: str, centre: Tensor, radius: Tensor) -> Tensor:
    sides = []
    for k, name in enumerate(("left", "right")):
        rim = (vertices[:, head.lashes[f"{name}_{lid}"][:, 0]] - centre[:, k, None]) / radius[:, k, None, None]
        x = rim[..., 0]
        system = torch.stack([torch.ones_like(x), x, x * x], -1)
        gram = system.transpose(1, 2) @ system + 1e-5 * torch.eye(3, device=x.device)
        sides.append(torch.linalg.solve(gram, system.transpose(1, 2) @ rim[..., 1:2])[..., 0])
    return torch.stack(sides, 1)


def iris_colour(parameters: Parameters) -> Tensor:
    """Linear colour [B, 3] of the iris."""
    table = torch.tensor(IRISES, device=parameters.values.device) / 255
    colour = ramp(table, parameters["iris_melanin"])
    green = parameters["iris_green"][:, None] * (1 - parameters["iris_melanin"])[:, None]
    return linear(colour * (1 + green * torch.tensor([[-0.03, 0.05, -0.1]], device=colour.device)))


def shaded_eyes(surface: Surface, pair: Eyes, pivot: Tensor, light: Lights, lit: Tensor) -> Tensor:
    """Linear light [N, 3] of N samples on eyeballs; lit [N]: fraction of the key light that arrives."""
    inside = surface.unturned(surface.position - pivot) + pivot
    side = (inside[:, 0] < 0).long()
    person = surface.person
    e = normalize(inside - pair.centre[person, side], dim=1)
    gaze = pair.gaze[person, side]
    cosine = (e * gaze).sum(1).clamp(-1, 1)
    angle = torch.acos(cosine.clamp(-0.99999, 0.99999))
    rim = surface.of("iris_size")
    blur = max(0.04, surface.pixel / 0.15 * 0.6)
    colour = _ball_colour(surface, e, gaze, angle, rim, blur)
    upper, lower = _lid_distance(pair.upper[person, side], e), -_lid_distance(pair.lower[person, side], e)
    shade = (0.28 + 0.72 * step(upper, 0.0, 0.42)) * (0.62 + 0.38 * step(lower, -0.02, 0.14))
    shade = shade * (0.58 + 0.42 * step(e[:, 0].abs(), 0.85, 0.4))
    normal = surface.turned(e)
    bulge = step(angle, rim + 0.06, rim - 0.12)
    forward = surface.turned(gaze)
    cornea = normalize(normal + bulge[:, None] * 0.55 * (normal - forward * cosine[:, None]), dim=1)
    out = colour * _irradiance(surface, normal, light, lit, shade)
    wet = _mirrored(surface, cornea, light, 0.75) * (0.25 + 0.75 * step(upper, 0.0, 0.12))[:, None]
    line = (bell(lower, 0.03, 0.045) * step(upper, 0.02, 0.2))[:, None]
    dew = _mirrored(
        surface, normalize(normal + torch.tensor([0.0, 0.55, 0.0], device=normal.device), dim=1), light, 0.3
    )
    return out + wet * (0.35 + 0.65 * bulge[:, None]) + 0.12 * line * (dew + surface.spread(light.sky_colour))


def _lid_distance(edge: Tensor, e: Tensor) -> Tensor:
    x = e[:, 0]
    return edge[:, 0] + edge[:, 1] * x + edge[:, 2] * x * x - e[:, 1]


def _ball_colour(surface: Surface, e: Tensor, gaze: Tensor, angle: Tensor, rim: Tensor, blur: float) -> Tensor:
    """Linear reflectance [N, 3] of the white, the iris and the pupil."""
    pupil = rim * surface.of("pupil_size")
    across = normalize(torch.stack([gaze[:, 2], torch.zeros_like(angle), -gaze[:, 0]], 1), dim=1)
    up = torch.linalg.cross(gaze, across)
    around = torch.atan2((e * up).sum(1), (e * across).sum(1))
    out = (angle / rim).clamp(0, 2)
    fibres = torch.stack([around.cos(), around.sin(), out * 0.25], 1) + surface.seed_offset()
    streak = noise(fibres, 5.0)[:, 0] * 0.5 + noise(fibres, 15.0)[:, 1] * 0.45
    base = surface.spread(iris_colour(surface.parameters))
    iris = base * (1.0 + 0.45 * streak * step(out, 0.25, 0.5))[:, None].clamp(min=0.2)
    ring = step(out, 0.62, 0.42)
    iris = mix(iris, iris * 1.25 + base * torch.tensor([[0.25, 0.1, 0.0]], device=base.device), ring * 0.6)
    iris = iris * (1 - 0.78 * step(out, 0.76, 1.02))[:, None]
    iris = iris * (0.82 + 0.5 * bell((e * up).sum(1), -0.3, 0.3))[:, None]
    iris = mix(iris, torch.full_like(iris, 0.003), step(angle, pupil + blur * 0.5, pupil - blur * 0.5))
    white = linear(torch.tensor([WHITE], device=e.device) / 255).expand_as(iris)
    corner = step(e[:, 0].abs(), 0.25, 0.8)
    veins = (1 - noise(e * 1.6 + surface.seed_offset(), 6.0)[:, 2].abs() * 3.2).clamp(min=0) * corner
    red = (surface.of("eye_redness") * (0.3 * corner + 0.7 * veins) + 0.12 * corner).clamp(0, 1)
    white = white * (1 - red[:, None] * torch.tensor([[0.08, 0.4, 0.38]], device=e.device))
    return mix(iris, white, step(angle, rim - blur, rim + blur))


def _irradiance(surface: Surface, normal: Tensor, light: Lights, lit: Tensor, shade: Tensor) -> Tensor:
    spread = surface.spread
    direct = (((normal * spread(light.key)).sum(1) + 0.25) / 1.25).clamp(min=0) * (0.12 + 0.88 * lit)
    second = (((normal * spread(light.fill)).sum(1) + 0.3) / 1.3).clamp(min=0)
    up = (0.5 + 0.5 * normal[:, 1])[:, None]
    ambient = spread(light.sky_colour) * up + spread(light.ground_colour) * (1 - up)
    total = spread(light.key_colour) * direct[:, None] + spread(light.fill_colour) * second[:, None] + ambient * 0.8
    return total * shade[:, None]


def _mirrored(surface: Surface, normal: Tensor, light: Lights, strength: float) -> Tensor:
    """What a wet surface reflects [N, 3]: a window for the key light, a dim card for the fill light, and the sky."""
    spread = surface.spread
    view = surface.view
    cosine = (normal * view).sum(1, keepdim=True).clamp(0, 1)
    mirror = 2 * cosine * normal - view
    fresnel = 0.035 + 0.5 * (1 - cosine) ** 5
    half = 0.1 + 0.22 * spread(light.softness)
    # The sharpest edge of a reflected window that a sample can show.
    edge = 0.03 + surface.pixel * 3.0
    window = _card(mirror, spread(light.key), half, edge, bars=surface.pixel < 0.008)
    card = _card(mirror, spread(light.fill), half * 0.8, edge, bars=False)
    catch = torch.tensor([CATCH_LIGHT], device=mirror.device)
    window_above = _card(mirror, catch, torch.full_like(half, 0.13), edge, bars=False)
    sky = (0.5 + 0.5 * mirror[:, 1:2]) ** 2
    out = spread(light.key_colour) * (window * 9.0)[:, None] + spread(light.fill_colour) * (card * 3.5)[:, None]
    return strength * fresnel * (out + spread(light.sky_colour) * (sky * 0.8 + 16.0 * window_above[:, None])) * 1.1


def _card(mirror: Tensor, towards: Tensor, half: Tensor, edge: float, bars: bool) -> Tensor:
    """How much of a square light with half side `half` (radians) the reflected rays [N, 3] hit: [N]."""
    up = torch.tensor([[0.0, 1.0, 0.0]], device=mirror.device)
    side = normalize(torch.linalg.cross(up.expand_as(towards), towards), dim=1)
    top = torch.linalg.cross(towards, side)
    depth = (mirror * towards).sum(1)
    x, y = (mirror * side).sum(1), (mirror * top).sum(1)
    lit = step(x.abs(), half + edge, half - edge) * step(y.abs(), half + edge, half - edge) * (depth > 0)
    if bars:
        lit = lit * (1 - 0.7 * bell(x, 0, 0.02)) * (1 - 0.7 * bell(y, 0, 0.02))
    return lit
