"""Databases of the bench's own: made, filled, cloned and dropped."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import shapely
from sqlalchemy import URL, Engine, create_engine, text

from geo.crs import Shapes
from layers.ground import db, schema

Connection = psycopg.Connection[Any]


def server_engine() -> Engine:
    """The server's maintenance database, on which databases are made and dropped."""
    url = db.address().set(drivername="postgresql+psycopg", database="postgres")
    return create_engine(url, isolation_level="AUTOCOMMIT")


@contextmanager
def fresh(server: Engine) -> Iterator[URL]:
    """A database with our schema, while the block runs."""
    with clone(server, "template1") as url:
        engine = db.engine(url)
        schema.upgrade(engine)
        engine.dispose()
        yield url


@contextmanager
def clone(server: Engine, template: str) -> Iterator[URL]:
    """A database like another, which nobody may be using, while the block runs."""
    name = f"qingshan_bench_{os.getpid()}_{uuid.uuid4().hex[:6]}"
    with server.connect() as connection:
        connection.execute(text(f"create database {name} template {template} strategy file_copy"))
    try:
        yield server.url.set(database=name)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"drop database {name} with (force)"))


def connected(url: URL) -> Connection:
    return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))


def bring(connection: Connection, table: str, shapes: Shapes) -> None:
    """Make a table of multipolygons numbered from 0, and let it be read at its best."""
    connection.execute(f"create table {table} (id int primary key, shape geometry(MultiPolygon, 4490))")
    with connection.cursor() as cursor, cursor.copy(f"copy {table} from stdin") as stream:
        for row in enumerate(shapely.to_wkb(shapely.set_srid(shapes, 4490), hex=True, include_srid=True)):
            stream.write_row(row)
    connection.execute(f"create index on {table} using gist (shape)")
    connection.commit()
    connection.autocommit = True
    connection.execute(f"vacuum analyze {table}")


def value(connection: Connection, query: str) -> Any:
    """The one value that a query gives."""
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def settings(server: Engine, *names: str) -> dict[str, str]:
    """The server's version and the settings named, as it says them."""
    with server.connect() as connection:
        return {name: str(connection.scalar(text(f"show {name}"))) for name in ("server_version", *names)}


def said(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.items())
