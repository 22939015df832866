"""What each source sent of a feature, and over which values its next row is to be merged.

A value that stands may be overwritten by a file only when a file brought it, or the feature's writer had it before
them. Everything else was somebody's edit: where the file wants something else, that is a conflict.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, insert, literal_column, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from layers.ground.base import SRID
from layers.ground.journal import Change
from layers.ground.layer import AREA_OF_RECORD, from_json, to_json
from layers.ground.questions import among
from layers.records.batches import Batch, Sent
from pipelines.edits.merge import same

Values = Mapping[str, Any]

_PLACES = 7
_UNSAID = object()

_KEEP = text("""
    insert into records.sent (layer, source, batch, feature, over, values, shape)
    select :layer, :source, :batch, feature, over, cast(spoken as jsonb), cast(shape as geometry)
      from unnest(cast(:features as uuid[]), cast(:overs as bigint[]), cast(:spoken as text[]), cast(:shapes as text[]))
           as said(feature, over, spoken, shape)
""")
"""One statement for a portion of rows: a file has as many of these as it has of features."""


@dataclass(frozen=True)
class Message:
    """What one source sent last of one feature, as JSON but for the shape. values: None when its file ended it."""

    source: str
    batch: int
    over: int | None
    values: Values | None
    shape: BaseGeometry | None

    def says(self, values: Values, over: int | None) -> bool:
        """Whether it is just this. The area of record follows from the shape and counts for nothing of its own."""
        if self.values is None or self.over != over:
            return False
        said = _without_area(_said(values))
        as_before = {name: self.values.get(name, _UNSAID) for name in said}
        return said == as_before and alike(self.shape, values["shape"])

    def fields(self, table: Any) -> dict[str, Any]:
        """The columns' values."""
        held = {name: from_json(table.c[name], value) for name, value in (self.values or {}).items()}
        return held | {"shape": self.shape}


class Memory:
    """What files have said of the features of one layer, and the place where this one's say is kept."""

    def __init__(self, session: Session, layer: type[Any], source: str) -> None:
        self._session, self._table, self._source = session, layer.__table__, source
        self._undone = _undone_batches(session)

    def recall(self, features: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Message]]:
        """The last message of every source that spoke of each feature, the newest first."""
        of_feature: dict[uuid.UUID, list[Message]] = defaultdict(list)
        if not features:
            return of_feature
        found = (
            select(Sent.feature, Sent.source, Sent.batch, Sent.over, Sent.values, Sent.shape)
            .ext(distinct_on(Sent.feature, Sent.source))
            .where(Sent.layer == self._table.name, among(Sent.feature, features))
            .order_by(Sent.feature, Sent.source, Sent.batch.desc())
        )
        if self._undone:
            found = found.where(Sent.batch.not_in(self._undone))
        for feature, *message in self._session.execute(found):
            of_feature[feature].append(Message(*message))
        for messages in of_feature.values():
            messages.sort(key=lambda m: m.batch, reverse=True)
        return of_feature

    def keep(self, batch: int, said: Sequence[tuple[uuid.UUID, Values, int | None, Sequence[Message]]]) -> None:
        """Keep what this file says: feature, values, the version its row was made over, and what was said before.

        What the source said before of columns that this file lacks is kept with it.
        """
        rows = {
            "features": [feature for feature, *_ in said],
            "overs": [over for _, _, over, _ in said],
            "spoken": [_json(self._earlier(messages) | _said(values)) for _, values, _, messages in said],
            "shapes": list(_ewkb([values["shape"] for _, values, *_ in said])),
        }
        key = {"source": self._source, "layer": self._table.name, "batch": batch}
        self._session.execute(_KEEP, rows | key)

    def keep_ends(self, batch: int, features: Sequence[uuid.UUID]) -> None:
        """Keep that this file ended features."""
        key = {"source": self._source, "layer": self._table.name, "batch": batch, "values": None, "shape": None}
        if features:
            self._session.execute(insert(Sent), [{**key, "feature": f} for f in features])

    def of_source(self, messages: Sequence[Message]) -> Message | None:
        """What this source said last."""
        return next((m for m in messages if m.source == self._source and m.values is not None), None)

    def _earlier(self, messages: Sequence[Message]) -> dict[str, Any]:
        own = self.of_source(messages)
        return dict(own.values or {}) if own else {}

    def base(self, values: Values, stands: Values | None, messages: Sequence[Message]) -> dict[str, Any] | None:
        """The base over which the values are to be merged; None for a feature that is new.

        stands: the feature's row, None when it is not there. It is new, too, when the last word on it was a file's end.
        """
        own = self.of_source(messages)
        if stands is None:
            if not messages or messages[0].values is None:
                return None
            return (own or messages[0]).fields(self._table)
        others = [m.fields(self._table) for m in messages if m.values is not None and m is not own]
        mine = own.fields(self._table) if own else {}
        return {name: mine[name] if name in mine else self._before(name, stands, others) for name in values}

    def _before(self, name: str, stands: Values, others: Sequence[Values]) -> Any:
        """What stood in a column before anybody edited it by hand, for a source that has never spoken of it."""
        sent = [values[name] for values in others if name in values]
        now, default = stands.get(name), self._table.c[name].default
        if any(same(value, now) for value in sent) or (default is not None and now == default.arg and not sent):
            return now
        return sent[0] if sent else None


class Seen:
    """Which features the file has spoken of already: in the database, because a file may have any length."""

    def __init__(self, session: Session) -> None:
        self._session = session
        session.execute(text("drop table if exists pg_temp.intake_seen"))
        session.execute(text("create temp table intake_seen (feature uuid primary key, number int) on commit drop"))

    @staticmethod
    def lacks(column: ColumnElement[uuid.UUID]) -> ColumnElement[bool]:
        """Whether nothing was said of a feature."""
        return column.not_in(select(literal_column("feature")).select_from(text("pg_temp.intake_seen")))

    def before(self, rows: Sequence[tuple[uuid.UUID, int]]) -> dict[int, int]:
        """Of (feature, row number): the rows whose feature was spoken of, with the row that did; marks all."""
        features, numbers = [feature for feature, _ in rows], [number for _, number in rows]
        self._session.execute(
            text("""
            insert into pg_temp.intake_seen select * from unnest(cast(:features as uuid[]), cast(:numbers as int[]))
            on conflict do nothing
            """),
            {"features": features, "numbers": numbers},
        )
        firsts = self._session.execute(
            text("select feature, number from pg_temp.intake_seen where feature = any(cast(:features as uuid[]))"),
            {"features": features},
        )
        first = {row[0]: row[1] for row in firsts}
        return {number: first[feature] for feature, number in rows if first[feature] != number}


def alike(one: BaseGeometry | None, other: BaseGeometry | None) -> bool:
    """Whether two shapes are the same drawing: formats turn rings round and change the order of parts."""
    if one is None or other is None:
        return False
    return same(one, other) or same(_in_order(one), _in_order(other))


def _in_order(shape: BaseGeometry) -> BaseGeometry:
    """Rings turned one way, parts from west to east; the rounding hides what a way through another CRS does."""
    turned: BaseGeometry = shapely.orient_polygons(shape)
    parts = list(shapely.get_parts(turned))
    if len(parts) == 1:
        return turned
    bounds = np.round(shapely.bounds(parts), _PLACES)
    together: BaseGeometry = shapely.geometrycollections([parts[i] for i in np.lexsort(bounds.T)])
    return together


def brings_area(values: Values, base: Values, stands: Values, *, versioned: bool) -> bool:
    """Whether a row's area of record is to be written: with its shape, or to a shape that has none yet.

    versioned: the row came out of here, so that a shape left as it was is no survey of it.
    """
    as_before, as_it_stands = same(values["shape"], base.get("shape")), same(values["shape"], stands["shape"])
    if as_it_stands:
        return not versioned
    return not as_before and same(base.get("shape"), stands["shape"])


def _undone_batches(session: Session) -> list[int]:
    """The batches whose change stands undone; an undo that was undone itself does not count."""
    undoing = select(Change.id, Change.undoes).where(Change.undoes.is_not(None)).order_by(Change.id.desc())
    undone: set[int] = set()
    for change, undoes in session.execute(undoing):
        if change not in undone and undoes is not None:
            undone.add(undoes)
    return list(session.scalars(select(Batch.id).where(among(Batch.change, undone)))) if undone else []


def _json(values: Values) -> str:
    return json.dumps(values, ensure_ascii=False)


def _ewkb(shapes: Sequence[BaseGeometry]) -> Any:
    """(n,) shapes as hexadecimal text, which PostGIS reads."""
    return shapely.to_wkb(shapely.set_srid(shapes, SRID), hex=True, include_srid=True)


def _said(values: Values) -> dict[str, Any]:
    return {name: to_json(value) for name, value in values.items() if name != "shape"}


def _without_area(values: Values) -> Values:
    return {name: value for name, value in values.items() if name not in AREA_OF_RECORD}
