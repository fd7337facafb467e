"""
The engine process: one warm engine on 127.0.0.1 for GIMP, Krita, the folder watcher and the command line. What travels
is described in docs/api; the words of the wire that both sides share are in `depixel.client.protocol`.
"""

from __future__ import annotations
