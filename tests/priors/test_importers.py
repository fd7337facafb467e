"""Converting third-party generators: right numbers, and none of their code is run."""

from __future__ import annotations

import io
import json
import os
import pickle
from pathlib import Path

import pytest
import torch
from persistent import name_persistence, persistent_module
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tiny_stylegan import SPEC, ada_state, tiny_generator
from torch import Tensor

from depixel.degradation import AreaDegradation
from depixel.errors import WeightsError
from depixel.priors.faces import FacePrior
from depixel.priors.importers import convert_file, save_converted
from depixel.priors.importers.layouts import convert
from depixel.priors.stylegan import Generator
from depixel.priors.weights import load_weights
from depixel.priors.whitening import build_generator

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "stylegan"


@pytest.fixture
def ours() -> Generator:
    """A tiny generator in our layout with noise that has an effect."""
    return tiny_generator()


def rosinality_state(generator: Generator) -> dict[str, Tensor]:
    """The same tensors with the names, shapes and scales of the rosinality port."""
    out: dict[str, Tensor] = {}
    for key, value in generator.state_dict().items():
        parts = key.split(".")
        if parts[0] == "mapping":
            out[f"style.{int(parts[2]) + 1}.{parts[3]}"] = value
        elif parts[1] == "const":
            out["input.input"] = value[None]
        else:
            k = int(parts[2])
            conv = parts[1] == "convs"
            name = ("conv1" if k == 0 else f"convs.{k - 1}") if conv else ("to_rgb1" if k == 0 else f"to_rgbs.{k - 1}")
            rest = ".".join(parts[3:])
            if rest == "weight":
                scale = value[0].numel() ** 0.5 if conv else 1.0
                out[f"{name}.conv.weight"] = value[None] * scale
            elif rest == "bias":
                out[f"{name}.activate.bias" if conv else f"{name}.bias"] = value if conv else value[None, :, None, None]
            elif rest == "noise_strength":
                out[f"{name}.noise.weight"] = value.reshape(1)
            elif rest == "noise_const":
                out[f"noises.noise_{k}"] = value[None, None]
            else:
                out[f"{name}.conv.modulation.{parts[4]}"] = value
    return out


def pictures(generator: Generator) -> Tensor:
    z = torch.randn(2, 8, generator=torch.Generator().manual_seed(1))
    return generator(z)  # type: ignore[no-any-return]


def rebuilt(path: Path) -> Generator:
    converted = convert_file(path)
    assert converted.spec == SPEC
    generator = Generator(converted.spec).eval().requires_grad_(False)
    generator.load_state_dict(converted.tensors)
    return generator


@pytest.mark.parametrize("key", ["g_ema", None])
@pytest.mark.parametrize("legacy", [False, True])
def test_rosinality_checkpoint(ours: Generator, tmp_path: Path, key: str | None, legacy: bool) -> None:
    """A .pt of the rosinality port, bare or inside a checkpoint, gives the same pictures."""
    state = rosinality_state(ours)
    content = {key: state, "latent_avg": torch.zeros(8)} if key else state
    torch.save(content, tmp_path / "g.pt", _use_new_zipfile_serialization=not legacy)
    assert torch.allclose(pictures(rebuilt(tmp_path / "g.pt")), pictures(ours), rtol=1e-4, atol=1e-4)


def test_plain_safetensors(ours: Generator, tmp_path: Path) -> None:
    """A known layout in a .safetensors file is converted as well, with or without a prefix."""
    save_file({f"weights.{k}": v.clone() for k, v in ada_state(ours).items()}, tmp_path / "g.safetensors")
    assert torch.equal(pictures(rebuilt(tmp_path / "g.safetensors")), pictures(ours))


@pytest.fixture
def nvidia(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module that persistent pickles name, present only while the test writes one."""
    name_persistence(monkeypatch)


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
@pytest.mark.usefixtures("nvidia")
def test_ada_pickle_is_rebuilt_from_its_state_and_its_source_never_runs(ours: Generator, tmp_path: Path) -> None:
    """Persistent classes become data: same pictures, running mean kept, the embedded source not executed."""
    with (tmp_path / "g.pkl").open("wb") as file:
        pickle.dump({"G": None, "D": None, "G_ema": persistent_module(ada_state(ours))}, file)
    assert torch.equal(pictures(rebuilt(tmp_path / "g.pkl")), pictures(ours))
    mean = convert_file(tmp_path / "g.pkl").w_mean
    assert mean is not None
    assert mean.tolist() == [0.25] * 8
    assert "DEPIXEL_TEST_RAN" not in os.environ


class _Evil:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch '{self.marker}'",)


@pytest.mark.parametrize("name", ["bad.pkl", "bad.pt", "bad-legacy.pt"])
def test_malicious_files_are_refused_with_a_sentence_and_run_nothing(tmp_path: Path, name: str) -> None:
    """A pickle that calls the system is refused in every container, and the call is never made."""
    marker = tmp_path / "it-ran"
    path = tmp_path / name
    if name.endswith(".pkl"):
        path.write_bytes(pickle.dumps({"G_ema": _Evil(marker)}))
    else:
        torch.save({"g_ema": _Evil(marker)}, path, _use_new_zipfile_serialization="legacy" not in name)
    with pytest.raises(WeightsError, match=r"refused.*\.$"):
        convert_file(path)
    assert not marker.exists()


def test_a_storage_cannot_smuggle_a_call(tmp_path: Path) -> None:
    """The bytes of a tensor are themselves a torch file; a malicious one inside is refused as well."""
    marker = tmp_path / "it-ran"
    inner = io.BytesIO()
    torch.save(_Evil(marker), inner, _use_new_zipfile_serialization=False)

    class Storage:
        def __reduce__(self) -> tuple[object, ...]:
            return torch.storage._load_from_bytes, (inner.getvalue(),)

    (tmp_path / "bad.pkl").write_bytes(pickle.dumps({"G_ema": Storage()}))
    with pytest.raises(WeightsError):
        convert_file(tmp_path / "bad.pkl")
    assert not marker.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.pkl", b""), ("cut.pt", b"PK\x03\x04 cut"), ("text.pkl", b"hello"), ("cut.safetensors", b"\x10\x00")],
)
def test_damaged_files_are_one_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    """Zero bytes, a cut container or plain text raise WeightsError and nothing else."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=name):
        convert_file(tmp_path / name)


def test_unknown_layouts_and_missing_tensors_are_named(ours: Generator) -> None:
    """For a file that is not a generator the sentence says what it looks like; for a missing tensor, which one."""
    with pytest.raises(WeightsError, match="fc_last"):
        convert({"fc_last.weight": torch.zeros(1)})
    state = ada_state(ours)
    del state["synthesis.b8.conv1.bias"]
    with pytest.raises(WeightsError, match=r"b8\.conv1\.bias"):
        convert(state)
    state = ada_state(ours)
    state["synthesis.b8.conv0.resample_filter"] = torch.ones(4, 4) / 16
    with pytest.raises(WeightsError, match="resampling kernel"):
        convert(state)


def test_converted_file_needs_a_licence_and_serves_as_a_prior(ours: Generator, tmp_path: Path) -> None:
    """The written file loads as a faces prior whose pictures are the generator's; without a licence there is none."""
    save_file({k: v.clone() for k, v in ada_state(ours).items()}, tmp_path / "g.safetensors")
    converted = convert_file(tmp_path / "g.safetensors")
    with pytest.raises(WeightsError, match="licence"):
        save_converted(converted, tmp_path / "faces-x.safetensors", "faces-x", " ")
    save_converted(converted, tmp_path / "faces-x.safetensors", "faces-x", "CC BY 4.0")
    assert "CC BY 4.0" in (tmp_path / "faces-x.md").read_text()
    prior = FacePrior.from_weights(load_weights(str(tmp_path / "faces-x.safetensors")), torch.device("cpu"))
    assert prior.spec.native_size == 16
    assert prior.spec.licence == "CC BY 4.0"
    small = torch.rand(3, 4, 8, 8)
    degradation = AreaDegradation(2)
    latents = prior.encode(small, degradation)
    assert set(latents) == set(prior.layout)
    picture = prior.decode(latents, small, degradation)
    assert picture.shape == (3, 4, 16, 16)
    assert picture.min() >= 0
    assert picture.max() <= 1
    other = prior.sample(small, degradation, torch.Generator().manual_seed(0), 1.0)
    again = prior.sample(small, degradation, torch.Generator().manual_seed(0), 1.0)
    assert torch.equal(other["w"], again["w"])
    assert not torch.allclose(other["w"], latents["w"])
    assert torch.allclose(other["w"].norm(dim=-1), torch.tensor(8.0**0.5), atol=1e-4)


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the official fixtures are not here")
@pytest.mark.parametrize("name", ["rosinality-32", "stylegan2-ada-32", "pulse-32", "stylegan3-t-32"])
def test_official_weights_give_official_pictures(name: str) -> None:
    """w and pictures agree with the official code's, within 1e-4 relative error."""
    path = FIXTURES / f"{name}.safetensors"
    inputs = {k: v for k, v in load_file(path).items() if k.startswith("io.")}
    converted = convert_file(path)
    with safe_open(str(path), "pt") as file:
        config = json.loads(file.metadata()["config"])
    size = config.get("size", config.get("img_resolution", config.get("resolution")))
    assert converted.spec.resolution == size
    generator = build_generator(converted.family, converted.spec).eval().requires_grad_(False)
    generator.load_state_dict(converted.tensors)

    def agree(a: Tensor, b: Tensor) -> bool:
        return bool((a - b).norm() <= 1e-4 * b.norm() and (a - b).abs().max() <= 1e-4 * b.abs().max())

    w = generator.mapping(inputs["io.z"])
    official = inputs["io.w"] if inputs["io.w"].dim() == 2 else inputs["io.w"][:, 0]
    assert agree(w, official)
    w_plus = inputs.get("io.w_plus", w[:, None].expand(-1, converted.spec.layers, -1))
    if w_plus.dim() == 2:
        w_plus = w_plus[:, None].expand(-1, converted.spec.layers, -1)
    noise = {k: inputs[f"io.noise.{k:02d}"] for k in range(converted.spec.layers) if f"io.noise.{k:02d}" in inputs}
    assert agree(generator.synthesis(w_plus, noise), inputs["io.image"])
    if "io.image_nonoise" in inputs:
        assert agree(generator.synthesis(w_plus, noise_mode="none"), inputs["io.image_nonoise"])
