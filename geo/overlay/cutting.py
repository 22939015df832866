"""Pieces of shapes within zones, and overlapping shapes made disjoint: results depend on the shapes and their order.

No cut is believed unseen. Along lines that nearly coincide GEOS may hand out a whole polygon for the piece that two
share, though they only touch (JTS issue 1000, GEOS issue 1344): every piece is held against its subject and its zone,
and cut again on a grid where it fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryType
from shapely.errors import GEOSException

from geo.area import area
from geo.crs import Floats, Shapes
from geo.refusal import GeoRefusal
from geo.rings import Ints

Mask = NDArray[np.bool_]

_GRIDS = (1e-12, 1e-11, 1e-10)
"""Degrees to which a doubtful cut is rounded, one after the other: 0.1 µm to 10 µm on the ground."""
_THIN = 1e-10
"""Degrees: what is narrower is rounding, not ground."""


@dataclass(frozen=True)
class Pieces:
    """Parallel arrays, in the order of subject, then zone: which subject, which zone, and the ground they share."""

    subject: Ints
    zone: Ints
    shape: Shapes

    def __len__(self) -> int:
        return len(self.subject)


def overlap(subjects: Shapes, zones: Shapes) -> Pieces:
    """Every subject cut by every zone with which it shares ground.

    A subject that a zone covers is its own piece, unchanged, and so is a zone that a subject covers. What only touches
    shares nothing. Raises GeoRefusal.
    """
    tree = shapely.STRtree(subjects)
    zone, subject = tree.query(zones, predicate="intersects")
    inside = _among(tree.query(zones, predicate="covers"), zone, subject, len(subjects))
    around = ~inside & _boxed(subjects, zones, subject, zone)
    around[around] = shapely.covers(subjects[subject[around]], zones[zone[around]])
    pieces = np.where(inside, subjects[subject], zones[zone])
    crossing = ~(inside | around)
    pieces[crossing] = divide(subjects[subject[crossing]], zones[zone[crossing]])[0]
    kept = np.flatnonzero(~shapely.is_empty(pieces))
    kept = kept[np.lexsort((zone[kept], subject[kept]))]
    return Pieces(subject[kept], zone[kept], pieces[kept])


def flatten(shapes: Shapes) -> Shapes:
    """(n,) shapes in order of precedence → (n,) what is left of each once all before it have taken their ground.

    Every place that any of them covers belongs to exactly one; a shape of which nothing is left is empty. A shape that
    overlaps none before it comes back as it is. Raises GeoRefusal.
    """
    first, second = overlapping(shapes)
    left = np.array(shapes, dtype=object)
    turn = np.arange(len(second)) - np.searchsorted(second, second)
    for now in range(turn.max(initial=-1) + 1):
        losers, winners = second[turn == now], first[turn == now]
        left[losers] = divide(left[losers], shapes[winners])[1]
    return left


def counted_once(shapes: Shapes, m2: Floats) -> Floats:
    """(n,) shapes in order of precedence and their areas → (n,) m² of what is left of each, as flattened."""
    left = flatten(shapes) if len(shapes) > 1 else shapes
    fewer = np.array([now is not before for now, before in zip(left, shapes, strict=True)], dtype=bool)
    own = m2.copy()
    if fewer.any():
        own[fewer] = area(left[fewer])
    return own


def divide(subjects: Shapes, zones: Shapes) -> tuple[Shapes, Shapes]:
    """(n,) subjects by (n,) zones, pair by pair: what lies within and what lies without, together the subject.

    Raises GeoRefusal where no way of cutting gives parts that can be believed.
    """
    within, without = _cut(subjects, zones, None)
    doubtful = np.flatnonzero(~_believable(subjects, zones, within, without))
    for grid in _GRIDS:
        if not len(doubtful):
            break
        within[doubtful], without[doubtful] = _cut(subjects[doubtful], zones[doubtful], grid)
        of = (part[doubtful] for part in (subjects, zones, within, without))
        doubtful = doubtful[~_believable(*of)]
    if len(doubtful):
        lon, lat = shapely.get_coordinates(shapely.point_on_surface(subjects[doubtful[0]]))[0]
        raise GeoRefusal("overlay.doubtful", lon=f"{lon:.5f}", lat=f"{lat:.5f}")
    return within, without


def _cut(subjects: Shapes, zones: Shapes, grid: float | None) -> tuple[Shapes, Shapes]:
    within = tried(lambda a, b: shapely.intersection(a, b, grid_size=grid), subjects, zones)
    return areal(within), areal(tried(lambda a, b: shapely.difference(a, b, grid_size=grid), subjects, zones))


def tried(cut: Callable[[Shapes, Shapes], Shapes], subjects: Shapes, zones: Shapes) -> Shapes:
    """(n,) what a cut gives, pair by pair; nothing where GEOS gives up, which no check of areas believes."""
    try:
        return np.asarray(cut(subjects, zones), dtype=object)
    except GEOSException:
        if len(subjects) == 1:
            return np.array([shapely.Polygon()], dtype=object)
        parts = [slice(0, len(subjects) // 2), slice(len(subjects) // 2, None)]
        return np.concatenate([tried(cut, subjects[part], zones[part]) for part in parts])


def _believable(subjects: Shapes, zones: Shapes, within: Shapes, without: Shapes) -> Mask:
    """Whether the parts sum to the subject, and each lies on its side of the zone."""
    whole, missing = shapely.area(subjects), shapely.area(subjects) - shapely.area(within) - shapely.area(without)
    sums = np.abs(missing) <= 1e-9 * whole + _THIN * shapely.length(subjects)
    shapely.prepare(zones)
    return np.asarray(sums & _lie(within, zones, inside=True) & _lie(without, zones, inside=False))


def _lie(shapes: Shapes, zones: Shapes, *, inside: bool) -> Mask:
    """Whether a point in the middle of every part of a shape lies inside its zone, or outside."""
    parts, of = shapely.get_parts(shapes, return_index=True)
    ground = broad(parts)
    parts, of = parts[ground], of[ground]
    points = shapely.get_coordinates(shapely.point_on_surface(parts))
    right = np.ones(len(shapes), dtype=bool)
    right[of[shapely.contains_xy(zones[of], points) != inside]] = False
    return right


def overlapping(shapes: Shapes) -> tuple[Ints, Ints]:
    """The pairs (i, j), i before j, whose interiors meet, by j, then i.

    In a clean coverage every edge meets its like: only shapes with an edge that does not can overlap another.
    """
    suspects = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)))
    near, other = shapely.STRtree(shapes).query(shapes[suspects], predicate="intersects")
    pairs = np.unique(np.sort(np.column_stack([suspects[near], other]), axis=1)[:, ::-1], axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    meet = shapely.relate_pattern(shapes[pairs[:, 0]], shapes[pairs[:, 1]], "T********")
    return pairs[meet, 1], pairs[meet, 0]


def _boxed(subjects: Shapes, zones: Shapes, subject: Ints, zone: Ints) -> Mask:
    """Whether the bounding box of each subject holds that of its zone."""
    outer, inner = shapely.bounds(subjects)[subject], shapely.bounds(zones)[zone]
    return np.asarray((outer[:, :2] <= inner[:, :2]).all(axis=1) & (outer[:, 2:] >= inner[:, 2:]).all(axis=1))


def _among(pairs: Ints, zone: Ints, subject: Ints, n: int) -> Mask:
    """Whether each (zone, subject) is among the pairs."""
    return np.isin(zone * n + subject, pairs[0] * n + pairs[1])


def broad(shapes: Shapes) -> Mask:
    """Which shapes are ground, and not the rounding of a cut."""
    return np.asarray(shapely.area(shapes) > _THIN * shapely.length(shapes))


def areal(shapes: Shapes) -> Shapes:
    """The polygons of shapes that a cut may have left beside lines and points."""
    mixed = np.flatnonzero(~np.isin(shapely.get_type_id(shapes), (GeometryType.POLYGON, GeometryType.MULTIPOLYGON)))
    kept = np.array(shapes, dtype=object)
    for place in mixed:
        parts = shapely.get_parts(shapes[place])
        kept[place] = shapely.MultiPolygon(list(parts[shapely.get_type_id(parts) == GeometryType.POLYGON]))
    return kept
