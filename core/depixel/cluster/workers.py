"""
The engines of a cluster: one for each GPU, or for every few cores, on every machine of the cluster, including machines
that join later. Each works on one group of pictures at a time, so that no more groups are in progress than there are
engines (back-pressure).
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from depixel.cluster.worker import ClusterWorker
from depixel.errors import BadUsageError, CancelledError
from depixel.service.remote import EngineProblemError

INSTALL = "pip install 'depixel[ray]'"

_READY_SECONDS = 60.0  # for a head node that has started but cannot serve yet
_NOT_READY = "Initialization failure"
_LOOK_EVERY = 5.0  # seconds between two checks for new machines
_WAIT_FOR_ONE = 60.0  # seconds without any engine before the cluster counts as lost


@dataclass(frozen=True)
class Setup:
    """What every engine of a cluster is started with."""

    address: str  # "local" or ray://HOST:PORT
    device: str = "auto"
    cores: int = 2  # of one engine on a CPU
    models: Mapping[str, bytes] | None = None
    weights: Mapping[str, str] | None = None
    version: str = ""


class Workers:
    """
    Engines that can be borrowed.

    Raises:
        BadUsageError: Ray is not installed, or the address is not valid.
        EngineProblemError: nothing answers at the address, or no machine can start an engine.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._ray = _connected(setup.address)
        self._models = self._ray.put(dict(setup.models or {}))
        self._condition = threading.Condition()
        self._free: list[Any] = []
        self._all: dict[Any, str] = {}  # engine -> machine
        self._starting: dict[Any, tuple[Any, str]] = {}  # the reply that it is ready -> engine, machine
        self._looked = 0.0
        self._failure = ""
        self._closed = False
        self._start_missing()
        with self._condition:
            self._wait_for(lambda: bool(self._free), None)

    def __len__(self) -> int:
        """Engines that are running or starting."""
        return len(self._all) + len(self._starting)

    @contextmanager
    def borrow(self, cancelled: Callable[[], bool] | None = None) -> Iterator[Any]:
        """
        An engine for one group of pictures.

        Raises:
            EngineProblemError: there is none, and none starts within a minute.
        """
        with self._condition:
            self._wait_for(lambda: bool(self._free), cancelled)
            engine = self._free.pop(0)
        try:
            yield engine
        finally:
            with self._condition:
                if engine in self._all:
                    self._free.append(engine)
                self._condition.notify_all()

    def lose(self, engine: Any) -> None:
        """It died, with its process or its machine: others take over its work, and another one is started."""
        with self._condition:
            self._all.pop(engine, None)
            self._looked = 0.0
            self._condition.notify_all()

    def close(self) -> None:
        """End the engines and the connection."""
        with self._condition:
            self._closed = True
            engines = [*self._all, *(engine for engine, _ in self._starting.values())]
        for engine in engines:
            try:
                self._ray.kill(engine)
            except Exception:  # noqa: BLE001 (the cluster may be gone)
                continue
        self._ray.shutdown()

    # Waits on the condition until `ready`, and checks for new machines and for engines that have started meanwhile.
    def _wait_for(self, ready: Callable[[], bool], cancelled: Callable[[], bool] | None) -> None:
        until = time.monotonic() + _WAIT_FOR_ONE
        while True:
            self._look()
            if ready() or (cancelled is not None and cancelled()):
                break
            if self._all or self._starting:
                until = time.monotonic() + _WAIT_FOR_ONE
            if time.monotonic() > until:
                reason = f" ({self._failure})" if self._failure else ""
                raise EngineProblemError(
                    f"No machine of the cluster can run an engine{reason}; what is finished is kept.", "died"
                )
            self._condition.wait(0.2)
        if not self._free:
            raise CancelledError("Stopped before a machine was free.")

    def _look(self) -> None:
        for answer in list(self._starting):
            done, _ = self._ray.wait([answer], timeout=0)
            if not done:
                continue
            engine, machine = self._starting.pop(answer)
            try:
                self._ray.get(answer)
            except Exception as error:  # noqa: BLE001 (whatever Ray says about an engine that did not start)
                self._failure = " ".join(str(error).split())[-200:]
                continue
            self._all[engine] = machine
            self._free.append(engine)
        if time.monotonic() - self._looked > _LOOK_EVERY:
            self._start_missing()

    # As many engines on each machine as it has GPUs, or cores for.
    def _start_missing(self) -> None:
        self._looked = time.monotonic()
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        setup = self._setup
        counted = [*self._all.values(), *(machine for _, machine in self._starting.values())]
        for node in self._ray.nodes():
            if not node["Alive"]:
                continue
            machine, resources = node["NodeID"], node["Resources"]
            gpus = int(resources.get("GPU", 0)) if setup.device == "auto" or setup.device.startswith("cuda") else 0
            cores = int(resources.get("CPU", 0))
            each = max(1, min(setup.cores, cores))
            target = gpus or cores // each
            for _ in range(target - counted.count(machine)):
                place = NodeAffinitySchedulingStrategy(node_id=machine, soft=False)
                needs = {"num_gpus": 1, "num_cpus": 0} if gpus else {"num_cpus": each}
                remote = self._ray.remote(ClusterWorker).options(scheduling_strategy=place, max_restarts=0, **needs)
                engine = remote.remote(
                    "cuda" if gpus else setup.device if setup.device != "auto" else "cpu",
                    each, setup.version, self._models, dict(setup.weights or {}),
                )  # fmt: skip
                self._starting[engine.place.remote()] = (engine, machine)


def _connected(address: str) -> Any:
    if address != "local" and not address.startswith("ray://"):
        raise BadUsageError(f"--cluster {address!r} is not the address of a cluster: use local or ray://HOST:PORT.")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise BadUsageError(f"--cluster needs Ray ({error}): {INSTALL}") from None
    where = None if address == "local" else address
    more: dict[str, Any] = {"include_dashboard": False} if where is None else {}
    until = time.monotonic() + _READY_SECONDS
    while True:
        try:
            ray.init(where, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False, **more)
            return ray
        except Exception as error:  # noqa: BLE001 (Ray has an exception class for each way in which nobody answers)
            reason = " ".join(str(error).split())
            if _NOT_READY not in reason or time.monotonic() > until:
                raise EngineProblemError(f"No Ray cluster answers at {address}: {reason[:160]}", "died") from None
            time.sleep(2.0)
