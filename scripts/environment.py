"""
Creates a virtual environment with Depixel in it. Standard library only, so it runs on a bare Python.

    python scripts/environment.py         install what Depixel needs to run
    python scripts/environment.py dev     also install what its tests and checks need

Environment variables:
    VENV            where the environment is created (default: .venv)
    PYTHON          the interpreter to create it with (default: this one)
    DEPIXEL_TORCH   "cpu" or "default"; without it, Linux machines without an NVIDIA GPU get PyTorch's CPU build
                    (0.2 GB instead of 3 GB), and all others get what pip chooses

pip's own settings are respected: if they name an index or a folder of wheels, PyTorch comes from there.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 10)
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"


def venv_folder() -> Path:
    """The environment's folder: $VENV, or .venv beside the scripts folder."""
    return ROOT / os.environ.get("VENV", ".venv")


def venv_program(name: str) -> Path:
    """Path of a program inside the environment, such as "python" or "depixel"."""
    if os.name == "nt":
        return venv_folder() / "Scripts" / f"{name}.exe"
    return venv_folder() / "bin" / name


def prepare(kind: str = "run") -> None:
    """
    Create or update the environment; returns at once when it is up to date.

    Args:
        kind: "run", or "dev" for the tests and checks as well.

    Raises:
        SystemExit: Python is too old, its venv module is missing, or pip failed; the message says what to do.
    """
    if kind not in ("run", "dev"):
        raise SystemExit(f"setup: unknown kind '{kind}'; use run or dev")
    python = _find_python()
    wanted = _stamp(python)
    stamp = venv_folder() / "depixel-stamp"
    current = stamp.read_text("utf-8").split() if stamp.exists() else []
    if venv_program("depixel").exists() and current[1:] == [wanted] and current[0] in (kind, "dev"):
        return
    if not venv_program("pip").exists():
        _create(python)
    _install(kind)
    stamp.write_text(f"{kind} {wanted}\n", "utf-8")
    _say(f"ready: {venv_program('depixel')}")


def _say(message: str) -> None:
    sys.stderr.write(f"setup: {message}\n")


def _find_python() -> str:
    names = [os.environ["PYTHON"]] if "PYTHON" in os.environ else [sys.executable]
    names += [f"python3.{minor}" for minor in (13, 12, 11, 10)]
    test = f"import sys; sys.exit(sys.version_info < {OLDEST_PYTHON})"
    for name in names[: 1 if "PYTHON" in os.environ else None]:
        path = shutil.which(name)
        if path and subprocess.run([path, "-c", test], check=False, capture_output=True).returncode == 0:
            return path
    raise SystemExit(
        "setup: Python 3.10 or newer is needed. On Debian or Ubuntu: sudo apt install python3 python3-venv; "
        "elsewhere, install it from python.org."
    )


# Changes when the interpreter or the list of packages changes.
def _stamp(python: str) -> str:
    version = subprocess.run([python, "--version"], check=False, capture_output=True, text=True).stdout
    lists = (ROOT / "pyproject.toml").read_bytes() + (ROOT / "constraints.txt").read_bytes()
    return hashlib.sha256(version.encode() + lists).hexdigest()[:16]


def _create(python: str) -> None:
    test = subprocess.run([python, "-c", "import ensurepip, venv"], check=False, capture_output=True)
    if test.returncode != 0:
        number = "import sys; print('%d.%d' % sys.version_info[:2])"
        version = subprocess.run([python, "-c", number], check=False, capture_output=True, text=True).stdout.strip()
        raise SystemExit(
            f"setup: Python's venv module is missing. On Debian or Ubuntu: sudo apt install python{version}-venv"
        )
    _say(f"creating {venv_folder()}")
    subprocess.run([python, "-m", "venv", str(venv_folder())], check=True)


def _install(kind: str) -> None:
    _pip("install", "-q", "--upgrade", "pip>=25.1")
    if not _has_torch() and _wants_cpu_build():
        _say("installing the CPU build of PyTorch (0.2 GB); set DEPIXEL_TORCH=default for the GPU build")
        limits = ["--timeout", "15", "--retries", "1"]  # fail soon where the index cannot be reached
        command = ["install", "-q", *limits, "-c", "constraints.txt", "--index-url", CPU_BUILDS, "torch"]
        if _pip(*command, check=False, silent=True) != 0:
            _say("PyTorch's index of CPU builds cannot be reached; installing PyTorch as pip's settings say")
    if not _has_torch():
        _say("installing Depixel; PyTorch is the large part: 0.2 GB as a CPU build, up to 3 GB with GPU support")
    quiet = [] if sys.stderr.isatty() else ["-q"]  # somebody who waits for gigabytes wants to see progress
    groups = ["--group", "dev"] if kind == "dev" else []
    _pip("install", *quiet, "-c", "constraints.txt", "-e", ".", *groups)


# `silent`: what pip complains about does not matter, because something else is tried next.
def _pip(*arguments: str, check: bool = True, silent: bool = False) -> int:
    command = [str(venv_program("python")), "-m", "pip", *arguments]
    code = subprocess.run(command, cwd=ROOT, check=False, stderr=subprocess.DEVNULL if silent else None).returncode
    if check and code != 0:
        raise SystemExit("setup: pip failed; its message above says why. Fix that and run this again.")
    return code


def _has_torch() -> bool:
    test = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)"
    return subprocess.run([str(venv_program("python")), "-c", test], check=False).returncode == 0


# Only Linux wheels bring CUDA along unasked. Who has told pip where to look has decided already.
def _wants_cpu_build() -> bool:
    choice = os.environ.get("DEPIXEL_TORCH", "")
    if choice not in ("", "cpu", "default"):
        raise SystemExit(f"setup: DEPIXEL_TORCH is '{choice}'; use cpu or default")
    if choice:
        return choice == "cpu"
    return platform.system() == "Linux" and not _has_nvidia_gpu() and not _pip_has_own_sources()


def _has_nvidia_gpu() -> bool:
    program = shutil.which("nvidia-smi")
    if program is None:
        return False
    return subprocess.run([program, "-L"], check=False, capture_output=True).returncode == 0


def _pip_has_own_sources() -> bool:
    command = [str(venv_program("python")), "-m", "pip", "config", "list"]
    settings = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    names = {line.split("=", 1)[0].rpartition(".")[2].strip().lower() for line in settings.splitlines()}
    return bool(names & {"index-url", "extra-index-url", "find-links", "no-index"})


if __name__ == "__main__":
    if len(sys.argv) > 2 or sys.argv[1:] in (["-h"], ["--help"]):
        raise SystemExit(__doc__)
    prepare(*sys.argv[1:])
