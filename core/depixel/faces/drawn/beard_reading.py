"""The beard of a portrait, read from its parts: they show hair around the chin more reliably than the reader."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.faces.face_parts import PARTS
from depixel.faces.reader import BEARDS, LANDMARKS, FaceReading

HAIRY, BARE = 0.5, 0.15
"""Probability of hair on the chin above which there is a beard, and below which there is none."""
ON_CHIN = ("goatee", "full")
"""Kinds of beard that cover the chin."""
HAIR = PARTS.index("hair")


def beard_seen(reading: FaceReading, parts: Tensor) -> Tensor:
    """
    Probabilities [1, 5] of the kinds of beard, in the order of `reader.BEARDS`.

    Args:
        reading: of one portrait.
        parts: [1, 4, k, k], the parts of the portrait.
    """
    chance = reading.beard.clone()
    chin, jaw = _hair_at(reading.landmarks[0], parts)
    covering = torch.tensor([name in ON_CHIN for name in BEARDS])
    if chin > HAIRY:
        chance = chance * covering + 1e-3 * covering
        # A beard that covers the jaw too is a full one.
        chance[0, BEARDS.index("full" if jaw < HAIRY / 2 else "goatee")] *= 0.05
    elif chin < BARE:
        chance = chance * ~covering + 1e-3 * ~covering
    return chance / chance.sum(1, keepdim=True)


# Probability of hair between the lower lip and the chin, and on the jaw below the corners of the mouth.
def _hair_at(landmarks: Tensor, parts: Tensor) -> tuple[float, float]:
    at = {name: landmarks[LANDMARKS.index(name)] for name in ("left_mouth", "right_mouth", "lower_lip", "chin")}
    down = at["chin"] - at["lower_lip"]
    middle = (at["left_mouth"] + at["right_mouth"]) / 2
    jaw = [corner + 0.35 * (corner - middle) + 0.6 * down for corner in (at["left_mouth"], at["right_mouth"])]
    places = torch.stack([at["lower_lip"] + 0.6 * down, *jaw]).to(parts)
    seen = F.grid_sample(parts[:, HAIR : HAIR + 1], places[None, None] * 2 - 1, align_corners=False)[0, 0, 0]
    return float(seen[0]), float(seen[1:].mean())
