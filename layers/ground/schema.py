"""Build and upgrade the schema: tables by migrations; triggers, past views and grants anew after each of them.

What is not a table is idempotent SQL read from the files beside this one and from the catalogue, so that adding a
layer takes its file and one generated migration.
"""

from __future__ import annotations

import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, text

from layers.ground.base import SRID, Base
from layers.ground.layer import SurveyedLayer, catalogue
from layers.records import batches, checks, codes, figures, plans, publications, stated

if TYPE_CHECKING:
    from alembic.config import Config

_HERE = Path(__file__).parent
_RECORDS = (batches, checks, codes, figures, plans, publications, stated)
"""Modules whose tables belong to the schema though no layer names them."""

SCHEMAS = ("layers", "journal", "records", "past")


def upgrade(engine: Engine) -> None:
    """Bring a database to the newest schema, in one transaction. Does nothing quickly when it is there already."""
    with engine.begin() as connection:
        if is_current(connection):
            return
        connection.execute(text("select pg_advisory_xact_lock(4490, 2)"))
        _make_room(connection)
        from alembic import command  # noqa: PLC0415 -- as in _alembic

        command.upgrade(_alembic(connection), "head")
        install(connection)


def build(connection: Connection) -> None:
    """Build the schema straight from the models: what the chain of migrations must come to."""
    _make_room(connection)
    list(catalogue())
    Base.metadata.create_all(connection)
    install(connection)


def install(connection: Connection) -> None:
    """Lay triggers, past views, grants, code lists and plans over the tables. Idempotent."""
    _run(connection, _overlay())
    codes.load(connection)
    plans.load(connection)
    _run(connection, f"comment on schema past is '{_fingerprint()}'")


def head() -> str:
    """The newest revision that this checkout knows; empty before the first."""
    return max((file.stem.partition("_")[0] for file in (_HERE / "migrations" / "versions").glob("0*.py")), default="")


def is_current(connection: Connection) -> bool:
    """Whether the database stands at the newest revision, with the triggers, views and codes of this checkout."""
    laid = connection.scalar(text("select obj_description(to_regnamespace('past'), 'pg_namespace')"))
    return laid == _fingerprint() and _revision(connection) == head()


def generate_migration(connection: Connection, message: str) -> None:
    """Write the migration that takes the database to the models."""
    from alembic import command  # noqa: PLC0415 -- as in _alembic

    command.revision(_alembic(connection), message=message, autogenerate=True, rev_id=_next_revision())


def _overlay() -> str:
    """All that lies over the tables, as one script."""
    layers = [part for layer in catalogue() for part in (_triggers(layer), _past_view(layer))]
    return "\n".join([_file("history.sql"), *layers, _file("roles.sql")])


@cache
def _fingerprint() -> str:
    """A hash of what install lays: when a checkout brings something new, it is laid again."""
    return sha256(f"{_overlay()}{list(codes.rows())}{list(plans.rows())}".encode()).hexdigest()


def _file(name: str) -> str:
    return (_HERE / name).read_text("utf-8")


def _run(connection: Connection, script: str) -> None:
    """Run a script of several statements as it stands: its percent signs are no placeholders."""
    connection.connection.cursor().execute(script)


def _next_revision() -> str:
    return f"{int(head() or 0) + 1:04d}"


def _revision(connection: Connection) -> str | None:
    if not connection.scalar(text("select to_regclass('journal.alembic_version') is not null")):
        return None
    return str(connection.scalar(text("select version_num from journal.alembic_version")))


def _alembic(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 -- half a second that only a change of the schema needs

    config = Config()
    config.set_main_option("script_location", str(_HERE / "migrations"))
    config.attributes["connection"] = connection
    return config


def _make_room(connection: Connection) -> None:
    """Make the schemas, and clear the past views away: they would hold the columns that a migration changes."""
    connection.execute(text("create extension if not exists postgis schema public"))
    connection.execute(text("drop schema if exists past cascade"))
    for schema in SCHEMAS:
        connection.execute(text(f"create schema if not exists {schema}"))


def _triggers(layer: type[Any]) -> str:
    table = f"layers.{layer.__tablename__}"
    # As bytes: a restore reads the dumped condition with an empty search path, and finds no operator for shapes.
    forget_area = (
        f"""create or replace trigger forget_area before update of shape on {table}
            for each row when (old.shape::bytea is distinct from new.shape::bytea)
            execute function journal.forget_area();"""
        if issubclass(layer, SurveyedLayer)
        else ""
    )
    return f"""
        create or replace trigger record before insert or update or delete on {table}
          for each row execute function journal.record();
        create or replace trigger follow after insert on {table}
          referencing new table as added for each statement execute function journal.follow();
        create or replace trigger stays_whole before truncate on {table}
          for each statement execute function journal.refuse('layers', 'Delete rows instead: the journal keeps them.');
        {forget_area}
    """


def _past_view(layer: type[Any]) -> str:
    """The layer as it was known at past_no() and true on past_on(): of each feature the version known last.

    Rows that stand today and were known then come straight from the table; for the others, one look into the versions.
    """
    name = layer.__tablename__
    columns = [c.name for c in layer.__table__.columns]
    now = ", ".join(f"p.{c}" for c in columns)
    then = ", ".join(
        f"v.shape::geometry({layer.shape_kind}, {SRID}) as shape" if c == "shape" else f"r.{c}" for c in columns
    )
    return f"""
        create or replace view past.{name} as
        with known as materialized (
          select id from journal.changes where no <= journal.past_no() and effective_on <= journal.past_on()
        ), touched as (
          select p.id from layers.{name} p where p.change not in (select id from known)
          union all
          select v.id from journal.versions v
           where v.layer = '{name}' and v.gone and not exists (select from layers.{name} p where p.id = v.id)
           group by v.id
        )
        select {now} from layers.{name} p where p.change in (select id from known)
        union all
        select {then}
          from (
            select distinct on (v.id) v.* from journal.versions v
             where v.layer = '{name}' and v.id in (select id from touched) and v.change in (select id from known)
             order by v.id, v.version desc
          ) v
         cross join lateral jsonb_populate_record(null::layers.{name}, v.row) r
         where not v.gone;
    """  # noqa: S608 -- names come from the models


if __name__ == "__main__":
    from layers.ground import db

    with db.engine().begin() as open_connection:
        generate_migration(open_connection, " ".join(sys.argv[1:]))
