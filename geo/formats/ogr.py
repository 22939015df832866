"""Reading through GDAL with exactly one driver: shared by the formats that need it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any, cast

import fiona
import numpy as np
import shapely
from fiona._err import CPLE_BaseError
from fiona.errors import FionaError
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from geo.formats.values import Bounds, Column, Contents, Feature, Kind, LayerListed, Scalar, Source, shown
from geo.refusal import GeoRefusal, Note

_KINDS: dict[str, Kind] = {
    "str": "text",
    "int": "integer",
    "int16": "integer",
    "int32": "integer",
    "int64": "integer",
    "float": "real",
    "float32": "real",
    "bool": "boolean",
    "date": "date",
    "time": "time",
    "datetime": "datetime",
    "bytes": "bytes",
}
# What GDAL says that fiona has no word of its own for comes as the second, which is in no public module.
_FAULTS = (FionaError, CPLE_BaseError, OSError, ValueError, TypeError, AttributeError)
_FROM_TEXT = {"date": date.fromisoformat, "time": time.fromisoformat, "datetime": datetime.fromisoformat}


@contextmanager
def collection(source: Source, *, driver: str, layer: str | None, **options: Any) -> Iterator[Any]:
    """An open fiona collection. Raises GeoRefusal when the driver cannot open it."""
    try:
        # enabled_drivers is the one that works: allowed_drivers is silently ignored.
        opened = fiona.open(source.path, layer=layer, enabled_drivers=[driver], **options)
    except _FAULTS as error:
        raise _unreadable(source, error) from error
    with opened:
        yield opened


@contextmanager
def chosen_layer(
    source: Source,
    *,
    driver: str,
    format_name: str,
    layers: tuple[LayerListed, ...],
    chosen: LayerListed,
    bounds: Bounds,
) -> Iterator[tuple[Contents, Iterator[Feature]]]:
    """One layer of a database file, whose text is UTF-8. Raises GeoRefusal when the driver cannot open it."""
    with collection(source, driver=driver, layer=chosen.name) as opened:
        known = columns(opened, source)
        contents = Contents(
            format=format_name,
            layer=chosen.name,
            layers=layers,
            count=chosen.count,
            columns=known,
            encoding="UTF-8",
            stated_crs=stated_crs(opened),
        )
        yield contents, features(opened, source, known, bounds)


def columns(opened: Any, source: Source) -> tuple[Column, ...]:
    """The attributes of a collection. Raises GeoRefusal where their names are in no encoding."""
    try:
        return tuple(_column(name, str(kind)) for name, kind in opened.schema["properties"].items())
    except _FAULTS as error:
        raise _unreadable(source, error) from error


def stated_crs(opened: Any) -> str | None:
    """The WKT of a collection, None when it has none or GDAL's own placeholder for none. Raises GeoRefusal."""
    try:
        wkt = str(opened.crs_wkt or "")
    except (*_FAULTS, NameError) as error:  # fiona may ask for a variable that it never set.
        raise GeoRefusal("crs.unreadable", stated=shown(str(error), 120)) from error
    return wkt if wkt and "undefined" not in wkt[:60].lower() and '["unknown"' not in wkt[:60].lower() else None


def features(opened: Any, source: Source, known: tuple[Column, ...], bounds: Bounds) -> Iterator[Feature]:
    """The rows of a collection, in file order. Raises GeoRefusal where the driver cannot go on."""
    kinds = {column.name: column.kind for column in known}
    for number, record in enumerate(_records(opened, source), start=1):
        attributes = {name: _scalar(value, kinds[name]) for name, value in record.properties.items()}
        shape, refusal = _shape(record.geometry, bounds)
        yield Feature(number, attributes, shape, refusal)


def _records(opened: Any, source: Source) -> Iterator[Any]:
    records = iter(opened)
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except _FAULTS as error:
            raise _unreadable(source, error) from error
        yield record


def _unreadable(source: Source, error: Exception) -> GeoRefusal:
    detail = str(error).replace(str(source.path), source.name)
    return GeoRefusal("file.unreadable", name=source.name, detail=shown(detail, 200))


def _column(name: str, declared: str) -> Column:
    kind, _, width = declared.partition(":")
    digits = width.partition(".")[0]
    return Column(name, _KINDS.get(kind, "text"), int(digits) if digits.isdigit() else None)


def _scalar(value: Any, kind: Kind) -> Scalar:
    if value is None:
        return None
    if kind in _FROM_TEXT and isinstance(value, str):
        try:
            return cast(Scalar, _FROM_TEXT[kind](value))
        except ValueError:
            return value
    if kind == "boolean":
        return bool(value)
    held: Scalar = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | tuple) else value
    return held


def _shape(geometry: Any, bounds: Bounds) -> tuple[BaseGeometry | None, Note | None]:
    if geometry is None:
        return None, None
    try:
        with np.errstate(invalid="ignore"):  # NaN is refused with its row, not warned of.
            shape = _built(geometry.type, geometry.coordinates, geometry)
    except (ShapelyError, ValueError, TypeError, AttributeError):
        return None, Note("shape.too_few_points")
    if shapely.get_num_coordinates(shape) > bounds.vertices:
        return None, Note("shape.too_many_points", {"most": bounds.vertices})
    return shape, None


def _built(kind: str, coordinates: Any, geometry: Any) -> BaseGeometry:
    """As shapely.geometry.shape, but polygons by way of arrays, which takes half the time."""
    if kind == "Polygon":
        return _polygon(coordinates)
    if kind == "MultiPolygon":
        return shapely.MultiPolygon([_polygon(rings) for rings in coordinates])
    return shapely.geometry.shape(geometry)


def _polygon(rings: Any) -> shapely.Polygon:
    outer, *holes = [np.array(ring, dtype=np.float64) for ring in rings]
    return shapely.Polygon(outer, holes)
