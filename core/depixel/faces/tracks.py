"""Matches faces between frames: a track is one face over the frames of an animation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from depixel.faces.finder import THRESHOLD, Frame

Track = dict[int, Frame]
"""Index of a frame => the place of the face in it."""

_STEP = 0.6  # of the face's side: the most that a face moves between frames
STILL = 0.1  # of the face's side: a face that moves less over the whole animation does not move


def tracks_of(heads: Sequence[Sequence[Frame]]) -> list[Track]:
    """One track for each face in any frame. In an animation, doubtful faces that appear only once are dropped."""
    tracks: list[Track] = []
    for k, faces in enumerate(heads):
        for head in sorted(faces, key=lambda f: -f.score):

            def away(track: Track, head: Frame = head) -> float:
                last = track[max(track)]
                return math.hypot(head.x - last.x, head.y - last.y) / max(head.side, last.side)

            open_ones = [t for t in tracks if k not in t and away(t) < _STEP and _alike(t[max(t)], head)]
            if open_ones:
                min(open_ones, key=away)[k] = head
            else:
                tracks.append({k: head})
    several = len(heads) > 1
    return [t for t in tracks if not several or len(t) > 1 or max(f.score for f in t.values()) >= THRESHOLD]


def _alike(one: Frame, other: Frame) -> bool:
    return 0.6 < one.side / other.side < 1.6


def filled(track: Track, count: int) -> list[Frame]:
    """The face in each of `count` frames: interpolated across gaps, and at its first or last place beyond its ends."""
    frames_seen = sorted(track)
    frames: list[Frame] = []
    for k in range(count):
        before = max((n for n in frames_seen if n <= k), default=frames_seen[0])
        after = min((n for n in frames_seen if n >= k), default=frames_seen[-1])
        frames.append(_between(track[before], track[after], (k - before) / (after - before) if after > before else 0.0))
    return frames


def in_each(small: Tensor, find: Callable[[Tensor], list[Frame]]) -> list[list[Frame]]:
    """The faces of each frame of [F, 4, h, w]; a frame that equals the previous one is not searched again."""
    per_frame: list[list[Frame]] = []
    for k in range(len(small)):
        per_frame.append(per_frame[-1] if k and torch.equal(small[k], small[k - 1]) else find(small[k : k + 1]))
    return per_frame


def along(track: Track, count: int) -> tuple[Frame, ...]:
    """
    The face in each of `count` frames, smoothed, at constant size, and interpolated across gaps. Before its first and
    after its last appearance its score is 0.
    """
    rough = filled(track, count)
    way: list[Frame] = []
    for k, here in enumerate(rough):
        # Detections jitter by a few hundredths of a side; the faces that are put back must not.
        calm = here if k in (0, count - 1) else _between(here, _between(rough[k - 1], rough[k + 1], 0.5), 0.5)
        way.append(replace(calm, score=here.score if min(track) <= k <= max(track) else 0.0))
    first = way[0]
    if any(math.hypot(f.x - first.x, f.y - first.y) > STILL * first.side for f in way):
        side = max(f.side for f in way)
        return tuple(replace(f, side=side) for f in way)
    x, y, side, roll = (sum(values) / count for values in zip(*((f.x, f.y, f.side, f.roll) for f in way), strict=True))
    return tuple(Frame(x, y, side, roll, f.score) for f in way)


def _between(one: Frame, other: Frame, share: float) -> Frame:
    def mix(a: float, b: float) -> float:
        return a + share * (b - a)

    return Frame(
        mix(one.x, other.x), mix(one.y, other.y), mix(one.side, other.side), mix(one.roll, other.roll), other.score
    )
