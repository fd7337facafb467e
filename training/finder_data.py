"""
Scenes for the face finder: rendered portraits, rotated and scaled, on free game textures, with their true frames.

Scenes are RGB [B, 3, S, S] in [0, 1]. A portrait's frame is the upright square of the set's mean landmarks: each
portrait's own variation of position, size and roll is measured by its landmarks and taken into account.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from training.faces_data import Portraits

from depixel.faces.finder import LARGEST, SMALLEST, STRIDE

BACKGROUND_SIDE = 192
_DECOYS = 100.0  # degrees to both sides of upside down
_VECTOR = 2  # of kinds.npy (training/art_data/crops.py)


@dataclass(frozen=True)
class Truth:
    """The true frames of a batch of scenes; `scene` has the scene of each."""

    scene: Tensor  # [M] number of the scene
    centre: Tensor  # [M, 2] x, y in pixels
    side: Tensor  # [M]
    roll: Tensor  # [M] radians, clockwise


def frames_of(landmarks: Tensor) -> Tensor:
    """
    [N, K, 2] landmarks in fractions => [N, 4]: x, y, side and roll (radians) of each frame, in fractions of a side.

    The similarity (Umeyama 1991, without reflection) that takes the mean landmarks to each portrait's.
    """
    mean = landmarks.mean(0)
    a, b = mean - mean.mean(0), landmarks - landmarks.mean(1, keepdim=True)
    power = a.square().sum()
    cosine = (a * b).sum((1, 2)) / power
    sine = (a[:, 0] * b[..., 1] - a[:, 1] * b[..., 0]).sum(1) / power
    middle = torch.tensor([0.5, 0.5]) - mean.mean(0)
    x = landmarks[..., 0].mean(1) + cosine * middle[0] - sine * middle[1]
    y = landmarks[..., 1].mean(1) + sine * middle[0] + cosine * middle[1]
    return torch.stack([x, y, torch.hypot(cosine, sine), torch.atan2(sine, cosine)], 1)


def load_backgrounds(paths: list[Path], seed: int, limit: int) -> Tensor:
    """[N, 3, 192, 192] uint8: one random square of each picture, at a random scale; unreadable ones are skipped."""
    rng = np.random.default_rng(seed)
    squares = []
    for k in rng.permutation(len(paths)):
        try:
            with Image.open(paths[k]) as opened:
                image = opened.convert("RGBA")
        except (OSError, ValueError):
            continue
        if min(image.size) < 32:
            continue
        grey = int(rng.integers(0, 256))
        flat = Image.new("RGBA", image.size, (grey, grey, grey, 255))
        image = Image.alpha_composite(flat, image).convert("RGB")
        side = int(min(image.size) * rng.uniform(0.4, 1.0))
        left, top = (int(rng.integers(0, length - side + 1)) for length in image.size)
        square = image.crop((left, top, left + side, top + side)).resize((BACKGROUND_SIDE,) * 2, Image.Resampling.BOX)
        squares.append(np.asarray(square).transpose(2, 0, 1))
        if len(squares) == limit:
            break
    return torch.from_numpy(np.stack(squares))


def backgrounds_of(crops: Path, kinds: Path, seed: int, count: int) -> Tensor:
    """
    [count, 3, 192, 192] uint8 of the art prior's training crops (`make_art_data`): half of them show one
    enlarged crop, half show four crops side by side. Emoji and other vector art are excluded, because many show faces.
    """
    rng = np.random.default_rng(seed)
    stored, usable = np.load(crops, mmap_mode="r"), np.flatnonzero(np.load(kinds) != _VECTOR)
    squares = []
    for k in range(count):
        four = [_flat(stored[i], rng) for i in rng.choice(usable, 1 if k % 2 else 4)]
        one = np.concatenate([np.concatenate(four[:2], 1), np.concatenate(four[2:], 1)]) if len(four) == 4 else four[0]
        square = Image.fromarray(one).resize((BACKGROUND_SIDE,) * 2, Image.Resampling.BICUBIC)
        squares.append(np.asarray(square).transpose(2, 0, 1))
    return torch.from_numpy(np.stack(squares))


def _flat(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    alpha = crop[..., 3:] / 255.0
    flat: np.ndarray = crop[..., :3] * alpha + (1 - alpha) * rng.integers(0, 256, 3)
    rounded: np.ndarray = flat.round().astype(np.uint8)
    return rounded


def make_scenes(
    portraits: Portraits,
    frames: Tensor,
    backgrounds: Tensor,
    count: int,
    size: int,
    generator: torch.Generator,
    *,
    most: int = 2,
    sides: tuple[float, float] = (SMALLEST, LARGEST),
    roll: float = 45.0,
    disturb: bool = True,
    decoys: float = 0.0,
) -> tuple[Tensor, Truth]:
    """
    `count` scenes of `size` pixels with up to `most` faces each, and the faces' positions.

    A share of `decoys` is upside down or lies on its side; these are not part of the truth.
    """

    def rand(*shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=generator)

    def pick(limit: int, number: int) -> Tensor:
        return torch.randint(limit, (number,), generator=generator)

    scenes = _crops(backgrounds[pick(len(backgrounds), count)].float() / 255, size, rand)
    _distract(scenes, backgrounds[pick(len(backgrounds), count)], rand)
    truths: list[tuple[Tensor, ...]] = []
    taken = torch.zeros(count, 0, 3)
    for layer in range(most):
        number = torch.arange(count)[rand(count) < (0.75 if layer == 0 else 0.4)]
        side = sides[0] * (sides[1] / sides[0]) ** rand(len(number))
        centre = rand(len(number), 2, low=0.1, high=0.9) * size
        turn = torch.deg2rad(rand(len(number), low=-roll, high=roll))
        if taken.shape[1]:
            apart = (taken[number, :, :2] - centre[:, None]).norm(dim=2)
            free = (apart > 0.7 * (taken[number, :, 2] + side[:, None])).all(1)
            number, side, centre, turn = (x[free] for x in (number, side, centre, turn))
        real = torch.ones(len(number), dtype=torch.bool)
        if decoys:
            real = rand(len(number)) >= decoys
            turn = torch.where(real, turn, turn * (_DECOYS / roll) + math.pi)
        who = pick(len(portraits), len(number))
        mirrored = rand(len(number)) < 0.5
        scenes[number] = _pasted(scenes[number], portraits, frames, who, mirrored, centre, side, turn, rand)
        place = torch.full((count, 1, 3), -1e4)
        place[number, 0] = torch.cat([centre, side[:, None]], 1)
        taken = torch.cat([taken, place], 1)
        truths.append((number[real], centre[real], side[real], turn[real]))
    truth = Truth(*(torch.cat(parts) for parts in zip(*truths, strict=True)))
    return (_disturbed(scenes, rand) if disturb else scenes.clamp(0, 1)), truth


def targets(truth: Truth, count: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """
    The network's targets: ([B, 1, h, w] heat 0 ... 1, [B, 5, h, w] the rest, [B, 1, h, w] where the rest counts).
    """
    cells = size // STRIDE
    axis = (torch.arange(cells) + 0.5) * STRIDE
    heat = torch.zeros(count, 1, cells, cells)
    rest = torch.zeros(count, 5, cells, cells)
    near = torch.zeros(count, 1, cells, cells)
    for k in range(len(truth.scene)):
        b, side, turn = int(truth.scene[k]), float(truth.side[k]), float(truth.roll[k])
        dx = (float(truth.centre[k, 0]) - axis)[None, :].expand(cells, cells)
        dy = (float(truth.centre[k, 1]) - axis)[:, None].expand(cells, cells)
        distance = (dx.square() + dy.square()).sqrt()
        here = torch.exp(-0.5 * (distance / (0.07 * side)).square())
        here[distance == distance.min()] = 1.0
        heat[b, 0] = torch.maximum(heat[b, 0], here)
        close = distance < max(0.15 * side, STRIDE)
        near[b, 0][close] = 1
        constant = torch.tensor([math.log2(side / 32), math.sin(turn), math.cos(turn)])
        values = torch.cat([torch.stack([dx, dy]) / 16, constant[:, None, None].expand(3, cells, cells)])
        rest[b][:, close] = values[:, close]
    return heat, rest, near


# A rotated piece of something else with a hard or soft edge, because an edge alone is not a face.
def _distract(scenes: Tensor, others: Tensor, rand: object) -> None:
    count, size = len(scenes), scenes.shape[-1]
    side = rand(count, low=0.15, high=0.6)[:, None, None] * size  # type: ignore[operator]
    turn = rand(count, low=-0.8, high=0.8)[:, None, None]  # type: ignore[operator]
    centre = rand(count, 2) * size  # type: ignore[operator]
    axis = torch.arange(size) + 0.5
    dx, dy = axis[None, None, :] - centre[:, 0, None, None], axis[None, :, None] - centre[:, 1, None, None]
    u = (torch.cos(turn) * dx + torch.sin(turn) * dy) / side
    v = (torch.cos(turn) * dy - torch.sin(turn) * dx) / side
    square, round_ = 0.5 - torch.maximum(u.abs(), v.abs()), 0.5 - torch.hypot(u, v * 0.8)
    kind = rand(count)[:, None, None]  # type: ignore[operator]
    soft = rand(count, low=0.005, high=0.1)[:, None, None]  # type: ignore[operator]
    mask = (torch.where(kind < 0.4, square, round_) / soft).clamp(0, 1) * (kind < 0.8)
    piece = F.grid_sample(others.float() / 255, torch.stack([u, v], 3) * 1.6, align_corners=False)
    scenes.copy_(torch.lerp(scenes, piece, mask[:, None]))


# A random square of each background, randomly mirrored, at `size`.
def _crops(squares: Tensor, size: int, rand: object) -> Tensor:
    count = len(squares)
    zoom = rand(count, low=0.4, high=1.0)  # type: ignore[operator]
    zoom = zoom * torch.where(rand(count) < 0.5, -1.0, 1.0)  # type: ignore[operator]
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = zoom, zoom.abs()
    theta[:, :, 2] = rand(count, 2, low=-1, high=1) * (1 - zoom.abs())[:, None]  # type: ignore[operator]
    grid = F.affine_grid(theta, [count, 3, size, size], align_corners=False)
    return F.grid_sample(squares, grid, align_corners=False, padding_mode="reflection")


# Each portrait so that its frame is the one asked for, under a soft head-shaped, soft square or hard square mask.
def _pasted(
    scenes: Tensor,
    portraits: Portraits,
    frames: Tensor,
    who: Tensor,
    mirrored: Tensor,
    centre: Tensor,
    side: Tensor,
    turn: Tensor,
    rand: object,
) -> Tensor:
    count, size = len(scenes), scenes.shape[-1]
    if count == 0:
        return scenes
    own = frames[who].clone()
    own[mirrored, 0] = 1 - own[mirrored, 0]
    own[mirrored, 3] *= -1
    pictures = portraits.pixels[who].float() / 255
    pictures[mirrored] = pictures[mirrored].flip(3)
    # Scene pixel => offset from the frame's centre in sides, turned upright => place in the portrait.
    ratio, angle = own[:, 2] / side, own[:, 3] - turn
    cosine, sine = ratio * torch.cos(angle), ratio * torch.sin(angle)
    axis = torch.arange(size) + 0.5
    dx = axis[None, None, :] - centre[:, 0, None, None]
    dy = axis[None, :, None] - centre[:, 1, None, None]
    u = own[:, 0, None, None] + cosine[:, None, None] * dx - sine[:, None, None] * dy
    v = own[:, 1, None, None] + sine[:, None, None] * dx + cosine[:, None, None] * dy
    grid = torch.stack([u, v], 3) * 2 - 1
    steps = max(0, round(math.log2(max(1.0, pictures.shape[-1] / (1.3 * float(side.median()))))))
    pictures = F.avg_pool2d(pictures, 2**steps) if steps else pictures
    face = F.grid_sample(pictures, grid, align_corners=False, padding_mode="border")
    border = torch.minimum(torch.minimum(u, 1 - u), torch.minimum(v, 1 - v))
    ellipse = 1.0 - torch.hypot((u - 0.5) / 0.42, (v - 0.52) / 0.5)
    head = torch.maximum(ellipse * 0.4, torch.minimum(border, v - 0.78))
    kind = rand(count)[:, None, None]  # type: ignore[operator]
    soft = rand(count, low=0.01, high=0.08)[:, None, None]  # type: ignore[operator]
    distance = torch.where(kind < 0.55, torch.minimum(head, border), border)
    soft = torch.where(kind > 0.85, 0.005, soft)
    mask = (distance / soft).clamp(0, 1)[:, None]
    return torch.lerp(scenes, face, mask)


# Effects of cameras and files: light, colour, grey, blur, coarse pixels, noise.
def _disturbed(scenes: Tensor, rand: object) -> Tensor:
    count, size = scenes.shape[0], scenes.shape[-1]

    def each(low: float, high: float, channels: int = 1) -> Tensor:
        return rand(count, channels, low=low, high=high)[:, :, None, None]  # type: ignore[no-any-return, operator]

    x = scenes.clamp(1e-3, 1) ** torch.exp(each(-0.6, 0.6))
    x = (x - 0.5) * each(0.6, 1.3) + 0.5 + each(-0.15, 0.15) + each(-0.06, 0.06, 3)
    grey = x.mean(1, keepdim=True).expand_as(x)
    x = torch.where(each(0, 1) < 0.15, grey, torch.lerp(grey, x, each(0.5, 1.4)))
    coarse = F.interpolate(F.avg_pool2d(x, 2), (size, size), mode="nearest")
    soft = F.interpolate(F.avg_pool2d(x, 2), (size, size), mode="bilinear", align_corners=False)
    which = each(0, 1)
    x = torch.where(which < 0.12, coarse, torch.where(which < 0.3, soft, x))
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(int(each(0, 1e6)[0])))
    return (x + noise * each(0, 1) ** 3 * 0.08).clamp(0, 1)
