"""One file of plots, taken in by the program and by what a user would otherwise load it with."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from sqlalchemy import URL, Engine

from geo.formats.values import Column
from geo.formats.writing import Layout, write
from layers.plots import Plot
from tests.bench import plots
from tests.bench.databases import Connection, connected, fresh, said, settings
from tests.bench.found import Found, Say, compared, table
from tests.bench.journal.stores import JOURNAL, Answer, agree, answer

_KINDS: dict[type, Any] = {str: "text", int: "integer", float: "real", bool: "boolean"}
_OURS = ("survey_area_m2", "survey_crs")
"""Columns that an import computes itself."""
_LOOK_S = 0.1

IN_FILE = tuple(name for name in plots.COLUMNS if name not in ("id", "shape", *_OURS))
CHECKED = (*IN_FILE, "id", "shape")


QUICK = (20_000,)
WHOLE = (*QUICK, 200_000)


@dataclass(frozen=True)
class Loader:
    """A way to bring a file into the database. command: None where it is not on this machine."""

    title: str
    command: Sequence[str] | None
    query: str


@dataclass(frozen=True)
class Import:
    """How an import went. cpu_s, peak_bytes: of the process tree without the server; shared pages counted once."""

    loader: str
    rows: int
    seconds: float
    cpu_s: float
    peak_bytes: int

    @property
    def rows_per_s(self) -> float:
        return self.rows / self.seconds


_GEOPANDAS = """
import sys, geopandas, sqlalchemy
engine = sqlalchemy.create_engine(sys.argv[2])
geopandas.read_file(sys.argv[1]).to_postgis("brought_geopandas", engine, schema="peers", if_exists="replace")
"""


SAID = {
    "ogr2ogr": "COPY into a new table: no checks, keys or past; the system's GDAL, left out where it is missing",
    "geopandas": "read_file().to_postgis(): COPY into a new table, the whole file in memory; no checks, keys or past",
    "qingshan import": "read in the sandbox, mended, surveyed, held against rules and keys, journalled",
}


def measure(server: Engine, sizes: Sequence[int], say: Say) -> Found:
    """Bring one file in by every loader in turn, each into the same fresh database. Raises DifferentAnswers."""
    imports: list[Import] = []
    for rows in sizes:
        with fresh(server) as url, connected(url) as connection, tempfile.TemporaryDirectory() as folder:
            connection.execute("create schema peers")
            connection.commit()
            present = [loader for loader in loaders(url, write_file(Path(folder), rows)) if loader.command]
            say(f"{rows:,} rows: file written")
            imports += [load(loader, url, rows) for loader in present]
            agree("imported", {loader.title: answered(connection, loader) for loader in present})
        say(f"{rows:,} rows: imported")
    plain = [vars(i) | {"rows_per_s": i.rows_per_s} for i in imports]
    return Found([_drawn(imports), compared(("server", said(settings(server))), *SAID.items())], {"imports": plain})


def loaders(url: URL, file: Path) -> list[Loader]:
    """The program's command and its peers, for this file and database."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    alchemy = url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    ogr = ["ogr2ogr", "-f", "PostgreSQL", f"PG:{address}", str(file), "-nln", "peers.brought_ogr", "-overwrite"]
    ogr += ["-lco", "GEOMETRY_NAME=shape", "-lco", "FID=fid"]
    geopandas = [sys.executable, "-c", _GEOPANDAS, str(file), alchemy]
    ours = [sys.executable, "-c", "from web.terminal.main import run; run()", "import", "plots", str(file), "--json"]
    brought = f"select qs_id::uuid as id, {', '.join(IN_FILE)}, %s as shape from peers.brought_%s"
    return [
        Loader("ogr2ogr", ogr if shutil.which("ogr2ogr") else None, brought % ("shape", "ogr")),
        Loader("geopandas", geopandas, brought % ("geometry", "geopandas")),
        Loader("qingshan import", ours, JOURNAL.now),
    ]


def write_file(folder: Path, rows: int) -> Path:
    """A GeoPackage of plots with their uuids, under the columns' own names."""
    kinds = {name: _KINDS[Plot.__table__.columns[name].type.python_type] for name in IN_FILE}
    columns = (Column("qs_id", "text", 36), *(Column(name, kind) for name, kind in kinds.items()))
    records = (
        ({"qs_id": str(row["id"]), **{name: row[name] for name in IN_FILE}}, row["shape"])
        for portion in plots.portions(rows)
        for row in portion
    )
    path = folder / "plots.gpkg"
    write(records, path, Layout("plots", columns))
    return path


def load(loader: Loader, url: URL, rows: int) -> Import:
    """Run a loader to its end. Raises CalledProcessError with what it said."""
    environment = {**os.environ, "DATABASE_URL": url.render_as_string(hide_password=False)}
    spent, began = _cpu_s(), time.perf_counter()
    child = subprocess.Popen(
        list(loader.command or ()), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    watch = _Watch(child.pid)
    output, _ = child.communicate()
    seconds = time.perf_counter() - began
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, loader.title, output[-3000:])
    return Import(loader.title, rows, seconds, _cpu_s() - spent, watch.peak())


def _cpu_s() -> float:
    """Processor time of all children that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def answered(connection: Connection, loader: Loader) -> Answer:
    """What the loader brought, but for the columns that an import computes itself."""
    return answer(connection, loader.query, of=CHECKED)


def _drawn(imports: Iterable[Import]) -> Table:
    made = table("Import of a GeoPackage", "", "rows", "rows/s", "seconds", "CPU s", "peak memory")
    for one in imports:
        figures = f"{one.rows_per_s:,.0f}", f"{one.seconds:.1f}", f"{one.cpu_s:.1f}", f"{one.peak_bytes / 1e6:,.0f} MB"
        made.add_row(one.loader, f"{one.rows:,}", *figures)
    return made


class _Watch:
    """Looks at the memory of a process and all below it until it ends."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak = pid, 0
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def peak(self) -> int:
        self._thread.join()
        return self._peak

    def _look(self) -> None:
        while pids := _tree(self._pid):
            self._peak = max(self._peak, sum(map(_share, pids)))
            time.sleep(_LOOK_S)


def _tree(pid: int) -> list[int]:
    """A process and all below it; none when it is gone."""
    try:
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return []
        below = [int(c) for t in Path(f"/proc/{pid}/task").iterdir() for c in (t / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *(p for child in below for p in _tree(child))]


def _share(pid: int) -> int:
    """A process's proportional share of memory, in bytes."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
