"""A client and a real engine process: inputs, outputs, and what happens if one of them leaves."""

from __future__ import annotations

import io
import os
import signal
import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.service.conftest import record_engine, request_of

from depixel import client
from depixel.client import Engine, Place
from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler

MODES = {(1, 8): "L", (2, 8): "LA", (3, 8): "RGB", (4, 8): "RGBA", (4, 16): "RGBA;16", (3, 16): "RGB;16"}


@pytest.mark.parametrize(("channels", "depth"), MODES)
def test_pixels_are_those_of_the_upsampler(engine: Engine, tiny_weights: Path, channels: int, depth: int) -> None:
    """GIMP and Krita get exactly the pixels that `depixel upscale` writes."""
    request = request_of(7, 5, channels, depth, candidates=2, seed=3)
    samples = np.frombuffer(request.pixels.frames[0], "<u2" if depth == 16 else np.uint8).reshape(5, 7, channels)  # type: ignore[union-attr]
    picture = Picture((samples.astype(np.uint16 if depth == 16 else np.uint8),), mode=MODES[channels, depth])
    expected = Upsampler("cpu", {"art": str(tiny_weights)}).upsample(picture, Request.from_dict(request.settings))

    result = engine.upscale(request).result()

    assert len(expected.candidates) == len(result.answers) == 2
    for candidate, answer in zip(expected.candidates, result.answers, strict=True):
        assert candidate.picture.frames[0].tobytes() == answer.frames[0]
        assert (answer.width, answer.height, answer.channels, answer.depth) == (14, 10, channels, depth)
        assert (candidate.seed, candidate.residual.maximum) == (answer.seed, answer.residual)


def test_a_file_can_be_sent_instead_of_pixels(engine: Engine) -> None:
    """The same answer, whether a PNG's bytes are sent or its pixels."""
    request = request_of(9, 7, 4)
    assert isinstance(request.pixels, client.Pixels)
    written = io.BytesIO()
    Image.frombytes("RGBA", (9, 7), request.pixels.frames[0]).save(written, "PNG")

    file = client.PictureFile(written.getvalue(), "x.png")
    result = engine.upscale(client.Submission(file, request.settings)).result()

    assert result.answers[0].frames == engine.upscale(request).result().answers[0].frames


def test_a_file_that_is_no_picture_is_a_sentence(engine: Engine) -> None:
    """... that names the file."""
    with pytest.raises(client.EngineError, match=r"hero\.png"):
        engine.upscale(client.Submission(client.PictureFile(b"nothing", "hero.png"))).result()


def test_frames_stay_together(engine: Engine) -> None:
    """An animation is one job, and is returned with as many frames."""
    result = engine.upscale(request_of(6, 6, frames=3)).result()

    assert len(result.answers[0].frames) == 3


def test_progress_and_previews_arrive(engine: Engine) -> None:
    """A dialog has something to show before the end."""
    request = client.Submission(request_of(160, 160).pixels, {"scale": 4, "domain": "art"}, previews=True)
    events = list(engine.upscale(request))

    progress = [event for event in events if isinstance(event, client.Progress)]
    assert isinstance(events[-1], client.Result)
    assert progress
    assert all(0 <= event.fraction <= 1 and event.steps >= event.step >= 0 for event in progress)
    assert [event.fraction for event in progress] == sorted(event.fraction for event in progress)
    assert progress[-1].fraction == pytest.approx(1, abs=1e-3)


def test_wrong_settings_are_a_sentence(engine: Engine) -> None:
    """The engine's own message reaches the user unchanged."""
    with pytest.raises(client.EngineError, match="scale must be a whole number") as caught:
        engine.upscale(request_of(4, 4, scale=99)).result()

    assert caught.value.code == "usage"


def test_unknown_settings_are_ignored(engine: Engine) -> None:
    """A newer plug-in can talk to an older engine."""
    assert engine.upscale(request_of(4, 4, of_the_future=1)).result().scale == 2


def test_cancel_stops_a_running_job(engine: Engine) -> None:
    """Cancel frees the device at once: the next job does not wait for the end of the cancelled one."""
    job = engine.upscale(request_of(700, 700, scale=8))
    ended: list[BaseException] = []

    def work() -> None:
        try:
            job.result()
        except client.EngineError as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    _wait(lambda: engine.hello().queued == 1)
    time.sleep(0.5)
    began = time.monotonic()
    job.cancel()
    thread.join(60)
    engine.upscale(request_of(4, 4)).result()

    assert isinstance(ended[0], client.CancelledError)
    assert time.monotonic() - began < 50  # the whole job takes minutes
    assert engine.hello().queued == 0


def test_a_listener_that_leaves_cancels_its_job(engine: Engine) -> None:
    """A closed or killed program does not keep the device busy."""
    job = engine.upscale(request_of(700, 700, scale=8))
    next(event for event in job if isinstance(event, (client.Queued, client.Progress)))
    job.close()

    _wait(lambda: engine.hello().queued == 0)


def test_a_killed_engine_is_replaced_and_the_job_run_again(engine: Engine, place: Place) -> None:
    """kill -9 in the middle of a job costs time, but not the answer."""
    job = engine.upscale(request_of(160, 160, scale=4))
    before = engine.hello().pid
    started = False
    for event in job:
        if isinstance(event, (client.Queued, client.Progress)) and not started:
            started = True
            os.kill(before, signal.SIGKILL)
        if isinstance(event, client.Result):
            result = event

    assert result.answers[0].width == 640
    assert engine.hello().pid != before


def test_an_engine_that_cannot_start_says_why(tmp_path: Path, tiny_weights: Path) -> None:
    """The sentence has the engine's last message and the log's path."""
    place = Place(str(tmp_path / "p"))
    record_engine(place, tiny_weights, "--nonsense")

    with pytest.raises(client.EngineDiedError, match=r"no option --nonsense.*engine\.log"):
        Engine("gimp", place).upscale(request_of(4, 4)).result()


def test_a_missing_engine_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plug-in without an engine tells its user what to run."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("depixel.client.launch.own_engine", lambda: None)  # as in the plug-in's copy of the client
    engine = Engine("gimp", Place(str(tmp_path)))

    with pytest.raises(client.NotInstalledError, match="depixel install gimp"):
        engine.upscale(request_of(4, 4)).result()
    assert engine.state()[0] == "not-installed"


def test_another_version_is_a_sentence(engine: Engine, place: Place, tmp_path: Path) -> None:
    """After half an update the user reads what to do, not a traceback."""
    running = place.running()
    assert running is not None
    other = Place(str(tmp_path))
    other.write_running(client.Running(running.pid, running.port, running.token, 99, "9.9"))

    with (
        other.lock("engine.lock"),
        pytest.raises(client.WrongVersionError, match=r"9\.9 speaks version 99.*depixel install krita"),
    ):
        Engine("krita", other).upscale(request_of(4, 4)).result()


def test_a_silent_engine_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something holds the port and is silent: no second engine is started."""
    monkeypatch.setattr("depixel.client.engine._PATIENCE", 0.3)
    place = Place(str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as listener, place.lock("engine.lock"):
        place.write_running(client.Running(1, listener.getsockname()[1], "t", client.PROTOCOL, "0.1"))

        with pytest.raises(client.EngineDiedError, match="does not answer"):
            Engine("gimp", place).upscale(request_of(4, 4)).result()


def _wait(condition: object, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
