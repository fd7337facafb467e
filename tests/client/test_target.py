"""Sizes are read as people write them, and become a scale wherever that is exact."""

from __future__ import annotations

import pytest

from depixel.client import IMAGINE_FACE, UPSCALE, BadOptionError, exactness, idle_options, settings_of
from depixel.client.target import read_target, result_size, too_large, whole_scale
from depixel.request import Request


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", {}),
        (" ", {}),
        ("400%", {"scale": 4}),
        (" 400 % ", {"scale": 4}),
        ("4x", {"scale": 4}),
        ("x4", {"scale": 4}),
        ("×4", {"scale": 4}),
        ("128", {"scale": 2}),
        ("192 px", {"scale": 3}),
        ("100%", {"size": 64}),
        ("1x", {"size": 64}),
        ("150%", {"size": 96}),
        ("1000px", {"size": 1000}),
        ("640x480", {"scale": 10}),
        ("640×100", {"size": 200}),
        ("300 x 300", {"size": 300}),
    ],
)
def test_sizes_of_a_picture_of_64_x_32(text: str, settings: dict[str, int]) -> None:
    """Whole multiples are a scale, which scales back exactly; anything else is a longer side."""
    assert read_target(text, 64, 32) == settings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("50%", "smaller"),
        ("63", "smaller"),
        ("30x3000", "smaller"),
        ("6500%", "too large"),
        ("65000", "too large"),
        ("big", "size must be"),
        ("-4x", "size must be"),
        ("0", "size must be"),
        ("4xx", "size must be"),
        ("1e3", "size must be"),
    ],
)
def test_sizes_that_cannot_be_are_refused(text: str, said: str) -> None:
    """One sentence that quotes the text."""
    with pytest.raises(BadOptionError, match=said):
        read_target(text, 64, 32)


@pytest.mark.parametrize("text", ["100%", "150%", "400%", "1000px", "640x100", "63.5%", "3x"])
@pytest.mark.parametrize("size", [(64, 32), (7, 5), (33, 100)])
def test_the_result_has_the_size_that_the_engine_makes(text: str, size: tuple[int, int]) -> None:
    """The dialog shows the size that the engine will deliver."""
    try:
        settings = read_target(text, *size)
    except BadOptionError:
        return
    request = Request.from_dict(settings)
    domain_scale = request.scale or min(64, max(2, -(-(request.size or 0) // max(size))))

    assert whole_scale(settings, *size) == domain_scale
    assert result_size(settings, *size) == request.answer_size(*size, domain_scale)


def test_a_size_takes_the_place_of_the_scale() -> None:
    """It is in the request; the row of the scale is hidden; no promise of exactness is made."""
    values = {**UPSCALE.defaults(), "scale": 7, "size": "150%"}

    assert settings_of(UPSCALE, values, picture_size=(64, 32)) == {"size": 96}
    assert "scale" in idle_options(UPSCALE, values) and "scale" not in idle_options(UPSCALE, UPSCALE.defaults())
    assert "approximately" in exactness(UPSCALE, values, (64, 32))
    assert "exactly your pixels" in exactness(UPSCALE, {**values, "size": "300%"}, (64, 32))
    assert settings_of(IMAGINE_FACE, {"size": "1024"}, picture_size=(16, 16))["scale"] == 64


def test_a_size_needs_the_picture_and_free_colours() -> None:
    """Reducing mixes colours; without the picture a percentage has no meaning."""
    with pytest.raises(BadOptionError, match="depends on the picture"):
        settings_of(UPSCALE, {"size": "150%"})
    with pytest.raises(BadOptionError, match="mixes colours"):
        settings_of(UPSCALE, {"size": "150%", "palette": "keep"}, picture_size=(8, 8))
    assert settings_of(UPSCALE, {"size": "300%", "palette": "keep"}, picture_size=(8, 8))["scale"] == 3


def test_an_answer_that_is_too_large_is_refused_before_it_is_requested() -> None:
    """The limit is the engine's, and the sentence names it."""
    assert too_large(2**30) == "" and "1074 megapixels in 12 frames" in too_large(2**30 + 1, 12)
    assert settings_of(UPSCALE, {"scale": 8}, picture_size=(4096, 4096)) == {"scale": 8}
    for values in ({"scale": 9}, {"size": "1000%"}):
        with pytest.raises(BadOptionError, match="choose a smaller scale"):
            settings_of(UPSCALE, values, picture_size=(4096, 4096))
