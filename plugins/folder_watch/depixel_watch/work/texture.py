"""What the watcher requests of the engine, and how a texture is prepared for it and reassembled."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Protocol

import numpy as np

from depixel import files
from depixel.errors import DepixelError, UnsupportedPictureError
from depixel.families import Families
from depixel.joints import neighbour_names, with_known_margins
from depixel.picture import MARGINS, PREMULTIPLIED, REGIONS, Picture
from depixel.sidefiles import Facts
from depixel_watch.packs.confirmation import DATA, is_grey, is_map, normals_form
from depixel_watch.packs.conventions import (
    Beside,
    Treatment,
    colour_names,
    frames_of_strip,
    grab_of,
    is_arbitrary,
    is_block,
    is_half_alpha,
    level_of,
    mip_of,
    squares_of,
    with_full_alpha,
    with_grab,
    with_half_alpha,
)
from depixel_watch.packs.profiles import ProfileSettings, Rule
from depixel_watch.work.limits import SizeLimits

NO_LIMITS = SizeLimits()
NO_FACTS = Facts()


class Upscaler(Protocol):
    """Something that answers the watcher's pictures."""

    recipe: str
    """Request, digest of the model, version of the engine: a different recipe means a different answer."""

    scale: int
    """How many times larger its answers are."""

    kind: str
    """The kind of picture that the user named; auto if it is decided for each picture."""

    @property
    def at_once(self) -> int:
        """Calls of `upscale` that are worth making at once."""
        ...

    def wrap_of(self, picture: Picture) -> str:
        """The axes along which it would treat a picture as tileable: none, x, y or xy."""
        ...

    def detect(self, picture: Picture) -> str:
        """The kind of a picture by its content: pixel-art, art, textures ..."""
        ...

    def loss(self, written: Picture, source: Picture, hints: Mapping[str, Any]) -> str:
        """
        How exactly a file of an answer, read back, scales back to its source, as the end of a sentence; empty if it
        cannot be measured.
        """
        ...

    def upscale(
        self, pictures: Sequence[Picture], hints: Mapping[str, Any], scale: int
    ) -> list[Picture | DepixelError]:
        """One answer per picture, of the same kind and `scale` times as large, in order."""
        ...


@dataclass(frozen=True)
class Texture:
    """One picture, prepared for the engine."""

    name: str
    picture: Picture
    hints: ProfileSettings
    scale: int = 4
    level: int = 0  # the output is this mipmap of the answer
    half_alpha: bool = False  # 128 was opaque, and will be again
    grab: tuple[int, int] | None = None  # Doom's offsets of the output
    warn_above: int = 0  # pixels per side
    colour: Picture | None = None  # of the material that this map belongs to
    kind: str | None = None  # format of the output, if it differs from the source's
    left: str = ""  # why it is left alone

    @property
    def remark(self) -> str:
        """What the output does not keep of the source, or a warning about its size; empty if nothing."""
        if self.warn_above and max(self.picture.width, self.picture.height) * self.scale > self.warn_above:
            return f"The output has a side of more than {self.warn_above} pixels: many graphics cards cannot load it."
        left_out = str(self.picture.details.get("left_out", ""))
        return " ".join(filter(None, (left_out, files.remark(self.picture))))


def prepare(
    data: bytes,
    path: str,
    rule: Rule,
    beside: Beside,
    scale: int = 4,
    output: str = "",
    otherwise: Sequence[Rule] = (),
    limits: SizeLimits = NO_LIMITS,
    facts: Facts = NO_FACTS,
) -> Texture:
    """
    Decode a texture and apply its rule.

    Args:
        path: relative to the folder or archive.
        beside: returns other files by path, such as the .mcmeta by which a strip is cut.
        output: its path there, if it differs.
        otherwise: the rules that apply if the content does not confirm the first one.
        limits: textures beyond them are `left` alone.
        facts: from files of coordinates.

    Raises:
        DepixelError: it is unreadable, too large, or a strip that does not fit its description.
    """
    name, level = PurePosixPath(path).name, 0
    if rule.treatment.mipmaps and (mip := mip_of(path)) is not None and not is_arbitrary(path):
        main = beside(mip[0])
        if main is not None:  # mipmaps are made from the answer to the top level
            data, name, level = main, PurePosixPath(mip[0]).name, mip[1]
    picture = facts.added_to(files.read_bytes(data, name))
    rule, hints = _confirmed(picture, path, (rule, *otherwise), beside)
    treatment = rule.treatment
    fitting = limits.scale_for(picture.width, picture.height, scale)
    if fitting < 2:
        return Texture(name, picture, (), scale, left=limits.reason(picture.width, picture.height))
    kind = files.kind_of(output) if output and output != path else None
    _check_writable(picture, kind, fitting, level)
    _settle(picture, path, treatment, hints, beside)
    if hints.get("frames", "none") in ("none", "auto") and hints.get("domain", "auto") not in ("normals", "data"):
        picture = with_known_margins(picture, _neighbours(path, beside))
    half = treatment.half_alpha and is_half_alpha(picture)
    grab = grab_of(data) if treatment.offsets else None
    if grab is not None and treatment.offsets == "scale":
        grab = (grab[0] * fitting, grab[1] * fitting)
    return Texture(
        name,
        with_full_alpha(picture) if half else picture,
        tuple(sorted(hints.items())),
        fitting,
        level,
        half,
        grab,
        treatment.warn_above,
        _colour(path, beside) if treatment.material and "wrap" not in hints else None,
        kind,
    )


# Before anything is computed. `kind`: the output's format, if it differs from the source's.
def _check_writable(picture: Picture, kind: str | None, scale: int, level: int) -> None:
    target = files.by_name(kind or picture.format)
    size = (picture.width * scale >> level, picture.height * scale >> level)
    if target is not None and (refusal := target.refusal(picture, size)):
        raise UnsupportedPictureError(f"{picture.name}: {refusal}")


def with_family_kind(texture: Texture, path: str, families: Families) -> Texture:
    """The texture with the kind of its family, unless its kind is set otherwise."""
    kind = None if "domain" in dict(texture.hints) else families.kind_for(path, texture.picture)
    if kind is None:
        return texture
    return replace(texture, hints=tuple(sorted({**dict(texture.hints), "domain": kind}.items())))


# Pictures that may meet this one at its edges.
def _neighbours(path: str, beside: Beside) -> Iterator[Picture]:
    place = PurePosixPath(path)
    for name in neighbour_names(place.name):
        if (data := beside((place.parent / name).as_posix())) is not None:
            with contextlib.suppress(DepixelError):  # it is reported as a file of its own
                yield files.read_bytes(data, name)


# Hints that depend on the picture: its frames, whether it tiles, whether it has the palette that they refer to.
def _settle(picture: Picture, path: str, treatment: Treatment, hints: dict[str, Any], beside: Beside) -> None:
    animation = beside(f"{path}.mcmeta") if treatment.strips else None
    frames = None if animation is None else frames_of_strip(picture, animation)
    if frames is None and treatment.squares:
        frames = squares_of(picture)
    if frames is not None:
        hints["frames"] = frames
    elif not _fits(picture, str(hints.get("frames", "none"))):
        del hints["frames"]
    if str(hints.get("key", "")).isdigit() and picture.palette is None:
        del hints["key"]  # an index into a palette that this picture does not have
    if treatment.tiles and "wrap" not in hints and is_block(picture):
        hints["wrap"] = treatment.tiles


# The first rule that the content confirms, and its settings.
def _confirmed(picture: Picture, path: str, rules: Sequence[Rule], beside: Beside) -> tuple[Rule, dict[str, Any]]:
    for rule in rules:
        hints = dict(rule.hints)
        if not rule.confirm:
            return rule, hints
        has_colour = any(beside(name) is not None for name in colour_names(path))
        if rule.confirm == "map" and is_map(picture, has_colour=has_colour):
            return rule, hints
        if rule.confirm == "grey" and is_grey(picture, has_colour=has_colour):
            return rule, hints
        if rule.confirm == "normals" and (form := normals_form(picture, has_colour=has_colour)):
            # In other channels, each is independent data: constant ones stay constant.
            return rule, hints if form == "rgb" else {**hints, **dict(DATA)}
    return rules[-1], dict(rules[-1].hints)


def remark_on(texture: Texture, answer: Picture, data: bytes, worker: Upscaler) -> str:
    """
    A remark about an output: what it does not keep, and what its format changed. If the format may change pixels, the
    file is read back and measured.

    Args:
        data: the file of the answer, as `finish` made it.
    """
    kind = files.by_name(texture.kind or texture.picture.format)
    if kind is None or kind.lossless or texture.level or texture.half_alpha:
        return texture.remark
    try:
        written = files.read_bytes(data, texture.name)
    except DepixelError:  # a format that can be written but not read
        return texture.remark
    count = len(answer.frames)
    if len(written.frames) == count and all(np.array_equal(written.rgba(k), answer.rgba(k)) for k in range(count)):
        return texture.remark
    loss = worker.loss(written, texture.picture, dict(texture.hints))
    sentence = f"Saved as {kind.label}, it {loss}." if loss else ""
    return " ".join(filter(None, (texture.remark, sentence)))


def finish(texture: Texture, answer: Picture) -> bytes:
    """The answer as a file, in the format of the source unless its rule names another."""
    if texture.level:
        answer = level_of(answer, texture.level)
    if texture.half_alpha:
        answer = with_half_alpha(answer)
    kind = texture.kind or texture.picture.format
    data = files.encode(answer, kind)
    return data if texture.grab is None or kind != "PNG" else with_grab(data, texture.grab)


def _colour(path: str, beside: Beside) -> Picture | None:
    for name in colour_names(path):
        if (data := beside(name)) is not None:
            with contextlib.suppress(DepixelError):  # it is reported as a file of its own
                return files.read_bytes(data, PurePosixPath(name).name)
    return None


# A profile's guess of a sheet's frames applies only to pictures that can be cut that way.
def _fits(picture: Picture, frames: str) -> bool:
    if frames in ("none", "auto"):
        return True
    across, down = (int(part) for part in frames.removesuffix("px").split("x"))
    return picture.width % across == 0 and picture.height % down == 0


def ask(worker: Upscaler, textures: Sequence[Texture]) -> list[Picture | DepixelError]:
    """
    Answers to textures, batched by equal hints; identical frames and pictures get identical answers because the
    worker's answer depends only on the pixels. A failure is returned as its error.
    """
    answers: list[Picture | DepixelError] = [UnsupportedPictureError("not answered")] * len(textures)
    groups: dict[tuple[ProfileSettings, int], list[int]] = {}
    for index, texture in enumerate(textures):
        hints = texture.hints
        if texture.colour is not None:  # all maps of a material tile alike, or they would not match at the edges
            hints = tuple(sorted({**dict(hints), "wrap": worker.wrap_of(texture.colour)}.items()))
        groups.setdefault((hints, texture.scale), []).append(index)
    for (hints, scale), members in groups.items():
        different, uses = _different([textures[i].picture for i in members])
        batch = worker.upscale(different, dict(hints), scale)
        for index, use in zip(members, uses, strict=True):
            answers[index] = batch[use]
    return answers


def answer_all(worker: Upscaler, textures: Sequence[Texture]) -> list[bytes | DepixelError]:
    """Like `ask`, as files. A failure is returned as its error."""
    answers: list[bytes | DepixelError] = []
    for texture, answer in zip(textures, ask(worker, textures), strict=True):
        try:
            answers.append(answer if isinstance(answer, DepixelError) else finish(texture, answer))
        except DepixelError as error:
            answers.append(error)
    return answers


# A texture and its mipmaps share one answer.
def _different(pictures: Sequence[Picture]) -> tuple[list[Picture], list[int]]:
    places: dict[tuple[object, ...], int] = {}
    different: list[Picture] = []
    uses = []
    for picture in pictures:
        margins = picture.details.get(MARGINS)
        beyond = () if margins is None else tuple(None if m is None else m.tobytes() for m in margins.every)
        details = (picture.details.get(REGIONS, ()), PREMULTIPLIED in picture.details, beyond)
        key = (picture.name, picture.mode, picture.frames[0].shape, *details, *(f.tobytes() for f in picture.frames))
        use = places.setdefault(key, len(different))
        if use == len(different):
            different.append(picture)
        uses.append(use)
    return different, uses
