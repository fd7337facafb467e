"""Adjoining pictures, through the whole engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tiny_art import write_tiny_art

from depixel.joints import margins_of
from depixel.meeting import NOTE
from depixel.picture import MARGINS, Picture
from depixel.request import Request
from depixel.upsampler import Upsampler

WHOLE = np.random.default_rng(6).integers(0, 4, (20, 48, 3)).cumsum(1).astype(np.uint8)


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    return Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})


def _halves() -> list[Picture]:
    parts = [Picture((np.ascontiguousarray(half),), mode="RGB") for half in (WHOLE[:, :24], WHOLE[:, 24:])]
    margins = [margins_of(parts[0], [parts[1]]), margins_of(parts[1], [parts[0]])]
    assert all(margins)
    return [part.replace(details={MARGINS: met}) for part, met in zip(parts, margins, strict=True)]


@pytest.mark.parametrize("wrap", ["auto", "none"])
def test_halves_are_answered_as_the_whole(upsampler: Upsampler, wrap: str) -> None:
    """At the joint each half equals the answer to the whole picture, and scales back."""
    request = Request(domain="art", wrap=wrap, ensemble=1)

    answers = [upsampler.upsample(half, request) for half in _halves()]

    whole = upsampler.upsample(Picture((WHOLE,), mode="RGB"), request).picture.frames[0]
    joined = np.concatenate([answer.picture.frames[0] for answer in answers], 1)
    assert joined.shape == whole.shape
    assert np.array_equal(joined[:, 80:112], whole[:, 80:112])
    assert all(NOTE in answer.notes and answer.residual.maximum <= 1 for answer in answers)
    means = joined.reshape(20, 4, 48, 4, 3).astype(float).mean((1, 3))
    assert np.abs(means - WHOLE).max() <= 1


@pytest.mark.parametrize("more", [{"wrap": "x"}, {"frames": "2x1"}, {"size": 60}])
def test_a_request_knows_better(upsampler: Upsampler, more: dict[str, Any]) -> None:
    """Explicit requests about tiling, cropping or in-between sizes are obeyed."""
    report = upsampler.upsample(_halves()[0], Request(domain="art", **more))
    assert NOTE not in report.notes


def test_a_part_of_a_picture_does_not_continue(upsampler: Upsampler) -> None:
    """A picture that was cut after its neighbours were found, as in a dry run, is answered alone."""
    half = _halves()[0]
    part = half.replace(frames=(np.ascontiguousarray(half.frames[0][2:12, 3:13]),))

    report = upsampler.upsample(part, Request(domain="art", ensemble=1))

    assert NOTE not in report.notes
    assert (report.picture.width, report.picture.height) == (40, 40)


def test_a_figure_on_a_colour_key_does_not_continue(upsampler: Upsampler) -> None:
    """The left and right part of a figure may meet at their edges; with the key transparent they are answered alone."""
    left, right = (half.frames[0].copy() for half in _halves())
    for part in (left, right):
        part[:6] = (255, 0, 255)
    margins = margins_of(Picture((left,), mode="RGB"), [Picture((right,), mode="RGB")])
    assert margins

    report = upsampler.upsample(Picture((left,), mode="RGB", details={MARGINS: margins}), Request(domain="art"))

    assert NOTE not in report.notes
    assert (report.picture.frames[0][:20] == (255, 0, 255)).all()
