"""
Depixel in Krita: menu entries with a dialog, and a docker. Torch and numpy stay in the engine, a separate process.

Krita imports this package by the name in depixel_krita.desktop. `_client` next to this file is depixel's client, copied
here by `depixel install krita`.
"""

from __future__ import annotations

import sys

if "krita" in sys.modules:  # inside Krita, which imports its own module before any plug-in; tests import the parts
    from .extension import register

    register()
