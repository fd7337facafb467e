"""
What is decided about a picture before a network sees it: kind, degradation, wrap, meaning of alpha, true grid.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from depixel.consistency import is_binary_alpha
from depixel.degradation import Degradation, make_degradation
from depixel.domain import Domain, requested
from depixel.errors import BadUsageError
from depixel.picture import Picture
from depixel.preparation.detection import detect, hides_everything
from depixel.preparation.grid import enlargement, reduced
from depixel.preparation.sheets import SheetLayout
from depixel.preparation.tensors import integers, premultiplied
from depixel.preparation.tilesets import find_tiles
from depixel.preparation.tiling import tiles
from depixel.request import Request


@dataclass(frozen=True)
class Prepared:
    """A picture with everything that was decided about it, as tensors. Tensors are [F, 4, h, w], one row per frame."""

    whole: Picture  # the original
    source: Picture  # what is answered: `whole`, or its frames if it is a sheet
    layout: SheetLayout | None  # how `source` was cut out of `whole`; None = it was not cut
    straight: Tensor  # int32 straight RGBA on the true grid; alpha is opaque if it is data
    data_alpha: Tensor | None  # [F, 1, h, w] int32 if alpha is data: a plane of its own
    domain: Domain
    degradation: Degradation  # its factor leads from the true grid to the answer
    binary_alpha: bool
    soft_edges: bool  # answers to binary alpha may have soft outlines
    wrap: tuple[bool, bool]  # (x, y)
    grid: int  # how many times the source had been enlarged by nearest neighbour; 1 = not
    notes: tuple[str, ...]

    @property
    def levels(self) -> int:
        """The largest sample value: 255 or 65535."""
        return self.source.levels

    @property
    def scale(self) -> int:
        """How many times as large as `source` the answer is."""
        return self.degradation.factor // self.grid


def prepare(picture: Picture, request: Request, layout: SheetLayout | None = None) -> Prepared:
    """
    Decide what the request leaves open. Deterministic: the same picture and request give the same decisions.

    Args:
        layout: how to cut the picture into frames (`sheets.layout_of`). The kind is that of the whole picture.

    Raises:
        BadUsageError: the request's box lies outside the picture.
    """
    if request.box is not None and (request.box[2] > picture.width or request.box[3] > picture.height):
        raise BadUsageError(f"box {request.box} reaches beyond the picture of {picture.width}x{picture.height}.")
    domain = requested(request.domain) or _detected(picture, request)
    source = picture if layout is None else layout.cut(picture)
    grid = enlargement(source) if domain.gridded and request.box is None else 1
    on_grid = reduced(source, grid) if grid > 1 else source
    straight = integers(on_grid)
    data_alpha = None
    is_data = request.alpha == "data" or (request.alpha == "auto" and (domain.data_alpha or hides_everything(picture)))
    if source.has_alpha and is_data:
        data_alpha = straight[:, 3:].clone()
        straight[:, 3] = source.levels
    wrap = _wrap(on_grid, request, domain, all_frames=layout is not None)
    factor = request.scale_for(domain, picture.width, picture.height) * grid
    name = domain.degradation if request.degradation == "auto" else request.degradation
    return Prepared(
        whole=picture,
        source=source,
        layout=layout,
        straight=straight,
        data_alpha=data_alpha,
        domain=domain,
        degradation=make_degradation(name, factor, wrap),
        binary_alpha=is_binary_alpha(premultiplied(straight, source.levels)),
        soft_edges=request.edges == "soft",
        wrap=wrap,
        grid=grid,
        notes=(*_notes(grid, name, factor), *_hints(picture, request, layout)),
    )


# Blocks of flat colour can also be a coarse texture: only pixel art is judged on its true grid.
def _detected(picture: Picture, request: Request) -> Domain:
    grid = enlargement(picture) if request.box is None else 1
    return detect(reduced(picture, grid) if grid > 1 else picture)


# What the picture seems to be, if the request does not say.
def _hints(picture: Picture, request: Request, layout: SheetLayout | None) -> tuple[str, ...]:
    if layout is not None or request.frames != "none" or (grid := find_tiles(picture)) is None:
        return ()
    columns, rows = grid
    return (
        f"The picture looks like a sheet of {columns}x{rows} tiles; --frames auto answers each of them separately.",
    )


def _notes(grid: int, degradation: str, factor: int) -> tuple[str, ...]:
    notes: list[str] = []
    if grid > 1:
        notes.append(
            f"The picture had been enlarged {grid}x by nearest neighbour; Depixel started from its true grid, and the "
            "answer scales back to the pixels of that grid."
        )
    if degradation == "point" and factor == 2:
        notes.append(
            "At scale 2 the centre of a block is the whole block, so only repeated pixels scale back exactly; "
            "choose a reading, or scale 3 or more, for smooth contours."
        )
    return tuple(notes)


# The frames of a sheet share one decision: an axis wraps only if all of them do.
def _wrap(picture: Picture, request: Request, domain: Domain, *, all_frames: bool) -> tuple[bool, bool]:
    if request.wrap == "auto":
        frames = picture.frames if all_frames else picture.frames[:1]
        measured = [tiles(picture.replace(frames=(frame,), durations=())) for frame in frames if domain.repeats]
        return all(x for x, _ in measured) and bool(measured), all(y for _, y in measured) and bool(measured)
    return "x" in request.wrap, "y" in request.wrap
