"""
The watcher of a mod folder. `reconcile` compares the folder with the ledger and updates the outputs; events only say
when that is worthwhile, and for which folders.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from depixel.bystanders import is_system_file
from depixel.errors import UnwritableOutputError
from depixel.families import Families
from depixel.files import READABLE
from depixel.sidefiles import UNDERSTOOD
from depixel_watch.display.page import PAGE_NAME, write_page
from depixel_watch.folder.scan import OURS, Changes, FileEntry, Findings, look_at, walk
from depixel_watch.folder.stamps import StabilityTracker, read_regular, stamp_if_seen
from depixel_watch.ledger.ledger import LEDGER_NAME, Ledger, is_damage
from depixel_watch.ledger.recorder import Announcement, Listener, PassCounts, Recorder
from depixel_watch.ledger.repair import open_ledger, opened_again
from depixel_watch.packs.profiles import OWN_PROFILES, PackProfile, is_archive, recognise_folder
from depixel_watch.packs.renamed import is_pack
from depixel_watch.packs.sides import Sides
from depixel_watch.work.attempts import ATTEMPTS_NAME, Attempts
from depixel_watch.work.limits import SizeLimits
from depixel_watch.work.pauses import AWAY, FULL, DiskFullError, OutputAwayError, PauseError, as_pause, reason_of
from depixel_watch.work.pipeline import Pipeline
from depixel_watch.work.removal import Removal
from depixel_watch.work.step import InStep
from depixel_watch.work.task import Bench, Task, plan
from depixel_watch.work.texture import NO_LIMITS, Upscaler

__all__ = ["Announcement", "DiskFullError", "Listener", "PassCounts", "PauseError", "Watcher"]


class Watcher:
    """
    Keeps `out` in sync with `source` (both from `layout.checked`).

    Args:
        profile: None = detected from the folder in each pass.
        complete: also copy files that are not textures, and give outputs the times of their sources.
        retry: retry once the files that failed in earlier runs, even if they have not changed.
        verify: in the first pass compare every source and output with its digest, and repair what differs.
        limits: which textures are too large, and how large the answers to the others may become.
    """

    def __init__(
        self,
        source: Path,
        out: Path,
        worker: Upscaler,
        tracker: StabilityTracker,
        profiles: dict[str, PackProfile],
        profile: PackProfile | None = None,
        *,
        complete: bool = False,
        retry: bool = False,
        verify: bool = False,
        limits: SizeLimits = NO_LIMITS,
        tell: Listener = lambda event: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._source, self._out, self._worker = source, out, worker
        self._tracker, self._profiles, self._profile = tracker, profiles, profile
        self._complete, self._tell, self._cancelled = complete, tell, cancelled
        self._verify, self._limits, self._sides = verify, limits, Sides(source)
        self.tally = PassCounts()
        """Of the pass in progress, or of the last one; may be read from other threads."""
        self._stale = False  # the page
        self._entries: dict[str, int] = {}  # folder => entries, in the last pass over the whole folder
        self._away = False  # the ledger's file was unusable
        self._present = profile  # the profile of the last pass over the whole folder
        self._troubles: set[str] = set()  # sentences of this pass
        self._old_troubles: set[str] = set()  # of the last pass: they are not repeated
        self._rules = hashlib.sha256(repr(profiles).encode()).hexdigest()  # by which archives are treated
        self._ledger = opened(out, self._trouble)
        self._removal = Removal(source, out, tracker, tell, self._trouble)
        self._attempts = Attempts(out / ATTEMPTS_NAME)
        self._pipeline = Pipeline(worker, profiles, profile, self._attempts, complete=complete, cancelled=cancelled)
        if retry:
            self._ledger.ask_again("failed")
        self._sweep()

    def close(self) -> None:
        """End the threads and close the ledger."""
        self._pipeline.close()
        self._ledger.close()

    def cares_for(self, path: str) -> bool:
        """Whether a change of the file at this relative path may change an output. May be called from any thread."""
        parts = path.split("/")
        if any(is_system_file(part) for part in parts):
            return parts[-1] == OWN_PROFILES
        suffix = PurePosixPath(parts[-1]).suffix.lower()
        profile = self._present
        return (
            self._complete
            or suffix in READABLE
            or is_archive(parts[-1])
            or profile is None
            or profile.is_marked_by(parts[-1])
            or profile.rule_for(path).action == "follow"
            or suffix in UNDERSTOOD
            or suffix == ".mcmeta"
        )

    @property
    def destination(self) -> str:
        """Where the game or emulator expects the outputs, as a sentence; empty if unknown."""
        return self._present.destination if self._present is not None else ""

    def pending(self) -> Changes:
        """What must be checked again soon: files that are not complete yet, or missing for the first time."""
        return Changes({*self._tracker.paths(), *self._removal.gone})

    @property
    def rest(self) -> float:
        """Seconds until one of the waiting files may be complete; 0 if none are waiting."""
        return self._tracker.seconds

    def reconcile(self, changes: Changes | None = None) -> PassCounts:
        """
        One pass over the whole folder, or over what changed in it.

        Raises:
            PauseError: finished outputs are kept; call again when there is space, or the engine is back.
        """
        self.tally = tally = PassCounts(whole=changes is None)
        if not self._source.is_dir():
            self._trouble(f"{self._source} does not exist at the moment; its outputs are kept.")
            self._old_troubles, self._troubles = self._troubles, set()
            return tally
        try:
            if self._away or not self._ledger.is_in_place():  # somebody deleted the output folder to revert
                self._open_again()
            self._pass(changes)
        except OSError as error:
            raise as_pause(error) or OutputAwayError(AWAY.format(self._out, reason_of(error))) from error
        except sqlite3.Error as error:
            if is_damage(error):  # a damaged page, found during the work
                self._ledger.close()
                self._ledger = open_ledger(self._out / LEDGER_NAME, self._trouble, damaged=True)
                tally.waiting += 1
                return tally
            if "full" in str(error):
                raise DiskFullError(FULL.format(self._out)) from error
            self._away = True
            raise OutputAwayError(AWAY.format(self._out, error)) from error
        return tally

    def _pass(self, changes: Changes | None) -> None:
        profile = self._profile_now(whole=changes is None)
        self._sides.begin()
        findings = Findings(self._trouble)
        still = self._still(profile, findings, changes)
        self.tally.total = len(still)
        if still:
            tasks = (task for entry in still if (task := self._plan(entry, profile)) is not None)
            recorder = Recorder(self._ledger, self._tracker, self.tally, self._tell, self._out)
            self._pipeline.run(tasks, recorder, self._bench())
        elif changes is None:
            self._attempts.finish()
        if self._cancelled():
            return
        self._note(findings, whole=changes is None)
        self._removal.run(self._ledger, self.tally, None if changes is None else findings, self._cancelled)
        if changes is None and not self.tally.waiting:
            self._verify = False
        if self.tally.finished or self.tally.removed or self._stale:
            self._write_page()
        if changes is None:
            self._old_troubles, self._troubles = self._troubles, set()

    def _profile_now(self, whole: bool) -> PackProfile:
        if self._profile is not None:
            return self._profile
        if whole or self._present is None:
            profile = recognise_folder(self._profiles, self._source)
            if self._present is None or self._present.name != profile.name:
                self._tell(Announcement("profile", "", f"{profile.name} ({profile.title})"))
            self._present = profile
        return self._present

    def _bench(self) -> Bench:
        families = None
        if self._worker.kind == "auto":
            kinds = self._ledger.kinds()  # threads ask for them, but only this thread may use the ledger
            families = Families(FolderListing(self._source), self._worker.detect, kinds.get)
        profile = self._present or self._profile
        return Bench(
            self._source, self._out, self._limits, families, self._verify, sides=self._sides,
            upscales=lambda path: profile is None or profile.rule_for(path).upscale,
        )  # fmt: skip

    def _note(self, findings: Findings, *, whole: bool) -> None:
        if not whole:
            return
        self._ledger.note_mounts(findings.mounts)
        for sentence in findings.unreadable.values():
            self._trouble(sentence, failed=True)
        self._ledger.note_unreadable(findings.unreadable)

    def _write_page(self) -> None:
        self._stale = True
        try:
            write_page(self._out / PAGE_NAME, self._source, self._ledger)
            self._stale = False
        except UnwritableOutputError as error:
            if pause := as_pause(error):
                raise pause from error
            self._trouble(str(error))

    def _open_again(self) -> None:
        away, self._away = self._away, True
        self._ledger = opened_again(self._ledger, self._out, away=away, trouble=self._trouble)
        self._away = False

    # Files that need work and have not changed. They are planned again when their turn comes: that takes less memory.
    def _still(self, profile: PackProfile, findings: Findings, changes: Changes | None) -> list[FileEntry]:
        still: list[FileEntry] = []
        waiting: list[str] = []
        in_step = InStep(self._out, self._ledger, complete=self._complete, verify=self._verify)
        if changes is not None:
            self._pass_over_growing(changes)
        entries = (
            walk(self._source, findings) if changes is None else look_at(self._source, findings, changes, self._entries)
        )
        for entry in entries:
            if self._cancelled():
                return []
            task = self._plan(entry, profile)
            if task is None:
                continue
            row = self._ledger.get(entry.path)
            if row is not None and row.output != task.output:
                self._removal.remove(self._ledger, self.tally, row)  # a rule now gives it another name
            elif in_step(task, row):
                self._tracker.forget(entry.path)
                self.tally.skipped += 1
                continue
            waiting.append(entry.path)
            if self._tracker.is_still(entry.path, entry.stamp):
                still.append(entry)
            else:
                self.tally.waiting += 1
        self._tracker.keep_only(waiting, lambda path: changes is None or findings.covers(path))
        if changes is None:
            self._entries = findings.counts
        return still

    # A file that is being written is checked alone: its neighbours are checked again when it is complete.
    def _pass_over_growing(self, changes: Changes) -> None:
        for path in list(changes.files):
            stamp = stamp_if_seen(self._source / path)
            if stamp is not None and self._tracker.is_waited_for(path, stamp):
                changes.files.discard(path)
                self.tally.waiting += 1

    def _plan(self, entry: FileEntry, profile: PackProfile) -> Task | None:
        recipe = self._worker.recipe + self._limits.recipe
        if is_pack(self._source, entry.path, entry.stamp):
            recipe += self._rules + (self._profile.name if self._profile else "")
        return plan(entry, self._source, profile, recipe, self._complete, self._worker.scale, self._sides)

    # Problems of the folder are announced once, until they are fixed.
    def _trouble(self, sentence: str, failed: bool = False) -> None:
        if sentence not in self._old_troubles and sentence not in self._troubles:
            self._tell(Announcement("failed" if failed else "note", "", sentence))
            self.tally.failed += failed
        self._troubles.add(sentence)

    # Half-written files of a killed run.
    def _sweep(self) -> None:
        for folder, _, names in os.walk(self._out):
            for name in names:
                if name.startswith(OURS) and name.endswith(".part"):
                    with contextlib.suppress(OSError):
                        (Path(folder) / name).unlink()


def opened(out: Path, trouble: Callable[[str], None]) -> Ledger:
    """
    The ledger of an output folder, created or repaired if necessary. `trouble` is called with a sentence about a
    repair.

    Raises:
        PauseError: the disk is full, or the folder cannot be used.
    """
    try:
        return open_ledger(out / LEDGER_NAME, trouble)
    except OSError as error:
        raise as_pause(error) or OutputAwayError(AWAY.format(out, reason_of(error))) from error
    except sqlite3.OperationalError as error:
        if "full" in str(error):
            raise DiskFullError(FULL.format(out)) from error
        raise OutputAwayError(AWAY.format(out, error)) from error


class FolderListing:
    """The watched folder as `Families` looks at it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, folder: str) -> list[str]:
        """Paths of a folder's files."""
        return self._entries(folder, lambda entry: True)

    def folders(self, folder: str) -> list[str]:
        """Paths of the folders in it; links are not followed."""
        return self._entries(folder, lambda entry: entry.is_dir(follow_symlinks=False))

    def _entries(self, folder: str, wanted: Callable[[os.DirEntry[str]], bool]) -> list[str]:
        with contextlib.suppress(OSError), os.scandir(self._root / folder) as entries:
            prefix = "" if folder in ("", ".") else f"{folder}/"
            return [prefix + entry.name for entry in entries if not is_system_file(entry.name) and wanted(entry)]
        return []

    def read(self, path: str, most: int | None = None) -> bytes:
        """A file, or its first bytes."""
        return read_regular(self._root / path, most)
