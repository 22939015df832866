"""GeoJSON (RFC 7946, and the older `crs` member), read strictly and feature by feature.

GDAL reads numbers in strings, rings that do not close and wrong nesting without a word, so the structure is checked
here, and GDAL is not asked. Ring orientation is tolerated, as RFC 7946 §3.1.6 tells readers to.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from geo.formats.choice import sole
from geo.formats.columns import undeclared
from geo.formats.geojson.stream import Document, Text
from geo.formats.values import Bounds, Contents, Feature, Format, Scalar, Source, shown
from geo.refusal import GeoRefusal, Note

_CHARACTERS_PER_VERTEX = 48
_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}


class _Fault(Exception):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self.note = note


def sniff(path: Path) -> bool:
    """An opening brace, after a byte order mark or blanks, before any other character."""
    with path.open("rb") as file:
        return file.read(1024).removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{")


@contextmanager
def read(source: Source, layer: str | None, bounds: Bounds) -> Iterator[tuple[Contents, Iterator[Feature]]]:
    """Open a FeatureCollection, a Feature or a bare geometry: one layer, named as the file."""
    with source.path.open("rb") as file:
        document = Document(Text(file, source, bounds.vertices * _CHARACTERS_PER_VERTEX), source)
        rows = _features(document, bounds)
        contents, rows = undeclared(rows, format=FORMAT.name, chosen=sole(layer, source), encoding="UTF-8")
        yield replace(contents, stated_crs=document.crs), rows


def _features(document: Document, bounds: Bounds) -> Iterator[Feature]:
    number = 0
    for number, value in enumerate(document.features(), start=1):
        yield _feature(number, value, bounds)
    members = document.members
    kind = members.get("type")
    if kind == "FeatureCollection" and members.get("features") is True:
        return
    if number or kind not in ("Feature", "GeometryCollection", *_DEPTH):
        raise GeoRefusal("geojson.not_a_collection", type=shown(json.dumps(kind, ensure_ascii=False), 60))
    whole = members if kind == "Feature" else {"type": "Feature", "properties": None, "geometry": members}
    yield _feature(1, whole, bounds)


def _feature(number: int, value: Any, bounds: Bounds) -> Feature:
    try:
        attributes = _attributes(value)
    except _Fault as fault:
        return Feature(number, {}, None, fault.note)
    try:
        return Feature(number, attributes, _geometry(value["geometry"], bounds), notes=_notes(value))
    except _Fault as fault:
        return Feature(number, attributes, None, fault.note)


def _notes(value: dict[str, Any]) -> tuple[Note, ...]:
    """What RFC 7946 asks for and the row lacks, without which it can still be read rightly."""
    geometry = value["geometry"]
    boxes = [held["bbox"] for held in (value, geometry) if isinstance(held, dict) and "bbox" in held]
    odd = any(not _is_box(box) for box in boxes)
    lacks = "properties" not in value
    return (Note("geojson.no_properties"),) * lacks + (Note("geojson.bbox_ignored"),) * odd


def _is_box(value: Any) -> bool:
    return isinstance(value, list) and len(value) in (4, 6) and {*map(type, value)} <= {int, float}


def _attributes(value: Any) -> dict[str, Scalar]:
    if not isinstance(value, dict) or value.get("type") != "Feature" or "geometry" not in value:
        raise _Fault(Note("geojson.not_a_feature"))
    properties = value.get("properties")
    if not isinstance(properties, dict | None):
        raise _Fault(Note("geojson.bad_properties"))
    named = dict(properties or {})
    if isinstance(value.get("id"), str | int) and "id" not in named:
        named["id"] = value["id"]
    return {name: _scalar(held) for name, held in named.items()}


def _scalar(value: Any) -> Scalar:
    """A scalar as it stands; lists and objects as their JSON text."""
    held: Scalar = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
    return held


def _geometry(value: Any, bounds: Bounds) -> BaseGeometry | None:
    if value is None:
        return None
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "GeometryCollection":
        return _collection(value.get("geometries"), bounds)
    if kind not in _DEPTH:
        raise _Fault(Note("geojson.bad_type", {"type": shown(json.dumps(kind, ensure_ascii=False), 60)}))
    try:
        return _build(kind, value.get("coordinates"), bounds)
    except (ShapelyError, ValueError, TypeError, OverflowError) as error:
        raise _Fault(Note("geojson.bad_coordinates", {"type": kind})) from error


def _collection(parts: Any, bounds: Bounds) -> BaseGeometry:
    if not isinstance(parts, list) or any(not isinstance(part, dict) for part in parts):
        raise _Fault(Note("geojson.bad_coordinates", {"type": "GeometryCollection"}))
    if any(part.get("type") == "GeometryCollection" for part in parts):
        raise _Fault(Note("geojson.bad_coordinates", {"type": "GeometryCollection"}))
    return shapely.GeometryCollection([_geometry(part, bounds) for part in parts])


def _build(kind: str, coordinates: Any, bounds: Bounds) -> BaseGeometry:
    """A geometry from coordinates of exactly the nesting its type asks for."""
    if not coordinates:
        if coordinates == []:
            raise _Fault(Note("shape.empty"))
        raise ValueError(kind)
    if kind == "Point":
        return shapely.Point(_positions([coordinates], bounds)[0])
    if kind in ("LineString", "MultiPoint"):
        make = shapely.LineString if kind == "LineString" else shapely.MultiPoint
        return make(_positions(coordinates, bounds))
    _listed(coordinates)
    if kind == "MultiLineString":
        return shapely.MultiLineString([_positions(line, bounds) for line in coordinates])
    if kind == "Polygon":
        return _polygon(coordinates, bounds)
    return shapely.MultiPolygon([_polygon(_listed(rings), bounds) for rings in coordinates])


def _polygon(rings: list[Any], bounds: Bounds) -> shapely.Polygon:
    outer, *holes = [_ring(ring, bounds) for ring in rings]
    return shapely.Polygon(outer, holes)


def _ring(ring: Any, bounds: Bounds) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    positions = _positions(ring, bounds)
    if len(positions) < 4:
        raise _Fault(Note("shape.too_few_points"))
    first, last = positions[0], positions[-1]
    if (first[:2] != last[:2]).any():
        place = {"x": f"{first[0]:.10g}", "y": f"{first[1]:.10g}"}
        raise _Fault(Note("geojson.ring_open", {**place, "x2": f"{last[0]:.10g}", "y2": f"{last[1]:.10g}"}))
    return positions


def _positions(values: Any, bounds: Bounds) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """(n, 2) or (n, 3) finite numbers, and nothing that merely looks like them."""
    if len(_listed(values)) > bounds.vertices:
        raise _Fault(Note("shape.too_many_points", {"most": bounds.vertices}))
    if set(map(type, values)) != {list}:
        raise ValueError("a position is a list")
    kinds = set(map(type, chain.from_iterable(values)))
    if list in kinds:
        raise ValueError("a position holds no lists")
    if not kinds <= {int, float}:
        raise _Fault(Note("geojson.not_numbers"))
    widths = set(map(len, values))
    if min(widths) < 2:
        raise ValueError("a position has two numbers")
    width = 3 if min(widths) >= 3 else 2
    positions = np.array(values if widths == {width} else [v[:width] for v in values], dtype=np.float64)
    if not np.isfinite(positions).all():
        raise _Fault(Note("shape.not_finite"))
    return positions


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError("a list is wanted")
    return value


FORMAT = Format("GeoJSON", (".geojson", ".json"), sniff, read)
