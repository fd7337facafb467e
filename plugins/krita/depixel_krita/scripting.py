"""
For scripts, such as those in Krita's Scripter: one call requests answers, waits and adds them. Krita stays usable.

    from depixel_krita import scripting

    scripting.answer("upscale", scale=4, output="document")
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from krita import Krita

from ._client import Engine, EngineError, action_named, with_output
from .documents import flattened_copy, to_front
from .host import HostError, sentence_of
from .order_queue import OrderQueue, OrderSet, OrderSetResult
from .parts import delivery_of, order_set_for
from .qt import QtCore
from .results import deliver
from .turns import Stepper

if TYPE_CHECKING:
    from krita import Document

_TURN = 200  # milliseconds
_PATIENCE = 5000  # milliseconds for Krita to show a document that was just opened


def answer(action: str = "upscale", document: Document | None = None, **values: Any) -> str:
    """
    Answer what is selected in a document, and add all answers; a new document then becomes active.

    Returns the name of what was added.

    Args:
        action: "upscale", "imagine-face" or "anonymise-face".
        document: it must have a view, and becomes active; None: the active one.
        values: options by their names in docs/options.md; and `output`: "new-document", "new-layer", for "upscale" also
            "larger-document", "document" and "visible-document".

    Raises:
        RuntimeError: one sentence: there is nothing to answer, a value is not allowed, or the engine failed.
    """
    try:
        chosen = with_output(action_named(action), "krita", "new-layer" if action == "anonymise-face" else None)
    except StopIteration:
        raise RuntimeError(f"There is no action {action!r}: choose upscale, imagine-face or anonymise-face.") from None
    unknown = sorted(set(values) - set(chosen.defaults()))
    if unknown:
        raise RuntimeError(f"{action} has no option {unknown[0]}; it has {', '.join(chosen.defaults())}.")
    _wait_for(document)
    try:
        result = _result(order_set_for(chosen, {**chosen.defaults(), **values}))
    except (HostError, EngineError) as error:
        raise RuntimeError(str(error)) from None
    parts = [delivery_of(part, part.offers) for part in result.parts]
    return _run(deliver(parts, result.order_set.output, result.suffix, result.order_set.only))


def flattened() -> str:
    """
    Open what is visible of the active document as a document with one layer. Returns its name.

    Raises:
        RuntimeError: no document is open.
    """
    return _run(flattened_copy())


def _result(order_set: OrderSet) -> OrderSetResult:
    app = Krita.instance()
    queue = OrderQueue(Engine("krita"), app)
    results: list[OrderSetResult] = []
    problems: list[str] = []
    queue.finished.connect(results.append)
    queue.failed.connect(lambda failed, words: problems.append(words or "Cancelled."))
    queue.add(order_set)
    try:
        _spin(lambda: bool(results or problems))
    finally:
        queue.cancel()
        queue.deleteLater()
    if problems:
        raise RuntimeError(problems[0])
    return results[0]


def _run(steps: Generator[int, None, str]) -> str:
    names: list[str] = []
    problems: list[BaseException] = []
    stepper = Stepper(steps, Krita.instance())
    stepper.ended.connect(names.append)
    stepper.broke.connect(problems.append)
    _spin(lambda: bool(names or problems))
    if problems:
        raise RuntimeError(sentence_of(problems[0]))
    return names[0]


# A document that was just opened becomes active only after Krita has processed events.
def _wait_for(document: Document | None) -> None:
    clock = QtCore.QElapsedTimer()
    clock.start()
    if document is not None:
        to_front(document)

    def shown() -> bool:
        in_front = document is None or Krita.instance().activeDocument() == document
        return clock.elapsed() > _PATIENCE or (clock.elapsed() > _TURN and in_front)

    _spin(shown)


def _spin(done: Callable[[], bool]) -> None:
    loop, timer = QtCore.QEventLoop(), QtCore.QTimer()
    timer.timeout.connect(lambda: loop.quit() if done() else None)
    timer.start(20)
    if not done():
        loop.exec() if hasattr(loop, "exec") else loop.exec_()
    timer.stop()
