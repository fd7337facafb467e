"""
Detects the kind of a picture: from its name where modders follow a convention, otherwise from its content. A request
can always override it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from depixel.domain import ART, DATA, NORMALS, PIXEL_ART, TEXTURES, Domain
from depixel.picture import FROM_BLOCKS, Picture, Pixels
from depixel.preparation.edges import is_stepped, is_unevenly_soft
from depixel.preparation.tiling import tiles

_NORMAL_NAME = re.compile(r"(?:^|[_\-. ])(?:n|nrm|nm|norm|normal|normals|normalmap|nor)$|_normal(?:map)?s?$", re.I)
_DATA_NAME = re.compile(
    r"(?:^|[_\-. ])(?:r|rough|roughness|m|metal|metallic|metalness|ao|occlusion|h|height|heightmap|disp|displacement|"
    r"bump|mask|spec|specular|s|gloss|glossiness|smoothness|orm|rma|e|emissive_mask)$",
    re.I,
)
_PACKED_NAME = re.compile(r"(?:^|[_\-. ])(?:orm|rma|mrao|arm)$", re.I)
"""Several maps in the channels of one picture, which is not grey."""
_LEAST_LEAN, _MOST_ALIKE = 0.01, 0.9  # of red and green: standard deviation, correlation
_LOOKED_AT = 2**20
_GREY = 3  # levels by which the channels of a grey picture may differ, after compression
_PIXEL_ART_SIDE = 256


@dataclass(frozen=True)
class Features:
    """The measurements that detection decides on. They are separate so that they can be tested and displayed."""

    colours: int  # number of visible colours
    colour_share: float  # colours / visible pixels
    flat_share: float  # share of neighbouring visible pairs that have the same colour
    smooth_share: float  # of the pairs that differ, the share that differs by at most 4 levels
    rare_share: float  # share of visible pixels whose colour occurs at most twice
    soft_alpha: float  # share of visible pixels with alpha between 2% and 98%
    alpha_levels: int  # number of distinct values among those
    transparent: float  # share of fully transparent pixels
    grey: bool
    unit_vectors: float  # share of visible pixels whose RGB, read as a vector, has length 1 within 10% and points up


def features(picture: Picture) -> Features:
    """Measure the first frame. Large frames are sampled in bands of rows, spread evenly."""
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


# About _LOOKED_AT pixels at most, in bands of 64 rows, so that neighbours stay neighbours.
def _sample(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    bands = max(1, _LOOKED_AT // (64 * width))
    if height * width <= _LOOKED_AT or bands * 64 >= height:
        return pixels
    tops = np.linspace(0, height - 64, bands).astype(int)
    return np.concatenate([pixels[top : top + 64] for top in tops])


def detect(picture: Picture) -> Domain:
    """
    The kind of a picture. Never FACES: a face is invented only on request.
    """
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", picture.name)
    if hides_everything(picture):
        picture = _opaque(picture)
    traits = features(picture)
    is_named_normal = _NORMAL_NAME.search(stem) is not None
    if not traits.grey and traits.colours > 1 and (is_named_normal or traits.unit_vectors > 0.9):
        mean = picture.rgba(0)[..., :3].reshape(-1, 3).mean(axis=0) / picture.levels
        upward = mean[2] > 0.65 and float(np.abs(mean[:2] - 0.5).max()) < 0.15
        if traits.unit_vectors > 0.9 and (is_named_normal or (upward and mean[2] > 0.75)):
            return NORMALS
        if is_named_normal and upward and not _shows_a_shape(traits) and _leans(picture):
            return DATA  # vectors of uneven length, after JPEG or a filter: each channel separately
    if is_pixel_art(picture, traits):
        return PIXEL_ART
    if _DATA_NAME.search(stem) and not _shows_a_shape(traits) and _may_be_data(picture, stem, traits):
        return DATA
    if traits.transparent < 0.02 and traits.flat_share < 0.6:
        large = picture.width * picture.height >= 32 * 32
        if large or all(tiles(picture)):  # a smaller picture that does not tile may be a portrait or an icon
            return TEXTURES
    return ART


def hides_everything(picture: Picture) -> bool:
    """Whether alpha is 0 everywhere over colours, which only shaders read; alpha is then data, not coverage."""
    if not picture.has_alpha or any(bool(frame[..., -1].any()) for frame in picture.frames):
        return False
    return any(bool(frame[..., :-1].any()) for frame in picture.frames)


def _opaque(picture: Picture) -> Picture:
    frame = picture.rgba(0).copy()
    frame[..., 3] = picture.levels
    return picture.replace(
        frames=(frame,), durations=(), mode="RGBA;16" if picture.levels > 255 else "RGBA", palette=None
    )


# Whether alpha is the shape of an object. A gloss in the alpha of a map is rarely opaque, and may reach 0 in places.
def _shows_a_shape(traits: Features) -> bool:
    return traits.transparent >= 0.02 or 0 < traits.soft_alpha < 0.5


# Whether red and green vary independently, as slopes do and shades of one colour do not.
def _leans(picture: Picture) -> bool:
    slopes = _sample(picture.rgba(0))[..., :2].reshape(-1, 2).astype(np.float64) / picture.levels
    if (slopes.std(0) < _LEAST_LEAN).any():
        return False
    return bool(abs(np.corrcoef(slopes.T)[0, 1]) < _MOST_ALIKE)


# A name such as road_s or wall_metal is only a hint: data is grey, packed, or has a meaning of its own in alpha.
def _may_be_data(picture: Picture, stem: str, traits: Features) -> bool:
    if traits.grey or traits.soft_alpha >= 0.5 or _PACKED_NAME.search(stem):
        return True
    pixels = _sample(picture.rgba(0))[..., :3].astype(np.int64) // (picture.levels // 255)
    return bool((np.ptp(pixels, axis=-1) <= _GREY).mean() > 0.99)


def is_pixel_art(picture: Picture, traits: Features) -> bool:
    """
    Whether the picture was drawn pixel by pixel, not reduced from a larger one.

    Hand-drawn pictures repeat the colours of a palette, and their alpha is on or off, except in shadows. Reducing a
    larger picture creates blended colours along its edges (`blend_share`) and many levels of alpha. Gradients also
    repeat values, but in steps too small to draw by hand. The thresholds were tuned on 448 drawn textures of one game
    and on 750 reduced crops of larger art. Flat pictures with edges that reduction by area does not produce
    (depixel.preparation.edges) count as drawn too, however many colours they have.
    """
    if max(picture.width, picture.height) > _PIXEL_ART_SIDE or traits.smooth_share > 0.5:
        return False
    if _is_drawn_from_a_palette(picture, traits):
        return True
    # Last, because it takes five times as long as all features together.
    pixels = picture.rgba(0)
    return traits.flat_share >= _FLAT_ENOUGH and (is_stepped(pixels) or is_unevenly_soft(pixels))


# By the colours and the alpha of its pixels.
def _is_drawn_from_a_palette(picture: Picture, traits: Features) -> bool:
    hard = traits.soft_alpha <= 0.02 and traits.alpha_levels < _STEPS_OF_BLENDING
    if not hard and traits.alpha_levels > (4 if traits.soft_alpha < 0.08 else 3):
        return (traits.colours <= 4 and traits.alpha_levels <= 6) or _has_painted_shadow(picture)
    if traits.colours <= 4:
        return True
    outlined = traits.transparent > 0.05  # by pixels that are fully opaque or fully transparent
    if not outlined and traits.colours > _PAINTED and traits.flat_share < 0.1:
        return False  # no two neighbours alike
    if not outlined and is_block_compressed(picture) and _shared_by_blocks(picture.rgba(0)) < 0.5:
        return False  # colours repeat only because a block of 4x4 pixels holds at most four of them
    if traits.colours > ((_GREYS_OUTLINED if outlined else _GREYS) if traits.grey else 256):
        return False
    most = 0.12
    if outlined and (hard or traits.alpha_levels <= 1):  # partial alpha of one value: glass, bars and rings
        most = 0.26 if hard else 0.18
    if blend_share(picture.rgba(0)) >= most:
        return False
    return outlined or (traits.rare_share < 0.2 and traits.colour_share < 0.3)


def is_block_compressed(picture: Picture) -> bool:
    """Whether the picture comes from a texture whose blocks of 4x4 pixels hold a few colours each (BC1 to BC7)."""
    return bool(picture.details.get(FROM_BLOCKS))


# The share of pixels whose colour also occurs in another block of 4x4 pixels. Drawings use one palette everywhere.
def _shared_by_blocks(pixels: Pixels) -> float:
    height, width = pixels.shape[:2]
    rows, columns = np.indices((height, width)) // 4
    blocks = (rows * -(-width // 4) + columns).reshape(-1)
    packed = (pixels[..., :3].astype(np.int64) << np.array([32, 16, 0])).sum(-1).reshape(-1)
    _, colour = np.unique(packed, return_inverse=True)
    pairs = np.unique(np.stack([colour.reshape(-1), blocks]), axis=1)
    occurs_in = np.bincount(pairs[0])
    return float((occurs_in[colour.reshape(-1)] > 1).mean())


# Sprites drawn pixel by pixel with a soft shadow: without their dark, half-transparent pixels they are pixel art with a
# hard outline. Reduced outlines and silhouettes leave blended edges, or almost nothing.
def _has_painted_shadow(picture: Picture) -> bool:
    rgba = picture.rgba(0)
    level = picture.levels // 255
    alpha = rgba[..., 3]
    shadow = (alpha > 0) & (alpha < 250 * level) & (rgba[..., :3].max(axis=-1) <= _DARK * level)
    if not shadow.any() or int(shadow.sum()) > 0.6 * int((alpha > 0).sum()):
        return False
    figure = rgba.copy()
    figure[shadow] = 0
    alone = picture.replace(frames=(figure,), mode="RGBA", palette=None)
    traits = features(alone)
    if traits.colours < 8 or traits.soft_alpha > 0.02 or blend_share(figure) >= 0.12:
        return False
    return is_pixel_art(alone, traits)


_FLAT_ENOUGH = 0.5  # of `flat_share`; a texture may be cut out on black, in stairs
_PAINTED = 80  # colours; a texture that was painted pixel by pixel has fewer, or flat areas of them
_GREYS, _GREYS_OUTLINED = 64, 96  # no palette has more; any grey map repeats its 256 often enough to look drawn
_STEPS_OF_BLENDING = 5  # of alpha: round corners of flat panels have few blended pixels, but many steps in them
_DARK = 40  # levels of a shadow's brightest channel


def blend_share(pixels: Pixels) -> float:
    """
    The share of blended edges in [H, W, 4] straight RGBA. An edge pixel lies between two pixels of different colours
    and equals one of them or lies between them in colour. It is blended if it lies between them and its colour occurs
    at most twice.
    """
    values = pixels.astype(np.int64) // (257 if pixels.dtype == np.uint16 else 1)
    values[..., :3] = values[..., :3] * values[..., 3:] // 255
    packed = (values << np.array([24, 16, 8, 0])).sum(-1)
    _, place, uses = np.unique(packed, return_inverse=True, return_counts=True)
    rare = (uses <= 2)[place.reshape(packed.shape)]
    edges = blended = 0
    for axis in (0, 1):
        turned = np.moveaxis(values, axis, 0).astype(np.float64)
        before, middle, after = turned[:-2], turned[1:-1], turned[2:]
        step = after - before
        square = (step**2).sum(-1)
        along = ((middle - before) * step).sum(-1) / np.maximum(square, 1)
        beside = np.sqrt(((middle - before - along[..., None] * step) ** 2).sum(-1))
        edge = np.abs(step).max(-1) > _EDGE
        sharp = (middle == before).all(-1) | (middle == after).all(-1)
        between = ~sharp & (along > 0.02) & (along < 0.98) & (beside < 0.08 * np.sqrt(square) + 3)
        edges += int((edge & (sharp | between)).sum())
        blended += int((edge & between & np.moveaxis(rare, axis, 0)[1:-1]).sum())
    return blended / max(edges, 1)


_EDGE = 24  # least difference in levels between the two sides of an edge
