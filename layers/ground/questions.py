"""Questions that every layer answers alike, written once over the class."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, and_, any_, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

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
