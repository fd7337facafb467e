"""
Sets up .venv and runs the tests: python scripts/test.py [PYTEST ARGUMENTS]

    python scripts/test.py tests/test_cli.py -k json

Without arguments, the default tests run in one process for each core, in random order; pytest prints the seed, and
`--randomly-seed=SEED` repeats it.
"""

from __future__ import annotations

import subprocess
import sys

from environment import ROOT, prepare, venv_program

if __name__ == "__main__":
    prepare("dev")
    arguments = sys.argv[1:] or ["-n", "auto", "--dist", "worksteal"]
    sys.exit(subprocess.call([str(venv_program("python")), "-m", "pytest", *arguments], cwd=ROOT))
