"""Reading other people's pickles without running anything in them.

A pickle is a little program that names functions to call. Here only a closed list of names is honoured, and each of
them is answered by code of ours that can do no more than hold data: tensors are rebuilt from their bytes, persistent
classes (NVIDIA's way to carry source code along) become plain records of their state, the source is never looked at.
Any other name refuses the file.
"""

from __future__ import annotations

import argparse
import collections
import io
import pickle
import warnings
from pathlib import Path
from typing import IO, Any, ClassVar

import torch
from torch import Tensor, nn
from torch._utils import _rebuild_parameter, _rebuild_tensor_v2

from depixel.errors import WeightsError

SOURCE_LIMIT = 4 * 2**30  # bytes of a file that is opened at all


class Record(dict[Any, Any]):
    """An object of the pickle, as data: what it was made from, and its state under its own keys."""

    def __setstate__(self, state: object) -> None:
        if isinstance(state, dict):
            self.update(state)


class RefusedPickleError(pickle.UnpicklingError):
    """The pickle names something outside the list."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


# The constructor recorded by persistent classes: keep class name and state, drop the source.
def _persistent(meta: object) -> Record:
    record = Record()
    if isinstance(meta, dict):
        record["class_name"] = str(meta.get("class_name", ""))
        state = meta.get("state")
        if isinstance(state, dict):
            record.update(state)
    return record


# A storage travels as the bytes of an inner torch file; torch's own weights-only reader takes it apart.
def _storage(data: bytes) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        storage = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    if not isinstance(storage, (torch.TypedStorage, torch.UntypedStorage)):
        raise RefusedPickleError("a storage that is none")
    return storage


def _inert(*_arguments: object, **_settings: object) -> Record:
    return Record()


class RestrictedUnpickler(pickle.Unpickler):
    """An unpickler that knows a closed list of names (see the module)."""

    ALLOWED: ClassVar[dict[tuple[str, str], Any]] = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor_v2,
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
        ("_codecs", "encode"): _inert,
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
        WeightsError: it names something that weights have no need of, or is damaged.
    """
    try:
        return RestrictedUnpickler(file).load()
    except RefusedPickleError as error:
        if error.name.startswith("dnnlib.tflib"):
            raise WeightsError(
                f"{label} is a TensorFlow network of the first StyleGAN releases; give its PyTorch version."
            ) from None
        raise WeightsError(
            f"{label} was refused: it asks to run {error.name}, which no weights need; do not open it elsewhere either."
        ) from None
    except Exception as error:  # noqa: BLE001 (a damaged pickle can fail in any way; nothing of it is kept)
        raise WeightsError(f"{label} is no readable pickle ({type(error).__name__}); download it again.") from None


def read_torch(path: Path) -> Any:
    """What `torch.save` wrote, by torch's weights-only reader.

    Raises:
        WeightsError: it holds anything but tensors and plain data, or is damaged.
    """
    try:
        torch.serialization.add_safe_globals(
            [argparse.Namespace]
        )  # checkpoints carry their options; it only holds data
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(f"{path.name} was refused: {_reason(str(error))}; give a file of plain weights.") from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise WeightsError(f"{path.name} is no torch file ({type(error).__name__}); download it again.") from None


def state_of(record: object, prefix: str = "") -> dict[str, Tensor]:
    """The state dict of a recorded module: parameters and buffers under dotted names."""
    out: dict[str, Tensor] = {}
    if not isinstance(record, dict):
        return out
    for kind in ("_parameters", "_buffers"):
        for key, value in (record.get(kind) or {}).items():
            if isinstance(value, (Tensor, nn.Parameter)):
                out[prefix + key] = value.detach()
    for key, value in (record.get("_modules") or {}).items():
        out |= state_of(value, f"{prefix}{key}.")
    return out


# The first telling line of torch's long advice.
def _reason(text: str) -> str:
    for line in text.splitlines():
        if "Unsupported" in line or "GLOBAL" in line:
            return line.strip().split(". ")[0].rstrip(".")
    return "it holds more than weights"
