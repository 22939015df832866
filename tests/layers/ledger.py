"""What the tests about writers ask of the journal."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, text

from layers.ground.history import last_no

ONE = uuid.UUID(int=1)


class Said(NamedTuple):
    no: int
    at: datetime
    person: str
    door: str
    kind: str | None
    effective_on: date
    note: str | None


def changes(engine: Engine, *, above: int) -> list[Said]:
    with engine.connect() as connection:
        found = connection.execute(
            text("""select no, at, person, door, kind, effective_on, note
                      from journal.changes where no > :above order by no"""),
            {"above": above},
        )
        return [Said(*row) for row in found]


def number(engine: Engine) -> int:
    with engine.connect() as connection:
        return last_no(connection)


def clock(engine: Engine) -> datetime:
    with engine.connect() as connection:
        found: datetime = connection.execute(text("select clock_timestamp()")).scalar_one()
        return found


def everything(engine: Engine) -> Any:
    """A fingerprint of the plots and of the whole journal."""
    with engine.connect() as connection:
        return connection.execute(
            text("""select
                           (select md5(string_agg(t::text, '|' order by id)) from layers.plots t),
                           (select md5(string_agg(t::text, '|' order by id)) from journal.changes t),
                           (select md5(string_agg(t::text, '|' order by layer, id, version)) from journal.versions t),
                           (select md5(string_agg(t::text, '|' order by t.oid)) from pg_trigger t
                              where tgrelid::regclass::text ~ '^(layers|journal)')""")
        ).one()


def another(number: int, *, name: str = "") -> str:
    """A select of plot 1 under another number, whatever columns plots have."""
    return f"""select (jsonb_populate_record(p, jsonb_build_object(
        'id', '{uuid.UUID(int=number)}', 'code', 'c{number}', 'subcompartment', '{number}', 'name', '{name}'))).*
        from layers.plots p where id = '{ONE}'"""
