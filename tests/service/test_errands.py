"""Errands over the wire: making another upscaler's result exact, texture packs."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest
from tests.service.test_guard import ask
from tests.service.test_pictures import a_picture, fetched

from depixel.client import Running
from depixel.files import encode, read_bytes
from depixel.picture import Picture


def ended(running: Running, path: str, body: bytes, header: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The id of a job, and its last line."""
    status, answer = ask(running, "POST", path, body, Depixel_Request=json.dumps(header))
    assert status == 202, answer
    job = json.loads(answer)["job"]
    return job, json.loads(ask(running, "GET", f"/jobs/{job}/events")[1].splitlines()[-1])


def a_pack() -> bytes:
    """A small resource pack of Minecraft."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("pack.mcmeta", json.dumps({"pack": {"pack_format": 15, "description": "test"}}))
        archive.writestr("assets/minecraft/textures/block/a.png", a_picture("PNG", (8, 8)))
        archive.writestr("assets/minecraft/textures/block/b.png", a_picture("PNG", (16, 16)))
        archive.writestr("assets/minecraft/lang/en_us.json", "{}")
    return buffer.getvalue()


def test_another_result_is_made_exact(running: Running) -> None:
    """The job has one candidate with the large picture's size that scales back to the original."""
    original = read_bytes(a_picture("PNG"), "hero.png")
    blurred = np.repeat(np.repeat(original.frames[0], 4, 0), 4, 1)
    blurred = np.clip(blurred.astype(int) + 9, 0, 255).astype(np.uint8)
    small, large = encode(original, "PNG"), encode(Picture((blurred,), mode="RGB"), "PNG")

    header = {"original": len(small), "names": ["hero.png", "hero-x4.png"], "settings": {"domain": "art"}}
    job, end = ended(running, "/projections", small + large, header)
    png, _ = fetched(running, f"/jobs/{job}/candidates/0", "image/png")

    assert end["event"] == "done", end
    assert (end["scale"], len(end["candidates"])) == (4, 1)
    assert end["candidates"][0]["residual"] <= 0.5
    assert "hero-x4.png" in end["report"]["notes"][-1]
    answer = read_bytes(png, "answer.png")
    means = answer.frames[0].reshape(4, 4, 6, 4, 3).mean(axis=(1, 3))
    assert np.abs(means - original.frames[0]).max() <= 0.5
    assert "another upscaler" in answer.text["Comment"]


@pytest.mark.parametrize("header", [{}, {"original": 0}, {"original": 10**9}, {"original": "5"}, {"original": True}])
def test_two_files_must_be_told_apart(running: Running, header: dict[str, Any]) -> None:
    """Without the length of the first file, a sentence is returned."""
    status, answer = ask(running, "POST", "/projections", b"x" * 40, Depixel_Request=json.dumps(header))

    assert status == 400
    assert "original" in json.loads(answer)["sentence"]


def test_a_pack_is_looked_at(running: Running) -> None:
    """Its game, the number of textures, time and size; no file is made."""
    header = {"look": True, "settings": {"scale": 2}, "picture": {"name": "My Pack.zip"}}
    job, end = ended(running, "/packs", a_pack(), header)

    assert end["event"] == "done", end
    facts = end["facts"]
    assert (facts["profile"], facts["textures"], facts["copied"], end["file"]) == ("minecraft", 2, 2, False)
    assert facts["seconds"] > 0
    assert facts["bytes_then"] > 0
    assert {"name": "generic"}.items() <= {"name": facts["profiles"][-1]["name"]}.items()
    assert ask(running, "GET", f"/jobs/{job}/file")[0] == 404


def test_the_estimate_of_a_pack_follows_the_scale(running: Running) -> None:
    """Textures four times larger need more bytes than textures twice as large."""
    sizes = [
        ended(running, "/packs", a_pack(), {"look": True, "settings": {"scale": scale}})[1]["facts"]["bytes_then"]
        for scale in (2, 4)
    ]

    assert sizes[0] < sizes[1]


def test_a_pack_is_made_larger(running: Running) -> None:
    """Textures are twice as large, everything else is preserved byte for byte."""
    header = {"settings": {"scale": 2}, "profile": "auto", "picture": {"name": "My Pack.zip"}}
    job, end = ended(running, "/packs", a_pack(), header)
    body, headers = fetched(running, f"/jobs/{job}/file", "application/zip")

    assert end["file"] is True, end
    assert headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(body)) as archive, zipfile.ZipFile(io.BytesIO(a_pack())) as original:
        assert archive.namelist() == original.namelist()
        assert archive.read("pack.mcmeta") == original.read("pack.mcmeta")
        assert read_bytes(archive.read("assets/minecraft/textures/block/b.png"), "b.png").width == 32
    assert ask(running, "DELETE", f"/jobs/{job}")[0] == 204
    assert ask(running, "GET", f"/jobs/{job}/file")[0] == 404


def test_the_profile_can_be_chosen(running: Running) -> None:
    """It overrides detection; a nonexistent profile gives a sentence."""
    header = {"look": True, "settings": {"scale": 2}, "profile": "generic", "picture": {"name": "p.zip"}}
    assert ended(running, "/packs", a_pack(), header)[1]["facts"]["profile"] == "generic"

    end = ended(running, "/packs", a_pack(), {**header, "profile": "none such"})[1]
    assert (end["event"], "no profile" in end["sentence"]) == ("failed", True)


@pytest.mark.parametrize("name", ["../../evil.zip", "C:\\evil.zip", "\0.zip", "a" * 300, "", "ünïcode 猫.zip"])
def test_no_name_leaves_the_folder(running: Running, name: str) -> None:
    """A pack with any name is inspected."""
    header = {"look": True, "settings": {"scale": 2}, "picture": {"name": name}}

    assert ended(running, "/packs", a_pack(), header)[1]["event"] == "done"


@pytest.mark.parametrize("body", [b"", b"no zip", a_pack()[:200]])
def test_what_is_no_pack_is_a_sentence(running: Running, body: bytes) -> None:
    """Damaged, truncated, empty."""
    end = ended(running, "/packs", body, {"look": True, "settings": {"scale": 2}})[1]

    assert end["event"] == "failed"
    assert end["code"] != "bug", end
    assert end["sentence"].endswith(".")
