"""The whole bench: a database of its own, every size in turn, and what came of it."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from sqlalchemy import URL, Engine, create_engine, text

from layers.ground import db, schema
from tests.bench import importing, rounds
from tests.bench.importing import Import
from tests.bench.stores import PEERS, agree
from tests.bench.timings import Timings

Say = Callable[[str, "Measured"], None]
"""Is told after each stage what was done and what is measured so far."""


@dataclass(frozen=True)
class Size:
    """How much is done: rows of the layer, rounds of SQL, single edits, and runs of every import."""

    rows: int
    rounds: int
    edits: int
    imports: int


QUICK = (Size(20_000, rounds=3, edits=200, imports=1),)
WHOLE = (*QUICK, Size(200_000, rounds=1, edits=200, imports=1))


@dataclass
class Measured:
    """What a bench measured."""

    timings: Timings = field(default_factory=Timings)
    imports: list[Import] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)


def measure(server: Engine, sizes: tuple[Size, ...], say: Say) -> Measured:
    """Do everything at every size. Raises DifferentAnswers when two stores that should hold the same do not."""
    measured = Measured(settings=_settings(server))
    for size in sizes:
        with prepared(server, size.rows) as ready:
            say(f"{size.rows:,} rows: made", measured)
            for number in range(size.rounds):
                with _clone(server, ready) as url:
                    rounds.sql_round(url, size.rows, size.edits, measured.timings)
                say(f"{size.rows:,} rows: SQL, round {number + 1} of {size.rounds}", measured)
            with _clone(server, ready) as url:
                rounds.program_round(url, size.rows, size.edits, measured.timings)
            say(f"{size.rows:,} rows: through the program", measured)
            with tempfile.TemporaryDirectory() as folder:
                _import(server, ready, size, Path(folder) / "plots.gpkg", measured)
            say(f"{size.rows:,} rows: imported", measured)
    return measured


def server_engine() -> Engine:
    """The server's maintenance database, on which databases are made and dropped."""
    url = db.address().set(drivername="postgresql+psycopg", database="postgres")
    return create_engine(url, isolation_level="AUTOCOMMIT")


@contextmanager
def prepared(server: Engine, rows: int) -> Iterator[str]:
    """The name of a database with our schema, the peers' tables and the plots to come."""
    with _clone(server, "template1") as url:
        engine = db.engine(url)
        schema.upgrade(engine)
        engine.dispose()
        with connected(url) as connection:
            connection.execute(PEERS.read_text("utf-8"))
            rounds.bring(connection, rows)
        yield str(url.database)


@contextmanager
def _clone(server: Engine, template: str) -> Iterator[URL]:
    name = f"qingshan_bench_{os.getpid()}_{uuid.uuid4().hex[:6]}"
    with server.connect() as connection:
        connection.execute(text(f"create database {name} template {template} strategy file_copy"))
    try:
        yield server.url.set(database=name)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"drop database {name} with (force)"))


def _import(server: Engine, template: str, size: Size, file: Path, measured: Measured) -> None:
    """Bring one file in by every loader in turn, each time into a fresh database."""
    importing.write_file(file, size.rows)
    for _ in range(size.imports):
        with _clone(server, template) as url, connected(url) as connection:
            present = [loader for loader in importing.loaders(url, file) if loader.command]
            measured.imports += [importing.load(loader, url, size.rows) for loader in present]
            agree("imported", {loader.title: importing.answered(connection, loader) for loader in present})


def connected(url: URL) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))


def _settings(server: Engine) -> dict[str, str]:
    names = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "work_mem", "max_wal_size", "jit")
    with server.connect() as connection:
        return {name: str(connection.scalar(text(f"show {name}"))) for name in names}
