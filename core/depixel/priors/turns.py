"""
Answers averaged over flips and rotations of the picture, each turned back (Timofte, Rothe and Van Gool 2016, arXiv
1511.02228, section 3.7). A network should not prefer any direction; errors that depend on the direction average out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

Wrap = tuple[bool, bool]
"""(x, y): axes along which a picture tiles."""

NO_WRAP = (False, False)

Answering = Callable[[Tensor, Tensor | None, Tensor | None, Wrap], Tensor]
"""(small, z, valid, wrap) => large: one pass of `ArtNetwork` or `EnlargerPrior`."""


class Turn(NamedTuple):
    """One of the eight symmetries of a square, applied to pictures [B, C, h, w]."""

    swap: bool  # swap rows and columns first
    flip: tuple[int, ...]  # axes flipped after that

    def of(self, picture: Tensor) -> Tensor:
        picture = picture.transpose(2, 3) if self.swap else picture
        return picture.flip(self.flip) if self.flip else picture

    def undo(self, picture: Tensor) -> Tensor:
        picture = picture.flip(self.flip) if self.flip else picture
        return picture.transpose(2, 3) if self.swap else picture


TURNS = tuple(Turn(swap, flip) for swap in (False, True) for flip in ((), (2, 3), (2,), (3,)))
"""The identity, half a turn, the two reflections, and the same four with rows and columns swapped."""

_LEAST_PASS = 64 * 64  # small pixels: in a smaller pass the overhead of each layer is as large as its work


def mean_of_turns(
    answer: Answering,
    turns: Sequence[Turn],
    small: Tensor,
    z: Tensor | None,
    valid: Tensor | None,
    wrap: Wrap = NO_WRAP,
) -> Tensor:
    """
    The mean of a network's answers over `turns`; latents, `valid` and `wrap` turn with the picture.

    Args:
        small: [B, C, h, w].
        z: [B, L, h, w] latents, or None.
        valid: [B, 1, h, w], or None.

    Returns:
        [B, C, h*scale, w*scale]; for one turn, exactly the network's own answer.
    """
    size = small.shape[0] * small.shape[2] * small.shape[3]
    total: Tensor | None = None
    for group in _groups(turns, max(1, _LEAST_PASS // size)):
        picture = torch.cat([turn.of(small) for turn in group])
        latents, mask = (None if x is None else torch.cat([turn.of(x) for turn in group]) for x in (z, valid))
        answers = answer(picture, latents, mask, wrap[::-1] if group[0].swap else wrap)
        for one, turn in zip(answers.chunk(len(group)), group, strict=True):
            back = turn.undo(one)
            total = back if total is None else total + back
    if total is None:
        raise ValueError("the mean of no turns")
    return total if len(turns) == 1 else total / len(turns)


# Groups of at most `most` turns after which the picture has the same shape: they share a pass.
def _groups(turns: Sequence[Turn], most: int) -> list[list[Turn]]:
    groups: list[list[Turn]] = []
    for turn in turns:
        if groups and groups[-1][0].swap == turn.swap and len(groups[-1]) < most:
            groups[-1].append(turn)
        else:
            groups.append([turn])
    return groups
