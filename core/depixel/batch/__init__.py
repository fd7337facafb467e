"""
Many pictures in files: the inputs of a command line (`inputs`), the place of each answer (`plan`), whether its file can
hold it (`outputs`), reading and writing (`disk`), the engine (`engines`), the run (`running`), its summary (`summary`),
and the dry run (`dry_run`).
"""

from __future__ import annotations
