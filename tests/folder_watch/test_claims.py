"""
Disks that treat Hero.png and hero.png as one name, as on Windows, macOS and USB sticks. Here a hard link exists under
the second name, which is how such a disk appears to a program.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from depixel.errors import OutputExistsError
from depixel_watch.folder.stamps import Stamp, stamp_of
from depixel_watch.ledger.claims import Claims
from depixel_watch.ledger.ledger import LEDGER_NAME, Ledger, Row
from depixel_watch.packs.profiles import Rule
from depixel_watch.work.task import Task


class Desk:
    """Two folders and a ledger."""

    def __init__(self, root: Path) -> None:
        self.source, self.out = root / "mods", root / "out"
        self.source.mkdir()
        self.ledger = Ledger(self.out / LEDGER_NAME)

    def claims(self) -> Claims:
        return Claims(self.source, self.out, self.ledger, folds=True)

    def job(self, path: str) -> Task:
        return Task(path, Stamp(1, 1), "upscale", Rule("*", "upscale", ()), "recipe", 4)

    def add_output(self, path: str, also: str = "") -> None:
        """One of our outputs; on such a disk it also has the other name."""
        (self.out / path).write_bytes(b"large")
        if also:
            os.link(self.out / path, self.out / also)
        stamp = stamp_of(self.out / path)
        assert stamp is not None
        self.ledger.record([Row(path, Stamp(1, 1), "key", "recipe", "done", "", stamp)])


@pytest.fixture
def desk(tmp_path: Path):
    new = Desk(tmp_path)
    yield new
    new.ledger.close()


@pytest.mark.parametrize("other", ["hero.PNG", "HERO.png", "Ünd.png"])
def test_two_of_one_name_never_share_an_output(desk: Desk, other: str) -> None:
    """The second one in a run is refused with the first one's name; on other disks both are accepted."""
    first = "u\u0308ND.png" if other.startswith("Ü") else "Hero.png"
    claims = desk.claims()

    assert claims.refused(desk.job(first)) is None
    refusal = claims.refused(desk.job(other))
    assert isinstance(refusal, OutputExistsError)
    assert f"is the output of {first}" in str(refusal)
    assert claims.refused(desk.job(first)) is None
    plain = Claims(desk.source, desk.out, desk.ledger)
    assert [plain.refused(desk.job(path)) for path in (first, other)] == [None, None]


def test_an_output_is_not_taken_from_a_source_that_is_there(desk: Desk) -> None:
    """The earlier output of Hero.png stays, whatever happens to hero.png."""
    desk.add_output("Hero.png", also="hero.png")
    for name in ("Hero.png", "hero.png"):
        (desk.source / name).write_text(name)

    refusal = desk.claims().refused(desk.job("hero.png"))

    assert "is the output of Hero.png" in str(refusal)
    assert desk.claims().refused(desk.job("Hero.png")) is None


@pytest.mark.parametrize("folding", [False, True], ids=["a source that heeds case", "one that does not"])
def test_a_rename_of_the_case_alone_takes_the_output_over(desk: Desk, folding: bool) -> None:
    """hero.png is now Hero.png: its output may be replaced, and afterwards only the new name is recorded."""
    desk.add_output("hero.png", also="Hero.png")
    (desk.source / "Hero.png").write_text("it")
    if folding:
        os.link(desk.source / "Hero.png", desk.source / "hero.png")
    claims = desk.claims()

    assert claims.refused(desk.job("Hero.png")) is None
    claims.settle()
    assert desk.ledger.get("hero.png") is None


def test_what_is_not_ours_is_refused_as_ever(desk: Desk) -> None:
    """A file that is not ours, and one of ours that was edited, under either name."""
    desk.add_output("hero.png", also="Hero.png")
    (desk.out / "hero.png").write_text("painted over")
    (desk.out / "theirs.png").write_text("theirs")

    for path in ("Hero.png", "hero.png", "theirs.png"):
        assert "was not made by Depixel, or was changed" in str(desk.claims().refused(desk.job(path)))


def test_a_renamed_source_inherits_the_record_unless_it_has_one(desk: Desk) -> None:
    """The moved row says `writing`, with the digest of the file; an existing row of its own stays."""
    for earlier in (None, "failed", "done", "writing"):
        desk.ledger.remove("Hero.png")
        (desk.out / "hero.png").unlink(missing_ok=True)
        (desk.out / "Hero.png").unlink(missing_ok=True)
        desk.add_output("hero.png", also="Hero.png")
        (desk.source / "Hero.png").write_text("it")
        if earlier:
            desk.ledger.record([Row("Hero.png", Stamp(5, 5), "own", "r", earlier, "", Stamp(6, 6))])

        assert desk.claims().refused(desk.job("Hero.png")) is None

        row = desk.ledger.get("Hero.png")
        assert row is not None
        assert (row.state, row.key) == ((earlier, "own") if earlier in ("done", "writing") else ("writing", ""))
