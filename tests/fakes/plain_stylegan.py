"""
Random weights of style-based generators under their publishers' names, in any size, and the pictures that they make,
computed one at a time in the plainest way: zeros between samples, weights scaled for each picture. Written from the
papers; shares no code with `depixel.priors`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

State = dict[str, Tensor]
FIR = torch.outer(torch.tensor([1.0, 3.0, 3.0, 1.0]), torch.tensor([1.0, 3.0, 3.0, 1.0])) / 64


def zeros_between(x: Tensor, up: int) -> Tensor:
    """[1, C, n, m] => [1, C, n * up, m * up], each sample followed by zeros."""
    out = x.new_zeros(*x.shape[:2], x.shape[2] * up, x.shape[3] * up)
    out[:, :, ::up, ::up] = x
    return out


def filtered(x: Tensor, taps: Tensor, pad: tuple[int, int]) -> Tensor:
    """True convolution of each channel with 2-D `taps`, `pad` zeros before and after on both axes."""
    k = taps.flip(0, 1).expand(x.shape[1], 1, -1, -1)
    return F.conv2d(F.pad(x, pad * 2), k, groups=x.shape[1])


def dense(state: State, name: str, x: Tensor, rate: float = 1.0) -> Tensor:
    """Fully connected, scaled at run time."""
    weight = state[f"{name}.weight"] * (rate / math.sqrt(state[f"{name}.weight"].shape[1]))
    return x @ weight.t() + state[f"{name}.bias"] * rate


def leaky(x: Tensor, gain: float = math.sqrt(2.0)) -> Tensor:
    return torch.where(x > 0, x, 0.2 * x) * gain


def mapped(state: State, names: Sequence[str], z: Tensor) -> Tensor:
    """z => w, [1, d]."""
    x = z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt()
    for name in names:
        x = leaky(dense(state, name, x, 0.01))
    return x


# StyleGAN2, NVIDIA's names.


def two(channels: Sequence[int], z: int, w: int, depth: int, kind: str, seed: int = 0) -> State:
    """A generator of 4 << (len(channels) - 1) pixels; kind: "skip", "orig" or "resnet"."""
    dice = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=dice)

    state = {"mapping.w_avg": draw(w), "synthesis.b4.const": draw(channels[0], 4, 4)}
    for k in range(depth):
        state[f"mapping.fc{k}.weight"] = draw(w, z if k == 0 else w) * 100
        state[f"mapping.fc{k}.bias"] = draw(w) * 10

    def layer(name: str, inputs: int, outputs: int, size: int) -> None:
        state[f"{name}.affine.weight"] = draw(inputs, w)
        state[f"{name}.affine.bias"] = 1 + 0.3 * draw(inputs)
        state[f"{name}.bias"] = 0.3 * draw(outputs)
        rgb = name.endswith("torgb")
        state[f"{name}.weight"] = draw(outputs, inputs, 1 if rgb else 3, 1 if rgb else 3)
        if not rgb:
            state[f"{name}.noise_const"] = draw(size, size)
            state[f"{name}.noise_strength"] = draw(1)[0] * 0.2
            state[f"{name}.resample_filter"] = FIR

    for k, count in enumerate(channels):
        size, block = 4 << k, f"synthesis.b{4 << k}"
        state[f"{block}.resample_filter"] = FIR
        if k:
            layer(f"{block}.conv0", channels[k - 1], count, size)
            if kind == "resnet":
                state[f"{block}.skip.weight"] = draw(count, channels[k - 1], 1, 1)
                state[f"{block}.skip.resample_filter"] = FIR
        layer(f"{block}.conv1", count, count, size)
        if kind == "skip" or k == len(channels) - 1:
            layer(f"{block}.torgb", count, 3, size)
    return state


def modulated(x: Tensor, weight: Tensor, style: Tensor, up: bool, demodulate: bool = True) -> Tensor:
    """One picture, using its own copy of the weights."""
    weight = weight * style[0, None, :, None, None]
    if demodulate:
        weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
    if not up:
        return F.conv2d(x, weight, padding=weight.shape[-1] // 2)
    spread = zeros_between(x, 2)[:, :, :-1, :-1]
    return filtered(F.conv2d(spread, weight.flip(2, 3), padding=2), FIR * 4, (1, 1))


def picture_two(state: State, z: Tensor) -> tuple[Tensor, Tensor]:
    """z [1, z] => w [1, d], RGB [1, 3, R, R]."""
    depth = sum(key.startswith("mapping.fc") and key.endswith("weight") for key in state)
    w = mapped(state, [f"mapping.fc{k}" for k in range(depth)], z)

    def layer(name: str, x: Tensor, up: bool = False) -> Tensor:
        x = modulated(x, state[f"{name}.weight"], dense(state, f"{name}.affine", w), up)
        x = x + state[f"{name}.noise_const"] * state[f"{name}.noise_strength"]
        return leaky(x + state[f"{name}.bias"][:, None, None])

    x, rgb, size = state["synthesis.b4.const"][None], None, 4
    while f"synthesis.b{size}.conv1.weight" in state:
        block = f"synthesis.b{size}"
        before = x
        if size > 4:
            x = layer(f"{block}.conv0", x, up=True)
        x = layer(f"{block}.conv1", x)
        if f"{block}.skip.weight" in state:
            weight = state[f"{block}.skip.weight"] / math.sqrt(before.shape[1])
            cut = filtered(zeros_between(F.conv2d(before, weight), 2), FIR * 4, (2, 1))
            x = x * math.sqrt(0.5) + cut * math.sqrt(0.5)
        if rgb is not None:
            rgb = filtered(zeros_between(rgb, 2), FIR * 4, (2, 1))
        if f"{block}.torgb.weight" in state:
            style = dense(state, f"{block}.torgb.affine", w) / math.sqrt(x.shape[1])
            y = modulated(x, state[f"{block}.torgb.weight"], style, False, False)
            y = y + state[f"{block}.torgb.bias"][:, None, None]
            rgb = y if rgb is None else rgb + y
        size *= 2
    assert rgb is not None
    return w, rgb


def rosinality(state: State) -> State:
    """The "skip" generator above with the names, shapes and scales of the other port."""
    out: State = {}
    depth = sum(key.startswith("mapping.fc") and key.endswith("weight") for key in state)
    for k in range(depth):
        for part in ("weight", "bias"):
            out[f"style.{k + 1}.{part}"] = state[f"mapping.fc{k}.{part}"]
    out["latent_avg"] = state["mapping.w_avg"]
    out["input.input"] = state["synthesis.b4.const"][None]
    size, number = 4, 0
    while f"synthesis.b{size}.conv1.weight" in state:
        for conv in ("conv1",) if size == 4 else ("conv0", "conv1"):
            theirs = f"synthesis.b{size}.{conv}"
            ours = "conv1" if size == 4 else f"convs.{number - 1}"
            weight = state[f"{theirs}.weight"]
            out[f"{ours}.conv.weight"] = weight[None]  # demodulation undoes any scale
            out[f"{ours}.conv.modulation.weight"] = state[f"{theirs}.affine.weight"]
            out[f"{ours}.conv.modulation.bias"] = state[f"{theirs}.affine.bias"]
            out[f"{ours}.activate.bias"] = state[f"{theirs}.bias"]
            out[f"{ours}.noise.weight"] = state[f"{theirs}.noise_strength"].reshape(1)
            out[f"noises.noise_{number}"] = state[f"{theirs}.noise_const"][None, None]
            if conv == "conv0":
                out[f"{ours}.conv.blur.kernel"] = FIR * 4
            number += 1
        rgb = "to_rgb1" if size == 4 else f"to_rgbs.{size.bit_length() - 4}"
        theirs = f"synthesis.b{size}.torgb"
        out[f"{rgb}.conv.weight"] = state[f"{theirs}.weight"][None]
        out[f"{rgb}.conv.modulation.weight"] = state[f"{theirs}.affine.weight"]
        out[f"{rgb}.conv.modulation.bias"] = state[f"{theirs}.affine.bias"]
        out[f"{rgb}.bias"] = state[f"{theirs}.bias"][None, :, None, None]
        if size > 4:
            out[f"{rgb}.upsample.kernel"] = FIR * 4
        size *= 2
    return out


# StyleGAN1, PULSE's names.


def one(channels: Sequence[int], latent: int, depth: int = 8, seed: int = 0) -> State:
    """A generator of 4 << (len(channels) - 1) pixels, both halves in one dict."""
    dice = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=dice)

    state: State = {}
    for k in range(depth):
        state[f"mapping.dense{k}.weight"], state[f"mapping.dense{k}.bias"] = draw(latent, latent) * 70, draw(latent)
    for k, count in enumerate(channels):
        block = f"synthesis.blocks.{4 << k}x{4 << k}"
        if k == 0:
            state[f"{block}.const"], state[f"{block}.bias"] = draw(1, count, 4, 4), draw(count)
        else:
            state[f"{block}.conv0_up.weight"] = draw(count, channels[k - 1], 3, 3)
            state[f"{block}.conv0_up.bias"] = draw(count)
            state[f"{block}.conv0_up.intermediate.kernel"] = (
                torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])[None, None] / 16
            )
        conv = f"{block}.conv" if k == 0 else f"{block}.conv1"
        state[f"{conv}.weight"], state[f"{conv}.bias"] = draw(count, count, 3, 3), draw(count)
        for number in (1, 2):
            state[f"{block}.epi{number}.noise.weight"] = draw(count) * 0.2
            state[f"{block}.epi{number}.style_mod.lin.weight"] = draw(2 * count, latent)
            state[f"{block}.epi{number}.style_mod.lin.bias"] = draw(2 * count)
    state["synthesis.torgb.weight"], state["synthesis.torgb.bias"] = draw(3, channels[-1], 1, 1), draw(3)
    return state


def picture_one(state: State, z: Tensor, noise: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """z [1, d] and a noise map for each layer => w [1, d], RGB [1, 3, R, R]."""
    w = z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt()
    for k in range(sum(key.startswith("mapping.") and key.endswith("weight") for key in state)):
        weight = state[f"mapping.dense{k}.weight"] * (math.sqrt(2.0) * 0.01 / math.sqrt(w.shape[1]))
        w = leaky(w @ weight.t() + state[f"mapping.dense{k}.bias"] * 0.01, 1.0)

    def he(name: str) -> Tensor:
        weight = state[f"{name}.weight"]
        return weight * math.sqrt(2.0 / weight[0].numel())

    def finish(name: str, x: Tensor, number: int) -> Tensor:
        x = leaky(x + state[f"{name}.noise.weight"][:, None, None] * noise[number], 1.0)
        x = (x - x.mean((2, 3), keepdim=True)) / (x.var((2, 3), unbiased=False, keepdim=True) + 1e-5).sqrt()
        scale, shift = dense(state, f"{name}.style_mod.lin", w).view(1, 2, -1, 1, 1).unbind(1)
        return x * (scale + 1) + shift

    first = "synthesis.blocks.4x4"
    x = finish(f"{first}.epi1", state[f"{first}.const"] + state[f"{first}.bias"][:, None, None], 0)
    x = F.conv2d(x, he(f"{first}.conv"), state[f"{first}.conv.bias"], padding=1)
    x, size = finish(f"{first}.epi2", x, 1), 8
    while f"synthesis.blocks.{size}x{size}.conv1.weight" in state:
        block, number = f"synthesis.blocks.{size}x{size}", 2 * (size.bit_length() - 3)
        up = he(f"{block}.conv0_up")
        if size >= 128:  # enlarging and convolving at once: the kernel spread over 2x2, its true convolution
            wide = F.pad(up, (0, 1, 0, 1)) + F.pad(up, (1, 0, 0, 1)) + F.pad(up, (0, 1, 1, 0)) + F.pad(up, (1, 0, 1, 0))
            x = F.conv2d(F.pad(zeros_between(x, 2), (2, 1, 2, 1)), wide.flip(2, 3))
        else:
            x = F.conv2d(x.repeat_interleave(2, 2).repeat_interleave(2, 3), up, padding=1)
        x = filtered(x, torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16, (1, 1))
        x = finish(f"{block}.epi1", x + state[f"{block}.conv0_up.bias"][:, None, None], number)
        x = F.conv2d(x, he(f"{block}.conv1"), state[f"{block}.conv1.bias"], padding=1)
        x = finish(f"{block}.epi2", x, number + 1)
        size *= 2
    return w, F.conv2d(x, state["synthesis.torgb.weight"] / math.sqrt(x.shape[1]), state["synthesis.torgb.bias"])


# StyleGAN3-t, NVIDIA's names.


def three(resolution: int, count: int, z: int, w: int, most: int, seed: int = 0) -> State:
    """`count` layers and the RGB one, at most `most` channels; the schedule is appendix C's, in numpy."""
    dice = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=dice)

    exponents = np.minimum(np.arange(count + 1) / (count - 2), 1)
    cutoffs = 2.0 * (resolution / 2 / 2.0) ** exponents
    stopbands = 2**2.1 * (resolution / 2 * 2**0.3 / 2**2.1) ** exponents
    rates = np.exp2(np.ceil(np.log2(np.minimum(stopbands * 2, resolution))))
    sizes = rates + 20
    sizes[-2:] = resolution
    channels = np.rint(np.minimum(most * 8 / cutoffs, most)).clip(2)
    channels[-1] = 3
    first = int(channels[0])
    state = {"mapping.w_avg": draw(w), "synthesis.input.transform": torch.eye(3)}
    for k in range(2):
        state[f"mapping.fc{k}.weight"], state[f"mapping.fc{k}.bias"] = draw(w, z if k == 0 else w) * 100, draw(w)
    state |= {"synthesis.input.weight": draw(first, first), "synthesis.input.freqs": draw(first, 2)}
    state |= {"synthesis.input.phases": draw(first), "synthesis.input.affine.weight": draw(4, w) * 0.1}
    state["synthesis.input.affine.bias"] = torch.tensor([1.0, 0, 0, 0])
    for k in range(count + 1):
        last = k == count
        inputs, outputs = int(channels[max(k - 1, 0)]), int(channels[k])
        name = f"synthesis.L{k}_{int(sizes[k])}_{outputs}"
        state[f"{name}.weight"] = draw(outputs, inputs, *([1, 1] if last else [3, 3]))
        state[f"{name}.bias"], state[f"{name}.magnitude_ema"] = draw(outputs), torch.tensor(1.5)
        state[f"{name}.affine.weight"], state[f"{name}.affine.bias"] = draw(inputs, w), torch.ones(inputs)
        high = max(rates[max(k - 1, 0)], rates[k]) * 2
        for part, rate in (("up_filter", rates[max(k - 1, 0)]), ("down_filter", rates[k])):
            factor = int(high // rate)
            if not last and factor > 1:
                state[f"{name}.{part}"] = torch.hamming_window(6 * factor, False) / (6 * factor * 0.54)
    return state
