"""What the person wears: glasses, clothes, headwear."""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.portrait.parameters import Choice, Parameter, Uniform

GLASSES = ("none", "round", "square", "rectangular", "aviator", "half-rim", "cat-eye")
GARMENTS = ("t-shirt", "v-neck", "shirt", "turtleneck", "hoodie", "jacket")
PATTERNS = ("plain", "stripes", "checks", "knit")
HEADWEAR = ("none", "headscarf", "cap", "hat")

TABLE = (
    Parameter("glasses", "kind of glasses", 0, 6, Choice((6, 0.4, 0.4, 0.4, 0.25, 0.3, 0.25)), options=GLASSES),
    Parameter("glasses_size", "size of the lenses", 0.8, 1.3, Uniform(0.9, 1.15)),
    Parameter("glasses_weight", "thickness of the frame", 0.3, 2, Uniform(0.5, 1.5)),
    Parameter("glasses_colour", "colour of the frame", 0, 1, Uniform(0, 0.5), "sRGB", 3),
    Parameter("glasses_tint", "how dark the lenses are", 0, 1, Uniform(0, 1)),
    Parameter("garment", "what covers the shoulders", 0, 5, Choice((3, 1.5, 2.5, 1, 1, 1.6)), options=GARMENTS),
    Parameter("garment_colour", "colour of the garment", 0, 1, Uniform(0.03, 0.85), "sRGB", 3),
    Parameter("accent_colour", "second colour: pattern, collar, shirt below", 0, 1, Uniform(0.05, 0.9), "sRGB", 3),
    Parameter("pattern", "pattern of the cloth", 0, 3, Choice((5, 1, 1, 2)), options=PATTERNS),
    Parameter("pattern_scale", "repeats of the pattern", 2, 12, Uniform(3, 9), "1/dm"),
    Parameter("neckline", "how low the garment is cut", -0.3, 0.5, Uniform(-0.1, 0.25), "dm"),
    Parameter("headwear", "what covers the hair", 0, 3, Choice((12, 0.8, 0.6, 0.6)), options=HEADWEAR),
    Parameter("headwear_colour", "colour of the headwear", 0, 1, Uniform(0.03, 0.85), "sRGB", 3),
)


def customs(people: dict[str, Tensor], noise: Tensor) -> None:
    """Cloth is rarely loud: colours are mixed with their own grey; most glasses are dark and clear."""
    for name, column in (("garment_colour", 1), ("accent_colour", 2), ("headwear_colour", 3)):
        colour = people[name]
        grey = colour.mean(1, keepdim=True)
        people[name] = grey + (colour - grey) * (0.25 + 0.75 * noise[:, column : column + 1])
    frame = people["glasses_colour"]
    people["glasses_colour"] = torch.where(noise[:, 4:5] < 0.6, frame * 0.25, frame)
    tint = people["glasses_tint"]
    people["glasses_tint"] = torch.where(noise[:, 5:6] < 0.88, tint * 0.04, 0.5 + 0.4 * tint)
    people["glasses"] *= (people["age"] > 6).float()
    people["headwear"] = torch.where(
        (people["headwear"] == 1) & (people["gender"] < 0.5), torch.zeros_like(tint), people["headwear"]
    )
