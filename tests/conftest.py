"""A real PostGIS for every test that asks for one: a template at the newest schema, cloned per test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import settings
from sqlalchemy import URL, Engine, create_engine, text

from layers.ground import db, schema

# Two shared cores make single examples slow now and then. A merge is judged by the same examples every time; new
# ones are looked for wherever people work.
settings.register_profile("shared", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("shared")


@contextmanager
def a_database(server: Engine, name: str, template: str = "template1") -> Iterator[None]:
    """A database that is there while the block runs."""
    with server.connect() as connection:
        connection.execute(text(f"create database {name} template {template} strategy file_copy"))
    try:
        yield
    finally:
        with server.connect() as connection:
            connection.execute(text(f"drop database {name} with (force)"))


@pytest.fixture(scope="session")
def server() -> Iterator[Engine]:
    """The server's maintenance database, on which databases are made and dropped."""
    engine = create_engine(
        db.address().set(drivername="postgresql+psycopg", database="postgres"), isolation_level="AUTOCOMMIT"
    )
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def template(server: Engine) -> Iterator[str]:
    name = f"qingshan_test_{os.getpid()}"
    with a_database(server, name):
        engine = db.engine(server.url.set(database=name))
        schema.upgrade(engine)
        engine.dispose()
        yield name


@pytest.fixture
def url(server: Engine, template: str) -> Iterator[URL]:
    """The address of an empty database at the newest schema, this test's own."""
    name = f"{template}_{uuid.uuid4().hex[:8]}"
    with a_database(server, name, template):
        yield server.url.set(database=name)


@pytest.fixture
def engine(url: URL) -> Iterator[Engine]:
    found = db.engine(url)
    yield found
    found.dispose()


@pytest.fixture(scope="session")
def login(server: Engine) -> Iterator[Callable[[Engine, str], URL]]:
    """Make a login of a group role; gives the address under which it reaches a database."""
    made: list[str] = []

    def make(engine: Engine, group: str) -> URL:
        name, password = f"qs_{uuid.uuid4().hex[:10]}", uuid.uuid4().hex
        with server.connect() as connection:
            connection.execute(text(f"create role {name} login password '{password}' in role {group}"))
            connection.execute(text(f"alter role {name} set lc_messages = 'C'"))
        made.append(name)
        return engine.url.set(drivername="postgresql+psycopg", username=name, password=password)

    yield make
    with server.connect() as connection:
        for name in made:
            connection.execute(text(f"drop role {name}"))
