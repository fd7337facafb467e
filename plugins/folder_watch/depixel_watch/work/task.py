"""One file to be dealt with: what is asked of it, and its content read at a moment when it stood still."""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from depixel.errors import DepixelError, UnreadablePictureError
from depixel.files import READABLE
from depixel_watch.folder.scan import FileEntry, stamp_if_seen, stamp_of
from depixel_watch.folder.stability import Stamp
from depixel_watch.packs.conventions import beside_names, followed, output_name
from depixel_watch.packs.profiles import ARCHIVES, PackProfile, Rule
from depixel_watch.work.texture import Texture, prepare

SINGLE = "One pixel needs no enlarging: left alone."


@dataclass(frozen=True)
class Task:
    """A file that is new or changed."""

    path: str
    stamp: Stamp
    action: str  # upscale, pack, copy
    rule: Rule
    recipe: str
    scale: int
    beside: tuple[str, ...] = ()  # other files that the output depends on
    target: str = ""  # the output's path, where it is not the source's

    @property
    def output(self) -> str:
        return self.target or self.path


@dataclass
class LoadedTask:
    """A job with its content."""

    job: Task
    key: str = ""
    content: str = ""  # digest of the bytes alone
    data: bytes = b""
    texture: Texture | None = None
    problem: DepixelError | None = None
    unreadable: bool = False  # it cannot be opened: that may be mended without a change of the file
    left: str = ""  # why it is left alone
    moved: bool = False  # changed while it was read: another time


def plan(
    found: FileEntry, root: Path, profile: PackProfile, recipe: str, complete: bool, scale: int = 4
) -> Task | None:
    """What is asked of a file; None = nothing."""
    suffix = PurePosixPath(found.path).suffix.lower()
    rule = profile.rule_for(found.path)
    beside: tuple[str, ...] = ()
    target = found.path
    if suffix in READABLE and rule.upscale:
        action = "upscale"
        beside = tuple(n for n in beside_names(found.path, rule.treatment) if stamp_if_seen(root / n) is not None)
        target = output_name(found.path, rule.treatment, lambda name: stamp_if_seen(root / name) is not None)
    elif suffix in ARCHIVES:
        action = "pack"
    elif complete or rule.action == "follow":
        action = "copy"
    else:
        return None
    moved = target if target != found.path else ""
    told = [str(stamp_if_seen(root / name)) for name in beside]
    whole = recipe if action != "copy" or rule.action == "follow" else "copy"
    asked = _digest(f"{whole}|{action}|{rule.hints}|{rule.treatment}|{told}{moved}".encode("utf-8", "surrogatepass"))
    return Task(found.path, found.stamp, action, rule, asked, scale, beside, moved)


def load(job: Task, root: Path) -> LoadedTask:
    """Read and decode; never raises for what is wrong with the file: that is its `problem`."""
    path = root / job.path
    loaded = LoadedTask(job)
    try:
        content = hashlib.sha256()
        if job.action == "pack":
            with path.open("rb") as file:
                while block := file.read(2**20):
                    content.update(block)
        else:
            loaded.data = path.read_bytes()
            content.update(loaded.data)
        others = {name: (root / name).read_bytes() for name in job.beside}
        loaded.moved = stamp_of(path) != job.stamp
        loaded.content = content.hexdigest()[:32]
        hint = name_hint(job.path)
        asked = f"|{job.recipe}|{hint}|".encode("utf-8", "surrogatepass")
        loaded.key = _digest(content.digest() + asked + b"|".join(others.values()))
        if job.rule.action == "follow" and job.action == "copy":
            loaded.data = followed(job.path, loaded.data, job.scale)
        if job.action == "upscale" and not loaded.moved:
            loaded.texture = prepare(loaded.data, job.path, job.rule, others.get, job.scale, job.output)
            if loaded.texture.picture.width * loaded.texture.picture.height == 1:
                loaded.left = SINGLE
            else:
                loaded.data = b""  # not held twice
    except FileNotFoundError:
        loaded.moved = True
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        loaded.problem, loaded.unreadable = UnreadablePictureError(f"{path.name} cannot be read: {reason}."), True
    except DepixelError as error:
        loaded.problem = error
    except Exception as error:  # noqa: BLE001 (whatever one file brings about must not stop the others)
        loaded.problem = fault(path.name, error)
    return loaded


def name_hint(path: str) -> str:
    """The engine may read the kind of a texture from its name's last part (_n, _normal) and from its ending."""
    return "|".join(re.findall(r"[_.][^_.]*", PurePosixPath(path).name.lower())[-2:])


def fault(name: str, error: Exception) -> DepixelError:
    """A sentence for what nobody foresaw."""
    sentence = f"Depixel met a fault of its own with {name} ({type(error).__name__}: {error}); please report it."
    return DepixelError(sentence)


def pixels_of(path: Path, size: int) -> int:
    """About how many pixels a file will have when it is decoded, by its first bytes; `size` = of the file in bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except OSError:
        return 0
    return pixels_told(head, path.suffix, size)


def pixels_told(head: bytes, suffix: str, size: int) -> int:
    """As `pixels_of`, by the first 32 bytes and the ending of the name."""
    if head.startswith(b"\x89PNG"):
        width, height = struct.unpack(">II", head[16:24].ljust(8, b"\0"))
    elif head.startswith(b"DDS "):
        height, width = struct.unpack("<II", head[12:20].ljust(8, b"\0"))
    elif head.startswith(b"GIF8"):
        width, height = struct.unpack("<HH", head[6:10].ljust(4, b"\0"))
    elif head.startswith(b"BM"):
        width, height = struct.unpack("<ii", head[18:26].ljust(8, b"\0"))
    elif suffix.lower() == ".tga":
        width, height = struct.unpack("<HH", head[12:16].ljust(4, b"\0"))
    else:
        return size * 10
    return min(abs(int(width) * int(height)), 2**28)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
