"""One run of an action: read the layers, ask the engine, put the answers where they belong. One undo step."""

from __future__ import annotations

import contextlib
from typing import Any

import depixel_client as client
import documents
import gimpfu_compat
import host
import images
import pace
import selection
from gi.repository import Gimp
from gimpfu_compat import Cancelled
from host import Refusal, Source
from jobs import Reply, replies


def perform(action: client.Action, image: Any, layers: list[Any], values: dict[str, Any], frames: bool = False) -> Any:
    """
    Do it. Returns the image that holds the answers.

    Refusal (a sentence) when something of it cannot be done; nothing has been changed then.
    """
    try:
        values = client.check(action, values)
        output = values["output"]
        check_request(action, image, layers, values, frames)
        if output == "document":
            return documents.enlarged_copy(action, image, values)
        sources = _sources(action, image, layers, values, frames)
        Gimp.progress_init("Depixel")
        found = replies(action, image, sources, values)
    except client.CancelledError as error:
        raise Cancelled() from error
    except client.EngineError as error:
        raise Refusal(str(error)) from error
    if gimpfu_compat.interactive:
        answers = [answer for reply in found for answer in reply.result.answers]
        pixels = sum(answer.width * answer.height for answer in answers)
        pace.note(action, values, pixels, sum(reply.result.seconds for reply in found))
    Gimp.progress_set_text("Depixel: writing the layers")
    if output in ("new-image", "flat-image"):
        return _as_new_image(action, image, found, flat=output == "flat-image")
    image.undo_group_start()
    try:
        if output == "replace":
            _replace(action, image, found)
        else:
            _as_new_layers(action, image, found, larger=output == "larger-image")
    finally:
        image.undo_group_end()
        Gimp.progress_end()
    if action.wire == "anonymise" and gimpfu_compat.interactive:
        Gimp.message(documents.still_there(layers, output))
    return image


def check_request(
    action: client.Action, image: Any, layers: list[Any], values: dict[str, Any], frames: bool = False
) -> None:
    """Refuse what cannot be done, before anything is read, sent or changed; the dialog asks it too."""
    output = values["output"]
    selected = selection.bounds_of(image) is not None
    upscale = action.name == client.UPSCALE.name
    if output == "document":
        _check_document(values, frames)
        return
    host.check_layers(image, layers)
    if frames and output != "new-image":
        raise Refusal("Frames of an animation become a new image: choose New image.")
    if frames and selected:
        raise Refusal("The frames of an animation are answered whole: select nothing (Select > None), and try again.")
    if output == "replace":
        _check_replace(action, image, layers, values)
    if output == "larger-image" and selected and upscale:
        raise Refusal(
            "With a selection only a part is answered, and the image cannot grow with it: select nothing, or choose "
            "New image."
        )
    indexed = image.get_base_type() == Gimp.ImageBaseType.INDEXED
    if indexed and output not in ("new-image", "flat-image") and values.get("palette") != "keep":
        palette = "Colours: only those of the picture, " if "palette" in values else ""
        raise Refusal(
            "This image is indexed and takes no new colours: choose New image, %sor convert it with Image > Mode > RGB "
            "first." % palette
        )


def _check_document(values: dict[str, Any], frames: bool) -> None:
    if frames:
        raise Refusal("A copy of the image keeps its layers as they are: untick All layers are frames.")
    if values["candidates"] > 1:
        raise Refusal("A copy of the image takes one answer per layer: set Answers to 1, or choose New image.")


def _sources(
    action: client.Action, image: Any, layers: list[Any], values: dict[str, Any], frames: bool
) -> list[Source]:
    output = values["output"]
    if frames:
        return [host.read_frames(image, host.animation_layers(image))]
    upscale = action.name == client.UPSCALE.name
    with_mask = output != "replace"
    sources = [host.read(image, layer, with_mask, crop=upscale, box=not upscale) for layer in layers]
    for source in sources:
        if not (upscale or (action.wire == "anonymise" and output == "new-layers")):
            source.shape = b""  # the face stands in a whole picture; with Replace GIMP itself minds the selection
    return sources


def _check_replace(action: client.Action, image: Any, layers: list[Any], values: dict[str, Any]) -> None:
    if values["candidates"] > 1:
        raise Refusal("Replace takes one answer, and %d are asked for: choose New layers." % values["candidates"])
    if selection.bounds_of(image) is not None and action.name == client.UPSCALE.name:
        raise Refusal("A selected part cannot grow in its place: choose New image or New layers, or select nothing.")
    for layer in layers:
        host.check_replaceable(image, layer)


def _as_new_image(action: client.Action, image: Any, found: list[Reply], flat: bool = False) -> Any:
    first, result = found[0].source, found[0].result
    scale, answer = result.scale, result.answers[0]
    keep = result.report.get("settings", {}).get("palette") == "keep"
    indexed = keep and image.get_base_type() == Gimp.ImageBaseType.INDEXED
    if len(found) == 1:
        left, top, width, height = first.left, first.top, answer.width, answer.height
    else:
        left, top, width, height = 0, 0, image.get_width() * scale, image.get_height() * scale
    result_image = images.new_image(image, width, height, answer, indexed)
    for reply in reversed(found):
        source = reply.source
        at = ((source.left - left) * scale, (source.top - top) * scale)
        _insert(action, result_image, None, 0, reply, at)
        if len(source.layers) == 1:
            host.look_like(result_image.get_layers()[0], source.layer)
    host.select_best(result_image, result_image.get_layers()[:1])
    comment = " ".join([client.summary(reply.result) + " " + reply.result.model for reply in found])
    suffix = client.file_suffix(action, scale)
    images.finish_image(result_image, image, "Depixel: " + comment, suffix)
    if flat:
        documents.flatten(result_image)
    Gimp.progress_end()
    if gimpfu_compat.interactive:
        Gimp.Display.new(result_image)
    return result_image


# larger: the image grows with its layers, and the sources are hidden: their pixels would show under the answers.
def _as_new_layers(action: client.Action, image: Any, found: list[Reply], larger: bool) -> None:
    made = []
    scale = found[0].result.scale if larger else 1
    if larger:
        host.enlarge(image, scale)
    with host.plain_colours(image):
        for reply in found:
            layer, source = reply.source.layer, reply.source
            position, parent = image.get_item_position(layer), layer.get_parent()
            _insert(action, image, parent, position, reply, (source.left * scale, source.top * scale))
            top = (parent.get_children() if parent is not None else image.get_layers())[position]
            made.append(top)
            if larger:
                host.look_like(top, layer)
                layer.set_visible(False)
    host.select_best(image, made)


# One layer, or a group of candidates with the best on top and the others hidden; frames become a layer each.
def _insert(action: client.Action, image: Any, parent: Any, position: int, reply: Reply, at: tuple[int, int]) -> None:
    source, result = reply.source, reply.result
    imagined = action.name != client.UPSCALE.name
    many = len(result.answers) > 1
    if many:
        parent = host.add_group(image, parent, position, client.group_name(source.name, result, imagined))
        position = 0
    for index, answer in enumerate(result.answers):  # the best first: its layers keep their names where two are equal
        name = client.layer_name(source.name, result, index, imagined)
        recipe = client.recipe_of(action, reply.submission, result, index)
        if len(answer.frames) == 1:
            made = host.add_layer(image, parent, position + index, name, answer, 0, *at, visible=index == 0)
            images.keep_recipe(made, recipe, source.layer)
            if source.shape:
                selection.cut(made, source.shape, source.width, source.height)
            continue
        inner = host.add_group(image, parent, position + index, name) if many else parent
        if many:
            images.keep_recipe(inner, recipe, source.layer)
        for number in range(len(answer.frames)):
            layer = source.layers[number]  # GIF takes durations from the names: "step (100ms)"
            made = host.add_layer(image, inner, 0, layer.get_name(), answer, number, *at)
            host.look_like(made, layer)
            if not many:
                images.keep_recipe(made, recipe, source.layer)


def _replace(action: client.Action, image: Any, found: list[Reply]) -> None:
    if action.wire == "upscale":
        host.enlarge(image, found[0].result.scale)
    # An imagined face stands in a whole picture; of another face only what is selected is taken.
    unselect = selection.nothing_selected(image) if action.wire == "upscale" else contextlib.nullcontext()
    with unselect, host.plain_colours(image):
        for reply in found:
            host.overwrite(image, reply.source.layer, reply.result.answers[0])
