"""Hair: every style grows, is outside the skin, leaves the face free, is the same for the same person."""

from __future__ import annotations

import pytest
import torch

from depixel.portrait.beard_styles import BEARDS
from depixel.portrait.camera import camera
from depixel.portrait.hair import coverage, detail_for, grow, scalp_of, shape_numbers
from depixel.portrait.hair_colour import hair_colours, mean_colour, natural
from depixel.portrait.hair_paint import paint
from depixel.portrait.hair_roots import farthest, hairline, spread
from depixel.portrait.hair_styles import NAMES, STYLES, chances, style_named
from depixel.portrait.head import released_head
from depixel.portrait.parameters import Parameters, middle
from depixel.portrait.shape import shape
from depixel.portrait.strands import BEARD, BROW, HAIR, Strands

PIXEL = torch.tensor([0.06])


def person(**changes: float | str) -> Parameters:
    return middle(1).replaced({"yaw": 0.0, "hair": "long", "beard": "none", **changes})


def strands(people: Parameters, pixel: float = 0.06) -> Strands:
    return grow(shape(people, released_head()), people, torch.full((len(people),), pixel))


@pytest.mark.parametrize("style", NAMES)
def test_every_style_grows(style: str) -> None:
    grown = strands(person(hair=style))
    hair = grown.chosen(grown.material == HAIR)
    assert (len(hair) > 100) == (style != "bald")
    for values in (hair.points, hair.normals, hair.radius, hair.colour):
        assert torch.isfinite(values).all()
    assert (hair.radius > 0).all()
    assert hair.points.abs().amax(dim=(0, 1)).lt(4).all() if len(hair) else True


@pytest.mark.parametrize("style", [name for name, entry in STYLES.items() if entry.shape.open_left > 0.5])
def test_no_strand_crosses_the_face_unless_the_style_wants_it(style: str) -> None:
    grown = strands(person(hair=style), 0.01)
    points = grown.points[grown.material == HAIR].reshape(-1, 3)
    across = (points[:, 0].abs() < 0.4) & (points[:, 1] < 0.12) & (points[:, 1] > -0.9) & (points[:, 2] > -0.2)
    wanted = min(STYLES[style].shape.open_left, STYLES[style].shape.open_right) < 0.3
    assert float(across.float().mean()) < (1 if wanted else 0.001)


def test_a_side_swept_fringe_covers_one_eye_and_can_be_mirrored() -> None:
    def before_eye(x: float, side: float) -> int:
        grown = strands(person(hair="side-swept", hair_side=side), 0.01)
        points = grown.points[grown.material == HAIR].reshape(-1, 3)
        near = (points[:, 0] - x).abs().lt(0.12) & points[:, 1].abs().lt(0.1) & points[:, 2].gt(0)
        return int(near.sum())

    assert before_eye(-0.3, 1.0) > 20
    assert before_eye(0.3, 1.0) == 0
    assert before_eye(0.3, -1.0) > 20


def test_hair_does_not_depend_on_who_else_is_drawn() -> None:
    both = Parameters.joined([person(hair="bob"), person(hair="long"), person(hair="bald")])
    alone, together = strands(person(hair="long")), strands(both)
    mine = together.chosen(together.person == 1)
    assert len(alone) == len(mine)
    assert torch.allclose(alone.points, mine.points[:, : alone.points.shape[1]], atol=1e-4)


def test_longer_hair_is_longer_and_more_volume_is_wider() -> None:
    def reach(**changes: float) -> torch.Tensor:
        grown = strands(person(hair="bob", **changes))
        return grown.points[grown.material == HAIR].reshape(-1, 3)

    assert reach(hair_length=1.4)[:, 1].quantile(0.02) < reach(hair_length=0.8)[:, 1].quantile(0.02) - 0.3
    wide, narrow = (points[points[:, 1] > 0][:, 0].max() for points in (reach(hair_volume=2.0), reach(hair_volume=0.5)))
    assert wide > narrow + 0.1


def test_hair_hangs_down_however_the_head_is_tilted() -> None:
    grown = strands(person(hair="long", roll=30.0))
    hair = grown.points[grown.material == HAIR]
    ends = torch.nn.functional.normalize(hair[:, -1] - hair[:, -4], dim=-1)
    assert float(ends[:, 1].median()) < -0.85


def test_shape_numbers_follow_the_dials() -> None:
    plain, dialled = (shape_numbers(person(hair="side-part", hair_side=side)) for side in (1.0, -1.0))
    assert torch.equal(plain["part_at"], -dialled["part_at"])
    full = shape_numbers(person(hair="bob", hair_volume=2.0))["volume_side"]
    assert torch.allclose(full, torch.tensor([[2 * STYLES["bob"].shape.volume_side]]))
    straight = shape_numbers(person(hair="ringlets", hair_curl=-1.0))
    assert float(straight["curl"]) == 0


def test_receding_hairlines_and_bald_crowns_bear_no_hair() -> None:
    scalp = scalp_of(released_head())
    full = coverage(shape_numbers(person(hair="crew", hair_recede=0.0)), scalp.roots.place, scalp.field) > 0
    horseshoe = coverage(shape_numbers(person(hair="horseshoe")), scalp.roots.place, scalp.field) > 0
    assert 0.2 < float(horseshoe.float().sum() / full.float().sum()) < 0.7


def test_finer_pictures_get_more_and_thinner_strands() -> None:
    coarse, fine = detail_for(0.06), detail_for(0.001)
    assert fine.strands > 5 * coarse.strands
    assert fine.radius < coarse.radius / 4


@pytest.mark.parametrize("beard", list(BEARDS))
def test_every_beard_grows_below_the_eyes_and_not_on_the_lips(beard: str) -> None:
    grown = strands(person(beard=beard), 0.03)
    roots = grown.points[grown.material == BEARD][:, 0]
    assert len(roots) > 8
    assert float(roots[:, 1].max()) < 0.2
    lips = (roots[:, 0].abs() < 0.15) & (roots[:, 1] < -0.7) & (roots[:, 1] > -0.78)
    assert float(lips.float().mean()) < 0.05


def test_brows_lie_over_the_eyes_on_both_sides() -> None:
    grown = strands(person(hair="bald"), 0.006)
    roots = grown.points[grown.material == BROW][:, 0]
    for side in (-1, 1):
        mine = roots[roots[:, 0] * side > 0]
        assert len(mine) > 100
        assert 0.08 < float(mine[:, 1].mean()) < 0.3


def test_colours_run_from_light_to_dark_and_take_dye_only_where_it_is_dyed() -> None:
    steps = natural(torch.linspace(0, 1, 9), torch.zeros(9)).mean(1)
    assert (steps.diff() < 0).all()
    dyed = person(hair_dye=1.0, hair_roots=0.4, hair_grey=0.0)
    dyed = dyed.replaced({"hair_dye_colour": torch.tensor([0.1, 0.9, 0.1])})
    zero = torch.zeros(1)
    colours = hair_colours(dyed, torch.zeros(1, dtype=torch.long), zero, zero, 11)
    assert colours.ends[0, 1, 1] > 3 * colours.ends[0, 1, 0]
    assert colours.blend[0, 2] < 0.05
    assert colours.blend[0, -1] == 1


def test_paint_lies_on_scalp_and_brows_and_not_on_nose_or_bald_heads() -> None:
    place = torch.tensor([[0.0, 1.1, -0.7], [0.0, -0.3, 0.4], [0.3, 0.2, 0.15]])
    nobody = torch.zeros(3, dtype=torch.long)
    haired, bald = person(hair="crew"), person(hair="bald")
    colour, weight = paint(haired, place, nobody)
    assert weight[0] > 0.6
    assert weight[1] == 0
    assert weight[2] > 0.05
    assert torch.allclose(colour[0], mean_colour(haired)[0] * 0.55, atol=1e-3)
    assert paint(bald, place, nobody)[1][0] == 0
    both = paint(Parameters.joined([haired, bald]), place[:1].repeat(2, 1), torch.tensor([0, 1]))[1]
    assert both[0] > 0.6
    assert both[1] == 0


def test_roots_are_spread_evenly() -> None:
    head = released_head()
    triangles = head.skin_quads[:, :3]
    weight = (hairline(head.template[triangles].mean(1)) > 0).float()
    roots = spread(head.template, triangles, weight, 400, 1)
    assert (hairline(roots.place) > -0.3).all()
    chosen = roots.place[farthest(roots.place, 40)]
    gaps = torch.cdist(chosen, chosen) + torch.eye(40) * 9
    assert float(gaps.min()) > 0.15


def test_styles_have_names_and_chances() -> None:
    assert len(NAMES) >= 30
    assert style_named("Dreadlocks") == "locs"
    assert style_named("long straight") == "long"
    assert style_named("nothing of the kind") is None
    share = chances(torch.tensor([8.0, 30.0, 30.0, 75.0]), torch.tensor([1.0, 0.0, 1.0, 0.0]))
    assert (share >= 0).all()
    assert (share.sum(1) > 0).all()
    bald = NAMES.index("bald")
    assert share[3, bald] > share[2, bald]


def test_the_camera_says_how_fine_hair_must_be() -> None:
    one = person()
    figure = shape(one, released_head())
    view = camera(one, figure)
    assert float(view.pixel(48)) > 0.04
    assert float(view.pixel(1024)) < 0.0042
