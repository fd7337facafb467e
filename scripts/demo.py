"""
Sets up .venv and upscales samples/ into demo-out/, with a report to open: python scripts/demo.py [DEPIXEL OPTIONS]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from environment import ROOT, prepare, venv_program


def upscale(*arguments: str) -> None:
    """Run `depixel upscale`; ends the program with its exit code when it fails."""
    code = subprocess.call([str(venv_program("depixel")), "upscale", *arguments], cwd=ROOT)
    if code != 0:
        sys.exit(code)


def _as_typed(program: Path) -> Path:
    return program.relative_to(ROOT) if program.is_relative_to(ROOT) else program


if __name__ == "__main__":
    prepare()
    folders = [f"samples/{name}" for name in ("sprites", "pixel-art", "textures", "animations")]
    upscale(*folders, "-o", "demo-out", "--overwrite", "--report", "demo-out/report.html", *sys.argv[1:])
    faces = ["samples/faces", "-o", "demo-out/faces", "--domain", "faces", "--candidates", "4"]
    upscale(*faces, "--overwrite", "--report", "demo-out/faces.html")
    sys.stdout.write(
        "\nOpen demo-out/report.html and demo-out/faces.html in a browser; the pictures are beside them.\n"
        f"To upscale your own pictures: {_as_typed(venv_program('depixel'))} upscale FILE -o RESULT\n"
    )
