"""Confine this process as the site process is, then try what it must not be able to do; JSON of what succeeded.

Root stays root here: what holds it is the confinement alone.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from web.site.confine import confine


def main(given: dict[str, str]) -> None:
    """given: the folders `folder` and `inbox`, the files `key` and `outside`, a TCP `port`, a unix `socket`."""
    folder, inbox = Path(given["folder"]), Path(given["inbox"])
    held = confine(read=[folder], write=[inbox], user=None)
    attempts: dict[str, Callable[[], object]] = {
        "read a page": (folder / "index.html").read_bytes,
        "list the folder": lambda: os.listdir(folder),
        "keep a report": lambda: (inbox / "half").write_bytes(b"sealed"),
        "give it its name": lambda: (inbox / "half").rename(inbox / "whole"),
        "take it away": (inbox / "whole").unlink,
        "read /etc/passwd": Path("/etc/passwd").read_bytes,
        "read the private key": Path(given["key"]).read_bytes,
        "read through a link that leads out": (folder / "out").read_bytes,
        "list the root": lambda: os.listdir("/"),
        "write beside the pages": lambda: (folder / "new.html").write_bytes(b""),
        "write over a page": lambda: (folder / "index.html").open("r+b"),
        "remove a page": (folder / "index.html").unlink,
        "make a folder in the inbox": (inbox / "sub").mkdir,
        "make a link in the inbox": lambda: (inbox / "link").symlink_to("/etc/passwd"),
        "write to /tmp": lambda: Path(given["outside"]).write_bytes(b""),
        "call out": lambda: socket.create_connection(("127.0.0.1", int(given["port"])), 5),
        "listen": lambda: socket.create_server(("127.0.0.1", 0)),
        "speak to a local service": lambda: socket.socket(socket.AF_UNIX).connect(given["socket"]),
    }
    if held.landlock >= 3:
        attempts["cut a page short"] = lambda: os.truncate(folder / "index.html", 0)
    if held.landlock >= 6:
        attempts["signal another process"] = lambda: os.kill(os.getppid(), signal.SIGCONT)
    attempts["run a program"] = lambda: os.execv("/bin/true", ["true"])
    done = {name: _succeeds(attempt) for name, attempt in attempts.items()}
    sys.stdout.write(json.dumps({"held": vars(held), "done": [name for name, so in done.items() if so]}))


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
