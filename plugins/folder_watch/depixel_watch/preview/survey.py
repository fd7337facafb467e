"""What a folder holds, before anything is computed: textures with their sizes, and what is left alone, by reason."""

from __future__ import annotations

import hashlib
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path, PurePosixPath

from depixel.errors import DepixelError
from depixel.files import READABLE
from depixel_watch.folder.scan import walk
from depixel_watch.packs.archive import check_archive, content, names_for, opened, top_of
from depixel_watch.packs.profiles import PackProfile, Rule, recognise
from depixel_watch.work.task import name_hint, pixels_of, pixels_told, plan
from depixel_watch.work.texture import Texture, prepare


@dataclass(frozen=True)
class Member:
    """A texture that would be upscaled."""

    path: str  # in the folder, or in its archive
    archive: Path | None
    root: Path
    rule: Rule
    size: int  # bytes
    pixels: int  # about: by the first bytes

    def read(self, archive: zipfile.ZipFile | None) -> bytes:
        """The file; `archive`: the one it is in, open, or None as it is in none. Raises DepixelError or OSError."""
        if archive is None:
            return (self.root / self.path).read_bytes()
        return content(archive, archive.NameToInfo[self.path])

    def prepared(self, scale: int) -> Texture:
        """Decoded, as the pipeline would. Raises DepixelError or OSError."""
        with ExitStack() as stack:
            archive = None if self.archive is None else stack.enter_context(opened(self.archive))

            def beside(name: str) -> bytes | None:
                if archive is not None:
                    return content(archive, archive.NameToInfo[name]) if name in archive.NameToInfo else None
                return (self.root / name).read_bytes() if (self.root / name).is_file() else None

            return prepare(self.read(archive), self.path, self.rule, beside, scale)


@dataclass
class Survey:
    """What was found."""

    profile: PackProfile
    textures: list[Member] = field(default_factory=list)  # each content once
    archives: int = 0
    copied: int = 0  # files that come along, byte for byte or nearly so
    copied_bytes: int = 0
    duplicates: int = 0  # textures of the same content as another: copied
    duplicate_of: Counter[int] = field(default_factory=Counter)  # index in textures => how many more of it
    skipped: Counter[str] = field(default_factory=Counter)  # reason => files
    failed: dict[str, str] = field(default_factory=dict)  # path => reason
    bytes_now: int = 0  # of textures and archives

    @property
    def count(self) -> int:
        """Textures that come out."""
        return len(self.textures) + self.duplicates


def survey(
    source: Path,
    profiles: dict[str, PackProfile],
    profile: PackProfile,
    complete: bool,
    trouble: Callable[[str], None],
) -> Survey:
    """
    Look at every file's name and first bytes, and at the whole of those that may be equal; nothing is decoded.

    Args:
        profile: of the folder; archives are recognised one by one.
    """
    found = Survey(profile)
    members: list[Member] = []
    for file in walk(source, trouble):
        job = plan(file, source, profile, "", complete)
        if job is None or job.action == "copy":
            reason = _reason(file.path, profile.rule_for(file.path))
            if job is None:
                found.skipped[reason] += 1
            else:
                found.copied += 1
                found.copied_bytes += file.stamp.size
        elif job.action == "pack":
            found.archives += 1
            found.bytes_now += file.stamp.size
            try:
                members += _inside(source / file.path, profiles, found)
            except (DepixelError, OSError) as error:
                found.failed[file.path] = str(error)
        else:
            found.bytes_now += file.stamp.size
            pixels = pixels_of(source / file.path, file.stamp.size)
            members.append(Member(file.path, None, source, job.rule, file.stamp.size, pixels))
    _once_each(members, found)
    return found


def _inside(path: Path, profiles: dict[str, PackProfile], found: Survey) -> Iterator[Member]:
    with opened(path) as archive:
        check_archive(archive, path.name)
        profile = recognise(profiles, names_for(archive))
        top = top_of(archive, profile)
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            rule = profile.rule_for(entry.filename.removeprefix(top))
            if PurePosixPath(entry.filename).suffix.lower() in READABLE and rule.upscale:
                start = content(archive, entry, 32)
                pixels = pixels_told(start, PurePosixPath(entry.filename).suffix, entry.file_size)
                yield Member(entry.filename, path, path.parent, rule, entry.file_size, pixels)
            else:
                found.copied += 1
                found.copied_bytes += entry.compress_size


# Equal contents under equal rules are answered once; single pixels and empty files are no work.
def _once_each(members: Sequence[Member], found: Survey) -> None:
    by_size: dict[int, list[int]] = defaultdict(list)
    for index, member in enumerate(members):
        if member.size == 0:
            found.skipped["empty files"] += 1
        elif member.pixels <= 1:
            found.skipped["single pixels"] += 1
        else:
            by_size[member.size].append(index)
    digests = _digests(members, sorted(i for same in by_size.values() if len(same) > 1 for i in same), found)
    for _, same in sorted(by_size.items()):
        seen: dict[tuple[bytes, Rule, str], int] = {}
        for index in same:
            if len(same) > 1 and index not in digests:
                continue  # it cannot be read
            member = members[index]
            key = (digests.get(index, b""), member.rule, name_hint(member.path))
            first = seen.setdefault(key, len(found.textures))
            if first == len(found.textures):
                found.textures.append(member)
            else:
                found.duplicates += 1
                found.duplicate_of[first] += 1


# Of those members; each archive is opened once, for to read its directory takes as long as it has entries.
def _digests(members: Sequence[Member], wanted: Sequence[int], found: Survey) -> dict[int, bytes]:
    digests: dict[int, bytes] = {}
    for path, same in groupby(wanted, key=lambda index: members[index].archive):
        with ExitStack() as stack:
            archive: zipfile.ZipFile | None = None
            for index in same:
                try:
                    if path is not None and archive is None:
                        archive = stack.enter_context(opened(path))
                    digests[index] = hashlib.sha256(members[index].read(archive)).digest()
                except (DepixelError, OSError) as error:
                    found.failed[members[index].path] = str(error)
    return digests


def _reason(path: str, rule: Rule) -> str:
    if PurePosixPath(path).suffix.lower() not in READABLE:
        return "no textures"
    return rule.reason or "left alone by the profile"
