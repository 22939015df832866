"""Read what may be published: every row and column through the allow-list, at one moment of the journal."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from data import facts, judging
from data.releasing import PublicLayer, limits, public_figures, public_layer
from layers.ground.history import last_no, past
from layers.ground.layer import layer_named
from layers.records.stated import standing
from pipelines.publish.public import KINDS, Moment, Public, Quarter, Released, Site, stage_system
from pipelines.publish.reading.forest import Forest, read_forest, villages
from pipelines.publish.reading.selecting import allowed_rows, exact_shapes
from pipelines.publish.reading.shapes import generalised, hectares
from pipelines.restoration import ledger
from pipelines.restoration.plan import stand
from pipelines.restoration.rates import Rates, measure

_LAYERS = ("townships", "mines", "watersheds", "wetlands", "projects", "sections")


def read(engine: Engine, no: int, on: date, plan: facts.Plan) -> tuple[Public, Forest]:
    """Everything that is published of the moment, and the forest on its grid. The same moment gives the same values.

    Raises PastRefusal for a change that was not committed.
    """
    public = read_works(engine, no, on, plan)
    with past(engine, no, on=on) as session:
        forest = read_forest(session, public_layer("plots"))
    return replace(public, villages=villages(forest, public.sites)), forest


def read_works(engine: Engine, no: int, on: date, plan: facts.Plan) -> Public:
    """The same without what is told of the forest's plots and the villages that they name: a moment's work."""
    rates = _rates(engine, no, on)
    quarters = _quarters(plan.start, on)
    with past(engine, no, on=on) as session:
        features = {name: _released(session, public_layer(name)) for name in _LAYERS}
        stands = stand(session, plan, rates, on=on, series=public_figures().series)
        announced = [s for s in standing(session) if s.series in public_figures().series and s.plan is None]
        for said in announced:
            session.expunge(said)
    stages = _stages(engine, no, quarters)
    sites = list(_sites(features, stages, on))
    made_up = stands.made_up or rates.made_up or any(f.values["made_up"] for of in features.values() for f in of)
    return Public(Moment(no, on, made_up), features, sites, quarters, (), rates, stands, announced)


def key_of(layer: str, id: uuid.UUID) -> str:  # noqa: A002 -- as in Refusal
    """The public name of a feature: always the same, and nobody can tell the id from it."""
    return hashlib.sha256(f"{layer}/{id}".encode()).hexdigest()[:12]


def _released(session: Session, allowed: PublicLayer) -> list[Released]:
    rows = session.execute(allowed_rows(allowed)).all()
    shapes = exact_shapes(rows)
    hm2 = hectares(shapes)
    drawn = generalised(shapes, hm2, allowed)
    found = [
        Released(key_of(allowed.layer, row.id), allowed.layer, _told(allowed, row), shape, size)
        for row, shape, size in zip(rows, drawn, hm2, strict=True)
    ]
    return sorted(found, key=lambda f: f.values.get("code") or f.key)


def _told(allowed: PublicLayer, row: Any) -> dict[str, Any]:
    """The columns of the allow-list, numbers no more exactly than areas are told."""
    decimals = limits()["hm2_decimals"].value
    told = {name: getattr(row, name) for name in allowed.columns}
    return {name: round(value, decimals) if isinstance(value, float) else value for name, value in told.items()}


def _rates(engine: Engine, no: int, on: date) -> Rates:
    """Those that may be told: of the present from the ledger, of the past counted anew, which gives the same."""
    found = _every_rate(engine, no, on)
    return replace(found, measured={id_: of for id_, of in found.measured.items() if id_ in public_figures().rates})


def _every_rate(engine: Engine, no: int, on: date) -> Rates:
    with engine.connect() as connection:
        is_last = last_no(connection) == no
    if is_last and (found := ledger.current(engine, on=on)).no == no and not found.uncounted:
        return found
    with past(engine, no, on=on) as session:
        return measure(session, on=on)


def _quarters(start: date, on: date) -> list[Quarter]:
    """The quarters from the plan's first day on, the last one up to the day."""
    found = []
    for year in range(start.year, on.year + 1):
        for quarter, (month, day) in enumerate(((3, 31), (6, 30), (9, 30), (12, 31)), start=1):
            begins = date(year, 3 * quarter - 2, 1)
            if start <= date(year, month, day) and begins <= on:
                found.append(Quarter(f"{year}Q{quarter}", min(on, date(year, month, day))))
    return found


def _stages(engine: Engine, no: int, quarters: Sequence[Quarter]) -> Mapping[str, tuple[str | None, ...]]:
    """Key → its stage at the end of each quarter; None where it was not there."""
    found: dict[str, list[str | None]] = {}
    for n, quarter in enumerate(quarters):
        with past(engine, no, on=quarter.end) as session:
            for key, stage in _stages_now(session):
                found.setdefault(key, [None] * len(quarters))[n] = stage
    return {key: tuple(stages) for key, stages in found.items()}


def _stages_now(session: Session) -> Iterator[tuple[str, str | None]]:
    for name in dict.fromkeys(KINDS.values()):
        table = layer_named(name).__table__
        for row in session.execute(select(table.c.id, table.c.stage)):
            yield key_of(name, row.id), row.stage


def _sites(
    features: Mapping[str, Sequence[Released]], stages: Mapping[str, tuple[str | None, ...]], on: date
) -> Iterator[Site]:
    for kind, layer in KINDS.items():
        counts = judging.done(stage_system(kind))
        for feature in features[layer]:
            if _is_works(kind, feature):
                planned, done = feature.planned_on, counts.includes(feature.stage)
                overdue = planned is not None and planned < on and not done
                yield Site(kind, feature, stages[feature.key], done, overdue)


def _is_works(kind: str, feature: Released) -> bool:
    """Watersheds and wetlands are works where they have a stage, wetlands where they are micro-wetlands too."""
    if kind == "clean-watersheds":
        return feature.stage is not None
    return kind != "micro-wetlands" or bool(feature.micro and feature.stage is not None)
