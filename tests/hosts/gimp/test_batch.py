"""From a shell: GIMP in batch mode, by Script-Fu and with another Python in its way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.hosts.conftest import finish
from tests.hosts.gimp.conftest import ROOT, Gimp

pytestmark = pytest.mark.host


def blocks(language: str) -> list[str]:
    """The examples of docs/gimp.md in one language, as written there."""
    text = (ROOT / "docs" / "gimp.md").read_text("utf-8")
    return [block.partition("\n")[2].strip() for block in text.split("```")[1::2] if block.startswith(language + "\n")]


def test_script_fu_calls_it_with_typed_arguments(gimp: Gimp, tmp_path: Path) -> None:
    """The commands of docs/gimp.md, as written there, write the same file as `depixel upscale`."""
    out = gimp.host.work / "out"
    drawn = np.random.default_rng(3).integers(0, 256, (3, 4, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    Image.fromarray(drawn[:12, :16]).save(out / "sprite.png")
    (out / "upscale.scm").write_text(blocks("scheme")[0], "utf-8")

    process = gimp.host.start(
        *("bash", "-c", f"cd {out} && " + blocks("")[-1]),
        GIMP3_DIRECTORY=str(gimp.profile),
    )
    said = finish(process, 600)
    assert (out / "sprite-x3.png").is_file(), said[-3000:]

    options = ["--scale", "3", "--domain", "art", "--seed", "7", "-o", str(tmp_path / "cli.png")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "core")}
    command = [sys.executable, "-m", "depixel", "upscale", str(out / "sprite.png"), *options]
    subprocess.run(command, check=True, env=environment)
    with Image.open(out / "sprite-x3.png") as ours, Image.open(tmp_path / "cli.png") as theirs:
        assert np.array_equal(np.asarray(ours.convert("RGBA")), np.asarray(theirs.convert("RGBA")))


def test_what_the_doctor_says_of_gimp_is_so(gimp: Gimp) -> None:
    """A plug-in that GIMP loaded, one that it skipped, and a Python without PyGObject in the way: as in practice."""
    profile = gimp.host.work / "home" / "gimp-looked-at"
    run = {**os.environ, "PYTHONPATH": str(ROOT / "core"), "DEPIXEL_RUNTIME_DIR": str(gimp.host.work / "looked-at")}

    def depixel(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "depixel", *command], env=run, capture_output=True, text=True, check=False
        )
        return "\n".join(line for line in done.stdout.splitlines() if "(given)" in line)

    def menu(path: str = "/usr/bin:/bin") -> bool:
        question = "print('MENU', Gimp.get_pdb().lookup_procedure('plug-in-depixel-upscale') is not None, flush=True)"
        process = gimp.host.start(
            *("gimp-console", "--no-splash", "-id", "--batch-interpreter", "python-fu-eval", "-b", question, "--quit"),
            GIMP3_DIRECTORY=str(profile),
            PATH=path,
        )
        said = finish(process, 300)
        assert "MENU " in said or path != "/usr/bin:/bin", said[-2000:]
        return "MENU True" in said

    depixel("install", "gimp", "--profile", str(profile), "--engine", str(gimp.host.engine))
    (profile / "pluginrc").write_text("(file-version 14)\n", "utf-8")  # of an earlier start, before the installation
    os.utime(profile / "pluginrc", (1_000_000_000, 1_000_000_000))
    assert "GIMP has not been started since" in depixel("doctor")
    assert menu() and "ok      GIMP (given): installed in" in depixel("doctor")

    entry = profile / "plug-ins" / "depixel-gimp" / "depixel-gimp.py"
    working = entry.read_text("utf-8")
    entry.write_text("#!/usr/bin/env python3\nraise SystemExit('worn out')\n", "utf-8")
    assert "differs from this Depixel's" in depixel("doctor")
    assert not menu() and "GIMP ignored it at its last start" in depixel("doctor")
    entry.write_text(working, "utf-8")
    assert menu()

    entry.chmod(0o644)
    assert not menu() and "is not executable" in depixel("doctor")
    entry.chmod(0o755)

    other = gimp.host.work / "other-python"
    other.mkdir()
    (other / "python3").write_text("#!/bin/sh\nexit 1\n", "utf-8")
    (other / "python3").chmod(0o755)
    (profile / "pluginrc").unlink()
    assert not menu(f"{other}:/usr/bin:/bin")


def test_a_folder_for_plug_ins_that_was_chosen_in_gimp(gimp: Gimp) -> None:
    """`depixel install gimp` installs it where this GIMP looks."""
    profile = gimp.host.work / "home" / "gimp-moved"
    profile.mkdir()
    (profile / "gimprc").write_text('(plug-in-path "${gimp_plug_in_dir}/plug-ins:${gimp_dir}/mine")\n', "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "core"), "DEPIXEL_RUNTIME_DIR": str(gimp.host.work / "run2")}
    command = ["install", "gimp", "--profile", str(profile), "--engine", str(gimp.host.engine)]
    subprocess.run([sys.executable, "-m", "depixel", *command], check=True, env=environment)

    seen = Gimp(gimp.host, profile).run("kinds.py", CASES="registered")

    assert (profile / "mine" / "depixel-gimp" / "depixel-gimp.py").is_file()
    assert seen["registered"]["upscale"]["menus"] == ["<Image>/Filters/Depixel"]


def test_the_example_in_python(gimp: Gimp) -> None:
    """As written in docs/gimp.md, with `image` being any picture."""
    (gimp.host.work / "out" / "example.txt").write_text(blocks("python")[0], "utf-8")

    seen = gimp.run("example.py")

    assert seen["status"] == "success"
    assert (seen["size"], seen["answers"]) == ([36, 28], 3)


def test_a_folder_in_batch(gimp: Gimp) -> None:
    """As written in docs/gimp.md: every picture is answered, and a corrupt one stops nothing."""
    folder = gimp.host.work / "out" / "folder"
    folder.mkdir()
    for name, shade in (("first", 40), ("third", 200)):
        Image.fromarray(np.full((6, 5, 3), shade, np.uint8)).save(folder / f"{name}.png")
    (folder / "second.png").write_bytes(b"no picture")
    (folder / "folder.py").write_text(blocks("python")[1], "utf-8")

    command = "gimp-console -id --batch-interpreter python-fu-eval -b \"exec(open('folder.py').read())\" --quit"
    assert command in (ROOT / "docs" / "gimp.md").read_text("utf-8")
    said = finish(gimp.host.start("bash", "-c", f"cd {folder} && {command}", GIMP3_DIRECTORY=str(gimp.profile)), 600)

    assert sorted(path.name for path in folder.glob("*.xcf")) == ["first-x2.xcf", "third-x2.xcf"], said[-3000:]
    assert "second.png" in said
