"""
Sets up .venv and runs the tests: python scripts/test.py [PYTEST ARGUMENTS]

    python scripts/test.py tests/test_cli.py -k json

Without arguments, the default tests run in two processes for each core, because many tests wait, and in random order;
pytest prints the seed, and `--randomly-seed=SEED` repeats it.
"""

from __future__ import annotations

import os
import subprocess
import sys

from environment import ROOT, prepare, venv_program

if __name__ == "__main__":
    prepare("dev")
    arguments = sys.argv[1:] or ["-n", str(2 * (os.cpu_count() or 1)), "--dist", "worksteal"]
    sys.exit(subprocess.call([str(venv_program("python")), "-m", "pytest", *arguments], cwd=ROOT))
