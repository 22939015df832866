"""Reading a file from outside in a child process that may be killed: by memory, processor time, wall time, size.

    with sandbox.read(path, box=county) as reading:
        reading.opening
        for rows in reading.batches: ...

A file is refused with GeoRefusal, on opening or while its rows are read; a row that is refused says so itself.
The child is a new interpreter, not a fork: the parent may have threads. It gets no environment, a folder of its own
that is removed in any case, and answers in JSON and WKB.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from geo.crs import Box
from geo.declared import Agreement
from geo.formats.values import Bounds, shown
from geo.reading import Job, Opening, Row
from geo.refusal import GeoRefusal
from geo.sandbox import wire

_ROOT = Path(__file__).parent.parent.parent
_CHILD = "import sys; sys.path.insert(0, sys.argv[1]); from geo.sandbox.child import main; main()"
_MEGABYTE = 1024**2
_STDERR = "stderr"

# Every driver that follows references or goes out. The opening calls name the one driver they may use besides.
_SKIPPED = (
    "VRT GTI STACIT STACTA WCS WMS WMTS DAAS EEDA EEDAI HTTP PLMOSAIC PLSCENES OGCAPI MBTiles PDF NGW MRF DERIVED "
    "OGR_VRT GML GMLAS KML LIBKML GPX GeoRSS WFS OAPIF CSW Carto AmigoCloud Elastic GNMFile GNMDatabase Memory "
    "MongoDBv3 MSSQLSpatial MySQL ODBC OCI PGeo PostgreSQL PostgisRaster SQLite MapML JML XLS XLSX ODS CSV LVBAG "
    "NAS GMT OSM TIGER Selafin S57 SXF DXF DGN IDF VDV JSONFG JSONSeq TopoJSON ESRIJSON GeoJSON GeoJSONSeq "
    "FlatGeobuf MVT Parquet Arrow SOSI CAD AVCBin AVCE00 Interlis1 Interlis2 OpenJPEG netCDF HDF5 HDF4 Zarr"
)


@dataclass(frozen=True)
class Limits:
    """What a child may use. None: in proportion to the file.

    memory_bytes: address space, of which some 200 MB are libraries. wall_s: waited for the
    child in all, the time the caller works on rows not counted. mend_s: processor time for mending one shape.
    """

    memory_bytes: int = 1024 * _MEGABYTE
    cpu_s: int | None = None
    wall_s: int | None = None
    mend_s: int = 3
    file_bytes: int = 6 * 1024 * _MEGABYTE
    bounds: Bounds = field(default_factory=Bounds)

    def for_file(self, path: Path) -> Limits:
        """With the times filled in: half a second a megabyte, which is ten times what reading takes."""
        cpu = self.cpu_s or 20 + _size(path) // (2 * _MEGABYTE)
        return replace(self, cpu_s=cpu, wall_s=self.wall_s or 3 * cpu)


@dataclass(frozen=True)
class Reading:
    """A file being read: its opening, and its rows in batches, in file order, to be gone through once."""

    opening: Opening
    batches: Iterator[list[Row]]


@contextmanager
def read(
    path: Path,
    *,
    box: Box | None,
    margin_km: float = 2.0,
    layer: str | None = None,
    agreement: Agreement | None = None,
    gcj02: bool = False,
    limits: Limits | None = None,
) -> Iterator[Reading]:
    """Read a file of any format of the registry, or a zip of one.

    box: where its shapes must lie; None asks nothing, and then the file must state its CRS. layer: the layer, or the
    dataset in a zip, when there are several. agreement: how near an area that the file declares must be to the one
    computed, or else it is said; None asks nothing. gcj02: move the file back from GCJ-02. Raises GeoRefusal.
    """
    path = Path(path)
    allowed = (limits or Limits()).for_file(path)
    with tempfile.TemporaryDirectory(prefix="qingshan-") as folder:
        job = _job(Job(path, Path(folder), box, margin_km, layer, allowed.bounds, agreement, gcj02), allowed)
        with _started(job, Path(folder)) as child:
            answers = _answers(child, allowed, shown(path.name), Path(folder))
            opening = next(answers, None)
            if not isinstance(opening, Opening):
                raise GeoRefusal("sandbox.died", name=shown(path.name), detail="no opening")
            yield Reading(opening, _batches(answers))


def _job(job: Job, allowed: Limits) -> dict[str, object]:
    limits = asdict(allowed)
    return {
        "path": os.path.abspath(job.path),
        "folder": str(job.folder),
        "box": [job.box.west, job.box.south, job.box.east, job.box.north] if job.box else None,
        "margin_km": job.margin_km,
        "layer": job.layer,
        "bounds": limits.pop("bounds"),
        "agreement": asdict(job.agreement) if job.agreement else None,
        "gcj02": job.gcj02,
        "limits": limits,
    }


@contextmanager
def _started(job: dict[str, object], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / _STDERR).open("wb") as said:
        child = subprocess.Popen(  # noqa: S603 -- our own interpreter and our own module
            [sys.executable, "-I", "-c", _CHILD, str(_ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,
        )
    with child:
        try:
            _tell(child, job)
            yield child
        finally:
            _kill(child)


def _tell(child: subprocess.Popen[bytes], job: dict[str, object]) -> None:
    if child.stdin is not None:
        with suppress(BrokenPipeError), child.stdin as stream:
            stream.write(json.dumps(job).encode())


def _environment(folder: Path) -> dict[str, str]:
    return {
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "CPL_TMPDIR": str(folder),
        "GDAL_SKIP": _SKIPPED,
        "OGR_SKIP": _SKIPPED.replace(" ", ","),
        "GDAL_DRIVER_PATH": "disable",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "none-at-all",
        "GDAL_HTTP_PROXY": "127.0.0.1:9",
        "GDAL_HTTP_TIMEOUT": "1",
        "OGR_SQLITE_LOAD_EXTENSIONS": "",
        "PROJ_NETWORK": "OFF",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "GDAL_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "ARROW_IO_THREADS": "1",
        "OPENPYXL_LXML": "False",  # defusedxml reads what strangers send, whatever else is installed
    }


def _kill(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)  # The fork that mends a shape belongs to the same group.
    child.wait()


def _batches(answers: Iterator[wire.Answer]) -> Iterator[list[Row]]:
    for answer in answers:
        if not isinstance(answer, Opening):
            yield answer


class _TimeUp(Exception):
    pass


def _answers(child: subprocess.Popen[bytes], allowed: Limits, name: str, folder: Path) -> Iterator[wire.Answer]:
    """The child's answers; its death by a limit as the refusal that names the limit."""
    try:
        yield from wire.receive(_Pipe(child, float(allowed.wall_s or 0)).exactly)
    except _TimeUp:
        raise GeoRefusal("sandbox.wall", name=name, most=allowed.wall_s) from None
    except EOFError:
        raise _cause_of_death(child, allowed, name, folder) from None
    except wire.Garbled as error:
        raise GeoRefusal("sandbox.died", name=name, detail="garbled") from error


def _cause_of_death(child: subprocess.Popen[bytes], allowed: Limits, name: str, folder: Path) -> GeoRefusal:
    code = child.wait()
    if code == -signal.SIGXCPU:
        return GeoRefusal("sandbox.cpu", name=name, most=allowed.cpu_s)
    last = (folder / _STDERR).read_bytes()[-4000:].decode("utf-8", "replace")
    if "MemoryError" in last or "bad_alloc" in last or "memory" in last.lower():
        return GeoRefusal("sandbox.memory", name=name, most=allowed.memory_bytes // _MEGABYTE)
    return GeoRefusal("sandbox.died", name=name, detail=f"exit {code}")


class _Pipe:
    """The child's answers as bytes, waited for no longer than allowed in all."""

    def __init__(self, child: subprocess.Popen[bytes], seconds: float) -> None:
        if child.stdout is None:
            raise ValueError("the child has no pipe")
        self._fd = child.stdout.fileno()
        self._left = seconds

    def exactly(self, size: int) -> bytes:
        """Exactly that many bytes. Raises EOFError when the child is gone, _TimeUp when it takes too long."""
        parts: list[bytes] = []
        while size:
            self._wait()
            part = os.read(self._fd, min(size, _MEGABYTE))
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _wait(self) -> None:
        began = time.monotonic()
        ready, _, _ = select.select([self._fd], [], [], max(self._left, 0))
        self._left -= time.monotonic() - began
        if not ready:
            raise _TimeUp


def _size(path: Path) -> int:
    """Bytes of a file with its siblings, or of a folder."""
    try:
        if path.is_dir():
            return sum(p.stat().st_size for p in path.iterdir() if p.is_file())
        return path.stat().st_size * (2 if path.suffix.lower() == ".shp" else 1)
    except (OSError, ValueError):
        return 0
