"""Dialogs hide options without effect, and promise exact answers only where they are exact."""

from __future__ import annotations

import pytest

from depixel.client import ANONYMISE_FACE, IMAGINE_FACE, UPSCALE, Action, exactness, idle_options
from depixel.client.advice import ENLARGED_KINDS
from depixel.domain import BY_NAME


def test_an_explanation_makes_no_promise() -> None:
    """Dialogs show it before a sentence about the values; the help adds the promise for the defaults."""
    assert UPSCALE.explanation == "Detail is invented, not recovered."
    for action in (IMAGINE_FACE, ANONYMISE_FACE):
        assert action.explanation == action.help


def test_rows_of_other_kinds_are_idle() -> None:
    """Readings apply to pixel art; while the engine decides the kind, nothing is ruled out."""
    assert "palette" in idle_options(UPSCALE, {"domain": "normals"})
    assert "edges" in idle_options(UPSCALE, {"domain": "data"})
    assert idle_options(UPSCALE, {"domain": "data"})["edges"].startswith("Only for art")
    assert "reading" not in idle_options(UPSCALE, {"domain": "pixel-art"})
    assert not {"reading", "palette", "edges"} & set(idle_options(UPSCALE, {"domain": "auto"}))


def test_a_copy_of_the_document_has_one_answer_for_each_layer() -> None:
    """The number of answers has no effect there."""
    assert "candidates" in idle_options(UPSCALE, {"output": "document"})
    assert "candidates" not in idle_options(UPSCALE, {"output": "new-document"})


@pytest.mark.parametrize(
    ("values", "idle"),
    [
        ({"domain": "art", "candidates": 1, "imagination": 0.0}, True),
        ({"domain": "art", "candidates": 4, "imagination": 0.0}, True),
        ({"domain": "art", "candidates": 5, "imagination": 0.0}, False),
        ({"domain": "auto", "candidates": 2, "imagination": 0.0}, False),
        ({"domain": "pixel-art", "candidates": 6, "imagination": 0.0}, True),
        ({"domain": "pixel-art", "candidates": 7, "imagination": 0.0}, False),
        ({"domain": "art", "candidates": 1, "imagination": 0.2}, False),
        ({"domain": "art", "candidates": 1, "imagination": 0.0, "steps": 20}, False),
    ],
)
def test_a_seed_is_hidden_where_it_changes_nothing(values: dict[str, object], idle: bool) -> None:
    """The calm answer is the same for every seed; so are the calm readings of pixel art."""
    assert ("seed" in idle_options(UPSCALE, values)) is idle
    assert "seed" not in idle_options(IMAGINE_FACE, values)


@pytest.mark.parametrize(
    ("action", "values", "exact"),
    [
        (UPSCALE, {}, True),
        (UPSCALE, {"palette": "keep"}, False),
        (IMAGINE_FACE, {"exact": "always"}, True),
        (IMAGINE_FACE, {"exact": "auto"}, False),
        (IMAGINE_FACE, {"exact": "never"}, False),
        (ANONYMISE_FACE, {}, False),
    ],
)
def test_only_exact_answers_are_called_exact(action: Action, values: dict[str, object], exact: bool) -> None:
    """The unconditional promise is made only if nothing in the request breaks it."""
    assert exactness(action, values).startswith("Scaled down again, it gives exactly your pixels") is exact


@pytest.mark.parametrize(
    ("action", "values", "pixels"),
    [
        (UPSCALE, {"domain": "art"}, "your pixels."),
        (UPSCALE, {}, "your pixels (pixel art: at the centre of each block; repeated pixels count once)."),
        (UPSCALE, {"domain": "pixel-art"}, "your pixels at the centre of each block; repeated pixels count once."),
        (UPSCALE, {"domain": "pixel-art", "degradation": "area"}, "your pixels; repeated pixels count once."),
        (UPSCALE, {"domain": "art", "degradation": "point"}, "your pixels at the centre of each block."),
        (UPSCALE, {"degradation": "area"}, "your pixels (pixel art: repeated pixels count once)."),
        (IMAGINE_FACE, {"exact": "always"}, "your pixels; repeated pixels count once."),
    ],
)
def test_exactly_says_which_pixels_are_meant(action: Action, values: dict[str, object], pixels: str) -> None:
    """Pixel art is compared at the centres of its blocks, and on its true grid if the picture had been enlarged."""
    assert exactness(action, values) == f"Scaled down again, it gives exactly {pixels}"


def test_pixels_are_said_to_count_once_for_the_kinds_whose_grid_is_undone() -> None:
    """The same kinds as in the engine."""
    assert set(ENLARGED_KINDS) == {domain.name for domain in BY_NAME.values() if domain.gridded}
