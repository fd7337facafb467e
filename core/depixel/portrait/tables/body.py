"""Who the person is: body, skin, eyes, expression."""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.portrait.parameters import Normal, Parameter, Simplex, Sometimes, Uniform

FEATURES = 108
"""Signed local shapes in head.safetensors."""

TABLE = (
    Parameter("age", "age", 4, 92, Uniform(5, 88), "years"),
    Parameter("gender", "0 male to 1 female, shape of the face", 0, 1, Uniform(0, 1)),
    Parameter("ancestry", "proportions of African, Asian and European shape of the face", 0, 1, Simplex(1.3), size=3),
    Parameter("muscle", "how muscular", 0, 1, Uniform(0.25, 0.8)),
    Parameter("weight", "how heavy", 0, 1, Uniform(0.2, 0.85)),
    Parameter("features", "signed local shapes, in the head's order", -1, 1, Normal(0, 0.16), "", FEATURES),
    Parameter("tone", "skin from very light to very dark", 0, 1, Uniform(0, 1)),
    Parameter("redness", "how rosy the skin is", -1, 1, Normal(0, 0.4)),
    Parameter("yellowness", "how golden the skin is", -1, 1, Normal(0, 0.4)),
    Parameter("mottle", "uneven colour of the skin", 0, 2, Uniform(0.3, 1.2)),
    Parameter("freckles", "freckles", 0, 1, Sometimes(0.2, 0.2, 1)),
    Parameter("blush", "red cheeks, nose and ears", 0, 1.5, Uniform(0.2, 0.9)),
    Parameter("eye_circles", "dark skin around the eyes", 0, 1, Uniform(0.05, 0.6)),
    Parameter("pores", "visible pores", 0, 2, Uniform(0.5, 1.2)),
    Parameter("wrinkles", "wrinkles, as a multiple of what is usual at the age", 0, 2, Uniform(0.5, 1.2)),
    Parameter("shine", "oily or wet skin", 0, 2, Uniform(0.3, 1.1)),
    Parameter("lip_colour", "how much redder the lips are than the skin", 0, 1.5, Uniform(0.5, 1.1)),
    Parameter("stubble", "shadow of a shaven beard", 0, 1, Uniform(0, 0.7)),
    Parameter("lipstick", "strength of lipstick", 0, 1, Sometimes(0.5, 0.2, 0.9)),
    Parameter("lipstick_colour", "colour of the lipstick", 0, 1, Uniform(0, 1), "sRGB", 3),
    Parameter("eyeshadow", "strength of eye shadow", 0, 1, Sometimes(0.45, 0.15, 0.8)),
    Parameter("eyeshadow_colour", "colour of the eye shadow", 0, 1, Uniform(0.1, 0.8), "sRGB", 3),
    Parameter("eyeliner", "strength of the line along the lids", 0, 1, Sometimes(0.5, 0.2, 1)),
    Parameter("rouge", "strength of rouge on the cheeks", 0, 1, Sometimes(0.4, 0.15, 0.7)),
    Parameter("iris_melanin", "iris from blue over green and hazel to nearly black", 0, 1, Uniform(0, 1)),
    Parameter("iris_green", "grey (-1) or green (1) of a light iris", -1, 1, Uniform(-1, 1)),
    Parameter("iris_size", "size of the iris, as an angle of the eyeball", 0.38, 0.52, Normal(0.45, 0.015), "radians"),
    Parameter("pupil_size", "size of the pupil, as a fraction of the iris", 0.2, 0.7, Uniform(0.3, 0.55)),
    Parameter("eye_redness", "red veins in the white of the eye", 0, 1, Uniform(0, 0.5)),
    Parameter("gaze", "where the eyes look, relative to the camera: sideways, up", -40, 40, Normal(0, 5), "degrees", 2),
    Parameter("smile", "corners of the mouth up", 0, 1.2, Sometimes(0.65, 0.15, 1.0)),
    Parameter("teeth", "lips drawn apart over closed teeth", 0, 1, Sometimes(0.45, 0.3, 1)),
    Parameter("mouth_open", "jaw lowered", 0, 1, Sometimes(0.2, 0.02, 0.3)),
    Parameter("frown", "corners of the mouth down", 0, 1, Sometimes(0.2, 0.1, 0.6)),
    Parameter("brows_up", "brows raised", 0, 1, Sometimes(0.35, 0.05, 0.5)),
    Parameter("brows_inner", "inner ends of the brows raised", 0, 1, Sometimes(0.15, 0.1, 0.5)),
    Parameter("brows_down", "brows lowered", 0, 1, Sometimes(0.15, 0.05, 0.45)),
    Parameter("lids", "lids closed (positive) or wide open (negative)", -0.5, 1, Normal(0.015, 0.05)),
    Parameter("squint", "lower lids raised", 0, 1, Sometimes(0.25, 0.05, 0.35)),
    Parameter("pucker", "lips pushed forward", 0, 1, Sometimes(0.1, 0.1, 0.5)),
    Parameter("press", "lips pressed together", 0, 1, Sometimes(0.2, 0.1, 0.6)),
    Parameter("sneer", "nose wrinkled", 0, 1, Sometimes(0.08, 0.1, 0.5)),
    Parameter("cheeks", "cheeks puffed", 0, 1, Sometimes(0.04, 0.1, 0.4)),
    Parameter("lopsided", "mouth drawn to one side", -1, 1, Normal(0, 0.12)),
)


def customs(people: dict[str, Tensor], noise: Tensor) -> None:
    """
    Correlations with age, gender and tone: make-up and stubble for adults, eyes by tone; nobody grins and frowns at
    once.
    """
    age, gender, tone = (people[name] for name in ("age", "gender", "tone"))
    grown = ((age - 14) / 5).clamp(0, 1)
    female = ((gender - 0.4) / 0.3).clamp(0, 1)
    for name in ("lipstick", "eyeshadow", "eyeliner", "rouge"):
        people[name] *= grown * female
    lips = people["lipstick_colour"]
    red = torch.tensor([0.62, 0.16, 0.22]) + (lips - 0.5) * torch.tensor([0.5, 0.26, 0.34])
    people["lipstick_colour"] = red.clamp(0.03, 0.95)
    brown = torch.tensor([0.42, 0.26, 0.25]) + (people["eyeshadow_colour"] - 0.45) * torch.tensor([0.45, 0.4, 0.5])
    people["eyeshadow_colour"] = brown.clamp(0.03, 0.95)
    people["stubble"] *= (1 - female) * ((age - 17) / 6).clamp(0, 1)
    people["freckles"] *= ((0.5 - tone) / 0.2).clamp(0, 1)
    dark_eyes = 0.62 + 0.38 * people["iris_melanin"]
    light_chance = (0.75 - 1.6 * tone).clamp(0.02, 1)
    people["iris_melanin"] = torch.where(noise[:, :1] < light_chance, people["iris_melanin"] * 0.9, dark_eyes)
    people["mouth_open"] = torch.where(people["teeth"] > 0.3, people["mouth_open"] * 0.5, people["mouth_open"])
    people["frown"] = torch.where(people["smile"] > 0.1, torch.zeros_like(age), people["frown"])
    people["teeth"] *= (people["smile"] > 0.25).float() * (0.4 + 0.6 * people["smile"])
    people["press"] = torch.where(people["teeth"] + people["mouth_open"] > 0, torch.zeros_like(age), people["press"])
    people["squint"] = torch.maximum(people["squint"], 0.3 * people["smile"])
    people["features"] *= 0.55 + 0.45 * ((age - 5) / 15).clamp(0, 1)
