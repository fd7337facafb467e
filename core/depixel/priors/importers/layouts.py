"""Copies official layouts of style-based generators into ours, tensor by tensor; all sizes follow from the tensors.

A state dict is a flat dict of dotted names. Each `from_...` returns a `Converted`; it raises WeightsError with the name
of the first tensor that is missing or has an impossible shape.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from depixel.errors import WeightsError
from depixel.priors.stylegan import BLUR, GeneratorSpec
from depixel.priors.stylegan_three import SpecThree, schedule

StateDict = dict[str, Tensor]
_BLOCK = re.compile(r"synthesis\.b(\d{1,9})\.conv1\.weight")  # of NVIDIA's StyleGAN2, by its size
_LAYER = re.compile(r"synthesis\.(L(\d{1,9})_(\d{1,9})_\d{1,9})\.weight")  # of StyleGAN3: index, size, channels


@dataclass(frozen=True)
class Converted:
    """A third-party generator in our layout."""

    family: str  # "stylegan1", "stylegan2" or "stylegan3"
    spec: GeneratorSpec | SpecThree
    tensors: StateDict  # of `GeneratorOne`, `Generator` or `GeneratorThree`
    w_mean: Tensor | None  # [d] running mean of w if the file has one


def detect(state: StateDict) -> str:
    """The layout of a state dict: rosinality, stylegan2-ada, stylegan3 or pulse. Raises WeightsError for any other."""
    if "conv1.conv.weight" in state and "input.input" in state:
        return "rosinality"
    if "synthesis.b4.const" in state:
        return "stylegan2-ada"
    if "synthesis.blocks.4x4.const" in state:
        return "pulse"
    if "synthesis.input.freqs" in state:
        return "stylegan3"
    keys = ", ".join(sorted(state)[:3]) or "nothing"
    raise WeightsError(
        f"These weights have no layout that Depixel knows (they begin with {keys}); "
        "use StyleGAN2-ADA, StyleGAN3-t, rosinality, or PULSE weights."
    )


def convert(state: StateDict) -> Converted:
    """Convert a state dict of any known layout."""
    readers = {"rosinality": from_rosinality, "stylegan2-ada": from_ada, "stylegan3": from_three, "pulse": from_pulse}
    return readers[detect(state)](state)


def from_rosinality(state: StateDict) -> Converted:
    """The PyTorch port with `style`, `conv1`, `convs`, `to_rgbs` (equalised scales folded into the weights)."""
    take = _Taker(state)
    layers = _count(state, "style.{}.weight", start=1)
    levels = _count(state, "to_rgbs.{}.conv.weight") + 1
    out: StateDict = {}
    for k in range(layers):
        out[f"mapping.layers.{k}.weight"] = take(f"style.{k + 1}.weight")
        out[f"mapping.layers.{k}.bias"] = take(f"style.{k + 1}.bias")
    out["synthesis.const"] = take("input.input")[0]
    names = ["conv1"] + [f"convs.{k}" for k in range(2 * (levels - 1))]
    for k, name in enumerate(names):
        weight = take(f"{name}.conv.weight")[0]
        out[f"synthesis.convs.{k}.weight"] = weight / math.sqrt(weight[0].numel())
        out[f"synthesis.convs.{k}.bias"] = take(f"{name}.activate.bias")
        out[f"synthesis.convs.{k}.affine.weight"] = take(f"{name}.conv.modulation.weight")
        out[f"synthesis.convs.{k}.affine.bias"] = take(f"{name}.conv.modulation.bias")
        out[f"synthesis.convs.{k}.noise_strength"] = take(f"{name}.noise.weight").reshape(())
        size = 4 << ((k + 1) // 2)
        constant = state.get(f"noises.noise_{k}")
        out[f"synthesis.convs.{k}.noise_const"] = _fixed_noise(k, size) if constant is None else constant[0, 0]
        _check_blur(state.get(f"{name}.conv.blur.kernel"), name)
    for k, name in enumerate(["to_rgb1"] + [f"to_rgbs.{k}" for k in range(levels - 1)]):
        out[f"synthesis.to_rgb.{k}.weight"] = take(f"{name}.conv.weight")[0]
        out[f"synthesis.to_rgb.{k}.bias"] = take(f"{name}.bias").reshape(-1)
        out[f"synthesis.to_rgb.{k}.affine.weight"] = take(f"{name}.conv.modulation.weight")
        out[f"synthesis.to_rgb.{k}.affine.bias"] = take(f"{name}.conv.modulation.bias")
        _check_blur(state.get(f"{name}.upsample.kernel"), name)
    return Converted("stylegan2", _spec(out, layers, levels), _plain(out), state.get("latent_avg"))


def from_ada(state: StateDict) -> Converted:
    """NVIDIA's PyTorch generator: `mapping.fc*`, `synthesis.b*.{conv0,conv1,torgb}` with skip outputs."""
    take = _Taker(state)
    if "mapping.embed.weight" in state:
        raise WeightsError("This generator is conditional (it has mapping.embed); Depixel needs an unconditional one.")
    layers = _count(state, "mapping.fc{}.weight")
    sizes = sorted(int(match[1]) for key in state if (match := _BLOCK.fullmatch(key)))
    if not sizes or sizes != [4 << k for k in range(len(sizes))]:
        raise WeightsError(f"The blocks of this generator have the sizes {sizes} instead of 4, 8, 16, ...")
    out: StateDict = {}
    for k in range(layers):
        out[f"mapping.layers.{k}.weight"] = take(f"mapping.fc{k}.weight")
        out[f"mapping.layers.{k}.bias"] = take(f"mapping.fc{k}.bias")
    out["synthesis.const"] = take("synthesis.b4.const")
    names = ["b4.conv1"] + [f"b{size}.{conv}" for size in sizes[1:] for conv in ("conv0", "conv1")]
    for k, name in enumerate(names):
        for ours in ("weight", "bias", "affine.weight", "affine.bias", "noise_strength", "noise_const"):
            out[f"synthesis.convs.{k}.{ours}"] = take(f"synthesis.{name}.{ours}")
        _check_blur(state.get(f"synthesis.{name}.resample_filter"), name)
    spec = _spec(out, layers, len(sizes))
    last = len(sizes) - 1
    for k, size in enumerate(sizes):
        # Architectures other than "skip" have only the last RGB output; the others are zero.
        silent = k < last and f"synthesis.b{size}.torgb.weight" not in state
        for ours, shape in (
            ("weight", (3, spec.channels[k], 1, 1)),
            ("bias", (3,)),
            ("affine.weight", (spec.channels[k], spec.latent)),
            ("affine.bias", (spec.channels[k],)),
        ):
            theirs = f"synthesis.b{size}.torgb.{ours}"
            out[f"synthesis.to_rgb.{k}.{ours}"] = torch.zeros(shape) if silent else take(theirs)
    if f"synthesis.b{sizes[-1]}.skip.weight" in state:
        spec = replace(spec, residual=True)
        for k, size in enumerate(sizes[1:]):
            out[f"synthesis.short_cuts.{k}.weight"] = take(f"synthesis.b{size}.skip.weight")
    return Converted("stylegan2", spec, _plain(out), state.get("mapping.w_avg"))


def from_pulse(state: StateDict) -> Converted:
    """PULSE's `synthesis.pt` and `mapping.pt` merged under `synthesis.` and `mapping.` (StyleGAN1)."""
    take = _Taker(state)
    layers = _count(state, "mapping.dense{}.weight")
    levels = 1
    while f"synthesis.blocks.{4 << levels}x{4 << levels}.conv1.weight" in state:
        levels += 1
    out: StateDict = {}
    for k in range(layers):
        out[f"mapping.layers.{k}.weight"] = take(f"mapping.dense{k}.weight")
        out[f"mapping.layers.{k}.bias"] = take(f"mapping.dense{k}.bias")

    def epilogues(theirs: str, ours: str) -> None:
        for number, name in ((1, "first"), (2, "second")):
            out[f"{ours}{name}.noise_weight"] = take(f"{theirs}epi{number}.noise.weight")
            out[f"{ours}{name}.style.weight"] = take(f"{theirs}epi{number}.style_mod.lin.weight")
            out[f"{ours}{name}.style.bias"] = take(f"{theirs}epi{number}.style_mod.lin.bias")

    first = "synthesis.blocks.4x4."
    out["synthesis.const"] = take(first + "const")[0]
    out["synthesis.const_bias"] = take(first + "bias")
    out["synthesis.weight"] = take(first + "conv.weight")
    out["synthesis.bias"] = take(first + "conv.bias")
    epilogues(first, "synthesis.")
    for k in range(1, levels):
        theirs, ours = f"synthesis.blocks.{4 << k}x{4 << k}.", f"synthesis.blocks.{k - 1}."
        out[ours + "up_weight"] = take(theirs + "conv0_up.weight")
        out[ours + "up_bias"] = take(theirs + "conv0_up.bias")
        out[ours + "weight"] = take(theirs + "conv1.weight")
        out[ours + "bias"] = take(theirs + "conv1.bias")
        epilogues(theirs, ours)
    out["synthesis.rgb_weight"] = take("synthesis.torgb.weight")
    out["synthesis.rgb_bias"] = take("synthesis.torgb.bias")
    if layers == 0:
        raise WeightsError("PULSE's mapping.pt is missing; put it beside synthesis.pt.")
    mapping = out["mapping.layers.0.weight"]
    channels = [out["synthesis.const"].shape[0]]
    channels += [out[f"synthesis.blocks.{k}.weight"].shape[0] for k in range(levels - 1)]
    spec = GeneratorSpec(4 << (levels - 1), mapping.shape[0], mapping.shape[1], tuple(channels), layers, 0.01, False)
    return Converted("stylegan1", spec, _plain(out), None)


def from_three(state: StateDict) -> Converted:
    """NVIDIA's StyleGAN3-t: `synthesis.input` and `synthesis.L<index>_<size>_<channels>`."""
    take = _Taker(state)
    if "mapping.embed.weight" in state:
        raise WeightsError("This generator is conditional (it has mapping.embed); Depixel needs an unconditional one.")
    mapping = _count(state, "mapping.fc{}.weight")
    layers = sorted((int(m[2]), m[1], int(m[3])) for key in state if (m := _LAYER.fullmatch(key)))
    ordered, sizes = [name for _, name, _ in layers], [size for _, _, size in layers]
    if mapping == 0 or len(ordered) < 4 or [b.size for b in schedule(sizes[-1], len(sizes) - 1)] != sizes:
        raise WeightsError(f"This StyleGAN3 generator has layers of the sizes {sizes}, not those of configuration t.")
    out: StateDict = {}
    for k in range(mapping):
        out[f"mapping.layers.{k}.weight"] = take(f"mapping.fc{k}.weight")
        out[f"mapping.layers.{k}.bias"] = take(f"mapping.fc{k}.bias")
    for ours in ("affine.weight", "affine.bias", "weight", "freqs", "phases", "transform"):
        out[f"synthesis.input.{ours}"] = take(f"synthesis.input.{ours}")
    for k, name in enumerate(ordered):
        for ours in ("affine.weight", "affine.bias", "weight", "bias", "magnitude_ema"):
            out[f"synthesis.layers.{k}.{ours}"] = take(f"synthesis.{name}.{ours}")
        for ours in ("up_filter", "down_filter"):
            filters = state.get(f"synthesis.{name}.{ours}")
            out[f"synthesis.layers.{k}.{ours}"] = torch.ones(1) if filters is None else filters
            if filters is not None and filters.dim() != 1:
                raise WeightsError("This is StyleGAN3-r, with radial filters, which Depixel cannot run; use 3-t.")
    first = out["mapping.layers.0.weight"]
    channels = tuple(out[f"synthesis.layers.{k}.weight"].shape[0] for k in range(len(ordered) - 1))
    if out["synthesis.layers.0.weight"].shape[-1] != 3:
        raise WeightsError("This is StyleGAN3-r, with 1x1 convolutions, which Depixel cannot run; use StyleGAN3-t.")
    spec = SpecThree(sizes[-1], first.shape[0], first.shape[1], channels, mapping)
    return Converted("stylegan3", spec, _plain(out), state.get("mapping.w_avg"))


class _Taker:
    """Looks up tensors by name; a missing one raises an error with a sentence."""

    def __init__(self, state: StateDict) -> None:
        self.state = state

    def __call__(self, name: str) -> Tensor:
        if name not in self.state:
            raise WeightsError(f"The tensor {name} is missing from these weights; download the file again.")
        return self.state[name]


def _count(state: StateDict, pattern: str, start: int = 0) -> int:
    count = 0
    while pattern.format(start + count) in state:
        count += 1
    return count


def _spec(out: StateDict, layers: int, levels: int) -> GeneratorSpec:
    if layers == 0:
        raise WeightsError("These weights have no mapping network; choose the whole generator.")
    channels = [out["synthesis.const"].shape[0]]
    channels += [out[f"synthesis.convs.{2 * k}.weight"].shape[0] for k in range(1, levels)]
    return GeneratorSpec(
        resolution=4 << (levels - 1),
        latent=out["synthesis.convs.0.affine.weight"].shape[1],
        noise_latent=out["mapping.layers.0.weight"].shape[1],
        channels=tuple(channels),
        mapping_layers=layers,
        mapping_rate=0.01,
        mapped_input=False,
    )


def _fixed_noise(seed: int, size: int) -> Tensor:
    return torch.randn(size, size, generator=torch.Generator().manual_seed(seed))


def _plain(out: StateDict) -> StateDict:
    return {key: value.detach().float().contiguous() for key, value in out.items()}


# Some generators have other kernels; with ours they would silently give wrong pictures.
def _check_blur(kernel: Tensor | None, where: str) -> None:
    if kernel is None:
        return
    taps = torch.tensor(BLUR)
    expected = torch.outer(taps, taps) / 64.0
    weights = kernel.float() / kernel.float().sum()
    if weights.shape != expected.shape or not torch.allclose(weights, expected, atol=1e-5):
        raise WeightsError(f"{where} uses a resampling kernel other than [1, 3, 3, 1]; Depixel cannot run it.")
