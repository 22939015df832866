"""How a coordinate table is laid out: where it begins, which columns place a row, and what its rows are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, NamedTuple

from geo.formats.tables.cells import number
from geo.formats.tables.headings import Role, places, roles_of
from geo.formats.values import Scalar, shown
from geo.refusal import Note

Kind = Literal["wkt", "parcels", "points"]
Measured = Literal["longitude", "latitude", "easting", "northing"]

AHEAD = 1000
"""Rows by which a table is judged."""

_HEADING_WITHIN = 30
_PACKED = re.compile(r"d+\.?mm?\.?ss?|度\.分秒|度\.分\.秒", re.IGNORECASE)
_CONTROL = re.compile("控制点|水准点|像控点|三角点|^等级$")
_CORNERS = 3


class Line(NamedTuple):
    """A row of a sheet. number: as the sender sees it, from 1."""

    number: int
    cells: tuple[Scalar, ...]

    @property
    def blank(self) -> bool:
        return all(cell is None or cell == "" for cell in self.cells)

    def at(self, column: int | None) -> Scalar:
        """A cell; None beyond the end of the row, and for text without any."""
        if column is None or column >= len(self.cells):
            return None
        cell = self.cells[column]
        return cell.strip() or None if isinstance(cell, str) else cell


@dataclass(frozen=True)
class Layout:
    """heading: its line, 0 when there is none. north, east: columns, -1 where a WKT places the row.

    packed: degrees are written as ddd.mmss, because the heading says so.
    """

    heading: int
    names: tuple[str, ...]
    roles: dict[Role, int]
    kind: Kind
    north: int = -1
    east: int = -1
    notes: tuple[Note, ...] = ()
    packed: bool = False

    @property
    def attributes(self) -> dict[str, int]:
        """The columns that say something of a row besides its place; two of one name are told apart."""
        placing = {self.north, self.east, self.roles.get("wkt", -1)}
        if self.kind == "parcels":
            placing |= {self.roles[role] for role in ("ring", "point", "number", "beside") if role in self.roles}
        return {name: at for at, name in enumerate(self.names) if name and at not in placing}


def layout_of(lines: Sequence[Line]) -> Layout | None:
    """The layout that the first lines show; None when they place nothing."""
    for at, line in enumerate(lines[:_HEADING_WITHIN]):
        roles = roles_of(line.cells)
        if places(roles):
            return _headed(line, roles, lines[at + 1 :], lines[:at])
    return _headless(lines)


def _headed(line: Line, roles: dict[Role, int], below: Sequence[Line], above: Sequence[Line]) -> Layout:
    names = _names(line.cells)
    if "wkt" in roles:
        return Layout(line.number, names, roles, "wkt", notes=_passed(above))
    north, east, notes = _axes(names, roles, below)
    kind = _kind(roles, names, below, [*above, line])
    packed = any(_PACKED.search(names[at]) for at in (north, east))
    said = (Note("table.packed_angles", {"north": shown(names[north], 40), "east": shown(names[east], 40)}),) * packed
    return Layout(line.number, names, roles, kind, north, east, (*_passed(above), *notes, *said), packed)


def _passed(above: Sequence[Line]) -> tuple[Note, ...]:
    """What stands over the heading: a title, mostly, yet it may be a boundary's name."""
    said = [(line.number, cell) for line in above for cell in line.cells if cell not in (None, "")]
    if not said:
        return ()
    return (Note("table.above", {"row": said[0][0], "text": shown(str(said[0][1]), 40), "count": len(said)}),)


def _axes(names: Sequence[str], roles: dict[Role, int], below: Sequence[Line]) -> tuple[int, int, tuple[Note, ...]]:
    """Columns of northing and easting. Only for x and y, which mean either, the values are asked."""
    if {"north", "east"} <= roles.keys():
        return roles["north"], roles["east"], ()
    x, y = roles["x"], roles["y"]
    if _measured(below, x) in ("longitude", "easting") and _measured(below, y) in ("latitude", "northing"):
        return y, x, (Note("table.x_is_east", {"x": shown(names[x], 40), "y": shown(names[y], 40)}),)
    return x, y, ()


def _kind(roles: dict[Role, int], names: Sequence[str], below: Sequence[Line], head: Sequence[Line]) -> Kind:
    """Rows are corners of parcels when they are numbered as such or parcels repeat, or when nothing else is said.

    head: the heading and what stands over it, where a list of control points says what it is.
    """
    if any(_CONTROL.search(str(cell)) for line in head for cell in line.cells):
        return "points"
    if "point" in roles or "ring" in roles:
        return "parcels"
    if "parcel" in roles:
        repeated = Counter(line.at(roles["parcel"]) for line in below if line.at(roles["parcel"]) is not None)
        return "parcels" if not repeated or max(repeated.values()) >= _CORNERS else "points"
    said = [at for at, name in enumerate(names) if name and at not in roles.values()]
    return "points" if said else "parcels"


def _headless(lines: Sequence[Line]) -> Layout | None:
    """By the values alone: one column of each axis, as coordinates in China cannot be mistaken for others."""
    width = max((len(line.cells) for line in lines), default=0)
    found: dict[Measured, list[int]] = {}
    for at in range(width):
        measured = _measured(lines, at)
        if measured is not None:
            found.setdefault(measured, []).append(at)
    for north, east in (("northing", "easting"), ("latitude", "longitude")):
        columns = _beside(found.get(north, []), found.get(east, []))  # type: ignore[call-overload]
        if columns is not None:
            note = Note("table.no_heading", {"north": columns[0] + 1, "east": columns[1] + 1})
            return Layout(0, ("",) * width, {}, "parcels", *columns, notes=(note,))
    return None


def _beside(norths: list[int], easts: list[int]) -> tuple[int, int] | None:
    """The only pair of columns, or the first that stand side by side: a height behind them may look like a degree."""
    pairs = [(north, east) for north in norths for east in easts]
    near = [pair for pair in pairs if abs(pair[0] - pair[1]) == 1]
    if len(pairs) > 1 and len(norths) > 1 and len(easts) > 1:
        return None
    return min(near if len(pairs) > 1 else pairs, key=max, default=None)


def _measured(lines: Iterable[Line], column: int) -> Measured | None:
    """What the values of a column can only be, in China: 73–136°E, 3–54°N, zones 13–45, the equator below 6,000 km."""
    values = [value for line in lines if (value := number(line.at(column))) is not None]
    if not values:
        return None
    middle = median(values)
    if 73 <= middle <= 136 or 3 <= middle <= 54:
        whole = all(value == int(value) for value in values)
        return None if whole else "longitude" if middle >= 73 else "latitude"
    if 100_000 <= middle < 1_000_000 or 13_000_000 <= middle < 46_000_000:
        return "easting"
    return "northing" if 1_000_000 <= middle < 6_000_000 else None


def _names(cells: Sequence[Scalar]) -> tuple[str, ...]:
    seen: Counter[str] = Counter()
    names = []
    for cell in cells:
        name = "" if cell is None else " ".join(str(cell).split())
        seen[name] += 1
        names.append(name if not name or seen[name] == 1 else f"{name} {seen[name]}")
    return tuple(names)
