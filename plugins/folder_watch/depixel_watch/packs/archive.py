"""Rewrites a zip of textures with larger textures: entry by entry, in order; everything else byte for byte."""

from __future__ import annotations

import contextlib
import errno
import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from depixel.bystanders import is_system_file
from depixel.errors import DepixelError, UnreadablePictureError, UnsupportedPictureError
from depixel.families import Families
from depixel.files import HEAD, READABLE
from depixel.pace import work_of
from depixel_watch.packs.conventions import followed, mip_of, output_name
from depixel_watch.packs.profiles import PackProfile, Rule, recognise
from depixel_watch.packs.sides import ArchiveSides
from depixel_watch.work import memory
from depixel_watch.work.limits import SizeLimits
from depixel_watch.work.task import fault, pixels_claimed
from depixel_watch.work.texture import NO_LIMITS, Texture, Upscaler, answer_all, prepare, with_family_kind

MAX_ENTRIES = 200_000
MAX_ENTRY_BYTES = 2**28
MAX_BYTES = 2**34  # of all entries together, unpacked
MAX_DICTIONARY = 2**27  # bytes; LZMA's own programs use up to 64 MiB
MAX_RATIO = 200  # unpacked to packed bytes of the whole archive; deflate reaches at most about 1000
# What zipfile raises for damage; RuntimeError: a local header says encrypted, but the directory does not.
_DAMAGE = (zipfile.BadZipFile, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError, OverflowError)
_UTF8 = 0x800  # flag: the name is UTF-8; otherwise code page 437 or unknown
_ZIP64, _UNICODE_PATH = 0x0001, 0x7075  # extra fields: large sizes, the name in Unicode
_GROUP = 64  # pictures that are in memory at the same time
_GROUP_BYTES = 2**25
_GROUP_WORK = 2**17  # so that progress is reported every few seconds


@dataclass(frozen=True)
class PackOptions:
    """Options of the user beyond the request; the same for folders and archives."""

    profile: PackProfile | None = None  # None = detected from the contents
    limits: SizeLimits = NO_LIMITS
    progress: Callable[[int, int], None] = lambda done, total: None  # work done, and total work of the archive


def rewrite(
    source: Path,
    out: BinaryIO,
    worker: Upscaler,
    profiles: dict[str, PackProfile],
    options: PackOptions | None = None,
) -> list[str]:
    """
    Write the upscaled archive.

    Returns:
        The profile that was used, and a sentence for each picture that could not be upscaled and was copied unchanged.

    Raises:
        UnreadablePictureError: the archive is incomplete or damaged (no end record, wrong checksums).
        UnsupportedPictureError: it is encrypted or malicious.
    """
    options = options or PackOptions()
    with opened(source) as archive:
        check_archive(archive, source.name)
        profile = options.profile or recognise_archive(archive, profiles)
        return [f"Profile: {profile.name}.", *_Rewriting(archive, worker, profile, options).run(out)]


@contextlib.contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive. Raises DepixelError as `rewrite` does, and OSError for errors of the disk."""
    with contextlib.ExitStack() as stack:
        with _unpacking(path.name):
            archive = stack.enter_context(zipfile.ZipFile(path))
        yield archive


# Wraps only calls of zipfile, so that a bug of ours is not reported as damage.
@contextlib.contextmanager
def _unpacking(name: str, part: str = "") -> Iterator[None]:
    try:
        yield
    except NotImplementedError as error:
        raise UnsupportedPictureError(f"{name} uses an unsupported compression: {error}.") from error
    except MemoryError as error:
        raise UnsupportedPictureError(f"{name} needs more memory than is available; it is not unpacked.") from error
    except _DAMAGE as error:
        raise UnreadablePictureError(f"{name} is incomplete or damaged: {part}{error}.") from error
    except OSError as error:
        if error.errno not in (errno.EINVAL, None):
            raise  # an error of the disk
        reason = "it points beyond its end" if error.errno else str(error).lower()  # bz2 raises no other error
        raise UnreadablePictureError(f"{name} is incomplete or damaged: {part}{reason}.") from error


def content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int = -1) -> bytes:
    """The entry, or its first `most` bytes. Raises DepixelError as `rewrite` does."""
    name = PurePosixPath(archive.filename or "").name
    with _unpacking(name, f"{entry.filename!r} is damaged: "):
        if entry.compress_type == zipfile.ZIP_LZMA and _dictionary(archive, entry) > MAX_DICTIONARY:
            raise UnsupportedPictureError(f"{name} asks for too much memory to unpack {entry.filename!r}.")
        with archive.open(entry) as file:
            return file.read(most)


# The memory that LZMA claims to need, regardless of its content (APPNOTE 5.8.8).
def _dictionary(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    if archive.fp is None:
        return 0
    archive.fp.seek(entry.header_offset + 26)
    lengths = archive.fp.read(4)
    archive.fp.seek(sum(struct.unpack("<2H", lengths.ljust(4, b"\0"))), io.SEEK_CUR)
    return int.from_bytes(archive.fp.read(9)[5:], "little")


def check_archive(archive: zipfile.ZipFile, name: str) -> None:
    """
    Refuse an archive with names that lead outside it, links, duplicate names, or zip bombs. It is refused as a whole,
    because half a pack is useless.

    Raises:
        UnsupportedPictureError: what is wrong with it.
    """
    entries = archive.infolist()
    seen: set[str] = set()
    for entry in entries:
        path = PurePosixPath(path_of(entry))
        bad = path.is_absolute() or ".." in path.parts or "\0" in entry.orig_filename
        if bad or ":" in entry.filename.split("/")[0]:
            raise UnsupportedPictureError(f"{name} contains the unsafe name {entry.filename!r}; it is not opened.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UnsupportedPictureError(f"{name} contains the symbolic link {entry.filename!r}; it is not opened.")
        if path.as_posix() in seen:  # ./a.png is the same as a.png; A.png is not in games that read archives
            raise UnsupportedPictureError(f"{name} contains {entry.filename!r} twice; it is not opened.")
        if entry.flag_bits & 0x1:
            raise UnsupportedPictureError(f"{name} is encrypted; unpack it with its password first.")
        if entry.file_size > MAX_ENTRY_BYTES:
            raise UnsupportedPictureError(
                f"{name} contains {entry.filename!r} of {entry.file_size} bytes, which is too large."
            )
        seen.add(path.as_posix())
    whole = sum(entry.file_size for entry in entries)
    # Overlapping entries count once: all of them together end before the directory.
    packed = min(sum(entry.compress_size for entry in entries), archive.start_dir)
    if len(entries) > MAX_ENTRIES or whole > MAX_BYTES or whole > MAX_RATIO * packed + 2**24:
        raise UnsupportedPictureError(f"{name} would unpack to {whole} bytes, which is not a texture pack.")


def path_of(entry: zipfile.ZipInfo) -> str:
    """
    The path of an entry. Some Windows programs write backslashes between folders; they are treated as slashes, as in
    unzip and 7-Zip. The entry itself keeps the bytes of its name.
    """
    return entry.filename.replace("\\", "/")


def recognise_archive(archive: zipfile.ZipFile, profiles: dict[str, PackProfile]) -> PackProfile:
    """The profile of an archive: by the names in its root, those of its first files, its paths, and its extension."""
    name = PurePosixPath(archive.filename or "").name
    paths = [path_of(entry) for entry in archive.infolist()]
    tops = {path.partition("/")[0] for path in paths}
    top = f"{tops.pop()}/" if len(tops) == 1 else ""
    names = [
        *(path.removeprefix(top) for path in paths if "/" not in path.removeprefix(top)),
        *(path for path in paths if "/" not in path),
        *(PurePosixPath(path).name for path in paths[:1000]),
    ]
    return recognise(profiles, names, [*paths, *(path.removeprefix(top) for path in paths)], name)


def top_of(archive: zipfile.ZipFile, profile: PackProfile) -> str:
    """
    "NAME/" if all of a pack is in one folder, as in zips of whole repositories, otherwise "". Rules apply to paths
    inside it; Doom's engines skip it as well.
    """
    paths = [PurePosixPath(path_of(entry)) for entry in archive.infolist() if not is_folder(entry)]
    tops = {path.parts[0] for path in paths if len(path.parts) > 1}
    marked = any(len(path.parts) == 2 and profile.is_marked_by(path.name) for path in paths)
    whole = len(tops) == 1 and all(len(path.parts) > 1 for path in paths)
    return f"{tops.pop()}/" if whole and marked else ""


def is_folder(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is a folder."""
    return path_of(entry).endswith("/")


class _Listing:
    """The files of an archive as `Families` looks at them."""

    def __init__(self, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> None:
        self._archive, self._members = archive, members
        self._folders: dict[str, list[str]] = {}
        for path in members:
            self._folders.setdefault(PurePosixPath(path).parent.as_posix(), []).append(path)

    def names(self, folder: str) -> list[str]:
        """Paths of its files."""
        return self._folders.get(folder, [])

    def folders(self, folder: str) -> list[str]:
        """Paths of the folders in it that contain files."""
        return [each for each in self._folders if PurePosixPath(each).parent.as_posix() == folder]

    def read(self, path: str, most: int | None = None) -> bytes:
        """A file, or its first bytes."""
        return content(self._archive, self._members[path], -1 if most is None else most)


class _Rewriting:
    """The rewriting of one archive; used from one thread."""

    def __init__(self, archive: zipfile.ZipFile, worker: Upscaler, profile: PackProfile, options: PackOptions) -> None:
        self._archive, self._worker, self._profile, self._options = archive, worker, profile, options
        self._top = top_of(archive, profile)
        entries = [entry for entry in archive.infolist() if entry.filename and not is_folder(entry)]
        self._members = {path_of(entry): entry for entry in entries}
        self._listing = _Listing(archive, self._members)
        self._sides = ArchiveSides(self._listing, self._rule_of, worker.scale, options.limits)
        self._families = Families(self._listing, worker.detect, lambda family: None)
        self._notes: list[str] = []

    def run(self, out: BinaryIO) -> list[str]:
        """Write all entries in order; returns the notes."""
        entries = [entry for entry in self._archive.infolist() if entry.filename]
        if len(entries) < len(self._archive.infolist()):
            self._notes.append("An entry without a name was skipped.")
        works = [self._work_of(entry) for entry in entries]
        done, whole = 0, sum(works)
        with zipfile.ZipFile(out, "w") as target:
            target.comment = self._archive.comment
            for group, work in _groups(entries, works):
                self._options.progress(done, whole)
                self._write(target, group, [content(self._archive, entry) for entry in group])
                done += work
        self._options.progress(done, whole)
        return self._notes

    # By the first bytes of the entry, assuming no duplicates.
    def _work_of(self, entry: zipfile.ZipInfo) -> int:
        path = path_of(entry)
        if PurePosixPath(path).suffix.lower() not in READABLE or not self._rule(entry).upscale:
            return work_of(0)
        try:
            return work_of(pixels_claimed(content(self._archive, entry, HEAD), entry.file_size))
        except DepixelError:  # reported when its turn comes
            return work_of(0)

    def _write(self, target: zipfile.ZipFile, group: list[zipfile.ZipInfo], data: list[bytes]) -> None:
        textures = self._textures(group, data)
        paths = [path_of(entry) for entry in group]
        sides, sentences = self._sides.larger(paths, data)
        self._notes += sentences
        answers = dict(zip(textures, answer_all(self._worker, list(textures.values())), strict=True))
        for index, entry in enumerate(group):
            answer, rule = answers.get(index), self._rule(entry)
            if isinstance(answer, DepixelError):
                self._notes.append(f"{entry.filename}: {answer}")
            if isinstance(answer, bytes) and rule.treatment.into:
                target.writestr(_like(entry), data[index])
                self._add(target, entry, self._top + rule.treatment.into, answer)
            elif isinstance(answer, bytes):
                target.writestr(_like(entry, self._output(entry, rule)), answer)
            elif index in sides:
                target.writestr(_like(entry), sides[index])
            elif rule.action == "follow":
                target.writestr(_like(entry), followed(path_of(entry), data[index], self._scale_of(entry)))
            else:
                target.writestr(_like(entry), data[index])

    def _textures(self, group: list[zipfile.ZipInfo], data: list[bytes]) -> dict[int, Texture]:
        textures: dict[int, Texture] = {}
        for index, entry in enumerate(group):
            try:
                texture = self._texture(entry, data[index])
            except DepixelError as error:
                self._notes.append(f"{entry.filename}: {error}")
                continue
            except Exception as error:  # noqa: BLE001 (whatever one picture brings about must not stop the others)
                self._notes.append(f"{entry.filename}: {fault(entry.filename, error)}")
                continue
            if texture is not None and texture.left:
                self._notes.append(f"{entry.filename}: {texture.left}")
            elif texture is not None:
                textures[index] = texture
                if texture.remark:
                    self._notes.append(f"{entry.filename}: {texture.remark}")
        return textures

    def _texture(self, entry: zipfile.ZipInfo, data: bytes) -> Texture | None:
        path, rule = path_of(entry), self._rule(entry)
        system = any(is_system_file(part) for part in PurePosixPath(path).parts)
        if is_folder(entry) or system or PurePosixPath(path).suffix.lower() not in READABLE or not rule.upscale:
            return None
        memory.check_claim(path, data[:HEAD], self._worker.scale)
        otherwise = self._profile.otherwise(path.removeprefix(self._top), rule)
        output = self._output(entry, rule) or path
        limits, facts = self._options.limits, self._sides.facts(path)
        texture = prepare(data, path, rule, self._beside, self._worker.scale, output, otherwise, limits, facts)
        if not texture.left:
            memory.check(texture.picture, texture.scale)
            if self._worker.kind == "auto":
                mip = mip_of(path) if texture.level else None
                texture = with_family_kind(texture, mip[0] if mip else path, self._families)
        return texture

    def _rule(self, entry: zipfile.ZipInfo) -> Rule:
        return self._rule_of(path_of(entry))

    def _rule_of(self, path: str) -> Rule:
        return self._profile.rule_for(path.removeprefix(self._top))

    def _beside(self, name: str) -> bytes | None:
        return content(self._archive, self._members[name]) if name in self._members else None

    # The name of the output if it differs; unchanged names keep their bytes.
    def _output(self, entry: zipfile.ZipInfo, rule: Rule) -> str:
        path = path_of(entry)
        output = output_name(path, rule.treatment, lambda name: name in self._members)
        return "" if output == path else output

    # A description is scaled with its picture.
    def _scale_of(self, entry: zipfile.ZipInfo) -> int:
        picture = self._members.get(path_of(entry).removesuffix(".mcmeta"))
        if picture is None:
            return self._worker.scale
        return self._options.limits.scale_by_head(content(self._archive, picture, HEAD), self._worker.scale)

    # The larger picture goes where the game looks for replacements, unless the pack already has one there.
    def _add(self, target: zipfile.ZipFile, like: zipfile.ZipInfo, into: str, data: bytes) -> None:
        name = into + PurePosixPath(path_of(like)).name
        if name in self._archive.NameToInfo:
            return
        if name in target.NameToInfo:
            self._notes.append(f"{like.filename}: {name} already exists, from another folder; this one was skipped.")
            return
        target.writestr(_like(like, name), data)


class _Entry(zipfile.ZipInfo):
    """
    A name without the UTF-8 flag (macOS, old Japanese packs) is written with its original bytes: with the flag, games
    would look for the letters that zipfile decoded.
    """

    __slots__ = ("raw",)
    raw: bytes

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 (zipfile's name)
        raw = getattr(self, "raw", None)
        return (self.filename.encode("utf-8"), self.flag_bits | _UTF8) if raw is None else (raw, self.flag_bits)


# The original entry except for its content: name, time, method, permissions, extra fields.
def _like(entry: zipfile.ZipInfo, name: str = "") -> zipfile.ZipInfo:
    copy = _Entry(name or entry.filename, entry.date_time)
    renamed = copy.filename != entry.filename
    if not entry.flag_bits & _UTF8:
        with contextlib.suppress(UnicodeEncodeError):  # a second name in an extra field, which zipfile would prefer
            copy.raw = (copy.filename if renamed else entry.orig_filename).encode("cp437")
    copy.extra = _kept(entry.extra, {_ZIP64, _UNICODE_PATH} if renamed else {_ZIP64})
    copy.compress_type, copy.internal_attr = entry.compress_type, entry.internal_attr
    copy.external_attr, copy.create_system = entry.external_attr, entry.create_system
    copy.comment = entry.comment
    return copy


# Extra fields (APPNOTE 4.5) except these; unreadable ones are dropped.
def _kept(extra: bytes, without: set[int]) -> bytes:
    fields, at = b"", 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind not in without and at + 4 + length <= len(extra):
            fields += extra[at : at + 4 + length]
        at += 4 + length
    return fields


# With the amount of work for each group.
def _groups(entries: list[zipfile.ZipInfo], works: list[int]) -> Iterator[tuple[list[zipfile.ZipInfo], int]]:
    group: list[zipfile.ZipInfo] = []
    size = work = 0
    for entry, more in zip(entries, works, strict=True):
        full = len(group) == _GROUP or size + entry.file_size > _GROUP_BYTES or work + more > _GROUP_WORK
        if group and full:
            yield group, work
            group, size, work = [], 0, 0
        group.append(entry)
        size, work = size + entry.file_size, work + more
    if group:
        yield group, work
