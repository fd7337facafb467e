"""Folders, dropped or chosen: pictures keep their paths, and packs are treated as packs."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
from tests.browser.conftest import Browser, a_pack


def a_folder(samples: Path, place: Path) -> Path:
    """Pictures on two levels, a file that is not a picture, and hidden files."""
    (place / "game/hud/.thumbnails").mkdir(parents=True)
    shutil.copy(samples / "sprites" / "bee.png", place / "game/bee.png")
    shutil.copy(samples / "sprites" / "mage.png", place / "game/hud/ß 猫.png")
    shutil.copy(samples / "sprites" / "bee.png", place / "game/hud/.thumbnails/bee.png")
    shutil.copy(samples / "sprites" / "bee.png", place / "game/.hidden.png")
    (place / "game/readme.txt").write_text("no picture")
    return place / "game"


def test_a_dropped_folder_is_walked(browser: Browser, samples: Path, tmp_path: Path) -> None:
    """All its pictures are answered and saved under their paths; hidden files and other files are skipped."""
    browser.drop_for_real(a_folder(samples, tmp_path), samples / "animations" / "coin.png")

    browser.until("rows", lambda: len(browser.all(".item")) == 3)
    browser.until("end", browser.finished)
    assert browser.states() == ["done"] * 3
    browser.one("#zip").click()

    with zipfile.ZipFile(browser.downloaded("depixel.zip")) as archive:
        assert sorted(archive.namelist()) == ["coin-x4.png", "game/bee-x4.png", "game/hud/ß 猫-x4.png"]


def test_a_dropped_folder_of_many_files_is_read_to_its_end(browser: Browser, samples: Path, tmp_path: Path) -> None:
    """Browsers return a hundred entries at a time."""
    (tmp_path / "many").mkdir()
    for number in range(230):
        (tmp_path / "many" / f"{number}.txt").write_text("no picture")
    shutil.copy(samples / "sprites" / "bee.png", tmp_path / "many" / "z.png")
    browser.drop_for_real(tmp_path / "many")

    browser.until("end", lambda: browser.states() == ["done"])


def test_a_chosen_folder_is_walked(browser: Browser, samples: Path, tmp_path: Path) -> None:
    """The button does the same as dropping."""
    browser.one("#folder").send_keys(str(a_folder(samples, tmp_path)))

    browser.until("rows", lambda: len(browser.all(".item")) == 2)
    browser.until("end", browser.finished)
    assert browser.states() == ["done"] * 2


def test_a_dropped_folder_that_is_a_pack_is_one_pack(browser: Browser, samples: Path, tmp_path: Path) -> None:
    """It is recognised, waits to be started with a hidden, empty progress bar, and is saved as a zip."""
    block = tmp_path / "Faithful/assets/minecraft/textures/block"
    block.mkdir(parents=True)
    (tmp_path / "Faithful/pack.mcmeta").write_text('{"pack": {"pack_format": 15, "description": "test"}}')
    shutil.copy(samples / "textures" / "wall.png", block / "wall.png")
    browser.drop_for_real(tmp_path / "Faithful")

    browser.until("dry run", lambda: browser.states() == ["looked"])
    assert "Recognised as: Minecraft" in browser.text("#pack-facts")
    assert not browser.shown("#overall")
    assert browser.run("return document.getElementById('overall').value") == 0
    browser.one("#pack-start").click()
    browser.until("bar", lambda: browser.shown("#overall"))
    browser.until("end", lambda: browser.states() == ["done"])
    browser.one("#pack-save").click()
    with zipfile.ZipFile(browser.downloaded("Faithful-depixel.zip")) as archive:
        assert "assets/minecraft/textures/block/wall.png" in archive.namelist()


@pytest.mark.parametrize("name", ["Pack.mcpack", "download"])
def test_a_zip_by_another_name_is_a_pack(browser: Browser, samples: Path, tmp_path: Path, name: str) -> None:
    """Games have their own extensions for zips, and a download may have none."""
    browser.drop(a_pack(samples, tmp_path).rename(tmp_path / name))

    browser.until("facts", lambda: "Recognised as: Minecraft Java" in browser.text("#pack-facts"))
    assert browser.text("#view-title") == name


def test_a_zip_of_pictures_without_an_ending_is_opened(browser: Browser, samples: Path, tmp_path: Path) -> None:
    """It is recognised as a zip by its first bytes."""
    with zipfile.ZipFile(tmp_path / "download", "w") as archive:
        archive.write(samples / "sprites" / "bee.png", "sprites/bee.png")
    browser.drop(tmp_path / "download")

    browser.until("end", browser.finished)
    assert browser.states() == ["done"]
    assert browser.run("return document.querySelector('.item-name').title") == "download/sprites/bee.png"
