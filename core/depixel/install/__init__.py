"""Puts the plug-ins where GIMP and Krita look for them, takes them away again, and finds out why one is missing."""

from __future__ import annotations
