"""Picture files over the wire: facts, other formats, answers as the command line writes them."""

from __future__ import annotations

import http.client
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.service.test_guard import ask

from depixel.client import Running
from depixel.files import encode, read_bytes
from depixel.picture import Picture


def a_picture(kind: str, size: tuple[int, int] = (6, 4), frames: int = 1) -> bytes:
    """A file of this format in soft colours."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    frame = np.stack([20 + 30 * x, 40 + 20 * y, 60 + 0 * x], axis=-1).astype(np.uint8)
    pictures = tuple((frame + 8 * k).astype(np.uint8) for k in range(frames))
    return encode(Picture(pictures, durations=(50.0,) * frames if frames > 1 else (), mode="RGB", format=kind), kind)


def answered(
    running: Running, body: bytes, settings: dict[str, Any], name: str = "a.png"
) -> tuple[str, dict[str, Any]]:
    """The id of a finished job and its last line."""
    header = json.dumps({"settings": {"scale": 2, "domain": "art", **settings}, "picture": {"name": name}})
    _, answer = ask(running, "POST", "/jobs", body, Depixel_Request=header, Content_Type="application/octet-stream")
    job = json.loads(answer)["job"]
    return job, json.loads(ask(running, "GET", f"/jobs/{job}/events")[1].splitlines()[-1])


def fetched(running: Running, path: str, accept: str) -> tuple[bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    connection.request("GET", path, headers={"Authorization": f"Bearer {running.token}", "Accept": accept})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    assert response.status == 200, body
    return body, response.headers


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TGA", "DDS", "WEBP"])
def test_an_answer_comes_in_the_format_that_was_sent(running: Running, kind: str) -> None:
    """Accept: image/* gives a file in the input's format; image/png gives one that holds every pixel."""
    job, end = answered(running, a_picture(kind), {}, f"a.{kind.lower()}")

    own, own_headers = fetched(running, f"/jobs/{job}/candidates/0", "image/*")
    png, _ = fetched(running, f"/jobs/{job}/candidates/0", "image/png")

    assert end["event"] == "done", end
    assert read_bytes(own, "own").format == kind
    assert read_bytes(png, "png").format == "PNG"
    assert read_bytes(png, "png").width == 12
    assert (
        "invented" in Image.open(io.BytesIO(png)).text["Comment"]  # type: ignore[attr-defined]
        or "invented" in Image.open(io.BytesIO(png)).text["Comment"]  # type: ignore[attr-defined]
    )  # type: ignore[attr-defined]
    if kind == "JPEG":
        assert json.loads(own_headers["Depixel-Residual"])["maximum"] >= 0


def test_all_frames_come(running: Running) -> None:
    """An animation's answer is an animation."""
    job, _ = answered(running, a_picture("PNG", frames=3), {})

    png, _ = fetched(running, f"/jobs/{job}/candidates/0", "image/png")

    assert len(read_bytes(png, "a.png").frames) == 3


def test_where_answers_differ_is_a_picture(running: Running) -> None:
    """For several answers there is a map of the answers' size; for a single one there is none."""
    several, _ = answered(running, a_picture("PNG"), {"candidates": 3, "imagination": 0.8})
    one, _ = answered(running, a_picture("PNG"), {})

    heat, headers = fetched(running, f"/jobs/{several}/disagreement", "image/png")

    assert headers["Content-Type"] == "image/png"
    assert read_bytes(heat, "heat.png").width == 12
    assert ask(running, "GET", f"/jobs/{one}/disagreement")[0] == 404


def test_facts_of_a_picture(running: Running) -> None:
    """Size, format, and how the engine would treat it."""
    header = json.dumps({"settings": {"scale": 3}, "picture": {"name": "a.png"}})
    status, body = ask(
        running, "POST", "/pictures", a_picture("DDS"), Accept="application/json", Depixel_Request=header
    )

    facts = json.loads(body)
    assert status == 200
    assert (facts["width"], facts["height"], facts["format"], facts["scale"]) == (6, 4, "DDS", 3)
    assert facts["domain"] in ("art", "pixel-art", "textures", "data", "normals")


def test_another_format_of_a_picture(running: Running) -> None:
    """Formats that a browser cannot show are sent as PNG, pixel for pixel."""
    tga = a_picture("TGA")
    _, png = ask(running, "POST", "/pictures", tga, Accept="image/png")

    assert np.array_equal(read_bytes(png, "b").frames[0], read_bytes(tga, "a.tga").frames[0])


@pytest.mark.parametrize(
    ("body", "accept", "status"),
    [(b"no picture", "image/png", 415), (b"", "image/png", 415), (b"x", "text/html", 406), (b"x", "", 406)],
)
def test_what_is_no_picture_is_refused(running: Running, body: bytes, accept: str, status: int) -> None:
    """Refused with a sentence."""
    code, answer = ask(running, "POST", "/pictures", body, Accept=accept)

    assert code == status
    assert json.loads(answer)["sentence"].endswith(".")


def test_options_are_those_of_the_table(running: Running) -> None:
    """The page has exactly the options of the table, and offers the formats that the engine has."""
    values = json.loads(ask(running, "GET", "/options")[1])

    names = [row["name"] for row in values["options"]]
    assert {"scale", "domain", "candidates", "seed"} <= set(names)
    assert all(row["label"] and row["help"] for row in values["options"])
    assert {"PNG", "DDS", "TGA"} <= {form["name"] for form in values["formats"] if form["written"]}
