"""Read the journal: the present number, a past moment, and what each change did."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, column, text
from sqlalchemy.orm import Session

from geo.refusal import Refusal


class PastRefusal(Refusal):
    """A moment that cannot be read."""


@dataclass(frozen=True)
class Delta:
    """What one change did to one feature: the version before and after it; None where there was no row."""

    layer: str
    id: uuid.UUID
    before: int | None
    after: int | None
    version: int
    """The version that it gave the feature, be it its end."""


def last_no(session: Session | Connection) -> int:
    """The number of the last change that this session sees: the last committed, or the past moment it reads."""
    seen = text("select coalesce(max(no), 0) from journal.changes where no <= journal.past_no()")
    return int(session.scalar(seen) or 0)


def last_touch(session: Session, layer: str) -> tuple[int, datetime | None]:
    """The last change that this session sees of a layer, and when it was committed; 0 when there was none."""
    found = session.execute(
        text(f"""
        select no, at from journal.changes c
         where no <= journal.past_no()
           and (exists (select from layers.{layer} where change = c.id)
             or exists (select from journal.versions where change = c.id and layer = :layer))
         order by no desc limit 1
        """),  # noqa: S608 -- the name of a layer
        {"layer": layer},
    ).first()
    return (found.no, found.at) if found else (0, None)


def no_at(engine: Engine, moment: datetime) -> int:
    """The number of the last change committed by `moment`, which must carry its time zone and not lie ahead.

    Waits for a commit that is under way, so that the same moment always gives the same number.
    Raises PastRefusal for a moment in the future.
    """
    # Read committed, whatever the login's default: the number is looked up by a snapshot taken after the wait.
    with engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        connection.execute(text("select pg_advisory_xact_lock_shared(4490, 1)"))
        if moment > connection.execute(text("select clock_timestamp()")).scalar_one():
            raise PastRefusal("past.ahead", moment=moment.isoformat())
        found = connection.execute(
            text("select coalesce(max(no), 0) from journal.changes where at <= :moment"), {"moment": moment}
        )
        return int(found.scalar_one())


@contextmanager
def past(engine: Engine, known: int | datetime, *, on: date | None = None) -> Iterator[Session]:
    """Open a read-only session in which every layer is as it was `known` and, when given, true `on` a day.

    known: the number of a change, or a moment. on: a DATE means its end of day, Asia/Shanghai.
    Of each feature it shows the version known last among those effective by that day.
    Raises PastRefusal for a change that has not been committed.
    """
    no = known if isinstance(known, int) else no_at(engine, known)
    with engine.connect() as connection, connection.begin():
        connection.execute(text("set transaction isolation level repeatable read, read only"))
        connection.execute(
            text("""select set_config('search_path', 'past,public', true),
                           set_config('qingshan.past_no', :no, true), set_config('qingshan.past_on', :on, true)"""),
            {"no": str(no), "on": on.isoformat() if on else ""},
        )
        if no > (last := last_no(connection)):
            raise PastRefusal("past.unknown", no=no, last=last)
        # Its commits and rollbacks stay inside: after one it must not go on reading the present.
        with Session(connection, autoflush=False, join_transaction_mode="create_savepoint") as session:
            yield session


def deltas(session: Session | Connection, *, after: int, upto: int, layers: Iterable[str]) -> list[Delta]:
    """What the changes numbered above `after` up to `upto` did together: each touched feature of `layers` once.

    A feature that the changes made and ended again is not there.
    """
    names = list(layers)
    changes = session.scalars(
        text("select id from journal.changes where no > :after and no <= :upto"), {"after": after, "upto": upto}
    ).all()
    written = " union all ".join(
        f"select '{name}' as layer, id, version, false as gone from layers.{name} where change = any(:changes)"  # noqa: S608 -- names of layers
        for name in names
    )
    found = session.execute(
        text(f"""
        with written as (
            {written}
            union all
            select layer, id, version, gone from journal.versions where change = any(:changes) and layer = any(:layers)
        ), touched as (
            select layer, id, min(version) as first, max(version) as last,
                   (array_agg(gone order by version desc))[1] as ended
              from written group by layer, id
        )
        select t.layer, t.id, b.version as before, case when not t.ended then t.last end as after, t.last
          from touched t
          left join journal.versions b on (b.layer, b.id, b.version) = (t.layer, t.id, t.first - 1) and not b.gone
         where b.version is not null or not t.ended
         order by t.layer, t.id
        """),  # noqa: S608 -- as above
        {"changes": changes, "layers": names},
    )
    return [Delta(*row) for row in found]


def latest_versions(session: Session, layer: str, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """The newest version of each feature that ever was, be it its end."""
    found = session.execute(
        text(f"""
        select id, max(version) from (
            select id, version from layers.{layer} where id = any(:ids)
            union all select id, version from journal.versions where layer = :layer and id = any(:ids)
        ) every group by id
        """),  # noqa: S608 -- the name of a layer
        {"ids": list(ids), "layer": layer},
    )
    return {row[0]: row[1] for row in found}


def rows_at(session: Session, layer: type[Any], wanted: Mapping[uuid.UUID, int]) -> dict[uuid.UUID, dict[str, Any]]:
    """The replaced rows of a layer by feature, each at its wanted version; one that never was is not there."""
    table = layer.__table__
    names = ", ".join("v.shape" if c.name == "shape" else f"r.{c.name}" for c in table.columns)
    found = session.execute(
        text(f"""
        select {names}
          from unnest(cast(:ids as uuid[]), cast(:versions as bigint[])) w(id, version)
          join journal.versions v on (v.layer, v.id, v.version) = ('{table.name}', w.id, w.version) and not v.gone
         cross join lateral jsonb_populate_record(null::layers.{table.name}, v.row) r
        """).columns(*(column(c.name, c.type) for c in table.columns)),  # noqa: S608 -- names of the model
        {"ids": list(wanted), "versions": list(wanted.values())},
    )
    return {row["id"]: dict(row) for row in found.mappings()}
