"""The part of a cluster that runs on each machine: one warm engine."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from depixel import __version__
from depixel.errors import DepixelError
from depixel.picture import Picture
from depixel.report import Report
from depixel.request import Request


def _prefix() -> str:
    return f"depixel-models-{platform.node()}-"


# Ray ends a worker by killing it, so the models that it was sent stay behind.
def _delete_leftovers() -> None:
    if os.name != "posix":
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{_prefix()}*-*"):
        number = folder.name.removeprefix(_prefix()).partition("-")[0]
        with contextlib.suppress(OSError):
            if number.isdigit() and folder.lstat().st_uid == os.getuid() and not _runs(int(number)):
                shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


class ClusterWorker:
    """
    An `Upsampler` in a process of its own.

    Args:
        device: as `Upsampler` takes it.
        cores: threads of one pass on a CPU.
        version: of Depixel on the machine that sends the pictures; another version would give other pixels.
        models: name -> contents of a weights file that the user added there; it need not be on this machine.
        weights: kind -> name in `models`, instead of the released weights.
    """

    def __init__(
        self, device: str, cores: int, version: str, models: Mapping[str, bytes], weights: Mapping[str, str]
    ) -> None:
        if version != __version__:
            raise RuntimeError(f"Depixel {__version__} is installed on {platform.node()}, but {version} here")
        import torch

        torch.set_num_threads(cores)
        from depixel.priors.weights import ENVIRONMENT
        from depixel.upsampler import Upsampler

        _delete_leftovers()
        self._folder = tempfile.TemporaryDirectory(prefix=f"{_prefix()}{os.getpid()}-")
        for name, data in models.items():
            (Path(self._folder.name) / f"{name}.safetensors").write_bytes(data)
        os.environ[ENVIRONMENT] = self._folder.name
        chosen = {kind: str(Path(self._folder.name) / f"{name}.safetensors") for kind, name in weights.items()}
        self._upsampler = Upsampler(device, chosen)

    def answer(self, pictures: Sequence[Picture], request: Request) -> list[Report | DepixelError]:
        """See `Upsampler.upsample_many`."""
        return self._upsampler.upsample_many(pictures, request)

    def place(self) -> tuple[str, int]:
        """The machine's name and the process, which show where an engine runs."""
        return platform.node(), os.getpid()
