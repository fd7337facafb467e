"""The watcher's page shows the outputs, and stays small."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest

from depixel.files import encode
from depixel.picture import Picture
from depixel_watch.display import gallery as module
from depixel_watch.display.gallery import MOST, gallery, sample
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
    return Row(**values)


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


def test_the_sample_is_small_and_steady(tmp_path: Path) -> None:
    """Of many textures the same few are shown, whatever is added; copies, twins and archives are not."""

    def key(number: int) -> str:
        return hashlib.sha256(b"%d" % number).hexdigest()[:32]

    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.record(a_row(f"t{number:05}.png", key=key(number)) for number in range(4000))
    ledger.record(
        [a_row("a copy.png", key="0", answer=False), a_row("pack.zip", key="1"), a_row("x.png", state="left")]
    )
    fewer = sample(ledger.answers())
    ledger.record(a_row(f"t{number:05}.png", key=key(number)) for number in range(4000, 5000))
    ledger.record(a_row(f"twin {number:05}.png", key=key(number)) for number in range(500))
    more = sample(ledger.answers())
    ledger.close()

    assert len(fewer) == len(more) == MOST == len({row.key for row in more})
    assert {"a copy.png", "pack.zip", "x.png"}.isdisjoint(row.path for row in more)
    assert len(set(more) & set(fewer)) > MOST // 2
    assert [row.path for row in more] == sorted(row.path for row in more)


def test_thumbnails_take_no_more_time_than_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing ones come with the next page; existing ones are not made again."""
    thumbnails: list[Path] = []
    monkeypatch.setattr(module, "_thumbnail", lambda path: thumbnails.append(path) or "data:image/png;base64,AA==")
    source, out = tmp_path / "mod", tmp_path / "out"
    for name in ("a.dds", "b.dds"):
        write(source / name, "DDS")
        write(out / name, "DDS", 16)
    rows = [a_row("a.dds"), a_row("b.dds")]

    monkeypatch.setattr(module, "_SECONDS", -1.0)
    assert gallery(source, out, rows) == ""
    assert thumbnails == []
    monkeypatch.setattr(module, "_SECONDS", 60.0)
    assert gallery(source, out, rows).count("<figure>") == 2
    assert len(thumbnails) == 4
    gallery(source, out, rows)
    assert len(thumbnails) == 4


def test_the_page_of_many_textures_is_light(tmp_path: Path) -> None:
    """Thousands done: the page says how many, shows some, and stays below half a megabyte."""
    source, out = tmp_path / "mod", tmp_path / "out"
    ledger = Ledger(out / "ledger")
    ledger.record(a_row(f"t{number}.dds") for number in range(3000))
    for row in sample(ledger.answers()):
        write(source / row.path, "DDS")
        write(out / row.path, "DDS", 32)

    write_page(out / "page.html", source, ledger)
    ledger.close()

    text = (out / "page.html").read_text("utf-8")
    assert "<b>3000</b> done" in text
    assert 1 <= text.count("<figure>") <= MOST
    assert len(text) < 500_000
