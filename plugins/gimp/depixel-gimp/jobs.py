"""What is sent to the engine, and what comes back. Cancelling, or closing the image, stops the job within a step."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import Any, Union

import depixel_client as client
import gi
from gimpfu_compat import Cancelled
from host import Refusal, Source

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402

_LOOK = 0.2  # seconds between two looks at whether the image is still open

_News = Union[client.Event, BaseException]


@dataclass(frozen=True)
class Reply:
    """The engine's result for one source, and what was sent for it."""

    source: Source
    submission: client.Submission
    result: client.Result


def replies(action: client.Action, image: Any, sources: list[Source], values: dict[str, Any]) -> list[Reply]:
    """
    Ask for all sources, one after the other.

    Raises:
        Cancelled: the image was closed.
        EngineError: one sentence.
    """
    found = []
    for index, source in enumerate(sources):
        submission = client.Submission(
            pixels_of(source),
            client.settings_of(action, values, source.box, (source.width, source.height)),
            action.wire,
            values.get("kept", 12),
            program="gimp",
        )
        found.append(Reply(source, submission, follow(submission, image, index, len(sources))))
    return found


def pixels_of(source: Source) -> client.Pixels:
    return client.Pixels(
        source.width, source.height, source.channels, source.frames, source.depth, source.palette, source.name
    )


def follow(submission: client.Submission, image: Any, index: int = 0, count: int = 1) -> client.Result:
    """
    The engine's result for one submission; progress goes to GIMP's bar, where this is number `index` of `count`.

    Raises:
        Cancelled: the image, or the window that the job was started from, was closed.
        EngineError: one sentence.
    """
    job = client.Engine("gimp").upscale(submission)
    news: queue.Queue[_News] = queue.Queue()
    threading.Thread(target=_listen, args=(job, news), daemon=True).start()
    shown = ""
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
        if event.sentence != shown:
            shown = event.sentence
            Gimp.progress_set_text(shown)
        if isinstance(event, client.Progress):
            moving = True
            Gimp.progress_update((index + event.fraction) / count)


def _listen(job: client.Job, news: queue.Queue[_News]) -> None:
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
