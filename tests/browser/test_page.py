"""Using the page: drop, look, choose, save."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.browser.conftest import Browser, a_pack

from depixel.client import Engine, Place
from depixel.client.engine import page_address
from depixel.files import read


def test_drop_wait_and_save(browser: Browser, samples: Path) -> None:
    """A dropped picture is answered automatically; the saved file scales back to it."""
    browser.drop(samples / "sprites" / "mage.png")
    browser.until("verdict", lambda: "Exact" in browser.text("#verdict"))
    assert browser.text("#view-title") == "mage.png"
    assert "32 × 32 to 128 × 128" in browser.text("#view-size")

    browser.one("#save").click()

    answer = read(browser.downloaded("mage-x4.png"))
    assert (answer.width, answer.height) == (128, 128)
    assert "Depixel" in answer.text["Software"]


def test_the_key_leaves_address_and_history(new_browser: Callable[[], Browser], engine: Engine, tmp_path: Path) -> None:
    """Neither the address bar nor the browser's history has the key from `depixel open`."""
    browser = new_browser()
    note = tmp_path / "open.html"
    port, key = engine.page_key(note=str(note))
    note.write_text(
        f'<form method="post" action="http://127.0.0.1:{port}/enter"><input name="key" value="{key}"></form>'
        "<script>document.forms[0].submit()</script>"
    )
    browser.driver.get(note.as_uri())
    browser.until("the page", lambda: browser.shown("#main"))
    assert browser.driver.current_url == f"http://127.0.0.1:{port}/"
    browser.close()

    database = shutil.copy(browser.profile / "Default" / "History", tmp_path / "history")
    connection = sqlite3.connect(database)
    addresses = [row[0] for row in connection.execute("select url from urls")]
    connection.close()
    assert addresses
    assert not [address for address in addresses if key in address]
    assert not note.exists()


def test_a_key_in_the_address_is_used_up(browser: Browser, engine: Engine) -> None:
    """
    The key disappears from the address bar; a second use is refused with a message; a tab without a key gets nothing.
    """
    address = page_address(*engine.page_key())
    browser.driver.get(address)
    browser.until("the page", lambda: browser.shown("#main"))
    assert "key" not in browser.driver.current_url

    browser.driver.switch_to.new_window("tab")
    second = browser.driver.current_window_handle
    browser.driver.get(address)
    browser.until("refusal", lambda: "used before" in browser.text("#banner"))
    browser.driver.get(browser.run("return location.origin"))
    browser.until("refusal", lambda: "needs a key" in browser.text("#banner"))
    assert not browser.shown("#main")
    assert browser.driver.current_window_handle == second
    browser.driver.close()
    browser.driver.switch_to.window(browser.driver.window_handles[0])
    browser.driver.get_log("browser")  # the refusals


def test_files_named_on_the_command_line_are_there(browser: Browser, engine: Engine, samples: Path) -> None:
    """`depixel open FILE FILE`; reloading the page does not start again."""
    paths = [samples / "sprites" / "bee.png", samples / "textures" / "wall.png"]
    browser.open(engine, [(str(path), path.name) for path in paths])

    browser.until("end", browser.finished)
    assert browser.states() == ["done", "done"]
    browser.driver.refresh()
    browser.until("the page", lambda: browser.shown("#main"))
    assert browser.states() == []


def test_slide_and_zoom_move_both_pictures(browser: Browser, samples: Path) -> None:
    """Before and after are aligned at every zoom; the slider decides where each is visible."""
    browser.drop(samples / "sprites" / "mage.png")
    browser.until("verdict", lambda: browser.text("#verdict"))
    box = "const s = getComputedStyle(document.getElementById(arguments[0])); return [s.width, s.height, s.transform]"
    assert browser.run(box, "before") == browser.run(box, "after")

    fitted = browser.text("#zoom")
    for _ in range(3):
        browser.one("#zoom-in").click()
    browser.one("#stage").send_keys(browser_key("ARROW_RIGHT"), browser_key("ARROW_DOWN"))
    assert browser.text("#zoom") != fitted
    assert browser.run(box, "before") == browser.run(box, "after")

    cut = "return getComputedStyle(document.getElementById('before')).clipPath"
    before = browser.run(cut)
    browser.one("#split").send_keys(browser_key("END"))
    assert browser.run(cut) != before
    browser.one("#zoom-fit").click()
    assert browser.text("#zoom") == fitted
    browser.one("#tiled").click()
    width = browser.run(
        "return [document.getElementById('after').style.width, document.getElementById('after').style.backgroundSize]"
    )
    assert float(width[0].removesuffix("px")) == pytest.approx(3 * float(width[1].split("px")[0]))
    browser.one(".swatch.magenta").click()
    assert (
        browser.run("return getComputedStyle(document.getElementById('stage')).backgroundColor") == "rgb(255, 0, 255)"
    )


def browser_key(name: str) -> str:
    from selenium.webdriver.common.keys import Keys

    return str(getattr(Keys, name))


def test_more_like_this_adds_and_kept_ones_are_saved(browser: Browser, samples: Path) -> None:
    """New answers never replace old ones; several are kept, and saved in one zip."""
    browser.drop(samples / "sprites" / "bee.png")
    browser.until("answer", lambda: len(browser.all(".answer")) == 1)
    first = browser.text(".answer code")

    browser.one(".answer .like").click()
    browser.until("answers", lambda: len(browser.all(".answer")) == 5)
    browser.until("heat", lambda: browser.shown("#heat"))
    assert browser.run("return document.querySelector('.answer code').textContent") != ""
    assert first in browser.run("return document.querySelector('.answer code').textContent") or first == ""
    for tile in browser.all(".answer")[1:3]:
        tile.find_element("css selector", "input").click()
    browser.one("#save-kept").click()

    with zipfile.ZipFile(browser.downloaded("depixel-kept.zip")) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["bee-x4-2.png", "bee-x4-3.png"]


def test_hostile_names_are_text(browser: Browser, samples: Path, tmp_path: Path) -> None:
    """A file name is shown as it is, and is neither markup nor a path."""
    names = [
        "<img src=x onerror=document.title='bad'>.png",
        "a'\"><script>document.title='bad'</script>.png",
        "ß 猫 ☃.png",
    ]
    paths = [Path(shutil.copy(samples / "sprites" / "bee.png", tmp_path / name.replace("/", "∕"))) for name in names]
    browser.drop(*paths)

    browser.until("end", browser.finished)
    assert browser.states() == ["done"] * 3
    assert browser.driver.title == "Depixel"
    assert [element.text for element in browser.all(".item-name")] == [path.name for path in paths]
    assert browser.all(".item img, .item script") == []


def test_what_is_no_picture_is_said_and_stops_nobody(browser: Browser, samples: Path, tmp_path: Path) -> None:
    """A failure has a message; the others are answered, and all of them can be saved as a zip."""
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    browser.drop(samples / "sprites" / "bee.png", broken, samples / "animations" / "coin.png")

    browser.until("end", browser.finished)
    assert browser.states() == ["done", "failed", "done"]
    assert "broken.png" in browser.all(".item .state")[1].text
    browser.one("#zip").click()

    with zipfile.ZipFile(browser.downloaded("depixel.zip")) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    assert names == ["bee-x4.png", "coin-x4.png"]
    small, large = read(samples / "animations" / "coin.png"), read(tmp_path / "coin-x4.png")
    assert len(large.frames) == len(small.frames)
    assert np.array_equal(large.durations, small.durations)


def test_an_answer_is_in_view_rather_than_a_failure(browser: Browser, samples: Path, tmp_path: Path) -> None:
    """If the first of many fails, the first answer takes its place; the failure can be looked at."""
    (tmp_path / "a.png").write_bytes(b"nothing")
    browser.drop(tmp_path / "a.png", samples / "sprites" / "bee.png")
    browser.until("end", browser.finished)
    browser.until("the answer", lambda: browser.text("#view-title") == "bee.png")
    browser.all(".pick")[0].click()
    browser.until("the failure", lambda: "a.png" in browser.text("#verdict"))


def test_a_batch_is_paused_and_goes_on(browser: Browser, samples: Path, tmp_path: Path) -> None:
    """Many files: thumbnails, time left, pause and resume; the zip has all of them in their folders."""
    archive_path = tmp_path / "batch.zip"
    with zipfile.ZipFile(archive_path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(40):
            archive.write(samples / "sprites" / "mage.png", f"set{number % 2}/mage{number}.png")
        archive.writestr("set0/readme.txt", "no picture")
        archive.writestr("set0/.hidden.png", "hidden")
    browser.drop(archive_path)
    browser.until("rows", lambda: len(browser.all(".item")) == 40)

    browser.one("#pause").click()
    browser.until("pause", lambda: browser.text("#left") == "Paused")
    time.sleep(1.0)
    done = browser.states().count("done")
    time.sleep(1.0)
    assert browser.states().count("done") == done < 40
    browser.one("#pause").click()
    browser.until("time left", lambda: browser.text("#left").startswith("About "))
    browser.until("end", browser.finished)

    assert browser.states() == ["done"] * 40
    picture = "return getComputedStyle(document.querySelector('.thumb')).backgroundImage"
    assert browser.run(picture).startswith('url("blob:')
    browser.one("#zip").click()
    with zipfile.ZipFile(browser.downloaded("depixel.zip")) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == sorted(f"batch/set{n % 2}/mage{n}-x4.png" for n in range(40))


def test_one_or_all_are_cancelled(browser: Browser, samples: Path, tmp_path: Path) -> None:
    """A cancelled picture stops, also in the engine; the others continue."""
    paths = [Path(shutil.copy(samples / "textures" / "wall.png", tmp_path / f"wall{n}.png")) for n in range(12)]
    browser.enlarge(16)
    browser.drop(*paths)
    browser.until("rows", lambda: len(browser.all(".item")) == 12)

    browser.all(".item")[11].find_element("css selector", ".end").click()
    browser.until("cancel", lambda: browser.states()[11] == "cancelled")
    browser.one("#cancel-all").click()
    browser.until("end", browser.finished)

    states = browser.states()
    assert set(states) <= {"done", "cancelled"}
    assert states.count("cancelled") >= 8
    browser.until("rest", lambda: browser.text("#engine").startswith("Ready"))


def test_what_is_removed_is_shown_no_more(browser: Browser, samples: Path) -> None:
    """The next picture takes its place; after the last one the page is empty, and accepts new ones."""
    browser.drop(samples / "sprites" / "bee.png", samples / "sprites" / "mage.png")
    browser.until("end", browser.finished)
    assert browser.text("#view-title") == "bee.png"

    browser.one(".item .end").click()
    browser.until("the next", lambda: browser.text("#view-title") == "mage.png")
    browser.one(".item .end").click()
    browser.until("the empty page", lambda: not browser.shown("#view") and browser.shown("#examples img"))
    browser.drop(samples / "sprites" / "bee.png")
    browser.until("end", browser.finished)
    assert browser.text("#view-title") == "bee.png"


def test_the_engine_dies_and_comes_back(browser: Browser, samples: Path, tmp_path: Path, place: Place) -> None:
    """A killed engine is reported; once it is back, the same tab continues and loses nothing."""
    paths = [Path(shutil.copy(samples / "textures" / "wall.png", tmp_path / f"wall{n}.png")) for n in range(10)]
    browser.enlarge(8)
    browser.drop(*paths)
    browser.until("first", lambda: "done" in browser.states())
    running = place.running()
    assert running is not None

    os.kill(running.pid, signal.SIGKILL)
    browser.until("banner", lambda: "has stopped" in browser.text("#banner"))
    assert browser.states().count("done") < 10
    Engine("tests", place).hello()  # as `depixel open`, GIMP or Krita would

    browser.until("end", browser.finished, 90)
    assert browser.states() == ["done"] * 10
    assert not browser.shown("#banner")
    record = place.running()
    assert record is not None
    assert (record.port, record.pid != running.pid) == (running.port, True)


def words_of(browser: Browser, start: str) -> str:
    """The fact about a pack that begins with these words."""
    return next(line for line in browser.text("#pack-facts").splitlines() if line.startswith(start))


def test_a_pack_goes_the_packs_way(browser: Browser, samples: Path, tmp_path: Path) -> None:
    """Recognised and described, with size and time first; the profile can be changed; the result is a pack."""
    browser.drop(a_pack(samples, tmp_path))

    browser.until("dry run", lambda: browser.states() == ["looked"])
    words = browser.text("#pack-facts")
    assert "Recognised as: Minecraft" in words
    assert "1 texture becomes larger" in words
    assert "Time: about" in words
    browser.change("pack-profile", "generic")
    browser.until("other profile", lambda: "Treated as" in browser.text("#pack-facts"))
    browser.until("dry run", lambda: browser.states() == ["looked"])
    words_of_four = words_of(browser, "Size:")

    browser.enlarge(2)
    browser.until("smaller estimate", lambda: words_of(browser, "Size:") != words_of_four)
    browser.until("dry run", lambda: browser.states() == ["looked"])
    browser.enlarge(4)
    browser.until("first estimate", lambda: words_of(browser, "Size:") == words_of_four)
    browser.until("dry run", lambda: browser.states() == ["looked"])

    browser.one("#pack-start").click()
    browser.until("end", lambda: browser.states() == ["done"])
    browser.one("#pack-save").click()
    with zipfile.ZipFile(browser.downloaded("Pack-depixel.zip")) as archive:
        assert "pack.mcmeta" in archive.namelist()
        archive.extract("assets/minecraft/textures/block/wall.png", tmp_path)
    large = read(tmp_path / "assets/minecraft/textures/block/wall.png")
    assert large.width == 4 * read(samples / "textures" / "wall.png").width


def test_another_programs_result_is_made_exact(browser: Browser, samples: Path, tmp_path: Path) -> None:
    """A single picture waits for its partner; then the large one is changed as little as possible."""
    from PIL import Image

    with Image.open(samples / "sprites" / "mage.png") as image:
        image.resize((128, 128), Image.Resampling.LANCZOS).save(tmp_path / "mage-upscaled.png")
    browser.one("label[for=preset-exact]").click()

    browser.choose(tmp_path / "mage-upscaled.png")
    browser.until("hint", lambda: "mage-upscaled.png" in browser.text("#pairing"))
    browser.choose(samples / "sprites" / "mage.png")

    browser.until("verdict", lambda: "Exact" in browser.text("#verdict"))
    assert browser.text("#pairing") == ""
    browser.one("#save").click()
    assert read(browser.downloaded("mage-upscaled-exact.png")).width == 128


def test_more_answers_to_pixel_art_are_its_readings(browser: Browser, samples: Path) -> None:
    """Each answer names its reading; existing readings are not repeated."""
    browser.drop(samples / "pixel-art" / "potion.png")
    browser.until("answer", lambda: len(browser.all(".answer")) == 1)

    browser.one("#more-answers").click()
    browser.until("end", lambda: len(browser.all(".answer")) > 1 and browser.finished())

    commands = browser.run("return [...document.querySelectorAll('.answer code')].map(node => node.textContent)")
    readings = [command.rpartition("--reading ")[2] for command in commands]
    assert len(readings) == len(set(readings)) == 6


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("sprites/mage.png", ["Calm", "Sharp edges", "Painted", "Hard edges", "More detail"]),
        (
            "textures/wall.png",
            [
                "Calm",
                "Detail of stone",
                "Detail of wood",
                "Detail of sand",
                "Detail of grass",
                "Sharp edges",
                "Painted",
            ],
        ),
    ],
)
def test_answers_are_named_by_what_they_are(browser: Browser, samples: Path, name: str, titles: list[str]) -> None:
    """More answers to soft art and to textures are their readings; a variation names its source answer."""
    browser.drop(samples / name)
    browser.until("answer", lambda: len(browser.all(".answer")) == 1)
    assert [node.text for node in browser.all(".answer strong")] == ["Calm"]

    browser.one("#more-answers").click()
    browser.until("readings", lambda: len(browser.all(".answer")) == len(titles))
    assert [node.text for node in browser.all(".answer strong")] == titles
    browser.bring(".answer:nth-child(3) .like").click()
    browser.until("variations", lambda: len(browser.all(".answer")) > len(titles))
    assert browser.all(".answer strong")[-1].text == "Like answer 3"


def test_an_animation_and_its_original_begin_together(browser: Browser, samples: Path) -> None:
    """Both get new addresses, because an animation runs from the moment its address is first shown; they keep them."""
    browser.drop(samples / "animations" / "coin.png")
    browser.until("verdict", lambda: "Exact" in browser.text("#verdict"))
    address = "return ['before', 'after'].map(id => document.getElementById(id).style.backgroundImage)"
    tile = browser.run("return document.querySelector('.answer .picture').style.backgroundImage")
    row = browser.until(
        "thumbnail", lambda: browser.run("return document.querySelector('.thumb').style.backgroundImage")
    )

    shown = browser.run(address)
    assert len({*shown, tile, row}) == 4
    browser.one(".answer input").click()
    assert browser.run(address) == shown


def test_a_longest_side_in_pixels(browser: Browser, samples: Path) -> None:
    """The result has the size, its name says it, and the verdict names the size at which it was exact."""
    browser.run(
        "document.querySelector('[name=size-by][value=side]').click(); const box = document.getElementById('side');"
        "box.value = 100; box.dispatchEvent(new Event('input'));"
    )
    browser.drop(samples / "sprites" / "mage.png")

    browser.until("verdict", lambda: "4 times larger, where it is exact" in browser.text("#verdict"))
    assert "32 × 32 to 100 × 100" in browser.text("#view-size")
    assert "--size 100" in browser.run("return document.querySelector('.answer code').textContent")
    browser.one("#save").click()
    answer = read(browser.downloaded("mage-100px.png"))
    assert (answer.width, answer.height) == (100, 100)


def test_dials_of_a_person_write_the_one_option(browser: Browser, samples: Path) -> None:
    """
    They are shown for faces only; moving them writes the option; typing the option moves them; other dials in it stay.
    """
    assert not browser.shown("#person")
    browser.run("document.getElementById('preset-face').click(); document.getElementById('person').open = true;")
    assert browser.shown("#dial-age")

    for dial, value in (("age", 10), ("glasses", "round"), ("smile", 0.8)):
        browser.change(f"dial-{dial}", value)
    assert browser.run("return document.getElementById('option-face').value") == "age=+10, glasses=round, smile=0.8"
    dials = browser.run("return ['age', 'smile'].map(name => document.getElementById(`dial-${name}`).value)")
    assert dials == ["10", "0.8"]

    browser.change("option-face", "yaw=20, age=-15, no beard")
    assert browser.run("return document.getElementById('dial-age').value") == "-15"
    assert browser.run("return document.getElementById('dial-glasses').value") == ""
    assert browser.text("#dial-smile-value") == "as in the picture"
    browser.change("dial-age", 0)
    assert browser.run("return document.getElementById('option-face').value") == "yaw=20, no beard"
    browser.one("#dials-clear").click()
    assert browser.run("return document.getElementById('option-face').value") == ""
