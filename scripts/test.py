"""
Sets up .venv and runs the tests: python scripts/test.py [PYTEST ARGUMENTS]

    python scripts/test.py tests/test_cli.py -k json
"""

from __future__ import annotations

import subprocess
import sys

from environment import ROOT, prepare, venv_program

if __name__ == "__main__":
    prepare("dev")
    sys.exit(subprocess.call([str(venv_program("python")), "-m", "pytest", *sys.argv[1:]], cwd=ROOT))
