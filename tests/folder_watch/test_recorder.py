"""The outcome of each file of a pass: its row, the counts, and the announcement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from depixel.errors import DepixelError, OutputExistsError
from depixel_watch.folder.stamps import StabilityTracker, Stamp, digest_of
from depixel_watch.ledger.ledger import BLOCKED, LEDGER_NAME, NOTHING, Ledger
from depixel_watch.ledger.recorder import Announcement, Output, PassCounts, Recorder, Times
from depixel_watch.packs.profiles import Rule
from depixel_watch.work.task import LoadedTask, Task


class Desk:
    """A recorder with its ledger, its counts and its announcements."""

    def __init__(self, root: Path) -> None:
        self.out = root
        self.ledger = Ledger(root / LEDGER_NAME)
        self.events: list[Announcement] = []
        self.counts = PassCounts(total=5)
        self.recorder = Recorder(
            self.ledger, StabilityTracker(0.0, lambda: 0.0), self.counts, self.events.append, self.out
        )

    def item(self, path: str = "a.png", *, unreadable: bool = False) -> LoadedTask:
        task = Task(path, Stamp(1, 2), "upscale", Rule("*", "upscale", ()), "recipe", 4)
        return LoadedTask(task, key="key", unreadable=unreadable)

    def put(self, digest: str, *, answer: bool = True) -> None:
        """For one file: announced, then published."""
        item = self.item()
        self.recorder.announce([(item, digest, answer)])
        self.recorder.finish([(item, Output(Stamp(3, 4), digest, answer=answer))])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.ledger.close()


def test_an_output_is_ours_before_it_has_its_name(desk: Desk) -> None:
    """While it is being written, the row has the new and the previous digest."""
    desk.put("first")
    desk.recorder.announce([(desk.item(), "second", False)])
    row = desk.ledger.get("a.png")

    assert row is not None
    assert (row.state, row.digest, row.prior, row.out, row.answer) == ("writing", "second", "first", Stamp(3, 4), False)


def test_after_a_kill_the_file_that_lies_there_decides(desk: Desk) -> None:
    """New or old content is identified by its digest; other content, or none, changes nothing."""
    for content, expected in ((b"new", "new"), (b"old", "old"), (b"else", "old"), (None, "old")):
        digests = {}
        for name in (b"new", b"old"):
            (desk.out / "digest").write_bytes(name)
            digests[name.decode()] = digest_of(desk.out / "digest")
        desk.ledger.remove("a.png")
        desk.put(digests["old"])
        desk.recorder.announce([(desk.item(), digests["new"], True)])
        (desk.out / "a.png").unlink(missing_ok=True)
        if content is not None:
            (desk.out / "a.png").write_bytes(content)

        desk.recorder.announce([(desk.item(), "third", True)])

        row = desk.ledger.get("a.png")
        assert row is not None and (row.digest, row.prior) == ("third", digests[expected])


def test_what_is_finished_is_counted_and_said(desk: Desk) -> None:
    """Answers and copies are counted separately."""
    items = [desk.item("a.png"), desk.item("b.png"), desk.item("c.png")]
    outputs = [Output(Stamp(3, 4), "x"), Output(Stamp(3, 4), "y", "copied", "as a.png", answer=False)]
    desk.recorder.finish(zip(items, outputs, strict=False))
    desk.recorder.leave(items[2], "too small", "digest")

    rows = [desk.ledger.get(item.task.path) for item in items]
    assert [(row.state, row.digest, row.reason, row.answer) for row in rows if row] == [
        ("done", "x", "", True),
        ("done", "y", "as a.png", False),
        ("left", "digest", "too small", True),
    ]
    assert (desk.counts.done, desk.counts.copied, desk.counts.left, desk.counts.finished) == (1, 1, 1, 3)
    assert [(event.what, event.path, event.sentence) for event in desk.events] == [
        ("done", "a.png", ""),
        ("copied", "b.png", "as a.png"),
        ("left", "c.png", "too small"),
    ]


def test_a_failure_keeps_what_is_known_of_the_output(desk: Desk) -> None:
    """Its digests stay, so that the previous output is still ours; the reason is announced."""
    desk.put("first", answer=False)
    desk.recorder.fail(desk.item(), DepixelError("It broke."))

    row = desk.ledger.get("a.png")
    assert row is not None
    assert (row.state, row.reason, row.digest, row.out, row.answer) == (
        "failed", "It broke.", "first", Stamp(3, 4), False
    )  # fmt: skip
    assert row.recipe == "recipe" and desk.counts.failed == 1
    assert desk.events[-1] == Announcement("failed", "a.png", "It broke.")
    desk.recorder.announce([(desk.item(), "second", True)])
    again = desk.ledger.get("a.png")
    assert again is not None and again.reason == "It broke."


def test_somebody_else_s_file_is_noted_as_that(desk: Desk) -> None:
    """Stored instead of a digest; the next output is not mistaken for ours."""
    desk.recorder.fail(desk.item(), OutputExistsError("In the way."))
    row = desk.ledger.get("a.png")
    assert row is not None and (row.digest, row.prior, row.out, row.answer) == (BLOCKED, "", NOTHING, True)

    desk.recorder.fail(desk.item(), DepixelError("Else."))
    row = desk.ledger.get("a.png")
    assert row is not None and row.digest == ""

    desk.recorder.fail(desk.item(), OutputExistsError("In the way."))
    desk.recorder.announce([(desk.item(), "new", True)])
    row = desk.ledger.get("a.png")
    assert row is not None and (row.digest, row.prior) == ("new", "")


def test_a_file_that_cannot_be_opened_is_told_of_once(desk: Desk) -> None:
    """It is retried in each pass; only a new reason is announced again."""
    for sentence, said in (("Locked.", 1), ("Locked.", 1), ("Gone.", 2)):
        desk.recorder.fail(desk.item(unreadable=True), DepixelError(sentence))
        assert len(desk.events) == desk.counts.failed == said
        row = desk.ledger.get("a.png")
        assert row is not None and (row.recipe, row.reason) == ("", sentence)
    assert (desk.counts.skipped, desk.counts.total) == (1, 4)


def test_a_file_without_change_is_brought_up_to_date(desk: Desk) -> None:
    """Its stamps are renewed, and it counts as up to date; without a row nothing is stored."""
    desk.put("first")
    item = replace(desk.item(), out=Stamp(7, 8))
    desk.recorder.unchanged([item, desk.item("none.png")])

    row = desk.ledger.get("a.png")
    assert row is not None and (row.out, row.state, row.digest) == (Stamp(7, 8), "done", "first")
    assert desk.ledger.get("none.png") is None
    assert (desk.counts.skipped, desk.counts.total) == (2, 3)


def test_waiting_files_are_for_another_pass(desk: Desk) -> None:
    """They leave this pass."""
    desk.recorder.wait()
    desk.recorder.wait(2)

    assert (desk.counts.waiting, desk.counts.total) == (3, 2)


def test_the_idle_share() -> None:
    """Relative to the wall time; never negative; 0 before anything was measured."""
    assert Times(wall=4.0, engine=1.0).idle == 0.75
    assert Times(wall=1.0, engine=4.0).idle == 0.0
    assert Times(wall=4.0, engine=4.0).idle == 0.0
    assert Times().idle == 0.0


def test_progress_inside_an_archive_is_announced_in_tenths(desk: Desk) -> None:
    """Each tenth once, never the end, and from the start again for the next archive."""
    for path in ("a.zip", "b.zip"):
        for done in range(0, 1001, 25):
            desk.recorder.advance(path, done, 1000)

    assert [event.sentence for event in desk.events if event.path == "b.zip"] == [
        f"{10 * tenth}% of the textures inside" for tenth in range(1, 10)
    ]
    assert len(desk.events) == 18 and {event.what for event in desk.events} == {"progress"}
    assert desk.counts.inside == ("b.zip", 1000, 1000)
