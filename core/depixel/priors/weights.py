"""
Released weights and weights that a user added: safetensors files with a JSON configuration in their metadata, each with
a card next to it. Loading executes nothing from the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from safetensors import SafetensorError, safe_open

from depixel.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor, nn  # `depixel models` reads the files without torch

NetworkT = TypeVar("NetworkT", bound="nn.Module")

RELEASED = Path(__file__).resolve().parent.parent / "weights"

ENVIRONMENT = "DEPIXEL_MODELS_DIR"
"""Environment variable that moves the folder of added weights: for tests and shared machines."""


@dataclass(frozen=True)
class LoadedWeights:
    """A weights file in memory."""

    name: str  # file name without extension
    config: dict[str, Any]  # "config" of the metadata, decoded
    metadata: dict[str, str]
    tensors: dict[str, Tensor]  # float16 storage is widened to float32
    digest: str  # SHA-256 of the file, first 16 hex digits
    remedy: str = "choose other weights"  # advice for the user if the weights cannot be used


def released_names() -> list[str]:
    """Names of the generators that ship with this installation, sorted; without readers, exemplars and the like."""
    names = (path.stem for path in RELEASED.glob("*.safetensors"))
    helpers = ("detail-", "finder-", "head", "parts-", "reader-", "undither-")
    return sorted(name for name in names if not name.startswith(helpers))


def added_folder() -> Path:
    """The folder of `depixel models add`: the user's own, which updates of Depixel do not touch."""
    if os.environ.get(ENVIRONMENT):
        return Path(os.environ[ENVIRONMENT])
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "Depixel" / "models"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "Depixel" / "models"
    return home / ".local" / "share" / "depixel" / "models"


def added_names() -> list[str]:
    """
    Names of the weights that this user added, sorted; a released name is never among them. Anything that is not a file
    is skipped, and so is a file whose name is not valid text: it could not be sent to a client or shown in a terminal.
    """
    names = {path.stem for path in added_folder().glob("*.safetensors") if path.stem.isprintable() and path.is_file()}
    return sorted(names - set(released_names()))


def passed_over() -> list[Path]:
    """Entries of the folder of added weights that `added_names` skips and that the user may miss, sorted."""
    names = {*added_names(), *released_names()}
    return sorted(path for path in added_folder().glob("*.safetensors") if path.stem not in names)


def installed_path(name: str) -> Path:
    """
    The file of released or added weights with this name.

    Raises:
        WeightsError: it does not exist; the sentence lists the existing ones.
    """
    if name in released_names():
        return RELEASED / f"{name}.safetensors"
    if name in added_names():
        return added_folder() / f"{name}.safetensors"
    there = ", ".join([*released_names(), *added_names()]) or "none"
    raise WeightsError(f"No weights named {name!r} (here: {there}); use one of these or a .safetensors file.")


def weights_path(name: str) -> Path:
    """
    The file of released or added weights, or the path itself if `name` is the path of a .safetensors file.

    Raises:
        WeightsError: there is no such file; the sentence lists the existing names.
    """
    path = Path(name)
    if path.suffix == ".safetensors" and path.is_file():
        return path
    return installed_path(name)


def digest_of(path: Path) -> str:
    """SHA-256 of the file, first 16 hex digits: in every report and in the watcher's ledger key. Raises OSError."""
    about = path.stat()
    return _digest(path, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=64)
def _digest(path: Path, _size: int, _time: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()[:16]


def remedy_for(path: Path) -> str:
    """Advice for a weights file that cannot be used; only Depixel's own come with its installation."""
    if path.resolve().parent == RELEASED:
        return "install Depixel again"
    return "get the file again, or choose other weights"


def load_weights(name: str) -> LoadedWeights:
    """
    Read released weights by name, or a .safetensors file by path.

    Raises:
        WeightsError: the file is missing, damaged, or lacks the configuration of Depixel's own files.
    """
    path = weights_path(name)
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = dict(file.metadata() or {})
            tensors = {key: _widen(file.get_tensor(key)) for key in file.keys()}  # noqa: SIM118 (no dict)
        config = _config(metadata)
    except (SafetensorError, OSError, KeyError, ValueError, struct.error) as error:
        reason = str(error).removeprefix("Error while deserializing header: ")
        raise WeightsError(f"{path.name} cannot be read as weights ({reason}); {remedy_for(path)}.") from error
    return LoadedWeights(path.stem, config, metadata, tensors, digest_of(path), remedy_for(path))


def _config(metadata: dict[str, str]) -> dict[str, Any]:
    """The configuration in the metadata. Raises ValueError with a reason for people."""
    if "config" not in metadata:
        raise ValueError("it has no configuration, which Depixel's own files have: other networks are added with "
                         "`depixel models add`")  # fmt: skip
    try:
        config = json.loads(metadata["config"])
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise ValueError("its configuration is damaged")
    return config


def load_network(network: NetworkT, path: Path, kind: str, noun: str) -> NetworkT:
    """
    Load released weights, or others of the same kind, into a network that analyses pictures.

    Args:
        kind: of the weights' configuration, e.g. "reader".
        noun: what the network is, for messages, e.g. "a face reader".

    Raises:
        WeightsError: the file is missing, damaged, or holds another network.
    """
    weights = load_weights(str(path))
    if weights.config.get("kind") != kind:
        raise WeightsError(f"{path} does not hold {noun}; {weights.remedy}.")
    try:
        network.load_state_dict(weights.tensors)
    except RuntimeError as error:
        raise WeightsError(
            f"The tensors of {weights.name} are not those of {noun} ({error}); {weights.remedy}."
        ) from error
    return network


def _widen(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor
