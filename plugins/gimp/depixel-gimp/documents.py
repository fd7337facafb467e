"""Whole images: an enlarged copy with all layers in register, and a flattened copy without anything hidden."""

from __future__ import annotations

from typing import Any

import depixel_client as client
import gi
import gimpfu_compat
import host
import images
import selection
from jobs import replies
from sizing import sizing

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402


def enlarged_copy(
    action: client.Action,
    image: Any,
    selected: list[Any],
    values: dict[str, Any],
    picks: list[dict[str, Any]] | None = None,
) -> Any:
    """
    An enlarged copy of the image in which the pixels of every layer are the engine's answers. Groups, names, opacity,
    modes, offsets, masks, guides and paths are preserved. The value `output` decides which layers the copy has: all of
    them, hidden ones included; the visible ones; or the selected ones with the groups that contain them.

    Args:
        selected: the selected layers of the image.
        picks: see `jobs.replies`; at most one.

    Raises:
        Refusal: there is nothing to answer.
        EngineError, Cancelled: see `jobs.replies`; the copy is then deleted.
    """
    if image.get_floating_sel() is not None:
        raise host.Refusal("There is a floating selection: anchor it or make it a layer (Layer menu), and try again.")
    indexed = image.get_base_type() == Gimp.ImageBaseType.INDEXED
    copy = image.duplicate()
    try:
        copy.undo_disable()
        Gimp.Selection.none(copy)
        _remove_others(copy, [host.at(copy, host.place_of(layer)) for layer in selected], values["output"])
        if indexed and values.get("palette") != "keep":
            copy.convert_rgb()
        layers = [layer for layer in images.leaves(copy.get_layers()) if _has_pixels(layer)]
        if not layers:
            which = {"visible-document": " visible", "selected-document": " selected"}.get(values["output"], "")
            raise host.Refusal("The image has no%s layer with pixels." % which)
        sources = [host.read(copy, layer, False, False, False) for layer in layers]
        masks = [_mask_of(layer) for layer in images.leaves(copy.get_layers(), groups=True)]
        size = sizing(action, image, sources, values)
        Gimp.progress_init("Depixel")
        all_replies = replies(action, image, sources, size.values, picks)
        scale = all_replies[0].result.scale
        host.enlarge(copy, scale)
        with host.plain_colours(copy):
            for reply in all_replies:
                _fill(copy, reply.source.layer, reply.result.answers[0])
                images.keep_recipe(reply.source.layer, reply.recipes[0], reply.source.layer)
        for layer, mask in zip(images.leaves(copy.get_layers(), groups=True), masks):
            if mask is not None:
                selection.fill_mask(layer.get_mask(), *mask)
        images.reduce(copy, size.canvas)
        images.name_after(copy, image, client.file_suffix(action, scale, max(size.canvas) if size.canvas else 0))
        copy.undo_enable()
    except BaseException:
        copy.delete()
        raise
    Gimp.progress_end()
    if gimpfu_compat.interactive:
        Gimp.Display.new(copy)
    return copy


def copied(image: Any, selected: list[Any], output: str) -> list[Any]:
    """The layers of the image that a copy has, without groups."""
    if output == "selected-document":
        return images.leaves(selected)
    return images.leaves(image.get_layers(), visible=output == "visible-document")


# A group stays if anything in it does.
def _remove_others(image: Any, selected: list[Any], output: str) -> None:
    if output == "document":
        return
    kept = copied(image, selected, output)
    for layer in images.leaves(image.get_layers(), groups=True):
        if layer.is_valid() and not any(one in kept for one in images.leaves([layer])):
            image.remove_layer(layer)


def flattened_copy(image: Any, layers: list[Any]) -> Any:
    """A new image with one layer: what is visible, without anything below it, in the history or in the metadata."""
    del layers
    copy = image.duplicate()
    copy.undo_disable()
    flatten(copy)
    images.name_after(copy, image, "-flat")
    copy.undo_enable()
    if gimpfu_compat.interactive:
        Gimp.Display.new(copy)
    return copy


def flatten(image: Any) -> None:
    """
    Merge the visible layers, drop the others, and delete recipes and metadata (a thumbnail would show the original).
    """
    image.undo_disable()
    merged = image.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
    for layer in image.get_layers():
        if layer != merged:
            image.remove_layer(layer)
    images.forget_recipes(merged)
    if image.get_metadata() is not None:
        image.set_metadata(Gimp.Metadata.new())
    image.undo_enable()


def still_there(layers: list[Any], output: str) -> str:
    """What the user must know before sharing an image with an anonymised face."""
    if output == "replace":
        return (
            "The face has been replaced. Undo can still bring the real face back, and the original file still shows it."
        )
    names = ", ".join(layer.get_name() for layer in layers)
    return (
        "The real face is still in this image: in the layer %s, below the new one. Before you share the image, use "
        "Filters > Depixel > Flattened copy: it makes an image without that layer." % names
    )


# Link and vector layers (GIMP 3.2) are scaled by GIMP itself, without loss.
def _has_pixels(layer: Any) -> bool:
    return not any(hasattr(layer, name) and getattr(layer, name)() for name in ("is_link_layer", "is_vector_layer"))


def _mask_of(layer: Any) -> tuple[bytes, int, int] | None:
    mask = layer.get_mask()
    if mask is None:
        return None
    return selection.values_of(mask), mask.get_width(), mask.get_height()


# Locks protect a layer from the user; the copy keeps them, but its pixels are replaced.
def _fill(image: Any, layer: Any, answer: client.Answer) -> None:
    content, alpha = layer.get_lock_content(), layer.get_lock_alpha()
    layer.set_lock_content(False)
    layer.set_lock_alpha(False)
    host.overwrite(image, layer, answer)
    layer.set_lock_content(content)
    layer.set_lock_alpha(alpha)
