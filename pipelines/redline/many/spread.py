"""A run on a Dask cluster: the same function as here, over portions that wait as GeoParquet in the run's folder.

Workers need that folder under the same path and the same program, and nothing else: no database, and no index in the
graph. Each process loads the index once, from the folder. Dask executes what it is sent: see docs/check.md.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.redline.many.kept import Kept
from pipelines.redline.many.parts import TableRefusal, part, write_table
from pipelines.redline.many.running import Task, check_portion, program
from pipelines.redline.many.zones import Zones

PATIENCE_S = 60
"""How long a run waits for a worker when there is none."""
_AHEAD = 4
"""Portions that wait beside those being worked on."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Cluster:
    """Where a scheduler listens, and the certificates by which it knows us: PEM files, for tls:// alone."""

    address: str
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    patience_s: int = PATIENCE_S

    @property
    def encrypted(self) -> bool:
        """Or within this machine."""
        return self.address.startswith("tls:") or urlsplit(self.address).hostname in _LOOPBACK


@contextmanager
def out(cluster: Cluster, portions: Iterable[pa.Table], layers: Sequence[Kept], task: Task) -> Iterator[Iterator[int]]:
    """Work on portions wherever the cluster has workers; the patches of each as it ends.

    Raises TableRefusal when it is not reached, has no workers, or cannot do a portion.
    """
    rows = [_lay(one, task.folder / "index") for one in layers]
    (task.folder / "todo").mkdir(exist_ok=True)
    try:
        with _client(cluster) as client:
            yield _run(client, cluster, portions, rows, task)
    finally:
        for name in ("index", "todo"):
            shutil.rmtree(task.folder / name, ignore_errors=True)


def _lay(layer: Kept, folder: Path) -> tuple[str, str]:
    """Zones where workers find them: their row, and the name of their folder."""
    where = folder / layer.state
    where.mkdir(parents=True, exist_ok=True)
    layer.zones.save(where)
    return layer.zones.row, layer.state


@contextmanager
def _client(cluster: Cluster) -> Iterator[Any]:
    from distributed import Client, Security  # noqa: PLC0415 -- a second of start-up, for this alone

    files = {"tls_ca_file": cluster.ca, "tls_client_cert": cluster.cert, "tls_client_key": cluster.key}
    named = {name: str(file) for name, file in files.items() if file}
    security = Security(require_encryption=True, **named) if cluster.address.startswith("tls:") else None
    try:
        client = Client(cluster.address, security=security, timeout=10)
    except (OSError, ValueError, TypeError, RuntimeError) as no:  # what a wrong address or certificate ends in
        raise TableRefusal("workers.unreachable", address=cluster.address, reason=no) from no
    with client:
        yield client


def _run(
    client: Any, cluster: Cluster, portions: Iterable[pa.Table], rows: list[tuple[str, str]], task: Task
) -> Iterator[int]:
    _await_workers(client, cluster)
    running: dict[Any, int] = {}
    for number, patches in enumerate(portions):
        if part(task.folder, number).is_file():
            yield len(patches)
            continue
        write_table(patches, _todo(task, number))
        running[client.submit(check_there, rows, task, number, pure=False, retries=0)] = number
        while len(running) >= len(client.nthreads()) + _AHEAD:
            yield from _ended(client, cluster, running)
    while running:
        yield from _ended(client, cluster, running)


def _ended(client: Any, cluster: Cluster, running: dict[Any, int]) -> Iterator[int]:
    """Wait until some portion has ended, and take those off that have. Raises TableRefusal."""
    from distributed import wait  # noqa: PLC0415 -- as above

    try:
        done = wait(list(running), timeout=cluster.patience_s, return_when="FIRST_COMPLETED").done
    except TimeoutError:
        _await_workers(client, cluster)
        return
    for future in done:
        number = running.pop(future)
        if (no := future.exception()) is not None:
            raise no if isinstance(no, TableRefusal) else TableRefusal("workers.part_lost", part=number, reason=no)
        yield future.result()


def _await_workers(client: Any, cluster: Cluster) -> None:
    try:
        client.wait_for_workers(1, timeout=cluster.patience_s)
    except TimeoutError as no:
        raise TableRefusal("workers.none", address=cluster.address, seconds=cluster.patience_s) from no


def check_there(rows: list[tuple[str, str]], task: Task, number: int) -> int:
    """What a worker does: a portion from its file into its part. Given again, it finds the part and does nothing."""
    if task.program != program():
        raise TableRefusal("workers.other_program", here=task.program, there=program())
    patches = pq.read_table(_todo(task, number))
    return check_portion(patches, _zones(task.folder, tuple(rows)), task, number)


def _todo(task: Task, number: int) -> Path:
    return task.folder / "todo" / f"{number:06d}.parquet"


@lru_cache(maxsize=1)
def _zones(folder: Path, rows: tuple[tuple[str, str], ...]) -> list[Zones]:
    """The index, once a process. Raises TableRefusal."""
    found = [Zones.load(row, folder / "index" / state) for row, state in rows]
    whole = [zones for zones in found if zones is not None]
    if len(whole) < len(rows):
        raise TableRefusal("workers.no_index", folder=folder)
    return whole
