"""Reads other people's pickles without running code from them.

A pickle is a small program that names functions to call. Only a closed list of names is allowed here, and each of them
maps to code of ours that only holds data: tensors are rebuilt from their bytes; persistent classes (NVIDIA's way to
include source code) become plain records of their state, and the source is ignored. A file with any other name is
refused.
"""

from __future__ import annotations

import argparse
import collections
import io
import math
import pickle
import pickletools
import warnings
from typing import IO, Any, ClassVar

import torch
from torch import Tensor, nn
from torch._utils import _rebuild_parameter, _rebuild_tensor_v2

from depixel.errors import WeightsError

SOURCE_LIMIT = 4 * 2**30  # most bytes of a file that is opened
MODULES_LIMIT = 100_000  # modules of one network; real ones have hundreds
DEPTH_LIMIT = 50  # of modules inside modules
TUPLES_LIMIT = 20_000  # in one pickle; large networks have a few thousand
_LEGACY = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)  # the first of five pickles


class Record(dict[Any, Any]):
    """An object of the pickle as data: the arguments it was made from, and its state."""

    def __setstate__(self, state: object) -> None:
        if isinstance(state, dict):
            self.update(state)


class RefusedPickleError(pickle.UnpicklingError):
    """The pickle names something outside the list."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class OddPickleError(pickle.UnpicklingError):
    """The file has a structure that weights never have, which the text names."""


# The constructor of persistent classes: keeps class name and state, drops the source.
def _persistent(meta: object) -> Record:
    record = Record()
    if isinstance(meta, dict):
        record["class_name"] = str(meta.get("class_name", ""))
        state = meta.get("state")
        if isinstance(state, dict):
            record.update(state)
    return record


# A storage is an inner torch file; torch's own weights-only reader parses it.
def _storage(data: bytes) -> Any:
    _check_torch(io.BytesIO(data))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        storage = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    if not isinstance(storage, (torch.TypedStorage, torch.UntypedStorage)):
        raise RefusedPickleError("an invalid storage")
    return storage


# torch makes a storage longer where a tensor reaches beyond it: some hundred bytes would become gigabytes.
def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *others: Any) -> Tensor:
    if not isinstance(storage, (torch.TypedStorage, torch.UntypedStorage)) or not (
        isinstance(offset, int)
        and all(isinstance(x, tuple) and all(isinstance(n, int) and 0 <= n < 2**62 for n in x) for x in (size, stride))
    ):
        raise OddPickleError("a tensor is described by something other than numbers")
    if len(size) != len(stride) or offset < 0:
        raise OddPickleError("a tensor lies outside of its numbers")
    if isinstance(storage, torch.TypedStorage):  # its own methods warn that it is deprecated
        numbers = storage._untyped_storage.nbytes() // storage.dtype.itemsize
    else:
        numbers = storage.nbytes()
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if math.prod(size) and last >= numbers:
        raise OddPickleError("a tensor claims more numbers than the file holds")
    tensor: Tensor = _rebuild_tensor_v2(storage, offset, size, stride, *others)
    return tensor


# Pickles of protocol 2 store bytes as text of the first 256 characters.
def _bytes(text: object, encoding: object = "latin1") -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise RefusedPickleError("_codecs.encode")
    return text.encode("latin1")


def _inert(*_arguments: object, **_settings: object) -> Record:
    return Record()


class RestrictedUnpickler(pickle.Unpickler):
    """An unpickler with a closed list of allowed names (see the module)."""

    ALLOWED: ClassVar[dict[tuple[str, str], Any]] = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
        ("torch.storage", "_load_from_bytes"): _storage,
        ("torch", "Size"): torch.Size,
        ("torch", "device"): _inert,
        ("torch_utils.persistence", "_reconstruct_persistent_obj"): _persistent,
        ("dnnlib.util", "EasyDict"): Record,
        ("dnnlib", "EasyDict"): Record,
        ("numpy", "dtype"): _inert,
        ("numpy.core.multiarray", "scalar"): _inert,
        ("numpy._core.multiarray", "scalar"): _inert,
        ("numpy.core.multiarray", "_reconstruct"): _inert,
        ("numpy._core.multiarray", "_reconstruct"): _inert,
        ("numpy", "ndarray"): _inert,
        ("builtins", "set"): set,
        ("numpy.core.numeric", "_frombuffer"): _inert,
        ("numpy._core.numeric", "_frombuffer"): _inert,
        ("_codecs", "encode"): _bytes,
    }

    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) in self.ALLOWED:
            return self.ALLOWED[module, name]
        if module == "torch" and isinstance(getattr(torch, name, None), torch.dtype):
            return getattr(torch, name)
        raise RefusedPickleError(f"{module}.{name}")


def read_pickle(file: IO[bytes], label: str) -> Any:
    """The pickle as plain data.

    Raises:
        WeightsError: it names something that weights do not need, or is damaged.
    """
    try:
        check_opcodes(file)
        return RestrictedUnpickler(file).load()
    except RefusedPickleError as error:
        if error.name.startswith("dnnlib.tflib"):
            raise WeightsError(
                f"{label} is a TensorFlow network of the first StyleGAN releases; choose its PyTorch version."
            ) from None
        raise WeightsError(
            f"{label} was refused: it asks to run {error.name}, which no weights need; do not open it elsewhere either."
        ) from None
    except OddPickleError as error:
        raise WeightsError(f"{label} was refused: {error}, which weights never do.") from None
    except Exception as error:  # noqa: BLE001 (a damaged pickle can fail in any way; nothing of it is used)
        raise WeightsError(f"{label} is not a readable pickle ({type(error).__name__}); download it again.") from None


def check_opcodes(file: IO[bytes], pickles: int = 1) -> None:
    """
    Refuse pickles that exhaust memory, before any opcode is executed: a pickle may announce a thousand million objects,
    for which the unpickler would allocate memory; deeply nested tuples crash the process when they are compared. The
    position in the file does not change.

    Raises:
        OddPickleError: it is such a pickle.
    """
    start = file.tell()
    length = file.seek(0, io.SEEK_END) - start
    file.seek(start)
    tuples = 0
    for _ in range(pickles):
        for opcode, argument, _ in pickletools.genops(file):
            tuples += "TUPLE" in opcode.name
            index = int(argument or 0) if "PUT" in opcode.name else 0
            if tuples > TUPLES_LIMIT or index > length:
                raise OddPickleError("it counts more objects than it can hold")
    file.seek(start)


# The same for what torch's own loader is to read: the older form, a row of five pickles. Archives have a reader of our
# own; torch writes none into a pickle, and its loader might read another archive than we check.
def _check_torch(file: IO[bytes]) -> None:
    if file.read(4)[:2] == b"PK":
        raise OddPickleError("it holds an archive inside a pickle")
    file.seek(0)
    check_opcodes(file, pickles=5 if is_legacy_torch(file) else 1)


def read_torch(data: bytes, label: str) -> Any:
    """
    Read what `torch.save` wrote: archives with our own reader, the older form with torch's weights-only reader.

    Args:
        data: the whole file, read once, so that the checked bytes are the ones used.

    Raises:
        WeightsError: it holds anything other than tensors and plain data, or is damaged.
    """
    from depixel.priors.importers.torch_archive import read_archive

    try:
        if data[:4] == b"PK\x03\x04":
            return read_archive(data)
        file = io.BytesIO(data)
        _check_torch(file)
        file.seek(0)
        # Checkpoints include their options; a Namespace only holds data.
        with warnings.catch_warnings(), torch.serialization.safe_globals([argparse.Namespace]):
            warnings.simplefilter("ignore")
            return torch.load(file, map_location="cpu", weights_only=True)
    except RefusedPickleError as error:
        raise WeightsError(
            f"{label} was refused: it asks to run {error.name}, which no weights need; do not open it elsewhere either."
        ) from None
    except OddPickleError as error:
        raise WeightsError(f"{label} was refused: {error}; choose a file of plain weights.") from None
    except pickle.UnpicklingError as error:
        raise WeightsError(f"{label} was refused: {_reason(str(error))}; choose a file of plain weights.") from None
    except Exception as error:  # noqa: BLE001 (a damaged file can fail in any way; nothing of it is used)
        raise WeightsError(f"{label} is not a torch file ({type(error).__name__}); download it again.") from None


def is_legacy_torch(file: IO[bytes]) -> bool:
    """Whether this is the older form of torch.save, from before archives; the position in the file does not change."""
    start = file.tell()
    begins = file.read(len(_LEGACY)) == _LEGACY
    file.seek(start)
    return begins


def state_of(record: object) -> dict[str, Tensor]:
    """The state dict of a recorded module: parameters and buffers under dotted names.

    Raises:
        WeightsError: the modules are nested deeper, or are more, than in any network, for example if one contains
            itself.
    """
    out: dict[str, Tensor] = {}
    waiting: list[tuple[object, str, int]] = [(record, "", 0)]
    visited = 0
    while waiting:
        module, prefix, depth = waiting.pop()
        if not isinstance(module, dict):
            continue
        visited += 1
        if visited > MODULES_LIMIT or depth > DEPTH_LIMIT:
            raise WeightsError("These weights were refused: their modules contain one another endlessly.")
        for kind in ("_parameters", "_buffers"):
            for key, value in _entries(module, kind):
                if isinstance(value, (Tensor, nn.Parameter)):
                    out[f"{prefix}{key}"] = value.detach()
        waiting += [(child, f"{prefix}{key}.", depth + 1) for key, child in _entries(module, "_modules")]
    return out


def _entries(module: dict[Any, Any], kind: str) -> list[tuple[object, Any]]:
    entries = module.get(kind)
    return list(entries.items()) if isinstance(entries, dict) else []


# The first informative line of torch's long message.
def _reason(text: str) -> str:
    for line in text.splitlines():
        if "Unsupported" in line or "GLOBAL" in line:
            return line.strip().split(". ")[0].rstrip(".")
    return "it holds more than weights"
