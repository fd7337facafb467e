"""A mod folder in use: files are dropped, changed, renamed, swapped and deleted, and the outputs are compared."""

from __future__ import annotations

import io
import os
import random
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

_OURS = (".depixel-", "depixel-")  # how the names of the watcher's own files in the output folder begin
_ACTIONS = {
    "drop": 8.0, "slow": 2, "change": 2, "rename": 2, "delete": 2, "zip": 1, "broken": 1, "twin": 2, "swap": 2,
    "insert": 0.5, "theirs": 0.3,
}  # fmt: skip
"""Action => frequency."""


class ModFolder:
    """
    A folder `mods` with one picture in it, its outputs `mods-depixel`, and the actions on both.

    Args:
        folder: the folder of both; existing ones are used as they are.
        seed: of the actions.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.source, self.out = folder / "mods", folder / "mods-depixel"
        self.actions = 0
        """Number of actions so far."""
        self._rng = random.Random(seed)
        theirs = [path for path in self.out.rglob("theirs*") if path.is_file()]
        self._theirs = {path: path.read_bytes() for path in theirs}  # files of others in the output folder
        self._part = folder / "part.bmp"
        self.source.mkdir(exist_ok=True)
        (self.source / "keep.png").write_bytes(png(self._rng))

    def act(self) -> None:
        """One action of a user on a mod folder."""
        rng, self.actions = self._rng, self.actions + 1
        path = self.source / f"d{rng.randrange(8)}" / f"t{self.actions}.png"
        path.parent.mkdir(exist_ok=True)
        earlier = [old for old in self.source.glob("d*/*") if old.is_file() and not old.name.startswith("theirs")]
        pictures = [old for old in earlier if old.suffix == ".png"]
        what = rng.choices(list(_ACTIONS), list(_ACTIONS.values()))[0]
        if what == "slow":
            self._write_slowly(path)
        elif what == "zip":
            with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
                archive.writestr("a.png", png(rng))
                archive.writestr("b.txt", b"text")
        elif what == "broken":
            path.write_bytes(png(rng)[:60])
        elif what == "change" and pictures:
            rng.choice(pictures).write_bytes(png(rng))
        elif what == "rename" and earlier:
            old = rng.choice(earlier)
            old.rename(old.with_name("r" + old.name[-60:]))
        elif what == "delete" and earlier:
            rng.choice(earlier).unlink()
        elif what == "twin" and pictures:
            path.write_bytes(rng.choice(pictures).read_bytes())
        elif what == "swap" and len(pictures) > 1:
            _swap(*rng.sample(pictures, 2))
        elif what == "insert":
            self._insert_frame()
        elif what == "theirs":
            self._put_theirs(path.with_name(f"theirs{self.actions}.png"))
        else:
            path.write_bytes(png(rng))

    def _write_slowly(self, path: Path) -> None:
        data = png(self._rng)
        with path.open("wb") as file:
            for at in range(0, len(data), 200):
                file.write(data[at : at + 200])
                file.flush()
                time.sleep(0.01)

    # A frame is inserted, and the names of all later ones move up by one; all have one size and one time.
    def _insert_frame(self) -> None:
        folder = self.source / "frames"
        folder.mkdir(exist_ok=True)
        frames = sorted(folder.iterdir())
        at = self._rng.randrange(len(frames) + 1)
        for path in reversed(frames[at:]):
            path.rename(folder / f"f{int(path.stem[1:]) + 1:04}.bmp")
        new = folder / f"f{at:04}.bmp"
        pixels = np.frombuffer(self._rng.randbytes(8 * 8 * 3), np.uint8).reshape(8, 8, 3)
        Image.fromarray(pixels).save(self._part)
        os.utime(self._part, ns=(10**18, 10**18))
        self._part.replace(new)

    # A file that is not ours is at the path of an output: it must stay.
    def _put_theirs(self, path: Path) -> None:
        target = self.out / path.relative_to(self.source)
        target.parent.mkdir(parents=True, exist_ok=True)
        data = b"theirs" + self._rng.randbytes(20)
        target.write_bytes(data)
        self._theirs[target] = data
        path.write_bytes(png(self._rng))

    def outputs(self) -> list[Path]:
        """Files in the output folder that are not the watcher's own."""
        return [path for path in self.out.rglob("*") if path.is_file() and not path.name.startswith(_OURS)]

    def wrong(self) -> list[str]:
        """A sentence for every output that is missing, wrong or partial, or has no source."""
        wrong = [f"{path} of somebody else changed" for path, data in self._theirs.items() if _bytes(path) != data]
        for path in (path for path in self.source.rglob("*") if path.is_file()):
            output = self.out / path.relative_to(self.source)
            if output in self._theirs:
                continue
            try:
                small = pixels_of(path)
            except (OSError, zipfile.BadZipFile):
                continue  # a broken source has no output, or the last good one
            try:
                large = pixels_of(output)
            except (OSError, zipfile.BadZipFile) as error:
                wrong.append(f"{output}: {error}")
                continue
            if not np.array_equal(small.repeat(2, 0).repeat(2, 1), large):
                wrong.append(f"{output} shows another picture")
        for output in self.outputs():
            if not (self.source / output.relative_to(self.out)).exists():
                wrong.append(f"{output} has no source")
        return wrong


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _swap(one: Path, other: Path) -> None:
    between = one.with_name("between.tmp")
    one.rename(between)
    other.rename(one)
    between.rename(other)


def png(rng: random.Random) -> bytes:
    """A picture of noise."""
    side = rng.choice([8, 16, 24])
    buffer = io.BytesIO()
    Image.fromarray(np.frombuffer(rng.randbytes(side * side * 4), np.uint8).reshape(side, side, 4)).save(buffer, "PNG")
    return buffer.getvalue()


def pixels_of(path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Pixels [H, W, 4] of a picture, or of the picture in a zip. Raises OSError, BadZipFile."""
    data = path.read_bytes()
    if path.suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = archive.read("a.png")
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGBA"))
