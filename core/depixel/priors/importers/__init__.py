"""Converts other people's style-based generators to Depixel's weights, without running code from their files.

weights = convert_file(Path("ffhq.pkl"))
save_converted(weights, Path("faces-ffhq.safetensors"), name="faces-ffhq", licence="CC BY-NC-SA 4.0")
"""

from __future__ import annotations

import io
import itertools
import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor

from depixel.errors import WeightsError
from depixel.priors.importers.layouts import Converted, StateDict, convert
from depixel.priors.importers.unpickler import SOURCE_LIMIT, is_legacy_torch, read_pickle, read_torch, state_of
from depixel.priors.whitening import build_generator, measure

__all__ = ["Converted", "check_tensors", "convert_file", "is_archive", "is_generator", "save_converted", "source_of"]

MOST_PIXELS, MOST_LAYERS = 4096, 32  # per side of its pictures; in its mapping network

PREFIXES = ("", "weights.", "g_ema.", "G_ema.", "generator.")
MARKS = ("input.input", "style.1.", "synthesis.", "mapping.", "blocks.4x4.", "dense0.")  # prefixes of tensor names
GENERATORS = ("G_ema", "g_ema", "generator", "state_dict")  # where files store a generator, best first


def source_of(path: Path) -> bytes:
    """
    The whole file, read once, so that the checked bytes are the ones used.

    Raises:
        WeightsError: it is missing, unreadable, or too large for weights.
    """
    if not path.is_file():
        raise WeightsError(f"{path} is not a file: name the weights that you downloaded.")
    try:
        if path.stat().st_size > SOURCE_LIMIT:
            raise WeightsError(
                f"{path.name} is larger than {SOURCE_LIMIT >> 30} GiB, the largest file of weights that Depixel reads."
            )
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}.") from error


def is_archive(data: bytes) -> bool:
    """Whether these bytes begin like an archive of `torch.save`."""
    return data[:4] == b"PK\x03\x04"


def is_generator(content: Any) -> bool:
    """Whether the tensors in a file are named like those of a style-based generator, or of half of PULSE's."""
    if not isinstance(content, dict):
        return False
    tables = [content, *(content[key] for key in GENERATORS if isinstance(content.get(key), dict))]
    names = [str(key) for table in tables for key in table]
    return any(name.removeprefix(prefix).startswith(MARKS) for name in names for prefix in PREFIXES)


def convert_file(path: Path, data: bytes | None = None) -> Converted:
    """
    Read a .pkl (StyleGAN2-ADA), .pt (rosinality, or PULSE's synthesis.pt beside its mapping.pt) or .safetensors file.

    Args:
        data: the contents from `source_of`, if it was read already.

    Raises:
        WeightsError: the file is missing, damaged, asks to run code, or has an unknown layout.
    """
    data = source_of(path) if data is None else data
    if path.suffix == ".safetensors":
        state = _safetensors(path, data)
    elif is_archive(data):
        state = _torch(path, data)
    else:
        state = _pickle(path, data)
    check_tensors(state, path.name)
    converted = convert(state)
    _check_shapes(converted, path.name)
    mean = converted.w_mean
    return converted if mean is None else replace(converted, w_mean=mean.detach().float().reshape(-1))


def save_converted(converted: Converted, path: Path, name: str, licence: str, source: str = "") -> None:
    """
    Write a weights file of Depixel with measured whitening statistics, and a card beside it that names the licence.

    Raises:
        WeightsError: `licence` is empty.
    """
    if not licence.strip():
        raise WeightsError(f"State the licence of {source or name}: its card needs it.")
    whitening = measure(converted.family, converted.spec, converted.tensors)
    tensors = {f"generator.{key}": value for key, value in converted.tensors.items()}
    tensors |= {f"whitening.{key}": value for key, value in whitening.tensors().items()}
    config: dict[str, Any] = {
        "kind": "faces",
        "family": converted.family,
        "generator": asdict(converted.spec),
        "encoder": None,
        "whitening": {"slope": whitening.slope},
        "licence": licence,
    }
    part = path.with_name(path.name + ".part")
    save_file({key: value.contiguous() for key, value in tensors.items()}, part, {"config": json.dumps(config)})
    part.replace(path)
    size = converted.spec.resolution
    path.with_suffix(".md").write_text(
        f"# {name}\n\nA {converted.family} generator of {size}x{size} pixels, converted from {source or 'a file'}.\n"
        f"Licence, as stated by the person who converted it: {licence}\n"
        "It has no encoder: every answer needs the search. The faces are invented, not recovered.\n",
        encoding="utf-8",
    )


_MOST_LETTERS = 100  # of a tensor's name in a sentence
_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def shortened(name: str) -> str:
    """A tensor's name, shortened for use in a sentence: names in a file may have any length."""
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 3]}..."


def check_tensors(state: StateDict, label: str) -> None:
    """
    Refuse tensors that weights never have: not plain, not finite, or with more elements than stored numbers.

    Raises:
        WeightsError: the sentence names the first such tensor.
    """
    for name, value in state.items():
        key = shortened(name)
        if value.layout != torch.strided or value.is_quantized or value.is_complex() or value.device.type != "cpu":
            raise WeightsError(f"{label}: {key} is not a plain tensor of real numbers; choose ordinary weights.")
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise WeightsError(f"{label} was refused: {key} claims more numbers than the file holds.")
        if value.is_floating_point() and value.dtype not in _DTYPES:
            kind = str(value.dtype).removeprefix("torch.")
            raise WeightsError(
                f"{label}: {key} is stored as {kind}, which Depixel cannot use; choose weights in float16 or float32."
            )
        if not bool(torch.isfinite(value).all()):
            raise WeightsError(f"{label}: {key} holds values that are not numbers; download it again.")


# The tensors must be those of the generator that their sizes imply. A file may claim any sizes, so this is checked
# before the generator is built: the file must hold each of its matrices, and is therefore no smaller.
def _check_shapes(converted: Converted, label: str) -> None:
    spec, shapes = converted.spec, {key: tuple(value.shape) for key, value in converted.tensors.items()}
    total = sum(math.prod(shape) for shape in shapes.values())
    pairs = [(spec.noise_latent, spec.latent), *itertools.pairwise(spec.channels)]
    pairs += [pair for count in spec.channels for pair in ((spec.latent, count), (count, count))]
    largest = max(a * b for a, b in pairs)
    if largest > total or spec.resolution > MOST_PIXELS or spec.mapping_layers > MOST_LAYERS:
        raise WeightsError(f"{label} implies a larger generator than it holds, so Depixel cannot use it.")
    expected = {k: tuple(v.shape) for k, v in build_generator(converted.family, spec).state_dict().items()}
    for key in sorted(expected.keys() | shapes.keys()):
        if expected.get(key) != shapes.get(key):
            raise WeightsError(
                f"{label}: the tensor for {key} is {_shape(shapes.get(key))} but the others require "
                f"{_shape(expected.get(key))}; Depixel does not know such a generator."
            )


def _shape(shape: tuple[int, ...] | None) -> str:
    return "none" if shape is None else "x".join(map(str, shape)) or "one number"


def _safetensors(path: Path, data: bytes) -> StateDict:
    try:
        state = load(data)
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"{path.name} is not a readable safetensors file ({error}); download it again.") from None
    for prefix in PREFIXES[1:]:
        if any(key.startswith(prefix) for key in state):
            return {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}
    return state


def _torch(path: Path, data: bytes) -> StateDict:
    content = read_torch(data, path.name)
    if not isinstance(content, dict):
        raise WeightsError(f"{path.name} does not hold a state dict; choose a file of weights.")
    for key in GENERATORS:
        if isinstance(content.get(key), dict):
            state = _tensors(content[key])
            mean = content.get("latent_avg")
            return state | ({"latent_avg": mean} if isinstance(mean, Tensor) else {})
    state = _tensors(content)
    if any(key.startswith(("blocks.4x4.", "dense0.")) for key in state):
        return _pulse(path, state)
    return state


# PULSE stores synthesis and mapping in two files of one folder.
def _pulse(path: Path, state: StateDict) -> StateDict:
    is_mapping = any(key.startswith("dense0.") for key in state)
    other = path.with_name("synthesis.pt" if is_mapping else "mapping.pt")
    if not other.is_file():
        raise WeightsError(f"{path.name} is one half of PULSE's generator; put {other.name} into the same folder.")
    second = _tensors(read_torch(source_of(other), other.name))
    mapping, synthesis = (state, second) if is_mapping else (second, state)
    return {f"mapping.{key}": value for key, value in mapping.items()} | {
        f"synthesis.{key}": value for key, value in synthesis.items()
    }


def _pickle(path: Path, data: bytes) -> StateDict:
    file = io.BytesIO(data)
    if is_legacy_torch(file):
        return _torch(path, data)
    content = read_pickle(file, path.name)
    if isinstance(content, dict):
        for key in ("G_ema", "G"):
            if isinstance(content.get(key), dict):
                return state_of(content[key])
        state = state_of(content)
        if state:
            return state
    raise WeightsError(f"{path.name} does not hold a generator (no G_ema); choose a StyleGAN2-ADA network.")


def _tensors(content: object) -> StateDict:
    if not isinstance(content, dict):
        return {}
    return {str(key): value for key, value in content.items() if isinstance(value, torch.Tensor)}
