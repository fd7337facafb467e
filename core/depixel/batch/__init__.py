"""
Many pictures in files: which ones a command line means (`inputs`), where each answer goes (`plan`), whether its file
can hold it (`outputs`), reading and writing (`disk`), the engine that answers (`engines`), the run (`running`), and
what is said at its end (`summary`) or instead of it (`dry_run`).
"""

from __future__ import annotations
