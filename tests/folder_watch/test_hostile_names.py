"""Unusual names from old archives and other systems are treated like any others."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from pack_desk import Desk
from PIL import Image
from tiny_art import write_tiny_art

from depixel.cli import main
from depixel_watch.folder.stamps import Stamp
from depixel_watch.ledger.ledger import LEDGER_NAME, Ledger, Row

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any name")

NAMES = {
    "not Unicode": b"\x83\x65\x83\x4e.png",  # Shift-JIS, as unpacked from an old zip
    "in such a folder": b"dir\xe9/t.png",
    "line feed": b"new\nline.png",
    "a terminal's commands": b"\x1b[31mred\x07.png",
    "backwards": "\u202egnp.exe.png".encode(),
    "joined emoji": "\U0001f9d9\u200d\u2642\ufe0f.png".encode(),
    "as long as can be": b"x" * 251 + b".png",
    "an option": b"--help.png",
    "markup": b"[bold]<b>%s{}.png",
}


def _save(folder: Path, name: bytes, seed: int) -> None:
    path = folder / os.fsdecode(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)).save(path, "PNG")
    except OSError:
        pytest.skip("this file system does not take such names")


@pytest.mark.parametrize("pack", [False, True], ids=["generic", "minecraft"])
def test_every_name_is_taken_once_and_kept(tmp_path: Path, pack: bool) -> None:
    """Same name in the output, byte for byte; nothing is left to do; deleting a source deletes its output."""
    desk = Desk(tmp_path)
    for seed, name in enumerate(NAMES.values()):
        _save(desk.source, name, seed)
    if pack:  # here each picture may have a description next to it, with a longer name
        (desk.source / "pack.mcmeta").write_text("{}")
        (desk.source / "--help.png.mcmeta").symlink_to("--help.png.mcmeta")
    desk.once()
    desk.once()
    names = {os.fsdecode(name) for name in NAMES.values()}

    assert {path for path in desk.outputs() if path.endswith(".png")} == names
    assert len(desk.worker.requests) == len(NAMES)
    assert not [event for event in desk.events if event.what == "failed"]
    (desk.source / os.fsdecode(NAMES["not Unicode"])).unlink()
    desk.once()
    assert {path for path in desk.outputs() if path.endswith(".png")} == names - {os.fsdecode(NAMES["not Unicode"])}


def test_the_ledger_keeps_any_text(tmp_path: Path) -> None:
    """Names, outputs and reasons that are not Unicode are preserved, among others and page by page."""
    ledger = Ledger(tmp_path / LEDGER_NAME)
    reasons = {}
    for path in ("a", "\udc83\udc65", "\ud83d alone", "z", "\u30c6"):  # the third: half a surrogate pair, as on Windows
        row = Row(path, Stamp(1, 2), "k", "r", "failed", f"{path} is bad", Stamp(3, 4), "", f"{path}.png")
        reasons[path] = row
    ledger.record(reasons.values())

    assert {row.path: row for row in ledger.rows("failed")} == reasons
    assert all(ledger.get(path) == row for path, row in reasons.items())
    for path in reasons:
        ledger.remove(path)
    assert ledger.counts() == {}
    ledger.close()


def test_what_is_said_of_them_stays_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Screen, log and status: one line per file, no terminal commands; the page and JSON are valid."""
    source, out = tmp_path / "mods", tmp_path / "mods-depixel"
    for name in NAMES.values():
        _save(source, name, 0)
        (source / os.fsdecode(name)).write_bytes(b"no picture")
    weights = str(write_tiny_art(tmp_path))
    arguments = ["watch", str(source)]

    main([*arguments, "--once", "--quiet-period", "0", "--device", "cpu", "--weights", weights])
    main([*arguments, "--status"])
    printed = capsys.readouterr().out
    main([*arguments, "--status", "--json"])
    failed = json.loads(capsys.readouterr().out)["failed"]
    log = (out / "depixel-watch.log").read_bytes()
    page = (out / "depixel-report.html").read_bytes()

    lines = [line for line in printed.splitlines() if "is not a picture" in line or "cannot be read" in line]
    assert len(lines) == 2 * len(NAMES)
    assert sum("is not a picture" in line for line in log.decode("utf-8").splitlines()) == len(NAMES)
    for text in (printed, log.decode("utf-8")):
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert "\\udc83" in printed
    assert "\\x1b[31mred" in printed
    assert "\U0001f9d9\u200d\u2642" in printed
    assert set(failed) == {os.fsdecode(name) for name in NAMES.values()}
    assert b"&lt;b&gt;" in page
    page.decode("utf-8")


def test_a_picture_of_such_a_name_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`depixel upscale` answers all of them, and its lines and report are readable."""
    source, out = tmp_path / "in", tmp_path / "out"
    for seed, name in enumerate(NAMES.values()):
        _save(source, name, seed)
    (source / "bad\nname.png").write_bytes(b"no picture")
    weights = str(write_tiny_art(tmp_path))

    main(["upscale", str(source), "-o", str(out), "--device", "cpu", "--weights", weights, "--report"])

    printed = capsys.readouterr().out
    outputs = {os.fsencode(p.relative_to(out)) for p in out.rglob("*.png")}
    assert outputs == set(NAMES.values())
    assert "bad\\nname.png" in printed
    assert "dir%E9/t.png" in (out / "depixel-report.html").read_text("utf-8")
