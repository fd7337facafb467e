"""Contact sheets of portraits, for inspection during training."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor


def save_sheet(rows: list[Tensor], path: Path, columns: int) -> None:
    """Write the first `columns` pictures of each row as one picture. rows: RGB [N, 3, R, R] in [-1, 1]."""
    lines = [torch.cat(list(row[:columns]), 2) for row in rows]
    sheet = torch.cat(lines, 1).clamp(-1, 1).add(1).mul(127.5).round().byte()
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet.permute(1, 2, 0).cpu().numpy()).save(path, quality=90)  # of JPEG; PNG ignores it
