"""OUT/depixel-report.html: what failed and why, for those who do not read terminals."""

from __future__ import annotations

from html import escape
from pathlib import Path

from depixel.files.writing import place
from depixel_watch.ledger import Ledger

PAGE_NAME = "depixel-report.html"
_MOST = 2000  # rows; the status command tells them all


def write_page(path: Path, source: Path, ledger: Ledger) -> None:
    """Raises UnwritableOutputError."""
    counts = ledger.counts()
    told = list(ledger.rows("failed"))
    told += [r for r in ledger.rows("done") if r.reason]
    lines = "".join(
        f"<tr><td>{escape(r.path)}</td><td>{escape(r.state)}</td><td>{escape(r.reason)}</td></tr>" for r in told[:_MOST]
    )
    table = f"<table><tr><th>file<th>state<th>why</tr>{lines}</table>" if told else "<p>Nothing failed.</p>"
    page = (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Depixel</title>'
        "<style>body{font:16px sans-serif;margin:2em}td,th{text-align:left;padding:.3em 1em .3em 0}</style>"
        f"<h1>{escape(str(source))}</h1><p>{counts.get('done', 0)} done, {counts.get('failed', 0)} failed.</p>"
        f"{table}</html>"
    )
    place(path, page.encode("utf-8", "replace"), overwrite=True)
