"""How the person is seen: pose, camera, light, background."""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.portrait.parameters import Choice, Normal, Parameter, Sometimes, Uniform

BACKGROUNDS = ("plain", "gradient", "blurred")

TABLE = (
    Parameter("yaw", "head turned to the person's left", -75, 75, Normal(0, 17), "degrees"),
    Parameter("pitch", "head nodded down", -35, 35, Normal(0, 5), "degrees"),
    Parameter("roll", "head tilted, counter-clockwise in the picture", -40, 40, Normal(0, 4), "degrees"),
    Parameter("distance", "from the camera to the eyes", 5, 40, Uniform(9, 22), "dm"),
    Parameter("scale", "from the eyes to the mouth, as a fraction of the picture", 0.06, 0.5, Normal(0.245, 0.02)),
    Parameter("eyes_at", "the point between the eyes: from the left, from the top", 0, 1, Normal(0, 0.012), "", 2),
    Parameter("key_azimuth", "main light: to the picture's right of the camera", -110, 110, Normal(0, 42), "degrees"),
    Parameter("key_elevation", "main light: above the camera", -20, 80, Uniform(8, 52), "degrees"),
    Parameter("key_colour", "main light", 0, 4, Uniform(0.7, 1.25), "relative radiance", 3),
    Parameter("key_softness", "size of the main light", 0.02, 1, Uniform(0.1, 0.8)),
    Parameter("fill_azimuth", "second light: to the picture's right", -120, 120, Uniform(20, 90), "degrees"),
    Parameter("fill_colour", "second light", 0, 2, Uniform(0.04, 0.3), "relative radiance", 3),
    Parameter("sky_colour", "light from above", 0, 2, Uniform(0.14, 0.34), "relative radiance", 3),
    Parameter("ground_colour", "light from below", 0, 2, Uniform(0.05, 0.2), "relative radiance", 3),
    Parameter("rim_colour", "light from behind", 0, 4, Sometimes(0.4, 0.2, 1.2), "relative radiance", 3),
    Parameter("rim_azimuth", "light from behind: side", -170, 170, Uniform(110, 160), "degrees"),
    Parameter("exposure", "brightness of the whole picture", -2, 2, Normal(0, 0.12), "stops"),
    Parameter("background", "kind of background", 0, 2, Choice((1, 1.6, 2)), options=BACKGROUNDS),
    Parameter("background_colours", "three colours of the background", 0, 1, Uniform(0.03, 0.85), "sRGB", 9),
    Parameter("background_angle", "direction of the gradient", -180, 180, Uniform(-180, 180), "degrees"),
    Parameter("noise_seed", "selects random strands, freckles and pores", 0, 65535, Uniform(0, 65535)),
)


def customs(people: dict[str, Tensor], noise: Tensor) -> None:
    """
    Each light has one strength and a slight tint; the fill light comes from the other side; backgrounds are quiet.
    """
    warm = (noise[:, 10:11] - 0.5) * 2
    tint = torch.tensor([[0.10, 0.0, -0.13]])
    for name, sign in (("key_colour", 1.0), ("fill_colour", -0.7), ("sky_colour", -0.5), ("ground_colour", 0.6)):
        strength = people[name][:, :1]
        people[name] = strength * (1 + sign * warm * tint)
    people["rim_colour"] = people["rim_colour"][:, :1] * (1 - 0.8 * warm * tint)
    side = -torch.where(people["key_azimuth"] >= 0, 1.0, -1.0)
    people["fill_azimuth"] *= side
    people["rim_azimuth"] *= side
    child = 1 - ((people["age"] - 4) / 12).clamp(0, 1)
    people["scale"] = people["scale"] * (1 - 0.13 * child)  # short from eyes to mouth, but the head has the same size
    people["exposure"] = people["exposure"] + 0.5 * (people["tone"] - 0.3)  # a photographer exposes for the face
    people["eyes_at"] = people["eyes_at"] + torch.tensor([[0.5, 0.46]])
    colours = people["background_colours"].reshape(-1, 3, 3)
    grey = colours.mean(2, keepdim=True)
    near = grey[:, :1] + (grey - grey[:, :1]) * 0.45
    people["background_colours"] = (near + (colours - grey) * (0.15 + 0.6 * noise[:, 11:12, None])).reshape(-1, 9)
