"""
The subcommands, one module each. A module has `add_parser(subparsers)`, which declares its options, and
`run(args) -> int`, which returns the exit code; its name stands in `depixel.cli.COMMANDS`. Modules import torch, numpy
and rich inside functions only: `depixel --help` answers at once.
"""

from __future__ import annotations
