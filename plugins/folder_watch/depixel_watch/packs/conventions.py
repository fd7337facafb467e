"""
Conventions of programs that use textures, beyond file formats: animated strips, mipmaps in separate files, alpha that
ends at 128, offsets in PNG chunks, files that belong to pictures.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import PurePosixPath

import numpy as np

from depixel.client.json_text import parse_json
from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files import READABLE, WRITABLE
from depixel.files.mipmaps import chain
from depixel.files.png_chunks import chunks, join
from depixel.picture import Picture, Pixels

Beside = Callable[[str], "bytes | None"]
"""Another file of the same folder or archive by its relative path; None if it does not exist."""

_MCMETA = ".mcmeta"
_MIP = re.compile(r"(?P<main>.+)[_-]mip(?P<level>[1-9]|1\d)(?P<ending>\.[A-Za-z]+)", re.I)
_ARBITRARY = re.compile(r"_arb(_|\.|$)", re.I)  # Dolphin: the levels were drawn, not reduced
_OPAQUE_PS2 = 128
_COLOUR_WORDS = ("", "_albedo", "_diffuse", "_basecolor", "_color", "_col", "_diff", "_d")
_COLOUR_SUFFIXES = (".png", ".tga", ".dds", ".jpg")


@dataclass(frozen=True)
class Treatment:
    """What a rule does to a file beyond the engine's settings: the keys of `file` in profiles.toml."""

    strips: bool = False  # a .mcmeta next to it says how a picture is cut into frames
    mipmaps: bool = False  # NAME_mip1.png or NAME-mip1.png is half of NAME.png
    half_alpha: bool = False  # alpha that never exceeds 128 is opaque at 128
    offsets: str = ""  # PNG's grAb chunk (Doom): "scale" or "keep"
    warn_above: int = 0  # larger sides cause a warning; 0 = no limit
    material: bool = False  # one map of a set: NAME_normal.png belongs to NAME.png
    ending: str = ""  # of the output, such as ".png"; "" = the source's
    into: str = ""  # in archives: the larger picture is added under this folder, and the old one stays
    squares: bool = False  # a picture several times as high as wide is a strip of square frames
    tiles: str = ""  # opaque square pictures tile across these axes: x, y or xy

    def problem(self) -> str:
        """The error in the values; empty if there is none."""
        for key in fields(self):
            value = getattr(self, key.name)
            if type(value) is not type(key.default):
                return f"{key.name} must be {_KIND_WORDS[type(key.default)]}, not {value!r}"
        if self.offsets not in ("", "scale", "keep"):
            return f"offsets must be 'scale' or 'keep', not {self.offsets!r}"
        if self.ending and self.ending not in WRITABLE:
            return f"ending {self.ending!r} cannot be written; choose one of {', '.join(sorted(WRITABLE))}"
        if self.tiles not in ("", "x", "y", "xy"):
            return f"tiles must be x, y or xy, not {self.tiles!r}"
        parts = PurePosixPath(self.into).parts
        if self.into and (self.into.startswith("/") or ".." in parts or "\\" in self.into or ":" in self.into):
            return f"into must be a folder inside the archive, not {self.into!r}"
        if self.into and not self.into.endswith("/"):
            return f"into must end with a slash, not {self.into!r}"
        return ""


_KIND_WORDS = {bool: "true or false", int: "a number", str: "a text"}


def output_name(path: str, treatment: Treatment, is_there: Callable[[str], bool]) -> str:
    """The output's path: with another extension if a rule says so and no other picture has that stem."""
    place = PurePosixPath(path)
    if not treatment.ending or place.suffix.lower() == treatment.ending:
        return path
    siblings = [place.with_suffix(ending).as_posix() for ending in sorted(READABLE)]
    if any(name != path and name.lower() != path.lower() and is_there(name) for name in siblings):
        return path
    return place.with_suffix(treatment.ending).as_posix()


def beside_names(path: str, treatment: Treatment) -> tuple[str, ...]:
    """The files that an output also depends on."""
    names = []
    if treatment.strips:
        names.append(path + _MCMETA)
    if treatment.mipmaps and (mip := mip_of(path)) is not None:
        names.append(mip[0])
    if treatment.material:
        names += colour_names(path)
    return tuple(names)


def colour_names(path: str) -> list[str]:
    """Where the colour of a material may be whose map this is: brick_normal.png => brick.png ..."""
    place = PurePosixPath(path)
    stem, underscore, _ = place.stem.rpartition("_")
    if not underscore or not stem:
        return []
    suffixes = dict.fromkeys((place.suffix, *_COLOUR_SUFFIXES))
    return [(place.parent / f"{stem}{word}{suffix}").as_posix() for suffix in suffixes for word in _COLOUR_WORDS]


def mip_of(path: str) -> tuple[str, int] | None:
    """Path of the top level and number of the level for a mipmap; None for other files."""
    folder, name = PurePosixPath(path).parent, PurePosixPath(path).name
    match = _MIP.fullmatch(name)
    if match is None:
        return None
    return (folder / (match["main"] + match["ending"])).as_posix(), int(match["level"])


def is_arbitrary(path: str) -> bool:
    """Dolphin's mark for mipmaps that are not reductions of the top level."""
    return bool(_ARBITRARY.search(PurePosixPath(path).name))


def frames_of_strip(picture: Picture, animation: bytes) -> str | None:
    """
    How Minecraft cuts an animated strip: "1x4" (columns x rows); None if it is not a strip.

    Without sizes, frames are squares of the shorter side; if only width or height is given, the picture has the other.

    Raises:
        UnsupportedPictureError: the description is damaged or does not fit the picture.
    """
    try:
        values = parse_json(animation)
    except ValueError as error:
        raise UnsupportedPictureError(f"The .mcmeta of {picture.name} is damaged: it is not JSON.") from error
    about = values.get("animation") if isinstance(values, dict) else None
    if not isinstance(about, dict):
        return None
    side = min(picture.width, picture.height)
    width = about.get("width", picture.width if "height" in about else side)
    height = about.get("height", picture.height if "width" in about else side)
    whole = isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0
    if len(picture.frames) > 1 or not whole or picture.width % width or picture.height % height:
        raise UnsupportedPictureError(
            f"{picture.name} is {picture.width}x{picture.height} pixels: its animation is not a whole number of "
            f"frames of {width}x{height}."
        )
    return f"{picture.width // width}x{picture.height // height}"


def squares_of(picture: Picture) -> str | None:
    """A strip of square frames, one below the other, as "1x4"; None if it is not a strip."""
    times, rest = divmod(picture.height, picture.width)
    return f"1x{times}" if times > 1 and not rest and len(picture.frames) == 1 else None


def is_block(picture: Picture) -> bool:
    """An opaque square, like ground tiles."""
    if picture.width != picture.height:
        return False
    return not picture.has_alpha or all(int(frame[..., -1].min()) == picture.levels for frame in picture.frames)


def followed(path: str, data: bytes, scale: int) -> bytes:
    """A file that belongs to larger pictures: sizes of frames in a .mcmeta are scaled; everything else is unchanged."""
    if not path.lower().endswith(_MCMETA):
        return data
    try:
        values = parse_json(data)
        about = values["animation"]
        sizes = {key: about[key] * scale for key in ("width", "height") if isinstance(about.get(key), int)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return data  # another kind of .mcmeta, or one that the game cannot read either
    if not sizes:
        return data
    return json.dumps({**values, "animation": {**about, **sizes}}, ensure_ascii=False, indent=2).encode("utf-8")


def is_half_alpha(picture: Picture) -> bool:
    """The PlayStation 2's range: nothing above 128, and not everything 0."""
    alpha = [frame[..., -1] for frame in picture.frames] if picture.has_alpha and picture.levels == 255 else []
    return bool(alpha) and 0 < max(int(a.max()) for a in alpha) <= _OPAQUE_PS2


def with_full_alpha(picture: Picture) -> Picture:
    """0 ... 128 => 0 ... 255; an indexed picture becomes RGBA, because its palette has the old range."""
    frames = tuple(_alpha(frame, 255, _OPAQUE_PS2) for frame in picture.frames)
    return picture.replace(frames=frames, palette=None, mode="RGBA" if picture.channels == 4 else "LA")


def with_half_alpha(picture: Picture) -> Picture:
    """0 ... 255 => 0 ... 128: the inverse of `with_full_alpha`."""
    return picture.replace(frames=tuple(_alpha(frame, _OPAQUE_PS2, 255) for frame in picture.frames))


def _alpha(frame: Pixels, times: int, over: int) -> Pixels:
    alpha = (frame[..., -1:].astype(np.uint32) * times + over // 2) // over
    return np.concatenate([frame[..., :-1], np.minimum(alpha, 255).astype(np.uint8)], 2)


def level_of(picture: Picture, level: int) -> Picture:
    """The mipmap of a picture: half the size for each level."""
    return picture.replace(frames=tuple(list(chain(frame, level + 1))[-1] for frame in picture.frames))


def grab_of(data: bytes) -> tuple[int, int] | None:
    """Doom's offsets (x, y) in a PNG; None if there are none."""
    if not data.startswith(b"\x89PNG"):
        return None
    try:
        bodies = [body for kind, body in chunks(data) if kind == b"grAb" and len(body) == 8]
    except UnreadablePictureError:
        return None
    return struct.unpack(">ii", bodies[0]) if bodies else None


def with_grab(data: bytes, offsets: tuple[int, int]) -> bytes:
    """A PNG with Doom's offsets."""
    first, *rest = (part for part in chunks(data) if part[0] != b"grAb")
    return join([first, (b"grAb", struct.pack(">ii", *offsets)), *rest])
