"""What every command does alike: its options, sentences for slips of the keyboard, printable lines, Ctrl-C."""

from __future__ import annotations
