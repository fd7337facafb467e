"""New images for answers, with profile, comment and an unused name; and the recipes stored with layers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import depixel_client as client
import gi
import host

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp, Gio  # noqa: E402

_RECIPE = "depixel-recipe"
_SOURCE = "depixel-source"
_SIZE = "depixel-size"
_PERSISTENT = 1  # the parasite is saved with the image


def new_image(image: Any, width: int, height: int, answer: client.Answer, indexed: bool) -> Any:
    """An empty image for answers: same kind, depth and resolution; undo is off until `finish_image`."""
    base = Gimp.ImageBaseType.GRAY if answer.channels <= 2 else Gimp.ImageBaseType.RGB
    if indexed:
        base = Gimp.ImageBaseType.INDEXED
    precision = image.get_precision()
    if precision in host.SHALLOW:
        precision = Gimp.Precision.U8_NON_LINEAR  # 8 bits are too few for linear light
    result = Gimp.Image.new_with_precision(width, height, base, precision)
    result.undo_disable()
    resolution = image.get_resolution()
    result.set_resolution(*resolution[-2:])
    if indexed:
        result.set_palette(image.get_palette())
    return result


def finish_image(result: Any, image: Any, comment: str, suffix: str) -> None:
    """
    Give a new image its profile, comment and name, and enable undo. It counts as changed, because it has not been
    saved: GIMP asks before closing it.
    """
    profile = image.get_color_profile()
    grey = Gimp.ImageBaseType.GRAY
    if profile is not None and (result.get_base_type() == grey) == (image.get_base_type() == grey):
        result.set_color_profile(profile)
    proof = image.get_simulation_profile()
    if proof is not None:
        result.set_simulation_profile(proof)
        result.set_simulation_intent(image.get_simulation_intent())
        result.set_simulation_bpc(image.get_simulation_bpc())
    result.attach_parasite(Gimp.Parasite.new("gimp-comment", 1, (comment + "\0").encode("utf-8")))
    name_after(result, image, suffix)
    result.undo_enable()


def name_after(result: Any, image: Any, suffix: str) -> None:
    """
    Name a new image after the file of another, with a name that no file and no other open image has. GIMP accepts only
    names ending in .xcf for an image, and suggests them for saving and exporting.
    """
    path = _path_of(image)
    if path:
        open_paths = [open_path for other in Gimp.get_images() for open_path in _paths_of(other)]
        name = client.unique_path(os.path.splitext(path)[0] + suffix, ".xcf", open_paths)
        result.set_file(Gio.File.new_for_path(name))


# The name of its .xcf, or of the file it was opened from.
def _path_of(image: Any) -> str:
    return next(iter(_paths_of(image)), "")


def _paths_of(image: Any) -> list[str]:
    files = (image.get_xcf_file(), image.get_imported_file(), image.get_exported_file(), image.get_file())
    return [str(file.get_path()) for file in files if file is not None and file.get_path()]


def leaves(layers: list[Any], groups: bool = False, visible: bool = False) -> list[Any]:
    """All layers of a tree, from the top down; groups themselves, or visible layers only, if requested."""
    flat = []
    for layer in layers:
        if visible and not layer.get_visible():
            continue
        if layer.is_group():
            flat += ([layer] if groups else []) + leaves(layer.get_children(), groups, visible)
        else:
            flat.append(layer)
    return flat


def keep_recipe(layer: Any, recipe: client.Recipe, source: Any) -> None:
    """
    Attach the recipe to a layer: it is saved in the image's .xcf and copied with the layer. The source layer is
    recorded by its tattoo, by which it can be found again in the same image.
    """
    for name, text in ((_RECIPE, recipe.to_json()), (_SOURCE, str(source.get_tattoo()))):
        layer.attach_parasite(Gimp.Parasite.new(name, _PERSISTENT, text.encode("ascii")))


def recipe_of(layer: Any) -> client.Recipe:
    """
    The recipe stored with a layer.

    Raises:
        host.Refusal: it has none.
        EngineError: it cannot be read.
    """
    parasite = layer.get_parasite(_RECIPE)
    if parasite is None:
        raise host.Refusal(
            "The layer %s has no recipe: select a layer that Depixel made, not its source." % layer.get_name()
        )
    return client.Recipe.from_json(bytes(parasite.get_data()).decode("ascii", "replace"))


def has_recipe(layer: Any) -> bool:
    """Whether Depixel made the layer."""
    return layer.get_parasite(_RECIPE) is not None


def source_of(image: Any, layer: Any) -> Any:
    """The layer of this image from which an answer was made; None if it is not in this image."""
    parasite = layer.get_parasite(_SOURCE)
    text = bytes(parasite.get_data()).decode("ascii", "replace") if parasite is not None else ""
    return image.get_layer_by_tattoo(int(text)) if text.isdigit() else None


def will_reduce(image: Any, canvas: tuple[int, int] | None) -> bool:
    """Whether `reduce` scales this image."""
    return canvas not in (None, (image.get_width(), image.get_height()))


def reduce(image: Any, canvas: tuple[int, int] | None) -> None:
    """
    Scale an image with answers at a whole scale to its final size; None does nothing. The size of each answer is
    attached to its layer: its recipe gives the answer before the reduction.
    """
    if canvas is None or not will_reduce(image, canvas):
        return
    with _smooth_scaling():
        image.scale(*canvas)
    for layer in leaves(image.get_layers()):
        if has_recipe(layer):
            _keep_size(layer, layer.get_width(), layer.get_height())


def reduce_like(layer: Any, other: Any) -> None:
    """Scale a new answer as `reduce` scaled another one with the same recipe; does nothing if that was not reduced."""
    parasite = other.get_parasite(_SIZE)
    text = bytes(parasite.get_data()).decode("ascii", "replace") if parasite is not None else ""
    width, _, height = text.partition("x")
    if width.isdigit() and height.isdigit() and min(int(width), int(height)) > 0:
        with _smooth_scaling():
            layer.scale(int(width), int(height), False)
        _keep_size(layer, int(width), int(height))


def is_reduced(layer: Any) -> bool:
    """Whether `reduce` scaled the layer."""
    return layer.get_parasite(_SIZE) is not None


def _keep_size(layer: Any, width: int, height: int) -> None:
    text = "%dx%d" % (width, height)
    layer.attach_parasite(Gimp.Parasite.new(_SIZE, _PERSISTENT, text.encode("ascii")))


@contextlib.contextmanager
def _smooth_scaling() -> Iterator[None]:
    Gimp.context_push()
    try:
        Gimp.context_set_interpolation(Gimp.InterpolationType.CUBIC)
        yield
    finally:
        Gimp.context_pop()


def forget_recipes(layer: Any) -> None:
    """Remove the recipe from a layer that will be shared."""
    for name in (_RECIPE, _SOURCE, _SIZE):
        if layer.get_parasite(name) is not None:
            layer.detach_parasite(name)
