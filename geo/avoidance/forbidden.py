"""By which vectors a shape may be moved until it meets another no more: exact where edges are few, else near by.

A shape P moved by t meets Q exactly when t lies in Q ⊕ (−P). Where their boundaries meet, t lies in the parallelogram
of two edges, f − e; where they do not, one holds a corner of the other. So the vectors that are forbidden are the union
of parallelograms, of Q less a corner of each part of P, and of a corner of each part of Q less P. No part need be
convex, and holes are holes. The least vector is the point of the rest nearest to the origin.

All shapes are polygons in a plane of metres. Nothing here sees more than `_PAIRS` parallelograms at once: before that,
outlines are taken that hold the shapes, by a tolerance that grows with the distance looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import GeometryType, affinity
from shapely.geometry.base import BaseGeometry

from geo.crs import Floats, Shapes

_PAIRS = 12_000
_TRIED = 4_000_000
"""Pairs of edges whose boxes are compared at most."""
_FINEST = 1 / 400
"""The tolerance of the first outline, as a share of the distance looked at; it doubles until the pairs are few."""
_COARSEST = 1 / 16
_WINDOWS = 7
"""Distances looked at, each twice the one before; the last is the greatest allowed."""
APART_DEG = 85.0
"""Below a right angle, for the next side of a rectangle is another way; hardly, for to slide along one is none."""
_FLAT_M2 = 1e-7
_SPECK_M = 1e-4
"""Added to every distance: below it nothing is told from rounding."""
_GRIDS = (None, 1e-6, 1e-5)
"""Metres to which a doubtful union is rounded, one after the other."""
_REFININGS = 8
_SQUARE = 0.05
"""Half the side of the square in which a vector is refined, as a share of its length."""
_ORIGIN = shapely.Point(0, 0)


def least_vector(
    moved: BaseGeometry, blocked: BaseGeometry, *, within_m: float, unlike: tuple[Floats, ...] = (), pairs: int = _PAIRS
) -> Floats | None:
    """The shortest (2,) vector, up to `within_m`, that takes the interior of `moved` off `blocked`; None without one.

    It is 0 when they are apart. unlike: vectors from whose directions it must be 85° off. Exact where pairs of edges
    are few; else, by outlines that stand for the shapes, the least beside the best of these.
    """
    if not shapely.intersects(moved, blocked):
        return np.zeros(2)
    others = [_sector(vector, within_m) for vector in unlike]
    for radius in within_m / 2.0 ** np.arange(_WINDOWS - 1, -1, -1):
        found = _nearest(_Pair.fit(moved, blocked, radius, pairs), _disc(radius), others)
        if found is not None:
            return _refined(moved, blocked, found, others)
    return None


def outline(shape: BaseGeometry, tolerance_m: float) -> BaseGeometry:
    """A simpler shape that holds the given one and goes beyond it by a few tolerances at most."""
    simple, margin = shapely.simplify(shape, tolerance_m), 1.1 * tolerance_m
    shapely.prepare(shape)
    while True:  # A ring's own end is simplified after the rest, which may add up.
        grown = shapely.buffer(simple, margin, join_style="mitre", mitre_limit=2)
        if shapely.covered_by(shape, grown):
            return grown
        margin *= 1.5


@dataclass(frozen=True)
class _Pair:
    """What moves and what blocks: the shapes themselves, or outlines that hold them."""

    moved: BaseGeometry
    blocked: BaseGeometry

    @classmethod
    def fit(cls, moved: BaseGeometry, blocked: BaseGeometry, radius: float, pairs: int) -> _Pair:
        """The shapes, or outlines that leave, if any do, few enough pairs of edges within the radius of each other."""
        west, south, east, north = moved.bounds
        around = shapely.box(west - radius, south - radius, east + radius, north + radius)
        close = _within(blocked, around)
        pair, tolerance = cls(moved, close), _FINEST * radius
        while tolerance <= _COARSEST * radius and pair.crowded(radius, pairs):
            pair = cls(outline(moved, tolerance), _within(outline(close, tolerance), around))
            tolerance *= 2
        return pair

    def crowded(self, radius: float, pairs: int) -> bool:
        n, m = (shapely.get_num_coordinates(shape) for shape in (self.moved, self.blocked))
        if n * m <= pairs:
            return False
        return bool(n * m > _TRIED) or len(_near(self, _disc(radius))[0]) > pairs

    def forbidden(self, window: BaseGeometry) -> Iterator[BaseGeometry]:
        """Polygons whose union within a window is all that is forbidden there."""
        yield from _parallelograms(*_near(self, window), window)
        west, south, east, north = window.bounds
        for corner in _corners(self.moved):
            yield _clipped(self.blocked, corner, 1, window)
        parts = shapely.get_parts(self.blocked)
        x0, y0, x1, y1 = self.moved.bounds
        for corner in _corners(self.blocked)[: len(parts)]:
            x, y = corner
            if x - x1 <= east and x - x0 >= west and y - y1 <= north and y - y0 >= south:
                yield _clipped(self.moved, corner, -1, window)


def _nearest(pair: _Pair, window: BaseGeometry, others: list[BaseGeometry]) -> Floats | None:
    """The vector of a window nearest to the origin that is not forbidden.

    A union is not believed unseen (see geo.overlay): what it leaves free must lie outside all that was united.
    """
    forbidden = np.array([*pair.forbidden(window), *others], dtype=object)
    for grid in _GRIDS:
        free = shapely.difference(window, shapely.union_all(forbidden, grid_size=grid), grid_size=grid)
        free = shapely.buffer(free, -_SPECK_M)  # Rounding leaves specks between polygons that share an edge.
        if free.is_empty:
            return None
        vector = shapely.get_coordinates(shapely.shortest_line(_ORIGIN, free))[1]
        if not shapely.intersects_xy(forbidden, *vector).any():
            return np.asarray(vector)
    return None


def _refined(moved: BaseGeometry, blocked: BaseGeometry, found: Floats, others: list[BaseGeometry]) -> Floats:
    """The least vector near one found by outlines, by the shapes themselves."""
    for _ in range(_REFININGS):
        before = float(np.hypot(*found))
        found = _beside(moved, blocked, _brought_back(moved, blocked, found), others)
        if before - float(np.hypot(*found)) < _SPECK_M:
            break
    return found


def _brought_back(moved: BaseGeometry, blocked: BaseGeometry, vector: Floats) -> Floats:
    """A vector that clears, shortened until what it moves all but touches what blocks."""
    shapely.prepare(blocked)
    for _ in range(_REFININGS):
        gap = float(shapely.distance(blocked, affinity.translate(moved, *vector)))
        if gap <= 2 * _SPECK_M:
            break
        vector = vector * (1 - (gap - _SPECK_M) / np.hypot(*vector))
    return vector


def _beside(moved: BaseGeometry, blocked: BaseGeometry, found: Floats, others: list[BaseGeometry]) -> Floats:
    """The least vector within a square round a found one, so large that the pairs of edges stay few."""
    west, south, east, north = moved.bounds
    (x, y), length = found, float(np.hypot(*found))
    reach = _SQUARE * length
    around = shapely.box(west + x - reach, south + y - reach, east + x + reach, north + y + reach)
    pair = _Pair(moved, _within(blocked, around))
    while len(_near(pair, window := shapely.box(x - reach, y - reach, x + reach, y + reach))[0]) > _PAIRS:
        reach /= 2
    better = _nearest(pair, window, others)
    return found if better is None or np.hypot(*better) > length else better


def _within(shape: BaseGeometry, box: BaseGeometry) -> BaseGeometry:
    """The polygons of a shape within a box."""
    parts = shapely.get_parts(shapely.intersection(shapely.get_parts(shape), box))
    return shapely.MultiPolygon(list(parts[shapely.get_type_id(parts) == GeometryType.POLYGON]))


def _edges(shape: BaseGeometry) -> Floats:
    """(n, 2, 2): every edge of every ring, start and end."""
    xy, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shape)), return_index=True)
    within = ring[:-1] == ring[1:]
    return np.stack([xy[:-1][within], xy[1:][within]], axis=1)


def _corners(shape: BaseGeometry) -> Floats:
    """(n, 2): one corner of each part."""
    return np.array([shapely.get_coordinates(part)[0] for part in shapely.get_parts(shape)])


def _near(pair: _Pair, window: BaseGeometry) -> tuple[Floats, Floats]:
    """The pairs of edges, of what moves and of what blocks, whose boxes meet within a window's."""
    moved, blocked = _edges(pair.moved), _edges(pair.blocked)
    if not len(moved) or not len(blocked):
        return moved[:0], blocked[:0]
    west, south, east, north = window.bounds
    low, high = np.add(moved.min(axis=1), (west, south)), np.add(moved.max(axis=1), (east, north))
    tree = shapely.STRtree(shapely.box(*blocked.min(axis=1).T, *blocked.max(axis=1).T))
    e, f = tree.query(shapely.box(*low.T, *high.T))
    return moved[e], blocked[f]


def _parallelograms(e: Floats, f: Floats, window: BaseGeometry) -> Shapes:
    """Of each pair f − e, where it meets the window. Of parallel edges it is a line, which forbids nothing."""
    corners = np.stack([f[:, 0] - e[:, 0], f[:, 1] - e[:, 0], f[:, 1] - e[:, 1], f[:, 0] - e[:, 1]], axis=1)
    along, across = f[:, 1] - f[:, 0], e[:, 1] - e[:, 0]
    broad = np.abs(along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]) > _FLAT_M2
    found = np.array(shapely.polygons(corners[broad]), dtype=object)
    shapely.prepare(window)
    return found[shapely.intersects(window, found)]


def _clipped(shape: BaseGeometry, corner: Floats, sign: int, window: BaseGeometry) -> BaseGeometry:
    """Less a corner, or the corner less it (sign −1): a shape within a window."""
    return shapely.intersection(shapely.transform(shape, lambda xy: sign * (xy - corner)), window)


def _disc(radius: float) -> BaseGeometry:
    return shapely.buffer(_ORIGIN, radius, quad_segs=32)


def _sector(vector: Floats, within_m: float) -> BaseGeometry:
    """The directions less than 85° off a vector's, as far as is looked."""
    angle = np.arctan2(vector[1], vector[0]) + np.radians([-APART_DEG, -45, 0, 45, APART_DEG])
    return shapely.Polygon([(0, 0), *(2 * within_m * np.column_stack([np.cos(angle), np.sin(angle)]))])
