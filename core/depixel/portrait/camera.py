"""The camera: projects the world into the picture, including the landmarks of a face."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from depixel.portrait.parameters import Parameters
from depixel.portrait.raster import Range
from depixel.portrait.shape import Figure

DEPTHS = Range(1 / 60, 1 / 2)
"""
Range of inverse depths (1/dm) of anything drawn; the same for all people, so that no one depends on the others in a
batch.
"""


class Camera(NamedTuple):
    """Perspective cameras on the z axis, one for each of B people, that put the eyes where the parameters say."""

    distance: Tensor
    """[B] dm from the origin to the camera."""
    focal: Tensor
    """[B] picture widths: focal length."""
    centre: Tensor
    """[B, 2] picture widths: where the z axis crosses the picture."""

    def project(self, points: Tensor, size: int, person: Tensor | None = None) -> Tensor:
        """Points in a picture `size` samples wide: x, y in samples and inverse depth (1/dm), in the shape of `points`.

        points: [B, ..., 3] dm; or [S, ..., 3] with person [S] int64, the person whose camera sees each point.
        """
        distance, focal, centre = self.distance, self.focal, self.centre * size
        if person is not None:
            distance, focal, centre = distance[person], focal[person], centre[person]
        shape = (-1,) + (1,) * (points.dim() - 2)
        near = 1 / (distance.reshape(shape) - points[..., 2])
        reach = focal.reshape(shape) * size * near
        x = centre[:, 0].reshape(shape) + points[..., 0] * reach
        y = centre[:, 1].reshape(shape) - points[..., 1] * reach
        return torch.stack([x, y, near], -1)

    def pixel(self, size: int) -> Tensor:
        """[B] dm that one sample of a picture `size` wide covers at the distance of the eyes."""
        return self.distance / (self.focal * size)


def camera(parameters: Parameters, figure: Figure) -> Camera:
    """
    The camera that puts each figure's eyes at `eyes_at`, with eyes and mouth `scale` of the picture's width apart.
    """
    eyes = (figure.landmark("left_eye") + figure.landmark("right_eye")) / 2
    mouth = (figure.landmark("left_mouth") + figure.landmark("right_mouth")) / 2
    length = (eyes - mouth).norm(dim=1).clamp(min=0.2)
    distance = parameters["distance"] + eyes[:, 2]
    focal = parameters["scale"] * parameters["distance"] / length
    reach = (focal / parameters["distance"])[:, None]
    shift = torch.stack([-eyes[:, 0], eyes[:, 1]], 1) * reach
    return Camera(distance, focal, parameters["eyes_at"] + shift)


def landmarks(figure: Figure, view: Camera) -> dict[str, Tensor]:
    """
    Name => [B, 2], as fractions of the picture's width from its left and top. Left and right are as seen in the
    picture.
    """
    seen = {}
    for name in figure.head.landmarks:
        swapped = name.replace("left", "*").replace("right", "left").replace("*", "right")
        seen[swapped] = view.project(figure.landmark(name), 1)[:, :2]
    return seen
