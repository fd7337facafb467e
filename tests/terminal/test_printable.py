"""Names and texts from outside are printed without commands for the terminal."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_art import write_tiny_art

from depixel.cli import main
from depixel.terminal.printable import one_line, visible

EVIL = "a\x1b[2J\x1b]0;owned\x07\u202egnp"  # clears the screen, names the window, reverses the line
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")


def picture(path: Path) -> Path:
    """A tiny picture at that path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (4, 4, 3), dtype=np.uint8)).save(path, "PNG")
    return path


def test_lines_stay_lines() -> None:
    """`one_line` escapes line feeds, `visible` keeps them; both escape everything else that is invisible."""
    assert one_line("a\nb\x1b") == "a\\nb\\x1b"
    assert visible("a\nb\x1b\x9b\u202e\udcff\n") == "a\nb\\x1b\\x9b\\u202e\\udcff\n"
    assert visible("grüße 日本 👩\u200d🎨\n") == "grüße 日本 👩\u200d🎨\n"


@POSIX
def test_no_command_lets_them_through(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files, folders, packs, profiles, weights and their licences: nothing printed controls the terminal."""
    monkeypatch.setenv("DEPIXEL_RUNTIME_DIR", str(tmp_path / EVIL / "runtime"))
    monkeypatch.setenv("DEPIXEL_MODELS_DIR", str(tmp_path / EVIL / "models"))
    weights = ["--weights", str(write_tiny_art(tmp_path))]
    good = picture(tmp_path / EVIL / "in" / f"{EVIL}.png")
    broken = tmp_path / EVIL / "in" / f"broken{EVIL}.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    mods = good.parent.parent / "mods"
    picture(mods / f"{EVIL}.png")
    (mods / f"{EVIL}.tga").write_bytes(b"x" * 30)
    (mods / ".depixel-profiles.toml").write_text(
        f'[[profile]]\nname = "evil"\ntitle = {json.dumps(EVIL)}\nnote = {json.dumps(EVIL)}\nwhere = '
        f'{json.dumps(EVIL)}\nlink = {json.dumps(EVIL)}\nmarkers = ["*.tga"]\nrules = []\n'
    )
    pack = tmp_path / EVIL / "pack.zip"
    with zipfile.ZipFile(pack, "w") as archive:
        archive.write(good, f"{EVIL}.png")
        archive.write(broken, f"broken{EVIL}.png")
    header = {"__metadata__": {"config": json.dumps({"kind": EVIL, "network": {"architecture": EVIL, "scale": EVIL}}),
                               "licence": EVIL}}  # fmt: skip
    models = tmp_path / EVIL / "models"
    models.mkdir()
    text = json.dumps(header).encode()
    (models / "net.safetensors").write_bytes(struct.pack("<Q", len(text)) + text)
    (models / f"{EVIL}.safetensors").write_bytes(b"")
    out = tmp_path / EVIL / "out"
    commands: list[list[object]] = [
        ["upscale", good, broken, tmp_path / f"{EVIL}.png", "-o", out, *weights, "--report", out / "report.html"],
        ["upscale", good.parent, "-o", out / "dry", "--dry-run"],
        ["upscale", pack, "-o", tmp_path / EVIL / "larger.zip", *weights],
        ["upscale", good, "-o", out / "x.png", "--model", EVIL],
        ["project", good, good, "-o", out / "y.png"],
        ["project", "--to", good, good, "-o", out / "y.png"],
        ["anonymise", good, "-o", out / "z.png"],
        ["watch", mods, "--once", "--quiet-period", "0", *weights],
        ["watch", mods, "--status"],
        ["watch", mods, "--profiles"],
        ["watch", mods, "--dry-run", *weights],
        ["watch", tmp_path / EVIL / "nothing", "--status"],
        ["watch", tmp_path / EVIL / "nothing"],
        ["models"],
        ["models", "add", tmp_path / f"{EVIL}.pth"],
        ["models", "remove", EVIL],
        ["doctor"],
        ["install", "krita", "--profile", tmp_path / EVIL / "profile"],
        [EVIL],
    ]
    for command in commands:
        with contextlib.suppress(SystemExit):
            main(list(map(str, command)))
        shown = "".join(capfd.readouterr())
        assert visible(shown) == shown, command
    for page in (out / "report.html", mods.with_name("mods-depixel") / "depixel-report.html"):
        html = page.read_text("utf-8")
        assert "owned" in html
        assert not {"\x1b", "\x07", "\u202e"} & set(html), page
