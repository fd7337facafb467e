"""A zip of textures in, a zip of larger textures out: entry by entry, in order, everything else byte for byte."""

from __future__ import annotations

import contextlib
import errno
import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from depixel.errors import DepixelError, UnreadablePictureError, UnsupportedPictureError
from depixel.files import READABLE
from depixel_watch.packs.conventions import followed, output_name
from depixel_watch.packs.profiles import PackProfile, Rule, recognise
from depixel_watch.work.task import fault
from depixel_watch.work.texture import Texture, Upscaler, answer_all, prepare

MAX_ENTRIES = 200_000
MAX_ENTRY_BYTES = 2**28
MAX_BYTES = 2**34  # of all entries together, unpacked
MAX_DICTIONARY = 2**27  # bytes; LZMA's own programs use up to 64 MiB
MAX_RATIO = 200  # unpacked to packed bytes of the whole archive; deflate itself ends at about 1000
# What zipfile answers to damage; RuntimeError: a local header that says encrypted when the directory did not.
_DAMAGE = (zipfile.BadZipFile, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError, OverflowError)
_UTF8 = 0x800  # flag: the name is UTF-8, else the old PC's letters or nobody knows what
_ZIP64, _UNICODE_PATH = 0x0001, 0x7075  # extra fields: large sizes, the name once more
_GROUP = 64  # pictures that are in memory together
_GROUP_BYTES = 2**25


def rewrite(source: Path, out: BinaryIO, worker: Upscaler, profiles: dict[str, PackProfile]) -> list[str]:
    """
    Write the upscaled archive.

    Returns:
        A sentence for each picture that could not be upscaled and was copied as it is.

    Raises:
        UnreadablePictureError: no whole archive (no end record, wrong checksums).
        UnsupportedPictureError: encrypted, or built to do harm.
    """
    with opened(source) as archive:
        check_archive(archive, source.name)
        return _rewrite(archive, out, worker, profiles)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive. Raises DepixelError as `rewrite` does, OSError where the disk is at fault."""
    with contextlib.ExitStack() as stack:
        with _unpacking(path.name):
            archive = stack.enter_context(zipfile.ZipFile(path))
        yield archive


# Round calls of zipfile and nothing else, lest a fault of ours be called damage.
@contextlib.contextmanager
def _unpacking(name: str, part: str = "") -> Iterator[None]:
    try:
        yield
    except NotImplementedError as error:
        raise UnsupportedPictureError(f"{name} is packed in a way that is not handled: {error}.") from error
    except MemoryError as error:
        raise UnsupportedPictureError(f"{name} asks for more memory than there is; it is not unpacked.") from error
    except _DAMAGE as error:
        raise UnreadablePictureError(f"{name} is no whole archive: {part}{error}.") from error
    except OSError as error:
        if error.errno not in (errno.EINVAL, None):
            raise  # the disk's fault
        reason = "it points outside itself" if error.errno else str(error).lower()  # bz2 knows no other error
        raise UnreadablePictureError(f"{name} is no whole archive: {part}{reason}.") from error


def content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int = -1) -> bytes:
    """The entry, or its first `most` bytes. Raises DepixelError as `rewrite` does."""
    name = PurePosixPath(archive.filename or "").name
    with _unpacking(name, f"{entry.filename!r} is damaged: "):
        if entry.compress_type == zipfile.ZIP_LZMA and _dictionary(archive, entry) > MAX_DICTIONARY:
            raise UnsupportedPictureError(f"{name} asks for too much memory to unpack {entry.filename!r}.")
        with archive.open(entry) as file:
            return file.read(most)


# Bytes that LZMA says it needs, which need have nothing to do with what it holds (APPNOTE 5.8.8).
def _dictionary(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    if archive.fp is None:
        return 0
    archive.fp.seek(entry.header_offset + 26)
    lengths = archive.fp.read(4)
    archive.fp.seek(sum(struct.unpack("<2H", lengths.ljust(4, b"\0"))), io.SEEK_CUR)
    return int.from_bytes(archive.fp.read(9)[5:], "little")


def check_archive(archive: zipfile.ZipFile, name: str) -> None:
    """
    Names that leave the folder, links, twins and bombs refuse the archive as a whole: half a pack helps nobody.

    Raises:
        UnsupportedPictureError: what is wrong with it.
    """
    entries = archive.infolist()
    seen: set[str] = set()
    for entry in entries:
        path = PurePosixPath(entry.filename)
        bad = path.is_absolute() or ".." in path.parts or "\\" in entry.orig_filename or "\0" in entry.orig_filename
        if bad or ":" in entry.filename.split("/")[0]:
            raise UnsupportedPictureError(f"{name} holds the unsafe name {entry.filename!r}; it is not opened.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UnsupportedPictureError(f"{name} holds the symbolic link {entry.filename!r}; it is not opened.")
        if path.as_posix() in seen:  # ./a.png is a.png; A.png is not, where games read archives
            raise UnsupportedPictureError(f"{name} holds {entry.filename!r} twice; it is not opened.")
        if entry.flag_bits & 0x1:
            raise UnsupportedPictureError(f"{name} is encrypted; unpack it with its password first.")
        if entry.file_size > MAX_ENTRY_BYTES:
            raise UnsupportedPictureError(f"{name} holds {entry.filename!r} of {entry.file_size} bytes; too large.")
        seen.add(path.as_posix())
    whole = sum(entry.file_size for entry in entries)
    # Entries that lie over each other count once: all of them together lie before the directory.
    packed = min(sum(entry.compress_size for entry in entries), archive.start_dir)
    if len(entries) > MAX_ENTRIES or whole > MAX_BYTES or whole > MAX_RATIO * packed + 2**24:
        raise UnsupportedPictureError(f"{name} would unpack to {whole} bytes; that is no texture pack.")


def names_for(archive: zipfile.ZipFile) -> list[str]:
    """What an archive is recognised by: names in its root, its own, and those of its first files."""
    entries = archive.infolist()
    return [
        *(e.filename for e in entries if "/" not in e.filename),
        PurePosixPath(archive.filename or "").name,
        *(PurePosixPath(e.filename).name for e in entries[:1000]),
    ]


def top_of(archive: zipfile.ZipFile, profile: PackProfile) -> str:
    """
    "NAME/" where all of a pack lies in one folder, as in zips of whole repositories, else "". Rules are for paths in
    it; Doom's engines look past it as well.
    """
    paths = [PurePosixPath(entry.filename) for entry in archive.infolist() if not entry.is_dir()]
    tops = {path.parts[0] for path in paths if len(path.parts) > 1}
    marked = any(len(path.parts) == 2 and profile.is_marked_by(path.name) for path in paths)
    whole = len(tops) == 1 and all(len(path.parts) > 1 for path in paths)
    return f"{tops.pop()}/" if whole and marked else ""


def _rewrite(archive: zipfile.ZipFile, out: BinaryIO, worker: Upscaler, profiles: dict[str, PackProfile]) -> list[str]:
    entries = archive.infolist()
    profile = recognise(profiles, names_for(archive))
    top = top_of(archive, profile)
    notes: list[str] = []
    with zipfile.ZipFile(out, "w") as made:
        made.comment = archive.comment
        for group in _groups(entries):
            given = [content(archive, entry) for entry in group]
            textures: dict[int, Texture] = {}
            for index, entry in enumerate(group):
                try:
                    rule = profile.rule_for(entry.filename.removeprefix(top))
                    texture = _texture(archive, entry, given[index], rule, worker.scale)
                except DepixelError as error:
                    notes.append(f"{entry.filename}: {error}")
                    continue
                except Exception as error:  # noqa: BLE001 (whatever one picture brings about must not stop the others)
                    notes.append(f"{entry.filename}: {fault(entry.filename, error)}")
                    continue
                if texture is not None:
                    textures[index] = texture
                    if texture.remark:
                        notes.append(f"{entry.filename}: {texture.remark}")
            answers = dict(zip(textures, answer_all(worker, list(textures.values())), strict=True))
            for index, entry in enumerate(group):
                answer = answers.get(index)
                if isinstance(answer, DepixelError):
                    notes.append(f"{entry.filename}: {answer}")
                rule = profile.rule_for(entry.filename.removeprefix(top))
                if isinstance(answer, bytes) and rule.treatment.into:
                    made.writestr(_like(entry), given[index])
                    notes += _add(made, entry, top + rule.treatment.into, answer, archive)
                elif isinstance(answer, bytes):
                    made.writestr(_like(entry, _output(archive, entry, rule)), answer)
                elif rule.action == "follow":
                    made.writestr(_like(entry), followed(entry.filename, given[index], worker.scale))
                else:
                    made.writestr(_like(entry), given[index])
    return notes


# The larger picture goes where the game looks for replacements, unless the pack has one of its own there.
def _add(made: zipfile.ZipFile, like: zipfile.ZipInfo, into: str, data: bytes, archive: zipfile.ZipFile) -> list[str]:
    name = into + PurePosixPath(like.filename).name
    if name in archive.NameToInfo:
        return []
    if name in made.NameToInfo:
        return [f"{like.filename}: {name} is there already, from another folder of the pack; this one was left out."]
    made.writestr(_like(like, name), data)
    return []


def _texture(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, data: bytes, rule: Rule, scale: int) -> Texture | None:
    if entry.is_dir() or PurePosixPath(entry.filename).suffix.lower() not in READABLE or not rule.upscale:
        return None

    def beside(name: str) -> bytes | None:
        return content(archive, archive.NameToInfo[name]) if name in archive.NameToInfo else None

    return prepare(data, entry.filename, rule, beside, scale, _output(archive, entry, rule))


def _output(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, rule: Rule) -> str:
    return output_name(entry.filename, rule.treatment, lambda name: name in archive.NameToInfo)


class _Entry(zipfile.ZipInfo):
    """
    A name without the mark that it is UTF-8 (macOS, old Japanese packs) is written in the bytes that it was read from:
    marked, the letters that zip takes them for would be what games look for.
    """

    __slots__ = ("raw",)
    raw: bytes

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 (zipfile's name)
        raw = getattr(self, "raw", None)
        return (self.filename.encode("utf-8"), self.flag_bits | _UTF8) if raw is None else (raw, self.flag_bits)


# The entry as it was, but for its content: name, time, method, permissions, extra fields.
def _like(entry: zipfile.ZipInfo, name: str = "") -> zipfile.ZipInfo:
    made = _Entry(name or entry.filename, entry.date_time)
    renamed = made.filename != entry.filename
    if not entry.flag_bits & _UTF8:
        with contextlib.suppress(UnicodeEncodeError):  # a second name beside it, which zipfile takes for the first
            made.raw = (made.filename if renamed else entry.orig_filename).encode("cp437")
    made.extra = _kept(entry.extra, {_ZIP64, _UNICODE_PATH} if renamed else {_ZIP64})
    made.compress_type = entry.compress_type
    made.internal_attr, made.external_attr = entry.internal_attr, entry.external_attr
    made.create_system = entry.create_system
    made.comment = entry.comment
    return made


# Extra fields (APPNOTE 4.5) but for those; what cannot be read as such is left behind.
def _kept(extra: bytes, without: set[int]) -> bytes:
    kept, at = b"", 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind not in without and at + 4 + length <= len(extra):
            kept += extra[at : at + 4 + length]
        at += 4 + length
    return kept


def _groups(entries: list[zipfile.ZipInfo]) -> Iterator[list[zipfile.ZipInfo]]:
    group: list[zipfile.ZipInfo] = []
    for entry in entries:
        if group and (len(group) == _GROUP or sum(e.file_size for e in group) + entry.file_size > _GROUP_BYTES):
            yield group
            group = []
        group.append(entry)
    if group:
        yield group
