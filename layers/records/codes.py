"""Placeholder."""

from sqlalchemy import Connection


def load(connection: Connection) -> None:
    del connection
