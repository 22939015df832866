"""Give a layer, or the refused rows of a batch, out as an exchange file that can come in again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data import facts
from data.texts import text
from geo.crs import DEGREES, from_storage, zones
from geo.formats.values import Column, Kind, Scalar
from geo.formats.writing import Layout, Record, write
from layers.ground.base import SRID
from layers.ground.layer import fields
from layers.records.batches import Batch, RefusedRow
from pipelines.edits.edit import EditRefusal
from pipelines.files.fields import BATCH_ROW, ID, SAID, VERSION, township_digits

_PORTION = 2000
_KINDS: dict[type, Kind] = {str: "text", int: "integer", float: "real", bool: "boolean", date: "date"}
_SHAPES = {
    "MULTIPOLYGON": "MultiPolygon",
    "MULTILINESTRING": "MultiLineString",
    "MULTIPOINT": "MultiPoint",
    "POINT": "Point",
    "GEOMETRY": "Unknown",
}


_OF_PARCEL = {"code": "地块编号", "name": "地块名称", "land_class": "地类编码"}
"""The columns that a survey coordinate TXT has room for."""


def give_layer(
    session: Session,
    layer: type[Any],
    path: Path,
    *,
    epsg: int = SRID,
    encoding: str | None = None,
    day: date | None = None,
) -> int:
    """Write a layer under its exchange names, with uuid and version, in the CRS asked for; gives the number of rows.

    Townships go out as the last three digits of their code, as exchange files carry them. A survey coordinate TXT has
    room for code, name and land class alone, says the day it was made, and is in GBK unless `encoding` says otherwise,
    as the tools it is for expect; a shapefile is in UTF-8. Raises GeoRefusal, and EditRefusal when a shapefile
    is to hold points, lines and polygons together.
    """
    _check_crs(epsg)
    if path.suffix.lower() == ".txt":
        header = {"数据产生单位": facts.county().zh, "数据产生日期": day.isoformat() if day else ""}
        return _give_parcels(session, layer, path, Layout("", (), epsg=epsg, encoding=encoding or "GBK", header=header))
    described = fields(layer)
    names = {column: field.exchange or column for column, field in described.items()}
    columns = [
        Column(ID, "text", 36),
        Column(VERSION, "integer"),
        *(Column(names[c], _KINDS[layer.__table__.columns[c].type.python_type]) for c in described),
    ]
    layout = Layout(layer.__tablename__, tuple(columns), _kind(session, layer, path), epsg, encoding or "UTF-8")
    return write(_placed(_rows(session, layer, names), epsg), path, layout)


def _give_parcels(session: Session, layer: type[Any], path: Path, layout: Layout) -> int:
    names = {column: name for column, name in _OF_PARCEL.items() if column in fields(layer)}
    records = ((values | {"地块用途": layer.zh}, shape) for values, shape in _rows(session, layer, names))
    return write(_placed(records, layout.epsg), path, layout)


def give_refused(session: Session, batch_id: int, path: Path) -> int:
    """Write the rows of a batch that still wait, as the file gave them and in its CRS; each says its number and why."""
    batch = session.get(Batch, batch_id)
    if batch is None:
        raise EditRefusal("import.no_batch", batch=batch_id)
    if path.suffix.lower() == ".txt":
        raise EditRefusal("export.refused_as_txt", name=path.name)
    waiting = select(RefusedRow).where(RefusedRow.batch == batch_id, RefusedRow.landed_in.is_(None))
    rows = session.scalars(waiting.order_by(RefusedRow.number)).all()
    names = list(dict.fromkeys(name for row in rows for name in row.attributes if name not in (BATCH_ROW, SAID)))
    columns = [Column(BATCH_ROW, "integer"), *(Column(name, "text") for name in names), Column(SAID, "text")]
    records: Iterator[Record] = ((_refused(row, names), row.shape) for row in rows)
    layout = Layout(f"batch_{batch_id}", tuple(columns), "Unknown", batch.epsg)
    return write(_placed(records, batch.epsg), path, layout)


def _check_crs(epsg: int) -> None:
    if epsg not in zones() and epsg not in DEGREES:
        raise EditRefusal("export.crs", epsg=epsg)


def _kind(session: Session, layer: type[Any], path: Path) -> str:
    """The kind of shape that the file is declared to hold. A shapefile holds one kind only."""
    if layer.shape_kind != "GEOMETRY" or path.suffix.lower() != ".zip":
        return _SHAPES[layer.shape_kind]
    kinds = sorted(session.scalars(select(func.GeometryType(layer.__table__.c.shape)).distinct()))
    if len(kinds) > 1:
        raise EditRefusal("export.mixed", layer=layer.__tablename__, kinds=", ".join(kinds))
    return _SHAPES[kinds[0]] if kinds else "MultiPolygon"


def _refused(row: RefusedRow, names: Iterable[str]) -> dict[str, Scalar]:
    given = {name: None if (value := row.attributes.get(name)) is None else str(value) for name in names}
    said = ";".join(text(reason["id"], "zh", reason["values"]) for reason in row.reasons)
    return {BATCH_ROW: row.number, **given, SAID: said}


def _rows(session: Session, layer: type[Any], names: dict[str, str]) -> Iterator[Record]:
    table = layer.__table__
    found = session.execute(select(table).order_by(table.c.id).execution_options(yield_per=_PORTION))
    townships = {name for name, field in fields(layer).items() if field.codes == "townships"}
    for row in found.mappings():
        values = {names[c]: township_digits(row[c]) if c in townships else row[c] for c in names}
        yield {ID: str(row["id"]), VERSION: row["version"], **values}, row["shape"]


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
