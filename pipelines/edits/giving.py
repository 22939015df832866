"""Give a layer, or the refused rows of a batch, out as an exchange file that can come in again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.crs import from_storage
from geo.formats.values import Column, Kind, Scalar
from geo.formats.writing import Layout, Record, write
from layers.ground.base import SRID
from layers.ground.layer import fields
from layers.records.batches import Batch, RefusedRow
from pipelines.edits.edit import EditRefusal
from pipelines.edits.fields import BATCH_ROW, ID, VERSION

_PORTION = 2000
_KINDS: dict[type, Kind] = {str: "text", int: "integer", float: "real", bool: "boolean", date: "date"}
_SHAPES = {"MULTIPOLYGON": "MultiPolygon", "POINT": "Point", "GEOMETRY": "Unknown"}

SAID = "qs_said"
"""The attribute that says why a row was refused."""


def give_layer(session: Session, layer: type[Any], path: Path, *, epsg: int = SRID, encoding: str = "UTF-8") -> int:
    """Write a layer under its exchange names, with uuid and version, in the CRS asked for; gives the number of rows.

    Townships go out as the last three digits of their code, as exchange files carry them. Raises GeoRefusal.
    """
    described = fields(layer)
    names = {column: field.exchange or column for column, field in described.items()}
    columns = [
        Column(ID, "text", 36),
        Column(VERSION, "integer"),
        *(Column(names[c], _KINDS[layer.__table__.columns[c].type.python_type]) for c in described),
    ]
    layout = Layout(layer.__tablename__, tuple(columns), _SHAPES[layer.shape_kind], epsg, encoding)
    return write(_placed(_rows(session, layer, names), epsg), path, layout)


def give_refused(session: Session, batch_id: int, path: Path) -> int:
    """Write the rows of a batch that still wait, as the file gave them, each with its number and what was said."""
    batch = session.get(Batch, batch_id)
    if batch is None:
        raise EditRefusal("import.no_batch", batch=batch_id)
    waiting = select(RefusedRow).where(RefusedRow.batch == batch_id, RefusedRow.landed_in.is_(None))
    rows = session.scalars(waiting.order_by(RefusedRow.number)).all()
    names = list(dict.fromkeys(name for row in rows for name in row.attributes))
    columns = [Column(BATCH_ROW, "integer"), *(Column(name, "text") for name in names), Column(SAID, "text")]
    records: Iterator[Record] = ((_refused(row, names), row.shape) for row in rows)
    return write(records, path, Layout(f"batch_{batch_id}", tuple(columns), "Unknown"))


def _refused(row: RefusedRow, names: Iterable[str]) -> dict[str, Scalar]:
    given = {name: None if (value := row.attributes.get(name)) is None else str(value) for name in names}
    said = json.dumps([reason["id"] for reason in row.reasons])
    return {BATCH_ROW: row.number, **given, SAID: said}


def _rows(session: Session, layer: type[Any], names: dict[str, str]) -> Iterator[Record]:
    table = layer.__table__
    found = session.execute(select(table).order_by(table.c.id).execution_options(yield_per=_PORTION))
    townships = {name for name, field in fields(layer).items() if field.codes == "townships"}
    for row in found.mappings():
        values = {names[c]: _digits(row[c]) if c in townships else row[c] for c in names}
        yield {ID: str(row["id"]), VERSION: row["version"], **values}, row["shape"]


def _digits(township: str | None) -> str | None:
    return township and township[-3:]


def _placed(records: Iterator[Record], epsg: int) -> Iterator[Record]:
    """The records with their shapes in the CRS asked for, moved a portion at a time."""
    if epsg == SRID:
        yield from records
        return
    portion: list[Record] = []
    for record in records:
        portion.append(record)
        if len(portion) == _PORTION:
            yield from _moved(portion, epsg)
            portion = []
    yield from _moved(portion, epsg)


def _moved(portion: list[Record], epsg: int) -> Iterator[Record]:
    if portion:
        shapes = from_storage(np.array([shape for _, shape in portion], dtype=object), epsg)
        yield from zip((values for values, _ in portion), shapes, strict=True)
