"""
Applies to every test: an isolated home folder that must stay empty, no processes left over, the same random numbers in
any order, one thread for torch, and relevant versions in the header.
"""

from __future__ import annotations

import atexit
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

# Before torch is imported anywhere: tiny networks are several times slower on two threads than on one, and far slower
# on a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")

_SHOWN = ("torch", "numpy", "pillow", "safetensors", "rich", "starlette", "watchdog")

_REAL_HOME = "DEPIXEL_TESTS_REAL_HOME"  # survives in the worker processes of pytest-xdist
_HOME = Path(tempfile.mkdtemp(prefix="depixel-tests-home-"))
_FOREIGN = ("browser", "host", "models")  # markers of tests that start programs with settings of their own

_processes: weakref.WeakSet[subprocess.Popen[Any]] = weakref.WeakSet()
_generators: dict[str, dict[str, Any]] = {}  # module => the state of its RNG when it was imported


def _take_home_away() -> None:
    os.environ.setdefault(_REAL_HOME, str(Path.home()))
    for name in list(os.environ):
        if name.startswith(("XDG_", "DEPIXEL_RUNTIME")) or name in ("GIMP3_DIRECTORY", "APPDATA", "LOCALAPPDATA"):
            del os.environ[name]
    os.environ["HOME"] = os.environ["USERPROFILE"] = str(_HOME)
    atexit.register(shutil.rmtree, _HOME, ignore_errors=True)


def _watch_processes() -> None:
    original = subprocess.Popen.__init__

    def recorded(self: subprocess.Popen[Any], *args: Any, **options: Any) -> None:
        original(self, *args, **options)
        _processes.add(self)

    subprocess.Popen.__init__ = recorded  # type: ignore[method-assign]


_take_home_away()
_watch_processes()


def pytest_report_header() -> str:
    """Versions of what the engine depends on."""
    versions = []
    for name in _SHOWN:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{name} missing")
    return f"python {platform.python_version()}, " + ", ".join(versions)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give the test the random numbers it would get if it ran alone."""
    module = getattr(item, "module", None)
    generator = getattr(module, "RNG", None)
    if isinstance(generator, np.random.Generator):
        key = str(item.path)
        _generators.setdefault(key, generator.bit_generator.state)  # type: ignore[arg-type]
        generator.bit_generator.state = _generators[key]
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


def pytest_sessionfinish() -> None:
    """End the engines that outlived their fixtures."""
    for process in list(_processes):
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def real_home() -> Path:
    """The home folder of the user who runs the tests: to look for other interpreters in, never to write to."""
    return Path(os.environ[_REAL_HOME])


@pytest.fixture(autouse=True)
def _no_traces(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fails the test that writes to the home folder or leaves a process running, not a later one."""
    own_folder = str(request.getfixturevalue("tmp_path")) if "tmp_path" in request.fixturenames else None
    shared_folders = str(tmp_path_factory.getbasetemp())
    earlier = set(_processes)
    yield
    running = [
        process
        for process in _processes - earlier
        if _is_own(process, own_folder, shared_folders) and not _has_ended(process)
    ]
    for process in running:
        process.kill()
        process.wait()
    foreign = any(request.node.get_closest_marker(name) for name in _FOREIGN)
    traces = [] if foreign else sorted(_HOME.iterdir())
    for trace in traces:
        if trace.is_dir():
            shutil.rmtree(trace, ignore_errors=True)
        else:
            trace.unlink()

    assert not running, f"the test left processes running: {[process.args for process in running]}"
    assert not traces, f"the test wrote to the home folder: {[trace.name for trace in traces]}"


# An engine in a folder that a fixture shares among several tests ends with the fixture.
def _is_own(process: subprocess.Popen[Any], own_folder: str | None, shared_folders: str) -> bool:
    words = [str(word) for word in process.args] if isinstance(process.args, (list, tuple)) else [str(process.args)]
    if own_folder is not None and any(own_folder in word for word in words):
        return True
    return not any(shared_folders in word for word in words)


# A stopped engine needs a moment to exit.
def _has_ended(process: subprocess.Popen[Any]) -> bool:
    try:
        process.wait(60)  # on a busy machine
    except subprocess.TimeoutExpired:
        return False
    return True
