"""Imports point one way (CONTRIBUTING, "The house"); startup is fast because torch is imported only when needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from depixel.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "core"
GROUND = {"depixel", "depixel.errors", "depixel.domain"}
BASE = {
    "depixel.picture",
    "depixel.request",
    "depixel.degradation",
    "depixel.consistency",
    "depixel.devices",
    "depixel.cores",
    "depixel.disagreement",
    "depixel.tiles",
    "depixel.report",
    "depixel.monitor",
    "depixel.fill",
}
"""The foundations of the engine: values and mathematics."""

SEARCHED = BASE | {"depixel.search", "depixel.priors"}
PREPARATION = BASE | {"depixel.preparation"}
EXPORTING = PREPARATION | {"depixel.planes", "depixel.exporting"}
ENLARGING = EXPORTING | SEARCHED | {"depixel.enlarging", "depixel.readings", "depixel.client"}
FACES = ENLARGING | {"depixel.projecting", "depixel.faces", "depixel.portrait"}
ENGINE = FACES | {
    *("depixel.upsampler", "depixel.sized", "depixel.undither"),
    *("depixel.keying", "depixel.premultiplying", "depixel.regions", "depixel.meeting", "depixel.joints"),
    *("depixel.partition", "depixel.special"),
}  # fmt: skip
ALLOWED = {
    "depixel.errors": set(),
    "depixel.bystanders": set(),
    "depixel.domain": set(),
    "depixel.monitor": set(),
    "depixel.request": {"depixel.client"},
    "depixel.picture": set(),
    "depixel.devices": set(),
    "depixel.cores": set(),
    "depixel.degradation": set(),
    "depixel.tiles": set(),
    "depixel.fill": {"depixel.degradation"},
    "depixel.disagreement": {"depixel.picture"},
    "depixel.report": {"depixel.consistency", "depixel.disagreement", "depixel.picture", "depixel.request"},
    "depixel.consistency": {"depixel.degradation"},
    "depixel.sized": {"depixel.consistency", "depixel.picture", "depixel.report", "depixel.request"},
    "depixel.partition": PREPARATION | {"depixel.projecting", "depixel.report"},
    "depixel.joints": {"depixel.picture"},
    "depixel.meeting": PREPARATION | {"depixel.joints", "depixel.projecting", "depixel.report"},
    "depixel.regions": {"depixel.consistency", "depixel.picture", "depixel.report", "depixel.request"},
    "depixel.sidefiles": {"depixel.sidefiles", "depixel.picture"},
    "depixel.special": PREPARATION | {"depixel.premultiplying", "depixel.regions", "depixel.report"},
    "depixel.keying": PREPARATION | {"depixel.report"},
    "depixel.premultiplying": PREPARATION | {"depixel.consistency", "depixel.degradation", "depixel.report"},
    "depixel.undither": SEARCHED | {"depixel.sized", "depixel.report", "depixel.picture"},
    "depixel.client": {"depixel.client"},
    "depixel.files": {"depixel.files", "depixel.picture"},
    "depixel.families": {"depixel.files", "depixel.picture"},
    "depixel.readings": {"depixel.readings", "depixel.degradation"},
    "depixel.search": SEARCHED,
    "depixel.priors": SEARCHED,
    "depixel.preparation": PREPARATION,
    "depixel.planes": PREPARATION | {"depixel.planes"},
    "depixel.exporting": EXPORTING,
    "depixel.enlarging": ENLARGING,
    "depixel.projecting": EXPORTING,
    "depixel.faces": FACES,
    "depixel.upsampler": ENGINE,
    "depixel.labels": ENGINE | {"depixel.files"},
    "depixel.lossy": ENGINE,
    "depixel.previews": {"depixel.picture"},
    "depixel.cluster": ENGINE | {"depixel.cluster", "depixel.service"},
    "depixel.report_page": ENGINE | {"depixel.labels", "depixel.previews", "depixel.terminal.printable"},
    "depixel.terminal.printable": set(),
    "depixel.terminal.stopping": set(),
    "depixel.portrait": {"depixel.portrait"},
    "depixel.pace": set(),
    "depixel.progress": {"depixel.client", "depixel.pace"},
    "depixel.install": {"depixel.install", "depixel.client", "depixel.service"},
    "depixel.service": ENGINE
    | {"depixel.service", "depixel.files", "depixel.client", "depixel.labels", "depixel.lossy", "depixel.bystanders"}
    | {"depixel.terminal.stopping"},
    "depixel_watch": {
        "depixel_watch",
        "depixel.bystanders",
        "depixel.families",
        "depixel.sidefiles",
        "depixel.joints",
        "depixel.client",
        "depixel.files",
        "depixel.picture",
        "depixel.previews",
        "depixel.request",
        "depixel.monitor",
        "depixel.pace",
    },
}
"""Layer => other layers it may import, beside GROUND. The command line may import everything but the watcher."""

WATCH_DOORS = {f"depixel_watch.{part}" for part in ("command", "status", "loop", "display", "preview", "pack_command")}
"""Parts of the watcher that share the options, the words and the engine of the command line."""
WATCH_SEAMS = {
    "depixel.cli",
    "depixel.batch.engines",
    "depixel.terminal.mistakes",
    "depixel.terminal.options",
    "depixel.terminal.printable",
    "depixel.terminal.stopping",
    "depixel.labels",
}

ROOMS = ("depixel.commands", "depixel.batch", "depixel.terminal")
"""The command line: the commands, running many pictures, and what all commands share."""
FREE = {"depixel", "depixel.cli", "depixel.__main__"}
KINDS_FIRST = sorted(ALLOWED, key=len, reverse=True)


def _modules(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*.py")):
        parts = [name, *path.relative_to(folder).with_suffix("").parts]
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


ALL = [*_modules(CORE / "depixel", "depixel")]
ALL += _modules(ROOT / "plugins/folder_watch/depixel_watch", "depixel_watch")


def _imports(path: Path, name: str) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            yield ".".join([*above, *([node.module] if node.module else [])])


def _layer(name: str) -> str | None:
    return next((layer for layer in KINDS_FIRST if name == layer or name.startswith(layer + ".")), None)


@pytest.mark.parametrize(("name", "path"), ALL, ids=[name for name, _ in ALL])
def test_imports_point_one_way(name: str, path: Path) -> None:
    """A module imports only from layers below it."""
    layer = _layer(name)
    if not name.startswith("depixel_watch"):
        outside = [module for module in _imports(path, name) if module.startswith("depixel_watch")]
        assert not outside, "the watcher imports depixel, never the reverse"
    if layer is None:
        assert name in FREE or name.startswith(ROOMS), f"{name} has no place in the house: give it one"
        return

    ours = {
        module for module in _imports(path, name) if module.split(".")[0] in ("depixel", "depixel_watch", "training")
    }
    wrong = {module for module in ours if _layer(module) not in ALLOWED[layer] and module not in GROUND}
    if name == "depixel_watch.upscaler":  # the one place where the watcher meets the engine
        wrong = {module for module in wrong if _layer(module) not in ENGINE and module not in WATCH_SEAMS}
    elif any(name == door or name.startswith(f"{door}.") for door in WATCH_DOORS):
        wrong -= WATCH_SEAMS

    assert not wrong


def test_a_plugin_knows_only_the_client() -> None:
    """GIMP's and Krita's plug-ins import nothing from Depixel but its client."""
    for path in [*(ROOT / "plugins/gimp").rglob("*.py"), *(ROOT / "plugins/krita").rglob("*.py")]:
        ours = {module for module in _imports(path, path.stem) if module == "depixel" or module.startswith("depixel.")}

        assert all(module.startswith("depixel.client") for module in ours), path


def test_the_client_is_standard_library_in_old_syntax() -> None:
    """The hosts' own Python, 3.8 and later and without packages, can import the client."""
    for name, path in _modules(CORE / "depixel/client", "depixel.client"):
        ast.parse(path.read_text("utf-8"), feature_version=(3, 8))
        foreign = {module.split(".")[0] for module in _imports(path, name)} - set(sys.stdlib_module_names)

        assert foreign <= {"depixel"}, path
        assert all(f.startswith("depixel.client") for f in _imports(path, name) if f.startswith("depixel")), path


@pytest.mark.parametrize(
    "start",
    ["import depixel", *(f"import depixel.cli; depixel.cli.make_parser(['{name}'])" for name in ["", *COMMANDS])],
)
def test_starting_loads_nothing_heavy(start: str) -> None:
    """Neither `import depixel` nor the parser of any command loads torch, numpy, Pillow, rich or a web server."""
    heavy = ["torch", "numpy", "PIL", "rich", "starlette", "uvicorn", "watchdog", "safetensors"]
    code = f"import sys; {start}; print([m for m in {heavy} if m in sys.modules])"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CORE)

    assert out.stdout.strip() == "[]"


def test_no_module_is_longer_than_a_sitting() -> None:
    """400 lines at most, except for the table of options, which grows by a paragraph per option."""
    for name, path in ALL:
        lines = len(path.read_text("utf-8").splitlines())

        assert lines <= 400 or name == "depixel.client.option_table", path


TABLES = {"depixel.service.app.make_app", "depixel.service.page.page_routes"}
"""Functions that are tables: one paragraph per route."""


def test_no_function_is_longer_than_a_screen() -> None:
    """60 lines at most, except for tables."""
    for name, path in ALL:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and f"{name}.{node.name}" not in TABLES:
                length = (node.end_lineno or node.lineno) - node.lineno + 1

                assert length <= 60, f"{name}.{node.name} has {length} lines"
