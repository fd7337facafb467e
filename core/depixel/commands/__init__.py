"""
The subcommands, one module each. A module has `add_parser(subparsers)`, which declares its options, and
`run(args) -> int`, which returns the exit code; `depixel.cli.COMMANDS` lists it. Modules import torch, numpy and rich
only inside functions, so that `depixel --help` is fast.
"""

from __future__ import annotations
