"""What a texture cannot hold or keep, given the layout of its source; shared by KTX, KTX 2 and VTF."""

from __future__ import annotations

from depixel.files.bit_fields import width_of
from depixel.files.dds_writing import BC7_REMARK
from depixel.files.format import Size
from depixel.files.textures import Layout, has_bc7_encoder
from depixel.picture import Picture


def layout_of(picture: Picture) -> Layout | None:
    """The layout of the texture that a picture came from; None if it did not come from a texture."""
    layout = getattr(picture.details.get("texture"), "layout", None)
    return layout if isinstance(layout, Layout) else None


def refuses_depth(picture: Picture, _: Size) -> str:
    """A sentence if the picture has 16 bits per sample and the source's layout cannot hold them; otherwise empty."""
    layout = layout_of(picture)
    if picture.levels == 255 or (layout is not None and any(width_of(mask) > 8 for mask in layout.masks)):
        return ""
    return "16 bits per sample cannot be written to a texture with 8; choose PNG or TIFF."


def remark_on_blocks(picture: Picture) -> str:
    """A sentence if a better encoder could be installed; otherwise empty."""
    layout = layout_of(picture)
    return BC7_REMARK if layout is not None and layout.compression == "BC7" and not has_bc7_encoder() else ""
