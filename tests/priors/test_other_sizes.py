"""Third-party generators in other sizes than the fixtures': sizes are inferred, w and pictures match within 1e-4."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from persistent import name_persistence, persistent_module
from plain_stylegan import one, picture_one, picture_two, rosinality, three, two
from safetensors.torch import save_file
from torch import Tensor

from depixel.errors import WeightsError
from depixel.priors.importers import convert_file
from depixel.priors.whitening import AnyGenerator, build_generator

TWO = {  # channels from 4 pixels up, z, w, mapping layers, architecture
    "8 pixels": ((6, 4), 5, 7, 1, "skip"),
    "16, orig": ((8, 6, 5), 16, 8, 8, "orig"),
    "32, resnet": ((6, 6, 4, 3), 8, 8, 2, "resnet"),
    "64, more channels above": ((4, 8, 8, 12, 5), 8, 12, 4, "skip"),
    "256": ((8, 8, 8, 6, 4, 3, 2), 6, 6, 2, "skip"),
    "1024": ((4, 4, 4, 4, 4, 4, 3, 2, 2), 8, 8, 2, "skip"),
}


def built(path: Path) -> AnyGenerator:
    converted = convert_file(path)
    generator = build_generator(converted.family, converted.spec).eval().requires_grad_(False)
    generator.load_state_dict(converted.tensors)
    return generator


def written(state: dict[str, Tensor], path: Path) -> Path:
    save_file({f"weights.{key}": value.clone().contiguous() for key, value in state.items()}, path)
    return path


def agree(ours: Tensor, theirs: Tensor) -> bool:
    return bool((ours - theirs).norm() <= 1e-4 * theirs.norm())


def z_of(generator: AnyGenerator) -> Tensor:
    return torch.randn(1, generator.spec.noise_latent, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("which", TWO)
def test_stylegan2_of_any_size_and_architecture(which: str, tmp_path: Path) -> None:
    """Sizes, channels, mapping depth and architecture are read from the tensors; w and picture are the papers'."""
    channels, z, w, depth, kind = TWO[which]
    state = two(channels, z, w, depth, kind)
    generator = built(written(state, tmp_path / "g.safetensors"))
    spec = generator.spec
    assert (spec.resolution, spec.noise_latent, spec.latent) == (4 << (len(channels) - 1), z, w)
    assert (spec.channels, spec.mapping_layers) == (channels, depth)
    mean, rgb = picture_two(state, z_of(generator))
    ours = generator.mapping(z_of(generator))
    assert agree(ours, mean)
    assert agree(generator.synthesis(mean[:, None].expand(-1, spec.layers, -1)), rgb)


@pytest.mark.parametrize("channels", [(6, 4), (8, 8, 6, 6, 4, 3)])
def test_rosinality_of_any_size(channels: tuple[int, ...], tmp_path: Path) -> None:
    """The other port's names and scales give the same picture, in a checkpoint and as plain tensors."""
    state = two(channels, 8, 8, 3, "skip")
    torch.save({"g_ema": rosinality(state), "latent_avg": torch.zeros(8)}, tmp_path / "g.pt")
    for path in (tmp_path / "g.pt", written(rosinality(state), tmp_path / "g.safetensors")):
        generator = built(path)
        w, rgb = picture_two(state, z_of(generator))
        assert agree(generator.mapping(z_of(generator)), w)
        assert agree(generator.synthesis(w[:, None].expand(-1, generator.spec.layers, -1)), rgb)


@pytest.mark.parametrize(("channels", "latent"), [((6, 4), 8), ((8, 8, 6, 4), 16), ((6, 6, 6, 4, 4, 3, 2), 8)])
def test_stylegan1_of_any_size(channels: tuple[int, ...], latent: int, tmp_path: Path) -> None:
    """PULSE's two files, also where enlarging and convolving are one step (from 128 pixels on)."""
    state = one(channels, latent)
    for half in ("synthesis", "mapping"):
        torch.save(
            {k.removeprefix(f"{half}."): v for k, v in state.items() if k.startswith(half)}, tmp_path / f"{half}.pt"
        )
    for path in (tmp_path / "mapping.pt", written(state, tmp_path / "g.safetensors")):
        generator = built(path)
        assert generator.spec.resolution == 4 << (len(channels) - 1)
        dice = torch.Generator().manual_seed(5)
        noise = [torch.randn(1, 1, n, n, generator=dice) for n in generator.synthesis.noise_sizes()]
        w, rgb = picture_one(state, z_of(generator), noise)
        assert agree(generator.mapping(z_of(generator)), w)
        ours = generator.synthesis(w[:, None].expand(-1, generator.spec.layers, -1), dict(enumerate(noise)))
        assert agree(ours, rgb)


@pytest.mark.parametrize(("resolution", "count"), [(16, 6), (64, 8), (256, 14), (1024, 14)])
def test_stylegan3_of_any_size(resolution: int, count: int, tmp_path: Path) -> None:
    """Its schedule of sizes is inferred from the names, and the picture has the size and finite values."""
    generator = built(written(three(resolution, count, 5, 7, 4), tmp_path / "g.safetensors"))
    spec = generator.spec
    assert (spec.resolution, spec.noise_latent, spec.latent) == (resolution, 5, 7)
    assert (len(spec.channels), spec.layers) == (count, count + 2)
    if resolution <= 64:
        rgb = generator.synthesis(generator.mapping(z_of(generator))[:, None].expand(-1, spec.layers, -1))
        assert rgb.shape == (1, 3, resolution, resolution)
        assert torch.isfinite(rgb).all()


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_of_every_protocol(protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NVIDIA's persistent classes, however the bytes of their tensors travel (in protocol 2: as text)."""
    name_persistence(monkeypatch)
    state = two((6, 4), 5, 7, 2, "skip")
    (tmp_path / "g.pkl").write_bytes(pickle.dumps({"G_ema": persistent_module(state)}, protocol))
    generator = built(tmp_path / "g.pkl")
    w, rgb = picture_two(state, z_of(generator))
    assert agree(generator.synthesis(w[:, None].expand(-1, 4, -1)), rgb)


def test_tensors_that_do_not_fit_one_another_are_named(tmp_path: Path) -> None:
    """
    Another mapping width, grey pictures, a missing tensor or an invalid number: one sentence with the tensor's name.
    """

    def refused(change: dict[str, Tensor], word: str) -> None:
        path = written(two((6, 4), 5, 7, 2, "skip") | change, tmp_path / "g.safetensors")
        with pytest.raises(WeightsError, match=word):
            convert_file(path)

    refused({"mapping.fc1.weight": torch.zeros(9, 7)}, r"mapping\.layers\.1\.weight is 9x7")
    refused({"synthesis.b8.torgb.weight": torch.zeros(1, 4, 1, 1)}, r"to_rgb\.1\.weight is 1x4x1x1")
    refused({"synthesis.b4.const": torch.zeros(100_000, 4, 4)}, "larger")
    refused({"mapping.fc0.weight": torch.zeros(1, 9_000_000), "mapping.fc0.bias": torch.zeros(1)}, "larger")
    refused({"synthesis.b4.const": torch.full((6, 4, 4), float("nan"))}, r"b4\.const holds values")
    refused({"mapping.embed.weight": torch.zeros(7, 3)}, "conditional")
