"""
What kind of picture is this? Decided by name where modders have a convention, else by content; always overridable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from depixel.picture import Picture, Pixels

_NORMAL_NAME = re.compile(r"(?:^|[_\-. ])(?:n|nrm|nm|norm|normal|normals|normalmap|nor)$|_normal(?:map)?s?$", re.I)
_DATA_NAME = re.compile(
    r"(?:^|[_\-. ])(?:r|rough|roughness|m|metal|metallic|metalness|ao|occlusion|h|height|heightmap|disp|displacement|"
    r"bump|mask|spec|specular|s|gloss|glossiness|smoothness|orm|rma|e|emissive_mask)$",
    re.I,
)
_LOOKED_AT = 2**20
_PIXEL_ART_SIDE = 256


@dataclass(frozen=True)
class Features:
    """What detection looks at; kept apart from the decision so that it can be tested and shown."""

    colours: int  # different visible colours
    colour_share: float  # colours / visible pixels
    flat_share: float  # neighbouring visible pairs of exactly one colour
    smooth_share: float  # neighbouring visible pairs that differ by at most 4 levels, of all that differ
    rare_share: float  # share of visible pixels whose colour occurs at most twice
    soft_alpha: float  # share of visible pixels with alpha between 2 % and 98 %
    alpha_levels: int  # different values among those
    transparent: float  # share of fully transparent pixels
    grey: bool
    unit_vectors: float  # share of visible pixels whose RGB, read as a vector, has length 1 within 10 % and points up


def features(picture: Picture) -> Features:
    """Measure the first frame; of a large one, bands of rows spread evenly over it."""
    pixels = _sample(picture.rgba(0)).astype(np.int64)
    if picture.levels != 255:
        pixels = pixels // 257
    alpha = pixels[..., 3]
    seen = alpha > 0
    packed = (pixels[..., 0] << 16) | (pixels[..., 1] << 8) | pixels[..., 2]
    visible = max(int(seen.sum()), 1)
    _, uses = np.unique(packed[seen], return_counts=True)
    partial = (alpha > 5) & (alpha < 250)
    equal = differing = smooth = 0
    for axis in (0, 1):
        a, b = (np.moveaxis(pixels, axis, 0)[s] for s in (slice(1, None), slice(None, -1)))
        both = (a[..., 3] > 0) & (b[..., 3] > 0)
        difference = np.abs(a[..., :3] - b[..., :3]).max(axis=-1)[both]
        equal += int((difference == 0).sum())
        differing += int((difference > 0).sum())
        smooth += int(((difference > 0) & (difference <= 4)).sum())
    vectors = pixels[..., :3][seen] / 127.5 - 1
    length = np.sqrt((vectors**2).sum(-1)) if visible > 0 else np.zeros(1)
    unit = (np.abs(length - 1) < 0.1) & (vectors[..., 2] > 0.2)
    return Features(
        colours=len(uses),
        colour_share=len(uses) / visible,
        flat_share=equal / max(equal + differing, 1),
        smooth_share=smooth / max(differing, 1),
        rare_share=float(uses[uses <= 2].sum()) / visible,
        soft_alpha=float(partial.sum()) / visible,
        alpha_levels=len(np.unique(alpha[partial])),
        transparent=float((~seen).mean()),
        grey=bool((pixels[..., 0] == pixels[..., 1])[seen].all() and (pixels[..., 1] == pixels[..., 2])[seen].all()),
        unit_vectors=float(unit.mean()) if unit.size else 0.0,
    )


# At most about _LOOKED_AT pixels, in bands of 64 rows so that neighbours stay neighbours.
def _sample(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    bands = max(1, _LOOKED_AT // (64 * width))
    if height * width <= _LOOKED_AT or bands * 64 >= height:
        return pixels
    tops = np.linspace(0, height - 64, bands).astype(int)
    return np.concatenate([pixels[top : top + 64] for top in tops])


def detect(picture: Picture) -> str:
    """
    Domain of a picture: pixel-art, normals, data, textures or art. Never faces: a face is imagined only when asked for.
    """
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", picture.name)
    found = features(picture)
    if found.unit_vectors > 0.9 and not found.grey and found.colours > 1:
        blue = picture.rgba(0)[..., :3].reshape(-1, 3).mean(axis=0) / picture.levels
        if _NORMAL_NAME.search(stem) or (blue[2] > 0.75 and abs(blue[0] - 0.5) < 0.15 and abs(blue[1] - 0.5) < 0.15):
            return "normals"
    if is_pixel_art(picture, found):
        return "pixel-art"
    if _DATA_NAME.search(stem) and found.transparent == 0:
        return "data"
    if found.transparent < 0.02 and picture.width * picture.height >= 32 * 32 and found.flat_share < 0.6:
        return "textures"
    return "art"


def is_pixel_art(picture: Picture, found: Features) -> bool:
    """
    Drawn pixel by pixel, never reduced from something larger.

    Reducing a larger picture makes nearly every pixel along an edge, and every step of alpha, a value of its own;
    drawing by hand repeats the colours of a palette. Gradients repeat values too, but in steps too small to draw.
    """
    if max(picture.width, picture.height) > _PIXEL_ART_SIDE or found.smooth_share > 0.5:
        return False
    if found.soft_alpha > 0.02 and found.alpha_levels > 6:
        return False
    if found.colours <= 4:
        return True
    if found.soft_alpha > 0.02 and found.colours <= 256:  # one or two levels of alpha: a shadow put there by hand
        return found.alpha_levels <= 2
    return found.colours <= 256 and found.rare_share < 0.12 and found.colour_share < 0.25
