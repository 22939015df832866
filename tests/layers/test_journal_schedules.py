"""A past moment reads the same for ever: every order of the steps of two and three open transactions.

Steps: A, B revise a feature; -A, +A end it and bring it back; save, back: a savepoint and the way back to it;
early: the stamp called before the commit; rr: the snapshot of a repeatable-read transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import psycopg
import pytest
from sqlalchemy import URL, Engine, select, text
from sqlalchemy.orm import Session

from layers.ground.history import last_no, no_at, past
from layers.plots import Plot
from pipelines.edits.apply import apply
from tests.layers.ledger import another
from tests.layers.players import Player, Stage, connect, interleavings
from tests.samples import occasion, plot

State = dict[uuid.UUID, str]
Seat = tuple[str, psycopg.Connection]


class Theatre:
    """A database, three people with rights to edit, and features nobody used before for each schedule."""

    def __init__(
        self, engine: Engine, observer: psycopg.Connection, seats: list[tuple[str, psycopg.Connection]]
    ) -> None:
        self.engine, self.observer, self.seats = engine, observer, seats
        self.used = 0x1000

    def stage(self, program: tuple[tuple[str, ...], ...]) -> Stage:
        features = {name: uuid.UUID(int=self.used + i) for i, name in enumerate("AB")}
        self.used += 2
        with self.engine.begin() as connection:
            for feature in features.values():
                connection.execute(text("insert into layers.plots " + another(feature.int, name="first")))
        players = [
            Player(connection, person, features, steps)
            for (person, connection), steps in zip(self.seats, program, strict=False)
        ]
        return Stage(self.observer, players, lambda at: no_at(self.engine, at))

    def state(self, no: int, features: dict[str, uuid.UUID]) -> State:
        with past(self.engine, no) as then:
            found = then.execute(select(Plot.id, Plot.name).where(Plot.id.in_(features.values())))
            return {row.id: row.name for row in found}

    def present(self, features: dict[str, uuid.UUID]) -> State:
        with Session(self.engine) as session:
            found = session.execute(select(Plot.id, Plot.name).where(Plot.id.in_(features.values())))
            return {row.id: row.name for row in found}

    def since(self, no: int) -> list[tuple[int, str]]:
        with self.engine.connect() as connection:
            found = connection.execute(
                text("select no, person from journal.changes where no > :no order by no"), {"no": no}
            )
            return [(row.no, row.person) for row in found]

    def number(self) -> int:
        with self.engine.connect() as connection:
            return last_no(connection)


@pytest.fixture(scope="module")
def people(server: Engine, login: Callable[[Engine, str], URL]) -> list[str]:
    return [str(login(server, "qingshan_edit").username) for _ in range(3)]


@pytest.fixture
def theatre(server: Engine, engine: Engine, people: list[str]) -> Iterator[Theatre]:
    with server.connect() as connection:
        connection.execute(text(f"alter database {engine.url.database} set synchronous_commit = off"))
    with Session(engine) as session, session.begin():
        apply(session, [plot(1)], occasion())
    with ExitStack() as stack:
        seats = [(person, stack.enter_context(closing(connect(engine.url, person)))) for person in people]
        address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        observer = stack.enter_context(closing(psycopg.connect(address, autocommit=True)))
        yield Theatre(engine, observer, seats)


def perform(theatre: Theatre, program: tuple[tuple[str, ...], ...], schedule: tuple[int, ...]) -> Stage:
    """Play one schedule; what was read while transactions were open must be read again, and be what they wrote."""
    stage = theatre.stage(program)
    features = stage.players[0].features
    since = theatre.number()
    stage.play(schedule)

    made = theatre.since(since)
    assert [no for no, _ in made] == list(range(since + 1, since + 1 + len(made)))
    states = expected_states(stage, theatre.state(since, features), made)
    of_no = {no: theatre.state(no, features) for no in range(since, since + len(made) + 1)}
    assert of_no == dict(enumerate(states, start=since))
    assert theatre.present(features) == states[-1]
    for moment in stage.moments:
        first = moment.read.result()
        assert no_at(theatre.engine, moment.at) == first
        known = {person for no, person in made if no <= first}
        writers = {p.person for p in stage.players if p.groups != [[]]}
        assert moment.committed & writers <= known <= moment.committed | moment.in_doubt
    return stage


def expected_states(stage: Stage, first: State, made: list[tuple[int, str]]) -> list[State]:
    """What stood after each change: what the committed wrote, in the order of their numbers."""
    left = {p.person: [g for g in p.groups if g] for p in stage.players if p.committed}
    states = [first]
    for _, person in made:
        state = dict(states[-1])
        for feature, name in left[person].pop(0):
            key = stage.players[0].features[feature]
            state.pop(key, None)
            if name is not None:
                state[key] = name
        states.append(state)
    assert not any(left.values()), "a change is missing"
    return states


PROGRAMS = {
    "two on one feature": (("A", "commit"), ("A", "commit")),
    "twice on one feature": (("A", "A", "commit"), ("A", "B", "commit")),
    "one takes it back": (("A", "B", "rollback"), ("B", "A", "commit")),
    "against each other": (("A", "B", "commit"), ("B", "A", "commit")),
    "back to a savepoint": (("A", "save", "B", "back", "commit"), ("B", "A", "commit")),
    "opened in a savepoint": (("save", "A", "back", "B", "commit"), ("A", "B", "commit")),
    "ended and revised": (("-A", "commit"), ("A", "B", "commit")),
    "ended and brought back": (("-A", "commit"), ("+A", "commit")),
    "ended, brought back, revised": (("-A", "+A", "A", "commit"), ("A", "commit")),
    "three features of two": (("A", "commit"), ("B", "commit"), ("A", "commit")),
    "three on one": (("A", "commit"), ("A", "commit"), ("A", "commit")),
}  # fmt: skip
EARLY = {
    "an early stamp": (("A", "early", "B", "commit"), ("B", "A", "commit")),
    "early before all": (("early", "A", "B", "commit"), ("B", "commit")),
    "an early stamp between": (("A", "early", "commit"), ("B", "commit")),
}
REPEATABLE = {
    "an old snapshot": (("rr", "A", "commit"), ("B", "commit")),
    "two old snapshots": (("rr", "A", "commit"), ("rr", "B", "commit")),
    "an old snapshot of the same feature": (("rr", "A", "commit"), ("A", "commit")),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_past_moment_reads_the_same_for_ever(theatre: Theatre, name: str) -> None:
    program = PROGRAMS[name]
    landed = 0

    for schedule in interleavings([len(steps) for steps in program]):
        stage = perform(theatre, program, schedule)
        landed += len(stage.order)
        assert {e for p in stage.players for e in p.errors} <= {"40P01", "40001", "23505", "25P02"}

    assert landed


@pytest.mark.parametrize("name", EARLY)
def test_a_moment_asked_while_a_commit_holds_the_lock_waits_for_it(theatre: Theatre, name: str) -> None:
    program = EARLY[name]

    stages = [perform(theatre, program, s) for s in interleavings([len(steps) for steps in program])]

    assert sum(stage.waited_reads for stage in stages)


@pytest.mark.parametrize("name", REPEATABLE)
def test_a_repeatable_read_writer_lands_only_upon_what_it_saw(theatre: Theatre, name: str) -> None:
    program = REPEATABLE[name]
    refused = 0

    for schedule in interleavings([len(steps) for steps in program]):
        stage = perform(theatre, program, schedule)
        for player in (p for p in stage.players if "rr" in p.steps):
            place = stage.order.index(player) if player in stage.order else len(stage.order)
            missed = any(stage.order[player.snapshot_after : place])
            assert bool(player.committed) is not missed
            assert player.errors[:1] == (["40001"] if missed else [])
            refused += missed

    assert refused
