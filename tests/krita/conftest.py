"""The plug-in's parts that need neither Krita nor Qt; the rest is tested in a real Krita (tests/hosts/krita)."""

from __future__ import annotations

import importlib
import sys

# `depixel install krita` copies the client into the plug-in under this name.
sys.modules.setdefault("depixel_krita._client", importlib.import_module("depixel.client"))
