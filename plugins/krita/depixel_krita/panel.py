"""The panel that the dialog and the docker share: it requests answers, shows them, and adds them to Krita."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ._client import (
    ANONYMISE_FACE,
    Action,
    Engine,
    EngineError,
    History,
    Preview,
    Rates,
    action_named,
    exactness,
)
from .choice import active_layer
from .contact_sheet import ContactSheet
from .documents import flattened_copy
from .host import HostError, Target, sentence_of
from .live import Live
from .order_queue import OrderQueue, OrderSet, OrderSetResult
from .outlook import outlook
from .parts import delivery_of, order_set_for
from .qt import QtWidgets, Signal
from .recipes import KeptRecipe, recipe_of_target
from .results import NEW_DOCUMENT, deliver
from .settings import setting, write_setting
from .turns import StateWatch, Stepper
from .widgets import LARGE, PanelWidgets
from .work import Offer, Order

_ALIKE = 4  # smallest number of answers that "More like this" requests
_STILL_THERE = "The layer below still shows the real face: share a flattened copy, not this document."


class Panel(PanelWidgets):
    """
    One action's panel.

    Signals:
        applied: answers have become layers or a document; with a sentence that summarises the job.
        finished: with the `OrderSetResult` to a request (not to a preview).
        refused: with the sentence; a request failed.
    """

    applied = Signal(str)
    finished = Signal(object)
    refused = Signal(str)

    def __init__(self, action: Action, engine: Engine, parent: QtWidgets.QWidget, wide: bool) -> None:
        super().__init__(action, engine.place, parent, wide)
        self.adds_single = True  # a single answer is added at once
        self._history, self._rates = History(engine.place), Rates(engine.place)
        self.queue = OrderQueue(engine, self)
        self.preview = Live(action, engine, self.view, self)
        self._watch = StateWatch(engine, self)
        self._ready: list[OrderSetResult] = []  # finished, and not shown yet
        self._shown: OrderSetResult | None = None
        self._sheet: ContactSheet | None = None
        self._applying: Stepper | None = None
        self._adding = NEW_DOCUMENT  # where the answers in progress go
        self._recipe: KeptRecipe | None = None  # of the active layer
        self._target: Target | None = None  # the active layer
        self.live.setChecked(setting("live-" + action.name) == "true")
        self._connect()
        self._refresh()

    def _connect(self) -> None:
        for button, press in (
            (self.go, self.start),
            (self.stop, self.cancel_one),
            (self.again, self.start_again),
            (self.large, lambda: self.start_again(LARGE)),
            (self.flat, self.flatten),
            (self.compare, self.show_sheet),
            (self.more, self.ask_for_more),
            (self.apply, lambda: self.apply_offers([self.strip.currentRow()])),
            (self.apply_all, lambda: self.apply_offers(range(len(self.offers)))),
            (self.discard, self.forget),
        ):
            button.clicked.connect(lambda checked=False, press=press: press())
        self.strip.chosen.connect(lambda index: self.view.show_after(self.offers[index].picture))
        self.strip.itemDoubleClicked.connect(lambda item: self.show_sheet())
        self.form.changed.connect(self._changed)
        self.live.toggled.connect(self._live_toggled)
        self.queue.changed.connect(self._refresh)
        self.queue.progressed.connect(self._progressed)
        self.queue.previewed.connect(self._previewed)
        self.queue.finished.connect(self._finished)
        self.queue.failed.connect(self._failed)
        self.preview.due.connect(self.look)
        self.preview.due_now.connect(self.look)
        self.preview.looked.connect(self._looked)
        self.preview.said.connect(self._describe)
        self.preview.refused.connect(lambda words: self.say(words, describes=True))
        self.preview.ended.connect(self._watch.soon)
        self._watch.changed.connect(lambda word, words: self.state.setText(words))

    @property
    def busy(self) -> bool:
        """Whether a request, or the delivery of its answers into Krita, is in progress."""
        return self.queue.busy or self._applying is not None

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The answers to choose from."""
        return self._shown.offers if self._shown is not None else ()

    def start(self) -> None:
        """Request answers to what is selected now; they are queued after earlier requests."""
        try:
            self._add(order_set_for(self.action, self.form.values()))
        except (HostError, EngineError) as error:
            self._refuse(str(error))
            return
        self.form.remember()
        write_setting("last", self.action.name)

    def start_again(self, side: int = 0) -> None:
        """Request the answer of the active layer again, by its recipe; `side`: at about this many pixels."""
        kept = self._recipe
        if kept is None or kept.recipe.source is None:
            return
        source, extra = kept.recipe.source, {}
        if side:
            left, top, right, bottom = kept.recipe.settings.get("box") or (0, 0, source.width, source.height)
            extra["scale"] = min(64, max(2, side // max(right - left, bottom - top)))
        try:
            target = kept.target(active_layer())
            values = {**self.form.values(), **kept.recipe.values()}
            again = Order(target, action_named(kept.recipe.action), values, extra, previews=True, again=kept)
            self._add(OrderSet((again,), self.form.values()["output"], kept.recipe.name, values))
        except (HostError, EngineError) as error:
            self._refuse(str(error))

    def ask_for_more(self, index: int = -1) -> None:
        """Request answers close to the chosen one (or number `index`); existing ones stay."""
        if self._shown is None:
            return
        chosen, first = (
            self.offers[max(0, self.strip.currentRow() if index < 0 else index)],
            self._shown.parts[0].order,
        )
        values = {**first.values, "candidates": max(_ALIKE, first.values["candidates"])}
        values["seed"] = (max(offer.seed for offer in self.offers) + 1) % 1_000_003
        extra = {"like": chosen.seed} if chosen.imagined else {}
        again = Order(first.target, first.action, values, extra, previews=False)
        order_set = self._shown.order_set
        try:
            self._add(replace(order_set, parts=(again,), earlier=self.offers, extends=self._shown))
        except EngineError as error:
            self._refuse(str(error))

    def cancel_one(self) -> None:
        """Cancel the request that is selected in the list, or the one in progress."""
        row = self.waiting.currentRow() if self.waiting.isVisible() else 0
        order_sets = self.queue.order_sets
        if self._applying is not None or not order_sets:
            self.cancel()
            return
        self.queue.cancel(order_sets[min(max(0, row), len(order_sets) - 1)])
        self.say("Cancelled; nothing was changed.")
        self._next()

    def cancel(self) -> None:
        """Cancel everything in progress."""
        words = "Cancelled; nothing was changed."
        self.queue.cancel()
        self.preview.work.cancel()
        if self._applying is not None:
            self._applying.stop()
            self._applying = None
            if self._adding != NEW_DOCUMENT:  # the canvas is enlarged before the answer is added
                words = "Cancelled. If the document has already been enlarged, undo reverts that."
        self.say(words)
        self._refresh()

    def apply_offers(self, rows: Any) -> None:
        """Turn the answers with these numbers into layers or a document."""
        if self._applying is None and self._shown is not None:
            offers = self.offers
            self._deliver(self._shown, [offers[max(0, row)] for row in rows])

    def flatten(self) -> None:
        """Open what is visible of the document as a document with one layer."""
        if self._applying is None:
            self._adding = NEW_DOCUMENT
            self._run(flattened_copy(), "the flattened copy", lambda name: self.say(f"Opened {name}."))

    def show_sheet(self) -> None:
        """Compare the answers side by side in a window."""
        if self._shown is None:
            return
        if self._sheet is None:
            self._sheet = ContactSheet(self)
            self._sheet.chosen.connect(self.apply_offers)
            self._sheet.more.connect(self.ask_for_more)
        self._sheet.fill(self._shown.parts[0].finished.source, self.offers)
        self._sheet.show()
        self._sheet.raise_()

    def forget(self) -> None:
        """Return to the selected pixels, or to the answers that arrived meanwhile."""
        self._shown = None
        self.preview.forget()
        self.view.set_stale(False)
        self.say("")
        self._next()
        self.look()

    def look_soon(self) -> None:
        """`look`, once Krita is idle."""
        self.preview.soon()

    def look(self) -> None:
        """Show the selection, and answer a part of it if a live preview is requested."""
        if not (self.busy or self.offers) and self.isVisible():
            self.preview.look(self.form.values(), self.live.isChecked())

    def showEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self._watch.look(True)
        self.preview.watch(True)

    def hideEvent(self, event: Any) -> None:  # noqa: N802
        super().hideEvent(event)
        self._watch.look(False)
        self.preview.watch(False)

    def close_down(self) -> None:
        """Krita or the dialog is closing: stop the engine's work as well."""
        self.queue.cancel()
        self._watch.look(False)
        self.preview.watch(False)
        if self._sheet is not None:
            self._sheet.close()

    def _add(self, order_set: OrderSet) -> None:
        self.queue.add(order_set)
        self.preview.work.cancel()
        self._history.begin(order_set.parts[0].action, order_set.title, order_set.values)
        self._refresh()

    def _finished(self, result: OrderSetResult) -> None:
        self._history.finish(result.parts[0].order.action)
        for part in result.parts:
            self._rates.note(part.order.action, part.order.values, [part.finished.result])
        self._watch.soon()
        if result.order_set.extends is not None and result.order_set.extends is self._shown:
            self._show(result)
        else:
            self._ready.append(result)
            self._next()
        self.finished.emit(result)

    # The next result that was not shown yet, once the user has finished with the previous one.
    def _next(self) -> None:
        if self._ready and self._shown is None and self._applying is None:
            result = self._ready.pop(0)
            if result.several or (self.adds_single and len(result.offers) == 1):
                self._deliver(result, result.offers)
            else:
                self._show(result)
        self._refresh()

    def _show(self, result: OrderSetResult) -> None:
        offers = result.offers
        row = self.strip.currentRow() if result.order_set.earlier else 0
        self._shown = result
        self.say(result.summary)
        self.view.set_stale(False)
        self.view.show_both(result.parts[0].finished.source, offers[max(0, row)].picture)
        self.strip.fill(
            [offer.picture for offer in offers],
            [offer.label for offer in offers],
            [offer.painting.name for offer in offers],
            max(0, row),
        )
        if self._sheet is not None and self._sheet.isVisible():
            self.show_sheet()
        self._refresh()

    def _deliver(self, result: OrderSetResult, offers: Any) -> None:
        # Answers that wait go where the form says now; answers added automatically, where they were requested.
        output = result.order_set.output if self._shown is None else self.form.values()["output"]
        parts = [delivery_of(part, part.offers[:1]) for part in result.parts]
        if not result.several:
            parts = [delivery_of(result.parts[0], offers)]
        name = result.order_set.title if len(parts) > 1 else parts[0].group
        self._adding = output
        steps = deliver(parts, output, result.suffix, result.order_set.only)
        self._run(steps, name, lambda added: self._applied(result, added), result)

    def _run(self, steps: Any, name: str, ended: Any, result: OrderSetResult | None = None) -> None:
        self._applying = Stepper(steps, self)
        self._applying.ended.connect(lambda added: self._ended(ended, added))
        self._applying.broke.connect(lambda error: self._not_applied(error, result))
        self.say(f"Adding {name}")
        self._refresh()

    def _ended(self, ended: Any, name: str) -> None:
        self._applying = None
        ended(name)
        self._next()

    def _applied(self, result: OrderSetResult, name: str) -> None:
        words = result.summary
        if self._shown is result:
            self._shown = None
        self.preview.forget()
        real = result.parts[0].order.action.name == ANONYMISE_FACE.name and self._adding != NEW_DOCUMENT
        self.say(f"Added {name}. " + (f"{_STILL_THERE} " if real else "") + words)
        if self._sheet is not None:
            self._sheet.close()
        self.applied.emit(words)

    # An answer that could not be added is not lost: it waits, to be added elsewhere.
    def _not_applied(self, error: BaseException, result: OrderSetResult | None) -> None:
        self._applying = None
        if result is not None and self._shown is None:
            self._show(result)
        self._refuse(sentence_of(error))

    def _failed(self, order_set: OrderSet, words: str) -> None:
        self._watch.soon()
        self._refuse(words or "Cancelled; nothing was changed.")

    def _refuse(self, words: str) -> None:
        self.say(words, whole=True)
        self._refresh()
        self.refused.emit(words)

    def _progressed(self, words: str, fraction: float) -> None:
        self.say(words)
        self.bar.setRange(0, 0 if fraction < 0 else 1000)  # animated until the engine reports progress
        self.bar.setValue(round(1000 * max(0.0, fraction)))

    def _previewed(self, source: Preview, answer: Preview) -> None:
        if not self.offers:
            self.view.show_both(source, answer)

    def _looked(self, target: Target | None) -> None:
        before, self._target = self._recipe, target
        self._recipe = recipe_of_target(target) if target is not None else None
        self._explain()
        if before != self._recipe:
            self._refresh()

    # The promise depends on the values and on the colours.
    def _explain(self) -> None:
        target = self._target
        size = (target.width, target.height) if target is not None else None
        exact = exactness(self.action, self.form.values(), size)
        if target is not None and target.colours.is_converted:
            exact = "Its colours are converted for the engine and back, so the answer scales back only approximately."
        self.about.setText(f"{self.action.explanation} {exact}")

    def _changed(self) -> None:
        self._explain()
        if self._shown is not None:
            old = {**self._shown.order_set.values, "output": None}
            self.view.set_stale(old != {**self.form.values(), "output": None})
        elif not self.busy:
            self.words.setProperty("describes", True)  # the message about the last answer has been read
            self.preview.later()

    def _live_toggled(self, on: bool) -> None:
        write_setting("live-" + self.action.name, "true" if on else "false")
        self._changed()

    def _describe(self, words: str) -> None:
        if not self.message or self.words.property("describes"):
            result = outlook(self._rates, self.action, self.form.values(), self._target) if self._target else ""
            self.say(f"{words}; result: {result}" if result else words, describes=True)

    def _refresh(self) -> None:
        titles = [order_set.title for order_set in self.queue.order_sets]
        recipe = self._recipe.recipe if self._recipe is not None else None
        self.arrange(len(self.offers), self.busy, self._applying is not None, titles, recipe)
