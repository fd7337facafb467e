"""
Networks whose code is in the library spandrel (extra `depixel[models]`), recognised by the names of their tensors.
"""

from __future__ import annotations

import importlib
import math
import re
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from depixel.errors import WeightsError
from depixel.priors.community.allocation import AllocationLimit, TooLargeError
from depixel.priors.community.facts import LARGEST_SCALE, NetworkFacts
from depixel.priors.importers import shortened

State = dict[str, Tensor]

INSTALL = "pip install 'depixel[models]'"

_SPARE_NUMBERS = 64 * 2**20  # besides the weights: position tables, attention masks
_CALLS = 500_000  # operations while a network is built; large ones need some ten thousand
_MOST_TENSORS = 100_000


_WINDOWS = ("window_size", "split_size", "stripe_size")  # names for it in architectures
_LARGEST_WINDOW = 64


class SpandrelNetwork:
    """A network that spandrel built, with weights loaded."""

    def __init__(self, descriptor: Any) -> None:
        self.descriptor = descriptor

    @property
    def window(self) -> int:
        """Pixels per side of its attention windows, which start at the picture's corner; 1 if it has none."""
        sizes = {1}
        for module in self.descriptor.model.modules():
            for name in _WINDOWS:
                size = getattr(module, name, None)
                sizes |= {
                    n for n in (size if isinstance(size, (list, tuple)) else [size]) if isinstance(n, int) and n > 0
                }
        common = math.lcm(*sizes)
        return common if common <= _LARGEST_WINDOW else max(n for n in sizes if n <= _LARGEST_WINDOW)

    def function(self, device: torch.device, dtype: torch.dtype = torch.float32) -> Callable[[Tensor], Tensor]:
        """
        RGB [B, 3, h, w] in [0, 1] => [B, 3, h*scale, w*scale], one picture at a time, so that a batch does not change
        answers.
        """
        descriptor = self.descriptor
        descriptor.model.to(device=device, dtype=dtype).eval()
        channels = descriptor.input_channels

        def enlarge(rgb: Tensor) -> Tensor:
            pictures = rgb.to(dtype, copy=True)  # some networks (RCAN) modify their input
            if channels == 1:
                pictures = pictures.flatten(0, 1)[:, None]
            elif channels == 4:
                pictures = torch.cat([pictures, torch.ones_like(pictures[:, :1])], 1)
            large: Tensor = torch.cat([descriptor(picture) for picture in pictures.split(1)]).clone()
            if channels == 1:
                return large.reshape(len(rgb), 3, *large.shape[2:])
            return large[:, :3]

        return enlarge


def canonical(content: Any, label: str) -> State:
    """
    The network's own tensors, without the other contents of the file (optimiser, options, prefixes).

    Raises:
        WeightsError: there are none.
    """
    spandrel = _library(label)
    if not isinstance(content, dict):
        raise WeightsError(f"{label} does not hold a table of tensors; choose a file of weights.")
    try:
        state = spandrel.canonicalize_state_dict(_plain(content))
    except (AttributeError, TypeError, KeyError, RecursionError) as error:
        raise WeightsError(f"{label} does not hold a table of tensors ({type(error).__name__}).") from None
    # Some architectures are marked by a key with a meaningless value ("pro").
    tensors = {
        key: value if isinstance(value, Tensor) else torch.zeros(1)
        for key, value in state.items()
        if isinstance(key, str) and isinstance(value, (Tensor, bool, int, float, str))
    }
    if not tensors or len(tensors) > _MOST_TENSORS:
        raise WeightsError(f"{label} holds {len(tensors)} tensors, which are not a network.")
    return tensors


def build(state: State, label: str) -> SpandrelNetwork:
    """
    The network of these tensors, on the CPU.

    Raises:
        WeightsError: spandrel does not know the architecture, the tensors do not fit it, or their sizes imply a larger
            network than the file holds.
    """
    spandrel = _library(label)
    _check_indices(state, label)
    numbers = sum(value.numel() for value in state.values())
    try:
        with (
            warnings.catch_warnings(),
            torch.random.fork_rng(devices=[]),
            AllocationLimit(4 * numbers + _SPARE_NUMBERS, _CALLS),
        ):
            warnings.simplefilter("ignore")  # about torch, meant for the library's authors
            descriptor = spandrel.ModelLoader(registry=_registry(spandrel)).load_from_state_dict(dict(state))
    except spandrel.UnsupportedModelError:
        begin = ", ".join(shortened(name) for name in sorted(state)[:3])
        raise WeightsError(
            f"spandrel {spandrel.__version__} does not know the architecture of {label} (its tensors begin with "
            f"{begin}); docs/models.md lists them."
        ) from None
    except TooLargeError:
        raise WeightsError(f"{label} was refused: its tensors imply a larger network than the file holds.") from None
    except Exception as error:  # noqa: BLE001 (manipulated tensors can fail in any way; none are stored)
        reason = " ".join(str(error).split())[:120]
        raise WeightsError(f"{label} does not fit its architecture ({type(error).__name__}: {reason}).") from None
    return SpandrelNetwork(descriptor)


def facts_of(network: SpandrelNetwork, label: str) -> NetworkFacts:
    """
    The facts that spandrel knows about a network.

    Raises:
        WeightsError: it does not enlarge pictures, or its pictures are not grey, RGB or RGBA.
    """
    descriptor = network.descriptor
    name = str(descriptor.architecture.name)
    purpose = getattr(descriptor, "purpose", "")
    if purpose == "FaceSR":
        raise WeightsError(f"{label} ({name}) restores faces; Depixel supports networks for art and textures.")
    if purpose == "Inpainting":
        raise WeightsError(f"{label} ({name}) fills holes; Depixel supports networks that enlarge.")
    if not 2 <= descriptor.scale <= LARGEST_SCALE:
        raise WeightsError(
            f"{label} ({name}) has scale {descriptor.scale}; Depixel supports networks that enlarge by 2 to 16."
        )
    channels = descriptor.input_channels
    if channels != descriptor.output_channels or channels not in (1, 3, 4):
        raise WeightsError(
            f"{label} ({name}) takes {channels} channels and gives {descriptor.output_channels}; Depixel supports "
            "networks for grey, RGB or RGBA pictures."
        )
    sizes = descriptor.size_requirements
    if sizes.square:
        raise WeightsError(f"{label} ({name}) accepts only square pictures, which Depixel does not support.")
    return NetworkFacts(
        "spandrel", name, tuple(str(tag) for tag in descriptor.tags), descriptor.scale, channels, max(1, sizes.minimum),
        sizes.multiple_of, bool(descriptor.supports_half), bool(descriptor.supports_bfloat16),
    )  # fmt: skip


def _library(label: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module("spandrel")
    except ImportError as error:
        raise WeightsError(f"{label} needs the library spandrel ({error}): {INSTALL}") from None


# spandrel_extra_arches holds code under non-commercial licences, so Depixel does not depend on it. If the user
# installed it, its architectures are available here too.
def _registry(spandrel: Any) -> Any:
    registry = spandrel.MAIN_REGISTRY.copy()
    try:
        extra = importlib.import_module("spandrel_extra_arches")
    except ImportError:
        return registry
    registry.add(*extra.EXTRA_REGISTRY, ignore_duplicates=True)
    return registry


# Only text keys; nested tables are kept.
def _plain(content: dict[Any, Any], depth: int = 3) -> dict[str, Any]:
    return {
        key: _plain(value, depth - 1) if isinstance(value, dict) else value
        for key, value in content.items()
        if isinstance(key, str) and (depth or not isinstance(value, dict))
    }


# "body.999999999.weight" would make the architecture's code build a thousand million layers.
def _check_indices(state: State, label: str) -> None:
    most = 8 * len(state) + 64
    for key in state:
        if any(int(digits) > most for digits in re.findall(r"\d{2,}", key[:4096])):
            raise WeightsError(f"{label} was refused: {key[:80]} implies more layers than the file has tensors for.")
