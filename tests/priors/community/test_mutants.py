"""Mutated state dicts and ONNX graphs: each is a network, or one sentence; neither a traceback nor minutes."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
import torch

from depixel.errors import DepixelError
from depixel.priors.community import onnx_networks, spandrel_networks
from depixel.priors.importers import check_tensors
from depixel.priors.importers.unpickler import read_torch

pytest.importorskip("spandrel", reason="spandrel is not installed: see scripts/model_tests")
pytest.importorskip("onnx", reason="onnx is not installed: see scripts/model_tests")
from mutated_states import mutated, mutated_bytes
from tests.priors.community.test_onnx import graph
from tiny_networks import NETWORKS, make

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore")]
MUTANTS = 25
MOST_SECONDS = 20.0  # of the processor


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_mutated_state_dicts(name: str, tmp_path: Path) -> None:
    """As files of torch.save, through the same steps as `depixel models add` up to the network."""
    state = {key: value.clone() for key, value in make(name).state_dict().items()}
    path = tmp_path / "n.pth"
    for number in range(MUTANTS):
        rng = random.Random(f"{name}/{number}")
        torch.save(mutated(state, rng), path)
        began = time.process_time()
        try:
            content = spandrel_networks.canonical(read_torch(path.read_bytes(), path.name), path.name)
            check_tensors(content, path.name)
            spandrel_networks.build(
                {key: value.float() if value.is_floating_point() else value for key, value in content.items()},
                path.name,
            )
        except DepixelError as error:
            sentence = str(error)
            assert "\n" not in sentence and len(sentence) < 2000, number
        except Exception as error:
            raise AssertionError(f"mutant {number}") from error
        assert time.process_time() - began < MOST_SECONDS, number


def test_mutated_graphs() -> None:
    """As bytes: protocol buffers that are damaged anywhere."""
    data = graph().SerializeToString()
    for number in range(300):
        changed = mutated_bytes(data, random.Random(number))
        began = time.process_time()
        try:
            onnx_networks.facts_of(onnx_networks.build(changed, torch.device("cpu"), "m.onnx"), "m.onnx")
        except DepixelError as error:
            assert len(str(error)) < 2000, number
        except Exception as error:
            raise AssertionError(f"mutant {number}") from error
        assert time.process_time() - began < MOST_SECONDS, number
