"""One run of an action: reads the layers, asks the engine, and puts the answers in place. One undo step."""

from __future__ import annotations

import contextlib
from typing import Any

import depixel_client as client
import documents
import gimpfu_compat
import host
import images
import selection
from gi.repository import Gimp
from gimpfu_compat import Cancelled
from host import Refusal, Source
from jobs import Reply, replies
from sizing import sizing


def perform(
    action: client.Action, image: Any, layers: list[Any], values: dict[str, Any], frames: bool = False, picked: str = ""
) -> Any:
    """
    Answer the layers, and return the image that holds the answers.

    Args:
        picked: answers that were picked in the dialog: a JSON list of settings, or "".

    Raises:
        Refusal: something cannot be done; nothing has been changed. The message is a sentence.
    """
    try:
        values = client.check(action, values)
        output = values["output"]
        layers = host.outermost(layers)
        picks = picks_of(picked)
        check_request(action, image, layers, values, frames, len(picks))
        if output in client.COPIES:
            return documents.enlarged_copy(action, image, layers, values, picks)
        sources = _sources(action, image, layers, values, frames)
        size = sizing(action, image, sources, values)
        Gimp.progress_init("Depixel")
        all_replies = replies(action, image, sources, size.values, picks)
    except client.CancelledError as error:
        raise Cancelled() from error
    except client.EngineError as error:
        raise Refusal(str(error)) from error
    if gimpfu_compat.interactive:
        client.Rates().note(action, values, [reply.result for reply in all_replies])
    Gimp.progress_set_text("Depixel: writing the layers")
    if output in ("new-image", "flat-image"):
        return _as_new_image(action, image, all_replies, size.canvas, flat=output == "flat-image")
    image.undo_group_start()
    try:
        if output == "replace":
            _replace(action, image, all_replies)
        else:
            _as_new_layers(action, image, all_replies, size.canvas, larger=output == "larger-image")
        images.reduce(image, size.canvas)
    finally:
        image.undo_group_end()
        Gimp.progress_end()
    if action.wire == "anonymise" and gimpfu_compat.interactive:
        Gimp.message(documents.still_there(layers, output))
    return image


def picks_of(text: str) -> list[dict[str, Any]]:
    """The settings of the picked answers; none for an empty text. Raises Refusal."""
    try:
        picks = client.parse_json(text) if text else []
    except ValueError:
        picks = None
    if not isinstance(picks, list) or not all(isinstance(pick, dict) for pick in picks):
        raise Refusal('picked must be a JSON list of settings, such as [{"seed": 7}], or empty.')
    return picks


def check_request(
    action: client.Action,
    image: Any,
    layers: list[Any],
    values: dict[str, Any],
    frames: bool = False,
    picked: int = 0,
) -> None:
    """
    Refuse what cannot be done, before anything is read, sent or changed; the dialog calls it too.

    Args:
        picked: how many answers were picked in the dialog; 0 = none: the values say how many to make.
    """
    output = values["output"]
    count = picked or values["candidates"]
    upscale = action.name == client.UPSCALE.name
    if output in client.COPIES:
        _check_copy(count, picked, frames)
        if output == "selected-document":
            host.check_layers(image, layers)
        return
    host.check_layers(image, layers)
    selected = selection.leaves_out(image, host.animation_layers(image) if frames else layers)
    if frames and output != "new-image":
        raise Refusal("The frames of an animation go to a new image: choose New image.")
    if frames and selected:
        raise Refusal("An animation is upscaled as a whole: clear the selection (Select > None) and try again.")
    if output == "replace":
        _check_replace(action, image, layers, count)
    if output == "larger-image" and selected and upscale:
        raise Refusal(
            "With a selection, only that part is upscaled, so the image cannot grow: clear the selection, or choose "
            "New image."
        )
    indexed = image.get_base_type() == Gimp.ImageBaseType.INDEXED
    if indexed and output not in ("new-image", "flat-image") and values.get("palette") != "keep":
        palette = "Colours: only those of the picture, " if "palette" in values else ""
        raise Refusal(
            "This image is indexed and cannot take new colours: choose New image, %sor convert it with Image > Mode > "
            "RGB first." % palette
        )


def _check_copy(count: int, picked: int, frames: bool) -> None:
    if frames:
        raise Refusal("A copy of the image keeps its layers, so they cannot be frames: untick All layers are frames.")
    if count > 1:
        change = "tick only one answer" if picked else "set Answers to 1"
        raise Refusal("A copy of the image can take only one answer per layer: %s, or choose New image." % change)


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
            source.shape = b""  # the face is part of a whole picture; with Replace GIMP itself respects the selection
    return sources


def _check_replace(action: client.Action, image: Any, layers: list[Any], count: int) -> None:
    if count > 1:
        raise Refusal("Replace can take only one answer, and you asked for %d: choose New layers." % count)
    if selection.leaves_out(image, layers) and action.name == client.UPSCALE.name:
        raise Refusal("A selected part cannot grow in place: choose New image or New layers, or clear the selection.")
    for layer in layers:
        host.check_replaceable(image, layer)


def _as_new_image(
    action: client.Action, image: Any, all_replies: list[Reply], canvas: tuple[int, int] | None, flat: bool = False
) -> Any:
    first, result = all_replies[0].source, all_replies[0].result
    scale, answer = result.scale, result.answers[0]
    keep = result.report.get("settings", {}).get("palette") == "keep"
    indexed = keep and image.get_base_type() == Gimp.ImageBaseType.INDEXED
    if len(all_replies) == 1:
        left, top, width, height = first.left, first.top, answer.width, answer.height
    else:
        left, top, width, height = 0, 0, image.get_width() * scale, image.get_height() * scale
    result_image = images.new_image(image, width, height, answer, indexed)
    reduced = images.will_reduce(result_image, canvas)
    for reply in reversed(all_replies):
        source = reply.source
        at = ((source.left - left) * scale, (source.top - top) * scale)
        _insert(action, result_image, None, 0, reply, at, reduced)
        if len(source.layers) == 1:
            host.look_like(result_image.get_layers()[0], source.layer)
    host.select_best(result_image, result_image.get_layers()[:1])
    comment = " ".join(_comment(action, reply, reduced) for reply in all_replies)
    images.reduce(result_image, canvas)
    size = max(canvas) if canvas else result.report.get("settings", {}).get("size") or 0
    images.finish_image(result_image, image, "Depixel: " + comment, client.file_suffix(action, scale, size))
    if flat:
        documents.flatten(result_image)
    Gimp.progress_end()
    if gimpfu_compat.interactive:
        Gimp.Display.new(result_image)
    return result_image


# Stored in exported files: enough to request the same answers again.
def _comment(action: client.Action, reply: Reply, reduced: bool) -> str:
    settings = []
    for recipe in reply.recipes:
        values = {**recipe.values(), "candidates": 1, "seed": 0}
        settings.append("%s, seed %d" % (client.in_words(action, values) or "default values", recipe.seed))
    return "%s %s; %s." % (
        client.summary(reply.result, "the reduction" if reduced else ""),
        reply.result.model,
        "; ".join(dict.fromkeys(settings)),
    )


# larger: the image grows with its layers, and the sources are hidden, because they would be visible below the answers.
def _as_new_layers(
    action: client.Action, image: Any, all_replies: list[Reply], canvas: tuple[int, int] | None, larger: bool
) -> None:
    new_layers = []
    scale = all_replies[0].result.scale if larger else 1
    if larger:
        host.enlarge(image, scale)
    reduced = images.will_reduce(image, canvas)
    with host.plain_colours(image):
        for reply in all_replies:
            layer, source = reply.source.layer, reply.source
            position, parent = image.get_item_position(layer), layer.get_parent()
            _insert(action, image, parent, position, reply, (source.left * scale, source.top * scale), reduced)
            top = (parent.get_children() if parent is not None else image.get_layers())[position]
            new_layers.append(top)
            if larger:
                host.look_like(top, layer)
                layer.set_visible(False)
    host.select_best(image, new_layers)


# One layer, or a group of candidates with the best on top and the others hidden; each frame becomes a layer.
def _insert(
    action: client.Action, image: Any, parent: Any, position: int, reply: Reply, at: tuple[int, int], reduced: bool
) -> None:
    source, result = reply.source, reply.result
    imagined = action.name != client.UPSCALE.name
    many = len(result.answers) > 1
    if many:
        parent = host.add_group(image, parent, position, client.group_name(source.name, result, imagined))
        position = 0
    for index, answer in enumerate(result.answers):  # the best first: its layers keep their names where two are equal
        name = client.layer_name(source.name, result, index, imagined, "reduced" if reduced else "")
        recipe = reply.recipes[index]
        if len(answer.frames) == 1:
            new_layer = host.add_layer(image, parent, position + index, name, answer, 0, *at, visible=index == 0)
            images.keep_recipe(new_layer, recipe, source.layer)
            if source.shape:
                selection.cut(new_layer, source.shape, source.width, source.height)
            continue
        inner = host.add_group(image, parent, position + index, name) if many else parent
        if many:
            images.keep_recipe(inner, recipe, source.layer)
        for number in range(len(answer.frames)):
            layer = source.layers[number]  # GIF takes durations from the names: "step (100ms)"
            new_layer = host.add_layer(image, inner, 0, layer.get_name(), answer, number, *at)
            host.look_like(new_layer, layer)
            if not many:
                images.keep_recipe(new_layer, recipe, source.layer)


def _replace(action: client.Action, image: Any, all_replies: list[Reply]) -> None:
    if action.wire == "upscale":
        host.enlarge(image, all_replies[0].result.scale)
    # An imagined face is part of a whole picture; an anonymised face replaces only what is selected.
    unselect = selection.nothing_selected(image) if action.wire == "upscale" else contextlib.nullcontext()
    with unselect, host.plain_colours(image):
        for reply in all_replies:
            host.overwrite(image, reply.source.layer, reply.result.answers[0])
