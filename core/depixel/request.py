"""
`Request`: everything that can be asked of the engine, as one frozen value, checked in one place.

The same value travels from the command line, over the wire from GIMP and Krita, and into the ledger of the folder
watcher, so that one request means the same pixels behind every door.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from depixel.errors import BadUsageError

DOMAINS = ("auto", "art", "pixel-art", "textures", "normals", "data", "faces")
DEGRADATIONS = ("auto", "area", "bicubic", "point")
PALETTES = ("free", "keep")
ALPHAS = ("auto", "opacity", "data")
WRAPS = ("auto", "none", "x", "y", "xy")
MODELS = ("auto", "small", "base")
_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ENSEMBLES = (1, 2, 4, 8)

MAX_SCALE = 64
MAX_CANDIDATES = 64
MAX_STEPS = 10_000
PULSE_EPS = 2e-3
"""Mean squared error on [0, 1] at which PULSE calls a search successful (RMSE of 11.4 levels)."""
FACES_EPS = 1e-4
"""Where a search for a face stops unless told otherwise: the encoder starts below PULSE's, and more is to be had."""


_FRAMES = re.compile(r"none|auto|[1-9]\d{0,3}x[1-9]\d{0,3}(px)?")


@dataclass(frozen=True)
class Request:
    """What to make of a picture. Every field has a default, which also stands in for a field missing on the wire."""

    scale: int | None = None  # large is small times this, per axis; 2 ... 64; None = 4, faces: to 128 pixels or more
    domain: str = "auto"  # kind of picture; auto = by content and name
    degradation: str = "auto"  # how large becomes small; auto = point for pixel art, else area
    model: str = "auto"  # size of the prior (auto = by device), or the name of an installed generator
    candidates: int = 1  # different answers per picture
    seed: int = 0  # 0 is a seed like any other
    like: int | None = None  # seed of an earlier answer: all candidates start near it; None = anywhere
    steps: int | None = None  # latent search steps; 0 = one pass of the encoder; None = the domain's own
    imagination: float = 0.0  # 0 = the calm answer ... 1 = as vivid as the prior can
    palette: str = "free"  # keep = only colours of the input, written as indexed where the format can
    alpha: str = "auto"  # what the alpha channel means; data (gloss, height ...) is never premultiplied
    wrap: str = "auto"  # axes across which the picture tiles; auto = measured
    ensemble: int | None = None  # flips and turns whose answers are averaged: 1, 2, 4, 8; None = by the answer's size
    eps: float | None = None  # mean squared error (of [0, 1]) at which a search may stop; None = the domain's own
    pre_blur: float = 0.0  # faces: Gaussian blur of the input in input pixels before the search
    iterate: int = 1  # faces: feed the answer back this often
    frames: str = "none"  # sprite sheets: auto = find the grid, "4x2" = columns x rows, "32x48px" = size of a frame
    box: tuple[int, int, int, int] | None = None  # left, top, right, bottom in input pixels: where to work; None = all
    roll: float = 0.0  # faces: degrees clockwise by which the head in the box is turned

    def validated(self) -> Request:
        """
        Return self when every value is in range.

        Raises:
            BadUsageError: names the field, the value, and what is allowed.
        """
        if self.scale is not None:
            _whole("scale", self.scale, 2, MAX_SCALE)
        _whole("candidates", self.candidates, 1, MAX_CANDIDATES)
        _whole("seed", self.seed, 0, 2**63 - 1)
        if self.like is not None:
            _whole("like", self.like, 0, 2**63 - 1)
        if self.steps is not None:
            _whole("steps", self.steps, 0, MAX_STEPS)
        if self.ensemble is not None and not (_is_whole(self.ensemble) and self.ensemble in ENSEMBLES):
            raise BadUsageError(f"ensemble must be one of {', '.join(map(str, ENSEMBLES))}, not {self.ensemble!r}.")
        _whole("iterate", self.iterate, 1, 10)
        _number("imagination", self.imagination, 0.0, 1.0)
        if self.eps is not None:
            _number("eps", self.eps, 0.0, 1.0)
        _number("pre_blur", self.pre_blur, 0.0, 16.0)
        _number("roll", self.roll, -180.0, 180.0)
        _choice("domain", self.domain, DOMAINS)
        _choice("degradation", self.degradation, DEGRADATIONS)
        if not (isinstance(self.model, str) and _MODEL_NAME.fullmatch(self.model)):
            raise BadUsageError(f"model must be {', '.join(MODELS)} or an installed name, not {self.model!r}.")
        _choice("palette", self.palette, PALETTES)
        _choice("alpha", self.alpha, ALPHAS)
        _choice("wrap", self.wrap, WRAPS)
        if not (isinstance(self.frames, str) and _FRAMES.fullmatch(self.frames)):
            raise BadUsageError(
                f"frames must be none, auto, columns x rows as 4x2, or a size as 32x48px, not {self.frames!r}."
            )
        if self.box is not None:
            box = self.box
            if not (isinstance(box, tuple) and len(box) == 4 and all(_is_whole(v) for v in box)):
                raise BadUsageError(f"box must be four whole numbers (left, top, right, bottom), not {box!r}.")
            if not (0 <= box[0] < box[2] and 0 <= box[1] < box[3]):
                raise BadUsageError(f"box {box} is empty: right must exceed left, and bottom must exceed top.")
        return self

    def to_dict(self) -> dict[str, Any]:
        """Only what differs from the defaults, as JSON values: old and new peers can talk."""
        default = Request()
        pairs = ((f.name, getattr(self, f.name)) for f in dataclasses.fields(self))
        return {k: list(v) if isinstance(v, tuple) else v for k, v in pairs if v != getattr(default, k)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Request:
        """
        Rebuild from `to_dict` or a plug-in's JSON: unknown keys are ignored, missing ones take defaults.

        Raises:
            BadUsageError: a value is of the wrong type or out of range.
        """
        known = {f.name for f in dataclasses.fields(cls)}
        kept = {k: v for k, v in values.items() if k in known}
        if isinstance(kept.get("box"), list):
            kept["box"] = tuple(kept["box"])
        for name in ("imagination", "eps", "pre_blur", "roll"):
            if _is_whole(kept.get(name)):
                kept[name] = float(kept[name])
        return cls(**kept).validated()


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _whole(name: str, value: object, low: int, high: int) -> None:
    if not (isinstance(value, int) and _is_whole(value) and low <= value <= high):
        raise BadUsageError(f"{name} must be a whole number from {low} to {high}, not {value!r}.")


def _number(name: str, value: object, low: float, high: float) -> None:
    if not (isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high):
        raise BadUsageError(f"{name} must be a number from {low:g} to {high:g}, not {value!r}.")


def _choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BadUsageError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
