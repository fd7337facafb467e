"""
`Request`: everything that can be asked of the engine for a picture, as one frozen value that is checked in one place.

The command line, the wire from GIMP and Krita, and the ledger of the folder watcher use the same value, so that a
request gives the same pixels at every door. Its fields are the rows of the table in `depixel.client.option_table`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from depixel.client.option import nearest
from depixel.client.option_table import (
    DEFAULT_SCALE,
    MAX_SCALE,
    OPTIONS,
    RequestOptions,
    option_named,
)
from depixel.domain import Domain, is_imagined
from depixel.errors import BadUsageError

MODELS = ("auto", "small", "medium", "base")
"""Names that stand for a size of the art model; any other name is that of an installed model."""

PULSE_EPS = 2e-3
"""Mean squared error on [0, 1] at which PULSE calls a search successful (RMSE of 11.4 levels)."""
FACES_EPS = 1e-4
"""
Error at which a search for a face stops by default. The encoder starts below PULSE's, and a longer search improves it.
"""


@dataclass(frozen=True)
class Request(RequestOptions):
    """
    What to make of a picture. Every field has a default, which also replaces a field that is missing on the wire.

    `typed` names the fields that the user set, even to their defaults: they take precedence over a profile (`over`).
    Requests that differ only in `typed` are equal.
    """

    typed: frozenset[str] = field(default=frozenset(), compare=False, repr=False, kw_only=True)

    @classmethod
    def from_typed(cls, values: Mapping[str, Any]) -> Request:
        """
        The request of a user who set exactly these fields.

        Raises:
            BadUsageError: a name that no option has (with the most similar one), or a value out of range.
        """
        for name in values.keys() - {option.name for option in OPTIONS}:
            raise BadUsageError(unknown_name(name))
        request = cls.from_dict(values)
        return replace(request, typed=frozenset(values))

    def validated(self) -> Request:
        """
        Return self if every value is in range.

        Raises:
            BadUsageError: names the field, the value, and what is allowed.
        """
        for option in OPTIONS:
            if problem := option.problem(getattr(self, option.name)):
                raise BadUsageError(problem)
        if self.scale is not None and self.size is not None:
            raise BadUsageError("scale and size cannot be combined: give only one of them.")
        if self.size is not None and self.palette == "keep":
            raise BadUsageError(
                "palette keep cannot be combined with size, because reducing mixes colours: give a scale instead."
            )
        return self

    def over(self, profile: Mapping[str, Any]) -> Request:
        """
        This request combined with a profile's settings: typed values first, then the profile's, then defaults.

        Raises:
            BadUsageError: the profile has a name that no option has, or a value out of range.
        """
        base = Request.from_typed(profile)
        names = (set(self.to_dict()) | self.typed) & {option.name for option in OPTIONS}
        if names & {"scale", "size"}:  # either replaces the other
            base = replace(base, scale=None, size=None)
        return replace(base, **{name: getattr(self, name) for name in names}, typed=base.typed | names).validated()

    @property
    def models(self) -> tuple[str, ...]:
        """The models that answer, each once; usually one."""
        return tuple(dict.fromkeys(self.model.split(",")))

    @property
    def answers(self) -> int:
        """The number of answers per picture: one per model if several are named, else `candidates`."""
        return len(self.models) if len(self.models) > 1 else self.candidates

    @property
    def most_answers(self) -> int:
        """The most answers per picture: a face shown as found may be followed by its exact version (`exact` auto)."""
        beside = is_imagined(self.domain) and self.exact == "auto" and self.wants_drawing and len(self.models) == 1
        return self.answers + beside

    @property
    def wants_drawing(self) -> bool:
        """Whether a face may be drawn: not with an explicit imagination of 0, which asks for the calm answer."""
        if self.detail != "auto":
            return self.detail == "drawn"
        return not (self.imagination == 0 and "imagination" in self.typed)

    def scale_for(self, domain: Domain, width: int, height: int) -> int:
        """
        The whole scale for a picture of this kind and size, 2 to 64: the requested one, the one that reaches `size`, or
        the default.
        """
        if self.scale is not None:
            return self.scale
        side = max(width, height)
        if self.size is not None:
            return min(MAX_SCALE, max(2, -(-self.size // side)))
        left, top, right, bottom = self.box or (0, 0, width, height)
        return domain.scale_for(max(right - left, bottom - top), MAX_SCALE)

    @property
    def art_model(self) -> str:
        """
        The model for enlarging: a size of the art model (MODELS), or the name of another model. Bicubic reduction keeps
        more detail than block means, and the medium size makes better use of it.
        """
        if self.model == "auto" and (self.quality == "best" or self.degradation == "bicubic"):
            return "medium"
        return self.model

    def answer_size(self, width: int, height: int, scale: int) -> tuple[int, int]:
        """Width and height of the answer to a picture of this size at this scale."""
        width, height = width * scale, height * scale
        side = max(width, height)
        if self.size is None or side <= self.size:
            return width, height
        return max(1, round(width * self.size / side)), max(1, round(height * self.size / side))

    def with_one_scale(self) -> tuple[Request, int]:
        """The request with a definite scale, and that scale: for folders, in which all pictures need the same scale."""
        scale = self.scale or DEFAULT_SCALE
        return replace(self, scale=scale, size=None), scale

    def to_dict(self) -> dict[str, Any]:
        """
        The values that differ from the defaults, as JSON: old and new versions understand it, equal requests are equal.
        """
        pairs = ((option, getattr(self, option.name)) for option in OPTIONS)
        return {o.name: list(v) if isinstance(v, tuple) else v for o, v in pairs if v != o.default}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Request:
        """
        Rebuild from `to_dict` or a plug-in's JSON: unknown keys are ignored, missing ones get defaults.

        Raises:
            BadUsageError: a value is of the wrong type or out of range.
        """
        return cls(**{o.name: o.from_json(values[o.name]) for o in OPTIONS if o.name in values}).validated()


def unknown_name(name: str) -> str:
    """A sentence about a name that no option has, with the most similar one."""
    close = nearest(name, [option.name for option in OPTIONS])
    hint = f"; did you mean {close}?" if close else f"; the names are {', '.join(o.name for o in OPTIONS)}."
    return f"There is no option {name!r}{hint}"


DOMAINS: tuple[str, ...] = option_named("domain").values
DEGRADATIONS: tuple[str, ...] = option_named("degradation").values
ENSEMBLES: tuple[int, ...] = option_named("ensemble").values
