"""
Reads archives of `torch.save` with one parser from one copy of the bytes, so that the checked bytes are the ones used.

An archive may have two tables of contents, overlapping entries, or bytes outside all entries, so that two programs read
different networks from it. An archive that can be read in more than one way is refused here. Its pickle can only hold
tensors (`RestrictedUnpickler`), and a tensor cannot be larger than its bytes.
"""

from __future__ import annotations

import io
import math
import zipfile
from typing import Any, ClassVar

import torch
from torch import Tensor

from depixel.priors.importers.unpickler import OddPickleError, Record, RestrictedUnpickler, check_opcodes

_DESCRIPTOR = 24  # bytes that may follow an entry and repeat its sizes
_LOCAL = 30  # bytes of an entry's own header before its name
_PADDED = 64 * 1024  # most bytes by which torch aligns an entry

_DTYPES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


class _StorageType:
    """A pickle's name for "numbers of this type"."""

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype


def read_archive(data: bytes) -> Any:
    """
    The object that `torch.save` stored in an archive.

    Raises:
        OddPickleError: the archive is ambiguous, or holds a program or an impossible tensor.
        pickle.UnpicklingError: its pickle names something that weights do not need.
        zipfile.BadZipFile, KeyError, ValueError: it is damaged.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = _entries(archive, data)
        pickles = [name for name in entries if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise OddPickleError(f"it holds {len(pickles)} pickles")
        root = pickles[0].removesuffix("data.pkl")
        order = entries.get(f"{root}byteorder")
        if order is not None and order.strip() != b"little":
            raise OddPickleError("its numbers are not in little-endian order")
        stream = io.BytesIO(entries[pickles[0]])
        check_opcodes(stream)
        return _ArchiveUnpickler(stream, entries, root).load()


# The contents by name; they must be stored uncompressed, one after another, with nothing in between.
def _entries(archive: zipfile.ZipFile, data: bytes) -> dict[str, bytes]:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if any("/code/" in name or name.endswith("/constants.pkl") for name in names):
        raise OddPickleError("it is a compiled program (TorchScript)")
    if any(info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 for info in infos):
        if sum(info.file_size for info in infos) > len(data):
            raise OddPickleError("it unpacks to more bytes than it has")
        raise OddPickleError("its entries are compressed or encrypted")
    if len(set(names)) != len(names):
        raise OddPickleError("two of its entries have the same name")
    contents: dict[str, bytes] = {}
    position = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        start = info.header_offset
        if not position <= start <= position + _DESCRIPTOR:
            raise OddPickleError("it has bytes that belong to no entry")
        name_length, extra = (int.from_bytes(data[start + at : start + at + 2], "little") for at in (26, 28))
        begin = start + _LOCAL + name_length + extra
        name = data[start + _LOCAL : start + _LOCAL + name_length]
        if data[start : start + 4] != b"PK\x03\x04" or name != info.filename.encode() or extra > _PADDED:
            raise OddPickleError("its table of contents and its entries disagree")
        if info.file_size != info.compress_size:
            raise OddPickleError("an entry has two sizes")
        position = begin + info.file_size
        contents[info.filename] = data[begin:position]
    if not position <= archive.start_dir <= position + _DESCRIPTOR:
        raise OddPickleError("it has bytes that belong to no entry")
    _check_end(archive, data, len(infos))
    return contents


# One table of contents, directly followed by the records at the end of the archive.
def _check_end(archive: zipfile.ZipFile, data: bytes, count: int) -> None:
    position = archive.start_dir
    for _ in range(count):
        if data[position : position + 4] != b"PK\x01\x02":
            raise OddPickleError("its table of contents is damaged")
        position += 46 + sum(int.from_bytes(data[position + at : position + at + 2], "little") for at in (28, 30, 32))
    if data[position : position + 4] == b"PK\x06\x06":  # zip64: a record of 56 bytes and its locator of 20
        position += 76
    if data[position : position + 4] != b"PK\x05\x06" or position + 22 != len(data):
        raise OddPickleError("it continues after its table of contents")


class _ArchiveUnpickler(RestrictedUnpickler):
    """Tensors come from the archive's own entries."""

    ALLOWED: ClassVar[dict[tuple[str, str], Any]] = {
        **RestrictedUnpickler.ALLOWED,
        ("argparse", "Namespace"): Record,
        ("typing", "OrderedDict"): dict,
        **{("torch", name): _StorageType(dtype) for name, dtype in _DTYPES.items()},
    }

    def __init__(self, stream: io.BytesIO, entries: dict[str, bytes], root: str) -> None:
        super().__init__(stream)
        self._entries, self._root = entries, root
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _parameter
        return super().find_class(module, name)

    def persistent_load(self, pid: Any, /) -> Tensor:
        """("storage", type, key, device, count) => its numbers [count]."""
        kind, storage, key = pid[0], pid[1], str(pid[2])
        if kind != "storage" or not isinstance(storage, _StorageType):
            raise OddPickleError("it refers to something that is not a tensor")
        if key not in self._storages:
            raw = bytearray(self._entries[f"{self._root}data/{key}"])
            size = torch.empty(0, dtype=storage.dtype).element_size()
            if len(raw) % size:
                raise OddPickleError("a tensor ends within a number")
            empty = torch.empty(0, dtype=storage.dtype)
            self._storages[key] = torch.frombuffer(raw, dtype=storage.dtype) if raw else empty
        numbers = self._storages[key]
        if numbers.dtype != storage.dtype:
            raise OddPickleError("a tensor has two types")
        return numbers


def _tensor(numbers: Any, offset: Any, size: Any, stride: Any, *_others: object) -> Tensor:
    if (
        not isinstance(numbers, Tensor)
        or not isinstance(offset, int)
        or not all(
            isinstance(x, tuple) and all(isinstance(n, int) and 0 <= n < 2**62 for n in x) for x in (size, stride)
        )
    ):
        raise OddPickleError("a tensor is described by something other than numbers")
    if len(size) != len(stride) or not 0 <= offset <= numbers.numel():
        raise OddPickleError("a tensor lies outside of its numbers")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if math.prod(size) > numbers.numel():
        raise OddPickleError("a tensor claims more numbers than the file holds")
    if math.prod(size) and last >= numbers.numel():
        raise OddPickleError("a tensor lies outside of its numbers")
    return numbers.as_strided(size, stride, offset)


def _parameter(data: Any, *_others: object) -> Any:
    return data
