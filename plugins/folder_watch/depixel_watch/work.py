"""What the watcher asks of the engine, and how one texture is prepared for it and put together again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from depixel import files
from depixel.errors import DepixelError, UnsupportedPictureError
from depixel.picture import Picture

Hints = tuple[tuple[str, Any], ...]
"""Settings that a profile lays over the user's, sorted by name: textures with equal hints share a batch."""


class UpscaleWorker(Protocol):
    """What answers the pictures; given by whoever starts the watcher."""

    recipe: str
    """Settings, digest of the model, version of the engine: another recipe, another answer."""

    def upscale(self, pictures: Sequence[Picture], hints: Mapping[str, Any]) -> list[Picture | DepixelError]:
        """One answer a picture, of the same kind, in order."""
        ...


@dataclass(frozen=True)
class Texture:
    """One picture ready for the worker."""

    name: str
    picture: Picture
    strip: bool  # the frames were one above the other in a still picture
    hints: Hints

    @property
    def remark(self) -> str:
        """What the output does not keep of the source; empty when it keeps all."""
        return files.remark(self.picture)


def prepare(data: bytes, name: str, hints: Hints, animation: bytes | None = None) -> Texture:
    """
    Decode a texture; `animation` is its .mcmeta, by which a strip is cut into frames.

    Raises:
        DepixelError: unreadable, too large, or a strip that its description does not fit.
    """
    picture = files.read_bytes(data, name)
    frames = strip_frames(picture, animation) if animation is not None else None
    if frames is None:
        return Texture(name, picture, False, hints)
    return Texture(name, picture.replace(frames=frames), True, hints)


def finish(texture: Texture, answer: Picture) -> bytes:
    """The file of an answer: frames of a strip one above the other again, format of the source."""
    if texture.strip:
        answer = answer.replace(frames=(np.concatenate(answer.frames, axis=0),), durations=())
    return files.encode(answer, texture.picture.format)


def strip_frames(picture: Picture, animation: bytes) -> tuple[Any, ...] | None:
    """
    The frames [W, W, C] of an animated strip (Minecraft's .mcmeta says that it is one), None when it is none.

    Raises:
        UnsupportedPictureError: the description is damaged or gives a frame size of its own, which would no longer fit.
    """
    try:
        told = json.loads(animation.decode("utf-8-sig"))
    except ValueError as error:
        raise UnsupportedPictureError(f"The .mcmeta of {picture.name} is damaged: it is not JSON.") from error
    about = told.get("animation") if isinstance(told, dict) else None
    if not isinstance(about, dict):
        return None
    if "width" in about or "height" in about:
        raise UnsupportedPictureError(
            f"The .mcmeta of {picture.name} gives a frame size, which a larger strip would not fit; it is left alone."
        )
    width, height = picture.width, picture.height
    if len(picture.frames) > 1 or height % width:
        raise UnsupportedPictureError(
            f"{picture.name} is {width}x{height} pixels: its animation has no whole number of square frames."
        )
    pixels = picture.frames[0]
    return tuple(pixels[top : top + width] for top in range(0, height, width))


def answer_all(worker: UpscaleWorker, textures: Sequence[Texture]) -> list[bytes | DepixelError]:
    """
    Answer textures, those with equal hints together; identical frames and pictures come out identical because the
    worker's answer depends on the pixels alone. One that fails is its error.
    """
    answers: list[bytes | DepixelError] = [UnsupportedPictureError("not answered")] * len(textures)
    groups: dict[Hints, list[int]] = {}
    for index, texture in enumerate(textures):
        groups.setdefault(texture.hints, []).append(index)
    for hints, members in groups.items():
        found = worker.upscale([textures[i].picture for i in members], dict(hints))
        for index, answer in zip(members, found, strict=True):
            try:
                answers[index] = answer if isinstance(answer, DepixelError) else finish(textures[index], answer)
            except DepixelError as error:
                answers[index] = error
    return answers
