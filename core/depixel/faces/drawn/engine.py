"""
Draws the people that a small portrait may show: read it, propose people, keep those that fit and differ, draw them
large, and join them with the neural answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from depixel.degradation import resize
from depixel.errors import CancelledError
from depixel.faces.drawn.colour_fit import Colours, fit_colours, recoloured
from depixel.faces.drawn.joining import CUT_OFF, joined
from depixel.faces.drawn.proposals import propose
from depixel.faces.reader import FaceReader, Reading
from depixel.portrait.parameters import Parameters
from depixel.portrait.rendering import draw
from depixel.search.candidates import candidate_seed

PROPOSALS = 16
"""People drawn small for each candidate that is wanted, and at least for two."""
PROPOSAL_SIZE, FIT_SIZE = 64, 32
"""Pixels a side at which proposals are drawn and compared."""
ALIKE = 0.35
"""How much worse a person counts who is just like one that was kept already, as a part of the best error."""

Steer = Callable[[Parameters], Parameters]


@dataclass(frozen=True)
class Person:
    """One person that fits a portrait."""

    seed: int
    """Of `propose`: with it, and the same portrait, the person comes again."""
    parameters: Parameters
    """A table of one."""
    colours: Colours
    """Of one drawing."""

    @property
    def error(self) -> float:
        """Weighted mean squared error against the portrait it was fitted to, on [0, 1]."""
        return float(self.colours.error)


def fitting_people(
    reading: Reading,
    target: Tensor,
    count: int,
    seed: int,
    steer: Steer | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Person]:
    """
    Different people who fit a portrait, the best first.

    Args:
        reading: of the portrait.
        target: [1, 3, n, n] in [0, 1], the portrait.
        count: how many people.
        seed: of the first proposal.
        steer: changes the proposals: what the user fixed.

    Raises:
        CancelledError: `cancelled()` turned true between two groups of proposals.
    """
    seeds = [candidate_seed(seed, k) for k in range(max(2, count) * PROPOSALS)]
    small = resize(target, FIT_SIZE, FIT_SIZE)
    weight = _middle_first(FIT_SIZE).to(small)
    people, colours = [], []
    for first in range(0, len(seeds), PROPOSALS):
        if cancelled is not None and cancelled():
            raise CancelledError("Stopped before a person was found; nothing was written for it.")
        group = propose(reading, seeds[first : first + PROPOSALS])
        if steer is not None:
            group = steer(group)
        people.append(group)
        colours.append(fit_colours(draw(group, PROPOSAL_SIZE, samples=1), small, weight))
    everybody = Parameters.joined(people)
    fitted = Colours(*(torch.cat([getattr(c, name) for c in colours]) for name in ("gains", "background", "error")))
    kept = _different(everybody, fitted.error, count)
    return [Person(seeds[k], everybody.person(k), fitted.take(torch.tensor([k]))) for k in kept]


def portrait_of(person: Person, soft: Tensor, size: int, cut_off: float = CUT_OFF) -> Tensor:
    """
    The person drawn large in the portrait's colours, over the low band of the neural answer: [1, 3, size, size].

    Args:
        soft: [1, 3, R, R] in [0, 1].
        cut_off: see `joining.joined`; 0 = the drawing alone.
    """
    drawing = draw(person.parameters, size, samples=2)
    # Colours are fitted again at the size of the picture: what covers what differs a little from the small drawing.
    colours = fit_colours(drawing, resize(soft, 2 * FIT_SIZE, 2 * FIT_SIZE), _middle_first(2 * FIT_SIZE).to(soft))
    picture = recoloured(drawing, colours)
    return joined(soft, picture, cut_off) if cut_off > 0 else picture


# The face counts more than what lies around it: [1, 1, n, n].
def _middle_first(side: int) -> Tensor:
    axis = ((torch.arange(side) + 0.5) / side - 0.5) ** 2
    weight: Tensor = 0.3 + torch.exp(-(axis + axis[:, None]) / 0.12)
    return weight[None, None]


# Greedily the best of what is left, where those like one kept already count as worse.
def _different(people: Parameters, error: Tensor, count: int) -> list[int]:
    score = error.clone()
    least = float(error.min())
    likeness = torch.zeros(len(people))
    kept: list[int] = []
    for _ in range(min(count, len(people))):
        best = int((score + likeness * ALIKE * least).argmin())
        kept.append(best)
        score[best] = float("inf")
        likeness = torch.maximum(likeness, torch.exp(-_distance(people, best)))
    return kept


# How different everybody is from one person: years, gender, ancestry, shape of the face, hair.
def _distance(people: Parameters, index: int) -> Tensor:
    one = people.person(index)
    parts = [
        ((people["age"] - one["age"]) / 15).square(),
        ((people["gender"] - one["gender"]) / 0.35).square(),
        ((people["ancestry"] - one["ancestry"]) / 0.35).square().sum(1),
        ((people["features"] - one["features"]) / 0.16).square().mean(1) / 2,
    ]
    return torch.stack(parts).sum(0)


def read_portrait(reader: FaceReader, soft: Tensor) -> Reading:
    """What the neural answer [1, 3, R, R] shows."""
    return reader.read(torch.cat([soft, torch.ones_like(soft[:, :1])], 1))
