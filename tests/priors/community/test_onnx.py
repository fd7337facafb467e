"""Networks in ONNX files: onnxruntime's answers, through the same adapter; external references are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from depixel.errors import WeightsError
from depixel.picture import Picture
from depixel.priors.importers.adding import add_model
from depixel.priors.shelf import Shelf
from depixel.request import Request
from depixel.upsampler import Upsampler

onnx = pytest.importorskip("onnx", reason="onnx is not installed: scripts/model_tests makes an environment that has it")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: see scripts/model_tests")

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]


def graph(scale: int = 2, side: int | None = None, channels: int = 3, outputs: int = 1) -> Any:
    """A convolution and a rearrangement of channels."""
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(3).normal(0, 0.2, (channels * scale**2, channels, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("DepthToSpace", ["c"], ["y"], blocksize=scale, mode="CRD"),
    ]
    sides = [side, side] if side else ["h", "w"]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, channels, *sides])
    names = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, channels, "H", "W"])]
    names += [helper.make_tensor_value_info("c", TensorProto.FLOAT, [1, channels * scale**2, "h", "w"])] * (outputs - 1)
    body = helper.make_graph(nodes, "g", [x], names, [numpy_helper.from_array(weights, "w")])
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_it_answers_as_onnxruntime_does(channels: int, tmp_path: Path) -> None:
    """From the file, through the stored graph: onnxruntime's own answer to 1e-4; exact when exported."""
    model = graph(channels=channels)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    add_model(tmp_path / "m.onnx", "m", "MIT")
    small = torch.rand(1, 3, 24, 20, generator=torch.Generator().manual_seed(1))

    ours = Shelf(torch.device("cpu")).art("m").enlarger.function(small)  # type: ignore[attr-defined]

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    graphs = (
        small
        if channels == 3
        else small[0][:, None]
        if channels == 1
        else torch.cat([small, torch.ones(1, 1, 24, 20)], 1)
    )
    theirs = np.concatenate([session.run(None, {"x": row[None].numpy()})[0] for row in graphs])
    theirs = theirs[:, 0][None] if channels == 1 else theirs[:, :3]
    assert np.abs(ours.numpy() - theirs.clip(0, 1)).max() < 1e-4
    pixels = np.random.default_rng(0).integers(0, 256, (9, 11, 4)).astype(np.uint8)
    report = Upsampler("cpu").upsample(Picture((pixels,)), Request(model="m", domain="art", scale=3))
    assert report.residual.exact and report.picture.width == 33


def test_what_reaches_outside_is_refused(tmp_path: Path) -> None:
    """Numbers in another file: the graph could read any file of the machine."""
    model = graph()
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    tensor.ClearField("raw_data")
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())

    with pytest.raises(WeightsError, match="numbers are stored in other files"):
        add_model(tmp_path / "m.onnx", "m", "MIT")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda: graph(side=64), "pictures of 64x64 pixels"),
        (lambda: graph(channels=2), "has 2 channels"),
        (lambda: graph(scale=1), "does not enlarge"),
        (lambda: graph(outputs=2), "one picture to one picture"),
    ],
)
def test_other_networks_are_one_sentence(model: object, words: str, tmp_path: Path) -> None:
    """Fixed sizes, other channels, no enlargement, several answers."""
    (tmp_path / "m.onnx").write_bytes(model().SerializeToString())  # type: ignore[operator]

    with pytest.raises(WeightsError, match=words):
        add_model(tmp_path / "m.onnx", "m", "MIT")


def test_unknown_operators_and_noise_are_refused(tmp_path: Path) -> None:
    """onnxruntime loads no library for an operator that it does not have."""
    from onnx import helper

    model = graph()
    model.graph.node.append(helper.make_node("Evil", ["y"], ["z"], domain="evil.example"))
    model.opset_import.append(helper.make_opsetid("evil.example", 1))
    for data in (model.SerializeToString(), b"no graph at all", b""):
        (tmp_path / "m.onnx").write_bytes(data)
        with pytest.raises(WeightsError, match=r"^m\.onnx "):
            add_model(tmp_path / "m.onnx", "m", "MIT")
