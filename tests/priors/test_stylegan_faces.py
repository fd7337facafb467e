"""The faces prior: its promises to the search, with tiny random networks; and the released weights."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from depixel.degradation import AreaDegradation, BicubicDegradation
from depixel.errors import WeightsError
from depixel.priors.base import LatentPrior
from depixel.priors.face_encoder import EncoderSpec, FaceEncoder
from depixel.priors.faces import LEVELS, FacePrior
from depixel.priors.stylegan import Generator, GeneratorSpec
from depixel.priors.stylegan_prior import over_grey, to_picture
from depixel.priors.weights import load_weights, released_names
from depixel.priors.whitening import fit
from depixel.request import Request
from depixel.search.loop import search
from depixel.search.question import Question

GENERATOR = GeneratorSpec(32, 8, 8, (8, 8, 8, 8), 2)
ENCODER = EncoderSpec(8, 8, (8, 8, 8, 8), 8, (8, 8, 8), (4, 8, 8, 16, 16, 32))


def write_tiny(path: Path, wide: tuple[int, ...] = (), *, drawn: tuple[int, ...] = ()) -> Path:
    """
    A weights file of random networks in the layout of the release; `wide`: channels of the noise maps; `drawn`: shape
    of the directions of the portraits from which faces from nothing start.
    """
    torch.manual_seed(0)
    specs = replace(GENERATOR, map_channels=wide), replace(ENCODER, map_channels=wide)
    generator, encoder = Generator(specs[0]), FaceEncoder(specs[1])
    with torch.no_grad():
        for conv in generator.synthesis.convs:
            conv.noise_strength.fill_(0.3)  # type: ignore[operator]
    whitening = fit(torch.randn(200, 8) @ torch.randn(8, 8) + 1, slope=1.0, full=True)
    tensors = {f"generator.{k}": v.half() for k, v in generator.state_dict().items()}
    tensors |= {f"encoder.{k}": v.half() for k, v in encoder.state_dict().items()}
    tensors |= {"whitening.mean": whitening.mean, "whitening.root": whitening.root, "maps.scale": torch.ones(6)}
    opened = 8 + sum(math.prod(shape) for shape in specs[1].map_shapes)
    tensors["spread"] = torch.randn(len(LEVELS), 5, opened) * 0.1
    if drawn:
        tensors |= {"portraits.mean": torch.full((3, 8, 8), 0.5), "portraits.directions": torch.randn(drawn) * 0.1}
    config = {
        "kind": "faces",
        "generator": asdict(specs[0]),
        "encoder": asdict(specs[1]),
        "whitening": {"slope": 1.0},
        "licence": "CC0",
    }
    save_file({k: v.contiguous() for k, v in tensors.items()}, path, {"config": json.dumps(config)})
    return path


@pytest.fixture(scope="module", params=[((), ()), ((1, 1, 3, 1, 4, 1), (5, 3, 8, 8))], ids=["narrow", "wide"])
def prior(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LatentPrior:
    wide, drawn = request.param
    path = write_tiny(tmp_path_factory.mktemp("weights") / "faces-tiny.safetensors", wide, drawn=drawn)
    return FacePrior.from_weights(load_weights(str(path)), torch.device("cpu"))


def opaque(*shape: int) -> torch.Tensor:
    small = torch.rand(*shape, generator=torch.Generator().manual_seed(3))
    small[:, 3] = 1
    return small


def test_every_latent_has_a_layout_and_the_picture_is_opaque_and_in_range(prior: LatentPrior) -> None:
    """encode and decode agree on the names; the answer is [B, 4, native, native] in [0, 1] with alpha 1."""
    small, degradation = opaque(2, 4, 8, 8), AreaDegradation(4)
    latents = prior.encode(small, degradation)
    assert set(latents) == set(prior.layout)
    assert all(x.shape[0] == 2 for x in latents.values())
    picture = prior.decode(latents, small, degradation)
    assert picture.shape == (2, 4, 32, 32)
    assert picture.min() >= 0
    assert picture.max() <= 1
    assert (picture[:, 3] == 1).all()
    assert prior.penalty(latents).shape == (2,)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (13, 9), (32, 32), (128, 96)])
def test_any_size_is_encoded(prior: LatentPrior, height: int, width: int) -> None:
    """8 to 128 pixels, square or not."""
    small = opaque(1, 4, height, width)
    latents = prior.encode(small, AreaDegradation(1))
    assert torch.isfinite(prior.decode(latents, small, AreaDegradation(1))).all()


def test_hidden_colour_does_not_reach_the_encoder(prior: LatentPrior) -> None:
    """Under full transparency the input is grey, whatever colour is there."""
    small = opaque(1, 4, 8, 8)
    small[:, :, :4] = 0  # premultiplied: nothing there
    assert (over_grey(small)[:, :, :4] == 0.5).all()
    assert torch.isfinite(prior.encode(small, AreaDegradation(4))["w"]).all()


def test_samples_follow_their_seed_and_differ_between_seeds(prior: LatentPrior) -> None:
    """Imagination 0 is the encoder's answer; otherwise the same seed gives the same face, and another seed another."""
    small, degradation = opaque(1, 4, 16, 16), AreaDegradation(2)

    def draw(seed: int, imagination: float) -> torch.Tensor:
        latents = prior.sample(small, degradation, torch.Generator().manual_seed(seed), imagination)
        return prior.decode(latents, small, degradation)

    calm = prior.decode(prior.encode(small, degradation), small, degradation)
    assert torch.equal(draw(0, 0.0), calm)
    assert torch.equal(draw(0, 1.0), draw(0, 1.0))
    assert not torch.allclose(draw(0, 1.0), draw(1, 1.0), atol=1e-3)
    assert (draw(0, 1.0) - calm).abs().mean() > (draw(0, 0.2) - calm).abs().mean()


def test_faces_from_nothing_have_details_and_follow_their_seed(prior: LatentPrior) -> None:
    """Latents are complete (their maps are not zero), the same for the same seed and different for another."""
    assert isinstance(prior, FacePrior)
    first, again, other = (prior.imagine(3, torch.Generator().manual_seed(seed)) for seed in (5, 5, 6))
    assert set(first) == set(prior.layout)
    for name, values in first.items():
        assert torch.equal(values, again[name])
        assert not torch.allclose(values, other[name])
        assert values.abs().sum() > 0
        assert not torch.allclose(values[0], values[1])


def test_portraits_of_another_shape_are_refused(tmp_path: Path) -> None:
    """A file whose directions do not fit its mean picture is refused when it is opened, not when a face is drawn."""
    path = write_tiny(tmp_path / "faces-odd.safetensors", drawn=(5, 3, 4, 4))
    with pytest.raises(WeightsError, match="do not fit"):
        FacePrior.from_weights(load_weights(str(path)), torch.device("cpu"))


def test_whitening_goes_both_ways() -> None:
    """Whitened samples have unit covariance, and colouring restores them."""
    torch.manual_seed(0)
    w = torch.randn(4000, 6) @ torch.randn(6, 6) + 2
    for slope, full in ((1.0, True), (0.2, False)):
        whitening = fit(w, slope, full)
        v = whitening.whiten(w)
        assert torch.allclose(whitening.color(v), w, atol=1e-3)
        assert torch.allclose(v.std(0), torch.ones(6), atol=0.02)
    assert torch.allclose(torch.cov(fit(w, 1.0, True).whiten(w).t()), torch.eye(6), atol=0.02)


def test_clipped_colours_keep_their_gradient() -> None:
    """A search must be able to restore a saturated pixel."""
    rgb = torch.full((1, 3, 2, 2), 1.5, requires_grad=True)
    picture = to_picture(rgb)
    assert (picture[:, :3] == 1).all()
    picture.sum().backward()
    assert rgb.grad is not None
    assert (rgb.grad == 0.5).all()


def test_damaged_weights_are_one_sentence(tmp_path: Path) -> None:
    """A file whose tensors do not fit its configuration raises WeightsError, as does another kind of prior."""
    weights = load_weights(str(write_tiny(tmp_path / "faces-tiny.safetensors")))
    del weights.tensors["encoder.neck.weight"]
    with pytest.raises(WeightsError, match="faces-tiny"):
        FacePrior.from_weights(weights, torch.device("cpu"))
    weights.config["kind"] = "art"
    with pytest.raises(WeightsError, match="does not hold a face generator"):
        FacePrior.from_weights(weights, torch.device("cpu"))


def test_search_lowers_the_error_of_the_encoder(prior: LatentPrior) -> None:
    """The generic search moves these latents towards the source pixels."""
    small, degradation = opaque(1, 4, 8, 8) * 0.5 + 0.25, AreaDegradation(4)
    small[:, 3] = 1
    calm = prior.decode(prior.encode(small, degradation), small, degradation)
    before = (degradation.apply(calm) - small).square().mean().item()
    candidates = search(prior, Question(small, degradation), Request(domain="faces", steps=15))
    assert candidates.pictures[0][0].error < before


@pytest.mark.weights
@pytest.mark.skipif("faces-128" not in released_names(), reason="no faces weights are released here")
def test_released_weights_give_a_face_near_the_given_pixels() -> None:
    """The released encoder's answer to a plain grey-brown disc scales back to about its pixels; its card exists."""
    weights = load_weights("faces-128")
    prior = FacePrior.from_weights(weights, torch.device("cpu"))
    assert prior.spec.native_size == 128
    axis = torch.linspace(-1, 1, 16)
    disc = ((axis[:, None] / 0.8) ** 2 + (axis[None] / 0.6) ** 2 < 1).float()
    skin = torch.tensor([0.70, 0.52, 0.42])[:, None, None]
    small = torch.cat([skin * disc + 0.35 * (1 - disc), torch.ones(1, 16, 16)])[None]
    degradation = BicubicDegradation(8)
    picture = prior.decode(prior.encode(small, degradation), small, degradation)
    assert (degradation.apply(picture) - small).square().mean() < 0.01
    other = prior.sample(small, degradation, torch.Generator().manual_seed(1), 1.0)
    assert (prior.decode(other, small, degradation) - picture).abs().mean() > 0.003
