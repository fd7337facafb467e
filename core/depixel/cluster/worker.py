"""One warm engine on some machine of a cluster: what runs there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from depixel import __version__
from depixel.errors import DepixelError
from depixel.picture import Picture
from depixel.report import Report
from depixel.request import Request


class ClusterWorker:
    """
    An `Upsampler` in a process of its own.

    Args:
        device: as `Upsampler` takes it.
        cores: threads of one pass on a CPU.
        version: of the Depixel that asks; another one would give other pixels.
        models: name -> weights file that the asking machine's user added, whole: they need not be on this machine.
        weights: kind -> name in `models`, instead of the released weights.
    """

    def __init__(
        self, device: str, cores: int, version: str, models: Mapping[str, bytes], weights: Mapping[str, str]
    ) -> None:
        if version != __version__:
            raise RuntimeError(f"Depixel {__version__} is installed on {os.uname().nodename}, but {version} asks")
        import torch

        torch.set_num_threads(cores)
        from depixel.priors.weights import ENVIRONMENT
        from depixel.upsampler import Upsampler

        self._folder = tempfile.TemporaryDirectory(prefix="depixel-models-")
        for name, data in models.items():
            (Path(self._folder.name) / f"{name}.safetensors").write_bytes(data)
        os.environ[ENVIRONMENT] = self._folder.name
        chosen = {kind: str(Path(self._folder.name) / f"{name}.safetensors") for kind, name in weights.items()}
        self._upsampler = Upsampler(device, chosen)

    def answer(self, pictures: Sequence[Picture], request: Request) -> list[Report | DepixelError]:
        """See `Upsampler.upsample_many`."""
        return self._upsampler.upsample_many(pictures, request)

    def place(self) -> tuple[str, int]:
        """The machine's name and the process: to see where an engine runs."""
        return os.uname().nodename, os.getpid()
