"""
Renews the three screenshots of docs/page.md from samples/: needs chromium, chromedriver and selenium
(scripts/browser_tests installs them).

    .venv/bin/python scripts/page_pictures.py
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "core"), str(ROOT / "plugins/folder_watch")]

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
)  # fmt: skip
_QUALITY = 82  # of the saved pictures
_PATIENCE = 300.0  # seconds for an answer on a busy machine


def main() -> None:
    """Open the page as three people would see it."""
    from selenium import webdriver

    from depixel.client import Engine, Installed, Place
    from depixel.client.engine import page_address

    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder)
        search = os.pathsep.join(sys.path[:2])
        place.write_installed(Installed((sys.executable, "-m", "depixel"), (("PYTHONPATH", search),), ""))
        engine = Engine("page", place)
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for flag in (*_FLAGS, f"--user-data-dir={folder}/profile"):
            options.add_argument(flag)
        service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
        driver = webdriver.Chrome(options=options, service=service)
        try:
            for name, size, pictures, work in _SCENES:
                driver.set_window_size(*size)
                files = [(str(ROOT / "samples" / path), Path(path).name) for path in pictures]
                driver.get(page_address(*engine.page_key(files)))
                _until(lambda: driver.execute_script("return document.getElementById('main')?.hidden === false"))
                work(driver)
                time.sleep(0.7)
                _save(driver.get_screenshot_as_png(), ROOT / "docs" / name)
        finally:
            driver.quit()
            engine.stop()


def _first_look(driver: Any) -> None:
    _until(lambda: len(driver.find_elements("css selector", "#examples img")) == 5)
    _until(lambda: driver.find_element("id", "engine").text.startswith("Ready"))


def _compared(driver: Any) -> None:
    _until(lambda: driver.find_element("id", "left").text == "All done.")


def _chosen(driver: Any) -> None:
    driver.find_element("css selector", "label[for=preset-face]").click()
    driver.find_element("id", "files").send_keys(str(ROOT / "samples/faces/portrait.png"))
    _until(lambda: len(driver.find_elements("css selector", ".answer")) == 4)
    driver.execute_script("document.getElementById('answers-title').scrollIntoView({block: 'start'})")


_SCENES: tuple[tuple[str, tuple[int, int], tuple[str, ...], Callable[[Any], None]], ...] = (
    ("page-start.webp", (1100, 800), (), _first_look),
    ("page-compare.webp", (1100, 860), ("sprites/mage.png", "textures/wall.png", "animations/coin.png"), _compared),
    ("page-choose.webp", (1320, 900), (), _chosen),
)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("The page did not get there in time.")
        time.sleep(0.2)


def _save(png: bytes, path: Path) -> None:
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(path, quality=_QUALITY, method=6)
    sys.stdout.write(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} kB\n")


if __name__ == "__main__":
    main()
