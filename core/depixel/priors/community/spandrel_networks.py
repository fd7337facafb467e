"""Networks whose code is in the library spandrel (extra `depixel[models]`): found by the names of their tensors."""

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

State = dict[str, Tensor]

INSTALL = "pip install 'depixel[models]'"

_SPARE_NUMBERS = 64 * 2**20  # beside the weights themselves: tables of positions, masks of attention
_CALLS = 500_000  # operations while a network is built; large ones take some ten thousand
_MOST_TENSORS = 100_000


_WINDOWS = ("window_size", "split_size", "stripe_size")  # what architectures call it
_LARGEST_WINDOW = 64


class Network:
    """A network that spandrel built, with weights loaded."""

    def __init__(self, descriptor: Any) -> None:
        self.descriptor = descriptor

    @property
    def window(self) -> int:
        """Pixels a side of the windows into which it cuts a picture from its corner: 1 where it has none."""
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
        """RGB [B, 3, h, w] in [0, 1] => [B, 3, h*scale, w*scale], one picture after the other: company changes none."""
        descriptor = self.descriptor
        descriptor.model.to(device=device, dtype=dtype).eval()
        channels = descriptor.input_channels

        def enlarge(rgb: Tensor) -> Tensor:
            pictures = rgb.to(dtype, copy=True)  # some networks (RCAN) write into their input
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
    The network's own tensors out of what a file holds around them (optimiser, options, prefixes).

    Raises:
        WeightsError: there are none.
    """
    spandrel = _library(label)
    if not isinstance(content, dict):
        raise WeightsError(f"{label} holds no table of tensors; give a file of weights.")
    try:
        state = spandrel.canonicalize_state_dict(_plain(content))
    except (AttributeError, TypeError, KeyError, RecursionError) as error:
        raise WeightsError(f"{label} holds no table of tensors ({type(error).__name__}).") from None
    # Some architectures mark themselves by a key whose value says nothing ("pro").
    tensors = {
        key: value if isinstance(value, Tensor) else torch.zeros(1)
        for key, value in state.items()
        if isinstance(key, str) and isinstance(value, (Tensor, bool, int, float, str))
    }
    if not tensors or len(tensors) > _MOST_TENSORS:
        raise WeightsError(f"{label} holds {len(tensors)} tensors, which is no network.")
    return tensors


def build(state: State, label: str) -> Network:
    """
    The network of these tensors, on the CPU.

    Raises:
        WeightsError: spandrel knows no such architecture, the tensors do not fit it, or their sizes speak of a larger
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
            warnings.simplefilter("ignore")  # about torch, for the library's authors
            descriptor = spandrel.ModelLoader(registry=_registry(spandrel)).load_from_state_dict(dict(state))
    except spandrel.UnsupportedModelError:
        begin = ", ".join(sorted(state)[:3])
        raise WeightsError(
            f"{label} is of no architecture that spandrel {spandrel.__version__} knows (its tensors begin with "
            f"{begin}); docs/models.md lists them."
        ) from None
    except TooLargeError:
        raise WeightsError(f"{label} was refused: its tensors speak of a larger network than the file holds.") from None
    except Exception as error:  # noqa: BLE001 (made-up tensors can fail in any way; nothing of them is kept)
        reason = " ".join(str(error).split())[:120]
        raise WeightsError(f"{label} does not fit its architecture ({type(error).__name__}: {reason}).") from None
    return Network(descriptor)


def facts_of(network: Network, label: str) -> NetworkFacts:
    """
    What spandrel says about a network.

    Raises:
        WeightsError: it does not enlarge pictures, or takes other pictures than grey, RGB or RGBA.
    """
    found = network.descriptor
    name = str(found.architecture.name)
    purpose = getattr(found, "purpose", "")
    if purpose == "FaceSR":
        raise WeightsError(f"{label} ({name}) restores faces; Depixel takes networks for art and textures.")
    if purpose == "Inpainting":
        raise WeightsError(f"{label} ({name}) fills holes; Depixel takes networks that enlarge.")
    if not 2 <= found.scale <= LARGEST_SCALE:
        raise WeightsError(f"{label} ({name}) has scale {found.scale}; Depixel takes networks that enlarge by 2 to 16.")
    channels = found.input_channels
    if channels != found.output_channels or channels not in (1, 3, 4):
        raise WeightsError(
            f"{label} ({name}) takes {channels} channels and gives {found.output_channels}; Depixel takes networks for "
            "grey, RGB or RGBA pictures."
        )
    sizes = found.size_requirements
    if sizes.square:
        raise WeightsError(f"{label} ({name}) takes square pictures only, which Depixel does not support.")
    return NetworkFacts(
        "spandrel", name, tuple(str(tag) for tag in found.tags), found.scale, channels, max(1, sizes.minimum),
        sizes.multiple_of, bool(found.supports_half), bool(found.supports_bfloat16),
    )  # fmt: skip


def _library(label: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module("spandrel")
    except ImportError as error:
        raise WeightsError(f"{label} needs the library spandrel ({error}): {INSTALL}") from None


# spandrel_extra_arches holds code under non-commercial licences, so Depixel does not depend on it. Whoever installed it
# has read that; then its architectures are known here too.
def _registry(spandrel: Any) -> Any:
    registry = spandrel.MAIN_REGISTRY.copy()
    try:
        extra = importlib.import_module("spandrel_extra_arches")
    except ImportError:
        return registry
    registry.add(*extra.EXTRA_REGISTRY, ignore_duplicates=True)
    return registry


# Text keys only; nested tables as they are.
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
            raise WeightsError(f"{label} was refused: {key[:80]} counts more layers than the file has tensors.")
