"""Sends jobs to the engine and collects the answers. Cancelling, or closing the image, stops the job within a step."""

from __future__ import annotations

import json
import queue
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, Union

import depixel_client as client
import gi
from gimpfu_compat import Cancelled
from host import Refusal, Source

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402

_LOOK = 0.2  # seconds between two checks whether the image is still open
_MOST_KEPT = 2**27  # bytes of a dialog's preview answers that are kept for OK

_PLACE = ("scale", "size", "box")  # settings for the size of an answer and the part of the source

_News = Union[client.Event, BaseException]
_kept: OrderedDict[Any, client.Result] = OrderedDict()


@dataclass(frozen=True)
class Reply:
    """The answers for one source, each with its recipe."""

    source: Source
    result: client.Result
    recipes: tuple[client.Recipe, ...]


def replies(
    action: client.Action,
    image: Any,
    sources: list[Source],
    values: dict[str, Any],
    picks: list[dict[str, Any]] | None = None,
) -> list[Reply]:
    """
    Request answers for all sources, one after the other.

    Args:
        picks: settings of answers that were picked in the dialog, for one answer each; without them the values say what
            to request.

    Raises:
        Cancelled: the image was closed.
        EngineError: the engine failed.
    """
    all_replies = []
    for index, source in enumerate(sources):
        submissions = [submission(action, source, values, pick) for pick in picks or [{}]]
        results = []
        for number, request in enumerate(submissions):
            before = index * len(submissions) + number
            results.append(follow(request, image, before, len(sources) * len(submissions)))
        recipes = [
            client.recipe_of(action, request, result, at)
            for request, result in zip(submissions, results)
            for at in range(len(result.answers))
        ]
        all_replies.append(Reply(source, _joined(results), tuple(recipes)))
    return all_replies


def submission(
    action: client.Action, source: Source, values: dict[str, Any], pick: dict[str, Any] | None = None
) -> client.Submission:
    """
    The submission for a source: the dialog's values, or a picked answer's own settings at the size of the values.

    Raises:
        EngineError: a value is out of range.
    """
    settings = client.settings_of(action, values, source.box, (source.width, source.height))
    kept = values.get("kept", 12)
    if pick:
        size: dict[str, Any] = {name: settings[name] for name in _PLACE if name in settings}
        kept = pick.get("kept", kept)
        settings = {**{name: value for name, value in pick.items() if name != "kept"}, **size}
    return client.Submission(pixels_of(source), settings, action.wire, kept, program="gimp")


def pick_of(recipe: client.Recipe) -> dict[str, Any]:
    """The settings of a recipe that distinguish its answer; its size and place come from the next request."""
    pick = {name: value for name, value in recipe.settings.items() if name not in _PLACE}
    return {**pick, "kept": recipe.kept} if recipe.action == client.ANONYMISE_FACE.name else pick


def pixels_of(source: Source) -> client.Pixels:
    return client.Pixels(
        source.width, source.height, source.channels, source.frames, source.depth, source.palette, source.name
    )


def keep(action: client.Action, request: client.Submission, result: client.Result) -> None:
    """Keep the answers of a preview, so that they need not be made again if OK requests one of them, or all."""
    _kept[_key(request)] = result
    for at in range(len(result.answers) if len(result.answers) > 1 else 0):
        recipe = client.recipe_of(action, request, result, at)
        single = client.Submission(request.pixels, recipe.settings, action.wire, recipe.kept, program="gimp")
        _kept[_key(single)] = replace(result, answers=(result.answers[at],))
    while len(_kept) > 1 and sum(_size(one) for one in _kept.values()) > _MOST_KEPT:
        _kept.popitem(last=False)


def follow(request: client.Submission, image: Any, index: int = 0, count: int = 1) -> client.Result:
    """
    The engine's result for one submission; progress is shown in GIMP's bar as number `index` of `count`.

    Raises:
        Cancelled: the image, or the window from which the job was started, was closed.
        EngineError: the engine failed.
    """
    earlier = _kept.get(_key(request))
    if earlier is not None:
        return earlier
    job = client.Engine("gimp").upscale(request)
    pixels = request.pixels
    if request.action == "upscale" and isinstance(pixels, client.Pixels):
        pixels.pack_early()  # its recipes hold the pixels
    news: queue.Queue[_News] = queue.Queue()
    threading.Thread(target=_listen, args=(job, news), daemon=True).start()
    text = ""
    moving = False
    while True:
        try:
            event = news.get(timeout=_LOOK)
        except queue.Empty:
            if _is_closed(image):
                job.cancel()
                raise Cancelled() from None
            if not moving:
                Gimp.progress_pulse()  # the first tile or step takes a while
            continue
        if isinstance(event, BaseException):
            raise event
        if isinstance(event, client.Result):
            return event
        if event.sentence != text:
            text = event.sentence
            Gimp.progress_set_text(text)
        if isinstance(event, client.Progress):
            moving = True
            Gimp.progress_update((index + event.fraction) / count)


def _key(request: client.Submission) -> Any:
    pixels = request.pixels
    return (
        request.action,
        request.kept if request.action == "anonymise" else 0,
        json.dumps(request.settings, sort_keys=True),
        json.dumps(pixels.described(), sort_keys=True),
        pixels.body,
    )


def _size(result: client.Result) -> int:
    return sum(len(frame) for answer in result.answers for frame in answer.frames)


def _joined(results: list[client.Result]) -> client.Result:
    if len(results) == 1:
        return results[0]
    answers = tuple(answer for result in results for answer in result.answers)
    notes = tuple(dict.fromkeys(note for result in results for note in result.notes))
    return replace(results[0], answers=answers, notes=notes, seconds=sum(result.seconds for result in results))


def _listen(job: client.JobHandle, news: queue.Queue[_News]) -> None:
    try:
        for event in job:
            news.put(event)
            if isinstance(event, client.Result):
                return
        news.put(Refusal("The Depixel engine gave no answer."))
    except Exception as error:  # raised again by `follow`, in GIMP's thread
        news.put(error)


# Without a window (a script) the display is None, and only the image counts.
def _is_closed(image: Any) -> bool:
    display = Gimp.default_display()
    return not image.is_valid() or (display is not None and not display.is_valid())
