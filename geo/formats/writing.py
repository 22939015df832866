"""Writing exchange files. What each format cannot hold stands in docs/formats.md; nothing is cut off silently."""

from __future__ import annotations

import base64
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import fiona
import shapely
from pyproj import CRS
from pyproj.enums import WktVersion
from shapely.geometry.base import BaseGeometry

from geo.formats.survey_txt.writing import write_parcels
from geo.formats.values import Column, Scalar, shown
from geo.refusal import GeoRefusal

Record = tuple[dict[str, Scalar], BaseGeometry | None]

_DBF_TEXT = 254
_DBF_NAME = 10
_DBF_INTEGER = 10**17
_DBF_REAL = 1e22

_PACKAGE_KINDS = {
    "text": "str", "integer": "int64", "real": "float", "boolean": "bool", "date": "date",
    "time": "str", "datetime": "datetime", "bytes": "bytes",
}  # fmt: skip
_TABLE_KINDS = {
    "text": "str", "integer": "int:18", "real": "float:24.15", "boolean": "int:1", "date": "date",
    "time": "str:15", "datetime": "str:32", "bytes": "str:254",
}  # fmt: skip


_GATHER: dict[str, Callable[[list[Any]], BaseGeometry]] = {
    "MultiPolygon": shapely.MultiPolygon,
    "MultiLineString": shapely.MultiLineString,
    "MultiPoint": shapely.MultiPoint,
}


@dataclass(frozen=True)
class Layout:
    """A layer to be written. columns: with the names they shall have in the file. kind: MultiPolygon, Point, …

    epsg: the CRS the shapes are in. encoding: of a shapefile's table or a TXT, UTF-8 or GBK. header: what a TXT says of
    itself besides.
    """

    name: str
    columns: tuple[Column, ...]
    kind: str = "MultiPolygon"
    epsg: int = 4490
    encoding: str = "UTF-8"
    header: Mapping[str, str] = field(default_factory=dict)


def write(records: Iterable[Record], path: Path, layout: Layout) -> int:
    """Write attributes and shapes to a .zip (of a shapefile), .gpkg, .geojson or .txt; gives the number of rows.

    The file appears whole or not at all. Raises GeoRefusal for an unknown ending, a value its format cannot hold, or
    a name of more than 10 bytes in a shapefile.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise GeoRefusal("write.unknown_kind", name=shown(path.name), kinds="、".join(_WRITERS))
    with tempfile.TemporaryDirectory(prefix=".qingshan-", dir=path.parent) as folder:
        made = Path(folder) / f"out{path.suffix.lower()}"
        count = writer(records, made, layout)
        os.replace(made, path)
    return count


def write_package(layers: Iterable[tuple[Layout, Iterable[Record]]], path: Path, *, at: datetime) -> None:
    """Write several layers to a new .gpkg that says it was written `at`: the same bytes for the same layers."""
    with fiona.Env(OGR_CURRENT_DATE=at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")):
        for layout, records in layers:
            _write_geopackage(records, path, layout)


def _write_shapefile(records: Iterable[Record], made: Path, layout: Layout) -> int:
    for column in layout.columns:
        if len(column.name.encode(layout.encoding)) > _DBF_NAME:
            raise GeoRefusal("write.name_too_long", column=column.name, most=_DBF_NAME)
    inner = made.with_suffix(".shp")
    kind = layout.kind if layout.kind == "MultiPoint" else layout.kind.removeprefix("Multi")
    schema = {"geometry": kind, "properties": [(c.name, _table_kind(c)) for c in layout.columns]}
    count = _through_gdal(
        (_for_table(record, layout) for record in _numbered(records)),
        inner, "ESRI Shapefile", layout, schema, encoding=layout.encoding,
    )  # fmt: skip
    inner.with_suffix(".cpg").write_text("UTF-8" if layout.encoding == "UTF-8" else "936", "ascii")
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for ending in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
            archive.write(inner.with_suffix(ending), f"{layout.name}{ending}")
    return count


def _write_geopackage(records: Iterable[Record], made: Path, layout: Layout) -> int:
    schema = {"geometry": layout.kind, "properties": [(c.name, _PACKAGE_KINDS[c.kind]) for c in layout.columns]}
    plain = (({n: _isotime(v) for n, v in row.items()}, _of_kind(shape, layout.kind)) for row, shape in records)
    return _through_gdal(plain, made, "GPKG", layout, schema, layer=layout.name)


def _write_geojson(records: Iterable[Record], made: Path, layout: Layout) -> int:
    head: dict[str, Any] = {"type": "FeatureCollection", "name": layout.name}
    if layout.epsg != 4326:
        head["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{layout.epsg}"}}
    count = 0
    with made.open("w", encoding="utf-8") as file:
        file.write(_json(head)[:-1] + ',"features":[')
        for count, (attributes, shape) in enumerate(records, start=1):
            file.write(",\n" if count > 1 else "\n")
            file.write(_feature(count, attributes, shape))
        file.write("\n]}\n")
    return count


def _write_survey_txt(records: Iterable[Record], made: Path, layout: Layout) -> int:
    return write_parcels(records, made, epsg=layout.epsg, encoding=layout.encoding, header=layout.header)


def _numbered(records: Iterable[Record]) -> Iterator[tuple[int, dict[str, Scalar], BaseGeometry | None]]:
    """Records with their row numbers, from 1."""
    for number, (attributes, shape) in enumerate(records, start=1):
        yield number, attributes, shape


def _through_gdal(
    records: Iterable[Record], path: Path, driver: str, layout: Layout, schema: dict[str, Any], **options: Any
) -> int:
    count = 0
    with fiona.open(path, "w", driver=driver, schema=schema, crs_wkt=_wkt(layout.epsg, driver), **options) as out:
        for attributes, shape in records:
            count += 1
            geometry = None if shape is None else shapely.geometry.mapping(shape)
            out.write({"type": "Feature", "properties": attributes, "geometry": geometry})
    return count


def _wkt(epsg: int, driver: str) -> str:
    """A shapefile takes Esri's WKT, the others the present one with its authority code."""
    version = WktVersion.WKT1_ESRI if driver == "ESRI Shapefile" else WktVersion.WKT2_2019
    return str(CRS.from_epsg(epsg).to_wkt(version))


def _table_kind(column: Column) -> str:
    return f"str:{min(column.width or _DBF_TEXT, _DBF_TEXT)}" if column.kind == "text" else _TABLE_KINDS[column.kind]


def _for_table(record: tuple[int, dict[str, Scalar], BaseGeometry | None], layout: Layout) -> Record:
    number, attributes, shape = record
    widths = {c.name: min(c.width or _DBF_TEXT, _DBF_TEXT) for c in layout.columns if c.kind == "text"}
    held = {name: _table_value(value) for name, value in attributes.items()}
    for name, value in held.items():
        _refuse_unheld(number, name, value, widths.get(name, _DBF_TEXT), layout.encoding)
    return held, shape


def _refuse_unheld(number: int, name: str, value: Scalar, width: int, encoding: str) -> None:
    if isinstance(value, str):
        try:
            length = len(value.encode(encoding))
        except UnicodeEncodeError as error:
            raise GeoRefusal("write.not_in_encoding", row=number, column=name, encoding=encoding) from error
        if length > width:
            raise GeoRefusal("write.text_too_long", row=number, column=name, bytes=length, most=width)
    if isinstance(value, int) and abs(value) >= _DBF_INTEGER:
        raise GeoRefusal("write.number_too_large", row=number, column=name)
    if isinstance(value, float) and not abs(value) < _DBF_REAL:  # NaN is not less either.
        raise GeoRefusal("write.number_too_large", row=number, column=name)


def _table_value(value: Scalar) -> Scalar:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return _isotime(value)


def _of_kind(shape: BaseGeometry | None, kind: str) -> BaseGeometry | None:
    """A single part as the multipart that the layer is declared to hold."""
    if shape is None or kind != f"Multi{shape.geom_type}":
        return shape
    return _GATHER[kind]([shape])


def _isotime(value: Scalar) -> Scalar:
    return value.isoformat() if isinstance(value, time) else value


def _feature(number: int, attributes: dict[str, Scalar], shape: BaseGeometry | None) -> str:
    try:
        properties = _json({name: _json_value(value) for name, value in attributes.items()})
    except ValueError as error:
        raise GeoRefusal("write.not_finite", row=number) from error
    geometry = "null" if shape is None else shapely.to_geojson(shape)
    return f'{{"type":"Feature","properties":{properties},"geometry":{geometry}}}'


def _json_value(value: Scalar) -> Scalar:
    if isinstance(value, date | time):  # A datetime is a date.
        return value.isoformat()
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


_WRITERS: dict[str, Callable[[Iterable[Record], Path, Layout], int]] = {
    ".zip": _write_shapefile,
    ".gpkg": _write_geopackage,
    ".geojson": _write_geojson,
    ".txt": _write_survey_txt,
}
