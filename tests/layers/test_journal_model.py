"""1,000 random sequences of changes against a model of twenty lines, on both axes: known by a number, true on a day."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.orm import Session

from layers.ground.history import deltas, past
from layers.plots import Plot
from pipelines.edits.apply import apply
from pipelines.edits.undo import undo
from tests.layers.ledger import another, number
from tests.samples import occasion, plot

SEQUENCES, CHANGES, FEATURES = 1000, 24, 3
"""So many sequences, each on features of its own; a change holds a step of many sequences."""
DAYS = [date(2025, 1, 1) + timedelta(days=30 * n) for n in range(12)]
Name = str | None


@dataclass
class Model:
    """Of each feature, every version: (number of its change, the day it is true from, its name or None for the end)."""

    versions: dict[int, list[tuple[int, date, Name]]] = field(default_factory=dict)
    played: set[int] = field(default_factory=set)

    def at(self, no: int, on: date) -> dict[int, str]:
        """Of the versions known at no and effective by the day, the one known last; gone if that is an end."""
        found = {}
        for feature, versions in self.versions.items():
            known = [name for n, day, name in versions if n <= no and day <= on]
            if known and known[-1] is not None:
                found[feature] = known[-1]
        return found

    def write(self, no: int, on: date, after: dict[int, Name]) -> None:
        before = self.at(no, date.max)
        for feature, name in after.items():
            if before.get(feature) != name:
                self.versions.setdefault(feature, []).append((no, on, name))

    def deltas(self, after: int, upto: int) -> set[tuple[int, Name, Name]]:
        before, now = self.at(after, date.max), self.at(upto, date.max)
        touched = {f for f, versions in self.versions.items() if any(after < n <= upto for n, _, _ in versions)}
        return {(f, before.get(f), now.get(f)) for f in touched if f in before or f in now}


def steps(chance: random.Random, features: range, standing: dict[int, str]) -> Iterator[tuple[str, dict[int, Name]]]:
    """Statements on features, each with what it writes; some within a savepoint that is taken back."""
    alive = dict(standing)
    for _ in range(chance.randint(1, 4)):
        feature = chance.choice(features)
        wanted: dict[int, Name] = {feature: f"n{chance.randrange(10**6)}"}
        if feature not in alive:
            yield "insert into layers.plots " + another(feature, name=str(wanted[feature])), wanted
        elif chance.random() < 0.3:
            wanted = {feature: None}
            yield f"delete from layers.plots where id = '{uuid.UUID(int=feature)}'", wanted
        else:
            yield f"update layers.plots set name = '{wanted[feature]}' where id = '{uuid.UUID(int=feature)}'", wanted
        alive.update({f: n for f, n in wanted.items() if n is not None})
        alive = {f: n for f, n in alive.items() if wanted.get(f, n) is not None}


def one_sequence(
    connection: Connection, chance: random.Random, features: range, state: dict[int, str]
) -> dict[int, Name]:
    """Play the statements of one sequence within this change; what they come to."""
    script, after = [], {}
    for statement, wrote in steps(chance, features, state):
        script.append(statement)
        after.update(wrote)
    if chance.random() < 0.3:
        taken_back = [
            s for s, _ in steps(chance, features, {f: n for f, n in (state | after).items() if n is not None})
        ]
        script += ["savepoint s", *taken_back, "rollback to s"]
    connection.exec_driver_sql(";".join(script))
    return after


def change(engine: Engine, chance: random.Random, model: Model, no: int) -> None:
    """One change over the steps of many sequences: with a day of its own, often in the past."""
    on = chance.choice(DAYS)
    state = model.at(no, date.max)
    after: dict[int, Name] = {}
    with engine.begin() as connection:
        connection.execute(text("insert into journal.changes (effective_on) values (:on)"), {"on": on})
        for sequence in chance.sample(range(SEQUENCES), SEQUENCES // (1 if no == 2 else 5)):
            features = range(1000 + FEATURES * sequence, 1000 + FEATURES * (sequence + 1))
            model.played.add(sequence)
            own = {f: state[f] for f in features if f in state}
            after |= one_sequence(connection, chance, features, own)
    model.write(no, on, after)


def take_back(engine: Engine, chance: random.Random, model: Model, no: int) -> None:
    """Undo an earlier change: what nobody touched since goes back, the rest is listed."""
    undone, on = chance.randint(max(2, no - 3), no - 1), chance.choice(DAYS)
    with Session(engine) as session, session.begin():
        left = undo(session, undone, occasion(door="undo", effective_on=on)).touched_since
    did = {feature: before for feature, before, _ in model.deltas(undone - 1, undone)}
    last = {feature: max(n for n, _, _ in model.versions[feature]) for feature in did}
    assert {d.id.int for d in left} == {feature for feature in did if last[feature] != undone}
    model.write(no, on, {feature: before for feature, before in did.items() if last[feature] == undone})


def names(session: Session) -> dict[int, str]:
    found = session.execute(select(Plot.id, Plot.name).where(Plot.id != uuid.UUID(int=1)))
    return {row.id.int: row.name for row in found}


def test_a_thousand_random_sequences_read_as_their_model_says(engine: Engine) -> None:
    chance, model = random.Random("a thousand random sequences"), Model()
    with Session(engine) as session, session.begin():
        apply(session, [plot(1)], occasion(effective_on=date(2000, 1, 1)))

    for _ in range(CHANGES):
        no = number(engine) + 1  # an undo that finds everything touched since makes no change
        (take_back if no > 4 and chance.random() < 0.2 else change)(engine, chance, model, no)

    assert len(model.played) == SEQUENCES
    last = number(engine)
    with Session(engine) as now:
        present = names(now)
    for no in range(1, last + 1):
        for day in (None, *chance.sample(DAYS, 2), date(2024, 12, 31)):
            with past(engine, no, on=day) as then:
                assert names(then) == model.at(no, day or date.max), (no, day)
    with past(engine, last) as then:
        assert names(then) == present
        columns = [c for c in Plot.__table__.c if c.name != "shape"]
        was = then.execute(select(*columns, Plot.shape.ST_AsEWKB()).order_by(Plot.id)).all()
    with Session(engine) as now:
        assert now.execute(select(*columns, Plot.shape.ST_AsEWKB()).order_by(Plot.id)).all() == was


def test_what_changes_did_together_is_what_the_model_says(engine: Engine) -> None:
    chance, model = random.Random("what changes did"), Model()
    with Session(engine) as session, session.begin():
        apply(session, [plot(1)], occasion())
    while (no := number(engine) + 1) < 14:
        (take_back if no > 4 and chance.random() < 0.3 else change)(engine, chance, model, no)

    for _ in range(8):
        after, upto = sorted(chance.sample(range(1, 14), 2))
        with past(engine, after) as then:
            before = names(then)
        with past(engine, upto) as then:
            now = names(then)
        with Session(engine) as session:
            found = deltas(session, after=after, upto=upto, layers=["plots"])
        wanted = model.deltas(after, upto)
        assert {(d.id.int, before.get(d.id.int), now.get(d.id.int)) for d in found} == wanted
        assert {d.id.int for d in found if d.before is None} == {f for f, was, _ in wanted if was is None}
        assert {d.id.int for d in found if d.after is None} == {f for f, _, now_is in wanted if now_is is None}
        assert len(found) == len(wanted)
