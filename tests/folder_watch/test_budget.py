"""`--dry-run`: what there is, what is left alone and why, time, size, and a sheet for choosing settings."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_art import write_tiny_art
from watch_process import environment, watch_command

from depixel.cli import main
from depixel.request import Request
from depixel.upsampler import Upsampler
from depixel_watch.packs.profiles import load
from depixel_watch.preview import survey as survey_module
from depixel_watch.preview.budget import measure
from depixel_watch.preview.survey import Goal, survey
from depixel_watch.upscaler import EngineUpscaler

ROOT = Path(__file__).resolve().parents[2]


def _png(seed: int, side: int = 8) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A Minecraft pack with one of everything."""
    root = tmp_path / "mods"
    textures = root / "assets/minecraft/textures"
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("textures/z.png", _png(1))  # as block/a.png, under another rule: answered separately
        archive.writestr("read.me", b"hello")
    for name, data in {
        "block/a.png": _png(1),
        "block/b.png": _png(1),
        "block/c.png": _png(2, 24),
        "block/one.png": _png(3, 1),
        "block/none.png": b"",
        "font/ascii.png": _png(4),
        "colormap/grass.png": _png(5),
        "sound.ogg": b"OggS",
    }.items():
        (textures / name).parent.mkdir(parents=True, exist_ok=True)
        (textures / name).write_bytes(data)
    (root / "pack.mcmeta").write_text("{}")
    (root / "more.zip").write_bytes(inner.getvalue())
    (root / "cut.zip").write_bytes(inner.getvalue()[:50])
    return root


def test_what_is_left_alone_has_a_reason(pack: Path) -> None:
    """Fonts, colour maps, single pixels, empty files, foreign files; equal contents once; archives are inspected."""
    profiles = load()

    contents = survey(pack, profiles, profiles["minecraft"], Goal(4), False, lambda text: None)

    assert dict(contents.skipped) == {
        "fonts": 1,
        "colour maps": 1,
        "single pixels": 1,
        "empty files": 1,
        "not textures": 1,
    }
    assert sorted(member.path.rsplit("/", 1)[-1] for member in contents.textures) == ["a.png", "c.png", "z.png"]
    assert (contents.duplicates, contents.count, contents.archives) == (1, 4, 2)
    assert list(contents.failed) == ["cut.zip"]
    assert contents.bytes_now > 0
    assert {member.pixels for member in contents.textures} == {64, 576}


def test_an_archive_is_opened_as_often_however_much_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading an archive's directory takes time for all its entries: done for each entry, it would take hours."""
    names: list[str] = []
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for i in range(60):  # pairs of equal sizes; each third pair is fully equal
            data = Image.frombytes("RGB", (2 + i // 2, 2), bytes([i // 2, i * (i // 2 % 3 > 0), 7] * (4 + i // 2 * 2)))
            buffer = io.BytesIO()
            data.save(buffer, "BMP")
            archive.writestr(f"{i}.bmp", buffer.getvalue())
    opened = survey_module.opened
    monkeypatch.setattr(survey_module, "opened", lambda path: names.append(path.name) or opened(path))
    profiles = load()

    contents = survey(tmp_path, profiles, profiles["generic"], Goal(4), False, pytest.fail)

    assert (len(contents.textures), contents.duplicates, contents.failed) == (50, 10, {})
    assert names == ["p.zip"] * 2
    contents.textures[0].prepared()
    assert names == ["p.zip"] * 3


def test_the_estimate_is_measured(pack: Path, tmp_path: Path) -> None:
    """
    Size within a third of the real outputs; twice the files, twice the time and size, whatever else the machine does.
    """
    profiles = load()
    engine = Upsampler("cpu", {"art": str(write_tiny_art(tmp_path))})
    settings = Request(scale=4)
    worker = EngineUpscaler(engine, settings, lambda: False)
    contents = survey(pack, profiles, profiles["minecraft"], Goal(4), False, lambda text: None)

    estimate = measure(contents, worker)

    assert estimate.measured == 3
    assert estimate.failed == 0
    assert estimate.seconds > 0
    real = 0
    for member in contents.textures:
        texture = member.prepared()
        (answer,) = worker.upscale([texture.picture], dict(texture.hints), texture.scale)
        assert not isinstance(answer, Exception)
        buffer = io.BytesIO()
        Image.fromarray(answer.frames[0]).save(buffer, "PNG")
        real += buffer.tell() * (2 if member.path.endswith("a.png") else 1)
    assert estimate.bytes_then - contents.copied_bytes == pytest.approx(real, rel=0.33)


@pytest.mark.parametrize("large", [False, True])
def test_an_atlas_that_no_card_holds_is_said(tmp_path: Path, large: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """A texture that no graphics card can hold in its atlas at four times the size; a small one fits."""
    root = tmp_path / "mods"
    root.mkdir()
    (root / "pack.mcmeta").write_text("{}")
    Image.new("1", (4096, 4112) if large else (16, 16)).save(root / "a.png")
    weights = write_tiny_art(tmp_path)

    main(["watch", str(root), "--dry-run", "--device", "cpu", "--weights", str(weights)])

    printed = capsys.readouterr().out
    assert ("Graphics memory: 1.1 GB" in printed) == large
    assert ("one atlas" in printed) == large


def test_the_command_writes_only_the_sheet(pack: Path, tmp_path: Path) -> None:
    """JSON of all figures; no output folder; the sheet has a row per texture, and answers differ from the source."""
    weights = write_tiny_art(tmp_path)
    command = watch_command(pack, "--dry-run", "--json", "--device", "cpu", "--weights", weights)
    before = sorted(pack.rglob("*"))

    process = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)

    assert process.returncode == 1, process.stderr  # cut.zip
    document = json.loads(process.stdout)
    assert (document["profile"], document["textures"], document["duplicates"], document["fits"]) == (
        "minecraft",
        4,
        1,
        True,
    )
    assert document["bytes_free"] > document["bytes_then"] > document["bytes_now"]
    assert document["seconds"] > 0  # a hundredth of a second for such a small pack, on a fast machine
    assert document["bytes_loaded"] == 4 * 16 * (3 * 64 + 24 * 24)  # including the copy
    assert sorted(pack.rglob("*")) == before
    assert not (tmp_path / "mods-depixel").exists()
    with Image.open(document["sheet"]) as sheet:
        pixels = np.asarray(sheet.convert("RGB"), int)
    assert document["sheet"] == str(tmp_path / "mods-depixel-samples.png")
    assert pixels.shape[1] == 8 + 6 * 200
    assert pixels.shape[0] == 24 + 3 * 216 + 8
    source, answer = pixels[40:232, 8:200], pixels[40:232, 208:400]
    assert source.std() > 20  # a picture, not the background
    assert np.abs(source - answer).mean() > 1
