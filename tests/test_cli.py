"""`depixel` as a person or a script runs it: a real process, real files, a tiny real network."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tiny_art import write_tiny_art

from depixel import __version__
from depixel.cli import COMMANDS, main

CORE = Path(__file__).resolve().parent.parent / "core"
RNG = np.random.default_rng(8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny art network in a file."""
    return str(write_tiny_art(tmp_path_factory.mktemp("weights")))


def _save(path: Path, side: int = 8) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RNG.integers(0, 256, (side, side, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    Image.fromarray(pixels).save(path)
    return path


def _open(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


def _start(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "depixel", *map(str, arguments)],
        cwd=CORE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        **options,  # type: ignore[call-overload]
    )


def _run(*arguments: Any) -> tuple[int, str, str]:
    process = _start(*arguments)
    out, err = process.communicate(timeout=110)
    return process.returncode, out, err


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process, which has torch in memory: exit code, standard output, standard error."""

    def call(*arguments: Any) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return call


def test_a_folder_with_all_that_can_go_wrong(tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Good ones done, broken ones named, existing ones skipped; counts add up; exit code 1; JSON and report agree."""
    _save(tmp_path / "in/a.png")
    _save(tmp_path / "in/sub/b.png")
    _save(tmp_path / "in/old.png")
    _save(tmp_path / "out/old.png", 32)
    before = (tmp_path / "out/old.png").read_bytes()
    (tmp_path / "in/empty.png").touch()
    (tmp_path / "in/cut.png").write_bytes((tmp_path / "in/a.png").read_bytes()[:-60])
    (tmp_path / "in/readme.txt").write_text("no picture")
    command = ["upscale", tmp_path / "in", "-o", tmp_path / "out", "--weights", weights, "--scale", "2"]

    code = main([*map(str, command), "--json", "--report", "--device", "cpu"])
    printed = capsys.readouterr()
    document = json.loads(printed.out)

    assert code == 1
    assert document["counts"] == {"inputs": 5, "done": 2, "skipped": 1, "failed": 2, "stopped": 0, "ignored": 1}
    assert {p["name"]: p["status"] for p in document["pictures"]} == {
        "a.png": "done",
        "sub/b.png": "done",
        "old.png": "skipped",
        "empty.png": "failed",
        "cut.png": "failed",
    }
    assert all(p["reason"] for p in document["pictures"] if p["status"] != "done")
    assert "empty.png: " in printed.err
    assert "cut.png: " in printed.err
    assert document["report"] == str(tmp_path / "out/depixel-report.html")
    page = (tmp_path / "out/depixel-report.html").read_text("utf-8")
    assert "sub/b.png" in page
    assert "empty.png" in page
    assert _open(tmp_path / "out/sub/b.png").size == (16, 16)
    assert (tmp_path / "out/old.png").read_bytes() == before
    assert not [p for p in tmp_path.rglob("*") if "tmp" in p.name.lower() and p != tmp_path]


def test_the_written_file_scales_back_and_says_what_it_is(tmp_path: Path, weights: str, run: Run) -> None:
    """The file on disk, reduced by means, is the input; its text says imagined; stdout ends with the counts."""
    source = _save(tmp_path / "hero.png", 12)

    code, out, err = run("upscale", source, "-o", tmp_path / "big.png", "--weights", weights, "--degradation", "area")

    answer = _open(tmp_path / "big.png")
    pixels = np.asarray(answer).astype(float)
    means = pixels.reshape(12, 4, 12, 4, 4).mean((1, 3))
    assert (code, err) == (0, "")
    assert np.abs(means - np.asarray(_open(source))).max() <= 1
    assert answer.info["Software"] == f"Depixel {__version__}"
    assert "invented, not recovered" in answer.info["Comment"]
    assert out.splitlines()[0].startswith("[1/1] hero.png -> ")
    assert out.splitlines()[1].startswith("1 picture: 1 done, 0 failed in ")
    assert "scales back" in out.splitlines()[0] and len(out.splitlines()) == 2


def test_a_lossy_file_tells_its_own_residual(tmp_path: Path, weights: str, run: Run) -> None:
    """JPEG in, JPEG out: the reported residual is that of the decoded file, larger than the engine's, with a note."""
    source = tmp_path / "photo.jpg"
    Image.fromarray(RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(source, quality=100, subsampling=0)

    code, out, _ = run("upscale", source, "-o", tmp_path / "o", "--json", "--degradation", "area", "--weights", weights)

    picture = json.loads(out)["pictures"][0]
    means = np.asarray(_open(tmp_path / "o/photo.jpg")).astype(float).reshape(8, 4, 8, 4, 3).mean((1, 3))
    error = np.abs(means - np.asarray(_open(source)))
    assert code == 0
    assert picture["candidates"][0]["residual"]["maximum"] == pytest.approx(error.max(), abs=1e-6)
    assert error.max() > 0.5
    assert any("Saving in this format changed pixels" in note for note in picture["notes"])


def test_a_folder_that_cannot_be_made_fails_that_file_alone(tmp_path: Path, weights: str, run: Run) -> None:
    """OUT/sub is a file: sub/a.png fails with the reason, b.png is done; a wrong extension is reported."""
    _save(tmp_path / "in/sub/a.png")
    _save(tmp_path / "in/b.bmp").rename(tmp_path / "in/b.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/sub").write_text("in the way")

    code, out, _ = run("upscale", tmp_path / "in", "-o", tmp_path / "out", "--json", "--weights", weights)

    pictures = {picture["name"]: picture for picture in json.loads(out)["pictures"]}
    assert code == 1
    assert pictures["sub/a.png"]["code"] == "unwritable"
    assert "is not a folder" in pictures["sub/a.png"]["reason"]
    assert pictures["b.png"]["status"] == "done"
    assert any("BMP by its content" in note for note in pictures["b.png"]["notes"])
    assert _open(tmp_path / "out/b.png").format == "PNG"


def test_project_mends_another_upscalers_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before and after are reported; the written file scales back; neither input can be overwritten."""
    small = _save(tmp_path / "small.png", 10)
    _open(small).resize((40, 40), Image.Resampling.BICUBIC).save(tmp_path / "theirs.png")
    command = ["project", str(tmp_path / "theirs.png"), "--to", str(small), "--degradation", "area", "-o"]

    code = main([*command, str(tmp_path / "out.png"), "--json", "--report", str(tmp_path / "page.html")])

    document = json.loads(capsys.readouterr().out)
    means = np.asarray(_open(tmp_path / "out.png")).astype(float).reshape(10, 4, 10, 4, 4).mean((1, 3))
    assert code == 0
    assert document["before"]["maximum"] > 2 > document["after"]["maximum"]
    assert np.abs(means - np.asarray(_open(small))).max() <= 0.5
    assert "theirs.png" in (tmp_path / "page.html").read_text("utf-8")
    assert main([*command, str(small), "--overwrite"]) == 2
    assert main([*command, str(tmp_path / "out.png")]) == 1


@pytest.mark.parametrize("repeated", [1, 3])
def test_project_says_which_pixels_are_meant(tmp_path: Path, repeated: int, run: Run) -> None:
    """Pixel art is exact at the centres of its blocks; an enlarged picture, at those of its true pixels."""
    colours = np.array([[20, 30, 40], [200, 60, 20], [250, 240, 90]], np.uint8)
    true = colours[np.random.default_rng(4).integers(0, 3, (12, 10))]
    small = Image.fromarray(true.repeat(repeated, 0).repeat(repeated, 1))
    small.save(tmp_path / "small.png")
    small.resize((4 * small.width, 4 * small.height), Image.Resampling.BICUBIC).save(tmp_path / "theirs.png")

    code, out, err = run(
        "project", tmp_path / "theirs.png", "--to", tmp_path / "small.png", "-o", tmp_path / "out.png",
        "--domain", "pixel-art", "--report", tmp_path / "page.html",
    )  # fmt: skip

    assert code == 0, err
    meant = "your pixels" if repeated == 1 else "the pixels that yours repeat 3x3 times"
    words = f"scales back to exactly {meant} at the centre of each block"
    assert f"after:  {words}" in out
    assert words in (tmp_path / "page.html").read_text("utf-8")


def test_json_is_alone_on_standard_output(tmp_path: Path, weights: str) -> None:
    """Scripts can parse standard output; people read standard error."""
    _save(tmp_path / "a.png")

    code, out, err = _run(
        "upscale", tmp_path / "a.png", "-o", tmp_path / "o", "--json", "--candidates", 2, "--weights", weights
    )

    document = json.loads(out)
    assert code == 0
    assert document["depixel"] == __version__
    assert document["settings"]["candidates"] == 2
    assert [Path(c["path"]).name for c in document["pictures"][0]["candidates"]] == ["a.png", "a.candidate-2.png"]
    assert "1 done" in err


def test_what_was_imagined_is_drawn_told_and_kept_from_overwriting(
    tmp_path: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """--disagreement writes a map as large as the answers, the report shows it, and a second run replaces nothing."""
    source = _save(tmp_path / "a.png")
    page = tmp_path / "page.html"
    command = ["upscale", str(source), "-o", str(tmp_path / "o"), "--weights", weights, "--imagination", "1", "--json"]
    command += ["--candidates", "3", "--disagreement", "--report", str(page)]

    code = main(command)
    printed = json.loads(capsys.readouterr().out)["pictures"][0]["disagreement"]
    shown = page.read_text(encoding="utf-8")
    answers = [_open(tmp_path / "o" / name) for name in ("a.png", "a.candidate-2.png", "a.candidate-3.png")]
    for file in (tmp_path / "o").glob("a*.png"):
        if "disagreement" not in file.name:
            file.unlink()
    drawn = tmp_path / "o" / "a.disagreement.png"
    before = drawn.read_bytes()
    again = main(command)
    second = json.loads(capsys.readouterr().out)

    assert (code, again) == (0, 0)
    assert printed["path"] == str(tmp_path / "o" / "a.disagreement.png")
    assert _open(tmp_path / "o" / "a.disagreement.png").size == answers[0].size
    stack = np.stack([np.asarray(answer.convert("RGB"), float) for answer in answers])  # opaque: unchanged
    assert printed["maximum"] == pytest.approx(stack.std(axis=0).max(), abs=0.01)
    assert printed["maximum"] > 0
    assert "Where the answers differ" in shown
    assert (second["counts"]["done"], drawn.read_bytes()) == (1, before)  # exactly the same map


def test_candidates_of_an_interrupted_run_are_one_unit(tmp_path: Path, weights: str, run: Run) -> None:
    """
    Killed between two candidates: the next run writes the missing ones and keeps the others. If a candidate's name is
    taken by a file that is not ours, the picture is skipped before anything is computed, as for the first name.
    """
    _save(tmp_path / "a.png")
    arguments = ["upscale", tmp_path / "a.png", "-o", tmp_path / "o", "--candidates", 3, "--weights", weights]
    assert run(*arguments)[0] == 0
    files = {path.name: path.read_bytes() for path in (tmp_path / "o").glob("*.png")}
    assert len(files) == 3
    for name in ("a.png", "a.candidate-2.png"):  # they are written after the third
        (tmp_path / "o" / name).unlink()

    assert run(*arguments)[0] == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "o").glob("*.png")} == files

    (tmp_path / "o/a.png").unlink()
    (tmp_path / "o/a.candidate-2.png").write_bytes(b"theirs")
    code, out, _ = run(*arguments)
    assert code == 0
    assert "skipped: a.png: " in out and "a.candidate-2.png exists already; --overwrite replaces it." in out
    assert (tmp_path / "o/a.candidate-2.png").read_bytes() == b"theirs"


def test_the_exact_version_beside_a_face_replaces_nothing(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be written as the second file, so its name is checked before the search, and so is the source's."""
    monkeypatch.chdir(tmp_path)
    _save(tmp_path / "x.png")
    theirs = _save(tmp_path / "y.candidate-2.png").read_bytes()
    faces = ["--domain", "faces", "--weights", "no-such-file"]  # nothing is computed

    taken = run("upscale", "x.png", "-o", "y.png", *faces)
    itself = run("upscale", "y.candidate-2.png", "-o", "y.png", "--overwrite", *faces)

    assert taken[0] == 0 and "skipped: x.png: y.candidate-2.png exists already; --overwrite" in taken[1]
    assert itself[0] == 1 and "y.candidate-2.png is an input itself" in itself[1]
    assert (tmp_path / "y.candidate-2.png").read_bytes() == theirs
    assert not (tmp_path / "y.png").exists()


def test_dry_run_lists_the_exact_version_that_may_be_written(tmp_path: Path, run: Run) -> None:
    """Only the search shows whether an input looks like a face, so one line says that another file may follow."""
    source = _save(tmp_path / "x.png")
    dry_run = ["upscale", source, "-o", tmp_path / "y.png", "--dry-run"]

    default, several, always, art = (
        run(*dry_run, *wishes)[1]
        for wishes in (
            ["--domain", "faces"],
            ["--domain", "faces", "--candidates", "2"],
            ["--domain", "faces", "--exact", "always"],
            [],
        )
    )
    (row,) = json.loads(run(*dry_run, "--domain", "faces", "--json")[1])["pictures"]

    line = "If an input does not look like a face, one more file is written with its exact version: "
    assert f"{line}{tmp_path / 'y.candidate-2.png'}.\n" in default
    assert f"{line}{tmp_path / 'y.candidate-3.png'}.\n" in several
    assert "one more file" not in always + art
    assert (row["targets"], row["possible_targets"]) == (
        [str(tmp_path / "y.png")],
        [str(tmp_path / "y.candidate-2.png")],
    )


def test_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It reports sizes and targets, finds broken inputs, needs no weights and writes nothing."""
    _save(tmp_path / "in/a.png")
    (tmp_path / "in/bad.png").write_bytes(b"not a picture")

    code = main(["upscale", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--dry-run", "--scale", "3"])

    printed = capsys.readouterr().out
    assert code == 1
    assert "8x8 -> 24x24" in printed
    assert "failed: bad.png: " in printed
    assert "2 inputs: 1 planned, 0 skipped, 1 failed. Nothing was written." in printed
    assert not (tmp_path / "out").exists()


def test_nothing_is_computed_when_all_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second run skips by name, and does not even need the engine."""
    _save(tmp_path / "in/a.png")
    _save(tmp_path / "out/a.png")
    arguments = ["upscale", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--weights", "no-such-file"]

    code = main(arguments)

    printed = capsys.readouterr().out
    assert code == 0
    assert "skipped: a.png: " in printed
    assert "1 picture: 0 done, 1 skipped, 0 failed" in printed


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--scale", "1"], "scale"),
        (["--scale", "two"], "scale"),
        (["--domain", "cats"], "domain"),
        (["--imagination", "2"], "imagination"),
        (["--candidates", "0"], "candidates"),
        (["--box", "1,2,3"], "box"),
        (["--format", "docx"], "format"),
        (["--seed", "-1"], "seed"),
        (["--disagreement"], "--candidates"),
        (["--scale", "x4"], "--help"),
    ],
)
def test_bad_usage_is_exit_code_2(
    tmp_path: Path, arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Out of range or unknown: one sentence in one line that names the option, nothing computed."""
    source = _save(tmp_path / "a.png")
    try:
        code = main(["upscale", str(source), "-o", str(tmp_path / "o"), *arguments])
    except SystemExit as stop:  # argparse exits by itself
        code = int(stop.code or 0)

    printed = capsys.readouterr().err
    assert code == 2
    assert word in printed
    assert len(printed.splitlines()) == 1
    assert not (tmp_path / "o").exists()


def test_alone_it_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    """`depixel` alone: lists the commands, exit code 2."""
    assert main([]) == 2
    assert "upscale pictures" in " ".join(capsys.readouterr().err.split())


def test_missing_weights_are_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each picture fails with the reason; no traceback."""
    source = _save(tmp_path / "a.png")

    code = main(["upscale", str(source), "-o", str(tmp_path / "o"), "--weights", str(tmp_path / "no.safetensors")])

    printed = capsys.readouterr()
    assert code == 1
    assert "no.safetensors" in printed.out
    assert "Traceback" not in printed.out + printed.err


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_keeps_what_is_finished(tmp_path: Path, weights: str) -> None:
    """Exit code 130, finished files complete, every other input reported as stopped, nothing half written."""
    for number in range(60):
        _save(tmp_path / f"in/{number:03}.png", 160)
    process = _start(
        "upscale", tmp_path / "in", "-o", tmp_path / "out", "--json", "--weights", weights, "--scale", 8
    )  # fmt: skip
    end = time.monotonic() + 60
    while not any((tmp_path / "out").glob("*.png")) and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    document = json.loads(out)
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert process.returncode == 130
    assert document["counts"]["inputs"] == 60
    assert document["counts"]["done"] + document["counts"]["stopped"] == 60
    assert 1 <= document["counts"]["done"] < 60
    assert written == sorted(p["name"] for p in document["pictures"] if p["status"] == "done")
    for name in written:
        _open(tmp_path / "out" / name)
    assert "Stopping" in err


def test_help_names_every_command_and_is_fast() -> None:
    """`depixel --help` in a fresh process, the best of three, in well under a second even on a busy machine."""
    best = 9.0
    for _ in range(3):
        started = time.perf_counter()
        code, out, _ = _run("--help")
        best = min(best, time.perf_counter() - started)

        assert code == 0

    assert all(f"    {name}" in out for name in ("upscale", "project", "models"))
    assert best < 1.0


def test_version_and_registered_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints the version; every command on the help page declares itself; unknown ones are exit code 2."""
    code, out, _ = _run("--version")
    _, page, _ = _run("--help")

    assert (code, out.strip()) == (0, f"depixel {__version__}")
    for command, (module, line) in COMMANDS.items():
        there = importlib.util.find_spec(module) is not None
        assert there == (re.search(rf"^    {command}\s", page, re.M) is not None), command
        assert not there or line in " ".join(page.split()), command
        if there:
            with pytest.raises(SystemExit) as stop:
                main([command, "--help"])
            assert stop.value.code == 0
            assert f"depixel {command}" in capsys.readouterr().out
    assert main(["enlarge"]) == 2
    capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hero.png"], "'hero.png' is not a command. To upscale it: depixel upscale hero.png"),
        (["my hero.png"], 'depixel upscale "my hero.png"'),
        (["upscal", "hero.png"], "'upscal' is not a command; did you mean `depixel upscale`?"),
        (["frobnicate"], "the commands are upscale, project"),
        (
            ["upscale", "hero.png", "--scal", "2", "--domian", "art"],
            "there is no option --domian; did you mean --domain?",
        ),
        (["upscale", "hero.png", "--zzz"], "there is no option --zzz. `depixel upscale --help` lists all options."),
        (["upscale", "hero.png", "--scale", "5.5"], "--scale takes a whole number from 2 to 64; not '5.5'."),
        (["upscale", "hero.png", "--domain", "texture"], "Did you mean textures?"),
        (["upscale", "heroo.png"], "no such file or folder: heroo.png; did you mean hero.png?"),
        (["upscale", "heroo.png", "-o", "big.png"], "no such file or folder: heroo.png; did you mean hero.png?"),
        (["upscale", "hero.png", "-o", "big.pgn"], "Depixel does not write .pgn files; did you mean big.png?"),
        (["upscale", "hero.png", "--model", "art-smal"], "there is no model 'art-smal'; did you mean art-small?"),
        (["install", "gimpp"], "PROGRAM takes one of gimp, krita; not 'gimpp'; did you mean gimp?"),
        (["watch", "empt"], "no such file or folder: empt; did you mean empty?"),
        (["upscale", "empty"], "there is no file in empty."),
        (["upscale", "texts"], "there is no picture in texts, only 1 other file. Depixel reads"),
        (["upscale"], "INPUT"),
        (
            ["project", "heroo.png", "--to", "hero.png", "-o", "x.png"],
            "no such file or folder: heroo.png; did you mean",
        ),
        (["anonymise", "heroo.png", "-o", "x.png"], "no such file or folder: heroo.png; did you mean hero.png?"),
    ],
)
def test_a_slip_of_the_keyboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """The reason, the probable intention, exit code 2; nothing is computed or written."""
    monkeypatch.chdir(tmp_path)
    _save(Path("hero.png"))
    Path("empty").mkdir()
    Path("texts").mkdir()
    Path("texts/readme.txt").touch()

    try:
        code = main(words)
    except SystemExit as stop:
        code = int(str(stop.code))

    printed = capsys.readouterr()
    assert code == 2
    assert said in printed.err and printed.err.startswith("depixel: ") and printed.out == ""
    assert not Path("depixel-out").exists()


def test_a_second_run_passes_over_the_answers_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    Next to their inputs by suffix, in another folder below, as candidates; if named explicitly, they are processed.
    """
    monkeypatch.chdir(tmp_path)
    _save(Path("in/hero.png"))
    Image.new("RGB", (8, 8)).save("in/plain.bmp")  # a format that cannot record who made it
    common = ["--weights", weights, "--device", "cpu", "--scale", "2", "--domain", "art", "--quiet"]

    assert main(["upscale", "in", "-o", "in", "--suffix", "_big", *common, "--candidates", "2"]) == 0
    assert main(["upscale", "in", "-o", "in/more", *common]) == 0
    capsys.readouterr()
    assert main(["upscale", "in", "-o", "in", "--suffix", "_big", *common, "--candidates", "2", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["pictures"]}

    assert rows["hero.png"]["code"] == rows["plain.bmp"]["code"] == "exists"
    assert rows["hero_big.png"]["code"] == rows["plain_big.candidate-2.bmp"]["code"] == "own-answer"
    assert rows["more/hero.png"]["code"] == "own-answer"
    assert main(["upscale", "in/hero_big.png", "-o", "twice", *common]) == 0
    assert Path("twice/hero_big.png").is_file()


def test_models_lists_licence_and_digest(capsys: pytest.CaptureFixture[str]) -> None:
    """Human table and JSON show the same weights."""
    assert main(["models", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert main(["models"]) == 0
    table = capsys.readouterr().out

    for model in document["models"]:
        assert model["licence"]
        assert len(model["digest"]) == 16
        assert model["digest"] in table


@pytest.mark.parametrize("repeated", [1, 3])
def test_the_line_about_exactness_holds_for_the_file(tmp_path: Path, weights: str, repeated: int, run: Run) -> None:
    """Pixel art: the centre of each block of the file is the pixel that the line names, and no other is claimed."""
    colours = np.array([[20, 30, 40], [200, 60, 20], [250, 240, 90]], np.uint8)
    true = colours[np.random.default_rng(4).integers(0, 3, (12, 10))]
    Image.fromarray(true.repeat(repeated, 0).repeat(repeated, 1)).save(tmp_path / "a.png")

    code, out, err = run(
        "upscale", tmp_path / "a.png", "-o", tmp_path / "o.png", "--domain", "pixel-art", "--weights", weights
    )

    assert code == 0, err
    meant = "your pixels" if repeated == 1 else "the pixels that yours repeat 3x3 times"
    assert f"scales back to exactly {meant} at the centre of each block" in out
    large = np.asarray(_open(tmp_path / "o.png").convert("RGB"))
    block = 4 * repeated
    for middle in ((block - 1) // 2, block // 2):
        assert np.array_equal(large[middle::block, middle::block], true)
