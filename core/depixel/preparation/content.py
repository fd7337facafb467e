"""The kind of a picture by its content alone, as it would be answered: without its colour key, on its true grid."""

from __future__ import annotations

from depixel.domain import PIXEL_ART
from depixel.picture import Picture
from depixel.preparation.detection import detect
from depixel.preparation.grid import enlargement, reduced
from depixel.preparation.keys import find_key, with_alpha


def kind_by_content(picture: Picture) -> str:
    """The name of the kind (`Domain.name`); the picture's own name is not used."""
    key = find_key(picture)
    unnamed = (picture if key is None else with_alpha(picture, key)).replace(name="")
    grid = enlargement(unnamed)
    on_grid = detect(reduced(unnamed, grid)).name if grid > 1 else ""
    return on_grid if on_grid == PIXEL_ART.name else detect(unnamed).name
