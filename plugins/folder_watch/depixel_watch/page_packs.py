"""Work on texture packs for the page in the browser: inspects them and enlarges them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from depixel.errors import BadUsageError
from depixel.request import Request
from depixel_watch.packs.archive import PackOptions, rewrite
from depixel_watch.packs.profiles import PackProfile, load
from depixel_watch.preview.budget import measure
from depixel_watch.preview.survey import Goal, Survey, survey_archive
from depixel_watch.upscaler import EngineUpscaler

_MEASURE_SECONDS = 8.0  # the user is waiting


def work_on_pack(
    engine: Any,
    request: Request,
    path: Path,
    profile: str,
    look: bool,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> tuple[dict[str, Any], IO[bytes] | None]:
    """
    Inspect the pack in a zip, or enlarge it.

    Args:
        engine: answers pictures, as an Upsampler does.
        path: the zip.
        profile: name of the game's profile; "auto" = detected.
        look: only describe the result.
        progress: called with the work done and the total work.

    Returns:
        Facts about the pack, as JSON values; and the larger pack, unless `look`.

    Raises:
        DepixelError: the pack cannot be read, or there is no such profile.
        CancelledError: `cancelled()` returned true.
    """
    profiles = load()
    if profile != "auto" and profile not in profiles:
        raise BadUsageError(f"There is no profile {profile!r}; choose one of auto, {', '.join(profiles)}.")
    survey = survey_archive(path, profiles, profiles.get(profile), Goal(request.with_one_scale()[1]))
    used = survey.profile
    facts = _facts(survey, profiles, used)
    if not survey.textures:
        return facts, None
    upscaler = EngineUpscaler(engine, request, cancelled)
    if look:
        estimate = measure(survey, upscaler, _MEASURE_SECONDS, progress)
        return {**facts, "seconds": estimate.seconds, "bytes_then": estimate.bytes_then}, None
    out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
    _, *notes = rewrite(path, cast(BinaryIO, out), upscaler, profiles, PackOptions(profile=used, progress=progress))
    return {**facts, "notes": notes, "bytes_then": out.tell()}, out


def _facts(survey: Survey, profiles: dict[str, PackProfile], profile: PackProfile) -> dict[str, Any]:
    return {
        "profile": profile.name,
        "title": profile.title,
        "note": profile.note,
        "where": profile.where,
        "link": profile.link,
        "profiles": [{"name": one.name, "title": one.title} for one in profiles.values()],
        "textures": survey.count,
        "duplicates": survey.duplicates,
        "copied": survey.copied,
        "failed": dict(list(survey.failed.items())[:50]),
        "bytes_now": survey.bytes_now,
    }
