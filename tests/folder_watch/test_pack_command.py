"""`depixel upscale` on a pack: a working pack by the obvious command, and nothing else is touched."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_art import write_tiny_art

from depixel.cli import main
from depixel_watch.packs.profiles import load

_TEXTURES = "assets/minecraft/textures"


def _png(seed: int, size: tuple[int, int] = (8, 8)) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


FILES = {
    "pack.mcmeta": b'{"pack": {"pack_format": 18, "description": "small"}}',
    f"{_TEXTURES}/block/wall.png": _png(1),
    f"{_TEXTURES}/block/fire.png": _png(2, (8, 32)),
    f"{_TEXTURES}/block/fire.png.mcmeta": b'{"animation": {"frametime": 2}}',
    f"{_TEXTURES}/colormap/grass.png": _png(3),
    f"{_TEXTURES}/font/ascii.png": _png(4),
    "assets/minecraft/lang/en_us.json": b"{}",
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny art network in a file."""
    return str(write_tiny_art(tmp_path_factory.mktemp("weights")))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder, with the pack as pack.zip and as a folder."""
    monkeypatch.setenv("DEPIXEL_RUNTIME_DIR", str(tmp_path / "runtime"))
    work = tmp_path / "work"
    work.mkdir()
    with zipfile.ZipFile(work / "pack.zip", "w") as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
            (work / "pack" / name).parent.mkdir(parents=True, exist_ok=True)
            (work / "pack" / name).write_bytes(data)
    monkeypatch.chdir(work)
    return work


def _check(read: dict[str, bytes]) -> None:
    for name, data in FILES.items():
        if "block/" in name and name.endswith(".png"):
            with Image.open(io.BytesIO(read[name])) as larger, Image.open(io.BytesIO(data)) as small:
                assert larger.size == (2 * small.width, 2 * small.height), name
        else:
            assert read[name] == data, name


def _run(weights: str, *words: str) -> int:
    return main(["upscale", *words, "--scale", "2", "--weights", weights, "--device", "cpu"])


def test_a_zip_becomes_a_working_zip(place: Path, weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    """
    Textures are larger; pack.mcmeta, .mcmeta, colour maps, fonts and the rest are preserved; the destination is shown.
    """
    before = (place / "pack.zip").read_bytes()

    assert _run(weights, "pack.zip", "-o", "large.zip") == 0

    with zipfile.ZipFile(place / "large.zip") as archive:
        _check({name: archive.read(name) for name in archive.namelist()})
    printed = capsys.readouterr()
    assert "Minecraft Java resource pack" in printed.out
    assert "resourcepacks" in printed.out
    assert "100%" in printed.err
    assert (place / "pack.zip").read_bytes() == before
    assert sorted(p.name for p in place.iterdir()) == ["large.zip", "pack", "pack.zip"]


def test_a_folder_becomes_a_working_folder(place: Path, weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Like the zip; a second run finds nothing to do."""
    assert _run(weights, "pack", "-o", "large") == 0
    _check({name: (place / "large" / name).read_bytes() for name in FILES})
    printed = capsys.readouterr().out
    assert "Finished: 7 files" in printed
    assert "nothing failed" in printed
    assert "resourcepacks" in printed

    assert _run(weights, "pack", "-o", "large") == 0
    assert "Nothing to do" in capsys.readouterr().out


def test_another_pack_does_not_take_the_place_of_the_first(
    place: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By default each pack has its own folder; a named folder that holds another pack is refused."""
    (place / "pack").rename(place / "first")
    (place / "second").mkdir()
    (place / "second/pack.mcmeta").write_bytes(FILES["pack.mcmeta"])

    assert _run(weights, "first") == _run(weights, "second") == 0
    assert (place / "depixel-out/first" / _TEXTURES / "block/wall.png").is_file()
    assert (place / "depixel-out/second/pack.mcmeta").is_file()

    assert _run(weights, "second", "-o", "depixel-out/first") == 2
    assert "holds the enlarged pack of" in capsys.readouterr().err
    assert (place / "depixel-out/first" / _TEXTURES / "block/wall.png").is_file()


@pytest.mark.parametrize("kind", ["pack.zip", "pack"])
def test_a_dry_run_says_what_would_be_done(
    place: Path, weights: str, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """Profile, textures, time and destination; no pack is written; progress is shown meanwhile."""
    assert _run(weights, kind, "--dry-run", "-o", "out") == 0

    printed = capsys.readouterr()
    assert "Profile: minecraft" in printed.out
    assert "2 textures would be upscaled" in printed.out
    assert "Time: about" in printed.out
    assert "resourcepacks" in printed.out
    assert "Measuring" in printed.err
    assert "2 of 2 measured" in printed.err
    assert not (place / "out").exists()


def test_nothing_is_overwritten_unless_it_is_said(
    place: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An existing output, and the pack itself."""
    (place / "large.zip").write_bytes(b"mine")

    assert _run(weights, "pack.zip", "-o", "large.zip") != 0
    assert (place / "large.zip").read_bytes() == b"mine"
    assert _run(weights, "pack.zip", "-o", "pack.zip", "--overwrite") == 2
    assert "the pack itself" in capsys.readouterr().err
    assert _run(weights, "pack.zip", "-o", "large.zip", "--overwrite") == 0
    assert zipfile.is_zipfile(place / "large.zip")


def test_a_name_that_no_disk_takes_is_said_first(place: Path, weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the engine is loaded, and by --dry-run."""
    long = f"{'n' * 300}.zip"

    assert _run(weights, "pack.zip", "-o", long) != 0
    assert "cannot be written: the name is too long" in capsys.readouterr().err
    assert _run(weights, "pack.zip", "-o", long, "--dry-run") != 0
    assert "the name is too long" in capsys.readouterr().err
    assert sorted(path.name for path in place.iterdir()) == ["pack", "pack.zip"]


def test_json_is_one_document(place: Path, weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output, and nothing else there."""
    assert _run(weights, "pack.zip", "-o", "large.zip", "--json") == 0

    values = json.loads(capsys.readouterr().out)
    assert values["profile"] == "minecraft"
    assert values["out"] == "large.zip"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["pack.zip", "--candidates", "2"], "--candidates is for single pictures"),
        (["pack.zip", "pack/pack.mcmeta"], "run them one after the other"),
        (["pack.zip", "--profile", "minceraft"], "no profile 'minceraft'; did you mean minecraft?"),
        (["pack", "-o", "large.zip"], "becomes a folder"),
        (["pack.zip", "pack", "-o", "large.zip"], "there are 2 packs"),
    ],
)
def test_what_packs_cannot_have_is_refused(
    place: Path, weights: str, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    """With a sentence and exit code 2, before anything is written."""
    assert _run(weights, *words) == 2
    assert sentence in capsys.readouterr().err
    assert sorted(p.name for p in place.iterdir()) == ["pack", "pack.zip"]


def test_a_damaged_zip_is_named(place: Path, weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is left behind."""
    (place / "cut.zip").write_bytes((place / "pack.zip").read_bytes()[:200])

    assert _run(weights, "cut.zip", "-o", "large.zip") == 1
    assert "cut.zip is incomplete or damaged" in capsys.readouterr().err
    assert sorted(p.name for p in place.iterdir()) == ["cut.zip", "pack", "pack.zip"]


def test_plain_pictures_by_request(place: Path, weights: str) -> None:
    """--profile none: an ordinary folder of pictures, including colour maps."""
    assert _run(weights, "pack", "--profile", "none", "-o", "plain") == 0

    assert (place / "plain" / _TEXTURES / "colormap/grass.png").is_file()
    assert not (place / "plain/pack.mcmeta").exists()


def test_watching_a_zip_says_how(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`depixel watch PACK.zip` names the command that does it."""
    assert main(["watch", "pack.zip"]) == 2
    assert "depixel upscale pack.zip -o pack-depixel.zip" in capsys.readouterr().err


def test_every_destination_is_in_the_docs() -> None:
    """docs/packs.md names the destination for each profile, with the link that the run prints."""
    docs = (Path(__file__).resolve().parents[2] / "docs/packs.md").read_text("utf-8")
    profiles = load()

    assert sum(bool(profile.destination) for profile in profiles.values()) >= len(profiles) - 1
    for profile in profiles.values():
        assert profile.where in docs
        assert profile.link in docs
