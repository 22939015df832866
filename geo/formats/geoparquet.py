"""GeoParquet: shapes as WKB beside columns, read a few rows at a time, whatever the file says of its groups.

Only plain values are taken; nothing is looked up outside the file, and no type of an extension is built.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from geo.formats.choice import choose
from geo.formats.values import Bounds, Column, Contents, Feature, Format, Kind, LayerListed, Scalar, Source, shown
from geo.refusal import GeoRefusal, Note

_ROWS = 500
_KINDS: tuple[tuple[Any, Kind], ...] = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_integer, "integer"),
    (pa.types.is_floating, "real"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "datetime"),
    (pa.types.is_time, "time"),
    (pa.types.is_binary, "bytes"),
)
_PLAIN = (str, int, float, bool, bytes, type(None))


def sniff(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


@contextmanager
def read(source: Source, layer: str | None, bounds: Bounds) -> Iterator[tuple[Contents, Iterator[Feature]]]:
    """Open the file's one layer, named as the file. Raises GeoRefusal for what is damaged or no GeoParquet."""
    try:
        # One thread, and no reading ahead: the sandbox counts memory.
        opened = pq.ParquetFile(source.path, pre_buffer=False, memory_map=False, arrow_extensions_enabled=False)
    except (OSError, ValueError) as error:
        raise GeoRefusal("geoparquet.damaged", name=source.name, detail=shown(str(error), 200)) from error
    with opened:
        chosen = choose((LayerListed(Path(source.name).stem, opened.metadata.num_rows, "Unknown"),), layer, source)
        name, crs = _shapes(opened, source)
        columns = tuple(_column(one) for one in opened.schema_arrow if one.name != name)
        contents = Contents(FORMAT.name, chosen.name, (chosen,), chosen.count, columns, "UTF-8", crs)
        yield contents, _features(opened, source, name, bounds)


def _shapes(opened: pq.ParquetFile, source: Source) -> tuple[str, str | None]:
    """The column that holds the shapes, and their CRS: PROJJSON; by the standard, longitudes of WGS 84 unless said."""
    try:
        said = json.loads((opened.schema_arrow.metadata or {})[b"geo"])
        name = str(said["primary_column"])
        column = said["columns"][name]
        encoding, crs = str(column["encoding"]), column.get("crs", "OGC:CRS84")
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise GeoRefusal("geoparquet.no_shapes", name=source.name) from error
    if encoding != "WKB" or name not in opened.schema_arrow.names:
        raise GeoRefusal("geoparquet.encoding", name=source.name, encoding=shown(encoding))
    return name, crs if isinstance(crs, str | None) else json.dumps(crs)


def _column(field: pa.Field) -> Column:
    return Column(field.name, next((kind for is_kind, kind in _KINDS if is_kind(field.type)), "text"))


def _features(opened: pq.ParquetFile, source: Source, name: str, bounds: Bounds) -> Iterator[Feature]:
    number = 0
    try:
        for batch in opened.iter_batches(batch_size=_ROWS, use_threads=False):
            for row in batch.to_pylist():
                number += 1
                shape, refusal = _shape(row.pop(name), bounds)
                yield Feature(number, {column: _scalar(value) for column, value in row.items()}, shape, refusal)
    except (OSError, ValueError) as error:
        raise GeoRefusal("geoparquet.damaged", name=source.name, detail=shown(str(error), 200)) from error


def _shape(wkb: Any, bounds: Bounds) -> tuple[BaseGeometry | None, Note | None]:
    if wkb is None:
        return None, None
    if not isinstance(wkb, bytes):
        return None, Note("geoparquet.bad_shape")
    if len(wkb) // 16 > 2 * bounds.vertices:
        return None, Note("shape.too_many_points", {"most": bounds.vertices})
    try:
        return shapely.from_wkb(wkb), None
    except (ShapelyError, ValueError, TypeError):
        return None, Note("geoparquet.bad_shape")


def _scalar(value: Any) -> Scalar:
    if isinstance(value, _PLAIN) or hasattr(value, "isoformat"):
        held: Scalar = value
        return held
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)


FORMAT = Format("GeoParquet", (".parquet", ".geoparquet"), sniff, read)
