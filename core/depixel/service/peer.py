"""The user at the other end of a local connection, if the system can tell."""

from __future__ import annotations

import os
from pathlib import Path

_TABLE = Path("/proc/net/tcp")  # of Linux; its columns are described in proc_pid_net(5)


def is_another_user(peer_port: int, own_port: int, table: Path = _TABLE) -> bool:
    """
    Whether the program that connected from 127.0.0.1:`peer_port` to 127.0.0.1:`own_port` is another user's.

    Other users can read the address that a browser is started with, so a key alone does not prove who sends it. False
    where the system does not say, as on macOS and Windows.
    """
    try:
        lines = table.read_text("ascii").splitlines()[1:]
    except (OSError, ValueError):
        return False
    ends = (f"0100007F:{peer_port:04X}", f"0100007F:{own_port:04X}")
    for line in lines:
        columns = line.split()
        if len(columns) > 7 and (columns[1], columns[2]) == ends:
            return int(columns[7]) != os.getuid()
    return False
