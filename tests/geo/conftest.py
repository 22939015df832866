"""What every test of a hostile file asks for."""

from __future__ import annotations

import resource
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest


def of_children() -> float:
    """Processor time of the sandboxed readers, which does not depend on what else the machine is doing."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture
def in_under_five_seconds_with_nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    before = of_children()

    yield

    assert of_children() - before < 5
    assert list(scratch.iterdir()) == []


@pytest.fixture
def listener() -> Iterator[tuple[int, list[object]]]:
    """A port on the loopback that counts who comes."""
    came: list[object] = []
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, who = server.accept()
            except OSError:
                return
            came.append(who)
            connection.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield server.getsockname()[1], came
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()
