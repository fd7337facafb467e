"""
What is decided about a picture before any prior sees it: domain, degradation, wrap, meaning of alpha, true grid.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from depixel.consistency import is_binary_alpha
from depixel.degradation import Degradation, make_degradation
from depixel.errors import BadUsageError
from depixel.picture import Picture
from depixel.preparation.detection import detect
from depixel.preparation.grid import enlargement, reduced
from depixel.preparation.tensors import integers, premultiplied
from depixel.preparation.tiling import tiles
from depixel.request import Request


@dataclass(frozen=True)
class Prepared:
    """One picture made ready. Tensors are [F, 4, h, w], one row a frame."""

    source: Picture  # as it came
    straight: Tensor  # int32 straight RGBA on the true grid; alpha opaque when it is data
    data_alpha: Tensor | None  # [F, 1, h, w] int32, when alpha is data: travels as a picture of its own
    domain: str
    degradation: Degradation  # its factor takes the true grid to the answer
    binary_alpha: bool
    wrap: tuple[bool, bool]  # (x, y)
    grid: int  # how often the source had been enlarged by nearest neighbour; 1 = not
    notes: tuple[str, ...]

    @property
    def levels(self) -> int:
        return self.source.levels


def prepare(picture: Picture, settings: Request) -> Prepared:
    """
    Decide what the settings left to us. Deterministic: the same picture and settings give the same decisions.

    Raises:
        BadUsageError: the settings' box lies outside the picture.
    """
    if settings.box is not None and (settings.box[2] > picture.width or settings.box[3] > picture.height):
        raise BadUsageError(f"box {settings.box} reaches beyond the picture of {picture.width}x{picture.height}.")
    notes: list[str] = []
    domain = settings.domain
    grid = enlargement(picture) if domain in ("auto", "pixel-art", "faces") and settings.box is None else 1
    on_grid = reduced(picture, grid) if grid > 1 else picture
    if domain == "auto":
        domain = detect(on_grid)
        if domain != "pixel-art":  # flat colour in blocks can also be a coarse texture: leave it as it came
            grid, on_grid = 1, picture
    if grid > 1:
        notes.append(f"The picture had been enlarged {grid}x by nearest neighbour; its true grid was taken.")
    straight = integers(on_grid)
    data_alpha = None
    means_data = settings.alpha == "data" or (settings.alpha == "auto" and domain in ("normals", "data"))
    if means_data and picture.has_alpha:
        data_alpha = straight[:, 3:].clone()
        straight[:, 3] = picture.levels
    wrap = _wrap(on_grid, settings, domain)
    factor = settings.scale_for(domain, picture.width, picture.height) * grid
    name = settings.degradation
    if name == "auto":
        name = "point" if domain == "pixel-art" else "area"
    if name == "point" and factor == 2:
        notes.append(
            "At scale 2 the centre of a block is the whole block, so pixel art can only be repeated; "
            "take scale 3 or more."
        )
    small = premultiplied(straight, picture.levels)
    return Prepared(
        source=picture,
        straight=straight,
        data_alpha=data_alpha,
        domain=domain,
        degradation=make_degradation(name, factor, wrap),
        binary_alpha=is_binary_alpha(small),
        wrap=wrap,
        grid=grid,
        notes=tuple(notes),
    )


def _wrap(picture: Picture, settings: Request, domain: str) -> tuple[bool, bool]:
    if settings.wrap == "auto":
        return tiles(picture) if domain in ("textures", "pixel-art", "normals", "data") else (False, False)
    return "x" in settings.wrap, "y" in settings.wrap
