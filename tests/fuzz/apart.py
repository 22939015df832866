"""A network namespace of a run's own, every address routed to its loopback, so that the kernel counts who goes out.

In an empty namespace nothing has a route: a connection would fail before it is counted, and 0 would say nothing.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_MARK = "QINGSHAN_FUZZ_APART"
_SET_FLAGS, _UP, _ADD_ROUTE = 0x8914, 0x1, 0x890B
_COUNTED = {"Tcp": ("ActiveOpens", "OutSegs"), "Udp": ("OutDatagrams",), "Icmp": ("OutMsgs",)}


def run_apart(words: Sequence[str]) -> int | None:
    """Run this Python with words in a namespace of its own; gives its exit code. None where no namespace can be had."""
    for before in (["unshare", "--net", "--"], ["unshare", "--map-root-user", "--net", "--"]):
        if (
            shutil.which(before[0])
            and subprocess.run([*before, "true"], capture_output=True, check=False).returncode == 0
        ):
            inside = {**os.environ, _MARK: "1"}
            return subprocess.run([*before, sys.executable, *words], env=inside, check=False).returncode
    return None


def is_apart() -> bool:
    return _MARK in os.environ


def open_up() -> None:
    """Bring the loopback up and route every address to it."""
    name = ctypes.create_string_buffer(b"lo")
    nowhere = struct.pack("H14x", socket.AF_INET)
    route = struct.pack("L16s16s16sHhxxxxLPhxxxxxxPLLH6x", 0, nowhere, nowhere, nowhere, _UP, 0, 0, 0, 0,
                        ctypes.addressof(name), 0, 0, 0)  # fmt: skip
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP))
        fcntl.ioctl(any_socket, _ADD_ROUTE, route)


def went_out() -> int:
    """Connections opened and packets sent by any process of this namespace since it began."""
    lines = Path("/proc/net/snmp").read_text("ascii").splitlines()
    counts = {
        head.split(":")[0]: dict(zip(head.split()[1:], row.split()[1:], strict=True))
        for head, row in zip(lines[::2], lines[1::2], strict=True)
    }
    return sum(int(counts[kind][name]) for kind, names in _COUNTED.items() for name in names)
