"""The child's side of the sandbox: limits itself, reads, answers in frames on what was its standard output."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import shapely

import geo.formats.registry  # noqa: F401 -- its libraries are loaded before any limit is set
from geo.crs import Box
from geo.declared import Agreement
from geo.formats.values import Bounds, shown
from geo.reading import Job, read
from geo.refusal import GeoRefusal
from geo.repair import structure
from geo.sandbox import confine
from geo.sandbox.wire import send

_SMALL = 100
"""Vertices up to which mending is over before a fork would be."""


def main() -> None:
    """Read the job from standard input and answer it."""
    job = json.load(sys.stdin)
    _confine(job["limits"])
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _answer(job, stream)


def _answer(job: dict[str, Any], stream: BinaryIO) -> None:
    try:
        for answer in _answers(job):
            send(stream, answer)
        send(stream, None)
    except GeoRefusal as refusal:
        send(stream, refusal)
    except MemoryError:
        most = job["limits"]["memory_bytes"] // 1024**2
        send(stream, GeoRefusal("sandbox.memory", name=_name(job), most=most))
    except Exception as error:
        traceback.print_exc()
        send(stream, GeoRefusal("sandbox.fault", name=_name(job), detail=shown(repr(error), 200)))


def _name(job: dict[str, Any]) -> str:
    return shown(Path(job["path"]).name)


def _answers(job: dict[str, Any]) -> Iterator[Any]:
    asked = Job(
        path=Path(job["path"]),
        folder=Path(job["folder"]),
        box=Box(*job["box"]) if job["box"] else None,
        margin_km=job["margin_km"],
        layer=job["layer"],
        bounds=Bounds(**job["bounds"]),
        agreement=Agreement(**job["agreement"]) if job["agreement"] else None,
        gcj02=job["gcj02"],
    )
    with closing(read(asked, mend=Mender(job["limits"]["mend_s"]))) as answers:
        yield from answers


def _confine(limits: dict[str, Any]) -> None:
    """No network and no other program; memory, processor time, file size and core dumps bounded."""
    confine.forbid_network_and_programs()
    cpu = int(limits["cpu_s"])
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 2))  # Equal limits would end in SIGKILL, which names nothing.
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["file_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


class Mender:
    """Mends in a process of its own, which may be stopped: nothing inside GEOS can be.

    seconds: processor time for one shape; all shapes of a file together get ten times as much.
    """

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._left = 10.0 * seconds

    def __call__(self, shape: Any) -> Any:
        if shapely.get_num_coordinates(shape) <= _SMALL:
            return structure(shape)
        if self._left <= 0:
            return None
        before = _spent()
        mended = self._forked(lambda: shapely.to_wkb(structure(shape)))
        self._left -= _spent() - before
        return shapely.from_wkb(mended) if mended else None

    def _forked(self, work: Any) -> bytes | None:
        """What a fork of this single-threaded process makes of it, None when it did not come to an end."""
        back, out = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(back)
            self._in_fork(work, out)
        os.close(out)
        with os.fdopen(back, "rb") as stream:
            made = stream.read()
        _, status = os.waitpid(child, 0)
        return made if status == 0 else None

    def _in_fork(self, work: Any, out: int) -> None:
        try:
            signal.signal(signal.SIGXCPU, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CPU, (self._seconds, self._seconds))
            with os.fdopen(out, "wb") as stream:
                stream.write(work() or b"")
            os._exit(0)
        finally:
            os._exit(1)


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
