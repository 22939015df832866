"""Parcels from the lines of their corners: parted by name or blank lines, rings by number or where they close."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

import numpy as np

from geo.formats.tables.headings import places, roles_of
from geo.formats.tables.layout import Layout, Line
from geo.formats.tables.positions import Fault, Position, position
from geo.formats.values import Bounds, Feature, Scalar, shown
from geo.nesting import even_odd
from geo.refusal import Note

CORNERS = 3
"""The fewest that make a ring."""
_NUMBERED = re.compile(r"[A-Za-z]{0,3}-?\d{1,6}")


def parcels(lines: Iterator[Line], layout: Layout, bounds: Bounds) -> Iterator[Feature]:
    """One feature a parcel; a corner that cannot be read refuses its parcel."""
    for count, keyed in groupby(_keyed(lines, layout), key=lambda keyed: keyed[0]):
        draft = _Draft(layout, bounds)
        for _, line in keyed:
            draft.add(line)
        yield draft.feature(count)


def _keyed(lines: Iterator[Line], layout: Layout) -> Iterator[tuple[int, Line]]:
    """Lines with the count of their parcel, which changes with the parcel's name, else after blank lines.

    An empty name is the one before it: merged cells hold their value in the first alone.
    """
    column = layout.roles.get("parcel")
    count, name, parted = 0, None, True
    for line in lines:
        if line.blank:
            parted = parted or column is None
            continue
        if places(roles_of(line.cells)):
            continue  # The heading once more, over the next parcel or page.
        here = line.at(column)
        if not _is_beside(line, layout) and (parted or (here is not None and here != name)):
            count, name, parted = count + 1, here, False
        yield max(count, 1), line


def _is_beside(line: Line, layout: Layout) -> bool:
    """Whether a line between corners is none itself: a title, a signature, the length of an edge."""
    if line.at(layout.north) is not None or line.at(layout.east) is not None:
        return False
    said = _said(line, layout)
    return not said or (len(said) == 1 and not _NUMBERED.fullmatch(said[0]))


def _said(line: Line, layout: Layout) -> list[str]:
    beside = layout.roles.get("beside")
    return [str(line.at(at)) for at in range(len(line.cells)) if at != beside and line.at(at) is not None]


class _Draft:
    """A parcel whose lines are still being read."""

    def __init__(self, layout: Layout, bounds: Bounds) -> None:
        self._layout, self._bounds = layout, bounds
        self._held: dict[str, set[Scalar]] = {name: set() for name in layout.attributes}
        self._notes: list[Note] = []
        self._refusal: Note | None = None
        self._corners: list[tuple[Scalar, Position]] = []
        self._row = 0

    def add(self, line: Line) -> None:
        if _is_beside(line, self._layout):
            self._notes += [
                Note("table.row_passed", {"row": line.number, "text": shown(text, 40)})
                for text in _said(line, self._layout)
            ]
            return
        self._row = self._row or line.number
        for name, at in self._layout.attributes.items():
            self._held[name] |= {line.at(at)} - {None}
        try:
            self._keep(line.at(self._layout.roles.get("ring")), position(line, self._layout))
        except Fault as fault:
            self._refusal = self._refusal or fault.note

    def _keep(self, ring: Scalar, corner: Position) -> None:
        if len(self._corners) == self._bounds.vertices:
            raise Fault(Note("shape.too_many_points", {"most": self._bounds.vertices}))
        self._corners.append((ring, corner))

    def feature(self, count: int) -> Feature:
        """The parcel; of its attributes, what all corners agree on."""
        attributes = {name: next(iter(values)) if len(values) == 1 else None for name, values in self._held.items()}
        rings = [] if self._refusal else list(rings_of(self._corners))
        refusal = self._refusal or self._too_few(rings)
        shape = even_odd([np.array(ring) for ring in rings]) if rings and refusal is None else None
        return Feature(count, attributes, shape, refusal, tuple(self._notes))

    def _too_few(self, rings: list[list[Position]]) -> Note | None:
        fewest = min((len(set(ring)) for ring in rings), default=CORNERS)
        if fewest >= CORNERS:
            return None
        return Note("table.too_few", {"row": self._row, "count": fewest, "least": CORNERS})


def rings_of(corners: Iterable[tuple[object, Position]]) -> Iterator[list[Position]]:
    """Rings from corners with the number of theirs: one ends with its number, and where it comes back to its first."""
    for _, group in groupby(corners, key=lambda corner: corner[0]):
        ring: list[Position] = []
        for _, corner in group:
            if ring and corner == ring[-1]:
                continue
            ring.append(corner)
            if len(ring) > CORNERS and corner == ring[0]:
                yield ring
                ring = []
        if ring:
            yield ring
