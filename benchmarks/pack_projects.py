"""Projects of several games side by side, and one set of frames, with checks of their outputs, for `pack_check.py`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pack_result import SCALE, Result, rgba
from pack_sets import art, frames, normal_of, save, tile
from PIL import Image


def projects(root: Path) -> None:
    """Folders of several games and editors side by side."""
    picture = art("sprites/mage.png")
    for folder, marker in (("godot", "project.godot"), ("unity/Assets", "../ProjectSettings/ProjectVersion.txt"),
                           ("renpy/game", "script.rpy")):  # fmt: skip
        save(root / folder / "hero.png", picture)
        path = root / folder / marker
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("m_EditorVersion: 2022.3.1f1\n")
    (root / "godot/hero.png.import").write_text("[remap]\n")
    (root / "unity/Assets/hero.png.meta").write_text("fileFormatVersion: 2\n")
    luanti = root / "luanti"
    save(luanti / "default_stone.png", tile().convert("RGB"))
    strip = Image.new("RGBA", (16, 64))
    for k, frame in enumerate(frames(4)):
        strip.paste(frame, (0, 16 * k))
    save(luanti / "fire_animated.png", strip)
    (luanti / "texture_pack.conf").write_text("title = t\n")
    azahar = root / "azahar"
    save(azahar / "tex1_32x32_543624189C94B105_12_mip0.norm.png", normal_of(tile()))
    (azahar / "pack.json").write_text(json.dumps({"options": {"use_new_hash": True}, "textures": {}}))
    bedrock = root / "bedrock"
    save(bedrock / "textures/blocks/stone.png", tile().convert("RGB"))
    (bedrock / "textures/terrain_texture.json").write_text(json.dumps({"texture_data": {}}))


def check_projects(result: Result) -> Iterator[str]:
    """Import settings are not written; ground textures still tile; strips are cut."""
    if any(p.suffix in (".import", ".meta") for p in result.out.rglob("*")):
        yield "import settings were written"
    for name in ("luanti/default_stone.png", "bedrock/textures/blocks/stone.png"):
        small, large = (rgba(folder / name)[..., :3] for folder in (result.source, result.out))
        for axis in (0, 1):
            seam, wanted = (np.abs(p.take(0, axis) - p.take(-1, axis)).mean() for p in (large, small))
            if seam > 1.1 * wanted:
                yield f"{name}: the step where copies meet is {seam:.1f} levels, {wanted:.1f} in the source"
    map_of = rgba(result.out / "azahar/tex1_32x32_543624189C94B105_12_mip0.norm.png")
    if np.abs(np.linalg.norm(map_of[..., :3] / 127.5 - 1, axis=2) - 1).max() > 0.03:
        yield "azahar: the vectors of the normal map do not have length 1"
    strip = rgba(result.out / "luanti/fire_animated.png")
    if strip.shape[:2] != (256, 64):
        yield f"fire_animated.png: {strip.shape}"


def one_set(root: Path) -> None:
    """Six frames of a walk; a soft shadow makes two of them look like art if they are examined alone."""
    figure = np.asarray(art("sprites/frog-indexed.png"))
    for k in range(6):
        frame = np.roll(figure, k - 3, 1)
        if k in (2, 5):
            shadow = np.linspace(8, 120, 32).astype(np.uint8)[None].repeat(6, 0)
            frame[26:, :, 3] = np.where(frame[26:, :, 3] == 0, shadow, frame[26:, :, 3])
        save(root / f"frog-walk-{k}.png", Image.fromarray(frame))


def check_one_set(result: Result) -> Iterator[str]:
    """In each frame, opaque pixels are exact at the centre of their block, as pixel art keeps them."""
    for path in sorted(result.source.glob("*.png")):
        small, large = rgba(path), rgba(result.out / path.name)
        height, width = small.shape[:2]
        centres = large.reshape(height, SCALE, width, SCALE, 4)[:, 1:3, :, 1:3]
        opaque = small[..., 3] == 255
        off = np.abs(centres - small[:, None, :, None]).max((1, 3, 4))[opaque]
        if off.max(initial=0) > 1:
            yield f"{path.name}: treated as art, unlike the others"
