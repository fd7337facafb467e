"""Which colours the engine gets, and how large Krita's pixels are."""

from __future__ import annotations

import pytest

from depixel_krita.colours import SRGB, STRIP, ColourSpace, strips


@pytest.mark.parametrize(
    ("model", "depth", "pixel_bytes", "channels", "bits"),
    [("RGBA", "U8", 4, 4, 8), ("RGBA", "U16", 8, 4, 16), ("GRAYA", "U8", 2, 2, 8), ("GRAYA", "U16", 4, 2, 16)],
)
def test_whole_numbers_travel_as_they_are(model: str, depth: str, pixel_bytes: int, channels: int, bits: int) -> None:
    """8 and 16 bits of RGB and grey are not converted, keep their profile, and need no note."""
    colours = ColourSpace(model, depth, "some profile")

    assert colours.travels == colours
    assert (pixel_bytes, channels, bits) == (colours.pixel_bytes, colours.channels, colours.bits)
    assert colours.note() == ""
    assert colours.is_swapped == (model == "RGBA")


def test_floating_point_keeps_its_profile() -> None:
    """Floating point is sent with 16 bits in the same space, and a note says what was limited."""
    colours = ColourSpace("RGBA", "F32", "linear")

    assert colours.travels == ColourSpace("RGBA", "U16", "linear")
    assert ColourSpace("GRAYA", "F16", "grey").travels == ColourSpace("GRAYA", "U16", "grey")
    assert not colours.is_swapped
    assert "16 bits" in colours.note()


@pytest.mark.parametrize(("model", "pixel_bytes"), [("CMYKA", 5), ("LABA", 4), ("XYZA", 4)])
def test_other_models_are_converted(model: str, pixel_bytes: int) -> None:
    """Everything else is sent as RGB in sRGB, and a note says so."""
    colours = ColourSpace(model, "U8", "press")

    assert colours.travels == ColourSpace("RGBA", "U16", SRGB)
    assert colours.pixel_bytes == pixel_bytes
    assert model in colours.note()


def test_strips_cover_everything_once() -> None:
    """Strips follow each other without gaps, and none has more pixels than allowed."""
    for width, height in ((1, 1), (1000, 1000), (STRIP * 2, 3), (37, 100_000)):
        parts = list(strips(width, height))

        assert [top for top, _ in parts] == [sum(rows for _, rows in parts[:i]) for i in range(len(parts))]
        assert sum(rows for _, rows in parts) == height
        assert all(rows == 1 or rows * width <= STRIP for _, rows in parts)
