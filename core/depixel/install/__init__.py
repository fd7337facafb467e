"""Installs the plug-ins where GIMP and Krita look for them, removes them, and finds out why one is missing."""

from __future__ import annotations
