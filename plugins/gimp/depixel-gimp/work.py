"""One run of an action: read the layers, ask the engine, put the answers where they belong. One undo step."""

from __future__ import annotations

import contextlib
from typing import Any

import depixel_client as client
import gimpfu_compat
import host
import selection
from gi.repository import Gimp
from gimpfu_compat import Cancelled
from host import Refusal, Source


def perform(action: client.Action, image: Any, layers: list[Any], values: dict[str, Any], frames: bool = False) -> Any:
    """
    Do it. Returns the image that holds the answers.

    Refusal (a sentence) when something of it cannot be done; nothing has been changed then.
    """
    try:
        values = client.check(action, values)
        sources = _sources(action, image, layers, values, frames)
        results = _answers(action, sources, values)
    except client.CancelledError as error:
        raise Cancelled() from error
    except client.EngineError as error:
        raise Refusal(str(error)) from error
    Gimp.progress_set_text("Depixel: writing the layers")
    if values["output"] == "new-image":
        return _as_new_image(action, image, sources, results)
    image.undo_group_start()
    try:
        if values["output"] == "replace":
            _replace(action, image, sources, results)
        else:
            _as_new_layers(action, image, sources, results)
    finally:
        image.undo_group_end()
        Gimp.progress_end()
    return image


def _sources(
    action: client.Action, image: Any, layers: list[Any], values: dict[str, Any], frames: bool
) -> list[Source]:
    host.check_layers(image, layers)
    output = values["output"]
    indexed = image.get_base_type() == Gimp.ImageBaseType.INDEXED
    if frames and output != "new-image":
        raise Refusal("Frames of an animation become a new image: choose New image.")
    if frames and selection.bounds_of(image) is not None:
        raise Refusal("The frames of an animation are answered whole: select nothing (Select > None), and try again.")
    if output == "replace":
        _check_replace(action, image, layers, values)
    if indexed and output != "new-image" and values.get("palette") != "keep":
        palette = "Colours: only those of the picture, " if "palette" in values else ""
        raise Refusal(
            "This image is indexed and takes no new colours: choose New image, %sor convert it with Image > Mode > RGB "
            "first." % palette
        )
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


def _answers(action: client.Action, sources: list[Source], values: dict[str, Any]) -> list[client.Result]:
    engine = client.Engine("gimp")
    Gimp.progress_init("Depixel")
    results = []
    for index, source in enumerate(sources):
        pixels = client.Pixels(
            source.width, source.height, source.channels, source.frames, source.depth, source.palette, source.name
        )
        settings = client.settings_of(action, values, source.box)
        request = client.Submission(pixels, settings, action.wire, values.get("kept", 12), program="gimp")
        results.append(_follow(engine.upscale(request), index, len(sources)))
    return results


def _follow(job: client.Job, index: int, count: int) -> client.Result:
    shown = ""
    for event in job:
        if isinstance(event, client.Result):
            return event
        if event.sentence != shown:
            shown = event.sentence
            Gimp.progress_set_text(shown)
        if isinstance(event, client.Progress):
            Gimp.progress_update((index + event.fraction) / count)
        else:
            Gimp.progress_pulse()
    raise Refusal("The Depixel engine gave no answer.")


def _as_new_image(action: client.Action, image: Any, sources: list[Source], results: list[client.Result]) -> Any:
    first, scale = sources[0], results[0].scale
    answer = results[0].answers[0]
    keep = results[0].report.get("settings", {}).get("palette") == "keep"
    indexed = keep and image.get_base_type() == Gimp.ImageBaseType.INDEXED
    if len(sources) == 1:
        left, top, width, height = first.left, first.top, answer.width, answer.height
    else:
        left, top, width, height = 0, 0, image.get_width() * scale, image.get_height() * scale
    result_image = host.new_image(image, width, height, answer, indexed)
    for source, result in zip(reversed(sources), reversed(results)):
        at = ((source.left - left) * scale, (source.top - top) * scale)
        _insert(action, result_image, None, 0, source, result, at)
        if len(source.layers) == 1:
            host.look_like(result_image.get_layers()[0], source.layer)
    host.select_best(result_image, result_image.get_layers()[:1])
    comment = " ".join([client.summary(result) + " " + result.model for result in results])
    suffix = client.file_suffix(action, scale)
    host.finish_image(result_image, image, "Depixel: " + comment, suffix)
    Gimp.progress_end()
    if gimpfu_compat.interactive:
        Gimp.Display.new(result_image)
    return result_image


def _as_new_layers(action: client.Action, image: Any, sources: list[Source], results: list[client.Result]) -> None:
    made = []
    with host.plain_colours(image):
        for source, result in zip(sources, results):
            position, parent = image.get_item_position(source.layer), source.layer.get_parent()
            _insert(action, image, parent, position, source, result, (source.left, source.top))
            made.append((parent.get_children() if parent is not None else image.get_layers())[position])
    host.select_best(image, made)


# One layer, or a group of candidates with the best on top and the others hidden; frames become a layer each.
def _insert(
    action: client.Action,
    image: Any,
    parent: Any,
    position: int,
    source: Source,
    result: client.Result,
    at: tuple[int, int],
) -> None:
    imagined = action.name != client.UPSCALE.name
    many = len(result.answers) > 1
    if many:
        parent = host.add_group(image, parent, position, client.group_name(source.name, result, imagined))
        position = 0
    for index, answer in enumerate(result.answers):  # the best first: its layers keep their names where two are equal
        name = client.layer_name(source.name, result, index, imagined)
        if len(answer.frames) == 1:
            made = host.add_layer(image, parent, position + index, name, answer, 0, *at, visible=index == 0)
            if source.shape:
                selection.cut(made, source.shape, source.width, source.height)
            continue
        inner = host.add_group(image, parent, position + index, name) if many else parent
        for number in range(len(answer.frames)):
            layer = source.layers[number]  # GIF takes durations from the names: "step (100ms)"
            made = host.add_layer(image, inner, 0, layer.get_name(), answer, number, *at)
            host.look_like(made, layer)


def _replace(action: client.Action, image: Any, sources: list[Source], results: list[client.Result]) -> None:
    if action.wire == "upscale":
        host.enlarge(image, results[0].scale)
    # An imagined face stands in a whole picture; of another face only what is selected is taken.
    unselect = selection.nothing_selected(image) if action.wire == "upscale" else contextlib.nullcontext()
    with unselect, host.plain_colours(image):
        for source, result in zip(sources, results):
            host.overwrite(image, source.layer, result.answers[0])
