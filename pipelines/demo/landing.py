"""Land the demo county in a database: its base and its past, each step one change, through edits as any other door."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Engine, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geo.area import survey_area
from geo.refusal import Refusal
from layers.ground.base import SRID
from layers.ground.journal import Change, Cursor
from layers.ground.layer import SurveyedLayer, layer_named
from pipelines.demo.values import Demo, Row, Step
from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit, Occasion, Outcome
from pipelines.edits.stating import enter

_PORTION = 1000
_FEATURES = uuid.UUID("3d0b1c54-7e0e-5f57-9d0c-2f0f7a360732")
_LANDED, _WHOLE = "demo", "demo complete with stated values"
"""Cursors: how many steps have landed, and that none is missing. A demo that gains steps takes another name for the
second, so that one which landed before goes on with them."""


class DemoRefusal(Refusal):
    """The demo cannot land here."""


def is_whole(engine: Engine) -> bool:
    """Whether the demo has landed completely. Raises DemoRefusal where others' data would be mixed with it."""
    with Session(engine) as session:
        doors = session.execute(select(Change.door, func.count()).group_by(Change.door)).all()
        if doors and "demo" not in {door for door, _ in doors}:
            raise DemoRefusal("demo.not_empty", changes=sum(count for _, count in doors))
        return session.get(Cursor, _WHOLE) is not None


def land(engine: Engine, demo: Demo, *, person: str, progress: Callable[[int], None]) -> None:
    """Land the steps that have not landed yet; `progress` is told of every portion of rows."""
    with Session(engine) as session:
        cursor = session.get(Cursor, _LANDED)
        landed = cursor.upto if cursor else 0
    for number, step in enumerate(demo.steps, start=1):
        if number <= landed:
            progress(len(step.rows))
            continue
        with Session(engine) as session, session.begin():
            _land_step(session, step, person, progress)
            _mark(session, _LANDED, number)
            if number == len(demo.steps):
                _mark(session, _WHOLE, number)


def _land_step(session: Session, step: Step, person: str, progress: Callable[[int], None]) -> None:
    occasion = Occasion(person, "demo", step.kind, step.effective_on, f"{step.zh} / {step.en}")
    for rows in _portions(step.rows):
        for receipt in apply(session, list(_edits(rows)), occasion):
            if receipt.outcome in (Outcome.REFUSED, Outcome.CONFLICTED):
                raise DemoRefusal("demo.refused", feature=receipt.edit.fields.get("code"), reasons=receipt.reasons)
        progress(len(rows))
    for said in step.stated:
        enter(session, said, occasion, today=step.effective_on)


def _portions(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    yield from (rows[start : start + _PORTION] for start in range(0, len(rows), _PORTION))


def _edits(rows: Sequence[Row]) -> Iterator[Edit]:
    surveyed = [row for row in rows if issubclass(layer_named(row.layer), SurveyedLayer) and "shape" in row.values]
    areas = survey_area(np.array([row.values["shape"] for row in surveyed], dtype=object), epsg=SRID)
    of_record = {feature(row): float(m2) for row, m2 in zip(surveyed, areas, strict=True)}
    for row in rows:
        area = {"survey_area_m2": of_record[feature(row)], "survey_crs": SRID} if feature(row) in of_record else {}
        fields: dict[str, Any] = {} if row.gone else {**row.values, **area}
        yield Edit(row.layer, feature(row), fields, gone=row.gone)


def feature(row: Row) -> uuid.UUID:
    """The id of a feature of the demo: its layer and natural key, so that every machine gives it the same."""
    key = [str(row.values[name]) for name in layer_named(row.layer).natural_key]
    return uuid.uuid5(_FEATURES, "|".join([row.layer, *key]))


def _mark(session: Session, follower: str, upto: int) -> None:
    written = insert(Cursor).values(follower=follower, upto=upto)
    session.execute(written.on_conflict_do_update(index_elements=["follower"], set_={"upto": upto}))
