"""The style-based generator and its encoder."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from depixel.priors.face_encoder import GRID, EncoderSpec, FaceEncoder, ResidualBlock, to_grid
from depixel.priors.stylegan import Generator, GeneratorSpec, blur, downsample, upsample

SPEC = GeneratorSpec(32, 16, 16, (16, 16, 8, 8), 2)


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(0)
    return Generator(SPEC).eval().requires_grad_(False)


def test_picture_has_the_size_of_the_spec_and_stops_early_when_asked(generator: Generator) -> None:
    """The full picture is R x R; a smaller resolution gives the picture of the lower blocks."""
    w = torch.randn(2, SPEC.layers, 16)
    assert generator.synthesis(w).shape == (2, 3, 32, 32)
    assert generator.synthesis(w, resolution=16).shape == (2, 3, 16, 16)


def test_batch_of_one_equals_the_same_picture_in_a_batch(generator: Generator) -> None:
    """Modulation never mixes the pictures of a batch."""
    w = torch.randn(3, SPEC.layers, 16)
    together = generator.synthesis(w)
    alone = torch.cat([generator.synthesis(w[k : k + 1]) for k in range(3)])
    assert torch.allclose(together, alone, atol=1e-5)


def test_demodulation_keeps_the_activations_near_unit_variance(generator: Generator) -> None:
    """Equation 3 of the paper: a style of any strength does not change the size of the feature maps."""
    conv = generator.synthesis.convs[0]
    x, w = torch.randn(4, 16, 4, 4), torch.randn(4, 16)
    weak = conv(x, w, noise_mode="none")
    conv.affine.weight.mul_(100.0)  # type: ignore[operator, union-attr]
    conv.affine.bias.mul_(100.0)  # type: ignore[operator, union-attr]
    strong = conv(x, w, noise_mode="none")
    conv.affine.weight.div_(100.0)  # type: ignore[operator, union-attr]
    conv.affine.bias.div_(100.0)  # type: ignore[operator, union-attr]
    assert torch.allclose(weak, strong, rtol=1e-3, atol=1e-4)


def test_given_noise_replaces_the_shipped_one_and_random_noise_follows_its_seed() -> None:
    """Noise is passed in, shipped, random, or absent; each has its result."""
    torch.manual_seed(1)
    generator = Generator(SPEC).eval().requires_grad_(False)
    for conv in generator.synthesis.convs:
        conv.noise_strength.fill_(0.3)  # type: ignore[operator]
    w = torch.randn(1, SPEC.layers, 16)
    maps = {0: torch.ones(1, 1, 4, 4)}
    assert not torch.allclose(generator.synthesis(w), generator.synthesis(w, maps))
    draws = [generator.synthesis(w, None, "random", torch.Generator().manual_seed(s)) for s in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_resampling_keeps_a_flat_picture_flat_and_halves_exactly() -> None:
    """Upsampling then downsampling a constant gives the constant away from the border."""
    flat = torch.full((1, 2, 8, 8), 0.7)
    up = upsample(flat)
    assert up.shape[-1] == 16
    assert torch.allclose(up[..., 2:-2, 2:-2], torch.tensor(0.7), atol=1e-6)
    assert torch.allclose(downsample(up)[..., 2:-2, 2:-2], torch.tensor(0.7), atol=1e-6)
    assert blur(torch.ones(1, 2, 17, 17)).shape[-1] == 16


def test_spec_travels_as_json_and_ignores_unknown_keys() -> None:
    """Metadata restore the same spec; an unknown key is harmless."""
    assert GeneratorSpec.from_json(SPEC.to_json()) == SPEC
    assert GeneratorSpec.from_json(SPEC.to_json()[:-1] + ', "later": 1}') == SPEC
    encoder = EncoderSpec(latent=16, layers=8, channels=(8, 8, 8, 8), hidden=16, upward=(8, 8, 8))
    assert EncoderSpec.from_json(encoder.to_json()) == encoder


def test_spec_refuses_sizes_that_cannot_be() -> None:
    """A resolution that is not a power of two, or channels that do not match it, raise an error at once."""
    with pytest.raises(ValueError, match="power of two"):
        GeneratorSpec(resolution=96)
    with pytest.raises(ValueError, match="channel counts"):
        GeneratorSpec(resolution=64, channels=(8, 8))


@pytest.mark.parametrize(("height", "width"), [(8, 8), (16, 16), (33, 20), (64, 64), (128, 100)])
def test_encoder_takes_any_size(height: int, width: int) -> None:
    """8 to 128 pixels, square or not, give latents of one shape and every noise map at its own size."""
    torch.manual_seed(0)
    spec = EncoderSpec(latent=16, layers=8, channels=(8, 8, 8, 8), hidden=16, upward=(8, 8, 8), maps=(4, 8, 8, 16, 32))
    encoder = FaceEncoder(spec).eval()
    with torch.no_grad():
        encoded = encoder(torch.rand(2, 3, height, width) * 2 - 1)
    assert encoded.w_plus.shape == (2, 8, 16)
    assert [m.shape[-1] for m in encoded.maps] == [4, 8, 8, 16, 32]
    assert to_grid(torch.rand(1, 3, height, width)).shape[-2:] == (GRID, GRID)


def test_encoder_is_told_how_small_the_picture_was() -> None:
    """Two pictures that are equal on the grid but had different sizes get different latents."""
    torch.manual_seed(0)
    encoder = FaceEncoder(EncoderSpec(latent=16, layers=8, channels=(8, 8, 8, 8), hidden=16, upward=(8, 8, 8))).eval()
    grid = torch.zeros(2, 3, GRID, GRID)
    with torch.no_grad():
        w = encoder.from_grid(grid, torch.tensor([8.0, 64.0])).w
    assert not torch.allclose(w[0], w[1])


def test_wide_noise_map_says_what_is_at_a_place() -> None:
    """Beyond its first channel a map moves feature maps differently; shipped noise and narrow maps still work."""
    torch.manual_seed(0)
    synthesis = Generator(GeneratorSpec(16, 8, 8, (8, 8, 8), 2, map_channels=(1, 3))).synthesis.eval()
    w = torch.randn(1, 6, 8)
    wide = torch.zeros(1, 3, 8, 8)
    rest = synthesis(w, {1: wide}, "none")
    assert torch.equal(rest, synthesis(w, {1: wide[:, :1]}, "none"))
    assert synthesis(w).shape == rest.shape  # constant noise is one map for all channels
    pushed = []
    for channel in (1, 2):
        raised = wide.clone()
        raised[:, channel, 3:5, 3:5] = 1
        pushed.append(synthesis(w, {1: raised}, "none") - rest)
    assert all(p.abs().max() > 1e-3 for p in pushed)
    cosine = torch.nn.functional.cosine_similarity(pushed[0].flatten(), pushed[1].flatten(), dim=0)
    assert cosine.abs() < 0.9


def test_widened_encoder_answers_as_the_narrow_one_until_it_is_trained() -> None:
    """Further channels begin at zero and further blocks change nothing: training of old weights can continue."""
    narrow = EncoderSpec(8, 8, (8, 8, 8, 8), 8, (8, 8, 8), (4, 8, 16, 32))
    wide = dataclasses.replace(narrow, map_channels=(1, 1, 4, 2), depth=2)
    assert EncoderSpec.from_json(wide.to_json()) == wide
    torch.manual_seed(0)
    old, new = FaceEncoder(narrow), FaceEncoder(wide)
    missing, unexpected = new.load_state_dict(old.state_dict(), strict=False)
    assert not unexpected
    assert all(key.startswith(("deeper.", "wide_heads.")) for key in missing)
    for block in new.deeper.modules():
        if isinstance(block, ResidualBlock):
            torch.nn.init.zeros_(block.conv1.bias)  # type: ignore[arg-type]
            torch.nn.init.zeros_(block.conv1.weight)
    small = torch.rand(2, 3, 16, 16)
    before, after = old(small), new(small)
    assert [m.shape[1:] for m in after.maps] == [torch.Size(s) for s in wide.map_shapes]
    for a, b in zip(before.maps, after.maps, strict=True):
        assert torch.allclose(a, b[:, :1], atol=1e-5)
        assert (b[:, 1:] == 0).all()
