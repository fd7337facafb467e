"""
Makes a .pth file for `depixel models add` from a network in ncnn's format, in which packages distribute Real-ESRGAN.

    python benchmarks/ncnn_weights.py realesr-animevideov3-x4.param realesr-animevideov3.pth

Reads chains of convolutions with PReLU (Compact, called SRVGGNetCompact by Real-ESRGAN) and ESRGAN's networks. NAME.bin
lies next to NAME.param. Format: ncnn's documentation, "param and model file structure".
"""

from __future__ import annotations

import argparse
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

MAGIC = 7767517
HALF = 0x01306B47  # the flag before weights of 16 bits
_RESIDUAL = ("conv_first", "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last")


@dataclass(frozen=True)
class Layer:
    """A layer with weights: its kind, and its tensors in the order of the file."""

    kind: str  # Convolution or PReLU
    tensors: tuple[Tensor, ...]


def layers(param: Path) -> Iterator[Layer]:
    """The layers with weights, in the order of the graph. Raises ValueError if there are others."""
    lines = param.read_text("ascii").split("\n")
    if int(lines[0]) != MAGIC:
        raise ValueError(f"{param} is not a network in ncnn's text format")
    data, at = param.with_suffix(".bin").read_bytes(), 0
    for words in (line.split() for line in lines[2:] if line.strip()):
        kind, blobs = words[0], int(words[2]) + int(words[3])
        values = dict(word.split("=", 1) for word in words[4 + blobs :] if not word.startswith("-"))
        if kind == "Convolution":
            count, size = int(values["0"]), int(values["6"])
            flag = struct.unpack_from("<I", data, at)[0]
            width = 2 if flag == HALF else 4
            weight = np.frombuffer(data, f"<f{width}", size, at + 4).astype(np.float32)
            at += 4 + -(-size * width // 4) * 4
            bias = np.frombuffer(data, "<f4", count, at).copy()
            at += 4 * count
            side = int(values["1"])
            yield Layer(kind, (torch.from_numpy(weight).reshape(count, -1, side, side), torch.from_numpy(bias)))
        elif kind == "PReLU":
            count = int(values["0"])
            yield Layer(kind, (torch.from_numpy(np.frombuffer(data, "<f4", count, at).copy()),))
            at += 4 * count
    if at != len(data):
        raise ValueError(f"{param.with_suffix('.bin')} has {len(data)} bytes, of which {at} were understood")


def state_of(layers: list[Layer]) -> dict[str, Tensor]:
    """The tensors under the names that Real-ESRGAN gives them."""
    if any(layer.kind == "PReLU" for layer in layers):
        state = {}
        for number, layer in enumerate(layers):
            for name, tensor in zip(("weight", "bias"), layer.tensors, strict=False):
                state[f"body.{number}.{name}"] = tensor
        return state
    blocks = (len(layers) - len(_RESIDUAL)) // 15
    names = [_RESIDUAL[0]]
    names += [f"body.{b}.rdb{r}.conv{c}" for b in range(blocks) for r in (1, 2, 3) for c in range(1, 6)]
    names += _RESIDUAL[1:]
    return {
        f"{name}.{part}": tensor
        for name, layer in zip(names, layers, strict=True)
        for part, tensor in zip(("weight", "bias"), layer.tensors, strict=True)
    }


def main() -> None:
    """Convert one network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("param", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    state = state_of(list(layers(args.param)))
    torch.save({"params": state}, args.out)
    print(f"{args.out}: {len(state)} tensors, {sum(tensor.numel() for tensor in state.values())} numbers")


if __name__ == "__main__":
    main()
