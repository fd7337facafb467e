"""Adds other people's models to the user's own folder of weights, and removes them."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from depixel.errors import BadUsageError, UnwritableOutputError, WeightsError
from depixel.priors.community.keeping import ReadNetwork, content_of, read_network, save_network
from depixel.priors.importers import Converted, convert_file, is_archive, is_generator, save_converted, source_of
from depixel.priors.importers.unpickler import is_legacy_torch
from depixel.priors.weights import added_folder, added_names, load_weights, released_names
from depixel.request import MODELS

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_HALVES = ("synthesis", "mapping")  # PULSE's two files do not name their model


def name_for(path: Path) -> str:
    """A model name derived from the file name: "ffhq-256" for "FFHQ 256.pkl"."""
    stem = path.resolve().parent.name if path.stem.lower() in _HALVES else path.stem
    return re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-._")[:64] or "generator"


def add_model(path: Path, name: str, licence: str) -> Path:
    """
    Convert the weights in `path` and store them as `name`: face generators by `convert_file`, networks for art by
    `read_network`; Depixel's own files are copied.

    Returns:
        The new weights file; its card lies beside it.

    Raises:
        WeightsError: no licence, or the file is missing, damaged, refused, or of an unknown layout; nothing is written.
        BadUsageError: the name is taken or invalid.
        UnwritableOutputError: the folder cannot be written.
    """
    _check_name(name)
    if not licence.strip():
        raise WeightsError(f"State the licence of {path.name}: its card needs it.")
    folder = added_folder()
    target = folder / f"{name}.safetensors"
    own = _is_own(path)
    read = None if own else _read(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if read is None:
            _copy_own(path, target, name, licence)
        elif isinstance(read, Converted):
            save_converted(read, target, name, licence, source=path.name)
        else:
            save_network(read, target, name, licence)
    except OSError as error:
        raise UnwritableOutputError(f"{target} cannot be written: {error.strerror or error}.") from error
    return target


# The names of the tensors tell a face generator from a network for art.
def _read(path: Path) -> Converted | ReadNetwork:
    data = source_of(path)
    if path.suffix.lower() == ".onnx":
        return read_network(path, data)
    if path.suffix.lower() != ".safetensors" and not is_archive(data) and not is_legacy_torch(io.BytesIO(data)):
        return convert_file(path, data)  # a plain pickle, as StyleGAN's authors publish them
    if is_generator(content_of(path, data)):
        return convert_file(path, data)
    return read_network(path, data)


def remove_model(name: str) -> Path:
    """
    Delete added weights and their card.

    Raises:
        BadUsageError: they belong to Depixel, or no added weights have that name.
        UnwritableOutputError: the folder cannot be written.
    """
    if name in released_names():
        raise BadUsageError(f"{name} belongs to Depixel; only models that you added can be removed.")
    if name not in added_names():
        there = ", ".join(added_names()) or "none"
        raise BadUsageError(f"You have not added a model named {name!r} (added: {there}).")
    target = added_folder() / f"{name}.safetensors"
    try:
        target.unlink()
        target.with_suffix(".md").unlink(missing_ok=True)
    except OSError as error:
        raise UnwritableOutputError(f"{target} cannot be removed: {error.strerror or error}.") from error
    return target


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadUsageError(
            f"{name!r} is not a valid name: use lower-case letters, digits, '-', '_' and '.', at most 64."
        )
    if name in MODELS:
        raise BadUsageError(f"{name!r} is a size of Depixel's own models; choose another --name.")
    if name in released_names() or name in added_names():
        remedy = "" if name in released_names() else f" or remove it first: depixel models remove {name}"
        raise BadUsageError(f"A model named {name!r} exists already; choose another --name{remedy}.")


# Weights from Depixel's own training, recognised by their configuration.
def _is_own(path: Path) -> bool:
    if path.suffix != ".safetensors" or not path.is_file():
        return False
    try:
        with safe_open(str(path), framework="pt") as file:
            config = json.loads((file.metadata() or {}).get("config", "{}"))
    except (SafetensorError, OSError, ValueError, RecursionError):
        return False  # the converter reports what is wrong
    return isinstance(config, dict) and config.get("kind") in ("art", "faces")


def _copy_own(path: Path, target: Path, name: str, licence: str) -> None:
    weights = load_weights(str(path))
    if weights.config["kind"] == "faces":
        from depixel.priors.faces import FacePrior

        FacePrior.from_weights(weights, torch.device("cpu"))
    else:
        from depixel.priors.art import ArtPrior

        ArtPrior.from_weights(weights, torch.device("cpu"))
    part = target.with_name(target.name + ".part")
    shutil.copyfile(path, part)
    part.replace(target)
    kind = weights.config["kind"]
    target.with_suffix(".md").write_text(
        f"# {name}\n\nDepixel weights of the kind {kind}, added from {path.name}.\n"
        f"Licence, as stated by the person who added them: {licence}\n",
        encoding="utf-8",
    )
