"""The shape of a KML placemark: points, lines, polygons with holes, and collections of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from geo.formats.values import Bounds, shown
from geo.refusal import Note

_NUMBERS = re.compile(r"[-+0-9.eE,\s]*")
_AROUND_COMMA = re.compile(r"\s*,\s*")
_GATHER: dict[str, Callable[[list[Any]], BaseGeometry]] = {
    "Point": shapely.MultiPoint,
    "LineString": shapely.MultiLineString,
    "Polygon": shapely.MultiPolygon,
}


class _Fault(Exception):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self.note = note


def shape_of(placemark: Element, bounds: Bounds) -> tuple[BaseGeometry | None, Note | None, tuple[Note, ...]]:
    """The shape, or why there is none, and what was odd about it."""
    notes: list[Note] = []
    try:
        parts = [_built(element, bounds, notes) for element in _simple(placemark)]
    except _Fault as fault:
        return None, fault.note, ()
    except (ShapelyError, ValueError):
        return None, Note("shape.too_few_points"), ()
    if sum(map(shapely.get_num_coordinates, parts)) > bounds.vertices:
        return None, Note("shape.too_many_points", {"most": bounds.vertices}), ()
    return _gathered(parts), None, tuple(notes)


def _gathered(parts: list[BaseGeometry]) -> BaseGeometry | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    kinds = {part.geom_type for part in parts}
    return _GATHER[kinds.pop()](parts) if len(kinds) == 1 else shapely.GeometryCollection(parts)


def _simple(element: Element) -> Iterator[Element]:
    for child in element:
        kind = local(child)
        if kind == "MultiGeometry":
            yield from _simple(child)
        elif kind in ("Point", "LineString", "LinearRing", "Polygon"):
            yield child


def _built(element: Element, bounds: Bounds, notes: list[Note]) -> BaseGeometry:
    kind = local(element)
    if kind == "Polygon":
        return _polygon(element, bounds, notes)
    positions = _positions(element, bounds)
    if kind != "Point":
        return shapely.LineString(positions)
    if len(positions) != 1:
        raise _Fault(Note("kml.bad_coordinates", {"found": len(positions)}))
    return shapely.Point(positions[0])


def _polygon(element: Element, bounds: Bounds, notes: list[Note]) -> shapely.Polygon:
    outer = [_ring(ring, bounds, notes) for ring in _rings(element, "outerBoundaryIs")]
    inner = [_ring(ring, bounds, notes) for ring in _rings(element, "innerBoundaryIs")]
    if len(outer) != 1:
        raise _Fault(Note("kml.outer_rings", {"found": len(outer)}))
    return shapely.Polygon(outer[0], inner)


def _rings(polygon: Element, side: str) -> Iterator[Element]:
    """Rings of a side; Google Earth once wrote several into one innerBoundaryIs."""
    return (ring for child in polygon if local(child) == side for ring in child if local(ring) == "LinearRing")


def _ring(element: Element, bounds: Bounds, notes: list[Note]) -> NDArray[np.float64]:
    positions = _positions(element, bounds)
    if len(positions) and (positions[0, :2] != positions[-1, :2]).any():
        positions = np.vstack([positions, positions[:1]])
        notes.append(Note("shape.ring_closed", {"x": f"{positions[0, 0]:.10g}", "y": f"{positions[0, 1]:.10g}"}))
    if len(positions) < 4:
        raise _Fault(Note("shape.too_few_points"))
    return positions


def _positions(element: Element, bounds: Bounds) -> NDArray[np.float64]:
    """(n, 2) or (n, 3) longitudes, latitudes and heights. Blanks around commas are tolerated."""
    text = next((child.text or "" for child in element if local(child) == "coordinates"), "")
    if not _NUMBERS.fullmatch(text):
        odd = next(word for word in text.split() if not _NUMBERS.fullmatch(word))
        raise _Fault(Note("kml.not_numbers", {"found": shown(odd, 40)}))
    tuples = [word.split(",") for word in _AROUND_COMMA.sub(",", text.strip()).split()]
    if len(tuples) > bounds.vertices:
        raise _Fault(Note("shape.too_many_points", {"most": bounds.vertices}))
    widths = set(map(len, tuples))
    if not widths <= {2, 3}:
        odd = ",".join(next(held for held in tuples if len(held) not in (2, 3)))
        raise _Fault(Note("kml.not_numbers", {"found": shown(odd, 40)}))
    width = min(widths, default=2)
    try:
        return np.array([held[:width] for held in tuples], dtype=np.float64).reshape(-1, width)
    except ValueError as error:
        raise _Fault(Note("kml.not_numbers", {"found": shown(text.strip(), 40)})) from error


def local(element: Element) -> str:
    """The name of an element without its namespace: KML comes in four of them, and in none."""
    return str(element.tag).rpartition("}")[2]
