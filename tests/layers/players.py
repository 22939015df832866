"""Open transactions that are played step by step, in a stated order, without sleeping.

A step that waits for a lock is left waiting (the server says that it waits), and the others go on.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

import psycopg
from sqlalchemy import URL

from tests.layers.ledger import another

Feature = str
Write = tuple[Feature, str | None]
"""A feature, and the name it was given; None for its end."""


def interleavings(lengths: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every order in which the steps of several players can follow each other."""
    if not any(lengths):
        yield ()
        return
    for player, left in enumerate(lengths):
        if left:
            fewer = [n - (i == player) for i, n in enumerate(lengths)]
            yield from ((player, *rest) for rest in interleavings(fewer))


@dataclass
class Player:
    """One connection in one transaction; its steps and what came of them."""

    connection: psycopg.Connection
    person: str
    features: dict[Feature, uuid.UUID]
    steps: tuple[str, ...]
    queue: list[str] = field(default_factory=list)
    busy: str | None = None
    begun: bool = False
    snapshot_after: int | None = None
    """How many others had committed when this one took its snapshot."""
    early: bool = False
    groups: list[list[Write]] = field(default_factory=lambda: [[]])
    """What it wrote, by the changes it should come to."""
    mark: int = 0
    errors: list[str] = field(default_factory=list)
    committed: bool | None = None

    def start(self, step: str) -> None:
        self.busy = step
        isolation = "repeatable read" if "rr" in self.steps else "read committed"
        begin = "" if self.begun else f"begin isolation level {isolation}; "
        self.begun = True
        self.connection.pgconn.send_query((begin + self._sql(step)).encode())

    def finished(self) -> bool:
        """Whether the step under way has come to its end; notes what it did."""
        pgconn = self.connection.pgconn
        pgconn.consume_input()
        if pgconn.is_busy():
            return False
        status, rows, failed = b"", 0, False
        while result := pgconn.get_result():
            state = result.error_field(psycopg.pq.DiagnosticField.SQLSTATE)
            if state:
                self.errors.append(state.decode())
                failed = True
            status, rows = b"" if state else result.command_status or b"", result.command_tuples or 0
        self._note(str(self.busy), status, 0 if failed else rows)
        self.busy = None
        return True

    def _sql(self, step: str) -> str:
        feature = self.features.get(step[-1])
        if step in self.features:
            return f"update layers.plots set name = '{self._name(step)}' where id = '{feature}'"
        if step.startswith("-"):
            return f"delete from layers.plots where id = '{feature}'"
        if step.startswith("+"):
            return "insert into layers.plots " + another(self.features[step[-1]].int, name=self._name(step[-1]))
        return {
            "rr": "select 1 from layers.plots limit 0",
            "save": "savepoint s",
            "back": "rollback to s",
            "early": "set constraints all immediate",
        }.get(step, step)

    def _name(self, feature: Feature) -> str:
        written = sum(len(g) for g in self.groups)
        return f"{self.person} {feature}{written}"

    def _note(self, step: str, status: bytes, rows: int) -> None:
        if step == "commit":
            self.committed = status == b"COMMIT"
        elif step == "rollback":
            self.committed = False
        elif step == "save":
            self.mark = len(self.groups[-1])
        elif step == "back":
            del self.groups[-1][self.mark :]
        elif step == "early":
            self.early = True
        elif rows and step != "rr":
            if self.early and self.groups[-1]:
                self.groups.append([])
            gone = step.startswith("-")
            self.groups[-1].append((step[-1], None if gone else self._name(step[-1])))


@dataclass
class Moment:
    """A point between two steps: what had been committed by then, and the number that was read at once."""

    at: datetime
    committed: frozenset[str]
    in_doubt: frozenset[str]
    """Whose commit was under way, or who had stamped early and was still open."""
    read: Future[int]


class Stage:
    """Plays one schedule, and takes a moment after every step."""

    def __init__(self, observer: psycopg.Connection, players: list[Player], read: Callable[[datetime], int]) -> None:
        self.observer, self.players, self.read = observer, players, read
        self.moments: list[Moment] = []
        self.order: list[Player] = []
        self.waited_reads = 0

    def play(self, schedule: Iterable[int]) -> None:
        with ThreadPoolExecutor(max_workers=32) as readers, self._freed_on_failure():
            turn = [0] * len(self.players)
            for who in schedule:
                player = self.players[who]
                player.queue.append(player.steps[turn[who]])
                turn[who] += 1
                self._settle()
                self._take_moment(readers)
            self._until(lambda: not any(p.busy or p.queue for p in self.players))
            self._take_moment(readers)

    @contextmanager
    def _freed_on_failure(self) -> Iterator[None]:
        """Let go of every lock when a schedule breaks off, or its readers would wait for ever."""
        try:
            yield
        except BaseException:
            for player in self.players:
                player.connection.close()
            raise

    def _settle(self) -> None:
        """Let everybody go as far as they can: to the end of their step, or to a lock that another player holds."""
        self._until(lambda: all(not p.queue if p.busy is None else self._waits(p) for p in self.players))

    def _until(self, settled: Callable[[], bool]) -> None:
        end = monotonic() + 20
        while True:
            for player in self.players:
                self._go_on(player)
            if settled():
                return
            assert monotonic() < end, [(p.person, p.busy, p.errors) for p in self.players]

    def _go_on(self, player: Player) -> None:
        if player.busy is not None and player.finished() and player.committed and player not in self.order:
            self.order.append(player)
        if player.busy is None and player.queue:
            if player.snapshot_after is None:
                player.snapshot_after = len(self.order)
            player.start(player.queue.pop(0))

    def _waits(self, player: Player) -> bool:
        found = self.observer.execute(
            "select cardinality(pg_blocking_pids(%s)) > 0", [player.connection.info.backend_pid]
        )
        return bool(found.fetchone()[0])  # type: ignore[index]

    def _take_moment(self, readers: ThreadPoolExecutor) -> None:
        at = self.observer.execute("select clock_timestamp()").fetchone()[0]  # type: ignore[index]
        committed = frozenset(p.person for p in self.order)
        in_doubt = frozenset(p.person for p in self.players if p.busy == "commit" or (p.early and p.committed is None))
        self.moments.append(Moment(at, committed, in_doubt, readers.submit(self.read, at)))
        # The reader has its answer, or the server says that it waits for a commit: only then the schedule goes on.
        self._until(lambda: self._readers_wait() == sum(not m.read.done() for m in self.moments))
        self.waited_reads += not self.moments[-1].read.done()

    def _readers_wait(self) -> int:
        found = self.observer.execute(
            """select count(*) from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and not granted
                  and database = (select oid from pg_database where datname = current_database())"""
        )
        return int(found.fetchone()[0])  # type: ignore[index]


def connect(url: URL, person: str) -> psycopg.Connection:
    """A connection whose session is somebody's; a deadlock is found at once."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg.connect(address, autocommit=True)
    connection.execute("set deadlock_timeout = '10ms'")
    connection.execute(f"set session authorization {person}")
    return connection
