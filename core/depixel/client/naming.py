"""Names of answers in the layer list, and the summary of a result in one sentence: the same in every program."""

from __future__ import annotations

import os
from typing import Collection, Sequence

from .dialogs import Action
from .errors import EngineError
from .protocol import Answer, Result
from .readings import ALL_NAMES, label_of


def scales_back(answer: Answer, degradation: str = "") -> str:
    """
    How exactly the answer scales back to the input, in words.

    Args:
        degradation: how it was scaled back; "point" = only the centre of each block was compared, which the words say.
    """
    words = "exact"
    if answer.residual >= 0.5:
        words = "off by %s of 255" % (("%.1f" % answer.residual).rstrip("0").rstrip("."))
    return words + (" at the centre of each block" if degradation == "point" else "")


def layer_name(base: str, result: Result, index: int, imagined: bool = False, change: str = "") -> str:
    """
    The name of the layer of candidate `index`: `sprite x4, seed 7, imagination 0.5, exact`, or `sprite x4, thin
    outlines, exact`. It names everything that distinguishes the candidate from the others; the recipe holds the rest.
    `change`: what the program does to the answer's pixels, so that it is no longer exact: "converted" or "reduced".
    """
    answer = result.answers[index]
    what = " imagined" if imagined else ""
    times = _times(result)
    return "%s%s%s, %s, %s" % (base, what, times, difference(answer), change or scales_back(answer))


def difference(answer: Answer) -> str:
    """
    What distinguishes a candidate from the others: `thin outlines`, `seed 7`, `seed 7, imagination 0.5`, `swinir`.
    """
    if answer.model:
        return answer.model
    words = [label_of(answer.reading)] if answer.reading in ALL_NAMES else []
    if not words or answer.imagination:
        words.append("seed %d" % answer.seed)
    if answer.imagination:
        words.append("imagination %g" % round(answer.imagination, 3))
    return ", ".join(words)


def unique_path(stem: str, ending: str, taken: Collection[str] = ()) -> str:
    """
    `stem` + `ending`, with -2, -3 ... between them if needed: a path that no file has and that is not in `taken` (paths
    of open documents, which may not have been saved yet). Case is ignored, as on Windows and macOS.
    """
    claimed = {os.path.normcase(os.path.abspath(path)).lower() for path in taken}
    path, number = stem + ending, 1
    while os.path.lexists(path) or os.path.normcase(os.path.abspath(path)).lower() in claimed:
        number += 1
        path = "%s-%d%s" % (stem, number, ending)
    return path


def group_name(base: str, result: Result, imagined: bool = False) -> str:
    """`sprite x4: 4 answers`: the name of the layer group of several candidates."""
    what = " imagined" if imagined else ""
    return "%s%s%s: %d answers" % (base, what, _times(result), len(result.answers))


# A result that was reduced to a size is named by its longer side, because the scale is not that of the picture.
def _times(result: Result) -> str:
    size = result.report.get("settings", {}).get("size")
    if size:
        return " %dpx" % size
    return " x%d" % result.scale if result.scale > 1 else ""


def file_suffix(action: Action, scale: int = 1, size: int = 0) -> str:
    """
    `-x4`, `-imagined-x8`, `-anonymised`, `-1000px`: what is appended to the name of the source file.

    Args:
        size: the longer side in pixels, where the result was reduced to it; 0 = it was not.
    """
    what = {"imagine-face": "-imagined", "anonymise-face": "-anonymised"}.get(action.name, "")
    if size:
        return "%s-%dpx" % (what, size)
    return "%s-x%d" % (what, scale) if scale > 1 else what


def summary(result: Result, change: str = "") -> str:
    """
    One sentence for a status bar: how many answers, how exact, how long, then the engine's notes. `change`: see
    `worst_exactness`.
    """
    count = len(result.answers)
    first = "%d answer%s in %s; scaled back: %s." % (
        count,
        "" if count == 1 else "s",
        seconds_text(result.seconds),
        worst_exactness([result], change),
    )
    return " ".join([first, *result.notes])


def seconds_text(seconds: float) -> str:
    """`2.4 s`, or `less than 0.1 s`."""
    return "less than 0.1 s" if seconds < 0.05 else "%.1f s" % seconds


def worst_exactness(results: Sequence[Result], change: str = "") -> str:
    """
    How exactly the least exact answer of these results scales back, in words.

    Args:
        change: what the program does to the answers' pixels afterwards: "colour conversion" or "the reduction".
    """
    worst = max((answer for result in results for answer in result.answers), key=lambda answer: answer.residual)
    centres = any(result.degradation == "point" for result in results)
    return scales_back(worst, "point" if centres else "") + (" before " + change if change else "")


def sentence(error: BaseException) -> str:
    """The text to show for an exception: an engine's sentence unchanged, anything else with its class."""
    return str(error) if isinstance(error, EngineError) else "%s: %s" % (type(error).__name__, error)


def joined(notes: Sequence[str]) -> str:
    return " ".join(dict.fromkeys(notes))
