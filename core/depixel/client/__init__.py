"""
The client through which every door of Depixel talks to the engine. It uses only Python 3.8's standard library and
nothing else of depixel: `depixel install` copies this folder into the plug-ins for GIMP (as `depixel_client`) and Krita
(as `depixel_krita/_client`).

A host program does the following on its own thread or process, because every step blocks:

    from depixel import client

    action = client.with_output(client.UPSCALE, "krita")         # labels, help, limits and defaults of the dialog
    values = action.defaults()                                   # ... as changed in the dialog
    pixels = client.Pixels(width, height, 4, (rgba_bytes,), name="layer 1")   # straight alpha, R,G,B,A; depth=16 too
    request = client.Submission(pixels, client.settings_of(action, values, box=None), action.wire,
                             kept=values.get("kept", 12), previews=True, program="krita")
    job = client.Engine("krita").upscale(request)
    try:
        for event in job:
            if isinstance(event, (client.Starting, client.Queued)):
                show(event.sentence)
            elif isinstance(event, client.Progress):
                show(event.sentence, event.fraction, event.preview)   # preview: None, or .width .height .rgba
            else:                                                # client.Result, always the last
                for i, answer in enumerate(event.answers):       # best first; answer.frames[0] are its samples
                    add_layer(client.layer_name("layer 1", event, i), answer)
                show(client.summary(event))
    except client.CancelledError:                                # after job.cancel(), from any thread
        pass
    except client.EngineError as error:
        show(str(error))                                         # one sentence for the user

`Engine.state()` returns (word, sentence) for one line of a docker and starts nothing. `Engine.hello()` starts the
engine and returns what it can do (`Welcome`); `missing(action, welcome.actions, welcome.domains)` is a sentence, or "".
`recipe_of(action, request, event, i)` is the recipe that reproduces candidate i: keep its `to_json()` with the layer.
If the engine crashes, it is started again and the job runs once more; the host sees only a `Starting` event. Answers
have the `channels` and `depth` of the request's pixels and are `scale` times as large; those of "anonymise" have the
size of the picture.
"""

from __future__ import annotations

from .advice import exactness, idle_options
from .dialogs import (
    ACTIONS,
    ANONYMISE_FACE,
    AUTO_STEPS,
    COPIES,
    IMAGINE_FACE,
    UPSCALE,
    Action,
    action_named,
    check,
    missing,
    settings_of,
    with_output,
)
from .dials import DIALS, Dial, dial_number, dial_text, read_face, turned
from .engine import Engine, JobHandle
from .errors import (
    BadOptionError,
    CancelledError,
    EngineDiedError,
    EngineError,
    NotInstalledError,
    WrongVersionError,
)
from .history import History, PastRequest
from .json_text import parse_json
from .naming import (
    difference,
    file_suffix,
    group_name,
    joined,
    layer_name,
    scales_back,
    seconds_text,
    sentence,
    summary,
    unique_path,
    worst_exactness,
)
from .option import Option
from .place import Installed, Place, Running
from .presets import Preset, Presets, in_words
from .projection import ProjectionSubmission, projection_of
from .protocol import (
    PROTOCOL,
    Answer,
    Event,
    PictureFile,
    Pixels,
    Preview,
    Progress,
    Queued,
    Result,
    Starting,
    Submission,
    Welcome,
)
from .rates import Rates, duration_text
from .recipe import Recipe, recipe_of
from .target import read_target, result_size, whole_scale

__all__ = [
    "ACTIONS",
    "ANONYMISE_FACE",
    "AUTO_STEPS",
    "COPIES",
    "DIALS",
    "IMAGINE_FACE",
    "PROTOCOL",
    "UPSCALE",
    "Action",
    "Answer",
    "BadOptionError",
    "CancelledError",
    "Dial",
    "Engine",
    "EngineDiedError",
    "EngineError",
    "Event",
    "History",
    "Installed",
    "JobHandle",
    "NotInstalledError",
    "Option",
    "PastRequest",
    "PictureFile",
    "Pixels",
    "Place",
    "Preset",
    "Presets",
    "Preview",
    "Progress",
    "ProjectionSubmission",
    "Queued",
    "Rates",
    "Recipe",
    "Result",
    "Running",
    "Starting",
    "Submission",
    "Welcome",
    "WrongVersionError",
    "action_named",
    "check",
    "dial_number",
    "dial_text",
    "difference",
    "duration_text",
    "exactness",
    "file_suffix",
    "group_name",
    "idle_options",
    "in_words",
    "joined",
    "layer_name",
    "missing",
    "parse_json",
    "projection_of",
    "read_face",
    "read_target",
    "recipe_of",
    "result_size",
    "scales_back",
    "seconds_text",
    "sentence",
    "settings_of",
    "summary",
    "turned",
    "unique_path",
    "whole_scale",
    "with_output",
    "worst_exactness",
]
