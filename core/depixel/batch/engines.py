"""The engine that answers the pictures of a command: the one in this process, or the one that GIMP and Krita share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from depixel.domain import ART, requested
from depixel.errors import BadUsageError, DepixelError
from depixel.monitor import SILENT, Monitor
from depixel.picture import Picture
from depixel.request import Request

if TYPE_CHECKING:
    from depixel.report import Report


class PictureEngine(Protocol):
    """Something that answers pictures: an Upsampler in this process or in another."""

    def upsample_many(
        self, pictures: Sequence[Picture], request: Request, monitor: Monitor = SILENT
    ) -> list[Report | DepixelError]:
        """See Upsampler.upsample_many."""
        ...


def open_engine(args: argparse.Namespace) -> PictureEngine:
    """
    The engine that `--engine` names: in this process, or the shared one. Loads torch.

    Raises:
        BadUsageError: --weights or --device is used with an engine that has its own.
    """
    if getattr(args, "cluster", None):
        return _open_cluster(args)
    if args.engine != "local":
        from depixel.service.remote import RemoteUpsampler

        if args.weights or args.device != "auto":
            raise BadUsageError("--weights and --device belong to the engine: pass them to `depixel serve` instead.")
        return RemoteUpsampler(args.engine)

    from depixel.upsampler import Upsampler

    domain = requested(getattr(args, "domain", "auto")) or ART
    return Upsampler(args.device, {domain.weights: args.weights} if args.weights else None)


# Models that this user added, and other weights, are sent to the machines, which may not have them.
def _open_cluster(args: argparse.Namespace) -> PictureEngine:
    from pathlib import Path

    from depixel import __version__
    from depixel.cluster.engine import ClusterEngine
    from depixel.cluster.workers import Setup
    from depixel.priors.weights import added_folder, added_names, weights_path

    if args.engine != "local":
        raise BadUsageError("--cluster and --engine cannot be used together.")
    names = {name for name in str(getattr(args, "model", None) or "").split(",") if name in added_names()}
    models = {name: (added_folder() / f"{name}.safetensors").read_bytes() for name in names}
    weights = {}
    if args.weights:
        path: Path = weights_path(args.weights)
        models[path.stem] = path.read_bytes()
        weights[(requested(getattr(args, "domain", "auto")) or ART).weights] = path.stem
    setup = Setup(args.cluster, args.device, args.cores_per_engine, models, weights, __version__)
    return ClusterEngine(setup)
