"""Reproduces answers from the recipe stored with their layer: the same, the same but larger, or similar ones."""

from __future__ import annotations

from typing import Any

import depixel_client as client
import gi
import gimpfu_compat
import host
import images
import selection
from gimpfu_compat import Cancelled
from jobs import follow, pixels_of

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402

_MORE = 4  # answers similar to the chosen one


def same(image: Any, layers: list[Any]) -> Any:
    """The selected answer again, as a new layer above it."""
    layer = _one_of(layers)
    recipe, pixels = _recipe_and_pixels(image, layer)
    return _as_layers(image, layer, recipe, recipe.submission(pixels, "gimp"))


def more(image: Any, layers: list[Any]) -> Any:
    """Answers similar to the selected one, as new layers above it; existing layers stay."""
    layer = _one_of(layers)
    recipe, pixels = _recipe_and_pixels(image, layer)
    parent = layer.get_parent()
    beside = parent.get_children() if parent is not None else image.get_layers()
    seed = 1 + sum(map(images.has_recipe, beside))  # a second call adds different ones
    changes = {"like": recipe.seed, "seed": seed, "candidates": _MORE}
    return _as_layers(image, layer, recipe, recipe.submission(pixels, "gimp", **changes))


def larger(image: Any, layers: list[Any], side: int) -> Any:
    """The selected answer as a new image with a longer side of `side` pixels."""
    layer = _one_of(layers)
    recipe, pixels = _recipe_and_pixels(image, layer)
    if recipe.action == client.ANONYMISE_FACE.name:
        raise host.Refusal("An anonymised picture keeps its size: upscale it with Filters > Depixel > Upscale.")
    try:
        size = client.read_target("%d px" % side, pixels.width, pixels.height)
    except client.EngineError as error:
        raise host.Refusal(str(error)) from error
    submission = recipe.submission(pixels, "gimp", **size)
    result = _result(image, submission)
    action = client.action_named(recipe.action)
    answer = result.answers[0]
    new_image = images.new_image(image, answer.width, answer.height, answer, False)
    new_layer = _add(new_image, None, 0, recipe, submission, result, 0, (0, 0), layer)
    images.finish_image(new_image, image, "Depixel: " + client.summary(result), client.file_suffix(action, **size))
    new_image.set_selected_layers([new_layer])
    Gimp.progress_end()
    if gimpfu_compat.interactive:
        Gimp.Display.new(new_image)
    return new_image


def exact(image: Any, layers: list[Any]) -> Any:
    """Make the selected answer, edited by hand, scale back to its source again: changes its pixels in one undo step."""
    layer = _one_of(layers)
    recipe, original = _recipe_and_pixels(image, layer)
    if recipe.action == client.ANONYMISE_FACE.name:
        raise host.Refusal("An anonymised picture is not meant to scale back: there is nothing to make exact.")
    host.check_replaceable(image, layer)
    changed = pixels_of(host.read(image, layer, False, False, False))
    try:
        submission = client.projection_of(original, changed, recipe.settings, "gimp")
    except client.EngineError as error:
        raise host.Refusal(str(error)) from error
    result = _result(image, submission)
    image.undo_group_start()
    try:
        with selection.nothing_selected(image), host.plain_colours(image):
            host.overwrite(image, layer, result.answers[0])
    finally:
        image.undo_group_end()
        Gimp.progress_end()
    if gimpfu_compat.interactive:
        exactness = client.scales_back(result.answers[0], result.degradation)
        Gimp.message("The layer scales back again (%s). %s" % (exactness, result.notes[-1]))
    return image


def _one_of(layers: list[Any]) -> Any:
    if len(layers) != 1:
        raise host.Refusal("Select one answer; %d layers are selected." % len(layers))
    return layers[0]


# A recipe holds its source, unless that must not be stored (a real face) or is too large: then it is read from the
# image.
def _recipe_and_pixels(image: Any, layer: Any) -> tuple[client.Recipe, client.Pixels]:
    try:
        recipe = images.recipe_of(layer)
    except client.EngineError as error:
        raise host.Refusal(str(error)) from error
    if recipe.source is not None:
        return recipe, recipe.source
    source = images.source_of(image, layer)
    if source is None or source == layer:
        raise host.Refusal(
            "The source layer of %s is not in this image, and its recipe has no copy of it." % layer.get_name()
        )
    action = client.action_named(recipe.action)
    whole = host.read(image, source, True, False, False)
    size = (whole.width, whole.height)
    if action.wire == "upscale":
        size = client.result_size(recipe.settings, *size)
    if (layer.get_width(), layer.get_height()) != size:
        raise host.Refusal(
            "%s was made from an earlier state or a part of %s, and its recipe has no copy of it."
            % (layer.get_name(), source.get_name())
        )
    return recipe, pixels_of(whole)


def _result(image: Any, submission: client.Submission) -> client.Result:
    Gimp.progress_init("Depixel")
    try:
        return follow(submission, image)
    except client.CancelledError as error:
        raise Cancelled() from error
    except client.EngineError as error:
        raise host.Refusal(str(error)) from error


def _as_layers(image: Any, layer: Any, recipe: client.Recipe, submission: client.Submission) -> Any:
    result = _result(image, submission)
    position, parent = image.get_item_position(layer), layer.get_parent()
    left, top = layer.get_offsets()[-2:]
    image.undo_group_start()
    try:
        with host.plain_colours(image):
            layers = [
                _add(image, parent, position + index, recipe, submission, result, index, (left, top), layer)
                for index in range(len(result.answers))
            ]
        image.set_selected_layers(layers[:1])
    finally:
        image.undo_group_end()
        Gimp.progress_end()
    return image


def _add(
    image: Any,
    parent: Any,
    position: int,
    recipe: client.Recipe,
    submission: client.Submission,
    result: client.Result,
    index: int,
    at: tuple[int, int],
    layer: Any,
) -> Any:
    action, answer = client.action_named(recipe.action), result.answers[index]
    imagined = action.name != client.UPSCALE.name
    reduced = image == layer.get_image() and images.is_reduced(layer)
    name = client.layer_name(recipe.name, result, index, imagined, "reduced" if reduced else "")
    if len(answer.frames) > 1:
        item = host.add_group(image, parent, position, name)
        for number in range(len(answer.frames)):
            host.add_layer(image, item, 0, "frame %d" % (number + 1), answer, number, *at)
    else:
        item = host.add_layer(image, parent, position, name, answer, 0, *at, visible=index == 0)
        if reduced:
            images.reduce_like(item, layer)
    source = images.source_of(image, layer) if image == layer.get_image() else None
    images.keep_recipe(item, client.recipe_of(action, submission, result, index), source or layer)
    return item
