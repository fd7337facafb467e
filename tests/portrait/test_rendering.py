"""Pictures of people: the same in any batch, with masks and landmarks where the face is."""

from __future__ import annotations

import pytest
import torch

from depixel.portrait.parameters import Parameters, middle
from depixel.portrait.rendering import MASKS, draw, render
from depixel.portrait.sampling import sample

SIZE = 48


def test_a_person_is_the_same_in_any_batch() -> None:
    """Pictures equal those of a batch of one except for hairs that tie in depth, and a second call bit for bit."""
    people = sample([1, 2, 3])
    together = render(people, SIZE, 1)

    assert together.shape == (3, 3, SIZE, SIZE)
    assert together.min() >= 0 and together.max() <= 1
    for k in range(3):
        change = (render(people.person(k), SIZE, 1) - together[k]).abs().amax((0, 1))
        assert (change > 1 / 255).float().mean() < 0.002
        assert change.max() < 0.05
    assert torch.equal(together, render(people, SIZE, 1))


def test_masks_sum_to_one_and_the_face_is_where_the_landmarks_are() -> None:
    """Every pixel belongs to face, hair, cloth or background; the nose is on the face, the corners are not."""
    plain = {"glasses": "none", "headwear": "none", "yaw": 0.0, "pitch": 0.0, "roll": 0.0}
    drawing = draw(sample([5]).replaced(plain), SIZE)  # type: ignore[arg-type]
    x, y = (drawing.landmarks["nose_tip"][0] * SIZE).long().tolist()

    assert torch.allclose(drawing.masks.sum(1), torch.ones(1, SIZE, SIZE), atol=1e-5)
    assert drawing.masks[0, MASKS.index("face"), y, x] > 0.99
    assert drawing.masks[0, MASKS.index("background"), 0, 0] > 0.9


def test_landmarks_follow_the_camera() -> None:
    """Eyes are where `eyes_at` says, `scale` above the mouth, and left is left in the picture."""
    marks = draw(middle(1).replaced({"eyes_at": torch.tensor([0.4, 0.45]), "scale": 0.3}), 32, 1).landmarks
    eyes = (marks["left_eye"] + marks["right_eye"]) / 2
    mouth = (marks["left_mouth"] + marks["right_mouth"]) / 2

    assert torch.allclose(eyes, torch.tensor([[0.4, 0.45]]), atol=0.01)
    assert (mouth - eyes).norm() == pytest.approx(0.3, abs=0.03)
    assert marks["left_eye"][0, 0] < marks["nose_tip"][0, 0] < marks["right_eye"][0, 0]
    assert marks["left_eye_outer"][0, 0] < marks["left_eye_inner"][0, 0]


def test_light_and_colours_can_be_differentiated() -> None:
    """The gradients of lights, tone and cloth agree with finite differences."""
    people = sample([8])
    values = people.values.clone().requires_grad_()
    render(Parameters(values), 24, 1).mean().backward()
    assert values.grad is not None
    for name in ("key_colour", "sky_colour", "garment_colour", "tone", "exposure"):
        more, less = (people.replaced({name: people[name] + sign * 0.004}) for sign in (1, -1))
        slope = (render(more, 24, 1).mean() - render(less, 24, 1).mean()) / 0.008
        assert Parameters(values.grad)[name].sum() == pytest.approx(float(slope), rel=0.05, abs=2e-4), name


def test_dials_do_what_they_say() -> None:
    """A darker tone is darker, a head turned left shows the nose on the left, closed lids hide the eyes."""
    one = sample([4]).replaced({"glasses": "none", "headwear": "none", "yaw": 0.0})
    light, dark = (render(one.replaced({"tone": tone}), SIZE, 1) for tone in (0.0, 1.0))
    face = draw(one, SIZE, 1).masks[:, :1] > 0.5
    assert light[face.expand_as(light)].mean() > dark[face.expand_as(dark)].mean() + 0.2

    left = draw(one.replaced({"yaw": -40.0}), SIZE, 1).landmarks
    assert left["nose_tip"][0, 0] < (left["left_eye"][0, 0] + left["right_eye"][0, 0]) / 2

    open_eyes, closed = (render(one.replaced({"lids": lids}), 96, 1) for lids in (0.0, 1.0))
    assert (open_eyes - closed).abs().max() > 0.2


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("glasses", "aviator"),
        ("garment", "jacket"),
        ("garment", "hoodie"),
        ("headwear", "headscarf"),
        ("headwear", "hat"),
    ],
)
def test_what_is_worn_shows(name: str, option: str) -> None:
    """Each item changes the picture, and only for the person who wears it."""
    two = sample([6, 7]).replaced({"glasses": "none", "garment": "t-shirt", "headwear": "none", "pitch": 0.0})
    worn = Parameters.joined([two.person(0).replaced({name: option}), two.person(1)])
    change = (render(worn, SIZE, 1) - render(two, SIZE, 1)).abs().amax((1, 2, 3))

    assert change[0] > 0.05
    assert change[1] < 0.02
