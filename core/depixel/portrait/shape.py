"""From parameters to the shape of a person's head: phenotype, features, expression, pose."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from depixel.portrait.head import Head
from depixel.portrait.parameters import Parameters

AGE_YEARS = (1.0, 11.0, 25.0, 90.0)
"""Ages of the corners baby, child, young and old."""
FORWARD = 0.015
"""dm by which teeth are nearer to the lips than on the base mesh."""
PIVOT = (0.0, -0.75, -0.75)
"""The pivot about which the head turns on the neck, dm."""

EXPRESSIONS: dict[str, dict[str, float]] = {
    "smile": {"mouthSmileLeft": 0.85, "mouthSmileRight": 0.85, "cheekSquintLeft": 0.45, "cheekSquintRight": 0.45},
    "teeth": {
        "mouthUpperUpLeft": 0.75,
        "mouthUpperUpRight": 0.75,
        "mouthLowerDownLeft": 0.55,
        "mouthLowerDownRight": 0.55,
    },
    "mouth_open": {"jawOpen": 0.6},
    "frown": {"mouthFrownLeft": 1, "mouthFrownRight": 1, "mouthShrugLower": 0.3},
    "brows_up": {"browOuterUpLeft": 0.7, "browOuterUpRight": 0.7, "browInnerUp": 0.6},
    "brows_inner": {"browInnerUp": 1},
    "brows_down": {"browDownLeft": 0.8, "browDownRight": 0.8},
    "lids": {"eyeBlinkLeft": 1, "eyeBlinkRight": 1},
    "squint": {"eyeSquintLeft": 0.8, "eyeSquintRight": 0.8},
    "pucker": {"mouthPucker": 0.8},
    "press": {"mouthPressLeft": 0.6, "mouthPressRight": 0.6, "mouthRollLower": 0.2},
    "sneer": {"noseSneerLeft": 1, "noseSneerRight": 1},
    "cheeks": {"cheekPuff": 1},
}
"""Dial of the face => facial actions, with the strength of each at 1."""

RESTING = {
    "browInnerUp": 0.1,
    "browOuterUpLeft": 0.1,
    "browOuterUpRight": 0.1,
    "mouthSmileLeft": 0.17,
    "mouthSmileRight": 0.17,
}
"""Facial actions of a resting face: the base mesh alone looks stern."""


class Figure(NamedTuple):
    """The shaped heads of some people."""

    head: Head
    vertices: Tensor
    """[B, n, 3] dm, coarse vertices before the head is turned (origin between the base head's eyes)."""
    posed: Tensor
    """[B, n, 3] dm, the same in the world: x to the picture's right, y up, z towards the camera."""
    rotation: Tensor
    """[B, 3, 3], rotation of the head about `pivot`."""
    pivot: Tensor
    """[3] dm."""

    def to_world(self, points: Tensor, person: Tensor | None = None) -> Tensor:
        """Points that turn with the head, transformed to the world.

        points: [B, ..., 3] dm; or [S, ..., 3] with person [S] int64, the owner of each point's head.
        """
        turn = self.rotation if person is None else self.rotation[person]
        flat = points.reshape(len(points), -1, 3) - self.pivot
        return (flat @ turn.transpose(1, 2) + self.pivot).reshape(points.shape)

    def landmark(self, name: str) -> Tensor:
        """[B, 3] dm in the world."""
        return self.posed[:, self.head.landmarks[name]].mean(1)


def shape(parameters: Parameters, head: Head) -> Figure:
    """Shape and pose the heads of B people."""
    weights = phenotype_weights(parameters, head.phenotype_names) @ head.phenotype_coefficients
    offsets = (weights @ head.phenotypes + parameters["features"] @ head.features).reshape(len(parameters), -1, 3)
    offsets = _teeth_behind_lips(offsets, head)
    moved = action_weights(parameters, head.action_names) @ head.actions
    vertices = head.template + offsets + moved.reshape(offsets.shape)
    rotation = turn(parameters["yaw"], parameters["pitch"], parameters["roll"])
    pivot = torch.tensor(PIVOT, device=vertices.device)
    return Figure(head, vertices, _posed(vertices, head, parameters, rotation, pivot), rotation, pivot)


def _teeth_behind_lips(offsets: Tensor, head: Head) -> Tensor:
    """Offsets [B, n, 3] that keep teeth and tongue as far behind the lips as on the base head."""
    if not len(head.inside_mouth):  # a head reduced to landmarks
        return offsets
    lips = (head.region("lips") > 0.5).nonzero().squeeze(1)
    shift = offsets[:, lips].mean(1, keepdim=True) - offsets[:, head.inside_mouth].mean(1, keepdim=True)
    shift = shift + torch.tensor([0.0, 0.0, FORWARD], device=offsets.device)
    return offsets.index_add(1, head.inside_mouth, shift.expand(-1, len(head.inside_mouth), -1))


def phenotype_weights(parameters: Parameters, names: list[str]) -> Tensor:
    """Weight of each phenotype corner for each person: [B, 96]."""
    age = parameters["age"].clamp(AGE_YEARS[0], AGE_YEARS[-1])
    knots = torch.tensor(AGE_YEARS, device=age.device)
    part: dict[str, Tensor] = {}
    for k, name in enumerate(("baby", "child", "young", "old")):
        rise = (age - knots[k - 1]) / (knots[k] - knots[k - 1]) if k else torch.ones_like(age)
        fall = (knots[k + 1] - age) / (knots[k + 1] - knots[k]) if k < 3 else torch.ones_like(age)
        part[name] = torch.minimum(rise, fall).clamp(0, 1)
    part["female"] = parameters["gender"]
    part["male"] = 1 - part["female"]
    for name in ("muscle", "weight"):
        twice = parameters[name] * 2
        part[f"min{name}"] = (1 - twice).clamp(min=0)
        part[f"average{name}"] = 1 - (twice - 1).abs()
        part[f"max{name}"] = (twice - 1).clamp(min=0)
    ancestry = parameters["ancestry"]
    ancestry = ancestry / ancestry.sum(1, keepdim=True).clamp(min=1e-6)
    part.update(zip(("african", "asian", "caucasian"), ancestry.T, strict=True))
    columns = []
    for name in names:
        weight = torch.ones_like(age)
        for word in name.split("-"):
            weight = weight * part[word]
        columns.append(weight)
    return torch.stack(columns, 1)


def action_weights(parameters: Parameters, names: list[str]) -> Tensor:
    """Strength of each facial action in an expression: [B, A]."""
    amount = {name: torch.zeros(len(parameters), device=parameters.values.device) for name in names}
    for dial, actions in EXPRESSIONS.items():
        for action, part in actions.items():
            amount[action] = amount[action] + parameters[dial] * part
    for action, rest in RESTING.items():
        amount[action] = amount[action] + rest
    side = parameters["lopsided"]
    amount["mouthSmileLeft"] = amount["mouthSmileLeft"] * (1 + side)
    amount["mouthSmileRight"] = amount["mouthSmileRight"] * (1 - side)
    amount["browOuterUpLeft"] = amount["browOuterUpLeft"] + (side * 0.5).clamp(min=0)
    return torch.stack([amount[name] for name in names], 1)


def turn(yaw: Tensor, pitch: Tensor, roll: Tensor) -> Tensor:
    """Rotations [B, 3, 3] from degrees [B] each: first yaw, then pitch, then roll."""
    cy, cp, cr = (torch.cos(angle * (math.pi / 180)) for angle in (yaw, pitch, roll))
    sy, sp, sr = (torch.sin(angle * (math.pi / 180)) for angle in (yaw, pitch, roll))
    one, zero = torch.ones_like(cy), torch.zeros_like(cy)
    y = torch.stack([cy, zero, sy, zero, one, zero, -sy, zero, cy], -1).reshape(-1, 3, 3)
    x = torch.stack([one, zero, zero, zero, cp, -sp, zero, sp, cp], -1).reshape(-1, 3, 3)
    z = torch.stack([cr, -sr, zero, sr, cr, zero, zero, zero, one], -1).reshape(-1, 3, 3)
    whole: Tensor = z @ x @ y
    return whole


def _posed(vertices: Tensor, head: Head, parameters: Parameters, rotation: Tensor, pivot: Tensor) -> Tensor:
    """The head turns, the shoulders follow a little, and the neck is in between."""
    height = head.template[:, 1] + 0.35 * (head.template[:, 2] + 0.4)
    part = ((height + 1.75) / 0.95).clamp(0, 1)
    part = (part * part * (3 - 2 * part))[:, None]
    body = turn(parameters["yaw"] * 0.35, parameters["pitch"] * 0.1, parameters["roll"] * 0.15)
    centred = vertices - pivot
    turned: Tensor = part * (centred @ rotation.transpose(1, 2)) + (1 - part) * (centred @ body.transpose(1, 2))
    return turned + pivot
