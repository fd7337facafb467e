"""Colours, states of layers, selections and outputs in a real Krita: an answer or a sentence, and no damage."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.host, pytest.mark.timeout(1800)]


def test_each_kind_is_answered_or_refused_in_a_sentence(krita) -> None:
    """Neither the source's pixels nor, after a refusal, anything else changes."""
    results = krita.of("variants")["all"]

    assert len(results) >= 20
    for facts in results:
        _, output, model, depth, selection, _ = facts["case"]
        assert facts["message"].endswith("."), facts
        assert facts["offers"] == 0 and facts["same"] is not False, facts
        if not facts["message"].startswith("Added"):
            assert facts["unchanged"] and not facts["others"], facts
            assert "too small to hide a face" in facts["message"] or selection == "beside", facts
            continue
        if output in ("new-document", "document", "visible-document"):
            assert facts["unchanged"], facts
            ((_, _, *colours, _),) = facts["others"]
            assert colours == [model, depth], facts
        else:
            assert not facts["unchanged"] and not facts["others"], facts


def test_layers_of_one_name(krita) -> None:
    """Three selected layers are told apart by more than their names."""
    facts = krita.of("names")

    (layers,) = facts["new-layer"][1]
    assert [name for name, _ in layers].count("twin") == 3
    assert [name.startswith("twin x2") for name, _ in layers] == [False, False, True, False, True, False, True]
    assert [name for name, _ in facts["new-document"][1][1]] == ["twin"] * 3


def test_a_long_name_widens_nothing(krita) -> None:
    """The docker and the dialog keep their sizes, and no text is cut off."""
    facts = krita.of("names")

    assert facts["docker 236"] == [236, 200, []] and facts["docker 300"] == [300, 400, []]
    assert facts["docker after"][0] == 300
    width, height, cut = facts["dialog"]
    assert width <= 800 and height <= 600 and not cut


def test_one_pixel_and_16_million(krita) -> None:
    """The smallest documents are answered; an answer that is too large is refused before its pixels are read."""
    facts = krita.of("tiny_and_large")

    assert facts["1 x 1"][1:3] == [4, 4] and facts["9 x 1"][1:3] == [36, 4]
    assert "result: 16384 × 16384 pixels" in facts["described"]
    words, milliseconds, documents = facts["refused"]
    assert "more than 1074: choose a smaller scale" in words and documents == 1
    assert milliseconds < 5000
