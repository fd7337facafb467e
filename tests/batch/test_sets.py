"""`depixel upscale` decides the kind of frames once for all of them, as the watcher does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from depixel.batch import sets
from depixel.batch.sets import PictureSets
from depixel.files import read
from depixel.picture import Picture
from depixel.request import Request


def _by_corner(picture: Picture) -> str:
    return "pixel-art" if picture.frames[0][0, 0, 0] == 255 else "art"


@pytest.fixture
def frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Three frames of one animation, of which the last looks like art."""
    monkeypatch.setattr(sets, "kind_by_content", _by_corner)
    paths = []
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 250, (8, 8, 3), dtype=np.uint8)
        pixels[0, 0] = (0 if number == 2 else 255, 0, 0)
        paths.append(tmp_path / f"guard-attack-{number}.png")
        Image.fromarray(pixels).save(paths[-1])
    return paths


def test_one_frame_follows_the_others_and_says_so(frames: list[Path]) -> None:
    """The request of the third names the kind; the others stay as they are and share a group."""
    of_all = PictureSets(frames)
    settled = [of_all.settle(path, read(path), Request(scale=4)) for path in frames]

    assert [request.domain for request, _ in settled] == ["auto", "auto", "pixel-art"]
    assert [bool(note) for _, note in settled] == [False, False, True]
    assert "pixel-art" in settled[2][1] and "--domain" in settled[2][1]


def test_only_the_pictures_of_the_command_line_count(frames: list[Path]) -> None:
    """One frame alone is decided alone, and a kind that was typed is obeyed."""
    alone = PictureSets(frames[2:])
    of_all = PictureSets(frames)

    assert alone.settle(frames[2], read(frames[2]), Request())[0] == Request()
    assert of_all.settle(frames[2], read(frames[2]), Request(domain="textures"))[0].domain == "textures"


@pytest.mark.parametrize("name", ["wall_normal", "wall_gloss"])
def test_maps_are_not_sprites(frames: list[Path], name: str) -> None:
    """A normal map and a gloss map beside a dozen sprites of their size keep their kinds."""
    y, x = np.mgrid[:8, :8] / 8
    height = np.sin(4 * x) + np.cos(5 * y)
    if name.endswith("gloss"):
        pixels = np.repeat((height * 50 + 128)[..., None], 3, 2)
    else:
        down, right = np.gradient(height)
        vectors = np.stack([-right, -down, np.ones_like(right)], -1)
        pixels = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True) + 1) * 127.5
    path = frames[0].with_name(f"{name}.png")
    Image.fromarray(pixels.round().astype(np.uint8)).save(path)
    sprites = [frames[0].with_name(f"{letter}.png") for letter in "bcdfghijklmo"]
    for sprite in sprites:
        sprite.write_bytes(frames[0].read_bytes())

    assert PictureSets([*sprites, path]).settle(path, read(path), Request()) == (Request(), "")
