"""Draw people: from parameters to pictures, masks and landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from depixel.portrait.background import background
from depixel.portrait.camera import DEPTHS, Camera, camera, landmarks
from depixel.portrait.eyes import Eyes, eyes, shaded_eyes
from depixel.portrait.garments import cloth, clothes, neckline
from depixel.portrait.glasses import Glasses, frame, glasses, lens_light
from depixel.portrait.hair import grow
from depixel.portrait.hair_face import FINE
from depixel.portrait.hair_layer import shaded_strands, shadow_points
from depixel.portrait.hair_paint import paint
from depixel.portrait.head import released_head
from depixel.portrait.headwear import covered, headwear, headwear_look
from depixel.portrait.lighting import HAIR_SIZE, Lights, ShadowMap, developed, lights, shadow_map
from depixel.portrait.mouth import teeth, tongue
from depixel.portrait.parameters import Parameters
from depixel.portrait.raster import Hits, depth_of, hits, rasterise
from depixel.portrait.scene import (
    CLOTH,
    EYE,
    FRAME,
    HEADWEAR,
    INNER_CLOTH,
    SKIN,
    STRAND,
    TEETH,
    TONGUE,
    Solid,
    head_meshes,
    joined,
)
from depixel.portrait.shape import Figure, shape
from depixel.portrait.skin import SkinRegions, Undercoat, skin
from depixel.portrait.strand_drawing import StrandHits, draw_strands
from depixel.portrait.strands import BEARD, HAIR, Strands
from depixel.portrait.surface import Surface, illuminated

IDENTITY = 0xFFFFFFFF
STEP = 0.05
"""dm beyond which two surfaces of one material in one pixel are shaded separately."""
BEHIND = 16
WIDTH = 2.94
"""dm across the usual portrait: decides which detail a size of picture can show, for everybody alike."""
MASKS = ("face", "hair", "cloth", "background")


@dataclass(frozen=True)
class Drawing:
    """Pictures of B people and where things are in them."""

    picture: Tensor
    """[B, 3, size, size], sRGB, 0 to 1; differentiable in lights and colours."""
    masks: Tensor
    """[B, 4, size, size], 0 to 1, in the order of MASKS; they sum to 1. Eyes, brows and glasses count as face."""
    landmarks: dict[str, Tensor]
    """Name => [B, 2], as fractions of the picture from its left and top; left and right are as seen in the picture."""


@dataclass(frozen=True)
class _Stage:
    """What the geometry provides for shading; nothing in it is differentiated."""

    parameters: Parameters
    figure: Figure
    view: Camera
    solid: Solid
    spectacles: Glasses | None
    eyes: Eyes
    strands: Strands
    strand_hits: StrandHits
    shadow: ShadowMap
    buffer: Tensor
    """[B * side * side] int64."""
    below: Tensor
    """[B * side * side] int64, the buffer before strands were drawn."""
    side: int
    samples: int
    pixel: float


def render(parameters: Parameters, size: int, samples: int = 2) -> Tensor:
    """Pictures [B, 3, size, size] in sRGB, 0 to 1; samples: per side of each pixel, 1 is fast and 2 is smooth."""
    return draw(parameters, size, samples).picture


def draw(parameters: Parameters, size: int, samples: int = 2) -> Drawing:
    """Pictures, masks and landmarks of B people; a person looks the same in any batch."""
    with torch.no_grad():
        figure = shape(parameters, released_head(str(parameters.values.device)))
    pixel = torch.full((len(parameters),), WIDTH / size, device=parameters.values.device)
    strands = covered(parameters, figure, grow(figure, parameters, pixel))
    with torch.no_grad():
        stage = _stage(parameters, figure, strands, size, samples)
    picture, masks = _shaded(stage, size)
    return Drawing(picture, masks, landmarks(stage.figure, stage.view))


def level_for(side: int) -> int:
    """Level of detail of the mesh for pictures `side` samples wide."""
    return 0 if side <= 300 else 1 if side <= 1200 else 2


def shadow_size_for(size: int) -> int:
    """Samples per side of the shadow map for pictures of a size: coarse enough for soft shadows."""
    return 96 if size <= 96 else 144 if size <= 300 else 208 if size <= 600 else 288


def _stage(parameters: Parameters, figure: Figure, strands: Strands, size: int, samples: int) -> _Stage:
    head = figure.head
    side = size * samples
    view = camera(parameters, figure)
    head_mesh, parts = head_meshes(figure, head, level_for(side))
    level = min(level_for(side), 1)
    spectacles = glasses(parameters, figure, WIDTH / side)
    worn = [*clothes(parameters, figure, level), *headwear(parameters, figure)]
    solid = joined(head_mesh, parts, [*worn, *([spectacles.frame] if spectacles else [])])
    points = view.project(solid.vertices, side)
    buffer = torch.full((len(parameters) * side * side,), -1, dtype=torch.int64, device=points.device)
    for piece, two_sided, has_cut in solid.pieces:
        cut = solid.cut if has_cut else None
        rasterise(points, solid.triangles[piece], (side, side), DEPTHS, buffer, two_sided, cut, piece.start)
    square = (side, side)
    projected = view.project(strands.points.detach(), side, strands.person)
    first, below = len(solid.triangles), buffer.clone()
    strand_hits = draw_strands(strands, projected, view.focal * side, square, DEPTHS, buffer, first)
    light = lights(parameters)
    shadow_size = shadow_size_for(size)
    shadow = shadow_map(light.key, solid, shadow_size, *shadow_points(strands, min(shadow_size, HAIR_SIZE)))
    return _Stage(
        parameters,
        figure,
        view,
        solid,
        spectacles,
        eyes(parameters, figure),
        strands,
        strand_hits,
        shadow,
        buffer,
        below,
        side,
        samples,
        WIDTH / size,
    )


def _lens_pixels(stage: _Stage, size: int) -> tuple[Tensor, Tensor, Tensor] | None:
    """Pixels [N] that lenses cover, the covered fraction of each [N], and the height on the lens [N] (-1 to 1)."""
    spectacles = stage.spectacles
    if spectacles is None:
        return None
    points = stage.view.project(spectacles.lenses, stage.side)
    buffer = torch.full_like(stage.buffer, -1)
    square = (stage.side, stage.side)
    rasterise(points, spectacles.lens_triangles, square, DEPTHS, buffer, two_sided=True)
    sample = (buffer > stage.buffer).nonzero().squeeze(1)
    lens_hits = hits(points, spectacles.lens_triangles, sample, buffer[sample] & IDENTITY, square)
    lens = spectacles.lenses[..., 1:2]
    half = lens.shape[1] // 2
    middle = torch.cat([lens[:, :1].expand(-1, half, -1), lens[:, half : half + 1].expand(-1, half, -1)], 1)
    height = lens_hits.of((lens - middle) / 0.2)[:, 0]
    pixel = _pixel_of(sample, size, stage.samples)
    return pixel, torch.full((len(pixel),), 1 / stage.samples**2, device=height.device), height


def _shaded(stage: _Stage, size: int) -> tuple[Tensor, Tensor]:
    """Pictures [B, 3, size, size] and masks [B, 4, size, size]."""
    B, samples = len(stage.parameters), stage.samples
    identity = stage.buffer & IDENTITY
    triangles = len(stage.solid.triangles)
    material = torch.where(identity < triangles, stage.solid.materials[identity.clamp(max=triangles - 1)], STRAND)
    material = torch.where(stage.buffer < 0, -1, material)
    sample, weight = _representatives(material, depth_of(stage.buffer, DEPTHS), B, size, samples)
    part = _cover(stage) / samples**2
    below, below_weight, empty = _below(stage, part)
    pixel = _pixel_of(sample, size, samples)
    light = lights(stage.parameters)
    backdrop = background(stage.parameters, size).reshape(-1, 3)
    covered = torch.zeros(len(backdrop), device=weight.device).index_add(0, pixel, weight)
    covered = covered.index_add(0, _pixel_of(empty[0], size, samples), -empty[1])
    picture = developed(backdrop) * (1 - covered).clamp(min=0)[:, None]
    masks = torch.zeros(len(backdrop), 4, device=weight.device)
    masks[:, 3] = 1 - covered
    points = stage.view.project(stage.solid.vertices, stage.side).detach()
    solid = (material[sample] != STRAND).nonzero().squeeze(1)
    sample, weight = torch.cat([sample[solid], below]), torch.cat([weight[solid], below_weight])
    triangle = torch.cat([identity[sample[: len(solid)]], stage.below[below] & IDENTITY])
    kind, pixel = stage.solid.materials[triangle], _pixel_of(sample, size, samples)
    for material_number in range(STRAND):
        chosen = (kind == material_number).nonzero().squeeze(1)
        if len(chosen) == 0:
            continue
        spot = sample[chosen]
        surface_hits = hits(points, stage.solid.triangles, spot, triangle[chosen], (stage.side, stage.side))
        colour = _material(material_number, stage, surface_hits, light)
        picture = picture.index_add(0, pixel[chosen], developed(colour) * weight[chosen][:, None])
        masks[:, 2 if material_number in (CLOTH, INNER_CLOTH, HEADWEAR) else 0].index_add_(
            0, pixel[chosen], weight[chosen]
        )
    if len(stage.strand_hits.sample):
        colour, strand_kind = shaded_strands(stage.strands, stage.strand_hits, stage.view, light, stage.shadow)
        pixel = _pixel_of(stage.strand_hits.sample, size, samples)
        picture = picture.index_add(0, pixel, developed(colour) * part[:, None])
        hairy = ((strand_kind == HAIR) | (strand_kind == BEARD)) * part
        masks[:, 1].index_add_(0, pixel, hairy)
        masks[:, 0].index_add_(0, pixel, part - hairy)
    picture = _through_lenses(stage, picture, size)
    shape_ = (B, size, size, -1)
    return picture.reshape(shape_).permute(0, 3, 1, 2), masks.reshape(shape_).permute(0, 3, 1, 2)


def _cover(stage: _Stage) -> Tensor:
    """How much of its sample each strand hit [N] covers. Single hairs of brows, beards and lashes let skin through."""
    strands, visible = stage.strands, stage.strand_hits
    if stage.pixel > FINE:
        return torch.ones(len(visible.sample), device=stage.buffer.device)
    away = depth_of(stage.buffer[visible.sample], DEPTHS)
    scale = (stage.view.focal * stage.side)[strands.person[visible.strand]]
    wide = 2 * visible.of(strands.radius[..., None])[:, 0] * away * scale
    return torch.where(strands.material[visible.strand] == HAIR, 1.0, wide.clamp(max=1))


def _below(stage: _Stage, part: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
    """
    Samples [K] that strands cover only partly, and the fraction [K] of a pixel that is left for the surface below; and
    the same for samples without a surface below. part: [N], the fraction of a pixel that each strand hit covers.
    """
    left = 1 / stage.samples**2 - part
    thin = (left > 0).nonzero().squeeze(1)
    sample, left = stage.strand_hits.sample[thin], left[thin]
    seen = stage.below[sample] >= 0
    return sample[seen], left[seen], (sample[~seen], left[~seen])


def _through_lenses(stage: _Stage, picture: Tensor, size: int) -> Tensor:
    """The picture [P, 3] with lenses in front of it."""
    lens = _lens_pixels(stage, size)
    if lens is None or len(lens[0]) == 0:
        return picture
    pixel, weight, height = lens
    person = torch.div(pixel, size * size, rounding_mode="floor")
    added, through = lens_light(stage.parameters, person, height)
    dimmed = through.clamp(min=0.02)[:, None] ** (1 / 2.2)
    behind = picture[pixel]
    change = behind * dimmed + added ** (1 / 2.2) * 0.35 - behind
    return picture.index_add(0, pixel, change * weight[:, None])


def _representatives(material: Tensor, depth: Tensor, B: int, size: int, samples: int) -> tuple[Tensor, Tensor]:
    """One sample [N] for each surface in each pixel, and the fraction [N] of the pixel that it represents.

    material: [B * side * side], -1 where there is nothing; depth: the same shape, 1/dm. A sample STEP dm behind the
    nearest sample of its pixel belongs to another surface even if the material is the same. Strands represent only
    themselves: they are as fine as samples.
    """
    places = torch.arange(len(material), device=material.device)
    if samples == 1:
        sample = (material >= 0).nonzero().squeeze(1)
        return sample, torch.ones(len(sample), device=material.device)
    shape_ = (B, size, samples, size, samples)
    grouped = material.reshape(shape_).permute(0, 1, 3, 2, 4).reshape(-1, samples * samples)
    places = places.reshape(shape_).permute(0, 1, 3, 2, 4).reshape(-1, samples * samples)
    near = depth.reshape(shape_).permute(0, 1, 3, 2, 4).reshape(-1, samples * samples)
    nearest = near.amax(1, keepdim=True)
    behind = (nearest - near > STEP * nearest * nearest) & (grouped >= 0) & (grouped != STRAND)
    grouped = grouped + BEHIND * behind
    samples_found, weights = [], []
    for k in range(samples * samples):
        own = grouped[:, k]
        same = grouped == own[:, None]
        first = ~same[:, :k].any(1) & (own >= 0)
        strand = own == STRAND
        chosen = (first | strand).nonzero().squeeze(1)
        count = torch.where(strand[chosen], 1, same[chosen].sum(1))
        samples_found.append(places[chosen, k])
        weights.append(count.float() / samples**2)
    return torch.cat(samples_found), torch.cat(weights)


def _pixel_of(sample: Tensor, size: int, samples: int) -> Tensor:
    """The pixel [N] (index in [B, size, size]) of each sample (index in [B, side, side])."""
    side = size * samples
    row = torch.div(sample, side, rounding_mode="floor")
    column = sample - row * side
    return torch.div(row, samples, rounding_mode="floor") * size + torch.div(column, samples, rounding_mode="floor")


def _material(material: int, stage: _Stage, surface_hits: Hits, light: Lights) -> Tensor:
    """Linear light [N, 3] of the samples of one material."""
    solid = stage.solid
    values = surface_hits.of(torch.cat([solid.vertices, solid.normals], 2))
    position, normal = values[:, :3], normalize(values[:, 3:], dim=1)
    towards = -position
    distance = stage.view.distance
    towards[:, 2] += distance[surface_hits.person] if len(distance) > 1 else distance
    surface = Surface(
        stage.parameters,
        surface_hits.person,
        position,
        normal,
        surface_hits.of(solid.place),
        normalize(towards, dim=1),
        stage.figure.rotation,
        stage.pixel,
    )
    lit = stage.shadow.lit(position + normal * (0.02 + 4 / stage.shadow.size), surface_hits.person)
    if material == EYE:
        return shaded_eyes(surface, stage.eyes, stage.figure.pivot, light, lit)
    if material == SKIN:
        head = stage.figure.head
        level = head.level(level_for(stage.side))
        parts = dict(zip(head.region_names, surface_hits.of(level.regions[None]).T, strict=True))
        regions = SkinRegions(*(parts[name] for name in ("lips", "lids", "ears", "mouth", "occlusion")))
        below = neckline(stage.parameters, surface.place, surface_hits.person)
        lit = lit * (1 - 0.5 * torch.exp(-(below.clamp(max=0) ** 2) / 0.006))
        undercoat = Undercoat(*paint(stage.parameters, surface.place, surface_hits.person))
        return illuminated(skin(surface, regions, undercoat), surface, light, lit)
    if material in (CLOTH, INNER_CLOTH, HEADWEAR):
        edge = surface_hits.of(solid.cut[..., None])[:, 0]
        worn = headwear_look(surface, edge) if material == HEADWEAR else cloth(surface, edge, material == INNER_CLOTH)
        return illuminated(worn, surface, light, lit)
    look = {TEETH: teeth, TONGUE: tongue, FRAME: frame}[material](surface)
    return illuminated(look, surface, light, lit)
