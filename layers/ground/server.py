"""What a PostgreSQL server offers, and what it lacks of what the program needs."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from geo.refusal import Refusal


class ServerRefusal(Refusal):
    """A stated server does not answer."""


@dataclass(frozen=True)
class Missing:
    """Something the server lacks: the id of its text, and whether only the tests need it."""

    id: str
    tests_only: bool = False


@dataclass(frozen=True)
class Server:
    """A server and one of its databases, as the role that asked may use them."""

    version: str
    database: str
    encoding: str
    role: str
    superuser: bool
    creates_databases: bool
    creates_roles: bool
    postgis: str | None
    """The version created in the database."""
    postgis_available: str | None
    """The version that could be created."""

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What stands in the way, the worst first; empty when all is there."""
        may_create = self.superuser and self.postgis_available
        lacks = {
            Missing("server.no_postgis"): not (self.postgis or self.postgis_available),
            Missing("server.postgis_not_created"): self.postgis_available and not (self.postgis or may_create),
            Missing("server.not_utf8"): self.encoding != "UTF8",
            Missing("server.no_create_role"): not self.creates_roles,
            Missing("server.no_create_database", tests_only=True): not self.creates_databases,
        }
        return tuple(missing for missing, lacking in lacks.items() if lacking)


def ask(url: str) -> Server:
    """Ask the server behind a libpq address. Changes nothing. Raises ServerRefusal when it does not answer."""
    try:
        with psycopg.connect(url, connect_timeout=10, row_factory=class_row(Server)) as connection:
            found = connection.execute(_QUESTION).fetchone()
    except psycopg.OperationalError as silent:
        raise ServerRefusal("server.unreachable", reason=str(silent).strip()) from silent
    if found is None:
        raise AssertionError("a select without a from gives one row")
    return found


_QUESTION = """
select current_setting('server_version') as version,
       current_database() as database,
       current_setting('server_encoding') as encoding,
       current_user as role,
       r.rolsuper as superuser,
       r.rolsuper or r.rolcreatedb as creates_databases,
       r.rolsuper or r.rolcreaterole as creates_roles,
       (select installed_version from pg_available_extensions where name = 'postgis') as postgis,
       (select default_version from pg_available_extensions where name = 'postgis') as postgis_available
  from pg_roles r
 where r.rolname = current_user
"""
