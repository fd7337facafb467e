"""The networks that are trained and released together, and the file with their sizes."""

from __future__ import annotations

import json
from pathlib import Path

from torch import nn

from depixel.priors.face_encoder import EncoderSpec, FaceEncoder
from depixel.priors.stylegan import Generator, GeneratorSpec


class Autoencoder(nn.Module):
    """Encoder of small pictures and generator of large ones."""

    def __init__(self, generator: GeneratorSpec, encoder: EncoderSpec) -> None:
        super().__init__()
        self.generator = Generator(generator)
        self.encoder = FaceEncoder(encoder)


def write_specs(run: Path, generator: GeneratorSpec, encoder: EncoderSpec) -> None:
    """Write the sizes of a run's networks."""
    text = json.dumps(
        {"generator": json.loads(generator.to_json()), "encoder": json.loads(encoder.to_json())}, indent=1
    )
    (run / "specs.json").write_text(text)


def read_specs(run: Path) -> tuple[GeneratorSpec, EncoderSpec]:
    """The sizes of a run's networks. Raises FileNotFoundError if there was no training."""
    specs = json.loads((run / "specs.json").read_text())
    return GeneratorSpec.from_json(json.dumps(specs["generator"])), EncoderSpec.from_json(json.dumps(specs["encoder"]))
