"""Names of layers and files tell the size of a result: its scale, or the size that it was reduced to."""

from __future__ import annotations

from dataclasses import replace

from depixel.client import (
    ANONYMISE_FACE,
    IMAGINE_FACE,
    UPSCALE,
    Answer,
    Pixels,
    Recipe,
    Result,
    file_suffix,
    layer_name,
)
from depixel.client.naming import group_name, summary, worst_exactness


def result(scale: int, **settings: object) -> Result:
    """One exact answer of seed 7."""
    answer = Answer(4, 2, 4, 8, (bytes(32),), 0.0, 0.0, 0.0, seed=7)
    return Result((answer,), "art", "area", "art", scale, 0, 0.1, report={"settings": settings})


def test_layers_and_groups_are_named_by_scale_or_size() -> None:
    """A reduced answer has no whole scale."""
    assert layer_name("hero", result(4), 0) == "hero x4, seed 7, exact"
    assert layer_name("hero", result(4, size=100), 0) == "hero 100px, seed 7, exact"
    assert group_name("hero", result(4, size=100)).startswith("hero 100px: 1 answer")


def test_a_summary_says_where_pixel_art_is_exact() -> None:
    """The layer's name is short, and says only that it is exact."""
    pixel_art = replace(result(4), degradation="point")

    assert "scaled back: exact." in summary(result(4))
    assert "scaled back: exact at the centre of each block." in summary(pixel_art)
    assert layer_name("hero", pixel_art, 0) == "hero x4, seed 7, exact"


def test_a_summary_says_how_long_it_took() -> None:
    """A time that would be rounded to 0.0 s is not a time."""
    assert summary(result(4)).startswith("1 answer in 0.1 s;")
    assert summary(replace(result(4), seconds=0.02)).startswith("1 answer in less than 0.1 s;")


def test_several_results_are_as_exact_as_the_worst() -> None:
    """The promise for all of them is no stronger than for each."""
    off = replace(result(4).answers[0], residual=3.0)

    assert worst_exactness([result(4), replace(result(4), answers=(off,))]) == "off by 3 of 255"
    centres = [result(4), replace(result(4), degradation="point")]
    assert worst_exactness(centres) == "exact at the centre of each block"
    assert worst_exactness([result(4)], "colour conversion") == "exact before colour conversion"


def test_pixels_that_the_program_changes_are_not_called_exact() -> None:
    """A name promises nothing that is not true of the layer's pixels."""
    assert layer_name("hero", result(4), 0, change="reduced") == "hero x4, seed 7, reduced"
    assert "scaled back: exact before the reduction." in summary(result(4), "the reduction")


def test_files_are_named_by_scale_or_size() -> None:
    """The name tells what was done."""
    assert file_suffix(UPSCALE, 4) == "-x4"
    assert file_suffix(IMAGINE_FACE, 8, 1000) == "-imagined-1000px"
    assert file_suffix(ANONYMISE_FACE) == "-anonymised"


def test_a_recipe_of_a_size_fills_the_row_of_the_dialog() -> None:
    """Size as text with a unit; a requested scale replaces it."""
    recipe = Recipe("upscale", {"size": 1000, "seed": 7})

    assert recipe.values()["size"] == "1000 px"
    pixels = Pixels(2, 1, 3, (bytes(6),))
    assert recipe.submission(pixels, scale=5).settings == {"scale": 5, "seed": 7}
    assert recipe.submission(pixels, seed=8).settings == {"size": 1000, "seed": 8}
