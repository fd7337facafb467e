"""Hair of people: `grow` gives all strands of a figure, from scalp to beard, as finely as a picture can show them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from depixel.portrait import hair_face, hair_growth, hair_locks, hair_ties
from depixel.portrait.hair_colour import hair_colours
from depixel.portrait.hair_locks import Detail, Kinship, Locks
from depixel.portrait.hair_roots import Roots, farthest, hairline, ramp, spread
from depixel.portrait.hair_styles import NAMES, NUMBERS, STYLES
from depixel.portrait.hair_surface import HeadSurface
from depixel.portrait.head import Head
from depixel.portrait.parameters import Parameters
from depixel.portrait.shape import Figure
from depixel.portrait.strands import HAIR, Strands

GUIDES = 384
MOST = 10_000
"""Strands at the finest level."""
LOCKS = (60, 150, 400, 900)
"""Numbers of locks that a scalp can be divided into."""
DETAILS = (
    (0.04, Detail(450, 18, 2, 0.04)),
    (0.018, Detail(1000, 18, 2, 0.023)),
    (0.0085, Detail(2200, 18, 3, 0.0125)),
    (0.0042, Detail(3600, 32, 4, 0.0085)),
    (0.0, Detail(6500, 56, 4, 0.0052)),
)
"""Smallest number of dm that a pixel covers for each level of detail: pictures of 48, 128, 256, 512 and 1024 pixels."""


class Scalp(NamedTuple):
    """The part of the hair that is the same for every person."""

    roots: Roots
    field: Tensor
    """[N], signed distance from the hairline, dm, positive inside."""
    guides: Roots
    kin: Kinship
    lock: Tensor
    """[len(LOCKS), N] int64, the central strand of each strand's lock."""
    skull: Tensor
    """[K] int64, vertices from which a skull's position and size are measured."""
    skin: Tensor
    """[K] int64, vertices that hair rests on: skin without ears."""


def grow(figure: Figure, parameters: Parameters, pixel: Tensor) -> Strands:
    """All strands of B people, in the world.

    pixel: [B], dm that a pixel of the picture covers at the eyes; the smallest decides for everyone.
    """
    device = figure.vertices.device
    scalp = scalp_of(figure.head)
    detail = detail_for(float(pixel.min()))
    shift, size = placement(figure, scalp)
    parts = hair_face.grow(figure, parameters, float(pixel.min()))
    haired = (parameters.choice("hair") != NAMES.index("bald")).nonzero().squeeze(1)
    if len(haired):
        normal = (figure.vertices[haired] - shift[haired, None]) / size[haired, None, None]
        surface = HeadSurface.of(normal[:, scalp.skin])
        down = torch.tensor([0.0, -1.0, 0.0], device=device)
        gravity = down @ figure.rotation[haired]
        mine = Parameters(parameters.values[haired])
        for part in _hair(mine, scalp, surface, normal, gravity, detail):
            person = haired[part.person]
            points = part.points * size[person, None, None] + shift[person, None]
            turn = figure.rotation[person]
            normals = part.normals @ turn.transpose(1, 2)
            radius = part.radius * size[person, None]
            world = figure.to_world(points, person)
            parts.append(
                Strands(**{**part.__dict__, "points": world, "normals": normals, "radius": radius, "person": person})
            )
    return Strands.joined(parts)


def detail_for(pixel: float) -> Detail:
    """The level of detail at which hair is drawn where a pixel covers `pixel` dm."""
    return next(detail for least, detail in DETAILS if pixel >= least)


def shape_numbers(parameters: Parameters) -> dict[str, Tensor]:
    """The numbers of each person's style [B, 1], with that person's dials applied."""
    rows = _style_table(str(parameters.values.device))[parameters.choice("hair")]
    s = {name: rows[:, k : k + 1] for k, name in enumerate(NUMBERS)}
    dial = {name: parameters[name].detach()[:, None] for name in _DIALS}
    for name in ("top", "side", "back"):
        s[name] = s[name] * dial["hair_length"]
    s["fringe"] = s["fringe"] * dial["hair_fringe"] * dial["hair_length"].sqrt()
    lower = s["hem"] > -5
    s["hem"] = torch.where(lower, 0.9 - (0.9 - s["hem"]) * dial["hair_length"], s["hem"])
    cut = s["fringe_end"] > -5
    s["fringe_end"] = torch.where(cut, 0.75 - (0.75 - s["fringe_end"]) * dial["hair_fringe"], s["fringe_end"])
    for name in ("volume_top", "volume_side", "volume_back", "volume_front"):
        s[name] = s[name] * dial["hair_volume"]
    looser = dial["hair_curl"].clamp(max=0) + 1
    s["curl"], s["wave"] = s["curl"] * looser, s["wave"] * looser
    longer = ramp(s["top"], 0.4, 1.2) * (s["round"] == 0)
    s["wave"] = s["wave"] + dial["hair_curl"].clamp(min=0) * 0.09 * longer
    s["messy"] = s["messy"] * dial["hair_mess"]
    s["part_at"] = s["part_at"] + dial["hair_part"]
    s["recede"] = s["recede"] + dial["hair_recede"] * (s["top"] < 1.5)
    s["shine"] = s["shine"] * dial["hair_shine"]
    mirrored = dial["hair_side"] < 0
    for name in ("part_at", "sweep"):
        s[name] = torch.where(mirrored, -s[name], s[name])
    left, right = s["open_left"], s["open_right"]
    s["open_left"], s["open_right"] = torch.where(mirrored, right, left), torch.where(mirrored, left, right)
    return s


@lru_cache(maxsize=2)
def _style_table(device: str) -> Tensor:
    """NUMBERS of all styles, [len(STYLES), len(NUMBERS)]."""
    rows = [[float(getattr(s.shape, name)) for name in NUMBERS] for s in STYLES.values()]
    return torch.tensor(rows, device=device)


_DIALS = ("hair_length", "hair_fringe", "hair_volume", "hair_curl", "hair_part", "hair_side", "hair_mess",
          "hair_recede", "hair_shine")  # fmt: skip


def placement(figure: Figure, scalp: Scalp) -> tuple[Tensor, Tensor]:
    """How each skull differs from the template's: shift [B, 3] in dm, and size [B]."""
    template = figure.head.template[scalp.skull]
    mine = figure.vertices[:, scalp.skull]
    size = mine.std(1).mean(1) / template.std(0).mean()
    return mine.mean(1) - template.mean(0) * size[:, None], size


def coverage(shape: dict[str, Tensor], place: Tensor, field: Tensor) -> Tensor:
    """Distance inside the hair [B, N] of places [N, 3], dm, allowing for receding hairlines and bald crowns."""
    x, y, z = place.unbind(-1)
    front = ramp(z, -0.75, 0.1) * ramp(y, 0.25, 0.6)
    corners = 1.15 - 0.6 * torch.exp(-(x / 0.24).square())
    inside = field - shape["recede"] * (front * corners)
    burns = ramp(z, -0.72, -0.66) * (shape["sideburn"] - y)
    inside = torch.minimum(inside, torch.where(burns > 0, -burns, inside))
    crown = ((place - place.new_tensor((0.0, 1.12, -0.95))) / place.new_tensor((1.0, 1.0, 1.2))).norm(dim=-1)
    return torch.where(shape["crown_bald"] > 0, torch.minimum(inside, crown - shape["crown_bald"]), inside)


def _hair(
    parameters: Parameters, scalp: Scalp, surface: HeadSurface, vertices: Tensor, gravity: Tensor, detail: Detail
) -> list[Strands]:
    """
    The hair of those people who have any, on heads of the template's size; people are numbered as in `parameters`.
    """
    shape = shape_numbers(parameters)
    guides = hair_growth.grow(shape, surface, scalp.guides, scalp.guides.on(vertices), gravity)
    group = hair_growth.groups(shape, scalp.roots.place)
    style = parameters.choice("hair")
    parts: list[Strands] = []
    for number in style.unique().tolist():
        people = (style == number).nonzero().squeeze(1)
        parts += _styled(number, people, parameters, scalp, surface, vertices, gravity, detail, shape, guides, group)
    return parts


def _styled(
    number: int,
    people: Tensor,
    parameters: Parameters,
    scalp: Scalp,
    surface: HeadSurface,
    vertices: Tensor,
    gravity: Tensor,
    detail: Detail,
    shape: dict[str, Tensor],
    guides: hair_growth.Guides,
    group: Tensor,
) -> list[Strands]:
    """The hair of the people who wear one style."""
    style = STYLES[NAMES[number]]
    count = min(int(detail.strands * style.shape.dense), len(scalp.field))
    roots = scalp.roots.first(count)
    s = {name: value[people] for name, value in shape.items()}
    mine = HeadSurface(surface.centre[people], surface.size[people], surface.skull[people], surface.body[people])
    guides = hair_growth.Guides(*(values[people] for values in guides))
    group = group[people][:, :count]
    if style.tie is not None:
        guides = hair_ties.gather(guides, style.tie, mine, scalp.guides, s["volume_top"])
        group = hair_ties.tied_group(group, style.tie, roots.place, mine)
    kin = Kinship(scalp.kin.guide[:count], scalp.kin.nearness[:count])
    level = min(range(len(LOCKS)), key=lambda k: abs(LOCKS[k] - style.shape.locks))
    lock = scalp.lock[level, :count].expand(len(people), -1)
    lock = torch.where(group.gather(1, lock) == group, lock, torch.arange(count, device=lock.device))
    # Curls need enough points to look round.
    points = max(detail.points, min(72, int(style.shape.curl_rate * (style.shape.curl > 0) * style.shape.top * 7)))
    locks = hair_locks.interpolate(guides, kin, roots, roots.on(vertices[people]), lock, points, group, mine.centre)
    inside = coverage(s, roots.place, scalp.field[:count]) + 0.05 * (roots.random[:, 6] - 0.5) > 0
    inside &= roots.random[:, 2] < s["density"]
    hair = _strands(locks, s, roots, lock, detail, people, parameters, rooted=style.tie is None)
    parts = [hair.chosen(inside.reshape(-1))]
    extra = scalp.roots.first(max(60, count // 4))
    alone = torch.arange(len(extra.random), device=lock.device).expand(len(people), -1)
    scale = parameters["hair_length"].detach()[people, None]
    if style.tie is not None:
        tail = hair_ties.tails(style.tie, mine, gravity[people], extra, max(detail.points, 24), scale)
        parts.append(_strands(tail, s, extra, alone, detail, people, parameters, rooted=False))
    if style.rows:
        braids = hair_ties.rows(style.rows, mine, gravity[people], extra, detail.points, 0.9 * scale)
        parts.append(_strands(braids, s, extra, alone, detail, people, parameters, rooted=False))
    return parts


def _strands(
    locks: Locks,
    shape: dict[str, Tensor],
    roots: Roots,
    lock: Tensor,
    detail: Detail,
    people: Tensor,
    parameters: Parameters,
    rooted: bool,
) -> Strands:
    points = hair_locks.styled(locks, shape, roots, lock)
    if rooted:
        points = hair_growth.clear_face(points, shape, roots)
    B, N, P = points.shape[:3]
    t = torch.linspace(0, 1, P, device=points.device)
    taper = (1 - 0.6 * t.square()) * (0.6 + 0.4 * ramp(t, 0.0, 0.1))
    short = (locks.length / 0.12).clamp(0.35, 1)
    radius = (detail.radius * shape["thick"] * short)[..., None] * taper
    open_sky = (0.22 + 0.78 * locks.layer.pow(1.5))[..., None] * (0.55 + 0.45 * ramp(t, 0.0, 0.25))
    person = people.repeat_interleave(N)
    random = roots.random[None].expand(B, -1, -1)
    shared = random.gather(1, lock[..., None].expand(-1, -1, random.shape[2]))
    colours = hair_colours(parameters, person, shared[..., 0].reshape(-1), random[..., 2].reshape(-1), P)

    def each(values: Tensor) -> Tensor:
        return values.expand(B, N).reshape(-1)

    return Strands(
        points=points.reshape(B * N, P, 3),
        normals=locks.normals.reshape(B * N, P, 3),
        radius=radius.expand(B, N, P).reshape(-1, P),
        openness=open_sky.reshape(-1, P),
        person=person,
        hairs=torch.full((B * N,), detail.fibres, device=points.device),
        ragged=each(shape["ragged"]),
        colour=colours.ends,
        blend=colours.blend,
        shine=each(shape["shine"]),
        material=torch.full((B * N,), HAIR, device=points.device),
    )


def scalp_of(head: Head) -> Scalp:
    """Roots, guides and locks on a head; computed once for each head."""
    return _scalp(head)


@lru_cache(maxsize=2)
def _scalp(head: Head) -> Scalp:
    template, quads = head.template.cpu(), head.skin_quads.cpu()
    triangles = torch.cat([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    ears = head.region("ears").cpu()
    middle = template[triangles].mean(1)
    near = (hairline(middle) > -0.25) & (ears[triangles].mean(1) < 0.3) & (middle[:, 1] > -0.8)
    roots = spread(template, triangles, near.float(), int(MOST * 1.35), 3)
    field = hairline(roots.place)
    inside = (field > -0.08).nonzero().squeeze(1)[:MOST]
    roots, field = Roots(*(values[inside] for values in roots)), field[inside]
    pool = roots.first(4000)
    chosen = farthest(pool.place, GUIDES)
    guides = Roots(*(values[chosen] for values in pool))
    lock = torch.stack([torch.cdist(roots.place, roots.place[:count]).argmin(1) for count in LOCKS])
    skin = torch.zeros(len(template), dtype=torch.bool)
    skin[quads.reshape(-1)] = True
    skull = skin & (template[:, 1] > 0.25) & (template[:, 2] < 0.05)
    kin = hair_locks.kinship(roots.place, guides.place)

    def here(values: Tensor) -> Tensor:
        return values.to(head.device)

    return Scalp(
        Roots(*map(here, roots)),
        here(field),
        Roots(*map(here, guides)),
        Kinship(*map(here, kin)),
        here(lock),
        here(skull.nonzero().squeeze(1)),
        here((skin & (ears < 0.3)).nonzero().squeeze(1)),
    )
