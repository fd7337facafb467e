"""
Measures of faces: PSNR, SSIM, MS-SSIM, skin tone, and a perceptual distance that cannot recognise persons. Pictures are
RGB [B, 3, H, W] in [0, 1]; landmarks [B, K, 2] in fractions of the side, in the order of the portraits' metadata.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW, SIGMA = 11, 1.5
FACE = 64  # pixels per side to which a face is resampled for comparison
CELLS = 8  # per side: positions inside a cell of the face may vary freely
MS_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the five scales (Wang et al. 2003)


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """[B] dB over RGB, for each picture."""
    return -10 * (a - b).square().mean((1, 2, 3)).clamp_min(1e-10).log10()


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """[B] structural similarity of luma (Wang et al. 2004): 11-tap Gaussian window, borders mirrored."""
    return _ssim_and_contrast(_luma(a), _luma(b))[0]


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """[B] five scales of luma; borders are mirrored: the fifth scale of 128 pixels is smaller than the window."""
    a, b = _luma(a), _luma(b)
    product = torch.ones(a.shape[0])
    for k, weight in enumerate(MS_WEIGHTS):
        whole, contrast = _ssim_and_contrast(a, b)
        product = product * (whole if k == len(MS_WEIGHTS) - 1 else contrast).clamp_min(1e-6) ** weight
        a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
    return product


def skin_tone(pictures: Tensor, landmarks: Tensor) -> Tensor:
    """[B] individual typology angle of the cheeks in degrees: atan2(L - 50, b) of CIE Lab (Chardon et al. 1991)."""
    eyes, mouth = landmarks[:, 2:6].reshape(-1, 2, 2, 2).mean(2), landmarks[:, 7:9]
    # Halfway between each eye and the corner of the mouth below it, 5 x 5 places around.
    cheeks = eyes * 0.5 + mouth * 0.5
    axis = torch.linspace(-0.03, 0.03, 5)
    offsets = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1).reshape(1, 1, -1, 2)
    places = ((cheeks[:, :, None] + offsets) * 2 - 1).reshape(len(pictures), -1, 1, 2)
    rgb = F.grid_sample(pictures, places, align_corners=False)[..., 0].median(2).values
    return _typology(rgb)


def face_crop(pictures: Tensor, landmarks: Tensor) -> Tensor:
    """[B, 3, FACE, FACE]: from brow to chin, extended by a quarter of the eyes' span on each side."""
    left, right = landmarks[..., 0].amin(1), landmarks[..., 0].amax(1)
    eyes, chin = landmarks[:, 2:6, 1].mean(1), landmarks[..., 1].amax(1)
    width, top = right - left, eyes - 0.4 * (chin - eyes)
    scale = torch.stack([width * 1.5, chin - top], 1)
    centre = torch.stack([(left + right) / 2, (top + chin) / 2], 1)
    theta = torch.cat([torch.diag_embed(scale), (centre * 2 - 1)[..., None]], 2)
    grid = F.affine_grid(theta, [len(pictures), 3, FACE, FACE], align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def looks_distance(a: Tensor, b: Tensor, landmarks: Tensor) -> Tensor:
    """
    [B] how different two faces look, 0 (alike) to 1, without a network that could recognise persons.

    Similar to DISTS (Ding et al. 2020, arXiv 2004.07728), with gradients instead of learned features: in each of 8x8
    cells of the face it compares the mean colour and, at three scales, the strength of the gradients along four
    directions; the position of an edge inside its cell does not matter. Gradients of 0.01 and less hardly count, so the
    same flaw has slightly less weight on a very dark face.
    """
    seen_a, seen_b = _looks(face_crop(a, landmarks)), _looks(face_crop(b, landmarks))
    c = 1e-4
    return torch.cat([(x - y) ** 2 / (x**2 + y**2 + c) for x, y in zip(seen_a, seen_b, strict=True)], 1).mean((1, 2, 3))


# [B, 3, 8, 8] of colours, and of each scale and direction the deviations of luma and of two differences of colours.
def _looks(x: Tensor) -> list[Tensor]:
    opponent = torch.tensor([[0.299, 0.587, 0.114], [0.5, -0.5, 0.0], [0.25, 0.25, -0.5]])
    seen = [F.adaptive_avg_pool2d(x, CELLS)]
    x = torch.einsum("oc,bchw->bohw", opponent, x)
    for _ in range(3):
        middle = x[..., 1:-1, 1:-1]
        for neighbour in (x[..., 1:-1, 2:], x[..., 2:, 1:-1], x[..., 2:, 2:], x[..., 2:, :-2]):
            seen.append(F.adaptive_avg_pool2d((neighbour - middle).square(), CELLS).clamp_min(1e-12).sqrt())
        x = F.avg_pool2d(x, 2)
    return seen


def _typology(rgb: Tensor) -> Tensor:
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_xyz = torch.tensor([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ to_xyz.t() / torch.tensor([0.9505, 1.0, 1.089])
    f = torch.where(xyz > 216 / 24389, xyz.clamp_min(1e-9) ** (1 / 3), (24389 / 27 * xyz + 16) / 116)
    lightness, yellow = 116 * f[:, 1] - 16, 200 * (f[:, 1] - f[:, 2])
    return torch.rad2deg(torch.atan2(lightness - 50, yellow))


def _luma(x: Tensor) -> Tensor:
    return (x * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)


def _ssim_and_contrast(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    c1, c2 = 0.01**2, 0.03**2
    mean_a, mean_b = _smooth(a), _smooth(b)
    var_a, var_b = _smooth(a * a) - mean_a**2, _smooth(b * b) - mean_b**2
    covariance = _smooth(a * b) - mean_a * mean_b
    contrast = (2 * covariance + c2) / (var_a + var_b + c2)
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return (luminance * contrast).mean((1, 2, 3)), contrast.mean((1, 2, 3))


def _smooth(x: Tensor) -> Tensor:
    taps = torch.exp(-0.5 * ((torch.arange(WINDOW) - WINDOW // 2) / SIGMA).square())
    taps = taps / taps.sum()
    pad = WINDOW // 2
    mode = "reflect" if min(x.shape[-2:]) > pad else "replicate"
    x = F.pad(x, (pad, pad, pad, pad), mode=mode)
    return F.conv2d(F.conv2d(x, taps[None, None, :, None]), taps[None, None, None, :])
