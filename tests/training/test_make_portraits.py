"""Portraits for training: resumable, balanced, with masks and landmarks."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image
from training.make_portraits import balanced, finished, main


def test_portraits_come_with_masks_and_metadata_and_go_on_after_a_break(tmp_path: Path) -> None:
    """A second run draws only the missing ones, and does not redraw existing ones."""
    command = ["--out", str(tmp_path), "--size", "24", "--samples", "1"]
    main([*command, "--count", "2"])
    (tmp_path / "00000000.png").write_bytes(b"kept")
    with (tmp_path / "metadata.jsonl").open("a") as log:
        log.write('{"number": 2, "fi')
        log.write("\n")
    main([*command, "--count", "3"])
    lines = [json.loads(line) for line in (tmp_path / "metadata.jsonl").read_text().splitlines() if line.endswith("}")]

    assert [line["number"] for line in lines] == [0, 1, 2]
    assert finished(tmp_path) == {0, 1, 2}
    assert (tmp_path / "00000000.png").read_bytes() == b"kept"
    for name in ("00000002.png", "00000001-mask.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.size == (24, 24)
    assert 0 < lines[1]["landmarks"]["nose_tip"][0] < 24
    assert lines[1]["face"]["garment"]


def test_forty_portraits_have_every_stratum() -> None:
    """Each tenth of tone with each half of gender and age, once."""
    people = balanced(range(40))
    strata = {
        (int(tone * 10), int(gender * 2), int((age - 5) / 41.5))
        for tone, gender, age in zip(people["tone"], people["gender"], people["age"], strict=True)
    }

    assert len(strata) == 40
