"""What is known about an output before anything is computed, and what is measured afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from depixel import files
from depixel.batch import reading
from depixel.batch.outputs import answer_size, check_writable, may_change_pixels
from depixel.cli import main
from depixel.errors import UnsupportedPictureError
from depixel.picture import Picture
from depixel.preparation.prepare import prepare
from depixel.request import Request


def _picture(width: int, height: int = 1, channels: int = 3, frames: int = 1, dtype: type = np.uint8) -> Picture:
    pixels = np.random.default_rng(1).integers(0, 200, (height, width, channels)).astype(dtype)
    return Picture((pixels,) * frames, name="a.png")


@pytest.mark.parametrize(("width", "scale", "fits"), [(4095, 4, True), (4096, 4, False), (4096, 2, True)])
def test_too_wide_for_webp_is_known_before(width: int, scale: int, fits: bool) -> None:
    """The limit of 16383 pixels applies to the answer: width times scale."""
    picture, settings = _picture(width), Request(scale=scale, domain="art")
    target = Path("out.webp")

    if fits:
        check_writable(target, picture, settings)
    else:
        with pytest.raises(UnsupportedPictureError, match=r"a\.png: WebP holds at most 16383"):
            check_writable(target, picture, settings)


@pytest.mark.parametrize(
    ("target", "picture", "words"),
    [
        ("x.jpg", _picture(3, channels=4), "no transparency"),
        ("x.tga", _picture(3, frames=2), "animation"),
        ("x.bmp", _picture(3, dtype=np.uint16), "16 bits"),
        ("x", _picture(3).replace(format="VIDEO"), "does not write"),
    ],
)
def test_what_the_format_cannot_hold_is_known_before(target: str, picture: Picture, words: str) -> None:
    """Transparency, frames and depth of the answer equal those of its source."""
    with pytest.raises(UnsupportedPictureError, match=words):
        check_writable(Path(target), picture, Request())
    check_writable(Path("x.png"), picture, Request())


@pytest.mark.parametrize(("domain", "scale", "expected"), [("art", 0, 4), ("auto", 3, 3), ("faces", 0, 16)])
def test_the_answers_size_is_that_of_the_engine(domain: str, scale: int, expected: int) -> None:
    """With and without a scale in the request, and on an enlarged grid: the same decision as `prepare`."""
    small = np.random.default_rng(2).integers(0, 3, (4, 4, 3), dtype=np.uint8) * 100
    enlarged = Picture((small.repeat(2, 0).repeat(2, 1),))
    request = Request(scale=scale or None, domain=domain)

    prepared = prepare(enlarged, request)

    assert prepared.scale == expected
    assert answer_size(enlarged, request) == (8 * expected, 8 * expected)


def test_lossy_by_ending() -> None:
    """Every extension of a lossy format counts, including .jfif; without an extension the source's format decides."""
    assert all(may_change_pixels(Path(f"x{ending}")) for ending in (".jpg", ".jfif", ".JPE", ".gif", ".webp", ".dds"))
    assert not any(may_change_pixels(Path(f"x{ending}")) for ending in (".png", ".apng", ".bmp", ""))


def test_run_and_dry_run_refuse_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run fails for the same files with the same sentences, none hidden by another; nothing is computed."""
    folder = tmp_path / "in"
    folder.mkdir()
    files.write(folder / "wide.png", _picture(4096))
    files.write(folder / "deep.png", _picture(4, 4, dtype=np.uint16))
    files.write(folder / "fine.png", _picture(4, 4))
    (folder / "film.png").write_bytes(b"\0\0\0\x18ftypisom" + bytes(64))
    (folder / "wad.png").write_bytes(b"PWAD" + bytes(64))
    command = ["upscale", str(folder), "-o", str(tmp_path / "out"), "--format", "webp", "--json"]

    assert main([*command, "--dry-run"]) == 1
    planned = json.loads(capsys.readouterr().out)["pictures"]
    assert main([*command, "--device", "cpu", "--ensemble", "1", "--steps", "0"]) == 1
    run = json.loads(capsys.readouterr().out)["pictures"]

    assert {row["name"]: row.get("reason") for row in planned} == {row["name"]: row.get("reason") for row in run}
    assert [row["name"] for row in planned if row["status"] == "planned"] == ["fine.png"]
    assert all("internal" not in row.get("code", "") for row in planned)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["fine.webp"]


def test_what_nobody_foresaw_does_not_hide_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An internal error with one file affects only that file, in a dry run too."""
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png"):
        files.write(tmp_path / "in" / name, _picture(4, 4))

    def faulty(target: Path, *_: object) -> None:
        if target.name == "a.png":
            raise ZeroDivisionError

    monkeypatch.setattr(reading, "check_writable", faulty)
    code = main(["upscale", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--dry-run", "--json"])
    rows = json.loads(capsys.readouterr().out)["pictures"]

    assert code == 1
    assert [(row["status"], row.get("code")) for row in rows] == [("failed", "internal"), ("planned", None)]
