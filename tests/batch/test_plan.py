"""Where answers go, and what never happens to existing files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from depixel import files
from depixel.batch.plan import Naming, PlannedPicture, make_naming, plan_pictures
from depixel.errors import BadUsageError
from depixel.picture import Picture

WRITABLE = {".png", ".tga", ".gif"}


def _picture(software: str, kind: str = "PNG") -> bytes:
    picture = Picture((np.full((2, 2, 3), 90, np.uint8),), mode="RGB", text={"Software": software})
    return files.encode(picture, kind)


def _plan(
    tmp_path: Path, name: str = "hero.png", *, candidates: int = 1, overwrite: bool = False, **naming: str
) -> PlannedPicture:
    source = tmp_path / name
    source.parent.mkdir(parents=True, exist_ok=True)
    source.touch()
    places = Naming(tmp_path / "out", False, **naming)
    return plan_pictures([(source, Path(name))], places, WRITABLE, candidates, overwrite)[0]


def test_names_and_folders_are_kept(tmp_path: Path) -> None:
    """Same path below OUT, same stem, same extension, same case."""
    assert _plan(tmp_path, "Sub/Hero.PNG").target == tmp_path / "out/Sub/Hero.PNG"


def test_suffix_and_format_are_as_asked(tmp_path: Path) -> None:
    """--suffix is appended to the stem, --format changes the extension; formats that cannot be written become PNG."""
    assert _plan(tmp_path, suffix="_x4").target.name == "hero_x4.png"
    assert _plan(tmp_path, extension=".tga").target.name == "hero.tga"
    assert _plan(tmp_path, "old.pcx").target.name == "old.png"


def test_candidates_have_names_of_their_own(tmp_path: Path) -> None:
    """The best candidate keeps the name; the others are named by their number."""
    names = [path.name for path in _plan(tmp_path).targets(3)]

    assert names == ["hero.png", "hero.candidate-2.png", "hero.candidate-3.png"]


def test_existing_outputs_are_skipped_unless_told(tmp_path: Path) -> None:
    """The best candidate is written last: if it exists, all do; without it, a run was interrupted and is repeated."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out/hero.candidate-2.png").write_bytes(_picture("Depixel 0.1"))
    assert _plan(tmp_path, candidates=2).problem is None
    (tmp_path / "out/hero.png").touch()

    skipped = _plan(tmp_path, candidates=2)

    assert skipped.problem is not None
    assert (skipped.problem.status, skipped.problem.code) == ("skipped", "exists")
    assert _plan(tmp_path, candidates=1).problem is not None
    assert _plan(tmp_path, candidates=2, overwrite=True).problem is None


@pytest.mark.parametrize("kind", ["picture", "other", "link", "dead link"])
def test_no_candidate_replaces_a_file_of_others(tmp_path: Path, kind: str) -> None:
    """Any existing file of an answer that Depixel did not write is treated like the first one."""
    (tmp_path / "out").mkdir()
    there = tmp_path / "out/hero.candidate-2.png"
    if "link" in kind:
        there.symlink_to(tmp_path / "elsewhere.png")
        if kind == "link":
            (tmp_path / "elsewhere.png").write_bytes(_picture("Depixel 0.1"))
    else:
        there.write_bytes(_picture("GIMP 3.0") if kind == "picture" else b"theirs")

    (skipped, alone, replaced) = (
        _plan(tmp_path, candidates=2),
        _plan(tmp_path, candidates=1),
        _plan(tmp_path, candidates=2, overwrite=True),
    )

    assert skipped.problem is not None
    assert (skipped.problem.status, skipped.problem.code) == ("skipped", "exists")
    assert "hero.candidate-2.png exists already" in skipped.problem.reason
    assert alone.problem is None and replaced.problem is None


def test_a_format_without_text_is_compared_after_the_search(tmp_path: Path) -> None:
    """A TGA does not say what wrote it: it may be left from an interrupted run, which is continued."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out/hero.candidate-2.tga").write_bytes(_picture("Depixel 0.1", "TGA"))

    assert _plan(tmp_path, "hero.tga", candidates=2).problem is None


def test_a_source_is_never_overwritten(tmp_path: Path) -> None:
    """Sources are never overwritten, even with --overwrite, if they are another input, or through a link."""
    source, link = tmp_path / "hero.png", tmp_path / "link.png"
    source.touch()
    link.symlink_to(source)
    places = Naming(tmp_path, False)

    all_planned = plan_pictures([(source, Path("hero.png"))], places, WRITABLE, 1, True)
    through_link = plan_pictures([(source, Path("link.png"))], places, WRITABLE, 1, True)

    for planned in (*all_planned, *through_link):
        assert planned.problem is not None
        assert planned.problem.status == "failed"
        assert "is an input itself" in planned.problem.reason


def test_two_answers_never_share_a_file(tmp_path: Path) -> None:
    """a.png and a.tga both written as PNG: the second fails by name, before anything is computed."""
    pairs = [(tmp_path / name, Path(name)) for name in ("a.png", "a.tga", "a.candidate-2.tga")]

    all_planned = plan_pictures(pairs, Naming(tmp_path / "out", False, extension=".png"), WRITABLE, 2, False)

    assert [planned.problem is None for planned in all_planned] == [True, False, False]
    assert all_planned[1].problem is not None
    assert "the answer to a.png" in all_planned[1].problem.reason


def test_a_file_that_keeps_its_name_has_it(tmp_path: Path) -> None:
    """hero.kra, whose answer is a PNG, does not take the name of hero.png, in any order."""
    pairs = [(tmp_path / name, Path(name)) for name in ("hero.kra", "hero.png", "other.kra")]

    all_planned = plan_pictures(pairs, Naming(tmp_path / "out", False), WRITABLE, 1, False)

    assert [planned.name for planned in all_planned] == ["hero.kra", "hero.png", "other.kra"]
    assert [planned.problem is None for planned in all_planned] == [False, True, True]
    assert all_planned[0].problem is not None and "the answer to hero.png" in all_planned[0].problem.reason


def test_what_cannot_be_written_is_known_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Long names, files in place of folders, unwritable folders, full disks: one sentence each, and nothing is computed.
    """
    (tmp_path / "file").touch()
    source = tmp_path / "a.png"

    def problem(out: Path, name: str = "a.png") -> str:
        (planned,) = plan_pictures([(source, Path(name))], Naming(out, False), WRITABLE, 1, False)
        return planned.problem.reason if planned.problem else ""

    assert problem(tmp_path / "new" / "deep") == ""
    assert "too long" in problem(tmp_path / "new", "n" * 252 + ".png")
    assert problem(tmp_path / "new", "n" * 251 + ".png") == ""
    assert "file is not a folder" in problem(tmp_path / "file")
    assert "file is not a folder" in problem(tmp_path / "file" / "deep")
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "no permission to write" in problem(tmp_path / "new")
    monkeypatch.undo()
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 100}))
    assert "disk is full" in problem(tmp_path / "new")


def test_out_may_be_a_file_for_one_picture(tmp_path: Path) -> None:
    """-o big.png is a file for a single input, otherwise a folder."""
    source = tmp_path / "hero.png"
    source.touch()

    assert make_naming(tmp_path / "big.png", [str(source)], "", None, WRITABLE).single
    assert not make_naming(tmp_path / "big", [str(source)], "", None, WRITABLE).single
    assert not make_naming(tmp_path / "version.2", [str(source)], "", None, WRITABLE).single


def test_a_misspelt_ending_makes_no_folder(tmp_path: Path) -> None:
    """-o big.pgn means a picture, unless a folder has this name or there are several pictures."""
    source = tmp_path / "hero.png"
    source.touch()

    with pytest.raises(BadUsageError, match=r"did you mean big\.png\?"):
        make_naming(tmp_path / "big.pgn", [str(source)], "", None, WRITABLE)
    assert not make_naming(tmp_path / "big.pgn", [str(source), str(source)], "", None, WRITABLE).single
    (tmp_path / "big.pgn").mkdir()
    assert not make_naming(tmp_path / "big.pgn", [str(source)], "", None, WRITABLE).single


@pytest.mark.parametrize("case", ["several", "folder", "suffix", "existing file", "not written"])
def test_contradictions_are_bad_usage(tmp_path: Path, case: str) -> None:
    """Impossible combinations are refused at once with exit code 2."""
    source = tmp_path / "hero.png"
    source.touch()
    (tmp_path / "notes.txt").touch()
    out, inputs, suffix = {
        "several": ("big.png", [str(source), str(source)], ""),
        "folder": ("big.png", [str(tmp_path)], ""),
        "suffix": ("big.png", [str(source)], "_x4"),
        "existing file": ("notes.txt", [str(source)], ""),
        "not written": ("big.TIF", [str(source)], ""),  # no folder of that name
    }[case]

    with pytest.raises(BadUsageError) as caught:
        make_naming(tmp_path / out, inputs, suffix, None, WRITABLE)

    assert caught.value.exit_code == 2


def test_two_of_one_name_are_named_by_their_paths(tmp_path: Path) -> None:
    """x/icon.png and y/icon.png: the message names the one without an answer, and the one that has the name."""
    sources = [tmp_path / folder / "icon.png" for folder in ("x", "y")]
    for source in sources:
        source.parent.mkdir()
        source.write_bytes(b"x")
    pairs = [(source, Path(source.name)) for source in sources]

    all_planned = plan_pictures(pairs, Naming(tmp_path / "out", False), {".png"}, 1, overwrite=False)

    problems = [planned.problem for planned in all_planned if planned.problem is not None]
    assert len(problems) == 1
    assert all(str(source) in problems[0].reason for source in sources)
