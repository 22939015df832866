"""The journal beside a plain table and a history trigger, by SQL and through the program, at every size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from tests.bench.databases import clone, connected, fresh, settings
from tests.bench.found import Found, Say
from tests.bench.journal import report, rounds
from tests.bench.journal.stores import PEERS
from tests.bench.journal.timings import Timings


@dataclass(frozen=True)
class Size:
    """How much is done: rows of the layer, rounds of SQL, and single edits."""

    rows: int
    rounds: int
    edits: int


QUICK = (Size(20_000, rounds=3, edits=200),)
WHOLE = (*QUICK, Size(200_000, rounds=1, edits=200))
_SETTINGS = ("fsync", "synchronous_commit", "shared_buffers", "work_mem", "max_wal_size", "jit")


def measure(server: Engine, sizes: Sequence[Size], say: Say) -> Found:
    """Do everything at every size. Raises DifferentAnswers when two stores that should hold the same do not."""
    timings, server_settings = Timings(), settings(server, *_SETTINGS)
    for size in sizes:
        with prepared(server, size.rows) as ready:
            say(f"{size.rows:,} rows: made")
            for number in range(size.rounds):
                with clone(server, ready) as url:
                    rounds.sql_round(url, size.rows, size.edits, timings)
                say(f"{size.rows:,} rows: SQL, round {number + 1} of {size.rounds}")
            with clone(server, ready) as url:
                rounds.program_round(url, size.rows, size.edits, timings)
            say(f"{size.rows:,} rows: through the program")
    rows = [size.rows for size in sizes]
    plain = {"settings": server_settings, "sizes": [vars(size) for size in sizes], "runs": report.plain(timings)}
    return Found(report.drawn(timings, rows, server_settings), plain)


@contextmanager
def prepared(server: Engine, rows: int) -> Iterator[str]:
    """The name of a database with our schema, the peers' tables and the plots to come."""
    with fresh(server) as url:
        with connected(url) as connection:
            connection.execute(PEERS.read_text("utf-8"))
            rounds.bring(connection, rows)
        yield str(url.database)
