"""
How every door of Depixel talks to the engine. Standard library only, Python 3.8, nothing of the rest of depixel:
`depixel install` copies this very folder into the plug-ins of GIMP (as `depixel_client`) and Krita (as
`depixel_krita/_client`).

A host does this, on a thread or process of its own (every step blocks):

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
        show(str(error))                                         # one sentence, made for the user

`Engine.state()` is (word, sentence) for one line of a docker and starts nothing; `Engine.hello()` starts the engine
and says what it can do (`Welcome`; `missing(action, welcome.actions, welcome.domains)` is a sentence or "").
`recipe_of(action, request, event, i)` is what brings candidate i back alone: keep its `to_json()` with the layer.
A crashed engine is started again and the job is run once more, without the host noticing more than a `Starting` event.
The answers have `channels` and `depth` of the request's pixels, and are `scale` times as large; those of "anonymise"
cover the picture as it is.
"""

from __future__ import annotations

from .advice import exactness, idle_options
from .dialogs import (
    ACTIONS,
    ANONYMISE_FACE,
    AUTO_STEPS,
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
from .engine import Engine, Job
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
    sentence,
    summary,
    unique_path,
)
from .option import Option
from .place import Installed, Place, Running
from .presets import Preset, Presets, in_words
from .projection import Projection, projection_of
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
from .recipe import Recipe, recipe_of
from .target import read_target, result_size, whole_scale

__all__ = [
    "ACTIONS",
    "ANONYMISE_FACE",
    "AUTO_STEPS",
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
    "Job",
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
    "Projection",
    "Queued",
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
    "sentence",
    "settings_of",
    "summary",
    "turned",
    "unique_path",
    "whole_scale",
    "with_output",
]
