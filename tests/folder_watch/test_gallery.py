"""The watcher's page shows the outputs, and stays small."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest

from depixel.files import encode
from depixel.picture import Picture
from depixel_watch.display import gallery as module
from depixel_watch.display.gallery import MOST, Sample, gallery
from depixel_watch.display.page import write_page
from depixel_watch.folder.stamps import Stamp
from depixel_watch.ledger.ledger import Ledger, Row

RNG = np.random.default_rng(2)


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thumbnails of other tests."""
    module._thumbnails.clear()


def a_row(path: str, **more: Any) -> Row:
    values = {"path": path, "stamp": Stamp(1, 1), "key": path, "recipe": "r", "state": "done", "reason": "", **more}
    return Row(**values)  # type: ignore[arg-type]


def write(path: Path, kind: str, side: int = 8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RNG.integers(0, 255, (side, side, 3), dtype=np.uint8)
    path.write_bytes(encode(Picture((pixels,), mode="RGB", format=kind), kind))


def test_pictures_are_linked_and_others_get_a_thumbnail(tmp_path: Path) -> None:
    """A PNG is shown directly, a DDS as an embedded preview; names are neither markup nor broken addresses."""
    source, out = tmp_path / "mod", tmp_path / "mod-depixel"
    for name, kind in (("a <b>#%20.png", "PNG"), ("sub/wall.dds", "DDS")):
        write(source / name, kind)
        write(out / name, kind, 32)

    html = gallery(source, out, [a_row("a <b>#%20.png"), a_row("sub/wall.dds"), a_row("gone.png")])

    addresses = re.findall(r'src="([^"]+)"', html)
    assert len(addresses) == 4
    assert (out / unquote(addresses[0])).resolve() == (source / "a <b>#%20.png").resolve()
    assert (out / unquote(addresses[1])).exists()
    assert all(address.startswith("data:image/") for address in addresses[2:])
    assert "<b>" not in html
    assert html.count("<figure>") == html.count("</figure>") == 2


def test_the_sample_is_small_and_steady() -> None:
    """Of 50,000 textures the same few are shown, in any order; copies and archives are not."""
    rows = [a_row(f"t{number}.png") for number in range(50_000)]
    forwards, backwards, fewer = Sample(), Sample(), Sample()
    for row in [*rows, a_row("copy.png", answer=False), a_row("pack.zip")]:
        forwards.add(row)
    for row in reversed(rows):
        backwards.add(row)
    for row in rows[:40_000]:
        fewer.add(row)

    assert len(forwards.rows) == MOST
    assert forwards.rows == backwards.rows
    assert {"copy.png", "pack.zip"}.isdisjoint(row.path for row in forwards.rows)
    assert len(set(forwards.rows) & set(fewer.rows)) > MOST // 2


def test_thumbnails_take_no_more_time_than_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing ones come with the next page; existing ones are not made again."""
    made: list[Path] = []
    monkeypatch.setattr(module, "_thumbnail", lambda path: made.append(path) or "data:image/png;base64,AA==")
    source, out = tmp_path / "mod", tmp_path / "out"
    for name in ("a.dds", "b.dds"):
        write(source / name, "DDS")
        write(out / name, "DDS", 16)
    rows = [a_row("a.dds"), a_row("b.dds")]

    monkeypatch.setattr(module, "_SECONDS", -1.0)
    assert gallery(source, out, rows) == ""
    assert made == []
    monkeypatch.setattr(module, "_SECONDS", 60.0)
    assert gallery(source, out, rows).count("<figure>") == 2
    assert len(made) == 4
    gallery(source, out, rows)
    assert len(made) == 4


def test_the_page_of_many_textures_is_light(tmp_path: Path) -> None:
    """Thousands done: the page says how many, shows some, and stays below half a megabyte."""
    source, out = tmp_path / "mod", tmp_path / "out"
    ledger = Ledger(out / "ledger")
    ledger.record(a_row(f"t{number}.dds") for number in range(3000))
    sample = Sample()
    for row in ledger.rows("done"):
        sample.add(row)
    for row in sample.rows:
        write(source / row.path, "DDS")
        write(out / row.path, "DDS", 32)

    write_page(out / "page.html", source, ledger)
    ledger.close()

    text = (out / "page.html").read_text("utf-8")
    assert "<b>3000</b> done" in text
    assert 1 <= text.count("<figure>") <= MOST
    assert len(text) < 500_000
