"""Skin without textures: everything is a function of the position on the base head.

Melanin and blood give the tone; freckles, blush, make-up, lips and the shadow of a beard are layered on it; pores,
wrinkles (portrait/wrinkles.py) and lip lines are bumps. No source but observation of faces.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from depixel.portrait.noise import bell, linear, mix, noise, piecewise, ramp, step
from depixel.portrait.surface import Look, Surface, bumped
from depixel.portrait.wrinkles import wrinkles

TONES = ((232, 192, 172), (222, 176, 150), (203, 152, 121), (173, 119, 87), (130, 86, 62), (90, 58, 43), (60, 40, 32))
"""sRGB from tone 0 to tone 1."""
WRAP = (0.34, 0.16, 0.1)
FINEST = 0.009
"""dm per sample above which the grain of skin is omitted."""


@dataclass(frozen=True)
class SkinRegions:
    """Weights [N] of the regions at each sample."""

    lips: Tensor
    lids: Tensor
    ears: Tensor
    mouth: Tensor
    occlusion: Tensor


@dataclass(frozen=True)
class Undercoat:
    """Colour that hair adds to the skin below it, so that small pictures do not look washed out."""

    colour: Tensor
    """[N, 3], linear."""
    opacity: Tensor
    """[N], 0 to 1."""


@dataclass(frozen=True)
class Textures:
    """Noise at several scales, [N, 4] each; None where it is finer than a sample."""

    broad: Tensor
    medium: Tensor
    fine: Tensor | None
    pores: Tensor | None


def skin(surface: Surface, regions: SkinRegions, undercoat: Undercoat | None) -> Look:
    """The look of skin at N samples."""
    place = surface.place
    spot = place + surface.seed_offset()
    textures = Textures(
        noise(spot, 5.0),
        noise(spot, 19.0),
        noise(spot, 55.0) if surface.pixel < FINEST else None,
        noise(spot, 150.0) if surface.pixel < 0.0045 else None,
    )
    lips = step(regions.lips, 0.3, 0.75)
    inside = step(regions.mouth, 0.35, 0.8) * (1 - lips)
    colour = _tone(surface, textures)
    colour = _blood(surface, regions, colour)
    colour = _spots(surface, textures, colour)
    colour = _stubble(surface, colour) if bool((surface.parameters["stubble"] > 0).any()) else colour
    colour = _made_up(surface, regions, colour)
    colour = mix(colour, _lips(surface, textures), lips * 0.92)
    colour = mix(colour, linear(torch.tensor([[0.36, 0.12, 0.12]], device=colour.device)), inside * 0.9)
    if undercoat is not None:
        colour = mix(colour, undercoat.colour, undercoat.opacity * (1 - lips))
    lines = wrinkles(surface, textures.broad)
    colour = colour * (1 - lines.dark[:, None] * torch.tensor([0.5, 0.62, 0.62], device=colour.device))
    normal = bumped(surface.normal, surface.turned(_bumps(surface, textures, lips) + lines.tilt))
    hollow = step(place[:, 2], -0.1, 0.22)
    occlusion = (regions.occlusion * 1.3 + 0.02).clamp(0, 1) * (1 - inside * (1 - 0.25 * hollow) * 0.95)
    occlusion = occlusion * (1 - 0.6 * lips * step(regions.mouth, 0.15, 0.9))
    gloss, polish = _gloss(surface, textures, lips)
    if undercoat is not None:
        gloss = gloss * (1 - 0.6 * undercoat.opacity)
    gloss = gloss * (1 - inside)
    return Look(colour, normal, occlusion, WRAP, gloss, 13.0, polish, 48.0, edge=0.13 * (1 - 0.6 * surface.of("tone")))


def tone_colour(surface: Surface) -> Tensor:
    """Plain skin [N, 3] or [1, 3] of each person, linear."""
    tones = torch.tensor(TONES, device=surface.place.device) / 255
    base = ramp(tones, surface.of("tone"))
    red, yellow = surface.of("redness")[:, None], surface.of("yellowness")[:, None]
    shift = torch.tensor([[0.03, -0.03, -0.03]], device=base.device) * red
    shift = shift + torch.tensor([[0.0, -0.008, -0.07]], device=base.device) * yellow
    return linear(base * (1 + shift))


def _tone(surface: Surface, textures: Textures) -> Tensor:
    patches = 0.5 * textures.broad[:, 0] + 0.3 * textures.medium[:, 0]
    if textures.fine is not None:
        patches = patches + 0.3 * textures.fine[:, 0]
    uneven = (surface.of("mottle") * patches)[:, None]
    return tone_colour(surface) * (1 + uneven * torch.tensor([[0.03, 0.055, 0.06]], device=uneven.device))


def _blood(surface: Surface, regions: SkinRegions, colour: Tensor) -> Tensor:
    """Rosy cheeks, nose, ears and chin; darker and bluer skin around the eyes."""
    side, y, z = surface.place[:, 0].abs(), surface.place[:, 1], surface.place[:, 2]
    front = step(z, -0.45, -0.1)
    cheeks = bell(side, 0.42, 0.22) * bell(y, -0.34, 0.2) * front
    nose = bell(side, 0, 0.12) * bell(y, -0.36, 0.15) * step(z, 0.15, 0.3)
    chin = bell(side, 0, 0.2) * bell(y, -0.98, 0.14) * front
    amount = 0.75 * cheeks + 0.7 * nose + 0.3 * chin + 0.6 * regions.ears * step(side, 0.68, 0.85)
    # Blood is hardly visible through dark skin.
    flush = torch.tensor([[0.03, 0.24, 0.22]], device=colour.device) * (1 - 0.65 * surface.of("tone"))[:, None]
    colour = colour * (1 - (surface.of("blush") * amount)[:, None] * flush)
    rouge = (surface.of("rouge") * bell(side, 0.47, 0.19) * bell(y + 0.25 * (side - 0.47), -0.28, 0.15) * front)[
        :, None
    ]
    colour = colour * (1 - rouge * torch.tensor([[0.05, 0.42, 0.33]], device=colour.device))
    socket = bell(side, 0.3, 0.19) * (bell(y, -0.13, 0.09) + 0.7 * bell(y, 0.07, 0.08)) * step(z, -0.25, 0.0)
    circles = (surface.of("eye_circles") * socket)[:, None]
    colour = colour * (1 - circles * torch.tensor([[0.24, 0.3, 0.25]], device=colour.device))
    brow_bone = bell(y, 0.6, 0.25) * bell(side, 0, 0.4) * front
    return colour * (1 + brow_bone[:, None] * torch.tensor([[0.02, 0.02, -0.02]], device=colour.device))


def _spots(surface: Surface, textures: Textures, colour: Tensor) -> Tensor:
    """Freckles, age spots, moles."""
    y, z = surface.place[:, 1], surface.place[:, 2]
    speckle = textures.medium[:, 1] + 0.3 * textures.broad[:, 1]
    if textures.fine is not None:
        speckle = 0.75 * speckle + 0.5 * textures.fine[:, 1]
    freckles = step(speckle, 0.55, 1.3) * step(z, -0.4, 0.0) * bell(y, -0.15, 0.42)
    colour = colour * (1 - (surface.of("freckles") * freckles)[:, None] * _tensor(colour, 0.28, 0.42, 0.52))
    old = step(surface.of("age"), 48.0, 85.0)
    liver = step(textures.broad[:, 2] + 0.4 * textures.medium[:, 2], 1.4, 2.6) * old * 0.32
    colour = colour * (1 - liver[:, None] * _tensor(colour, 0.24, 0.33, 0.4))
    moles = step(textures.medium[:, 3] + 0.3 * textures.broad[:, 3], 2.7, 2.95)
    return colour * (1 - moles[:, None] * _tensor(colour, 0.5, 0.6, 0.6))


def _stubble(surface: Surface, colour: Tensor) -> Tensor:
    side, y, z = surface.place[:, 0].abs(), surface.place[:, 1], surface.place[:, 2]
    cheek = piecewise(side, (0.0, 0.28, 0.4, 0.55, 0.7), (-0.49, -0.55, -0.52, -0.34, -0.12))
    neck = piecewise(z, (-0.6, 0.1), (-0.95, -1.28))
    amount = step(cheek - y, -0.06, 0.1) * step(y - neck, -0.1, 0.1) * step(z, -0.6, -0.42)
    amount = amount * surface.of("stubble") * (1 - 0.5 * surface.of("tone"))
    return colour * (1 - amount[:, None] * _tensor(colour, 0.4, 0.34, 0.28))


def _made_up(surface: Surface, regions: SkinRegions, colour: Tensor) -> Tensor:
    """Eye shadow above the lids, and the dark line of lashes and eyeliner along them."""
    side, y, z = surface.place[:, 0].abs(), surface.place[:, 1], surface.place[:, 2]
    front = step(z, -0.15, 0.0)
    lid = bell(side, 0.34, 0.16) * bell(y, 0.07, 0.06) * front
    shade = linear(surface.of("eyeshadow_colour")) * (0.35 + 0.65 * tone_colour(surface))
    colour = mix(colour, shade.expand_as(colour), (lid * surface.of("eyeshadow") * 0.85).clamp(0, 1))
    rim = step(regions.lids, 0.45, 0.9) * front * step(y, -0.05, 0.02)
    dark = (rim * (0.18 + 0.5 * surface.of("eyeliner"))).clamp(0, 0.9)
    return colour * (1 - dark[:, None] * _tensor(colour, 0.75, 0.8, 0.8))


def _lips(surface: Surface, textures: Textures) -> Tensor:
    base = tone_colour(surface)
    amount = surface.of("lip_colour")[:, None]
    dark = surface.of("tone")[:, None]
    blood = base * (1 - amount * (_tensor(base, 0.07, 0.5, 0.44) - dark * _tensor(base, -0.1, 0.2, 0.2)))
    # Lipstick is a thin film: it looks darker on dark lips.
    stick = linear(surface.of("lipstick_colour")) * (1 - 0.7 * dark)
    blood = blood + (stick * (0.45 + 0.55 * base / base.amax(1, keepdim=True)) - blood) * (
        surface.of("lipstick")[:, None] * 0.85
    )
    return blood * (1 + 0.1 * textures.medium[:, :1])


def _bumps(surface: Surface, textures: Textures, lips: Tensor) -> Tensor:
    """Tilt [N, 3] of the normal in the head's frame: pores, grain, lip lines."""
    side, y = surface.place[:, 0].abs(), surface.place[:, 1]
    old = step(surface.of("age"), 40.0, 80.0)
    strength = surface.of("pores") * (0.55 + 0.45 * step(surface.of("age"), 6.0, 25.0))
    tilt = textures.medium[:, :3] * (0.012 + 0.03 * old)[:, None]
    nose = 1 + 0.9 * bell(side, 0, 0.2) * bell(y, -0.3, 0.28)
    if textures.fine is not None:
        shown = min(1.0, (FINEST - surface.pixel) / (0.5 * FINEST))  # without this, grain near a pixel's size glitters
        grain = (0.035 + 0.03 * old) * strength * nose * (1 - 0.7 * lips) * shown
        tilt = tilt + textures.fine[:, 1:] * grain[:, None]
    if textures.pores is not None:
        tilt = tilt + textures.pores[:, :3] * (0.075 * strength * nose * (1 - 0.8 * lips))[:, None]
    if surface.pixel < 0.012:
        phase = surface.place[:, 0] * 130 + textures.medium[:, 0] * 2.2
        line = torch.sin(phase) * lips * (0.16 + 0.12 * old) * (0.6 + 0.4 * textures.broad[:, 0])
        tilt = tilt + torch.stack([line, torch.zeros_like(line), torch.zeros_like(line)], 1)
    return tilt


def _gloss(surface: Surface, textures: Textures, lips: Tensor) -> tuple[Tensor, Tensor]:
    """Strength of the wide and the narrow highlight: more on forehead, nose and lips, less in pores."""
    side, y = surface.place[:, 0].abs(), surface.place[:, 1]
    oil = surface.of("shine") * (0.6 + 0.5 * bell(side, 0, 0.22) * step(y, -0.5, -0.4) * step(y, 0.85, 0.6))
    grain = 1 + 0.25 * textures.medium[:, 3]
    if textures.fine is not None:
        grain = grain + 0.3 * textures.fine[:, 0]
    # The same highlight is more visible on darker skin, and painters and photographers soften it there.
    oil = oil * grain.clamp(min=0.2) * (1 - 0.55 * surface.of("tone"))
    gloss = 0.16 * oil * (1 - lips) + 0.12 * lips
    stick = surface.of("lipstick")
    return gloss, 0.17 * oil * (1 - lips) + (0.16 + 0.3 * stick) * lips


def _tensor(like: Tensor, *numbers: float) -> Tensor:
    return torch.tensor([numbers], device=like.device)
