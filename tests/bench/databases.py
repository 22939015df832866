"""Databases of the bench's own: made, filled, cloned and dropped."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, create_engine, text

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


def settings(server: Engine, *names: str) -> dict[str, str]:
    """The server's version and the settings named, as it says them."""
    with server.connect() as connection:
        return {name: str(connection.scalar(text(f"show {name}"))) for name in ("server_version", *names)}


def said(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.items())
