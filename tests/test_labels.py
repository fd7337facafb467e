"""A face is never written without the word that it is imagined, in every format that can hold text."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from depixel import files
from depixel.consistency import Residual
from depixel.domain import BY_NAME
from depixel.files.metadata import XMP
from depixel.labels import IMAGINED_FACE, label_picture, with_xmp
from depixel.picture import Picture
from depixel.report import Candidate, Report
from depixel.request import Request

DIGITAL_SOURCE = b"digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


def _labelled(domain: str, frames: int = 1, text: dict[str, str] | None = None) -> Picture:
    pixels = np.random.default_rng(0).integers(0, 255, (frames, 8, 8, 3), dtype=np.uint8)
    picture = Picture(tuple(pixels), (90.0,) * frames if frames > 1 else (), text=text or {})
    candidate = Candidate(picture, Residual(0.0, 0.0, 0.0), 0.0, 5)
    kind = BY_NAME[domain]
    report = Report((candidate,), Request(), 8, kind, "area", "faces-128 0123", "cpu", (False, False), 3, 0.1, ())
    return label_picture(candidate, report)


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".gif", ".bmp"])
def test_a_face_says_that_it_is_imagined(ending: str, tmp_path: Path) -> None:
    """PNG text, JPEG and GIF comments, and XMP if supported; a format without text is still written."""
    path = tmp_path / f"face{ending}"
    files.write(path, _labelled("faces"))

    data = path.read_bytes()
    if ending == ".bmp":
        assert Image.open(io.BytesIO(data)).size == (8, 8)
        return
    assert IMAGINED_FACE.encode() in data
    if ending != ".gif":
        assert DIGITAL_SOURCE in data
        assert data.count(b"</rdf:RDF>") == 1
    if ending == ".png":
        with Image.open(path) as image:
            assert IMAGINED_FACE in image.info["Description"]
            assert IMAGINED_FACE in image.info["Comment"]
            assert "<x:xmpmeta" in image.info[XMP]


@pytest.mark.parametrize("ending", [".png", ".webp", ".gif"])
def test_a_clip_of_faces_says_so_too(ending: str, tmp_path: Path) -> None:
    """The word is in animations."""
    path = tmp_path / f"clip{ending}"
    files.write(path, _labelled("faces", frames=3))

    assert IMAGINED_FACE.encode() in path.read_bytes()


def test_labels_of_a_label_do_not_pile_up() -> None:
    """A face made from a face says it once in XMP; the owner's packet is kept."""
    once = _labelled("faces")
    owned = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description dc:creator="me"/></rdf:RDF></x:xmpmeta>'

    assert with_xmp(once.text)[XMP] == once.text[XMP]
    kept = _labelled("faces", text={XMP: owned}).text[XMP]
    assert 'dc:creator="me"' in kept
    assert IMAGINED_FACE in kept


def test_art_gets_no_word_about_faces() -> None:
    """Sprites are not imagined people."""
    assert not any(IMAGINED_FACE in value for value in _labelled("art").text.values())
    assert XMP not in _labelled("art").text
