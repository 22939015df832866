"""Where the data lives: DATABASE_URL when it is set, else the private cluster; at the newest schema."""

from __future__ import annotations

import os

from sqlalchemy import URL, Engine, create_engine, make_url

from layers.ground import schema

SEARCH_PATH = "layers, public"


def address() -> URL:
    """The database of this checkout, started when it is the private cluster's."""
    stated = os.environ.get("DATABASE_URL")
    if stated:
        return make_url(stated)
    from layers.ground import cluster  # noqa: PLC0415 -- a stated database needs no cluster

    return make_url(cluster.url())


def engine(url: URL | None = None, *, search_path: str = SEARCH_PATH) -> Engine:
    """An engine whose unqualified tables are the layers. One transaction is one change."""
    return create_engine(
        (url or address()).set(drivername="postgresql+psycopg"),
        connect_args={"options": f"-c search_path={search_path.replace(' ', '')}", "application_name": "qingshan"},
    )


def ready() -> Engine:
    """The engine of this checkout's database, at the newest schema."""
    found = engine()
    schema.upgrade(found)
    return found
