"""The ledger of figures follows the journal: only townships that a change touched are counted again.

The follower locks its cursor, reads the journal up to what its snapshot shows, counts, moves the cursor, commits.
Killed at any point it has done nothing, and the next one does it. Two of them cannot both move the cursor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Engine, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from layers.controls import Control
from layers.ground.history import Delta, deltas, last_no
from layers.ground.journal import Cursor
from layers.ground.questions import among
from layers.protected_areas import ProtectedArea
from layers.records.figures import Figure
from layers.redlines import Redline
from layers.townships import Township
from pipelines.restoration.counting import ACCOUNTS, Sum, Town, basis, context, count, is_known, sums, towns
from pipelines.restoration.rates import Rates, measure, places, rates_of
from pipelines.restoration.sources import Context

FOLLOWER = "rates"
LAYERS = sorted({str(layer.__tablename__) for layers in ACCOUNTS.values() for layer in layers})
"""The layers that are followed."""

_TRIES = 5
_WAIT = "3s"
_SERIALIZATION, _LOCKED, _FORBIDDEN = "40001", "55P03", "42501"
_DATED = (Redline, ProtectedArea, Control)
"""Layers whose features come into force and go out of it on days on which nothing is edited."""

Todo = set[tuple[str, str]]
"""Townships and accounts that have to be counted again."""


def current(engine: Engine, *, on: date) -> Rates:
    """The rates as the ledger has them, after it has followed the journal as far as it can.

    Where another follower is at work, or this login may not keep the ledger, they are those last counted, with the
    number of changes since; where nothing was counted yet, they are counted for this answer alone.
    """
    try:
        follow(engine, on=on)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in (_LOCKED, _FORBIDDEN):
            raise
    with Session(_steady(engine)) as session:
        return read(session) or measure(session, on=on)


def follow(engine: Engine, *, on: date) -> int:
    """Bring the ledger up to the last change; gives its number. Waits some seconds for another follower.

    Raises DBAPIError where that one takes longer, or where this login may not write the ledger.
    """
    with engine.begin() as connection:
        connection.execute(upsert(Cursor).values(follower=FOLLOWER).on_conflict_do_nothing())
    for attempt in range(1, _TRIES + 1):
        try:
            with Session(_steady(engine)) as session, session.begin():
                return catch_up(session, lock(session), on)
        except DBAPIError as error:
            # Another follower moved the cursor after this one's snapshot was taken: look again.
            if getattr(error.orig, "sqlstate", None) != _SERIALIZATION or attempt == _TRIES:
                raise
    raise AssertionError("the last attempt returns or raises")


def lock(session: Session) -> Cursor:
    """The cursor, this transaction's own until it ends. What is counted is what this statement's snapshot shows."""
    session.execute(text(f"set local lock_timeout = '{_WAIT}'"))
    return session.execute(select(Cursor).where(Cursor.follower == FOLLOWER).with_for_update()).scalar_one()


def catch_up(session: Session, cursor: Cursor, on: date) -> int:
    """Count again what the journal touched since the cursor, and move it; gives the number it stands at."""
    no, c, present = last_no(session), context(session, on), towns(session)
    todo = _elsewise(session, present, c) | _touched(session, cursor.upto, no) | _come_of_age(session, on)
    for town in present:
        for account in ACCOUNTS:
            if (town.code, account) in todo:
                _count_again(session, town, account, c)
    session.execute(delete(Figure).where(~among(Figure.township, [town.code for town in present])))
    session.execute(update(Figure).where(Figure.counted_on != on).values(counted_on=on))
    cursor.upto, cursor.moved_at = no, func.now()
    return no


def read(session: Session) -> Rates | None:
    """The rates as they were last counted, and how many changes came since; None where nothing was counted yet."""
    cursor, figures = session.get(Cursor, FOLLOWER), session.scalars(select(Figure)).all()
    if cursor is None or not figures:
        return None
    counted = [Sum(f.figure, f.township, f.cls, f.m2, f.removed_m2, f.features, f.made_up) for f in figures]
    on = min(f.counted_on for f in figures)
    return rates_of(counted, places(session), no=cursor.upto, on=on, uncounted=last_no(session) - cursor.upto)


def _steady(engine: Engine) -> Engine:
    """The engine whose transactions see one moment only."""
    return engine.execution_options(isolation_level="REPEATABLE READ")


def _count_again(session: Session, town: Town, account: str, c: Context) -> None:
    session.execute(delete(Figure).where(Figure.township == town.code, Figure.account == account))
    kept = {"account": account, "basis": basis(c, account), "counted_on": c.on}
    rows = [asdict(row) | kept for tally in count(session, town, account, c) for row in sums(town, tally)]
    if rows:
        session.execute(insert(Figure), rows)


def _elsewise(session: Session, present: Sequence[Town], c: Context) -> Todo:
    """What was never counted, or on other grounds: another definition, another year, a layer that came or went."""
    found = session.execute(select(Figure.township, Figure.account, Figure.basis).distinct())
    stands = {(row.township, row.account): row.basis for row in found}
    known = [account for account in ACCOUNTS if is_known(c, account)]
    wanted = {(town.code, account): basis(c, account) for town in present for account in known}
    return {key for key in wanted.keys() | stands.keys() if wanted.get(key) != stands.get(key)}


def _touched(session: Session, after: int, upto: int) -> Todo:
    """What the changes touched: the townships on which a feature lay before or lies now."""
    by_layer: dict[str, list[Delta]] = defaultdict(list)
    for delta in deltas(session, after=after, upto=upto, layers=LAYERS):
        by_layer[delta.layer].append(delta)
    return {key for layer, of in by_layer.items() for key in _keys(layer, _under(session, layer, of))}


def _keys(layer: str, codes: Sequence[str]) -> Iterator[tuple[str, str]]:
    for account, layers in ACCOUNTS.items():
        if any(one.__tablename__ == layer for one in layers):
            yield from ((code, account) for code in codes)


def _under(session: Session, layer: str, of: Sequence[Delta]) -> Sequence[str]:
    """The codes of the townships that the old or the new shapes meet."""
    found = session.scalars(
        text(f"""
        with touched as materialized (
            select shape from {layer} where id = any(:standing)
            union all
            select v.shape from unnest(cast(:ids as uuid[]), cast(:versions as bigint[])) w(id, version)
              join journal.versions v on (v.layer, v.id, v.version) = ('{layer}', w.id, w.version)
        )
        select code from townships t
         where exists (select from touched s where s.shape && t.shape and ST_Intersects(s.shape, t.shape))
        """),  # noqa: S608 -- names of layers
        {
            "standing": [d.id for d in of if d.after is not None],
            "ids": [d.id for d in of if d.before is not None],
            "versions": [d.before for d in of if d.before is not None],
        },
    )
    return found.all()


def _come_of_age(session: Session, on: date) -> Todo:
    """What changed by the calendar alone: zones that came into force or went out of it since the last count."""
    since = session.scalar(select(func.min(Figure.counted_on)))
    if since is None or since == on:
        return set()
    early, late = min(since, on), max(since, on)
    return {key for layer in _DATED for key in _keys(layer.__tablename__, _turned(session, layer, early, late))}


def _turned(session: Session, layer: Any, early: date, late: date) -> Sequence[str]:
    """The townships of zones whose force begins in (early, late] or ends in [early, late)."""
    begins = (layer.in_force_from > early) & (layer.in_force_from <= late)
    ends = (layer.in_force_to >= early) & (layer.in_force_to < late)
    meet = func.ST_Intersects(Township.shape, layer.shape)
    return session.scalars(select(Township.code).join(layer, meet).where(or_(begins, ends)).distinct()).all()
