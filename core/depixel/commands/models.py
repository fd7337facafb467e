"""
`depixel models`: lists the installed models with purpose, licence and digest; `models add` adds other people's models,
`models remove` removes them.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depixel.client.json_text import parse_json
from depixel.errors import BadUsageError, WeightsError
from depixel.terminal.mistakes import no_such_input
from depixel.terminal.printable import one_line, visible

if TYPE_CHECKING:
    from depixel.cli import Subparsers

_HEADER_LIMIT = 16 * 1024 * 1024  # most bytes of JSON at the start of a weights file; ours have a few thousand


def add_parser(subparsers: Subparsers) -> None:
    """Declare `depixel models`."""
    parser = subparsers.add_parser(
        "models",
        help="list, add or remove models, with licence and digest",
        description="List the models that came with Depixel and those you added, with purpose, size, licence and "
        "digest.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions")
    add = actions.add_parser(
        "add",
        help="add a model that you downloaded, for art and textures or for faces",
        description="Convert weights for Depixel, without running anything in the file. For art and textures: a "
        "super-resolution network (.pth, .pt, .ckpt, .safetensors) of any architecture that spandrel knows (pip "
        "install 'depixel[models]'), or .onnx (pip install 'depixel[onnx]'); its architecture, scale, channels and "
        "sizes are read and shown. For faces: a .pkl of StyleGAN2-ADA (or of StyleGAN2 or 3-t in its form), "
        "rosinality's .pt, PULSE's synthesis.pt beside its mapping.pt, or the same as .safetensors. Then: depixel "
        "upscale PICTURE --model NAME.",
    )
    add.add_argument("file", type=Path, metavar="FILE", help="file with the weights")
    add.add_argument("--name", metavar="N", help="name of the model (default: the file's name)")
    add.add_argument(
        "--licence", metavar="TEXT", help="licence of these weights, for their card (you are asked if it is missing)"
    )
    remove = actions.add_parser("remove", help="delete a model that you added")
    remove.add_argument("name", metavar="NAME")


def run(args: argparse.Namespace) -> int:
    """List the weights, or add or remove some."""
    if args.action == "add":
        return _add(args)
    if args.action == "remove":
        from depixel.priors.importers.adding import remove_model

        sys.stdout.write(f"Removed {args.name} ({remove_model(args.name)}).\n")
        return 0
    return _list(args.json)


# A damaged file is named, and the others are still listed.
def _list(as_json: bool) -> int:
    from depixel.priors.weights import (
        RELEASED,
        added_folder,
        added_names,
        installed_path,
        passed_over,
        released_names,
    )

    models, problems = [], []
    for name in [*released_names(), *added_names()]:
        try:
            models.append({**describe(installed_path(name)), "added": name not in released_names()})
        except WeightsError as error:
            problems.append(str(error))
    problems += [f"{path.name} is not listed: rename the file, using letters and digits." for path in passed_over()]
    if as_json:
        folders = {"folder": str(RELEASED), "added_folder": str(added_folder())}
        sys.stdout.write(json.dumps({**folders, "models": models, "problems": problems}, indent=2) + "\n")
    else:
        sys.stdout.write(_table(models) if models else f"No weights are installed in {RELEASED}.\n")
        sys.stderr.write("".join(f"depixel: {one_line(problem)}\n" for problem in problems))
    return 1 if problems else 0


def _add(args: argparse.Namespace) -> int:
    from depixel.priors.importers.adding import add_model, name_for

    if not args.file.is_file():
        raise WeightsError(no_such_input(str(args.file)))
    path = add_model(args.file, args.name or name_for(args.file), args.licence or _asked_licence(args.file.name))
    model = describe(path)
    sys.stdout.write(_table([model]))
    if model["network"]:
        from depixel.priors.community.facts import NetworkFacts

        facts = NetworkFacts.from_config(model, path.name)
        network = f"Network: {facts.summary}, {facts.channels} channels, {facts.requirements}."
        sys.stdout.write(one_line(network) + "\n")
    sys.stdout.write(visible(f"Card: {model['card']}\n"))
    kind = "FACE --domain faces" if model["kind"] == "faces" else "PICTURE"
    sys.stdout.write(f"Use it: depixel upscale {kind} --model {model['name']}\n")
    return 0


# A card without a licence would look as if there were no terms.
def _asked_licence(name: str) -> str:
    if sys.stdin is not None and sys.stdin.isatty():
        sys.stderr.write(f"Which licence does {name} have? ")
        sys.stderr.flush()
        answer = sys.stdin.readline().strip()
        if answer:
            return answer
    raise BadUsageError(f"State the licence of {name} for its card, for example: --licence 'CC BY-NC 4.0'.")


def describe(path: Path) -> dict[str, Any]:
    """
    Describe a weights file from its header; the tensors are not loaded.

    Raises:
        WeightsError: the file is damaged or not a weights file.
    """
    from depixel.priors.weights import digest_of, remedy_for

    try:
        metadata, config, parameters = _header(path)
        digest, size = digest_of(path), path.stat().st_size
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise WeightsError(f"{path.name} cannot be read as weights ({error}); {remedy_for(path)}.") from error
    card = path.with_suffix(".md")
    kind = str(config.get("kind") or metadata.get("kind", ""))
    network = config.get("network") if isinstance(config.get("network"), dict) else None
    return {
        "name": path.stem,
        "kind": kind,
        "for": _purpose(kind, network),
        "network": network,
        "source": config.get("source"),
        "parameters": parameters,
        "bytes": size,
        "licence": licence_name(str(metadata.get("licence") or config.get("licence") or "see card")),
        "digest": digest,
        "card": str(card) if card.is_file() else None,
    }


def _purpose(kind: str, network: dict[str, Any] | None) -> str:
    if network is not None:
        return f"art, textures: {network.get('architecture')} x{network.get('scale')}"
    return {"art": "art, textures, pixel art", "faces": "faces"}.get(kind, kind)


def licence_name(text: str) -> str:
    """The licence as Creative Commons writes it, if the weights name its SPDX identifier: CC-BY-SA-4.0."""
    spdx = re.fullmatch(r"CC-(BY(?:-NC)?(?:-ND|-SA)?)-(\d\.\d)", text)
    return f"CC {spdx[1]} {spdx[2]}" if spdx else text


# Format: 8 bytes little-endian length, then that many bytes of JSON, then the tensors.
def _header(path: Path) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Metadata, the configuration in it, and how many parameters the tensors have."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > _HEADER_LIMIT:
            raise ValueError(f"a header of {length} bytes")
        header = parse_json(file.read(length))
    metadata = header.pop("__metadata__", {})
    config = parse_json(metadata.get("config", "{}"))
    if not isinstance(metadata, dict) or not isinstance(config, dict):
        raise ValueError("its configuration is not a table")
    parameters = sum(math.prod(tensor["shape"]) for tensor in header.values())
    if not isinstance(parameters, int) or not 0 <= parameters < 2**63:
        raise ValueError("its tensors have no sizes")
    return metadata, config, parameters


def _table(models: list[dict[str, Any]]) -> str:
    rows = [("NAME", "FOR", "PARAMETERS", "FILE", "LICENCE", "DIGEST")]
    for model in models:
        size = f"{model['bytes'] / 1e6:.1f} MB"
        count = f"{model['parameters'] / 1e6:.2f} M"
        rows.append((model["name"], model["for"], count, size, model["licence"], model["digest"]))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "".join(
        one_line("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()) + "\n" for row in rows
    )
