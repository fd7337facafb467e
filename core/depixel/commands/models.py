"""`depixel models`: the weights that came with this installation, with licence and digest."""

from __future__ import annotations

import argparse
import json
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depixel.errors import WeightsError

if TYPE_CHECKING:
    from depixel.cli import Subparsers

_HEADER_LIMIT = 16 * 1024 * 1024  # bytes of JSON at the head of a weights file; ours have a few thousand


def add_parser(subparsers: Subparsers) -> None:
    """Declare `depixel models`."""
    parser = subparsers.add_parser(
        "models",
        help="list the generators that are installed, with licence and digest",
        description="List the weights that came with this installation: what they draw, size, licence and digest.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """List the released weights."""
    from depixel.priors.weights import RELEASED, released_names

    models = [describe(RELEASED / f"{name}.safetensors") for name in released_names()]
    if args.json:
        sys.stdout.write(json.dumps({"folder": str(RELEASED), "models": models}, indent=2) + "\n")
    else:
        sys.stdout.write(_table(models) if models else f"No weights are installed in {RELEASED}.\n")
    return 0


def describe(path: Path) -> dict[str, Any]:
    """
    One weights file from its header alone: nothing is loaded.

    Raises:
        WeightsError: the file is damaged or not a weights file.
    """
    from depixel.priors.weights import digest_of

    metadata, parameters = _header(path)
    config = json.loads(metadata.get("config", "{}"))
    card = path.with_suffix(".md")
    return {
        "name": path.stem,
        "kind": config.get("kind") or metadata.get("kind", ""),
        "parameters": parameters,
        "bytes": path.stat().st_size,
        "licence": metadata.get("licence") or config.get("licence") or "see card",
        "digest": digest_of(path),
        "card": str(card) if card.is_file() else None,
    }


# Format: 8 bytes little-endian length, then that many bytes of JSON, then the tensors.
def _header(path: Path) -> tuple[dict[str, str], int]:
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > _HEADER_LIMIT:
                raise ValueError(f"a header of {length} bytes")
            header = json.loads(file.read(length))
        metadata = dict(header.pop("__metadata__", {}))
        sizes = [_product(tensor["shape"]) for tensor in header.values()]
    except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
        raise WeightsError(f"{path.name} cannot be read as weights ({error}); install Depixel again.") from error
    return metadata, sum(sizes)


def _product(shape: list[int]) -> int:
    product = 1
    for length in shape:
        product *= length
    return product


def _table(models: list[dict[str, Any]]) -> str:
    rows = [("NAME", "KIND", "PARAMETERS", "FILE", "LICENCE", "DIGEST")]
    for model in models:
        size = f"{model['bytes'] / 1e6:.1f} MB"
        count = f"{model['parameters'] / 1e6:.2f} M"
        rows.append((model["name"], model["kind"], count, size, model["licence"], model["digest"]))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows
    )
