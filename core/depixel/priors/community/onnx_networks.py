"""
Networks in ONNX files, run by onnxruntime (extra `depixel[onnx]`). An ONNX graph holds operators and numbers, not code.
It is refused if onnxruntime lacks one of the operators, or if the numbers are in other files.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from depixel.errors import WeightsError
from depixel.priors.community.facts import LARGEST_SCALE, NetworkFacts

INSTALL = "pip install 'depixel[onnx]'"

_OUTSIDE = b"\x0a\x08location\x12"  # marks a tensor that lies in another file (onnx.proto, external_data)
_PROBES = (64, 72)  # small pixels per side
_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class OnnxNetwork:
    """A graph in an onnxruntime session."""

    def __init__(self, session: Any, label: str) -> None:
        inputs, outputs = session.get_inputs(), session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1 or inputs[0].type not in _TYPES or len(inputs[0].shape) != 4:
            raise WeightsError(
                f"{label} is not a network from one picture to one picture [1, channels, height, width]."
            )
        shape = inputs[0].shape
        self.channels = shape[1] if isinstance(shape[1], int) else 3
        fixed = [n for n in shape[2:] if isinstance(n, int)]
        if fixed:
            raise WeightsError(
                f"{label} only accepts pictures of {shape[3]}x{shape[2]} pixels; export it with variable height and "
                f"width."
            )
        self._session, self._input, self._kind = session, inputs[0].name, _TYPES[inputs[0].type]

    def run(self, picture: Tensor) -> Tensor:
        """[1, channels, h, w] => [1, channels, H, W] float32."""
        values = picture.detach().cpu().numpy().astype(self._kind)
        (large,) = self._session.run(None, {self._input: values})
        answer: Tensor = torch.from_numpy(np.asarray(large, np.float32)).clamp(0, 1)
        return answer

    def function(self, device: torch.device) -> Callable[[Tensor], Tensor]:
        """RGB [B, 3, h, w] in [0, 1] => [B, 3, h*scale, w*scale], one picture after the other."""

        def enlarge(rgb: Tensor) -> Tensor:
            pictures = rgb.split(1)
            if self.channels == 1:
                pictures = rgb.flatten(0, 1)[:, None].split(1)
            elif self.channels == 4:
                pictures = torch.cat([rgb, torch.ones_like(rgb[:, :1])], 1).split(1)
            large: Tensor = torch.cat([self.run(picture) for picture in pictures]).to(device)
            if self.channels == 1:
                return large.reshape(len(rgb), 3, *large.shape[2:])
            return large[:, :3]

        return enlarge


def build(data: bytes, device: torch.device, label: str) -> OnnxNetwork:
    """
    A session for the graph in `data`; on CUDA if onnxruntime supports it.

    Raises:
        WeightsError: onnxruntime is missing or refuses the graph, or the graph refers to other files.
    """
    try:
        runtime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise WeightsError(f"{label} needs the library onnxruntime ({error}): {INSTALL}") from None
    if _OUTSIDE in data:
        raise WeightsError(f"{label} was refused because its numbers are stored in other files; export it as one file.")
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = torch.get_num_threads()
    preferred = ["CUDAExecutionProvider"] if device.type == "cuda" else []
    providers = [name for name in [*preferred, "CPUExecutionProvider"] if name in runtime.get_available_providers()]
    try:
        session = runtime.InferenceSession(data, options, providers=providers)
    except Exception as error:  # noqa: BLE001 (onnxruntime has an exception class for each of its states)
        reason = " ".join(str(error).split())[:160]
        raise WeightsError(f"{label} was refused by onnxruntime: {reason}") from None
    return OnnxNetwork(session, label)


def facts_of(network: OnnxNetwork, label: str) -> NetworkFacts:
    """
    Facts about a graph, from its answers to two small pictures.

    Raises:
        WeightsError: it does not enlarge grey, RGB or RGBA pictures by a whole factor.
    """
    if network.channels not in (1, 3, 4):
        raise WeightsError(f"{label} has {network.channels} channels; Depixel supports networks for grey, RGB or RGBA.")
    scales = set()
    for side in _PROBES:
        try:
            large = network.run(torch.full((1, network.channels, side, side), 0.5))
        except Exception as error:  # noqa: BLE001 (as above)
            reason = " ".join(str(error).split())[:160]
            raise WeightsError(f"{label} fails on a picture of {side}x{side} pixels: {reason}") from None
        if large.dim() != 4 or large.shape[1] != network.channels:
            raise WeightsError(f"{label} returns shape {list(large.shape)}, which is not a picture.")
        scales |= {length / side for length in large.shape[2:]}
    scale = scales.pop()
    if scales or scale != int(scale) or not 2 <= scale <= LARGEST_SCALE:
        raise WeightsError(f"{label} does not enlarge by a whole factor from 2 to {LARGEST_SCALE}.")
    return NetworkFacts("onnx", "ONNX", (), int(scale), network.channels, 16, 8, False, False)
