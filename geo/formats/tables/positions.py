"""Where a line of a coordinate table lies."""

from __future__ import annotations

from geo.formats.tables.cells import has_thousands, number, unpacked
from geo.formats.tables.layout import Layout, Line
from geo.formats.values import shown
from geo.refusal import Note

Position = tuple[float, float]
"""East and north, or longitude and latitude."""


class Fault(Exception):
    """Why a row, or the parcel it is a corner of, has no shape."""

    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self.note = note


def position(line: Line, layout: Layout) -> Position:
    """Raises Fault, naming row and column."""
    return _coordinate(line, layout, layout.east), _coordinate(line, layout, layout.north)


def _coordinate(line: Line, layout: Layout, column: int) -> float:
    cell = line.at(column)
    value = unpacked(cell) if layout.packed else number(cell)
    if value is not None:
        return value
    said: dict[str, object] = {"row": line.number, "column": shown(layout.names[column] or str(column + 1), 40)}
    if cell is None:
        raise Fault(Note("table.no_coordinate", said))
    said["found"] = shown(str(cell), 40)
    raise Fault(Note("table.thousands", said) if has_thousands(cell) else Note("table.not_a_number", said))
