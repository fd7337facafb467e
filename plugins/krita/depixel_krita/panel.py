"""The widgets that dialog and docker share: the picture, the answers, the options, and what is going on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._client import (
    IMAGINE_FACE,
    UPSCALE,
    Action,
    Engine,
    EngineError,
    Progress,
    action_named,
    exactness,
    file_suffix,
    group_name,
    sentence,
)
from .form import Form
from .host import HostError, Target, choose, glance
from .pieces import button, label, row
from .qt import QtCore, QtWidgets, Signal
from .recipes import KeptRecipe, recipe_of_target
from .region import middle, shown
from .results import NEW_DOCUMENT, deliver
from .scratch import prepare
from .turns import StateWatch, Stepper
from .view import CompareView, Line, Strip
from .work import Offer, Order, OrderResult, Work

_LOOK = 600  # milliseconds between two looks at what is selected
_PREVIEW_SCALE = 8  # at most
_LARGE = 1024  # pixels at which a chosen face may be made again
_ALIKE = 4  # answers that "More like this" asks for at least


class Panel(QtWidgets.QWidget):
    """
    One action's panel.

    Signals:
        applied: answers have become layers or a document; with the sentence that sums the job up.
        finished: with the `OrderResult` of a request (not of a preview).
    """

    applied = Signal(str)
    finished = Signal(object)

    def __init__(self, action: Action, engine: Engine, parent: QtWidgets.QWidget, wide: bool) -> None:
        super().__init__(parent)
        self.action = action
        self._work, self._preview = Work(engine, self), Work(engine, self)
        self._watch = StateWatch(engine, self)
        self._done: OrderResult | None = None
        self._offers: tuple[Offer, ...] = ()
        self._kept: Offer | None = None  # the answer that others were asked to be like
        self._applying: Stepper | None = None
        self._recipe: KeptRecipe | None = None  # of the active layer
        self._seen: Any = None
        self._converted = False  # the colours of the active layer are, for the engine
        self._build(wide)
        self._connect()
        self._look_timer, self._soon_timer = QtCore.QTimer(self), QtCore.QTimer(self)
        self._soon_timer.setSingleShot(True)
        for timer in (self._look_timer, self._soon_timer):
            timer.timeout.connect(self.look)
        self._refresh()

    def _build(self, wide: bool) -> None:
        self.view, self.strip = CompareView(self), Strip(self)
        self.form = Form(self.action, self)
        self.live = QtWidgets.QCheckBox("Live preview", self)
        self.live.setToolTip("Answer the middle of the selection, or of the layer, after every change.")
        self.words, self.state = label(self), Line(self)
        self.words.setMinimumHeight(2 * self.words.fontMetrics().lineSpacing())
        self.state.setEnabled(False)  # grey
        self.bar = QtWidgets.QProgressBar(self)
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.go = button(self, self.action.menu.rstrip("."), self.action.blurb)
        self.stop = button(self, "Cancel", "Stop the work; nothing is changed")
        self.again = button(self, "Again", "Make this very layer again, from the recipe that it carries")
        self.large = button(self, f"At {_LARGE}", f"The same face again, {_LARGE} pixels large")
        self.more = button(self, "More like this", "Keep the chosen answer and ask for others close to it")
        self.apply = button(self, "Apply", "Add the chosen answer, as set in the last row above")
        self.apply_all = button(self, "Apply all", "Add all answers")
        self.discard = button(self, "Discard", "Forget these answers")
        pictures = QtWidgets.QVBoxLayout()
        pictures.addWidget(self.view, 1)
        pictures.addWidget(self.live)
        pictures.addLayout(row(self.again, self.large))
        pictures.addWidget(self.strip)
        pictures.addLayout(row(self.more, self.apply, self.apply_all, self.discard, grid=not wide))
        options = QtWidgets.QVBoxLayout()
        options.addWidget(self.form)
        self.about = label(self)  # what is invented, and what is exact
        self.about.setVisible(wide)
        options.addWidget(self.about)
        options.addStretch(1)
        body: QtWidgets.QBoxLayout = QtWidgets.QHBoxLayout() if wide else QtWidgets.QVBoxLayout()
        body.addLayout(pictures, 1)
        body.addLayout(options)
        whole = QtWidgets.QVBoxLayout(self)
        whole.setContentsMargins(*([9] * 4 if wide else [0] * 4))  # the docker has its own
        whole.addLayout(body, 1)
        whole.addWidget(self.bar)
        whole.addWidget(self.words)
        self.buttons = row(self.go, self.stop)
        whole.addLayout(self.buttons)
        whole.addWidget(self.state)

    def _connect(self) -> None:
        self.go.clicked.connect(lambda checked=False: self.start())
        self.stop.clicked.connect(self.cancel)
        self.again.clicked.connect(lambda checked=False: self.start_again())
        self.large.clicked.connect(lambda: self.start_again(_LARGE))
        self.more.clicked.connect(self.ask_for_more)
        self.apply.clicked.connect(lambda: self.apply_offers(all_of_them=False))
        self.apply_all.clicked.connect(lambda: self.apply_offers(all_of_them=True))
        self.discard.clicked.connect(self.forget)
        self.strip.chosen.connect(lambda index: self.view.show_after(self._offers[index].picture))
        self.form.changed.connect(self._changed)
        self.live.toggled.connect(self._changed)
        self._work.progressed.connect(self._progressed)
        self._work.finished.connect(self._finished)
        self._work.failed.connect(self._failed)
        self._preview.finished.connect(self._previewed)
        self._preview.failed.connect(self._say)
        self._watch.changed.connect(lambda word, words: self.state.setText(words))

    @property
    def busy(self) -> bool:
        """True while a request, or its answers' way into Krita, is going on."""
        return self._work.busy or self._applying is not None

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The answers to choose from."""
        return self._offers

    def start(self, extra: Mapping[str, Any] | None = None) -> None:
        """Ask for answers to what is selected now."""
        if self.busy:
            return
        self._preview.cancel()
        try:
            order = Order(choose(), self.action, self.form.values(), extra or {}, previews=True)
            self._work.start(order)
        except (HostError, EngineError) as error:
            self._say(str(error))
            return
        self.form.remember()
        self._begin("Reading the pixels")

    def _begin(self, words: str) -> None:
        self._offers, self._done = (), None
        self._say(words)
        self.bar.setValue(0)
        self._refresh()

    def start_again(self, side: int = 0) -> None:
        """Ask for the answer that the active layer is, by its recipe; `side`: at about so many pixels."""
        recipe = self._recipe
        if self.busy or recipe is None or recipe.recipe.source is None:
            return
        self._preview.cancel()
        source, extra = recipe.recipe.source, {}
        if side:
            left, top, right, bottom = recipe.recipe.settings.get("box") or (0, 0, source.width, source.height)
            extra["scale"] = min(64, max(2, side // max(right - left, bottom - top)))
        try:
            target = recipe.target(choose())
            values = {**self.form.values(), **recipe.recipe.values()}
            self._work.start(
                Order(target, action_named(recipe.recipe.action), values, extra, previews=True, again=recipe)
            )
        except (HostError, EngineError) as error:
            self._say(str(error))
            return
        self._begin("Asking for the same answer")

    def ask_for_more(self) -> None:
        """Keep the chosen answer, and ask for others close to it."""
        if self.busy or self._done is None:
            return
        offer, order = self._chosen(), self._done.order
        values = {**order.values, "candidates": max(_ALIKE, order.values["candidates"])}
        extra = {"like": offer.seed} if offer.imagined else {}
        values["seed"] = (offer.seed + 1) % 1_000_003
        try:
            self._work.start(Order(order.target, order.action, values, extra, previews=False))
        except EngineError as error:
            self._say(str(error))
            return
        self._kept = offer
        self._refresh()

    def cancel(self) -> None:
        """Give up what is going on."""
        self._work.cancel()
        self._preview.cancel()
        words = "Cancelled; nothing was changed."
        if self._applying is not None:
            self._applying.stop()
            self._applying = None
            if self.form.values()["output"] != NEW_DOCUMENT:  # the canvas comes before the answer
                words = "Cancelled; if the document was enlarged already, undo takes that back."
        self._kept = None
        self._say(words)
        self._refresh()

    def apply_offers(self, all_of_them: bool) -> None:
        """Turn the chosen answer, or all, into layers or a document."""
        if self.busy or self._done is None:
            return
        done = self._done
        offers = self._offers if all_of_them else (self._chosen(),)
        scale = max(1, done.finished.result.scale)
        group = group_name(done.order.target.name, done.finished.result, done.order.action.name != UPSCALE.name)
        name = group if len(offers) > 1 else offers[0].painting.name
        steps = deliver(
            [offer.painting for offer in offers],
            done.shot.colours,
            done.order.target,
            scale,
            self.form.values()["output"],
            name,
            file_suffix(done.order.action, scale),
        )
        self._applying = Stepper(steps, self)
        self._applying.ended.connect(self._applied)
        self._applying.broke.connect(self._not_applied)
        self._say(f"Adding {name}")
        self._refresh()

    def forget(self) -> None:
        """Back to the selected pixels."""
        self._offers, self._done, self._kept, self._seen = (), None, None, None
        self.view.set_stale(False)
        self._say("")
        self._refresh()
        self.look()

    def look_soon(self) -> None:
        """`look`, when Krita has ended what it is doing: documents must not be made in the middle of that."""
        self._soon_timer.start(0)

    def look(self) -> None:
        """Show what is selected, and answer a part of it where a live preview is wanted."""
        if self.busy or self._offers or not self.isVisible():
            return
        try:
            target = choose()
            part = middle(target)
            samples = glance(part)
            prepare(target.colours)
            self._find_recipe(target)
            self._explain(target)
        except HostError as error:
            self._seen = self._recipe = None
            self._refresh()
            self._preview.cancel()
            self.view.show_before(None, str(error))
            return
        values = self.form.values()
        state = (part, samples, tuple(sorted(values.items())), self.live.isChecked())
        if state == self._seen:
            return
        self._seen = state
        if self.live.isChecked() and self.action.name == UPSCALE.name:
            values.update(scale=min(_PREVIEW_SCALE, values["scale"]), candidates=1)
            self._preview.start(Order(part, self.action, values, {}, previews=False))
            return
        before = shown(part, samples)
        hint = f"{target.name}: no preview of its colours ({part.colours.model}, {part.colours.depth})"
        self.view.show_before(before, hint)
        self._describe(target)

    def showEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self._watch.look(True)
        self._look_timer.start(_LOOK)
        self.look_soon()

    def hideEvent(self, event: Any) -> None:  # noqa: N802
        super().hideEvent(event)
        self._watch.look(False)
        self._look_timer.stop()
        self._preview.cancel()
        self._seen = None

    def close_down(self) -> None:
        """Krita or the dialog goes away: let the engine stop as well."""
        self._work.cancel()
        self._preview.cancel()
        self._watch.look(False)
        self._look_timer.stop()

    def _chosen(self) -> Offer:
        return self._offers[max(0, self.strip.currentRow())]

    # The promise depends on the values and on the colours.
    def _explain(self, target: Target | None = None) -> None:
        if target is not None:
            self._converted = target.colours.travels != target.colours
        exact = exactness(self.action, self.form.values())
        if self._converted:
            exact = "Its colours are converted and back, so it scales back only approximately."
        self.about.setText(self.action.help.split(" Scaled down again")[0] + " " + exact)

    def _find_recipe(self, target: Target) -> None:
        before, self._recipe = self._recipe, recipe_of_target(target)
        if before != self._recipe:
            self._refresh()

    def _changed(self) -> None:
        self._explain()
        if self._offers and self._done is not None:
            old = {**self._done.order.values, "output": None}
            self.view.set_stale(old != {**self.form.values(), "output": None})
        if not self.busy and not self._offers:
            self._look_timer.start(_LOOK)  # once the value stands still

    def _progressed(self, event: Any) -> None:
        self._say(event.sentence)
        if isinstance(event, Progress):
            self.bar.setValue(round(1000 * event.fraction))
            if event.preview is not None:
                self.view.show_after(event.preview)

    def _finished(self, done: OrderResult) -> None:
        offers = done.offers if self._kept is None else (self._kept, *done.offers)
        self._done, self._offers, self._kept = done, offers, None
        self._say(done.summary)
        self.view.set_stale(False)
        self.view.show_both(done.finished.source, offers[0].picture)
        self.strip.fill(
            [offer.picture for offer in offers],
            [offer.label for offer in offers],
            [offer.painting.name for offer in offers],
        )
        self._watch.soon()
        self._refresh()
        self.finished.emit(done)

    def _failed(self, words: str) -> None:
        self._watch.soon()
        self._kept = None
        self._say(words or "Cancelled; nothing was changed.")
        self._refresh()

    def _previewed(self, done: OrderResult) -> None:
        self._watch.soon()
        self.view.show_both(done.finished.source, done.offers[0].picture)
        self._describe(done.order.target)

    def _applied(self, name: str) -> None:
        self._applying = None
        words = self._done.summary if self._done is not None else ""
        self._offers, self._done, self._seen = (), None, None
        self._say(f"Added {name}. {words}")
        self._refresh()
        self.applied.emit(words)

    def _not_applied(self, error: BaseException) -> None:
        self._applying = None
        self._say(str(error) if isinstance(error, HostError) else sentence(error))
        self._refresh()

    def _describe(self, target: Target) -> None:
        if not self.words.text() or self.words.property("describes"):
            what = f"{target.name}, {target.width} × {target.height} pixels"
            if target.times:
                what += f", {len(target.times)} frames"
            self._say(what)
            self.words.setProperty("describes", True)

    def _say(self, words: str) -> None:
        self.words.setText(words)
        self.words.setProperty("describes", False)

    def _refresh(self) -> None:
        busy, offered = self.busy, bool(self._offers)
        self.go.setVisible(not busy)
        self.stop.setVisible(busy)
        self.bar.setVisible(busy)
        self.strip.setVisible(offered)
        self.live.setVisible(not offered and self.action.name == UPSCALE.name)
        recipe = self._recipe.recipe if self._recipe is not None and not (busy or offered) else None
        can_repeat = recipe is not None and recipe.source is not None
        self.again.setVisible(can_repeat)
        self.large.setVisible(can_repeat and recipe is not None and recipe.action == IMAGINE_FACE.name)
        for choice in (self.more, self.apply, self.discard):
            choice.setVisible(offered)
            choice.setEnabled(not busy)
        self.apply_all.setVisible(len(self._offers) > 1)
        self.apply_all.setEnabled(not busy)
        self.form.setEnabled(not busy)
