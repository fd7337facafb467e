"""The colour of hair from a portrait: the pigment and grey that bring the drawn hair closest to the visible hair."""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.degradation import resize
from depixel.portrait.hair_colour import GREY, mean_colour, natural
from depixel.portrait.parameters import Parameters
from depixel.portrait.rendering import Drawing

MEASURED = 32
"""Pixels per side at which hair is compared."""
SURE = 0.35
"""Fraction of a pixel that hair must cover to count."""
LEAST = 16
"""Number of hair pixels below which only brows could be measured, so nothing is changed."""
DYED = 0.8
"""Distance of the logarithms above which no natural colour fits."""
GROUND = 0.25
"""Largest difference of the logarithms of hair and background of one colour."""
UNUSUAL = 0.06
"""Cost of red and grey hair, in squared logarithms: the simplest pigment that fits is chosen."""


def tinted(
    people: Parameters, drawing: Drawing, portrait: Tensor, free: Tensor, parts: Tensor | None = None
) -> Parameters:
    """
    The people, with hair in the portrait's colour.

    Args:
        people: B people.
        drawing: of these people, at least MEASURED pixels per side.
        portrait: [B or 1, 3, n, n] in [0, 1].
        free: [D] bool, the columns of the parameters that may change.
        parts: [1, 4, k, k], the parts of the portrait; None = its hair is where the drawing has hair.
    """
    seen, drawn, counts = _hair_of(drawing, portrait, parts)
    target = (mean_colour(people).clamp(min=0.004).log() + seen - drawn).clamp(-5.5, 0)
    melanin, redness, grey = (part.flatten() for part in torch.meshgrid(*_STEPS, indexing="ij"))
    colours = natural(melanin, redness)
    colours = colours + (colours.new_tensor(GREY) - colours) * (grey * 0.85)[:, None]
    distance = (colours.clamp(min=0.004).log().to(target) - target[:, None]).square().sum(2)
    usual = distance + UNUSUAL * (redness.square() + 2 * grey).to(distance)
    best = usual.argmin(1)
    off = distance.gather(1, best[:, None])[:, 0].sqrt()
    dyed = (off > DYED).to(target)
    values = {
        "hair_melanin": melanin[best], "hair_redness": redness[best], "hair_grey": grey[best], "hair_dye": dyed,
        "hair_dye_colour": target.exp().clamp(0, 1) ** (1 / 2.2), "hair_roots": torch.zeros_like(dyed),
        "hair_highlights": torch.zeros_like(dyed),
    }  # fmt: skip
    changed = people.replaced({name: value.to(target) for name, value in values.items()}).values
    change = (counts >= LEAST)[:, None] & free.to(changed.device)[None]
    return Parameters(torch.where(change, changed, people.values)).clamped()


def hair_is_background(drawing: Drawing, portrait: Tensor) -> bool:
    """
    Whether a picture [1, 3, n, n] has the colour of its corners where a drawing of one person has hair: it shows no
    hair there.
    """
    seen, _, _ = _hair_of(drawing, portrait, None)
    light = _log_light(portrait)
    corners = torch.cat([light[:, :, y, x][..., None] for y in (0, 1, -2, -1) for x in (0, 1, -2, -1)], 2)
    return bool((seen - corners.median(2).values).abs().max() < GROUND)


_STEPS = (torch.linspace(0, 1, 26), torch.linspace(0, 1, 6), torch.linspace(0, 1, 6))


# Medians of the logarithm of linear light [B, 3] over hair, in the portrait and in the drawing, and how many pixels [B]
# have hair in both. Medians, since drawn hair may cover some forehead and background of the portrait.
def _hair_of(drawing: Drawing, portrait: Tensor, parts: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    drawn = resize(drawing.masks[:, 1:2], MEASURED, MEASURED) > SURE
    seen = drawn if parts is None else (resize(parts[:, 1:2], MEASURED, MEASURED) > SURE).expand_as(drawn)

    def median(picture: Tensor, hairy: Tensor) -> Tensor:
        chosen = torch.where(hairy, _log_light(picture), torch.nan).flatten(2)
        return chosen.nanmedian(2).values.nan_to_num(0.0)

    counts = torch.minimum(drawn.float().sum((1, 2, 3)), seen.float().sum((1, 2, 3)))
    return median(portrait, seen), median(drawing.picture, drawn), counts


# Logarithm of linear light [B, 3, MEASURED, MEASURED].
def _log_light(picture: Tensor) -> Tensor:
    return resize(picture, MEASURED, MEASURED).clamp(0.02, 1).log() * 2.2
