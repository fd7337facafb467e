"""The HTML report: complete, self-contained, bounded, and honest about order."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from depixel.consistency import Residual
from depixel.domain import ART
from depixel.labels import describe_residual
from depixel.picture import Picture
from depixel.report import Candidate, Report
from depixel.report_page import ReportPage
from depixel.request import Request

RNG = np.random.default_rng(5)
EXACT = Residual(0.2, 0.01, 0.02)


def _picture(width: int, height: int, frames: int = 1) -> Picture:
    pixels = tuple(RNG.integers(0, 255, (height, width, 4), endpoint=True, dtype=np.uint8) for _ in range(frames))
    return Picture(pixels, durations=(80.0,) * frames if frames > 1 else ())


def _report(source: Picture, *residuals: Residual, scale: int = 4, notes: tuple[str, ...] = ()) -> Report:
    candidates = tuple(
        Candidate(_picture(source.width * scale, source.height * scale, len(source.frames)), r, 0.0, seed)
        for seed, r in enumerate(residuals)
    )
    return Report(
        candidates, Request(), scale, ART, "area", "art-tiny 12", "cpu", (False, True), 0, 0.1, notes
    )  # fmt: skip


class _Tags(HTMLParser):
    """Checks that tags that need closing are closed, in order."""

    VOID = frozenset({"meta", "input", "br", "img", "link"})
    OPTIONAL = frozenset({"tr", "th", "td", "tbody"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.labels = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for key, value in attrs if key == "id" and value]
        if tag not in self.VOID | self.OPTIONAL:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.OPTIONAL:
            assert self.open.pop() == tag


def _one_page(tmp_path: Path) -> str:
    page = ReportPage("Test", {"scale": 4})
    source = _picture(8, 6)
    page.add("a <b> & 'c'.png", [str(tmp_path / "out" / "a b.png")], source, _report(source, EXACT, EXACT))
    page.miss("failed", "broken.png", "The file is <empty>.")
    return page.html(tmp_path)


def test_page_is_well_formed_and_needs_nothing_from_outside(tmp_path: Path) -> None:
    """Tags are balanced, ids unique, and no address except data URIs and relative links appears."""
    page = _one_page(tmp_path)

    tags = _Tags()
    tags.feed(page)

    assert tags.open == []
    assert len(tags.ids) == len(set(tags.ids))
    assert not re.search(r"https?:|//[a-z]|@import|<link|src=", re.sub(r"base64,[^)]+", "", page))
    assert 'lang="en"' in page
    assert page.count("aria-label=") >= 4


def test_names_and_reasons_are_escaped(tmp_path: Path) -> None:
    """A file name cannot become markup."""
    page = _one_page(tmp_path)

    assert "a &lt;b&gt; &amp; &#x27;c&#x27;.png" in page
    assert "The file is &lt;empty&gt;." in page
    assert "<b>" not in page
    assert 'href="out/a%20b.png"' in page


def test_worst_residual_comes_first(tmp_path: Path) -> None:
    """Pictures are ordered by how badly they scale back."""
    page = ReportPage("Test", {})
    for name, residual in [("good", EXACT), ("worst", Residual(9.0, 2.0, 3.0)), ("middle", Residual(2.0, 0.1, 0.2))]:
        source = _picture(4, 4)
        page.add(name, [], source, _report(source, residual))

    names = re.findall(r"<h3>(\w+)</h3>", page.html(tmp_path))

    assert names == ["worst", "middle", "good"]


def test_embedded_pictures_are_the_ones_given(tmp_path: Path) -> None:
    """Input and result are in the page pixel by pixel; an animation moves."""
    page = ReportPage("Test", {})
    still, moving = _picture(5, 7), _picture(6, 6, frames=3)
    report = _report(still, EXACT)
    page.add("still", [], still, report)
    page.add("moving", [], moving, _report(moving, EXACT))

    images = [Image.open(io.BytesIO(base64.b64decode(d))) for d in re.findall(r"base64,([^)]+)\)", page.html(tmp_path))]

    assert np.array_equal(np.asarray(images[0]), still.frames[0])
    assert np.array_equal(np.asarray(images[1]), report.picture.frames[0])
    assert [getattr(image, "n_frames", 1) for image in images[2:]] == [3, 3]


def test_large_pictures_are_shown_whole(tmp_path: Path) -> None:
    """
    The whole of a large picture is in the page, as a preview of at most 1024 pixels and 2 MB with a link to the file.
    """
    source = _picture(400, 300)
    enlarged = tuple(np.repeat(np.repeat(frame, 4, 0), 4, 1) for frame in source.frames)
    report = replace(_report(_picture(1, 1), EXACT), candidates=(Candidate(Picture(enlarged), EXACT, 0.0, 0),))
    page = ReportPage("Test", {})
    page.add("large", [str(tmp_path / "large.png")], source, report)

    text = page.html(tmp_path)
    files = [base64.b64decode(d) for d in re.findall(r"base64,([^)]+)\)", text)]
    after = Image.open(io.BytesIO(files[1])).convert("RGBA")

    assert after.size == (1024, 768)
    assert max(map(len, files)) <= 2_000_000
    assert "preview" in text
    # each quarter of the answer is in its place
    wanted = Image.fromarray(enlarged[0]).convert("RGBa").resize((2, 2), Image.Resampling.BOX).convert("RGBA")
    shown = after.convert("RGBa").resize((2, 2), Image.Resampling.BOX).convert("RGBA")
    assert np.abs(np.asarray(wanted, int) - np.asarray(shown, int)).max() < 8


def test_all_candidates_are_shown_with_links_to_their_files(tmp_path: Path) -> None:
    """None is left out, however many there are."""
    source = _picture(6, 6)
    page = ReportPage("Test", {})
    outputs = [str(tmp_path / f"a.candidate-{number}.png") for number in range(12)]
    page.add("a.png", outputs, source, _report(source, *[EXACT] * 12))

    text = page.html(tmp_path)

    assert text.count('data-candidate="') == 12
    assert all(f'href="a.candidate-{number}.png"' in text for number in range(12))


def test_page_stays_small_and_keeps_the_worst(tmp_path: Path) -> None:
    """Beyond the budget, pictures that scale back best lose their images but stay listed."""
    page = ReportPage("Test", {}, budget=40_000)
    for number in range(30):
        source = _picture(8, 8)
        page.add(f"p{number:02}", [], source, _report(source, Residual(float(number), 0.0, 0.0)))

    text = page.html(tmp_path)

    assert len(text) < 40_000 * 4 / 3 + 60_000
    shown = re.findall(r"<h3>(p\d\d)</h3>", text)
    assert shown[0] == "p29"
    assert 2 <= len(shown) < 30
    assert shown == sorted(shown, reverse=True)
    assert all(f"p{number:02}" in text for number in range(30))


def test_a_long_list_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page for very many pictures stays light; how many are not listed is said."""
    monkeypatch.setattr("depixel.report_page._ROWS", 3)
    page = ReportPage("Test", {}, budget=1)
    for number in range(10):
        given = _picture(4, 4)
        page.add(f"{number}.png", [], given, _report(given, Residual(number / 100, 0.0, 0.0)))

    text = page.html(tmp_path)

    assert text.count("<article") == 1
    assert text.count("<tr data-name=") == 3
    assert "And 6 more" in text


def test_candidates_can_be_chosen(tmp_path: Path) -> None:
    """Every candidate has a button with its seed and residual."""
    page = _one_page(tmp_path)

    assert page.count('data-candidate="') == 2
    assert page.count('aria-pressed="true"') == 1
    assert "seed 1, scales back to exactly your pixels" in page


def test_the_badge_says_which_pixels_are_meant(tmp_path: Path) -> None:
    """
    For pixel art that had been enlarged, only the true pixels at the centres: with pictures and in the list alike.
    """
    source = _picture(6, 6)
    report = replace(_report(source, EXACT), degradation="point", grid=3)
    words = "scales back to exactly the pixels that yours repeat 3x3 times at the centre of each block"
    for budget in (16_000_000, 0):
        page = ReportPage("Test", {}, budget=budget)
        page.add("a.png", [str(tmp_path / "a.png")], source, report)

        assert f'<span class="badge">{words}</span>' in page.html(tmp_path)


def test_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    """The page appears under its name and nothing else is left."""
    page = ReportPage("Test", {})

    page.write(tmp_path / "new" / "page.html")

    assert [path.name for path in (tmp_path / "new").iterdir()] == ["page.html"]


@pytest.mark.parametrize(
    ("residual", "words"),
    [
        (Residual(0.5, 0.0, 0.0), "scales back to exactly your pixels"),
        (Residual(0.9, 0.01, 0.1), "scales back within 0.9 level of 255 (mean 0.010)"),
        (Residual(14.0, 1.5, 2.0), "scales back within 14 levels of 255 (mean 1.500)"),
        (Residual(116.2, 1.5, 2.0), "scales back within 116 levels of 255 (mean 1.500)"),
    ],
)
def test_residual_in_words(residual: Residual, words: str) -> None:
    """ "Exactly" is used only if rounding gives the input's own pixels."""
    assert describe_residual(residual) == words


@pytest.mark.parametrize(
    ("degradation", "grid", "words"),
    [
        ("area", 1, "scales back to exactly your pixels"),
        ("point", 1, "scales back to exactly your pixels at the centre of each block"),
        ("point", 3, "scales back to exactly the pixels that yours repeat 3x3 times at the centre of each block"),
        ("area", 2, "scales back to exactly the pixels that yours repeat 2x2 times"),
    ],
)
def test_exactly_says_which_pixels_are_meant(degradation: str, grid: int, words: str) -> None:
    """Centres of blocks, and true pixels for pictures that had been enlarged."""
    assert describe_residual(Residual(0.0, 0.0, 0.0), degradation, grid) == words
