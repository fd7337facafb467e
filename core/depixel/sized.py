"""
Answers reduced from a larger one: for `--size`, if no whole scale reaches it, and for readings of pixel art at scale 2.
The larger answer scales back exactly; the reduced one is measured again, and the report says which one is exact.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from depixel.consistency import Residual
from depixel.picture import Picture, Pixels
from depixel.report import Candidate, Report
from depixel.request import Request

Samples = npt.NDArray[np.float64]
"""[H, W, C] in levels of the picture."""


def at_size(report: Report, small: Picture) -> Report:
    """
    The report with every candidate reduced to the requested size; unchanged if it is not larger.

    Colours are averaged with their opacity as weight, unless alpha is data; normals keep unit length. The residual is
    that of the reduced pictures, which are reduced further to the size of `small` in the same way.
    """
    if report.settings.size is None:  # a nine-patch is not a multiple of its input, and keeps its size
        return report
    width, height = report.picture.width, report.picture.height
    new = report.settings.answer_size(small.width, small.height, report.scale)
    if new == (width, height):
        return report
    candidates = tuple(_reduced(candidate, small, report, new) for candidate in report.candidates)
    note = (
        f"The answer was made at {width}x{height} (scale {report.scale}), where it scales back exactly, and then "
        f"reduced to {new[0]}x{new[1]}, where it does so only approximately."
    )
    return replace(report, candidates=candidates, notes=(*report.notes, note))


def halved(report: Report, small: Picture, request: Request) -> Report:
    """
    Readings of pixel art at scale 2, made from those at scale 4, which pass through the centres of the pixels.

    Every 2x2 pixels become their mean. In the reading with the picture's own colours they become the pixel nearest to
    the mean, so that no colours are mixed.
    """
    size = (2 * small.width, 2 * small.height)
    candidates = []
    for candidate in report.candidates:
        smaller = _reduced(candidate, small, report, size)
        if candidate.reading == "palette":
            frames = tuple(_nearest_to_mean(frame) for frame in candidate.picture.frames)
            picture = candidate.picture.replace(frames=frames)
            smaller = replace(candidate, picture=picture, residual=residual_beside(picture, small, report))
        candidates.append(smaller)
    note = (
        "Readings at scale 2 are made at scale 4, where the centres of the pixels are exact, and then reduced. Only "
        "repeated pixels (one answer, reading auto) scale back exactly at 2."
    )
    return replace(report, candidates=tuple(candidates), settings=request, scale=2, notes=(*report.notes, note))


# [4h, 4w, C] => [2h, 2w, C]: of each 2x2 pixels, the one nearest to their mean.
def _nearest_to_mean(frame: Pixels) -> Pixels:
    height, width, channels = frame.shape[0] // 2, frame.shape[1] // 2, frame.shape[2]
    quads = frame.reshape(height, 2, width, 2, channels).swapaxes(1, 2).reshape(height, width, 4, channels)
    values = quads.astype(np.float64)
    distance = np.square(values - values.mean(2, keepdims=True)).sum(-1)
    chosen: Pixels = np.take_along_axis(quads, distance.argmin(2)[..., None, None], 2)[:, :, 0]
    return np.ascontiguousarray(chosen)


def _reduced(candidate: Candidate, small: Picture, report: Report, size: tuple[int, int]) -> Candidate:
    opacity = candidate.picture.has_alpha and not _means_data(report)
    vectors = report.domain.vectors
    levels = candidate.picture.levels
    frames = tuple(
        _integers(_resampled(frame, size, opacity, vectors, levels), frame) for frame in candidate.picture.frames
    )
    back = [_resampled(frame, (small.width, small.height), opacity, vectors, levels) for frame in frames]
    residual = _residual(back, small, candidate.picture, opacity)
    return replace(candidate, picture=candidate.picture.replace(frames=frames), residual=residual)


def residual_beside(answer: Picture, small: Picture, report: Report) -> Residual:
    """The residual of the answer, reduced by area to the size of `small`."""
    opacity = answer.has_alpha and not _means_data(report)
    size, vectors = (small.width, small.height), report.domain.vectors
    back = [_resampled(frame, size, opacity, vectors, answer.levels) for frame in answer.frames]
    return _residual(back, small, answer, opacity)


def _means_data(report: Report) -> bool:
    alpha = report.settings.alpha
    return alpha == "data" or (alpha == "auto" and report.domain.data_alpha)


# [H, W, C] integers => [h, w, C] floating-point samples; the mean over the area that each new pixel covers.
def _resampled(frame: Pixels, size: tuple[int, int], opacity: bool, vectors: bool, levels: int) -> Samples:
    values = frame.astype(np.float64)
    if opacity:
        values[..., :-1] *= values[..., -1:] / levels
    small = _averaged(_averaged(values, size[1], 0), size[0], 1)
    if opacity:
        small[..., :-1] *= levels / np.maximum(small[..., -1:], 1e-9)
    if vectors:
        half = levels / 2
        direction = small[..., :3] - half
        small[..., :3] = half + half * direction / np.maximum(np.linalg.norm(direction, axis=-1, keepdims=True), 1e-9)
    return small


# Differences of the integral at the edges of the new pixels.
def _averaged(values: Samples, new: int, axis: int) -> Samples:
    values = np.moveaxis(values, axis, 0)
    old = len(values)
    edges = np.linspace(0, old, new + 1)
    whole = np.minimum(edges.astype(np.int64), old - 1)
    integral = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values[:-1], 0)])
    at_edges = integral[whole] + (edges - whole)[:, None, None] * values[whole]
    return np.moveaxis(np.diff(at_edges, axis=0) * (new / old), 0, axis)


def _integers(values: Samples, like: Pixels) -> Pixels:
    integers: Pixels = np.rint(values).clip(0, np.iinfo(like.dtype).max).astype(like.dtype)
    return integers


def _residual(back: list[Samples], small: Picture, answer: Picture, opacity: bool) -> Residual:
    channels = answer.channels
    differences = []
    for frame, original in zip(back, small.frames, strict=True):
        source = _as_channels(original, small, channels).astype(np.float64)
        difference = np.abs(frame - source) * (255 / answer.levels)
        visible = np.ones(source.shape[:2], bool)
        if opacity:
            difference[..., :-1] *= source[..., -1:] / answer.levels
            visible = source[..., -1] > 0
        differences.append(difference[visible].ravel())
    every = np.concatenate(differences)
    if not len(every):
        return Residual(0.0, 0.0, 0.0)
    return Residual(float(every.max()), float(every.mean()), float(np.sqrt(np.mean(every**2))))


def _as_channels(frame: Pixels, small: Picture, channels: int) -> Pixels:
    if frame.shape[-1] == channels:
        return frame
    rgba = small.replace(frames=(frame,)).rgba()
    return rgba[..., :channels] if channels >= 3 else rgba[..., [0, 3][:channels]]
