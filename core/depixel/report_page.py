"""
The report of a batch as one HTML file: every picture before and after, how exactly it scales back, worst first.

The page is self-contained: style, script and pictures are inside. Small pictures are shown pixel by pixel, large ones
as a preview beside a link to the file. Once the page holds `budget` bytes of pictures, those that scale back best are
listed without pictures, the first 5,000 of them, so that the page for a hundred thousand files still opens.
"""

from __future__ import annotations

import heapq
import html
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from depixel import __version__
from depixel.labels import describe_residual
from depixel.previews import PagePreview, preview
from depixel.terminal.printable import one_line

if TYPE_CHECKING:
    from depixel.consistency import Residual
    from depixel.picture import Picture
    from depixel.report import Report

BUDGET = 16_000_000
"""Bytes of embedded pictures in one page."""

_SIDE = 1024  # most pixels on the longer side of an embedded picture
_BYTES = 2_000_000  # most bytes of an embedded picture
_ROWS = 5000  # most pictures that are listed without being shown
_SHOWN = 384  # screen pixels on the longer side of a picture without zoom, approximately


@dataclass
class _Entry:
    name: str
    outputs: tuple[str, ...]
    residual: Residual
    exactness: str  # the residual in words
    title: str  # "16×16 → 64×64"
    facts: dict[str, str]
    notes: tuple[str, ...]
    labels: tuple[str, ...]  # of the candidates
    shape: tuple[int, int]  # of the answer
    before: PagePreview | None = None
    after: tuple[PagePreview, ...] = ()
    heat: PagePreview | None = None  # where the candidates differ

    @property
    def previews(self) -> list[PagePreview]:
        return [one for one in (self.before, *self.after, self.heat) if one is not None]

    @property
    def weight(self) -> int:
        return sum(len(one.data) for one in self.previews)

    @property
    def badness(self) -> tuple[float, float]:
        return self.residual.maximum, self.residual.mean


class ReportPage:
    """
    Collects one batch and writes its page.

    Args:
        title: heading of the page.
        settings: name => value, as shown under "Settings".
        budget: most bytes of embedded pictures.
    """

    def __init__(self, title: str, settings: Mapping[str, object], budget: int = BUDGET) -> None:
        self._title = title
        self._settings = dict(settings)
        self._budget = budget
        self._entries: list[_Entry] = []
        self._unfinished: list[tuple[str, str, str]] = []  # status, name, reason
        self._illustrated: list[tuple[tuple[float, float], int, int]] = []  # heap: best first, latest first
        self._embedded = 0
        self._full = False  # some pictures were left out: only worse ones are added from now on

    def add(self, name: str, outputs: Sequence[str], small: Picture, report: Report) -> None:
        """Add a finished picture; `outputs` are its files, the best candidate first."""
        from depixel.disagreement import disagreement_of

        large = report.picture
        differing = disagreement_of([candidate.picture for candidate in report.candidates])
        facts = {
            "Kind": report.domain.name,
            "Scaled back by": report.degradation,
            "Tiles across": {(True, True): "x and y", (True, False): "x", (False, True): "y"}.get(report.wrap, "no"),
            "Generator": report.model,
            "Search steps": str(report.steps),
            "Seconds": f"{report.seconds:.2f}",
        }
        if differing is not None:
            facts["Answers differ"] = (
                f"by {differing['mean']:.2f} levels on average, {differing['maximum']:.0f} at most (standard deviation)"
            )
        if len(small.frames) > 1:
            facts["Frames"] = str(len(small.frames))
        labels = tuple(
            f"{c.recipe}, {describe_residual(c.residual, report.degradation, report.grid)}" for c in report.candidates
        )
        entry = _Entry(
            name,
            tuple(outputs),
            report.residual,
            describe_residual(report.residual, report.degradation, report.grid),
            f"{small.width}×{small.height} → {large.width}×{large.height}",
            facts,
            report.notes,
            labels,
            (large.width, large.height),
        )
        self._entries.append(entry)
        if self._full and entry.badness <= self._illustrated[0][0]:
            return
        entry.before = preview(small, _SIDE, _BYTES)
        entry.after = tuple(preview(c.picture, _SIDE, _BYTES) for c in report.candidates)
        if len(report.candidates) > 1:
            entry.heat = preview(report.disagreement(), _SIDE, _BYTES)
        if not all(one.exact for one in entry.previews):
            facts["Shown"] = "as a preview, which may be smaller and is compressed; the links open the files themselves"
        heapq.heappush(self._illustrated, (entry.badness, -len(self._entries), entry.weight))
        self._embedded += entry.weight
        while self._embedded > self._budget and len(self._illustrated) > 1:
            _, index, weight = heapq.heappop(self._illustrated)
            self._embedded -= weight
            left = self._entries[-index - 1]
            left.before, left.after, left.heat = None, (), None
            self._full = True

    def miss(self, status: str, name: str, reason: str) -> None:
        """Add a picture without a result; status is "failed", "skipped" or "stopped"."""
        self._unfinished.append((status, name, reason))

    def html(self, folder: Path) -> str:
        """The whole page; links to outputs are relative to `folder`."""
        ordered = sorted(self._entries, key=lambda entry: entry.badness, reverse=True)
        cards = "".join(_card(entry, folder) for entry in ordered if entry.before)
        listed = [entry for entry in ordered if not entry.before]
        rows = "".join(_row(entry, folder) for entry in listed[:_ROWS])
        more = _MORE.format(count=len(listed) - _ROWS) if len(listed) > _ROWS else ""
        parts = {
            "title": _text(self._title),
            "style": resources.files("depixel").joinpath("report_page.css").read_text("utf-8"),
            "script": resources.files("depixel").joinpath("report_page.js").read_text("utf-8"),
            "facts": self._facts(ordered),
            "settings": "".join(f"<tr><th scope=row>{_text(k)}<td>{_text(v)}" for k, v in self._settings.items()),
            "unfinished": self._unfinished_list(),
            "cards": cards,
            "rows": _OTHERS.format(rows=rows, more=more) if rows else "",
            "version": __version__,
        }
        return _PAGE.format(**parts)

    def write(self, path: Path) -> None:
        """
        Write the page under a temporary name and rename it.

        Raises:
            OSError: the folder cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            temporary.write_text(self.html(path.parent), encoding="utf-8", errors="backslashreplace")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def _facts(self, ordered: list[_Entry]) -> str:
        counts = {status: sum(1 for s, _, _ in self._unfinished if s == status) for status in _HEADINGS}
        facts = [("Done", str(len(ordered)))]
        facts += [(status.capitalize(), str(count)) for status, count in counts.items() if count]
        if ordered:
            exact = sum(1 for entry in ordered if entry.residual.maximum <= 0.5)
            facts.append(("Scale back to exactly the pixels given", f"{exact} of {len(ordered)}"))
            facts.append(("Worst residual", f"{ordered[0].residual.maximum:.2f} of 255"))
            mean = sum(entry.residual.mean for entry in ordered) / len(ordered)
            facts.append(("Mean residual", f"{mean:.4f} of 255"))
        return "".join(f"<div><dt>{_text(k)}</dt><dd>{_text(v)}</dd></div>" for k, v in facts)

    def _unfinished_list(self) -> str:
        sections = []
        for status, heading in _HEADINGS.items():
            items = [(name, reason) for s, name, reason in self._unfinished if s == status]
            if items:
                lines = "".join(f"<li><strong>{_text(n)}</strong>: {_text(r)}</li>" for n, r in items)
                attribute = " open" if status == "failed" else ""
                summary = f"<summary>{heading} ({len(items)})</summary>"
                sections.append(f"<details{attribute}>{summary}<ul class=failed>{lines}</ul></details>")
        return "".join(sections)


_HEADINGS = {"failed": "Failed", "stopped": "Not reached", "skipped": "Skipped"}

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Depixel {version}"><title>{title}</title>
<style>{style}</style></head>
<body data-ground="check"><a class="skip" href="#pictures">Skip to the pictures</a>
<header><h1>{title}</h1>
<p>The detail in these pictures is <strong>invented</strong>, not recovered: each answer is one of many that scale back
down to your pixels. How exactly each one does was measured on the file as it was written.</p>
<dl class="facts">{facts}</dl>
<details><summary>Settings</summary><table>{settings}</table></details>{unfinished}</header>
<main id="pictures"><div class="bar" role="group" aria-label="View">
<fieldset><legend>Background</legend>
<label><input type="radio" name="ground" value="check" checked>checkerboard</label>
<label><input type="radio" name="ground" value="black">black</label>
<label><input type="radio" name="ground" value="white">white</label>
<label><input type="radio" name="ground" value="magenta">magenta</label></fieldset>
<fieldset><legend>Zoom</legend>
<label><input type="radio" name="zoom" value="1" checked>whole</label>
<label><input type="radio" name="zoom" value="2">2×</label>
<label><input type="radio" name="zoom" value="4">4×</label>
<label><input type="radio" name="zoom" value="8">8×</label></fieldset>
<label>Find <input type="search" id="search" placeholder="part of a name"></label><span id="found" role="status"></span>
</div>
{cards}{rows}</main>
<footer class="soft"><p>Residual: the answer is scaled back down and compared with the input; maximum, mean and root
mean square over visible pixels, in levels of 255. Up to half a level rounds to the same pixel. Alpha that is all or
nothing is compared at the centres of blocks, as pixel art is; the rest by the means of blocks, unless --degradation
says otherwise. Worst first.</p>
<p>Made by Depixel {version}.</p></footer>
<script>{script}</script></body></html>
"""

_OTHERS = """<section><h2>Without pictures, to keep this page small</h2>
<table><tr><th scope=col>Picture<th scope=col>Sizes<th scope=col>Residual<th scope=col>Kind</tr>
{rows}</table>{more}</section>"""

_MORE = "<p>And {count} more, which scale back at least as exactly: <code>--json</code> lists all of them.</p>"


def _card(entry: _Entry, folder: Path) -> str:
    assert entry.before is not None
    width, height = entry.shape
    fit = _SHOWN / max(width, height)
    fit = max(1, int(fit)) if fit >= 1 else fit  # small ones by whole factors, so that pixels stay square
    variables = [f"--w:{width}", f"--h:{height}", f"--fit:{fit:.5g}", f"--before:url({entry.before.uri})"]
    variables += [f"--c{i}:url({one.uri})" for i, one in enumerate(entry.after)] + ["--after:var(--c0)"]
    if entry.heat is not None:
        variables.append(f"--heat:url({entry.heat.uri})")
    name = _text(entry.name)
    views = (
        _view(f'role="img" aria-label="Input: {name}"', "before", "Input, enlarged")
        + _view(f'role="img" aria-label="Result: {name}"', "after", "Result")
        + '<figure><div class="frame" tabindex="0"><div class="view slider ground"><div class="layer after"></div>'
        '<div class="layer before"></div><div class="handle"></div><input type="range" min="0" max="100" value="50" '
        f'aria-label="Share of the input shown over the result: {name}"></div></div>'
        "<figcaption>Slide: input left, result right</figcaption></figure>"
    )
    if entry.heat is not None:
        about = f'role="img" aria-label="Where the answers differ: {name}"'
        views += _view(about, "heat", "Where the answers differ: what is hot was invented")
    facts = "".join(f"<tr><th scope=row>{_text(k)}<td>{_text(v)}" for k, v in entry.facts.items())
    notes = "".join(f'<p class="note">{_text(note)}</p>' for note in entry.notes)
    smooth = "" if fit >= 1 else " smooth"
    return (
        f'<article class="card{smooth}" data-name="{_text(entry.name.lower())}" style="{";".join(variables)}">'
        f'<div class="card-head"><h3>{_link(entry, folder)}</h3><span class="soft">{_text(entry.title)}</span>'
        f"{_badge(entry)}</div>{notes}"
        f'<div class="views">{views}</div>{_candidates(entry, folder)}'
        f"<details><summary>Details</summary><table>{facts}{_residual_row(entry.residual)}</table></details></article>"
    )


def _view(about: str, layer: str, caption: str) -> str:
    return (
        f'<figure><div class="frame" tabindex="0"><div class="view ground" {about}><div class="layer {layer}"></div>'
        f"</div></div><figcaption>{caption}</figcaption></figure>"
    )


def _candidates(entry: _Entry, folder: Path) -> str:
    if len(entry.after) < 2:
        return ""
    buttons = "".join(
        f'<li><button type="button" data-candidate="{i}" aria-pressed="{str(i == 0).lower()}">'
        f'<span class="thumb ground"><span class="layer" style="background-image:var(--c{i})"></span></span>'
        f"{i + 1}: {_text(label)}</button>{_file_link(entry, i, folder)}</li>"
        for i, label in enumerate(entry.labels)
    )
    return f'<ul class="candidates" aria-label="Candidates">{buttons}</ul>'


def _file_link(entry: _Entry, index: int, folder: Path) -> str:
    if index >= len(entry.outputs):
        return ""
    output = entry.outputs[index]
    return f'<a href="{_address(output, folder)}">{_text(Path(output).name)}</a>'


def _address(output: str, folder: Path) -> str:
    return html.escape(quote(os.fsencode(Path(os.path.relpath(output, folder)).as_posix())))


def _row(entry: _Entry, folder: Path) -> str:
    name = _text(entry.name.lower())
    cells = (_link(entry, folder), _text(entry.title), _badge(entry), _text(entry.facts["Kind"]))
    return f'<tr data-name="{name}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _link(entry: _Entry, folder: Path) -> str:
    if not entry.outputs:
        return _text(entry.name)
    return f'<a href="{_address(entry.outputs[0], folder)}">{_text(entry.name)}</a>'


def _badge(entry: _Entry) -> str:
    kind = "" if entry.residual.maximum <= 0.5 else " near" if entry.residual.maximum <= 2 else " off"
    return f'<span class="badge{kind}">{_text(entry.exactness)}</span>'


def _residual_row(residual: Residual) -> str:
    values = f"maximum {residual.maximum:.3f}, mean {residual.mean:.4f}, root mean square {residual.rmse:.4f} of 255"
    return f"<tr><th scope=row>Residual<td>{values}"


def _text(value: object) -> str:
    return html.escape(one_line(str(value)))
