"""A real browser on a real engine with a tiny random network."""

from __future__ import annotations

import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.service.conftest import engine, place, record_engine, tiny_weights

from depixel.client import Engine
from depixel.client.engine import page_address

__all__ = ["engine", "place", "record_engine", "tiny_weights"]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 40.0  # seconds until something must appear on a busy machine
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def chromium() -> str | None:
    """The system's browser."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests in this folder need a browser and take some seconds."""
    here = Path(__file__).parent
    for item in items:
        if here in Path(str(item.path)).parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(240))


def a_pack(samples: Path, folder: Path) -> Path:
    """A small resource pack."""
    pack = folder / "Pack.zip"
    with zipfile.ZipFile(pack, "w") as archive:
        archive.writestr("pack.mcmeta", '{"pack": {"pack_format": 15, "description": "test"}}')
        archive.write(samples / "textures" / "wall.png", "assets/minecraft/textures/block/wall.png")
        archive.writestr("assets/minecraft/lang/en_us.json", "{}")
    return pack


class Browser:
    """Actions of a user on the page."""

    def __init__(self, driver: Any, downloads: Path, profile: Path) -> None:
        self.driver = driver
        self.downloads = downloads
        self.profile = profile

    def open(self, engine: Engine, files: list[tuple[str, str]] | None = None) -> None:
        """A new page, opened as `depixel open` does."""
        self.driver.get(page_address(*engine.page_key(files or [])))
        self.until("the page", lambda: self.shown("#main"))

    def all(self, selector: str) -> list[Any]:
        """The elements, in the order of the page."""
        return list(self.driver.find_elements("css selector", selector))

    def one(self, selector: str) -> Any:
        """The first such element."""
        return self.driver.find_element("css selector", selector)

    def bring(self, selector: str) -> Any:
        """The first such element, scrolled to the middle, where no sticky element covers it."""
        self.run("arguments[0].scrollIntoView({block: 'center'})", self.one(selector))
        return self.one(selector)

    def shown(self, selector: str) -> bool:
        """Whether there is a visible one."""
        return any(element.is_displayed() for element in self.all(selector))

    def text(self, selector: str) -> str:
        """The text of the first one."""
        return str(self.one(selector).text)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page."""
        return self.driver.execute_script(script, *arguments)

    def until(self, what: str, condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Wait for a condition; on timeout, report what the page shows instead."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if value := condition():
                    return value
            except Exception:  # noqa: BLE001 (an element went while it was looked at)
                pass
            time.sleep(0.1)
        raise AssertionError(f"no {what} within {seconds:.0f} s; the page shows: {self.one('body').text[:1500]}")

    def choose(self, *paths: Path) -> None:
        """Choose files with the button."""
        self.one("#files").send_keys("\n".join(str(path) for path in paths))

    def enlarge(self, factor: int) -> None:
        """Set the scale."""
        self.run(
            "const box = document.getElementById('factor'); box.value = arguments[0];"
            "box.dispatchEvent(new Event('input'));",
            factor,
        )

    def change(self, identifier: str, value: object) -> None:
        """Set a control, as a user does who then leaves it."""
        self.run(
            "const box = document.getElementById(arguments[0]); box.value = arguments[1];"
            "box.dispatchEvent(new Event('change'));",
            identifier,
            str(value),
        )

    def drop(self, *paths: Path) -> None:
        """Drop files on the page, through the events that a real drop sends."""
        self.run(
            "window.carrier = document.createElement('input'); carrier.type = 'file'; carrier.multiple = true;"
            "carrier.id = 'carrier'; document.body.append(carrier);"
        )
        self.one("#carrier").send_keys("\n".join(str(path) for path in paths))
        self.run(
            "const carried = new DataTransfer(); for (const file of carrier.files) carried.items.add(file);"
            "for (const kind of ['dragenter', 'dragover', 'drop']) document.body.dispatchEvent("
            "  new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true })); carrier.remove();"
        )

    def drop_for_real(self, *paths: Path) -> None:
        """Drag files and folders in from outside the browser and drop them on the page."""
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            event = {"type": kind, "x": 300, "y": 300, "data": data}
            self.driver.execute_cdp_cmd("Input.dispatchDragEvent", event)

    def finished(self) -> bool:
        """Whether nothing is waiting or running."""
        return self.text("#left").startswith(("All done.", "Finished."))

    def states(self) -> list[str]:
        """The states of the list's rows."""
        return [str(row.get_attribute("data-state")) for row in self.all(".item")]

    def downloaded(self, pattern: str) -> Path:
        """The file that the browser saved."""

        def finished_file() -> Path | None:
            files = [path for path in self.downloads.glob(pattern) if path.suffix != ".crdownload"]
            return files[0] if files and not list(self.downloads.glob("*.crdownload")) else None

        path = self.until(f"download {pattern}", finished_file)
        assert isinstance(path, Path)
        return path

    def complaints(self) -> list[str]:
        """Complaints on the browser's console, except for refusals by the engine and for a stopped engine."""
        lines = [str(entry["message"]) for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return [line for line in lines if "Failed to load resource" not in line]

    def close(self) -> None:
        """Close it; a second call does nothing."""
        if self.driver.service.process is not None and self.driver.service.process.poll() is None:
            self.driver.quit()


@pytest.fixture(scope="session")
def new_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Browser]]:
    """Starts browsers, each with its own profile; arguments are further flags."""
    webdriver = pytest.importorskip("selenium.webdriver")
    if chromium() is None or shutil.which("chromedriver") is None:
        pytest.skip("chromium and chromedriver are not installed: scripts/browser_tests does that")
    browsers: list[Browser] = []

    def start(*flags: str) -> Browser:
        profile, downloads = tmp_path_factory.mktemp("profile"), tmp_path_factory.mktemp("downloads")
        options = webdriver.ChromeOptions()
        options.binary_location = chromium()
        for flag in (*_FLAGS, *flags, f"--user-data-dir={profile}", "--window-size=1280,900"):
            options.add_argument(flag)
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
        driver = webdriver.Chrome(options=options, service=service)
        browsers.append(Browser(driver, downloads, profile))
        return browsers[-1]

    yield start
    for browser in browsers:
        browser.close()


@pytest.fixture(scope="session")
def shared_browser(new_browser: Callable[..., Browser]) -> Browser:
    """One browser for most tests."""
    return new_browser()


@pytest.fixture
def browser(shared_browser: Browser, engine: Engine) -> Iterator[Browser]:
    """The browser with a new page; afterwards its console must be empty."""
    shared_browser.driver.set_window_size(1280, 900)
    for path in shared_browser.downloads.iterdir():
        path.unlink()
    shared_browser.open(engine)
    shared_browser.driver.get_log("browser")
    yield shared_browser
    assert shared_browser.complaints() == []


@pytest.fixture
def samples() -> Path:
    """The pictures that come with the project."""
    return ROOT / "samples"
