"""
The art network's calm answer with 8-bit integer convolutions, for CPUs that have instructions for them (AVX-512 VNNI).

The convolutions of the residual blocks, nearly all of the work, run in int8 through oneDNN; the first and the last
convolution, and the sums between the blocks, stay in bfloat16. Every channel has a fixed scale, the largest value that
it took over a sample of the training pictures, folded into the weights (SmoothQuant: Xiao et al. 2022, arXiv
2211.10438, equation 3). Fixed scales keep tiles equal to the whole picture. benchmarks/cheaper_inference.py measures
speed and cost.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.priors.surroundings import with_other_side
from depixel.priors.turns import NO_WRAP, Wrap

if TYPE_CHECKING:
    from depixel.priors.art import ArtBlock, ArtNetwork

PEAKS = "int8.peaks"
"""Name of the tensor stored with the weights: [degradations, 2 * blocks, C], the largest inputs of each convolution."""

_USUAL = ([1, 1], [1, 1], [1, 1], 1)  # stride, padding, dilation, groups
_SIGNED_STEP, _SIGNED_ZERO = 1 / 127, 128  # the bytes of values between -1 and 1
_POSITIVE_STEP = 1 / 255  # of values between 0 and 1


@lru_cache(maxsize=1)
def is_fast_here() -> bool:
    """Whether this CPU has the instructions, this build of torch has the kernels, and their results are right."""
    names = ("_is_vnni_supported", "_is_avx512_vnni_supported")  # newer and older versions of torch
    has_vnni = any(hasattr(torch.cpu, name) and bool(getattr(torch.cpu, name)()) for name in names)
    if not (has_vnni and torch.backends.cpu.get_cpu_capability() == "AVX512"):
        return False
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(8, 8, 3, 3, generator=generator)
    bias = torch.randn(8, generator=generator)
    x = torch.rand(1, 8, 9, 9, generator=generator) * 2 - 1
    try:
        layer = _IntegerConvolution(weight, bias, torch.ones(8), signed=True)
        answer = layer(layer.as_bytes(x)).float()
    except (RuntimeError, AttributeError, TypeError):  # this torch has other kernels
        return False
    return bool((answer - F.conv2d(x, weight, bias, padding=1)).abs().max() < 0.5)


class IntegerTrunk:
    """
    The residual blocks of an `ArtNetwork` for one degradation and z = 0.

    Args:
        peaks: [2 * blocks, C] float32, the largest absolute value of each channel that the first and the second
            convolution of each block read.
        kind: index into `depixel.priors.art.DEGRADATIONS`.
    """

    def __init__(self, network: ArtNetwork, peaks: Tensor, kind: int) -> None:
        self._pairs: list[tuple[_IntegerConvolution, _IntegerConvolution]] = []
        for block, before, between in zip(network.blocks, peaks[::2], peaks[1::2], strict=True):
            block = cast("ArtBlock", block)
            scale, shift = block.condition[kind].float().chunk(2)
            gain = (1 + scale) / between
            bias = cast(Tensor, block.first.bias).float() * gain + shift / between
            first = _IntegerConvolution(block.first.weight.float() * gain[:, None, None, None], bias, before, True)
            second = _IntegerConvolution(
                block.second.weight.float(), cast(Tensor, block.second.bias).float(), between, False
            )
            self._pairs.append((first, second))

    def __call__(self, stem: Tensor, valid: Tensor | None = None, wrap: Wrap = NO_WRAP) -> Tensor:
        """
        The output of the blocks for the first convolution's result: [B, C, h, w] in bfloat16.

        Args:
            stem: [B, C, h, w].
            valid, wrap: as in `ArtNetwork.forward`.
        """
        x = stem.to(torch.bfloat16)
        for first, second in self._pairs:
            between = first.rectified(first.as_bytes(x, valid), wrap)
            if valid is not None:
                between = between * valid.to(torch.uint8)
            x = second(between, wrap).add_(x)
        return x


class _IntegerConvolution:
    """A 3x3 convolution whose inputs are bytes; `peaks` [C]: the largest value of each input channel."""

    def __init__(self, weight: Tensor, bias: Tensor, peaks: Tensor, signed: bool) -> None:
        weight = weight * peaks[None, :, None, None]
        self._scales = weight.abs().amax((1, 2, 3)).clamp_min(1e-8) / 127
        self._zeros = torch.zeros_like(self._scales, dtype=torch.int32)
        self._bias = bias
        self._step, self._zero = (_SIGNED_STEP, _SIGNED_ZERO) if signed else (_POSITIVE_STEP, 0)
        self._to_bytes = (127 / peaks)[None, :, None, None]
        whole = (weight / self._scales[:, None, None, None]).round().to(torch.int8)
        self._weight = torch.ops.onednn.qconv_prepack(whole, self._scales, self._step, self._zero, *_USUAL, None)

    def as_bytes(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """x between -peaks and peaks as bytes around 128; values beyond them are clipped. 0 outside of `valid`."""
        whole = (x.float() * self._to_bytes).round_().clamp_(-_SIGNED_ZERO, 127).to(torch.int8)
        rounded = whole.view(torch.uint8).bitwise_xor_(_SIGNED_ZERO)  # faster than .to(torch.uint8) of whole + 128
        return rounded if valid is None else torch.where(valid > 0, rounded, rounded.new_tensor(self._zero))

    def rectified(self, x: Tensor, wrap: Wrap = NO_WRAP) -> Tensor:
        """ReLU of the convolution, as bytes of values between 0 and 1."""
        return self._convolved(x, wrap, _POSITIVE_STEP, torch.uint8, "relu")

    def __call__(self, x: Tensor, wrap: Wrap = NO_WRAP) -> Tensor:
        """The convolution, in bfloat16."""
        return self._convolved(x, wrap, 1.0, torch.bfloat16, "none")

    def _convolved(self, x: Tensor, wrap: Wrap, step: float, dtype: torch.dtype, then: str) -> Tensor:
        answer: Tensor = torch.ops.onednn.qconv2d_pointwise(
            with_other_side(x, 1, wrap), self._step, self._zero, self._weight, self._scales, self._zeros, self._bias,
            [1, 1], [int(not wrap[1]), int(not wrap[0])], [1, 1], 1, step, 0, dtype, then, [], "",
        )  # fmt: skip
        return answer
