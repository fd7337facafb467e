"""The engine's answer: the candidates for one picture, and how they were made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from depixel.consistency import Residual
from depixel.disagreement import disagreement_of, heat_map
from depixel.domain import Domain
from depixel.errors import DepixelError
from depixel.picture import Picture
from depixel.request import Request


@dataclass(frozen=True)
class Candidate:
    """One answer to one picture."""

    picture: Picture  # ready to be written, of the same mode as the input
    residual: Residual  # measured on these integers
    score: float  # mean squared error of scaling back on [0, 1], plus the search's other terms; lower is better
    seed: int
    imagination: float = 0.0  # with the seed and the reading, reproduces the candidate alone
    reading: str = ""  # "smooth", "crisp", "sharp" ... (depixel.client.readings); empty = none
    model: str = ""  # the model that made it, if several models gave one answer each

    @property
    def recipe(self) -> str:
        """How to request it alone, in words: "seed 7, imagination 0.35", "reading thin", "model swinir"."""
        if self.model:
            return f"model {self.model}"
        reading = f"reading {self.reading}" if self.reading else ""
        if reading and not self.imagination:
            return reading  # without imagination the seed has no effect
        parts = [f"seed {self.seed}", f"imagination {self.imagination:g}" if self.imagination else "", reading]
        return ", ".join(part for part in parts if part)

    def with_picture(self, picture: Picture, residual: Residual) -> Candidate:
        """The candidate with a picture that was changed after the engine, scored by its residual."""
        return replace(self, picture=picture, residual=residual, score=(residual.rmse / 255) ** 2)


@dataclass(frozen=True)
class Report:
    """The engine's answer to a picture: the candidates, what was done, and how exactly they scale back."""

    candidates: tuple[Candidate, ...]  # best first
    settings: Request  # as requested
    scale: int  # as decided
    domain: Domain  # as decided
    degradation: str  # as decided
    model: str  # name and digest of the prior
    device: str
    wrap: tuple[bool, bool]  # (x, y) as decided
    steps: int  # search steps taken
    seconds: float  # a share of the batch's time, if pictures were answered together
    notes: tuple[str, ...] = ()  # sentences for the user: what was imagined, limited, or assumed
    grid: int = 1  # how many times the input had been enlarged by nearest neighbour; its true pixels were answered

    @property
    def picture(self) -> Picture:
        """The best answer."""
        return self.candidates[0].picture

    @property
    def residual(self) -> Residual:
        """Of the best answer."""
        return self.candidates[0].residual

    def disagreement(self) -> Picture:
        """
        Where the candidates differ, that is, what was invented, as a heat map (depixel.disagreement).

        Raises:
            ValueError: there is only one candidate.
        """
        return heat_map([candidate.picture for candidate in self.candidates])

    def to_dict(self) -> dict[str, Any]:
        """JSON values; the pictures are left out."""
        return {
            "scale": self.scale,
            "domain": self.domain.name,
            "degradation": self.degradation,
            "grid": self.grid,
            "model": self.model,
            "device": self.device,
            "wrap": {"x": self.wrap[0], "y": self.wrap[1]},
            "steps": self.steps,
            "seconds": round(self.seconds, 4),
            "notes": list(self.notes),
            "settings": self.settings.to_dict(),
            "disagreement": disagreement_of([candidate.picture for candidate in self.candidates]),
            "candidates": [
                {
                    "seed": c.seed,
                    "imagination": c.imagination,
                    "reading": c.reading,
                    "model": c.model,
                    "score": c.score,
                    "residual": c.residual._asdict(),
                    "width": c.picture.width,
                    "height": c.picture.height,
                    "frames": len(c.picture.frames),
                }
                for c in self.candidates
            ],
        }


Answer = Callable[[Sequence[Picture], Request], Sequence[Report | DepixelError]]
"""`depixel.upsampler.Upsampler.upsample_many` without its monitor: one entry per picture."""


def single(outcomes: Sequence[Report | DepixelError]) -> Report:
    """The report from a call for one picture. Raises the DepixelError if the picture failed."""
    outcome = outcomes[0]
    if isinstance(outcome, DepixelError):
        raise outcome
    return outcome


def joined(reports: Sequence[Report], settings: Request) -> Report:
    """
    The first answer of each of several models to one picture, in their order, as the candidates of one report.

    Args:
        settings: the request that named them all; its `models` are those of the reports.
    """
    first = reports[0]
    candidates = [
        replace(report.candidates[0], model=name) for name, report in zip(settings.models, reports, strict=True)
    ]
    notes = [note for report in reports for note in report.notes]
    if settings.candidates > 1:
        notes.append("Several models give one answer each, so this option has no effect: candidates.")
    return replace(
        first,
        candidates=tuple(candidates),
        settings=settings,
        model=", ".join(report.model for report in reports),
        steps=max(report.steps for report in reports),
        seconds=sum(report.seconds for report in reports),
        notes=tuple(dict.fromkeys(notes)),
    )
