"""Two writers and the follower in every order of their steps: what is stored is the count at its number, always."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from layers.ground.history import past
from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit
from pipelines.restoration import ledger
from pipelines.restoration.rates import Rates, measure
from tests.layers.players import interleavings
from tests.samples import ended, occasion, plot, revised, square, strip, township

DAY = date(2026, 6, 30)
Step = Callable[[], object]


def writer(engine: Engine, *edits: Edit) -> tuple[Session, list[Step]]:
    """A transaction in two steps: its edits, its commit."""
    session = Session(engine)
    return session, [lambda: apply(session, edits, occasion()), session.commit]


def follower(engine: Engine) -> tuple[Session, list[Step]]:
    """A count in three steps: the cursor, which fixes what is seen; the count; the commit."""
    session = Session(engine.execution_options(isolation_level="REPEATABLE READ"))
    held: list[object] = []
    return session, [
        lambda: held.append(ledger.lock(session)),
        lambda: ledger.catch_up(session, held[0], DAY),  # type: ignore[arg-type]
        session.commit,
    ]


@pytest.fixture
def county(engine: Engine) -> Engine:
    with Session(engine) as session, session.begin():
        towns = [township(n, strip(10 * n, 10)) for n in range(3)]
        apply(session, [*towns, plot(1), plot(11), plot(21)], occasion())
    ledger.follow(engine, on=DAY)
    return engine


def programs() -> Iterator[tuple[str, tuple[Edit, ...], tuple[Edit, ...], tuple[Edit, ...]]]:
    """Name, what the two writers do, and what brings everything back."""
    back = (revised(1, shape=square(1)), revised(11, shape=square(11)))
    yield "one township", (revised(1, shape=square(12)),), (revised(11, shape=square(13)),), back
    again = (plot(11), Edit("plots", plot(30).id, {}, gone=True))
    yield "one comes, one goes", (plot(30, shape=square(2)),), (ended(11),), again


@pytest.mark.parametrize("program", list(programs()), ids=lambda p: p[0])
def test_in_every_order_the_ledger_is_the_count_at_its_number(
    county: Engine, program: tuple[str, tuple[Edit, ...], tuple[Edit, ...], tuple[Edit, ...]]
) -> None:
    _, one, other, back = program
    full = {1: present(county)}
    lacking = set()

    for order in interleavings([2, 2, 3]):
        players = [writer(county, *one), writer(county, *other), follower(county)]
        turn = [0, 0, 0]
        for who in order:
            players[who][1][turn[who]]()
            turn[who] += 1
            if who < 2 and turn[who] == 2:
                full[len(full) + 1] = present(county)
            stored = read(county)
            assert stored.measured == full[stored.no].measured
            lacking.add(stored.uncounted)
        for session, _steps in players:
            session.close()
        ledger.follow(county, on=DAY)
        assert read(county).measured == full[len(full)].measured
        with Session(county) as session, session.begin():
            apply(session, back, occasion())
        full[len(full) + 1] = present(county)

    assert lacking == {0, 1, 2, 3}  # changes that were not counted yet: those of both writers, and the way back
    with past(county, 2) as then:
        assert measure(then, on=DAY).measured == full[2].measured


def present(engine: Engine) -> Rates:
    """Everything counted as it stands: what the last change came to."""
    with Session(engine) as session:
        return measure(session, on=DAY)


def read(engine: Engine) -> Rates:
    with Session(engine) as session:
        stored = ledger.read(session)
    assert stored is not None
    return stored
