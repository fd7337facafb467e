"""Settings for every test."""

from __future__ import annotations

import os

# Before torch is imported anywhere: tiny networks are several times slower on two threads than on one, and far slower
# when the machine is busy.
os.environ.setdefault("OMP_NUM_THREADS", "1")
