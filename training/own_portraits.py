"""Portraits from `training.make_portraits`, with labels for the face reader."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from training.faces_data import Portraits
from training.reader_data import Labels

from depixel.faces.kinds import BEARD_KINDS, HAIR_KINDS
from depixel.faces.reader import BEARDS, CENTRES, HAIR, LANDMARKS, NUMBERS, SPREADS


def load_own(folder: Path, side: int) -> tuple[Tensor, Labels]:
    """
    Pictures [N, 3, side, side] uint8 and labels of all portraits in the logs of a folder.

    Raises:
        FileNotFoundError: the folder has no metadata.jsonl.
    """
    logs = sorted(folder.glob("metadata*.jsonl"))
    if not logs:
        raise FileNotFoundError(f"{folder} has no metadata.jsonl; fill it with training.make_portraits")
    rows = [json.loads(line) for log in logs for line in log.read_text("utf-8").splitlines()]
    pictures = []
    for row in rows:
        with Image.open(folder / row["file"]) as image:
            small = image.convert("RGB").resize((side, side), Image.Resampling.BOX)
            pictures.append(np.asarray(small).transpose(2, 0, 1))
    return torch.from_numpy(np.stack(pictures)), own_labels(rows)


def with_own(portraits: Portraits, folder: Path) -> Portraits:
    """
    The portraits, followed by those that `training.make_portraits` drew into a folder, at the same size.

    Raises:
        FileNotFoundError: the folder has no metadata.jsonl.
    """
    pixels, labels = load_own(folder, portraits.pixels.shape[-1])
    count = len(pixels)
    return Portraits(
        portraits.names + [f"own-{number}" for number in range(count)],
        torch.cat([portraits.pixels, pixels]),
        torch.cat([portraits.landmarks, labels.landmarks]),
        portraits.metadata + [{} for _ in range(count)],
    )


def own_labels(rows: list[Mapping[str, Any]]) -> Labels:
    """Labels from N lines of metadata; the roll is left at 0, because `small_batch` measures it in the picture."""
    faces = [row["face"] for row in rows]
    points = [[[x / row["size"] for x in row["landmarks"][name]] for name in LANDMARKS] for row in rows]
    numbers = torch.tensor([[0.0 if name == "roll" else float(face[name]) for name in NUMBERS] for face in faces])
    return Labels(
        torch.tensor(points),
        (numbers - torch.tensor(CENTRES)) / torch.tensor(SPREADS),
        torch.tensor([face["ancestry"] for face in faces]),
        torch.tensor([float(face["glasses"] != "none") for face in faces]),
        torch.tensor([HAIR.index(_kind(HAIR_KINDS, face["hair"])) for face in faces]),
        torch.tensor([BEARDS.index(_kind(BEARD_KINDS, face["beard"])) for face in faces]),
    )


def joined_labels(parts: list[Labels]) -> Labels:
    """The labels of several sets, concatenated."""
    return Labels(*(torch.cat(columns) for columns in zip(*parts, strict=True)))


def _kind(kinds: Mapping[str, tuple[str, ...]], name: str) -> str:
    return next(kind for kind, names in kinds.items() if name in names)
