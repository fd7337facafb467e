"""
Third-party networks as weights files of Depixel. Tensors and facts are stored, never the original file (for ONNX, the
graph as bytes).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor

from depixel.devices import fast_at_bfloat16
from depixel.errors import WeightsError
from depixel.priors.community import onnx_networks, spandrel_networks
from depixel.priors.community.facts import NetworkFacts
from depixel.priors.community.reach import measure_reach, sample_picture
from depixel.priors.enlarger import Enlarger
from depixel.priors.importers import check_tensors
from depixel.priors.importers.unpickler import read_torch
from depixel.priors.weights import LoadedWeights

_CPU = torch.device("cpu")
_GRAPH = "graph"  # the tensor of bytes that is an ONNX file
_STRAY_OF_HALF = 1.0 / 255  # largest difference of float16 or bfloat16 from float32


@dataclass(frozen=True)
class ReadNetwork:
    """A network that was read and measured but not stored yet."""

    facts: NetworkFacts
    tensors: dict[str, Tensor]
    source: str  # name of the file
    source_digest: str  # its SHA-256, 64 hex digits

    @property
    def parameters(self) -> int:
        """Numbers in its tensors; for an ONNX graph, its bytes."""
        return sum(value.numel() for value in self.tensors.values())


def content_of(path: Path, data: bytes) -> Any:
    """
    The contents of a file of weights as plain data: .safetensors, or a file that `torch.save` wrote.

    Raises:
        WeightsError: it is damaged, or asks to run code.
    """
    if path.suffix.lower() == ".safetensors":
        try:
            return load(data)
        except (SafetensorError, ValueError, KeyError) as error:
            raise WeightsError(
                f"{path.name} is not a readable safetensors file ({error}); download it again."
            ) from None
    return read_torch(data, path.name)


def read_network(path: Path, data: bytes) -> ReadNetwork:
    """
    Read and measure a network for art and textures: .pth, .pt, .ckpt, .safetensors or .onnx.

    No code in the file is run; of an ONNX file, only its operators are. Measuring takes some passes of the network over
    a picture of 160x160 pixels.

    Raises:
        WeightsError: the file is damaged, asks to run code, or does not hold a network that enlarges.
    """
    digest = hashlib.sha256(data).hexdigest()
    if path.suffix.lower() == ".onnx":
        graph = onnx_networks.build(data, _CPU, path.name)
        facts = onnx_networks.facts_of(graph, path.name)
        tensors = {_GRAPH: torch.frombuffer(bytearray(data), dtype=torch.uint8)}
        return ReadNetwork(_measured(facts, graph.function(_CPU), path.name), tensors, path.name, digest)
    state = spandrel_networks.canonical(content_of(path, data), path.name)
    check_tensors(state, path.name)
    state = {key: value.detach() for key, value in state.items()}
    network = spandrel_networks.build(
        {k: v.float() if v.is_floating_point() else v for k, v in state.items()}, path.name
    )
    facts = spandrel_networks.facts_of(network, path.name)
    measured = _measured(facts, network.function(_CPU), path.name, network.window)
    return ReadNetwork(measured, state, path.name, digest)


def save_network(network: ReadNetwork, path: Path, name: str, licence: str) -> None:
    """Write the weights file and its card, each completely or not at all."""
    facts = network.facts
    config = {
        "kind": "art",
        "network": facts.to_dict(),
        "licence": licence,
        "source": {"file": network.source, "sha256": network.source_digest},
    }
    prefix = "network."
    tensors = {prefix + key: value.clone().contiguous() for key, value in network.tensors.items()}
    part = path.with_name(path.name + ".part")
    save_file(tensors, part, {"config": json.dumps(config)})
    part.replace(path)
    path.with_suffix(".md").write_text(_card(network, name, licence), encoding="utf-8")


def is_community(weights: LoadedWeights) -> bool:
    """Whether these weights are a third-party network."""
    return "network" in weights.config


def enlarger_of(weights: LoadedWeights, device: torch.device) -> Enlarger:
    """
    The loaded network on its device, in half precision if that is faster and differs by at most one level.

    Raises:
        WeightsError: the library that runs it is missing, or the file is inconsistent.
    """
    facts = NetworkFacts.from_config(weights.config, f"{weights.name}.safetensors")
    state = {key.removeprefix("network."): value for key, value in weights.tensors.items()}
    function: Callable[[Tensor], Tensor]
    if facts.family == "onnx":
        if _GRAPH not in state:
            raise WeightsError(f"{weights.name}.safetensors does not hold a graph; add the model again.")
        graph = onnx_networks.build(state[_GRAPH].numpy().tobytes(), device, weights.name)
        function = graph.function(device)
    else:
        network = spandrel_networks.build(state, weights.name)
        function = network.function(device, precision_for(network, facts, device))
    return Enlarger(
        weights.name,
        facts.scale,
        function,
        receptive_field=facts.reach,
        grid=facts.grid,
        digest=weights.digest,
        licence=str(weights.config.get("licence", "")),
        bytes_per_pixel=facts.bytes_per_pixel,
        whole=facts.stray if facts.sees_all else 0.0,
    )


def precision_for(network: spandrel_networks.SpandrelNetwork, facts: NetworkFacts, device: torch.device) -> torch.dtype:
    """
    The fastest number type whose answer to a sample differs from float32's by at most one level of 255.

    float16 on CUDA, bfloat16 where the device is fast at it; each only if the architecture is declared to work in it.
    """
    candidates = [torch.float16] if facts.half and device.type == "cuda" else []
    candidates += [torch.bfloat16] if facts.bfloat16 and fast_at_bfloat16(device) else []
    if not candidates:
        return torch.float32
    picture = sample_picture(max(64, facts.least_side)).to(device)
    exact = network.function(device)(picture).float()
    state = {key: value.clone() for key, value in network.descriptor.model.state_dict().items()}
    precision = torch.float32
    for dtype in candidates:
        try:
            answer = network.function(device, dtype)(picture).float()
        except (RuntimeError, TypeError):  # an operation does not support the type
            answer = torch.full_like(exact, float("nan"))
        network.descriptor.model.to(torch.float32).load_state_dict(state)  # rounding is not undone by widening
        if float((answer - exact).abs().nan_to_num(1.0).max()) <= _STRAY_OF_HALF:
            precision = dtype
            break
    return precision


def _measured(
    facts: NetworkFacts, function: Callable[[Tensor], Tensor], label: str, window: int = 1
) -> NetworkFacts:  # fmt: skip
    try:
        with torch.inference_mode():
            reach = measure_reach(function, facts.scale, math.lcm(facts.multiple, window))
    except Exception as error:  # noqa: BLE001 (manipulated weights can fail in any way)
        reason = " ".join(str(error).split())[:120]
        raise WeightsError(f"{label} fails on a sample picture ({type(error).__name__}: {reason}).") from None
    return replace(
        facts,
        reach=reach.margin,
        grid=reach.grid,
        sees_all=not reach.is_enough,
        stray=round(reach.difference, 3),
        bytes_per_pixel=reach.bytes_per_pixel,
    )


def _card(network: ReadNetwork, name: str, licence: str) -> str:
    facts = network.facts
    if facts.sees_all:
        tiles = (
            f"Its answer depends on the whole picture: pictures that are too large for one pass are cut into tiles, "
            f"which differ from the whole by up to {facts.stray:.1f} levels of 255 before the projection."
        )
    else:
        tiles = f"Tiles with {facts.reach} pixels of surroundings equal the whole picture to half a level."
    return (
        f"# {name}\n\nA network for art and textures: {facts.summary}, {facts.channels} channels, "
        f"{facts.requirements}.\n"
        f"{tiles}\nConverted from {network.source} (SHA-256 {network.source_digest}).\n"
        f"Licence, as stated by the person who added it: {licence}\n"
        "It has no latents: imagination, steps and candidates have no effect.\n"
    )
