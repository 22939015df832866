"""One round of the work of a layer, by plain SQL and through the program, on every store in turn."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

import psycopg
from shapely import set_srid, to_wkb
from shapely.geometry.base import BaseGeometry
from sqlalchemy import URL, Engine, MetaData, Table, Update, bindparam, insert, select, update
from sqlalchemy.orm import Session

from layers.ground import db
from layers.ground.history import deltas, past
from layers.plots import Plot
from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit, Occasion, Outcome
from tests.bench import plots
from tests.bench.databases import Connection
from tests.bench.journal.stores import JOURNAL, KEPT, NAMES, STORES, Answer, Moment, Store, agree, answer, turn_to
from tests.bench.journal.timings import Timings

READS = 3
"""So often is a whole layer read in a round."""

# --- plain SQL, as QGIS and psql write it


def sql_round(url: URL, rows: int, edits: int, timings: Timings) -> None:
    """Insert, update, edit and read back `rows` plots in every store. Raises DifferentAnswers."""
    with connections(url) as open_:
        for store in STORES:
            _sql(timings, "insert", store, rows, open_, f"insert into {store.table} ({NAMES}) table peers.coming")
        loaded = _moment(open_[JOURNAL.key])
        coming = answer(open_["plain"], f"select {NAMES} from peers.coming")
        for store in STORES:
            change = f"update {store.table} set change_cause = '年度更新', change_year = 2025"
            _sql(timings, "update", store, rows, open_, change)
        updated = _moment(open_[JOURNAL.key])
        before = answer(open_[JOURNAL.key], JOURNAL.now)
        _tidy(open_)
        _edit(open_, rows, edits, timings)
        agree("edited", _answers(open_))
        _tidy(open_)
        _read(open_, rows, timings, {"past_few": (updated, before), "past_all": (loaded, coming)})
        _touched(url, open_, rows, timings, updated)


@contextmanager
def connections(url: URL) -> Iterator[dict[str, Connection]]:
    """A connection for each store, so that none profits from another's plans."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with ExitStack() as stack:
        yield {s.key: stack.enter_context(psycopg.connect(address)) for s in STORES}


def _sql(timings: Timings, task: str, store: Store, rows: int, open_: dict[str, Connection], statement: str) -> None:
    with timings.of(f"sql.{task}", store.key, rows, parts=rows):
        open_[store.key].execute(statement)
        open_[store.key].commit()


def _moment(connection: Connection) -> Moment:
    found = connection.execute("select max(no), clock_timestamp() from journal.changes").fetchone()
    connection.commit()
    assert found is not None
    return Moment(*found)


def _answers(open_: dict[str, Connection]) -> dict[str, Answer]:
    return {store.key: answer(open_[store.key], store.now) for store in STORES}


def _tidy(open_: dict[str, Connection]) -> None:
    """Let every store be read at its best: dead rows cleared away, statistics fresh."""
    for connection in open_.values():
        connection.autocommit = True
    tables = [s.table for s in STORES] + ["peers.kept_history", "journal.versions", "journal.changes"]
    for table in tables:
        open_["plain"].execute(f"vacuum analyze {table}")
    for connection in open_.values():
        connection.autocommit = False


def _edit(open_: dict[str, Connection], rows: int, edits: int, timings: Timings) -> None:
    """Edit one plot after the other, each edit on every store before the next."""
    for number, feature in enumerate(_some(rows, edits)):
        for store in STORES:
            values = [0.2 + number % 80 / 100, f"第{number}次", feature]
            with timings.of("sql.edit", store.key, rows):
                open_[store.key].execute(f"update {store.table} set canopy = %s, remarks = %s where id = %s", values)
                open_[store.key].commit()


def _some(rows: int, edits: int, *, first: int = 0) -> list[uuid.UUID]:
    """The ids of plots spread over the layer from number `first`."""
    return [plots.feature(number) for number in range(first, rows, max((rows - first) // edits, 1))][:edits]


def _read(open_: dict[str, Connection], rows: int, timings: Timings, pasts: dict[str, tuple[Moment, Answer]]) -> None:
    """Read every row of every store, now and as of each moment, where it was answered before what must be read now."""
    for _ in range(READS):
        for store in STORES:
            _copy_out(timings, "now", store, rows, open_[store.key], None)
            for task, (moment, _answer) in pasts.items():
                if store.then:
                    _copy_out(timings, task, store, rows, open_[store.key], moment)
    for task, (moment, then) in pasts.items():
        read = {s.key: answer(open_[s.key], s.then, moment) for s in STORES if s.then}
        agree(task, {"then": then, **read})


def _copy_out(
    timings: Timings, task: str, store: Store, rows: int, connection: Connection, moment: Moment | None
) -> None:
    """Send every column of every row to the client, as every reader does in the end."""
    turn_to(connection, moment)
    copy = f"copy ({store.then if moment else store.now}) to stdout (format binary)"
    given = {"at": moment.at} if moment else None
    with (
        timings.of(f"sql.{task}", store.key, rows, parts=rows),
        connection.cursor() as cursor,
        cursor.copy(copy, given) as stream,
    ):
        for _ in stream:
            pass
    connection.rollback()


def _touched(url: URL, open_: dict[str, Connection], rows: int, timings: Timings, since: Moment) -> None:
    """Which features the single edits touched: the journal's deltas against a look at the history table."""
    engine = db.engine(url)
    closed = "select distinct id from peers.kept_history where upper(sys_period) > %s"
    for _ in range(READS):
        with timings.of("sql.touched", KEPT.key, rows):
            kept = {row[0] for row in open_[KEPT.key].execute(closed, [since.at])}
        with Session(engine) as session, timings.of("sql.touched", JOURNAL.key, rows):
            journal = {d.id for d in deltas(session, after=since.no, upto=2**62, layers=["plots"])}
        assert kept == journal != set()
    open_[KEPT.key].rollback()
    engine.dispose()


# --- the program

BY_PROGRAM = 20_000
"""So many rows at most are written through the program, into a layer that holds the others already."""


def program_round(url: URL, rows: int, edits: int, timings: Timings) -> None:
    """The same through edits.apply; the peers through the statements it would be with SQLAlchemy alone."""
    engine = db.engine(url)
    first = max(rows - BY_PROGRAM, 0)
    with connections(url) as open_:
        coming = answer(open_["plain"], f"select {NAMES} from peers.coming")
        _fill(open_, first)
        _insert(engine, rows, first, timings)
        loaded = _moment(open_[JOURNAL.key])
        _update(engine, rows, first, timings)
        _tidy(open_)
        _edit_by_program(engine, rows, first, edits, timings)
        agree("edited by the program", _answers(open_))
        _read_by_program(engine, rows, timings, loaded.no)
        agree("read by the program", {"then": coming, "journal": answer(open_["journal"], str(JOURNAL.then), loaded)})
    engine.dispose()


def _fill(open_: dict[str, Connection], first: int) -> None:
    """Write the plots below number `first` into every store by SQL."""
    for store in STORES:
        fill = f"insert into {store.table} ({NAMES}) select {NAMES} from peers.coming where id < %s"
        open_[store.key].execute(fill, [plots.feature(first)])
        open_[store.key].commit()
    _tidy(open_)


def _insert(engine: Engine, rows: int, first: int, timings: Timings) -> None:
    """Add plots in one transaction of each store, a portion to every store before the next."""
    with _transactions(engine) as sessions:
        for portion in plots.portions(rows, first=first):
            news = [Edit("plots", row["id"], {k: v for k, v in row.items() if k != "id"}) for row in portion]
            for store, session in sessions.items():
                with timings.of("program.insert", store.key, rows, parts=len(portion)):
                    if store is JOURNAL:
                        _apply(session, news)
                    else:
                        session.execute(insert(_table(store)), portion)


def _update(engine: Engine, rows: int, first: int, timings: Timings) -> None:
    """Revise two fields of the same plots, likewise."""
    revised = {"change_cause": "年度更新", "change_year": 2025}
    with _transactions(engine) as sessions:
        for ids in plots.ids(rows, first=first):
            for store, session in sessions.items():
                with timings.of("program.update", store.key, rows, parts=len(ids)):
                    if store is JOURNAL:
                        _apply(session, [Edit("plots", i, revised, base=1) for i in ids])
                    else:
                        session.connection().execute(_revision(store, *revised), [{"_id": i, **revised} for i in ids])


@contextmanager
def _transactions(engine: Engine) -> Iterator[dict[Store, Session]]:
    """A transaction on each store, committed together with the others."""
    with ExitStack() as stack:
        sessions = {store: stack.enter_context(Session(engine)) for store in STORES}
        yield sessions
        for session in sessions.values():
            session.commit()


def _edit_by_program(engine: Engine, rows: int, first: int, edits: int, timings: Timings) -> None:
    for number, feature in enumerate(_some(rows, edits, first=first)):
        values = {"canopy": 0.2 + number % 80 / 100, "remarks": f"第{number}次"}
        for store in STORES:
            with timings.of("program.edit", store.key, rows), Session(engine) as session, session.begin():
                if store is JOURNAL:
                    _apply(session, [Edit("plots", feature, values, base=2)])
                else:
                    session.connection().execute(_revision(store, *values), {"_id": feature, **values})


def _apply(session: Session, edits: Sequence[Edit]) -> None:
    outcomes = {receipt.outcome for receipt in apply(session, edits, Occasion("林小青", "import"))}
    assert outcomes <= {Outcome.ADDED, Outcome.REVISED}, outcomes


def _read_by_program(engine: Engine, rows: int, timings: Timings, no: int) -> None:
    for store in STORES:
        with Session(engine) as session, timings.of("program.now", store.key, rows, parts=rows):
            assert len(session.execute(select(_table(store))).all()) == rows
    with past(engine, no) as session, timings.of("program.past_all", JOURNAL.key, rows, parts=rows):
        assert len(session.execute(select(_table(JOURNAL))).all()) == rows


@cache
def _table(store: Store) -> Table:
    plots_table: Table = Plot.__table__  # type: ignore[assignment]
    return plots_table if store is JOURNAL else plots_table.to_metadata(MetaData(), schema="peers", name=store.key)


@cache
def _revision(store: Store, *names: str) -> Update:
    table = _table(store)
    return update(table).where(table.c.id == bindparam("_id")).values({name: bindparam(name) for name in names})


def bring(connection: Connection, rows: int) -> None:
    """Lay the plots ready in peers.coming."""
    with connection.cursor() as cursor, cursor.copy(f"copy peers.coming ({NAMES}) from stdin") as stream:
        for portion in plots.portions(rows):
            for row in portion:
                stream.write_row([_as_sent(row[name]) for name in plots.COLUMNS])
    connection.execute("analyze peers.coming")
    connection.commit()


def _as_sent(value: Any) -> Any:
    return to_wkb(set_srid(value, 4490), hex=True, include_srid=True) if isinstance(value, BaseGeometry) else value
