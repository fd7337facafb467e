"""Reading, answering and writing in groups: nothing is lost, no file stops the others, memory stays bounded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_art import write_tiny_art

from depixel.batch import running
from depixel.batch.plan import PlannedPicture, Problem
from depixel.batch.running import Batch, Outcome
from depixel.errors import DepixelError, UnreadablePictureError, UnwritableOutputError
from depixel.monitor import SILENT, Monitor
from depixel.picture import Picture
from depixel.progress import LineProgress
from depixel.report import Report
from depixel.request import Request
from depixel.upsampler import Upsampler

RNG = np.random.default_rng(2)


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    """The real engine with a tiny network."""
    return Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})


class Disk:
    """Pictures in memory by path; counts how many are alive between reading and writing."""

    def __init__(self, pictures: dict[str, Picture | DepixelError | Exception]) -> None:
        self.pictures = pictures
        self.written: dict[str, Picture] = {}
        self.open = 0
        self.most = 0

    def read(self, path: Path) -> Picture:
        picture = self.pictures[path.name]
        if isinstance(picture, Exception):
            raise picture
        self.open += 1
        self.most = max(self.most, self.open)
        return picture

    def write(self, path: Path, picture: Picture) -> None:
        if path.name == "full.png":
            raise UnwritableOutputError("The disk is full.")
        self.written[path.name] = picture
        if "candidate" not in path.name:
            self.open -= 1


def _picture(side: int = 6, width: int | None = None) -> Picture:
    return Picture((RNG.integers(0, 256, (side, width or side, 4), dtype=np.uint8),))


def _jobs(*names: str) -> list[PlannedPicture]:
    return [PlannedPicture(Path(name), name, Path("out") / name) for name in names]


def _run(
    engine: object, disk: Disk, all_planned: Sequence[PlannedPicture], settings: Request | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Outcome]:  # fmt: skip
    settings = settings or Request(scale=2)
    batch = Batch(engine, settings, disk.read, disk.write, LineProgress(len(all_planned), None), cancelled)  # type: ignore[arg-type]
    return list(batch.run(all_planned))


def test_answers_equal_those_given_alone(upsampler: Upsampler) -> None:
    """A picture in a batch of mixed sizes equals its answer alone, under its own name."""
    disk = Disk({"a.png": _picture(6), "b.png": _picture(5, 9), "c.png": _picture(6)})

    outcomes = _run(upsampler, disk, _jobs("a.png", "b.png", "c.png"))

    assert [outcome.status for outcome in outcomes] == ["done"] * 3
    for name, picture in disk.pictures.items():
        assert isinstance(picture, Picture)
        alone = upsampler.upsample(picture, Request(scale=2)).picture
        assert np.array_equal(alone.frames[0], disk.written[name].frames[0])


def test_one_bad_file_does_not_stop_the_others(upsampler: Upsampler) -> None:
    """Unreadable, unwritable, an internal error, failed in advance: each is one outcome with its reason."""
    disk = Disk(
        {
            "a.png": _picture(),
            "broken.png": UnreadablePictureError("The file is empty."),
            "bug.png": ZeroDivisionError("oops"),
            "full.png": _picture(),
            "z.png": _picture(),
        }
    )
    all_planned = _jobs(*disk.pictures)
    all_planned.insert(
        2, PlannedPicture(Path("old.png"), "old.png", Path("out/old.png"), Problem("skipped", "exists", "It is there."))
    )

    outcomes = {outcome.planned.name: outcome for outcome in _run(upsampler, disk, all_planned)}

    statuses = {name: outcome.status for name, outcome in outcomes.items()}
    assert statuses == {
        "a.png": "done",
        "broken.png": "failed",
        "old.png": "skipped",
        "bug.png": "failed",
        "full.png": "failed",
        "z.png": "done",
    }
    assert [p.reason for n in ("broken.png", "full.png") if (p := outcomes[n].problem)] == [
        "The file is empty.",
        "The disk is full.",
    ]
    assert (problem := outcomes["bug.png"].problem) is not None
    assert (problem.code, "ZeroDivisionError: oops" in problem.reason) == ("internal", True)


def test_one_picture_that_breaks_the_engine_does_not_take_its_group_along(upsampler: Upsampler) -> None:
    """The group is answered again one by one; only the faulty picture fails."""
    disk = Disk({name: _picture(7 if name == "bad.png" else 6) for name in ("a.png", "bad.png", "c.png")})

    class Fragile:
        def upsample_many(self, pictures: Sequence[Picture], *rest: Any) -> list[Report | DepixelError]:
            if any(picture.width == 7 for picture in pictures):
                raise RuntimeError("tensor trouble")
            return upsampler.upsample_many(pictures, *rest)

    statuses = {o.planned.name: o.status for o in _run(Fragile(), disk, _jobs(*disk.pictures))}

    assert statuses == {"a.png": "done", "bad.png": "failed", "c.png": "done"}


def test_memory_is_bounded(upsampler: Upsampler) -> None:
    """Only two groups of many pictures are alive: one being answered, and one being written."""
    names = [f"{number}.png" for number in range(700)]
    picture = _picture(2)
    disk = Disk(dict.fromkeys(names, picture))

    outcomes = _run(upsampler, disk, _jobs(*names))

    assert len(disk.written) == len(outcomes) == 700
    assert disk.most <= 2 * 256


def test_stopping_keeps_what_is_finished(upsampler: Upsampler) -> None:
    """After a request to stop no further picture is begun; every input still has an outcome."""
    big = _picture(260)  # large enough for its own group
    disk = Disk({"a.png": big, "b.png": big, "c.png": big})
    settings = Request(scale=4)

    outcomes = _run(upsampler, disk, _jobs(*disk.pictures), settings, cancelled=lambda: "a.png" in disk.written)

    assert {outcome.planned.name: outcome.status for outcome in outcomes} == {
        "a.png": "done",
        "b.png": "stopped",
        "c.png": "stopped",
    }
    assert list(disk.written) == ["a.png"]


def test_every_candidate_is_written_and_labelled(upsampler: Upsampler) -> None:
    """The best candidate is written last, each with its seed and the word imagined in its text."""
    disk = Disk({"a.png": _picture().replace(text={"Author": "me"})})

    (outcome,) = _run(upsampler, disk, _jobs("a.png"), Request(scale=2, candidates=3, imagination=0.5))

    assert list(disk.written) == ["a.candidate-3.png", "a.candidate-2.png", "a.png"]
    assert [path.name for path in outcome.written] == ["a.png", "a.candidate-2.png", "a.candidate-3.png"]
    for picture in disk.written.values():
        assert picture.text["Author"] == "me"
        assert picture.text["Software"].startswith("Depixel ")
        assert "invented, not recovered" in picture.text["Comment"]
    values = outcome.to_dict()
    assert [c["path"].endswith(p.name) for c, p in zip(values["candidates"], outcome.written, strict=True)] == [
        True
    ] * 3
    assert {"maximum", "mean", "rmse"} == set(values["candidates"][0]["residual"])


def test_only_inputs_are_looked_up_in_side_files(upsampler: Upsampler) -> None:
    """A side file next to an answer that is read back (a JPEG) does not affect the measurement."""

    class Sides:
        def __init__(self) -> None:
            self.paths: list[Path] = []

        def tell(self, path: Path, picture: Picture) -> Picture:
            self.paths.append(path)
            return picture

    small, large = (Picture((np.full((side, side, 3), 90, np.uint8),), mode="RGB") for side in (6, 12))
    disk, sides = Disk({"a.png": small, "a.jpg": large}), Sides()
    planned = [PlannedPicture(Path("a.png"), "a.png", Path("out/a.jpg"))]
    batch = Batch(
        upsampler, Request(scale=2), disk.read, disk.write, LineProgress(1, None), lambda: False, sides=sides  # type: ignore[arg-type]
    )  # fmt: skip

    assert [outcome.status for outcome in batch.run(planned)] == ["done"]
    assert disk.written.keys() == {"a.jpg"}
    assert sides.paths == [Path("a.png")]


class TwoAtOnce:
    """An engine that requires two calls at a time, like one with two cores, except for a large picture."""

    cores = at_once = 2

    def __init__(self, upsampler: Upsampler, large: int) -> None:
        self._upsampler, self._large = upsampler, large
        self._lock = threading.Lock()
        self._meeting = threading.Barrier(2, timeout=20)
        self.inside: list[int] = []  # pixels of the groups in progress
        self.met = False

    def upsample_many(
        self, pictures: Sequence[Picture], request: Request, monitor: Monitor = SILENT
    ) -> list[Report | DepixelError]:
        pixels = sum(picture.width * picture.height for picture in pictures)
        with self._lock:
            self.inside.append(pixels)
            assert len(self.inside) == 1 or max(self.inside) <= self._large
        if not self.met and pixels <= self._large:
            self._meeting.wait()
            self.met = True
        try:
            return self._upsampler.upsample_many(pictures, request, monitor)
        finally:
            with self._lock:
                self.inside.remove(pixels)


def test_one_group_is_prepared_while_another_is_computed_and_large_pictures_are_alone(
    upsampler: Upsampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outcomes are still in order."""
    monkeypatch.setattr(running, "_GROUP_PIXELS", 20)  # two cores at scale 2: 160 pixels
    names = [f"{number}.png" for number in range(7)]
    sizes = [9, 9, 9, 16, 9, 16, 9]
    disk = Disk({name: _picture(size) for name, size in zip(names, sizes, strict=True)})
    engine = TwoAtOnce(upsampler, 160)

    outcomes = _run(engine, disk, _jobs(*names))

    assert [outcome.planned.name for outcome in outcomes] == names
    assert {outcome.status for outcome in outcomes} == {"done"}
    assert engine.met
