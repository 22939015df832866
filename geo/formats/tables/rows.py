"""The rows of a coordinate table as features: corners of parcels, points, or shapes in WKT."""

from __future__ import annotations

import re
from collections.abc import Iterator

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from geo.formats.tables.layout import Layout, Line
from geo.formats.tables.parcels import parcels
from geo.formats.tables.positions import Fault, position
from geo.formats.values import Bounds, Feature, shown
from geo.refusal import Note

EWKT = re.compile(r"SRID\s*=\s*(\d+)\s*;", re.IGNORECASE)


def features(lines: Iterator[Line], layout: Layout, bounds: Bounds) -> Iterator[Feature]:
    """What the lines below the heading hold, in their order."""
    below = (line for line in lines if line.number > layout.heading)
    if layout.kind == "parcels":
        yield from parcels(below, layout, bounds)
        return
    rows = (line for line in below if not line.blank)
    for count, line in enumerate(rows, start=1):
        attributes = {name: line.at(at) for name, at in layout.attributes.items()}
        shape, refusal = _single(line, layout, bounds)
        yield Feature(count, attributes, shape, refusal)


def _single(line: Line, layout: Layout, bounds: Bounds) -> tuple[BaseGeometry | None, Note | None]:
    most = len(layout.names)
    if any(line.at(at) is not None for at in range(most, len(line.cells))):
        return None, Note("table.too_many_cells", {"row": line.number, "most": most})
    try:
        if layout.kind == "wkt":
            return _from_wkt(line, layout.roles["wkt"], bounds), None
        return shapely.Point(position(line, layout)), None
    except Fault as fault:
        return None, fault.note


def _from_wkt(line: Line, column: int, bounds: Bounds) -> BaseGeometry | None:
    held = line.at(column)
    return None if held is None else from_wkt(str(held), line.number, bounds)


def from_wkt(text: str, row: int, bounds: Bounds) -> BaseGeometry:
    """The shape of a WKT or EWKT, whose SRID is left to the caller. Raises Fault, naming the row."""
    try:
        if text.upper().count("GEOMETRYCOLLECTION") > 1:
            raise ValueError("collections in collections")
        shape = shapely.from_wkt(EWKT.sub("", text, count=1))
    except (ShapelyError, ValueError) as error:
        raise Fault(Note("table.bad_wkt", {"row": row, "text": shown(text, 40)})) from error
    if shapely.get_num_coordinates(shape) > bounds.vertices:
        raise Fault(Note("shape.too_many_points", {"most": bounds.vertices}))
    return shape
