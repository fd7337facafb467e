"""Turns the integers of an answer into a picture like the input, and reassembles it if it was cut into frames."""

from __future__ import annotations

from torch import Tensor

from depixel.picture import Picture
from depixel.preparation.prepare import Prepared
from depixel.preparation.tensors import pixels_like
from depixel.request import Request


def finished_picture(prepared: Prepared, straight: Tensor, request: Request) -> Picture:
    """
    Args:
        straight: [F, 4, H, W] straight integers, the answer to `prepared.source`.

    Returns:
        A picture with the mode and depth of the input, indexed if the palette was kept. New colours do not fit a
        palette or one bit, so otherwise it is RGB, RGBA or grey.
    """
    source, vectors = prepared.source, prepared.domain.vectors
    picture = source.replace(
        frames=pixels_like(source, straight), vectors=vectors, data_alpha=prepared.data_alpha is not None
    )
    if request.palette != "keep" or vectors:
        if source.mode == "1":
            picture = picture.replace(mode="L")
        elif source.palette is not None:
            picture = picture.replace(mode="RGBA" if source.has_alpha else "RGB", palette=None)
    return picture if prepared.layout is None else prepared.layout.joined(picture, prepared.whole)
