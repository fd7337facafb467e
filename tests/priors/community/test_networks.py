"""Third-party networks: every architecture that spandrel builds, compared with spandrel's answer, and as `--model`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from depixel.cli import main
from depixel.errors import WeightsError
from depixel.picture import Picture
from depixel.priors.community.reach import sample_picture
from depixel.priors.importers.adding import add_model
from depixel.priors.shelf import Shelf
from depixel.request import Request
from depixel.upsampler import Upsampler

pytest.importorskip(
    "spandrel", reason="spandrel is not installed: scripts/model_tests makes an environment that has it"
)
from tiny_networks import NETWORKS, make

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on processors that are fast at bfloat16: comparisons are to 1e-4."""
    from depixel.priors.community import keeping

    monkeypatch.setattr(keeping, "fast_at_bfloat16", lambda device: False)


SIDES = {"realcugan": 48}  # its first network needs more


def add(name: str, tmp_path: Path, suffix: str = ".pth") -> Path:
    """The tiny network as a downloaded file, added under its own name."""
    path = tmp_path / f"{name}{suffix}"
    state = make(name).state_dict()
    if suffix == ".safetensors":
        from safetensors.torch import save_file

        save_file({key: value.clone().contiguous() for key, value in state.items()}, path)
    else:
        torch.save({"params_ema": state, "iter": 7}, path)
    return add_model(path, name, "CC0 1.0")


def picture(side: int = 24, alpha: bool = False) -> Picture:
    pixels = (sample_picture(side)[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    if alpha:
        ramp = np.linspace(0, 255, side).astype(np.uint8)
        pixels = np.concatenate([pixels, np.broadcast_to(ramp[None, :, None], (side, side, 1))], 2)
    return Picture((pixels,))


def ask(name: str, **values: Any) -> Request:
    return Request(**{"model": name, "domain": "art", "wrap": "none", "degradation": "area", **values})


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_each_architecture_answers_as_in_spandrel(name: str, tmp_path: Path) -> None:
    """From the file, through the stored weights: spandrel's own result to 1e-4; exact when exported."""
    import spandrel

    add(name, tmp_path)
    descriptor = spandrel.ModelLoader().load_from_state_dict(make(name).state_dict())
    small = sample_picture(SIDES.get(name, 32))

    prior = Shelf(CPU).art(name)
    ours, theirs = prior.enlarger.function(small), descriptor.eval()(small)  # type: ignore[attr-defined]

    assert prior.scale == descriptor.scale
    assert (ours - theirs).abs().max() < 1e-4
    report = Upsampler("cpu").upsample(picture(20), ask(name))
    assert report.residual.exact
    assert any(f"{name} alone strayed from the given pixels" in note for note in report.notes)


def test_there_are_fifteen_families_and_more() -> None:
    """The table of tiny networks covers the promised architectures."""
    assert len(NETWORKS) >= 15


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".ckpt", ".safetensors"])
def test_each_kind_of_file_is_the_same_network(suffix: str, tmp_path: Path) -> None:
    """The extension does not matter."""
    add("esrgan", tmp_path, suffix)

    answer = Upsampler("cpu").upsample(picture(12), ask("esrgan"))

    assert answer.model.startswith("esrgan ") and answer.residual.exact


@pytest.mark.parametrize("name", ["esrgan", "swinir", "drct", "span"])
def test_tiles_equal_the_whole_picture(name: str, tmp_path: Path) -> None:
    """Convolutions and windowed attention: cut into tiles, no pixel differs by more than a level."""
    add(name, tmp_path)
    whole, tiled = Upsampler("cpu"), Upsampler("cpu")
    tiled._budget = 96 * 96

    a, b = (u.upsample(picture(112), ask(name)).picture.frames[0].astype(int) for u in (whole, tiled))

    assert np.abs(a - b).max() <= 1


def test_a_network_that_sees_everything_says_so(tmp_path: Path) -> None:
    """Global attention: tiles cannot equal the whole picture; the report names the difference."""
    path = add("craft", tmp_path)
    tiled = Upsampler("cpu")
    tiled._budget = 64 * 64

    report = tiled.upsample(picture(80), ask("craft"))

    assert "depends on the whole picture" in path.with_suffix(".md").read_text()
    assert report.residual.exact
    assert any("looks at whole pictures" in note for note in report.notes)
    assert not any("looks at whole" in n for n in Upsampler("cpu").upsample(picture(20), ask("craft")).notes)


@pytest.mark.parametrize("scale", [2, 3, 8])
def test_other_factors_alpha_wrap_depth_and_animation(scale: int, tmp_path: Path) -> None:
    """What the network does not support: alpha, 16 bits, several frames, wrapped borders, any factor."""
    add("esrgan", tmp_path)
    upsampler = Upsampler("cpu")
    flat = picture(10, alpha=True)
    deep = flat.replace(frames=(flat.frames[0].astype(np.uint16) * 257,))
    film = flat.replace(frames=(flat.frames[0], flat.frames[0][::-1].copy()), durations=(100, 100))

    for source, more in ((flat, {}), (deep, {}), (film, {}), (picture(10), {"wrap": "xy"})):
        report = upsampler.upsample(source, ask("esrgan", scale=scale, **more))

        assert report.residual.exact and report.picture.width == 10 * scale
        assert len(report.picture.frames) == len(source.frames)
        assert report.picture.levels == source.levels


def test_several_models_give_one_candidate_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--model a,b,art-small: three files, each named by its model; a note says that --candidates has no effect."""
    add("esrgan", tmp_path)
    add("compact", tmp_path)
    Image.fromarray(picture(12).frames[0]).save(tmp_path / "in.png")
    words = ["upscale", str(tmp_path / "in.png"), "-o", str(tmp_path / "out"), "--domain", "art", "--json"]

    assert main([*words, "--model", "esrgan,compact,art-small", "--disagreement"]) == 0

    (row,) = json.loads(capsys.readouterr().out)["pictures"]
    assert [c["model"] for c in row["candidates"]] == ["esrgan", "compact", "art-small"]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"in.png", "in.candidate-2.png", "in.candidate-3.png", "in.disagreement.png"}
    first = [note for note in row["notes"] if "alone strayed" in note]
    assert len(first) == 2
    again = Upsampler("cpu").upsample(picture(12), ask("compact,art-small", candidates=5))
    assert len(again.candidates) == 2 and any("has no effect: candidates" in note for note in again.notes)


def test_imagination_and_steps_say_that_they_do_nothing(tmp_path: Path) -> None:
    """No latents: one calm answer, and a sentence."""
    add("compact", tmp_path)

    report = Upsampler("cpu").upsample(picture(12), ask("compact", imagination=0.6, steps=4))

    assert report.steps == 0
    assert any("have no effect: steps, imagination" in note for note in report.notes)


def test_models_lists_what_each_is_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`depixel models add` shows architecture, scale, channels and sizes; `depixel models` the purpose of each."""
    torch.save(make("swinir").state_dict(), tmp_path / "4x Nice.pth")

    assert main(["models", "add", str(tmp_path / "4x Nice.pth"), "--licence", "CC BY 4.0"]) == 0

    shown = capsys.readouterr().out
    assert "SwinIR x2" in shown and "3 channels" in shown and "at least 16 pixels per side" in shown
    assert "depixel upscale PICTURE --model 4x-nice" in shown
    assert main(["models", "--json"]) == 0
    (model,) = [m for m in json.loads(capsys.readouterr().out)["models"] if m["added"]]
    assert model["for"] == "art, textures: SwinIR x2" and len(model["source"]["sha256"]) == 64
    assert main(["models", "remove", "4x-nice"]) == 0


def test_networks_for_other_tasks_are_refused(tmp_path: Path) -> None:
    """One sentence for a network that does not enlarge, and for tensors of an unknown architecture."""
    from spandrel.architectures.Compact import Compact
    from spandrel.architectures.SCUNet import SCUNet

    for network, words in (
        (Compact(num_feat=8, num_conv=2, upscale=1), "has scale 1"),
        (SCUNet(in_nc=3, config=[1, 1, 1, 1, 1, 1, 1], dim=16), "has scale 1"),
    ):
        torch.save(network.state_dict(), tmp_path / "n.pth")
        with pytest.raises(WeightsError, match=words):
            add_model(tmp_path / "n.pth", "n", "MIT")
    torch.save({"a.weight": torch.zeros(3)}, tmp_path / "n.pth")
    with pytest.raises(WeightsError, match="does not know the architecture"):
        add_model(tmp_path / "n.pth", "n", "MIT")


def test_sizes_that_lie_are_refused(tmp_path: Path) -> None:
    """Billions of layers, and layers whose sizes multiply to terabytes: one sentence, at once."""
    state = {key: value.clone() for key, value in make("compact").state_dict().items()}
    for change, words in (
        ({"body.999999999.weight": torch.zeros(1)}, "implies more layers"),
        ({"body.0.weight": torch.zeros(30_000_000, 0, 3, 3)}, "does not fit|larger network"),
        ({"body.0.weight": torch.zeros(8_000_000, 3, 1, 1)}, "larger network"),
    ):
        torch.save(state | change, tmp_path / "n.pth")
        with pytest.raises(WeightsError, match=words):
            add_model(tmp_path / "n.pth", "n", "MIT")


def test_a_tampered_copy_is_refused(tmp_path: Path) -> None:
    """The contents of the folder of added models are not trusted either."""
    from safetensors.torch import save_file

    for network in ("x", {"scale": 4}, {"family": "spandrel", "scale": 10**9, "tags": []}):
        folder = tmp_path / "models"
        folder.mkdir(exist_ok=True)
        save_file(
            {"network.a": torch.zeros(1)},
            folder / "m.safetensors",
            {"config": json.dumps({"kind": "art", "network": network})},
        )
        with pytest.raises(WeightsError, match="lacks the description of its network"):
            Upsampler("cpu").upsample(picture(8), ask("m"))


def test_bfloat16_is_used_only_where_it_keeps_the_level(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that bfloat16 changes by more than a level stays in float32; its weights are not left rounded."""
    from depixel.priors.community import keeping, spandrel_networks

    monkeypatch.setattr(keeping, "fast_at_bfloat16", lambda device: True)
    add("esrgan", tmp_path)
    network = spandrel_networks.build(make("esrgan").state_dict(), "n")
    facts = spandrel_networks.facts_of(network, "n")
    before = {key: value.clone() for key, value in network.descriptor.model.state_dict().items()}

    monkeypatch.setattr(keeping, "_STRAY_OF_HALF", 1e-6)
    strict = keeping.precision_for(network, facts, CPU)
    monkeypatch.setattr(keeping, "_STRAY_OF_HALF", 1.0)
    lax = keeping.precision_for(network, facts, CPU)

    assert (strict, lax) == (torch.float32, torch.bfloat16)
    assert all(torch.equal(value, before[key]) for key, value in network.descriptor.model.state_dict().items())
