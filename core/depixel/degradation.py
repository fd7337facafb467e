"""
Degradations: how a large picture becomes a small one. A (apply), A' (adjoint) and A+ (pseudo-inverse).

Tensors are [B, C, H, W] float; `large` is [B, C, h*factor, w*factor], `small` is [B, C, h, w]. Every degradation here
is linear and separable: along one axis of small length n, sample i is sum_k weights[i, k] * large[index[i, k]].
Therefore A+ = A' (A A')^-1 needs only one n x n Gram matrix per axis. Values are not converted: they are premultiplied
colour in the colour space of the file, because games and editors reduce pictures that way.
"""

from __future__ import annotations

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.errors import BadUsageError


class Degradation:
    """
    A linear, separable reduction by a whole factor.

    Args:
        factor: size of large divided by size of small, per axis; at least 1.
        wrap: (x, y) axes along which the picture tiles: taps beyond a border come from the opposite side.
    """

    name = ""

    def __init__(self, factor: int, wrap: tuple[bool, bool] = (False, False)) -> None:
        if factor < 1:
            raise BadUsageError(f"the factor of a degradation must be at least 1, not {factor}.")
        self.factor = factor
        self.wrap = wrap

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.factor}, wrap={self.wrap})"

    def taps(self) -> tuple[list[int], list[float]]:
        """Offsets into the large axis from i * factor, and their weights (sum 1), the same for every i."""
        raise NotImplementedError

    def apply(self, large: Tensor) -> Tensor:
        """A x: [B, C, H, W] => [B, C, H/factor, W/factor]. Raises ValueError if factor does not divide the size."""
        height, width = self._small_size(large)
        return self._reduce(self._reduce(large, 3, width), 2, height)

    def adjoint(self, small: Tensor) -> Tensor:
        """A' y: [B, C, h, w] => [B, C, h*factor, w*factor], with <A x, y> = <x, A' y>."""
        return self._spread(self._spread(small, 3), 2)

    def pseudo_inverse(self, small: Tensor) -> Tensor:
        """A+ y: the large picture of least norm with A A+ y = y."""
        rows = _gram_inverse(self, small.shape[2], 1, small.device, small.dtype)
        columns = _gram_inverse(self, small.shape[3], 0, small.device, small.dtype)
        return self.adjoint(rows @ small @ columns.T)

    def _small_size(self, large: Tensor) -> tuple[int, int]:
        height, width = large.shape[2:]
        if height % self.factor or width % self.factor:
            raise ValueError(f"{width}x{height} is not a multiple of the factor {self.factor}")
        return height // self.factor, width // self.factor

    def _reduce(self, x: Tensor, dim: int, length: int) -> Tensor:
        index, weights = _axis_taps(self, length, 3 - dim, x.device)
        total = weights[0] * x.index_select(dim, index[0])
        for k in range(1, len(weights)):
            total = total + weights[k] * x.index_select(dim, index[k])
        return total

    def _spread(self, y: Tensor, dim: int) -> Tensor:
        index, weights = _axis_taps(self, y.shape[dim], 3 - dim, y.device)
        shape = list(y.shape)
        shape[dim] *= self.factor
        x = y.new_zeros(shape)
        for k in range(len(weights)):
            x = x.index_add(dim, index[k], weights[k] * y)
        return x


class AreaDegradation(Degradation):
    """The mean of each block: how pictures that were once larger were reduced. A+ is nearest-neighbour enlargement."""

    name = "area"

    def taps(self) -> tuple[list[int], list[float]]:
        return list(range(self.factor)), [1.0 / self.factor] * self.factor

    def apply(self, large: Tensor) -> Tensor:
        self._small_size(large)
        return F.avg_pool2d(large, self.factor)

    def adjoint(self, small: Tensor) -> Tensor:
        return self.pseudo_inverse(small) / self.factor**2

    def pseudo_inverse(self, small: Tensor) -> Tensor:
        return repeated(small, self.factor)


class BicubicDegradation(Degradation):
    """
    Keys' cubic kernel (a = -0.5) stretched by the factor, mirrored at the borders: PULSE's definition of shrinking
    (Menon et al. 2020, section 3), 4 * factor taps per axis.
    """

    name = "bicubic"

    def taps(self) -> tuple[list[int], list[float]]:
        size = 4 * self.factor
        start = -((size - self.factor) // 2)
        centre = (self.factor - 1) / 2  # of the block; PULSE's own is off by half a pixel for odd factors
        positions = [(start + i - centre) / self.factor for i in range(size)]
        weights = [_cubic(abs(p)) for p in positions]
        total = sum(weights)
        return [start + i for i in range(size)], [w / total for w in weights]


class PointDegradation(Degradation):
    """
    The centre of each block: the middle pixel for an odd factor, the mean of the middle 2x2 for an even one, so that
    nothing shifts. Hand-drawn pixel art was never larger; fixing only the centres allows smooth diagonals.
    """

    name = "point"

    def taps(self) -> tuple[list[int], list[float]]:
        middle = self.factor // 2
        return ([middle], [1.0]) if self.factor % 2 else ([middle - 1, middle], [0.5, 0.5])


_KINDS: dict[str, type[Degradation]] = {
    kind.name: kind for kind in (AreaDegradation, BicubicDegradation, PointDegradation)
}


def make_degradation(name: str, factor: int, wrap: tuple[bool, bool] = (False, False)) -> Degradation:
    """The degradation of that name: area, bicubic or point. Raises BadUsageError for another name."""
    if name not in _KINDS:
        raise BadUsageError(f"degradation must be one of {', '.join(_KINDS)}, not {name!r}.")
    return _KINDS[name](factor, wrap)


def repeated(small: Tensor, factor: int) -> Tensor:
    """[B, C, h, w] => [B, C, h*f, w*f]: each pixel becomes a block of f x f; any dtype."""
    return small.repeat_interleave(factor, 2).repeat_interleave(factor, 3)


def resize(picture: Tensor, height: int, width: int) -> Tensor:
    """Reduce (or enlarge) [B, C, H, W] to a size: block means if the sizes divide, otherwise antialiased bicubic."""
    if tuple(picture.shape[2:]) == (height, width):
        return picture
    if picture.shape[2] % height == 0 and picture.shape[3] % width == 0:
        return F.adaptive_avg_pool2d(picture, (height, width))
    return F.interpolate(picture, size=(height, width), mode="bicubic", antialias=True, align_corners=False)


# Cubic convolution kernel (Keys 1981) with a = -0.5.
def _cubic(distance: float) -> float:
    a = -0.5
    if distance < 1:
        return (a + 2) * distance**3 - (a + 3) * distance**2 + 1
    if distance < 2:
        return a * distance**3 - 5 * a * distance**2 + 8 * a * distance - 4 * a
    return 0.0


# Large index of every tap of every small sample: [K, length]; mirrored or wrapped into the axis.
def _axis_taps(degradation: Degradation, length: int, axis: int, device: torch.device) -> tuple[Tensor, list[float]]:
    offsets, weights = degradation.taps()
    size = length * degradation.factor
    index = torch.arange(length, device=device) * degradation.factor + torch.tensor(offsets, device=device)[:, None]
    if degradation.wrap[axis]:
        return index % size, weights
    if size > 1:  # mirror without repeating the border, repeatedly if needed
        index = (index + (size - 1)) % (2 * (size - 1)) - (size - 1)
        return index.abs(), weights
    return torch.zeros_like(index), weights


def _gram_inverse(degradation: Degradation, length: int, axis: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    key = (type(degradation), degradation.factor, degradation.wrap[axis])
    return _cached_gram_inverse(key, length).to(device=device, dtype=dtype)


# (A A')^-1 along one axis, in float64. A small regularisation keeps it finite for axes of one or two samples.
@lru_cache(maxsize=64)
def _cached_gram_inverse(key: tuple[type[Degradation], int, bool], length: int) -> Tensor:
    kind, factor, wraps = key
    degradation = kind(factor, (wraps, wraps))
    index, weights = _axis_taps(degradation, length, 0, torch.device("cpu"))
    matrix = torch.zeros(length, length * factor, dtype=torch.float64)
    for k, weight in enumerate(weights):
        matrix.scatter_add_(1, index[k][:, None], torch.full((length, 1), weight, dtype=torch.float64))
    inverse: Tensor = torch.linalg.pinv(matrix @ matrix.T, hermitian=True)
    return inverse
