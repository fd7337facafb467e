"""Reads GIMP's layers as samples and writes answers as layers; no other file touches pixels."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import depixel_client as client
import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
import selection  # noqa: E402
from gi.repository import Gegl, Gimp  # noqa: E402
from selection import Box  # noqa: E402

SHALLOW = (Gimp.Precision.U8_NON_LINEAR, Gimp.Precision.U8_LINEAR, Gimp.Precision.U8_PERCEPTUAL)
FLOAT = tuple(
    getattr(Gimp.Precision, depth + "_" + curve)
    for depth in ("HALF", "FLOAT", "DOUBLE")
    for curve in ("LINEAR", "NON_LINEAR", "PERCEPTUAL")
)
_MODELS = {1: "Y'", 2: "Y'A", 3: "R'G'B'", 4: "R'G'B'A"}
_LAYER_TYPES = {
    1: Gimp.ImageType.GRAY_IMAGE,
    2: Gimp.ImageType.GRAYA_IMAGE,
    3: Gimp.ImageType.RGB_IMAGE,
    4: Gimp.ImageType.RGBA_IMAGE,
}


class Refusal(ValueError):
    """The request cannot be carried out; the message is a sentence for the user."""


class Source:
    """
    What is sent to the engine for one layer, or for all frames of an animation.

    left, top: the position of its first pixel in the image. box: the selection in its own pixels, or None. shape: how
    much of each pixel is selected (8 bits), or b"" if all of it is.
    """

    def __init__(
        self,
        layer: Any,
        left: int,
        top: int,
        width: int,
        height: int,
        channels: int,
        depth: int,
        frames: tuple[bytes, ...],
        palette: bytes = b"",
        box: Box | None = None,
        shape: bytes = b"",
    ) -> None:
        self.layer = layer
        self.name = name_of(layer)
        self.left, self.top = left, top
        self.width, self.height = width, height
        self.channels, self.depth = channels, depth
        self.frames = frames
        self.palette = palette
        self.box = box
        self.shape = shape
        self.layers = [layer]  # one for each frame


@contextlib.contextmanager
def plain_colours(image: Any) -> Iterator[None]:
    """
    Inside this context, samples are read and written as stored. GEGL would convert between sRGB and the image's
    profile, so sRGB is assigned first and the profile is restored afterwards; each is a step in the undo history.
    """
    profile = image.get_color_profile()
    if profile is None:
        yield
        return
    image.set_color_profile(_srgb(image))
    try:
        yield
    finally:
        image.set_color_profile(profile)


@contextlib.contextmanager
def reading(image: Any, layer: Any, with_filters: bool) -> Iterator[Any]:
    """The layer, or a copy of it in a copy of the image, with samples as stored and filters applied."""
    filters = with_filters and not layer.is_group() and len(layer.get_filters()) > 0
    if image.get_color_profile() is None and not filters:
        yield layer
        return
    twin = image.duplicate()
    try:
        stored = at(twin, place_of(layer))
        if filters:
            stored.merge_filters()
        if image.get_color_profile() is not None:
            twin.set_color_profile(_srgb(twin))
        yield stored
    finally:
        twin.delete()


def _srgb(image: Any) -> Any:
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    return Gimp.ColorProfile.new_d65_gray_srgb_trc() if grey else Gimp.ColorProfile.new_rgb_srgb()


def place_of(layer: Any) -> list[int]:
    """The positions of a layer and of the groups that contain it, outermost first."""
    places: list[int] = []
    while layer is not None:
        places.insert(0, layer.get_image().get_item_position(layer))
        layer = layer.get_parent()
    return places


def at(image: Any, places: list[int]) -> Any:
    """The layer of an image at a place (`place_of`) in a copy of it."""
    layer = image.get_layers()[places[0]]
    for position in places[1:]:
        layer = layer.get_children()[position]
    return layer


def outermost(layers: list[Any]) -> list[Any]:
    """These layers without those that are inside a group among them, as when all layers are selected."""
    return [layer for layer in layers if not any(_is_inside(layer, other) for other in layers)]


def check_layers(image: Any, layers: list[Any]) -> None:
    """Refuse anything that is not a layer."""
    if not layers:
        raise Refusal("Select a layer first.")
    if image.get_floating_sel() is not None:
        raise Refusal("There is a floating selection: anchor it or make it a layer (Layer menu), and try again.")
    for layer in layers:
        if isinstance(layer, Gimp.LayerMask):
            raise Refusal("A layer mask is selected: click on the layer itself and try again.")
        if not isinstance(layer, Gimp.Layer):
            raise Refusal("A channel is selected: click on a layer and try again.")


def read(image: Any, layer: Any, with_mask: bool, crop: bool, box: bool) -> Source:
    """
    Samples of one layer.

    with_mask: as it looks: multiply the layer's mask into alpha, apply its filters. crop: read only the selection's
    bounds. box: read all, and record the selection.
    """
    left, top = layer.get_offsets()[-2:]
    width, height = layer.get_width(), layer.get_height()
    inside = None
    bounds = selection.bounds_of(image)
    if bounds is not None and (crop or box):
        inside = selection.within(bounds, left, top, width, height)
        if inside is None:
            raise Refusal(
                "The selection does not touch the layer %s: select a part of it, or clear the selection."
                % layer.get_name()
            )
    if _is_empty(layer):  # GIMP would present it as one transparent pixel
        raise Refusal("The layer group %s is empty." % layer.get_name())
    area = inside if crop and inside else (0, 0, width, height)
    size = (area[2] - area[0], area[3] - area[1])
    shape = b""
    if inside is not None:
        part = (0, 0, *size) if crop else inside
        shape = selection.shape_of(image, left + area[0], top + area[1], *size, part)
    mask = layer.get_mask() if with_mask else None
    alpha = layer.has_alpha() or layer.is_group() or mask is not None
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    channels = (1 if grey else 3) + (1 if alpha else 0)
    depth = 8 if image.get_precision() in SHALLOW else 16
    rectangle = Gegl.Rectangle.new(area[0], area[1], *size)
    with reading(image, layer, with_mask) as stored:
        data = _get(stored, rectangle, channels, depth)
        if mask is not None:
            # Masks are linear: read as Y', a half-transparent 128 would become 188.
            data = _masked(data, _samples(stored.get_mask(), rectangle, "Y u%d" % depth), channels, depth)
    palette = b""
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        palette = palette_of(image)
    at = (left + area[0], top + area[1])
    face = inside if box else None
    return Source(layer, *at, *size, channels, depth, (data,), palette, face, shape)


def read_frames(image: Any, layers: list[Any]) -> Source:
    """All layers, bottom first, each on the whole canvas: the frames of one animation."""
    if len(layers) < 2:
        raise Refusal("There is only one layer: an animation needs at least two layers as frames.")
    width, height = image.get_width(), image.get_height()
    parts = [read(image, layer, True, False, False) for layer in layers]
    alpha = any(part.channels in (2, 4) or _does_not_cover(part, width, height) for part in parts)
    channels = (1 if parts[0].channels <= 2 else 3) + (1 if alpha else 0)
    first = parts[0]
    frames = tuple(_on_canvas(part, width, height, channels) for part in parts)
    source = Source(layers[0], 0, 0, width, height, channels, first.depth, frames, first.palette)
    source.layers = layers
    return source


def name_of(layer: Any) -> str:
    """The name to send for a layer: the file's name if it is the only layer, as `depixel upscale` would send it."""
    image = layer.get_image()
    file = image.get_file()
    if file is not None and len(image.get_layers()) == 1 and layer.get_parent() is None:
        return str(file.get_basename())
    return str(layer.get_name())


def palette_of(image: Any) -> bytes:
    """RGBA of each colour of an indexed image."""
    palette = image.get_palette()
    colours = palette.get_colors() if palette is not None else []
    out = bytearray()
    for colour in colours:
        out += bytes(min(255, max(0, round(part * 255))) for part in tuple(colour.get_rgba())[:3]) + b"\xff"
    return bytes(out)


def add_layer(
    image: Any,
    parent: Any,
    position: int,
    name: str,
    answer: client.Answer,
    frame: int,
    left: int,
    top: int,
    visible: bool = True,
) -> Any:
    """A new layer that holds one frame of an answer; the caller has removed the profile (`plain_colours`)."""
    indexed = image.get_base_type() == Gimp.ImageBaseType.INDEXED
    kind = _LAYER_TYPES[answer.channels]
    if indexed:
        kind = Gimp.ImageType.INDEXEDA_IMAGE if answer.channels in (2, 4) else Gimp.ImageType.INDEXED_IMAGE
    layer = Gimp.Layer.new(image, name, answer.width, answer.height, kind, 100.0, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, parent, position)
    layer.set_offsets(left, top)
    _set(layer.get_buffer(), answer, frame)
    layer.update(0, 0, answer.width, answer.height)
    layer.set_visible(visible)
    return layer


def look_like(target: Any, layer: Any) -> None:
    """Give a new layer or group the opacity, the mode and the blending spaces of its source."""
    target.set_opacity(layer.get_opacity())
    if layer.get_mode() != Gimp.LayerMode.PASS_THROUGH:  # groups only, and they were answered as they look
        target.set_mode(layer.get_mode())
        target.set_blend_space(layer.get_blend_space())
        target.set_composite_space(layer.get_composite_space())
        target.set_composite_mode(layer.get_composite_mode())


def add_group(image: Any, parent: Any, position: int, name: str) -> Any:
    group = Gimp.GroupLayer.new(image, name)
    image.insert_layer(group, parent, position)
    return group


def select_best(image: Any, layers: list[Any]) -> None:
    """Select the new layers; in a group of answers, the visible one on top."""
    image.set_selected_layers([item.get_children()[0] if item.is_group() else item for item in layers])


def enlarge(image: Any, scale: int) -> None:
    """Scale canvas, layers, masks and guides by repeating pixels."""
    Gimp.context_push()
    try:
        Gimp.context_set_interpolation(Gimp.InterpolationType.NONE)
        image.scale(image.get_width() * scale, image.get_height() * scale)
    finally:
        Gimp.context_pop()


def overwrite(image: Any, layer: Any, answer: client.Answer) -> None:
    """Replace a layer's pixels with an answer of the same size, undoably; GIMP does not change unselected pixels."""
    buffer = layer.get_shadow_buffer()
    _set(buffer, answer, 0)
    layer.merge_shadow(True)
    layer.update(0, 0, answer.width, answer.height)


def check_replaceable(image: Any, layer: Any) -> None:
    """Refuse layers in which new pixels would destroy more than pixels."""
    kinds = (("is_group", "a layer group"), ("is_text_layer", "a text layer"), ("is_link_layer", "a link layer"),
             ("is_vector_layer", "a vector layer"))  # fmt: skip
    for question, kind in kinds:
        if hasattr(layer, question) and getattr(layer, question)():
            raise Refusal("%s is %s and cannot be replaced by pixels: choose New layers or New image."
                          % (layer.get_name(), kind))  # fmt: skip
    if layer.get_lock_content():
        raise Refusal("The pixels of %s are locked: unlock them, or choose New layers or New image." % layer.get_name())
    if layer.get_lock_alpha() and layer.has_alpha():  # GIMP would write new colours below the old alpha
        raise Refusal(
            "The alpha channel of %s is locked, and the answer has its own: unlock it, or choose New layers or New "
            "image." % layer.get_name()
        )


def animation_layers(image: Any) -> list[Any]:
    """The layers that are frames, bottom first."""
    return [layer for layer in reversed(image.get_layers()) if not isinstance(layer, Gimp.GroupLayer)]


def _is_empty(layer: Any) -> bool:
    return layer.is_group() and all(_is_empty(child) for child in layer.get_children())


def _is_inside(layer: Any, other: Any) -> bool:
    parent = layer.get_parent()
    while parent is not None:
        if parent == other:
            return True
        parent = parent.get_parent()
    return False


def _get(drawable: Any, rectangle: Any, channels: int, depth: int) -> bytes:
    return _samples(drawable, rectangle, "%s u%d" % (_MODELS[channels], depth))


def _samples(drawable: Any, rectangle: Any, name: str) -> bytes:
    return bytes(drawable.get_buffer().get(rectangle, 1.0, name, Gegl.AbyssPolicy.NONE))


def _set(buffer: Any, answer: client.Answer, frame: int) -> None:
    name = "%s u%d" % (_MODELS[answer.channels], answer.depth)
    buffer.set(Gegl.Rectangle.new(0, 0, answer.width, answer.height), name, answer.frames[frame])
    buffer.flush()


# Alpha times mask, rounded; a layer without alpha has been read as opaque.
def _masked(data: bytes, mask: bytes, channels: int, depth: int) -> bytes:
    if depth == 8:
        out = bytearray(data)
        alpha = out[channels - 1 :: channels]
        out[channels - 1 :: channels] = bytes((a * m + 127) // 255 for a, m in zip(alpha, mask))
        return bytes(out)
    samples = memoryview(bytearray(data)).cast("H")
    values = memoryview(mask).cast("H")
    for i in range(len(values)):
        at = i * channels + channels - 1
        samples[at] = (samples[at] * values[i] + 32767) // 65535
    return samples.tobytes()


def _does_not_cover(part: Source, width: int, height: int) -> bool:
    return part.left > 0 or part.top > 0 or part.left + part.width < width or part.top + part.height < height


# The part on a canvas, transparent outside the layer; alpha is added if the others have it.
def _on_canvas(part: Source, width: int, height: int, channels: int) -> bytes:
    size = part.depth // 8
    data = part.frames[0]
    if part.channels != channels:  # opaque among layers with alpha
        step = part.channels * size
        opaque = b"\xff" * size
        data = b"".join(data[i : i + step] + opaque for i in range(0, len(data), step))
    pixel = channels * size
    canvas = bytearray(width * height * pixel)
    first, last = max(0, -part.left), min(part.width, width - part.left)
    for y in range(part.height):
        row = y + part.top
        if 0 <= row < height and first < last:
            at = (row * width + part.left + first) * pixel
            line = data[(y * part.width + first) * pixel : (y * part.width + last) * pixel]
            canvas[at : at + len(line)] = line
    return bytes(canvas)
