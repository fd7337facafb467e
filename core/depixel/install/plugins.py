"""Copies the plug-ins, with the client inside, and records how they start the engine."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import depixel
import depixel.client
from depixel.client.json_text import parse_json
from depixel.client.place import Installed, Place
from depixel.client.protocol import PROTOCOL
from depixel.errors import DepixelError, UnwritableOutputError
from depixel.install.profiles import Profile

GIMP_NAME = "depixel-gimp"
KRITA_NAME = "depixel_krita"
_PACKAGE = Path(depixel.__file__).resolve().parent
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.pyi", "installed.json", ".*")


class NothingToInstallError(DepixelError):
    """The program was not found, or this installation does not include its plug-in."""

    code = "not-found"


def source_of(program: str) -> Path:
    """
    The folder of a plug-in to install: in the installed package, or in the source tree.

    Raises:
        NothingToInstallError: it is in neither place.
    """
    name = f"gimp/{GIMP_NAME}" if program == "gimp" else f"krita/{KRITA_NAME}"
    for folder in (_PACKAGE / "plugins" / name, _PACKAGE.parents[1] / "plugins" / name):
        if any(folder.glob("*.py")):
            return folder
    raise NothingToInstallError(f"This installation of Depixel does not include the plug-in for {program}.")


def engine_record(program: Path | None = None) -> Installed:
    """How to start the engine of this installation, or `program` instead of it; `serve` is appended."""
    if program is not None:
        return Installed((str(program.absolute()),), (), depixel.__version__)
    environment: tuple[tuple[str, str], ...] = ()
    if "site-packages" not in _PACKAGE.parts and "dist-packages" not in _PACKAGE.parts:
        environment = (("PYTHONPATH", str(_PACKAGE.parent)),)  # run from source: Python would not find the package
    return Installed((sys.executable, "-m", "depixel"), environment, depixel.__version__)


def record_engine(place: Place, record: Installed) -> Path:
    """Write installed.json. Raises UnwritableOutputError."""
    try:
        place.write_installed(record)
    except OSError as error:
        raise UnwritableOutputError(f"{place.path('installed.json')} cannot be written: {error}.") from error
    return Path(place.path("installed.json"))


def install_gimp(profile: Profile, record: Installed) -> Path:
    """Install the plug-in in a profile, replacing an older one; returns its folder. Raises UnwritableOutputError."""
    target = profile.plugins / GIMP_NAME
    with _replacing(target) as part:
        _copy(source_of("gimp"), part, "depixel_client", record)
        (part / f"{GIMP_NAME}.py").chmod(0o755)  # GIMP silently ignores a file that is not executable
    return target


def install_krita(profile: Profile, record: Installed) -> Path:
    """Install the plug-in in a profile and switch it on in kritarc. Raises UnwritableOutputError."""
    source = source_of("krita")
    target = profile.plugins / KRITA_NAME
    with _replacing(target) as part:
        _copy(source, part, "_client", record)
    try:
        for extra in _krita_extras(source):
            place = _place_of(extra, profile)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(extra, place)
    except OSError as error:
        raise UnwritableOutputError(f"{profile.plugins.parent} cannot be written: {error}.") from error
    if profile.settings is not None:
        set_enabled(profile.settings, True)
    return target


def krita_zip(path: Path, record: Installed) -> None:
    """An archive for Krita's own Tools > Scripts > Import Python Plugin. Raises UnwritableOutputError."""
    source = source_of("krita")
    try:
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder) / KRITA_NAME
            _copy(source, part, "_client", record)
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for extra in _krita_extras(source):
                    archive.write(extra, extra.name)
                archive.write(part, f"{KRITA_NAME}/")  # Krita requires an entry for the folder itself
                for file in sorted(part.rglob("*")):
                    archive.write(file, f"{KRITA_NAME}/{file.relative_to(part).as_posix()}")
    except OSError as error:
        raise UnwritableOutputError(f"{path} cannot be written: {error}.") from error


def uninstall(profile: Profile) -> list[Path]:
    """Remove the plug-in from a profile; returns the paths that were removed. Raises UnwritableOutputError."""
    name = GIMP_NAME if profile.program == "GIMP" else KRITA_NAME
    targets: Iterable[Path] = [profile.plugins / name]
    if profile.program == "Krita":
        extras = (Path(f"{KRITA_NAME}{ending}") for ending in (".desktop", ".action"))
        targets = [*targets, *(_place_of(extra, profile) for extra in extras)]
    removed = []
    try:
        for target in targets:
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            elif target.exists() or target.is_symlink():
                target.unlink()
            else:
                continue
            removed.append(target)
        if profile.settings is not None and profile.settings.is_file():
            set_enabled(profile.settings, False)
    except OSError as error:
        raise UnwritableOutputError(f"{profile.plugins} cannot be changed: {error}.") from error
    return removed


def set_enabled(kritarc: Path, enabled: bool) -> None:
    """
    Write `enable_depixel_krita` into [python] of kritarc and keep everything else; False removes it.

    Raises UnwritableOutputError.
    """
    key = f"enable_{KRITA_NAME}="
    try:
        lines = kritarc.read_text("utf-8", "surrogateescape").splitlines() if kritarc.is_file() else []
        lines = [line for line in lines if not line.strip().startswith(key)]
        if enabled:
            if "[python]" not in lines:
                lines += ["", "[python]"] if lines else ["[python]"]
            lines.insert(lines.index("[python]") + 1, f"{key}true")
        kritarc.parent.mkdir(parents=True, exist_ok=True)
        part = kritarc.with_name(f".{kritarc.name}.depixel")
        part.write_text("\n".join(lines) + "\n", "utf-8", "surrogateescape")
        part.replace(kritarc)
    except OSError as error:
        raise UnwritableOutputError(f"{kritarc} cannot be written: {error}.") from error


def is_enabled(kritarc: Path) -> bool:
    """Whether Krita loads the plug-in."""
    if not kritarc.is_file():
        return False
    lines = kritarc.read_text("utf-8", "surrogateescape").splitlines()
    return f"enable_{KRITA_NAME}=true" in [line.strip() for line in lines]


def recorded_program(path: Path) -> str:
    """The program that an installed.json names, whether it exists or not; "" if the file names none."""
    try:
        return str(parse_json(path.read_bytes())["command"][0])
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return ""


def client_problem(client: Path) -> str:
    """Why a plug-in's copy of the client cannot work with this engine; "" if it can."""
    source = client / "protocol.py"
    if not source.is_file():
        return f"{client} is incomplete"
    match = re.search(r"^PROTOCOL = (\d+)$", source.read_text("utf-8", "replace"), re.MULTILINE)
    spoken = match[1] if match else "none"
    if spoken != str(PROTOCOL):
        return (
            f"the plug-in and the engine have different versions: the plug-in speaks version {spoken} of Depixel's "
            f"protocol, the engine version {PROTOCOL}"
        )
    if Place(str(client)).installed() is None and Place().installed() is None:
        program = recorded_program(client / "installed.json")
        if program:
            return f"the engine that the plug-in starts no longer exists: {program}"
        return "the plug-in has no record of the engine"
    return ""


def difference(program: str, folder: Path, client_name: str) -> str:
    """How an installed plug-in that works differs from this installation's plug-in; "" if it does not."""
    record = Place(str(folder / client_name)).installed()
    version = record.version if record is not None else ""
    if version and version != depixel.__version__:
        return f"the plug-in is from Depixel {version}; this is {depixel.__version__}"
    try:
        sources = [(path, folder / path.name) for path in source_of(program).glob("*.py")]
    except NothingToInstallError:
        return ""
    client = Path(depixel.client.__file__).parent
    sources += [(path, folder / client_name / path.name) for path in client.glob("*.py")]
    changed = [there.name for ours, there in sources if not _same(ours, there)]
    if not changed:
        return ""
    names = ", ".join(sorted(changed)[:3]) + (" ..." if len(changed) > 3 else "")
    return f"the plug-in differs from this Depixel's: it is an older build, or was changed by hand ({names})"


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


def _krita_extras(source: Path) -> list[Path]:
    paths = [source.parent / f"{KRITA_NAME}.desktop", source.parent / f"{KRITA_NAME}.action"]
    return [path for path in paths if path.is_file()]


# Krita reads the names of actions, which make them assignable to keys, from a folder beside that of the plug-ins.
def _place_of(extra: Path, profile: Profile) -> Path:
    folder = profile.plugins.parent / "actions" if extra.suffix == ".action" else profile.plugins
    return folder / extra.name


def _copy(source: Path, target: Path, client_name: str, record: Installed) -> None:
    shutil.copytree(source, target, ignore=_LEFT_OUT)
    client = target / client_name
    shutil.copytree(Path(depixel.client.__file__).parent, client, ignore=_LEFT_OUT, dirs_exist_ok=True)
    Place(str(client)).write_installed(record, str(client / "installed.json"))
    client.chmod(0o755)


class _replacing:  # noqa: N801 (reads as a verb)
    """A folder that is built beside its target and replaces it at the end; if anything fails, nothing changes."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __enter__(self) -> Path:
        try:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix=".depixel-", dir=self._target.parent))
        except OSError as error:
            raise UnwritableOutputError(f"{self._target.parent} cannot be written: {error}.") from error
        return self._folder / self._target.name

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            if error is None:
                if self._target.is_symlink():
                    self._target.unlink()
                elif self._target.exists():
                    self._target.rename(self._folder / "old")
                (self._folder / self._target.name).rename(self._target)
        except OSError as problem:
            raise UnwritableOutputError(f"{self._target} cannot be replaced: {problem}.") from problem
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise UnwritableOutputError(f"{self._target} cannot be written: {error}.") from error
