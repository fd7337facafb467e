"""OUT/depixel-report.html: some textures before and after, and what failed and why; its size is limited."""

from __future__ import annotations

from html import escape
from pathlib import Path

from depixel.files.writing import place
from depixel.terminal.printable import one_line
from depixel_watch.display.gallery import gallery, sample
from depixel_watch.ledger.ledger import Ledger

PAGE_NAME = "depixel-report.html"
_MOST = 2000  # rows; the status command lists all
_WORDS = {"failed": "failed", "left": "left alone", "done": "done"}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222;background:#fff}"
    "h1{font-size:1.3em;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;vertical-align:top;padding:.35em 1.2em .35em 0;border-bottom:1px solid #ddd}"
    "td:first-child{overflow-wrap:anywhere}td:nth-child(2){white-space:nowrap}.failed td:nth-child(2){color:#b3261e}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#1d1f22}td,th{border-color:#444}"
    ".failed td:nth-child(2){color:#ff8a80}}"
    ".pairs{display:grid;grid-template-columns:repeat(auto-fill,minmax(17em,1fr));gap:1em;margin:1em 0 2em}"
    "figure{margin:0}figure div{display:flex;gap:4px}figcaption{font-size:.8em;overflow-wrap:anywhere}a{color:inherit}"
    "img{width:50%;aspect-ratio:1;object-fit:contain;image-rendering:pixelated;"
    "background:repeating-conic-gradient(#bbb 0 25%,#eee 0 50%) 0 0/16px 16px}img+img{image-rendering:auto}"
)


def write_page(path: Path, source: Path, ledger: Ledger) -> None:
    """Raises UnwritableOutputError."""
    counts = ledger.counts()
    listed_rows, remarks = ledger.remarkable(_MOST)
    shown = sample(ledger.answers())
    pairs = gallery(source, path.parent, shown)
    few = f"; {len(shown)} of them are shown before and after" if counts.get("done", 0) > len(shown) else ""
    illustrations = f'<div class="pairs">{pairs}</div>' if pairs else ""
    lines = "".join(
        f'<tr class="{row.state}"><td>{_text(row.path)}<td>{_WORDS[row.state]}<td>{_text(row.reason)}</tr>'
        for row in listed_rows
    )
    more = f"<p>And {remarks - _MOST} more: <code>depixel watch --status</code>.</p>" if remarks > _MOST else ""
    table = f"<table><tr><th>file<th>result<th>why</tr>{lines}</table>{more}" if listed_rows else ""
    nothing = "" if counts.get("failed") else "<p>Nothing failed.</p>"
    left = f", {counts['left']} left alone" if "left" in counts else ""
    page = (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Depixel</title>'
        f"<style>{_STYLE}</style><h1>{_text(str(source))}</h1>"
        f"<p><b>{counts.get('done', 0)}</b> done{left}, <b>{counts.get('failed', 0)}</b> failed{few}.</p>"
        f"{nothing}{table}{illustrations}</html>"
    )
    place(path, page.encode("utf-8", "replace"), overwrite=True)


def _text(text: str) -> str:
    return escape(one_line(text))
