"""A watcher at work until nothing is waiting."""

from __future__ import annotations

from depixel_watch.work.watcher import PassCounts, Watcher


def add(total: PassCounts, counts: PassCounts) -> None:
    """Add the counts of one pass (`skipped`: in place of that of the pass before)."""
    for name in ("done", "copied", "failed", "removed"):
        setattr(total, name, getattr(total, name) + getattr(counts, name))
    total.skipped = counts.skipped


def settle(watcher: Watcher, most: int = 20) -> PassCounts:
    """
    The sum of the counts of its passes (`skipped`: of the last one); afterwards the watcher is closed.

    Raises:
        AssertionError: files are still waiting after `most` passes.
    """
    total = PassCounts()
    try:
        for _ in range(most):
            counts = watcher.reconcile()
            add(total, counts)
            if not (counts.waiting or counts.total):
                return total
    finally:
        watcher.close()
    raise AssertionError("it never settles")
