"""`python -m depixel` is `depixel`."""

from __future__ import annotations

import sys

from depixel.cli import main

if __name__ == "__main__":
    sys.exit(main())
