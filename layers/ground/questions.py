"""Questions that every layer answers alike, written once over the class."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from geoalchemy2 import Geometry
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, LargeBinary, and_, any_, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from geo.crs import Shapes
from layers.ground.base import SRID

Key = tuple[Any, ...]


def among(column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Whether a column's value is among many: one array instead of a parameter for each."""
    array = ARRAY(column.type)
    found: ColumnElement[bool] = column == any_(cast(literal(list(values), array), array))
    return found


def by_natural_key(session: Session, layer: type[Any], keys: Collection[Key]) -> dict[Key, uuid.UUID]:
    """Which feature holds each natural key; a key that nobody holds, or that has a gap, is not there."""
    whole = {key for key in keys if None not in key}
    if not whole:
        return {}
    columns = [layer.__table__.c[name] for name in layer.natural_key]
    parts = [
        cast(literal(list(values), ARRAY(column.type)), ARRAY(column.type))
        for column, values in zip(columns, zip(*whole, strict=True), strict=True)
    ]
    wanted = func.unnest(*parts).table_valued(*layer.natural_key, name="wanted").render_derived()
    held = and_(*(column == wanted.c[column.name] for column in columns))
    found = session.execute(select(layer.__table__.c.id, *columns).join(wanted, held))
    return {tuple(row[1:]): row[0] for row in found}


@dataclass(frozen=True)
class Features:
    """Features of a layer, by code: the columns asked for, row by row, and their shapes (EPSG:4490) beside them."""

    rows: Sequence[Any]
    shapes: Shapes

    def __len__(self) -> int:
        return len(self.rows)


def features_near(
    session: Session, layer: type[Any], columns: Sequence[str], near: BaseGeometry, *where: ColumnElement[bool]
) -> Features:
    """The features whose bounding box meets that of `near`: id, code and the columns asked for.

    A layer as large as the county is read in bulk: shapes come as bytes and are decoded together.
    """
    table = layer.__table__
    named = [table.c[name] for name in ("id", "code", *columns)]
    box = func.ST_MakeEnvelope(*near.bounds, SRID, type_=Geometry)
    wkb = func.ST_AsBinary(table.c.shape, type_=LargeBinary).label("wkb")
    found = session.execute(
        select(*named, wkb).where(table.c.shape.op("&&")(box), *where).order_by(table.c.code, table.c.id)
    ).all()
    return Features(found, np.asarray(shapely.from_wkb([row.wkb for row in found]), dtype=object))
