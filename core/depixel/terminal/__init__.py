"""What all commands share: options, messages about typing mistakes, printable lines, Ctrl-C."""

from __future__ import annotations
