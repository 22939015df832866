"""The three ways of keeping plots that are measured side by side, and what each of them answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from layers.plots import Plot
from tests.bench.found import DifferentAnswers
from tests.bench.plots import COLUMNS

PEERS = Path(__file__).with_name("peers.sql")
NAMES = ", ".join(COLUMNS)
_NUMBERS = {c.name for c in Plot.__table__.columns if c.type.python_type is float}


@dataclass(frozen=True)
class Moment:
    """A past moment, as each store names it."""

    no: int
    at: datetime


@dataclass(frozen=True)
class Store:
    """A table of plots. then: the query of a past moment, None where the past is not kept."""

    key: str
    title: str
    said: str
    table: str
    then: str | None

    @property
    def now(self) -> str:
        return f"select {NAMES} from {self.table}"


PLAIN = Store("plain", "plain table", "the same columns and indexes, no trigger: no past", "peers.plain", None)
KEPT = Store(
    "kept",
    "history trigger",
    "temporal_tables' way in PL/pgSQL: sys_period from now(), old rows to a second table with an index on id",
    "peers.kept",
    f"""select {NAMES} from peers.kept where sys_period @> %(at)s
        union all select {NAMES} from peers.kept_history where sys_period @> %(at)s""",
)
JOURNAL = Store(
    "journal", "journal", "layers.plots with its triggers", "layers.plots", f"select {NAMES} from past.plots"
)
STORES: Sequence[Store] = (PLAIN, KEPT, JOURNAL)


@dataclass(frozen=True)
class Answer:
    """What a store says of its plots: how many, their recorded area, and a hash over every value of every row."""

    rows: int
    area_hm2: Decimal
    digest: Decimal


def answer(
    connection: psycopg.Connection[Any], query: str, moment: Moment | None = None, *, of: Iterable[str] = COLUMNS
) -> Answer:
    """What a query of plots says of these columns, whatever the types in which its store keeps them."""
    texts = ", ".join(f"coalesce({_as_text(name)}, '-')" for name in of)
    asked = f"""
        select count(*), coalesce(sum(area_hm2::numeric(18, 2)), 0),
               coalesce(sum(hashtextextended(concat_ws('|', {texts}), 0)::numeric), 0)
          from ({query}) plots"""
    turn_to(connection, moment)
    found = connection.execute(asked, {"at": moment.at} if moment else None).fetchone()
    connection.rollback()
    assert found is not None
    return Answer(*found)


def turn_to(connection: psycopg.Connection[Any], moment: Moment | None) -> None:
    """Let the past views of this transaction read at a moment."""
    if moment:
        connection.execute("select set_config('qingshan.past_no', %s, true)", [str(moment.no)])


def agree(what: str, answers: dict[str, Answer]) -> Answer:
    """The one answer that all give. Raises DifferentAnswers."""
    first, *others = answers.values()
    if any(other != first for other in others):
        said = "; ".join(f"{name}: {given}" for name, given in answers.items())
        raise DifferentAnswers(f"{what}: {said}")
    return first


def _as_text(name: str) -> str:
    """A column as text that does not depend on how it is stored."""
    if name == "shape":
        return "encode(ST_AsBinary(ST_Multi(shape)), 'hex')"
    return f"{name}::float8::text" if name in _NUMBERS else f"{name}::text"
