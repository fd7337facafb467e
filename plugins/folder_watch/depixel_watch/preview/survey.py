"""What a folder holds, before anything is computed: textures with their sizes, and files left alone, by reason."""

from __future__ import annotations

import hashlib
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path, PurePosixPath

from depixel.bystanders import is_system_file, unopened
from depixel.errors import DepixelError
from depixel.files import HEAD, READABLE, by_content, by_ending, claimed_size
from depixel_watch.folder.scan import FileEntry, Findings, walk
from depixel_watch.folder.stamps import is_file, read_regular
from depixel_watch.packs.archive import check_archive, content, is_folder, opened, path_of, recognise_archive, top_of
from depixel_watch.packs.profiles import PackProfile, Rule
from depixel_watch.work.limits import SizeLimits
from depixel_watch.work.task import UNPACKED, name_hint, pixels_claimed, plan
from depixel_watch.work.texture import NO_LIMITS, Texture, prepare


@dataclass(frozen=True)
class Goal:
    """How large the textures should become."""

    scale: int
    limits: SizeLimits = NO_LIMITS

    def for_file(self, head: bytes, ending: str) -> tuple[int, str]:
        """
        The scale of a texture by its first bytes (1 = it is too large for `limits`), and why the result cannot be
        written, as far as that is known; `ending`: the output's, if it differs.
        """
        size = claimed_size(head)
        if size is None:
            return self.scale, ""
        scale = self.limits.scale_for(*size, self.scale)
        target = by_ending(f"x{ending}") if ending else by_content(head)
        return scale, target.refusal_of_size(size[0] * scale, size[1] * scale) if target and scale > 1 else ""


@dataclass(frozen=True)
class Member:
    """A texture that would be upscaled."""

    path: str  # in the folder, or in its archive
    archive: Path | None
    root: Path
    rule: Rule
    otherwise: tuple[Rule, ...]
    size: int  # bytes
    pixels: int  # approximately, from the first bytes
    scale: int
    entry: str = ""  # its name in the archive

    def read(self, archive: zipfile.ZipFile | None) -> bytes:
        """The file; `archive`: the open archive that contains it, or None. Raises DepixelError or OSError."""
        if archive is None:
            return read_regular(self.root / self.path)
        return content(archive, archive.NameToInfo[self.entry])

    def prepared(self) -> Texture:
        """Decoded, as the pipeline would. Raises DepixelError or OSError."""
        with ExitStack() as stack:
            archive = None if self.archive is None else stack.enter_context(opened(self.archive))

            def beside(name: str) -> bytes | None:
                if archive is not None:
                    return content(archive, archive.NameToInfo[name]) if name in archive.NameToInfo else None
                return read_regular(self.root / name) if is_file(self.root / name) else None

            return prepare(self.read(archive), self.path, self.rule, beside, self.scale, "", self.otherwise)


@dataclass
class Survey:
    """What a folder holds."""

    profile: PackProfile
    textures: list[Member] = field(default_factory=list)  # each content once
    archives: int = 0
    copied: int = 0  # files that are copied unchanged or nearly so
    copied_bytes: int = 0
    duplicates: int = 0  # textures with the same content as another: copied
    duplicate_of: Counter[int] = field(default_factory=Counter)  # index in textures => number of duplicates
    skipped: Counter[str] = field(default_factory=Counter)  # reason => files
    failed: dict[str, str] = field(default_factory=dict)  # path => reason
    named: dict[str, str] = field(default_factory=dict)  # archives and the like that are not opened => advice
    archive_profiles: dict[str, str] = field(default_factory=dict)  # archive => its profile
    bytes_now: int = 0  # of textures and archives

    @property
    def count(self) -> int:
        """The number of output textures."""
        return len(self.textures) + self.duplicates

    def pass_over(self, file: FileEntry, copied: bool, rule: Rule) -> None:
        """Count a file that is not upscaled."""
        if copied:
            self.copied += 1
            self.copied_bytes += file.stamp.size
        else:
            self.skipped[_reason(file.path, rule)] += 1


def survey(
    source: Path,
    profiles: dict[str, PackProfile],
    profile: PackProfile,
    goal: Goal,
    complete: bool,
    trouble: Callable[[str], None],
    chosen: PackProfile | None = None,
) -> Survey:
    """
    Look at every file's name and first bytes, and read completely only those that may be equal; nothing is decoded.

    Args:
        profile: of the folder.
        chosen: of all archives; None = each is detected from its contents.
    """
    survey = Survey(profile)
    members: list[Member] = []
    findings = Findings(trouble)
    for file in walk(source, findings):
        task = plan(file, source, profile, "", complete)
        if task is None or task.action == "copy":
            survey.pass_over(file, task is not None, profile.rule_for(file.path))
        elif task.action == "name":
            survey.named[file.path] = unopened(file.path, UNPACKED)
        elif task.action == "pack":
            survey.archives += 1
            survey.bytes_now += file.stamp.size
            try:
                members += _inside(source / file.path, file.path, profiles, survey, chosen, goal)
            except (DepixelError, OSError) as error:
                survey.failed[file.path] = str(error)
        else:
            size = file.stamp.size
            survey.bytes_now += size
            try:
                head = read_regular(source / file.path, HEAD)
            except (DepixelError, OSError) as error:
                survey.failed[file.path] = str(error)
                continue
            if (scale := _scale_for(file.path, head, task.rule, survey, goal)) > 1:
                pixels = pixels_claimed(head, size)
                members.append(Member(file.path, None, source, task.rule, task.otherwise, size, pixels, scale))
    survey.failed.update(findings.unreadable)
    _once_each(members, survey)
    return survey


# The scale of a texture; 1 = it is too large, which is noted.
def _scale_for(path: str, head: bytes, rule: Rule, survey: Survey, goal: Goal) -> int:
    scale, refusal = goal.for_file(head, rule.treatment.ending)
    if refusal:
        survey.failed[path] = refusal
        return 1
    if scale < 2:
        survey.skipped["too large (--only-below, --most)"] += 1
    return scale


def survey_archive(path: Path, profiles: dict[str, PackProfile], profile: PackProfile | None, goal: Goal) -> Survey:
    """
    Like `survey`, of one archive.

    Raises:
        DepixelError: it is damaged, encrypted or malicious.
    """
    with opened(path) as archive:
        survey = Survey(profile or recognise_archive(archive, profiles), archives=1)
    survey.bytes_now = path.stat().st_size
    _once_each(list(_inside(path, path.name, profiles, survey, survey.profile, goal)), survey)
    return survey


def _inside(
    path: Path, name: str, profiles: dict[str, PackProfile], survey: Survey, chosen: PackProfile | None, goal: Goal
) -> Iterator[Member]:
    with opened(path) as archive:
        check_archive(archive, path.name)
        profile = chosen or recognise_archive(archive, profiles)
        survey.archive_profiles[name] = profile.name
        top = top_of(archive, profile)
        for entry in archive.infolist():
            inner = path_of(entry)
            place = PurePosixPath(inner)
            if is_folder(entry):
                continue
            rule = profile.rule_for(inner.removeprefix(top))
            system = any(is_system_file(part) for part in place.parts)
            if place.suffix.lower() in READABLE and rule.upscale and not system:
                otherwise = profile.otherwise(inner.removeprefix(top), rule)
                head, size = content(archive, entry, HEAD), entry.file_size
                if (scale := _scale_for(inner, head, rule, survey, goal)) > 1:
                    pixels = pixels_claimed(head, size)
                    yield Member(inner, path, path.parent, rule, otherwise, size, pixels, scale, entry.filename)
            else:
                survey.copied += 1
                survey.copied_bytes += entry.compress_size


# Equal contents under equal rules are answered once; single pixels and empty files are not counted as work.
def _once_each(members: Sequence[Member], survey: Survey) -> None:
    by_size: dict[int, list[int]] = defaultdict(list)
    for index, member in enumerate(members):
        if member.size == 0:
            survey.skipped["empty files"] += 1
        elif member.pixels <= 1:
            survey.skipped["single pixels"] += 1
        else:
            by_size[member.size].append(index)
    digests = _digests(members, sorted(i for same in by_size.values() if len(same) > 1 for i in same), survey)
    for _, same in sorted(by_size.items()):
        seen: dict[tuple[bytes, Rule, str], int] = {}
        for index in same:
            if len(same) > 1 and index not in digests:
                continue  # it cannot be read
            member = members[index]
            key = (digests.get(index, b""), member.rule, name_hint(member.path))
            first = seen.setdefault(key, len(survey.textures))
            if first == len(survey.textures):
                survey.textures.append(member)
            else:
                survey.duplicates += 1
                survey.duplicate_of[first] += 1


# Reads these members; each archive is opened once, because reading its directory takes time for all its entries.
def _digests(members: Sequence[Member], indices: Sequence[int], survey: Survey) -> dict[int, bytes]:
    digests: dict[int, bytes] = {}
    for path, same in groupby(indices, key=lambda index: members[index].archive):
        with ExitStack() as stack:
            archive: zipfile.ZipFile | None = None
            for index in same:
                try:
                    if path is not None and archive is None:
                        archive = stack.enter_context(opened(path))
                    digests[index] = hashlib.sha256(members[index].read(archive)).digest()
                except (DepixelError, OSError) as error:
                    survey.failed[members[index].path] = str(error)
    return digests


def _reason(path: str, rule: Rule) -> str:
    if PurePosixPath(path).suffix.lower() not in READABLE:
        return "not textures"
    return rule.reason or "left alone by the profile"
