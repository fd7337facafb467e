"""The widgets that dialog and docker share: the picture, the answers, the options, and what is going on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._client import UPSCALE, Action, Engine, EngineError, Preview, Progress, group_name, sentence
from .form import Form
from .host import HostError, Target, choose, glance
from .pixels import reduced, swapped
from .qt import QtCore, QtWidgets, Signal
from .results import LARGER_DOCUMENT, deliver
from .scratch import prepare
from .turns import StateWatch, Stepper
from .view import CompareView, Line, Strip
from .work import Asked, Done, Offer, Work

_LOOK = 600  # milliseconds between two looks at what is selected
_PREVIEW_SIDE = 64  # pixels of the part that is previewed
_PREVIEW_SCALE = 8  # at most
_ALIKE = 4  # answers that "More like this" asks for at least


class Panel(QtWidgets.QWidget):
    """
    One action's panel.

    Signals:
        applied: answers have become layers or a document; with the sentence that sums the job up.
        finished: with the `Done` of a request (not of a preview).
    """

    applied = Signal(str)
    finished = Signal(object)

    def __init__(self, action: Action, engine: Engine, parent: QtWidgets.QWidget, wide: bool) -> None:
        super().__init__(parent)
        self.action = action
        self._work, self._preview = Work(engine, self), Work(engine, self)
        self._watch = StateWatch(engine, self)
        self._done: Done | None = None
        self._offers: tuple[Offer, ...] = ()
        self._kept: Offer | None = None  # the answer that others were asked to be like
        self._applying: Stepper | None = None
        self._seen: Any = None
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
        self.live.setVisible(self.action.name == UPSCALE.name)
        self.words, self.state = _label(self), Line(self)
        self.words.setMinimumHeight(2 * self.words.fontMetrics().lineSpacing())
        self.state.setEnabled(False)  # grey
        self.bar = QtWidgets.QProgressBar(self)
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.go = _button(self, self.action.menu.rstrip("."), self.action.blurb)
        self.stop = _button(self, "Cancel", "Stop the work; nothing is changed")
        self.more = _button(self, "More like this", "Keep the chosen answer and ask for others close to it")
        self.apply = _button(self, "Apply", "Add the chosen answer, as set in the last row above")
        self.apply_all = _button(self, "Apply all", "Add all answers")
        self.discard = _button(self, "Discard", "Forget these answers")
        pictures = QtWidgets.QVBoxLayout()
        pictures.addWidget(self.view, 1)
        pictures.addWidget(self.live)
        pictures.addWidget(self.strip)
        pictures.addLayout(_row(self.more, self.apply, self.apply_all, self.discard, grid=not wide))
        options = QtWidgets.QVBoxLayout()
        options.addWidget(self.form)
        if wide:
            about = _label(self)
            about.setText(self.action.help)
            options.addWidget(about)
        options.addStretch(1)
        body: QtWidgets.QBoxLayout = QtWidgets.QHBoxLayout() if wide else QtWidgets.QVBoxLayout()
        body.addLayout(pictures, 1)
        body.addLayout(options)
        whole = QtWidgets.QVBoxLayout(self)
        if not wide:  # the docker has its own
            whole.setContentsMargins(0, 0, 0, 0)
        whole.addLayout(body, 1)
        whole.addWidget(self.bar)
        whole.addWidget(self.words)
        self.buttons = _row(self.go, self.stop)
        whole.addLayout(self.buttons)
        whole.addWidget(self.state)

    def _connect(self) -> None:
        self.go.clicked.connect(lambda checked=False: self.start())
        self.stop.clicked.connect(self.cancel)
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
            asked = Asked(choose(), self.action, self.form.values(), extra or {}, previews=True)
            self._work.start(asked)
        except (HostError, EngineError) as error:
            self._say(str(error))
            return
        self.form.remember()
        self._offers, self._done = (), None
        self._say("Reading the pixels")
        self.bar.setValue(0)
        self._refresh()

    def ask_for_more(self) -> None:
        """Keep the chosen answer, and ask for others close to it."""
        if self.busy or self._done is None:
            return
        kept, asked = self._chosen(), self._done.asked
        values = {**asked.values, "candidates": max(_ALIKE, asked.values["candidates"])}
        extra = {"like": kept.seed} if kept.imagined else {}
        values["seed"] = (kept.seed + 1) % 1_000_003
        try:
            self._work.start(Asked(asked.target, asked.action, values, extra, previews=False))
        except EngineError as error:
            self._say(str(error))
            return
        self._kept = kept
        self._refresh()

    def cancel(self) -> None:
        """Give up what is going on."""
        self._work.cancel()
        self._preview.cancel()
        words = "Cancelled; nothing was changed."
        if self._applying is not None:
            self._applying.stop()
            self._applying = None
            if self.form.values()["output"] == LARGER_DOCUMENT:  # which comes before the answer
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
        group = group_name(done.asked.target.name, done.finished.result, self.action.name != UPSCALE.name)
        name = group if len(offers) > 1 else offers[0].painting.name
        steps = deliver(
            [offer.painting for offer in offers],
            done.shot.colours,
            done.asked.target,
            max(1, done.finished.result.scale),
            self.form.values()["output"],
            name,
        )
        self._applying = Stepper(steps, self)
        self._applying.ended.connect(self._applied)
        self._applying.broke.connect(self._not_applied)
        self._say(f"Adding {name}")
        self._refresh()

    def forget(self) -> None:
        """Back to the selected pixels."""
        self._offers, self._done, self._kept, self._seen = (), None, None, None
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
            part = _middle(target)
            samples = glance(part)
            prepare(target.colours)
        except HostError as error:
            self._seen = None
            self._preview.cancel()
            self.view.show_before(None, str(error))
            return
        values = self.form.values()
        seen = (part, samples, tuple(sorted(values.items())), self.live.isChecked())
        if seen == self._seen:
            return
        self._seen = seen
        if self.live.isChecked() and self.action.name == UPSCALE.name:
            values.update(scale=min(_PREVIEW_SCALE, values["scale"]), candidates=1)
            self._preview.start(Asked(part, self.action, values, {}, previews=False))
            return
        shown = _shown(part, samples)
        hint = f"{target.name}: no preview of its colours ({part.colours.model}, {part.colours.depth})"
        self.view.show_before(shown, hint)
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

    def _changed(self) -> None:
        if not self.busy and not self._offers:
            self._look_timer.start(_LOOK)  # once the value stands still

    def _progressed(self, event: Any) -> None:
        self._say(event.sentence)
        if isinstance(event, Progress):
            self.bar.setValue(round(1000 * event.fraction))
            if event.preview is not None:
                self.view.show_after(event.preview)

    def _finished(self, done: Done) -> None:
        offers = done.offers
        if self._kept is not None:
            offers = (self._kept, *offers)
        self._done, self._offers, self._kept = done, offers, None
        self._say(done.summary)
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

    def _previewed(self, done: Done) -> None:
        self._watch.soon()
        self.view.show_both(done.finished.source, done.offers[0].picture)
        self._describe(done.asked.target)

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
        for button in (self.more, self.apply, self.discard):
            button.setVisible(offered)
            button.setEnabled(not busy)
        self.apply_all.setVisible(len(self._offers) > 1)
        self.apply_all.setEnabled(not busy)
        self.form.setEnabled(not busy)


# A part around the middle of the selection, or of the layer.
def _middle(target: Target) -> Target:
    left, top, right, bottom = target.selection or (0, 0, target.width, target.height)
    width, height = min(_PREVIEW_SIDE, right - left), min(_PREVIEW_SIDE, bottom - top)
    x, y = (left + right - width) // 2, (top + bottom - height) // 2
    return target.part((x, y, x + width, y + height), moving=False)


def _shown(part: Target, samples: bytes) -> Preview | None:
    colours = part.colours
    if colours != colours.travels:
        return None
    width, height, rgba = reduced(samples, part.width, part.height, colours.channels, colours.bits, _PREVIEW_SIDE)
    return Preview(width, height, bytes(swapped(rgba, 8)) if colours.is_swapped else rgba)


def _label(parent: QtWidgets.QWidget) -> QtWidgets.QLabel:
    label = QtWidgets.QLabel(parent)
    label.setWordWrap(True)
    label.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _button(parent: QtWidgets.QWidget, text: str, tip: str) -> QtWidgets.QPushButton:
    button = QtWidgets.QPushButton(text, parent)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button


def _row(*widgets: QtWidgets.QWidget, grid: bool = False) -> QtWidgets.QLayout:
    if grid:  # two rows of two, for a narrow docker
        layout = QtWidgets.QGridLayout()
        for index, widget in enumerate(widgets):
            layout.addWidget(widget, index // 2, index % 2)
        return layout
    row = QtWidgets.QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    return row
