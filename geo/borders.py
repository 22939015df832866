"""Borders that are known to within so many metres: what of a subject lies within a zone for certain, and at most.

Shapes as in geo/overlay. Distances are measured in a plane of each subject's own: longitude and latitude scaled to
metres at its middle, in which edges stay straight. Away from the middle a metre east is off by the tangent of the
latitude times the angle between: 0.1 % at 13 km to the north or south here. Round corners are drawn with 64 sides and
lose up to 0.12 % of a distance, and GEOS smooths what it widens by up to 1 % of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geo.area import area
from geo.crs import Floats, Shapes, metres_per_degree
from geo.overlay import Mask, areal, divide
from geo.rings import Ints

_QUARTER = 16
"""Sides of a quarter circle."""
_ROOM = 1.1
"""Tolerances around a subject within which zones are looked at: where they are cut off there is no border of theirs."""
_STRETCH = 64
"""Edges of a border that are widened together."""
_SNAP_M = 0.001
"""Neighbours no further apart than that have no border between them."""
_THIN = 1e-8
"""Degrees, 1 mm: of ground that is narrower nothing is certain."""


@dataclass(frozen=True)
class Spans:
    """(n,) m² of each subject within the zones, at least and at most, every place once.

    subject, zone: parallel arrays, in that order, of what is no further apart than the tolerance. What shares ground
    is among them unless nothing but that zone is near.
    """

    low: Floats
    high: Floats
    subject: Ints
    zone: Ints


def spans(subjects: Shapes, zones: Shapes, *, strict_m2: Floats, tolerance_m: float) -> Spans:
    """What subjects share with the union of zones when its border may lie anywhere within a tolerance.

    strict_m2: (n,) what each shares with it as drawn. low ≤ strict ≤ high, and all three are the same where no border
    is near. The border between two zones that adjoin or overlap is none. Raises GeoRefusal.
    """
    low, high, none = strict_m2.copy(), strict_m2.copy(), np.empty(0, dtype=np.int64)
    planes = _Planes.around(subjects, _ROOM * tolerance_m)
    subject, zone = _bordering(planes.windows, zones) if tolerance_m > 0 else (none, none)
    if not len(subject):
        return Spans(low, high, none, none)
    own = planes.enter(subjects, np.arange(len(subjects)))
    cut = planes.enter(areal(shapely.intersection(zones[zone], planes.windows[subject])), subject)
    near = _within(cut, own[subject], tolerance_m)
    some, union = np.unique(subject), _unions(cut, subject)
    reached = _within(shapely.boundary(union), own[some], tolerance_m)
    some, union = some[reached], shapely.set_precision(union[reached], _SNAP_M)
    doubt = _strips(shapely.boundary(union), tolerance_m)
    within, without = _certain(subjects[some], planes.leave(union, some), planes.leave(doubt, some))
    low[some] = np.minimum(within, low[some])
    high[some] = np.maximum(area(subjects[some]) - without, high[some])
    return Spans(low, high, subject[near], zone[near])


@dataclass(frozen=True)
class _Planes:
    """A plane for each of (n,) subjects: its middle in degrees, the metres of a degree east and north of it there.

    windows: (n,) the boxes of the subjects with room around them, in degrees.
    """

    middle: Floats
    metres: Floats
    windows: Shapes

    @classmethod
    def around(cls, subjects: Shapes, room_m: float) -> _Planes:
        bounds = shapely.bounds(subjects).reshape(-1, 4)
        middle = (bounds[:, :2] + bounds[:, 2:]) / 2
        metres = metres_per_degree(middle[:, 1])
        room = room_m / metres
        windows = np.asarray(shapely.box(*(bounds + np.hstack([-room, room])).T), dtype=object)
        return cls(middle, metres, windows)

    def enter(self, shapes: Shapes, which: Ints) -> Shapes:
        """(k,) shapes in degrees, each into the plane of the subject that `which` says."""
        middle, metres = self._of_each_vertex(shapes, which)
        return np.asarray(shapely.transform(shapes, lambda xy: (xy - middle) * metres), dtype=object)

    def leave(self, shapes: Shapes, which: Ints) -> Shapes:
        """The way back."""
        middle, metres = self._of_each_vertex(shapes, which)
        return np.asarray(shapely.transform(shapes, lambda xy: xy / metres + middle), dtype=object)

    def _of_each_vertex(self, shapes: Shapes, which: Ints) -> tuple[Floats, Floats]:
        of = np.repeat(which, shapely.get_num_coordinates(shapes))
        return self.middle[of], self.metres[of]


def _bordering(windows: Shapes, zones: Shapes) -> tuple[Ints, Ints]:
    """Pairs of window and zone that meet, by window, but for windows that one zone covers: no border is near them."""
    tree = shapely.STRtree(windows)
    covered = np.zeros(len(windows), dtype=bool)
    covered[tree.query(zones, predicate="covers")[1]] = True
    zone, window = tree.query(zones, predicate="intersects")
    kept = ~covered[window]
    order = np.lexsort((zone[kept], window[kept]))
    return window[kept][order], zone[kept][order]


def _within(shapes: Shapes, subjects: Shapes, tolerance_m: float) -> Mask:
    """Whether each pair is no further apart. Prepared, or long borders would be held vertex against vertex."""
    shapely.prepare(shapes)
    return np.asarray(shapely.dwithin(shapes, subjects, tolerance_m))


def _unions(shapes: Shapes, group: Ints) -> Shapes:
    """One shape for each run of equal groups."""
    _, first, count = np.unique(group, return_index=True, return_counts=True)
    side_by_side = np.full((len(first), count.max()), None, dtype=object)
    side_by_side[np.repeat(np.arange(len(first)), count), np.arange(len(group)) - np.repeat(first, count)] = shapes
    return np.asarray(shapely.union_all(side_by_side, axis=1), dtype=object)


def _strips(borders: Shapes, tolerance_m: float) -> Shapes:
    """(n,) borders → (n,) the ground within the tolerance of each.

    Widened stretch by stretch: GEOS takes minutes for one line of 100,000 vertices that lie closer than the tolerance.
    """
    lines, border = shapely.get_parts(borders, return_index=True)
    xy, line = shapely.get_coordinates(lines, return_index=True)
    place = np.arange(len(line)) - np.searchsorted(line, line)
    joint = (
        (place > 0) & (place % _STRETCH == 0) & (np.append(line[1:], -1) == line)
    )  # the end of one, the start of next
    stretch = np.cumsum((place == 0) | joint) - 1
    twice = np.flatnonzero(joint)
    xy, of = np.insert(xy, twice, xy[twice], axis=0), np.insert(stretch, twice, stretch[twice] - 1)
    lines = np.asarray(shapely.linestrings(xy, indices=of), dtype=object)
    wide = shapely.buffer(lines, tolerance_m, quad_segs=_QUARTER)
    whose = border[line[(place == 0) | joint]]
    strips = np.full(len(borders), shapely.Polygon(), dtype=object)
    if len(whose):
        strips[np.unique(whose)] = _unions(wide, whose)
    return strips


def _certain(subjects: Shapes, zones: Shapes, doubt: Shapes) -> tuple[Floats, Floats]:
    """(n,) m² of each subject that lie within its zone, and outside it, beyond all doubt.

    doubt: a strip along each zone's border. A part of a subject outside it lies on one side.
    """
    parts, of = shapely.get_parts(divide(subjects, doubt)[1], return_index=True)
    wide = shapely.area(parts) > _THIN * shapely.length(parts)
    parts, of = parts[wide], of[wide]
    x, y = shapely.get_coordinates(shapely.point_on_surface(parts)).T
    shapely.prepare(zones)
    inside: Mask = shapely.contains_xy(zones[of], x, y)
    sides = (np.bincount(of, area(parts) * side, len(subjects)) for side in (inside, ~inside))
    within, without = (np.asarray(m2, dtype=np.float64) for m2 in sides)
    return within, without
