"""One file to process: what to do with it, and its content, read while it did not change."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from depixel.bystanders import unopened
from depixel.errors import DepixelError, UnreadablePictureError
from depixel.families import Families
from depixel.files import HEAD, READABLE, Limits, claimed_pixels
from depixel.request import DOMAINS
from depixel.sidefiles import parse
from depixel_watch.folder.scan import FileEntry
from depixel_watch.folder.stamps import Stamp, digest_of, is_file, read_regular, stamp_if_seen, stamp_of
from depixel_watch.ledger.ledger import NOTHING, Row
from depixel_watch.packs.conventions import beside_names, followed, mip_of, output_name
from depixel_watch.packs.profiles import PackProfile, Rule
from depixel_watch.packs.renamed import is_pack
from depixel_watch.packs.sides import SIDE_ENDINGS, Sides, facts_of, scaled_side
from depixel_watch.work import memory
from depixel_watch.work.limits import SizeLimits
from depixel_watch.work.texture import Texture, prepare, with_family_kind

UNPACKED = "and watch the folder"
"""What to do with an archive that is not opened, after unpacking it."""

SINGLE = "A single pixel needs no enlarging: left alone."
_BESIDE_BYTES = 2**28


@dataclass(frozen=True)
class Task:
    """A file that is new or changed."""

    path: str
    stamp: Stamp
    action: str  # upscale, pack, copy; name = left alone, but reported
    rule: Rule
    recipe: str
    scale: int
    beside: tuple[str, ...] = ()  # other files that the output depends on
    target: str = ""  # the output's path, if it differs from the source's
    otherwise: tuple[Rule, ...] = ()  # rules that apply if the content does not confirm the first
    side: bool = False  # a copy: the file holds coordinates, which are scaled with its pictures
    why: str = ""  # why it is left alone, if already known

    @property
    def output(self) -> str:
        return self.target or self.path


@dataclass
class LoadedTask:
    """A task with its content."""

    task: Task
    key: str = ""
    content: str = ""  # digest of the bytes alone
    data: bytes = b""
    texture: Texture | None = None
    problem: DepixelError | None = None
    unreadable: bool = False  # it cannot be opened, which may be fixed without a change of the file
    left: str = ""  # why it is left alone
    moved: bool = False  # changed while it was read: try again later
    unchanged: bool = False  # content and output are as recorded
    out: Stamp = NOTHING  # of that output


@dataclass(frozen=True)
class Bench:
    """What all files of a run share for loading."""

    source: Path
    out: Path
    limits: SizeLimits = field(default_factory=SizeLimits)
    families: Families | None = None
    verify: bool = False  # compare every output with its digest
    sides: Sides | None = None  # files of coordinates
    upscales: Callable[[str], bool] = lambda path: True  # whether a rule allows a picture to grow


def plan(
    entry: FileEntry,
    root: Path,
    profile: PackProfile,
    recipe: str,
    complete: bool,
    scale: int = 4,
    sides: Sides | None = None,
) -> Task | None:
    """What to do with a file; None = nothing."""
    suffix = PurePosixPath(entry.path).suffix.lower()
    rule = profile.rule_for(entry.path)
    beside: tuple[str, ...] = ()
    target = entry.path
    side, why = False, ""
    if suffix in SIDE_ENDINGS and sides is not None and not rule.reason:
        side, why = sides.verdict(entry.path)
    if suffix in READABLE and rule.upscale:
        action = "upscale"
        beside = tuple(name for name in beside_names(entry.path, rule.treatment) if is_file(root / name))
        if sides is not None:
            beside += sides.of(entry.path) + sides.neighbours(entry.path)
        target = output_name(entry.path, rule.treatment, lambda name: stamp_if_seen(root / name) is not None)
    elif is_pack(root, entry.path, entry.stamp):
        action = "pack"
    elif complete or rule.action == "follow" or side:
        action = "copy"
    elif why := why or unopened(entry.path, UNPACKED):
        action = "name"
    else:
        return None
    moved = target if target != entry.path else ""
    stamps = [str(stamp_if_seen(root / name)) for name in beside]
    whole = recipe if action != "copy" or rule.action == "follow" or side else "copy"
    digest = _digest(f"{whole}|{action}|{rule.hints}|{rule.treatment}|{stamps}{moved}".encode("utf-8", "surrogatepass"))
    otherwise = profile.otherwise(entry.path, rule)
    return Task(entry.path, entry.stamp, action, rule, digest, scale, beside, moved, otherwise, side, why)


def load(task: Task, bench: Bench, row: Row | None = None) -> LoadedTask:
    """
    Read and decode; errors of the file are not raised but stored as its `problem`.

    Args:
        row: the file's row in the ledger; if content and output have not changed, nothing is decoded.
    """
    path = bench.source / task.path
    loaded = LoadedTask(task, left=task.why)
    if task.action == "name":
        return loaded
    try:
        others = _read(loaded, path, bench)
        if loaded.moved:
            return loaded
        if row is not None and _is_unchanged(loaded, row, bench):
            loaded.data, loaded.unchanged = b"", True
            return loaded
        _decode(loaded, others, bench)
    except FileNotFoundError:
        loaded.moved = True
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        loaded.problem, loaded.unreadable = UnreadablePictureError(f"{path.name} cannot be read: {reason}."), True
    except memory.TooLittleMemoryError as error:
        loaded.problem, loaded.unreadable = error, True
    except DepixelError as error:
        loaded.problem = error
    except Exception as error:  # noqa: BLE001 (one bad file must not stop the others)
        loaded.problem = fault(path.name, error)
    return loaded


# Bytes, digest and key; returns the files next to it. Only what is decoded is kept in memory.
def _read(loaded: LoadedTask, path: Path, bench: Bench) -> dict[str, bytes]:
    task = loaded.task
    decoded = task.action == "upscale" or task.rule.action == "follow" or task.side
    if decoded:
        Limits().check_file(path.name, task.stamp.size)
        if task.action == "upscale":
            memory.check_claim(path.name, read_regular(path, HEAD), task.scale)
        loaded.data = read_regular(path)
        loaded.content = hashlib.sha256(loaded.data).hexdigest()[:32]
    else:
        loaded.content = digest_of(path)
    others = {name: read_regular(bench.source / name, _BESIDE_BYTES) for name in task.beside}
    loaded.moved = stamp_of(path) != task.stamp
    recipe = f"|{task.recipe}|{name_hint(task.path)}|".encode("utf-8", "surrogatepass")
    loaded.key = _digest(loaded.content.encode() + recipe + b"|".join(others.values()))
    return others


# Same content, same request, and the recorded output is at its path.
def _is_unchanged(loaded: LoadedTask, row: Row, bench: Bench) -> bool:
    if row.key not in _keys(loaded.key) or row.output != loaded.task.output or row.state not in ("done", "writing"):
        return False
    target = bench.out / row.output
    there = stamp_if_seen(target)
    if there is None or target.is_symlink():
        return False
    if bench.verify or row.state == "writing" or there != row.out:
        if not row.digest:
            return False
        try:
            if digest_of(target) != row.digest:
                return False
        except (OSError, DepixelError):
            return False
    loaded.out = there
    return True


# The key of a content, alone and with the kind decided for its family.
def _keys(key: str) -> set[str]:
    return {key, *(f"{key}|{kind}" for kind in DOMAINS)}


def _decode(loaded: LoadedTask, others: dict[str, bytes], bench: Bench) -> None:
    task = loaded.task
    if task.side and task.action == "copy":
        loaded.data, loaded.left = _scaled_side(loaded, bench)
        return
    if task.rule.action == "follow" and task.action == "copy":
        picture = bench.source / task.path.removesuffix(".mcmeta")
        loaded.data = followed(task.path, loaded.data, bench.limits.scale_of_file(picture, task.scale))
    if task.action != "upscale":
        return
    facts = facts_of(task.path, others)
    texture = prepare(
        loaded.data, task.path, task.rule, others.get, task.scale, task.output, task.otherwise, bench.limits, facts
    )
    if texture.left:
        loaded.left = texture.left
        return
    if texture.picture.width * texture.picture.height == 1:
        loaded.left = SINGLE
        return
    memory.check(texture.picture, texture.scale)
    if bench.families is not None:
        mip = mip_of(task.path) if texture.level else None
        settled = with_family_kind(texture, mip[0] if mip else task.path, bench.families)
        if settled is not texture:  # equal pictures of two families may have different answers
            kind = dict(settled.hints)["domain"]
            texture, loaded.key = settled, f"{loaded.key}|{kind}"
    loaded.texture, loaded.data = texture, b""  # not kept twice


# The scaled file, or the unchanged one with the reason.
def _scaled_side(loaded: LoadedTask, bench: Bench) -> tuple[bytes, str]:
    path = loaded.task.path
    side = parse(path, loaded.data)
    if side is None:
        return loaded.data, ""

    def scale_of(page: str) -> int:
        there = is_file(bench.source / page) and bench.upscales(page)
        return bench.limits.scale_of_file(bench.source / page, loaded.task.scale) if there else 1

    return scaled_side(path, loaded.data, side, scale_of)


def name_hint(path: str) -> str:
    """The engine may infer the kind of a texture from its name's last part (_n, _normal) and from its extension."""
    return "|".join(re.findall(r"[_.][^_.]*", PurePosixPath(path).name.lower())[-2:])


def fault(name: str, error: Exception) -> DepixelError:
    """A sentence for an unexpected error."""
    sentence = f"{name} triggers a fault in Depixel ({type(error).__name__}: {error}); please report it."
    return DepixelError(sentence)


def pixels_of(path: Path, size: int) -> int:
    """The approximate number of pixels of a file, from its first bytes; `size` = bytes of the file."""
    try:
        return pixels_claimed(read_regular(path, HEAD), size)
    except (OSError, DepixelError):
        return 0


def pixels_claimed(head: bytes, size: int) -> int:
    """As `pixels_of`, by the file's first bytes."""
    pixels = claimed_pixels(head)
    return min(size * 10 if pixels is None else pixels, 2**28)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
