"""
The engine process: one warm engine on 127.0.0.1 for GIMP, Krita, the folder watcher and the command line. docs/api
describes its interface; `depixel.client.protocol` holds what both sides share.
"""

from __future__ import annotations
