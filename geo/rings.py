"""Polygons as flat arrays of the vertices of their rings, a cacheful at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import Floats, Shapes

Ints = NDArray[np.int64]

_POLYGON = shapely.GeometryType.POLYGON
_BLOCK = 32_768
"""Vertices worked on at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True)
class Rings:
    """The closed rings of n shapes: x, y of every vertex; per ring its first vertex, its sign and its shape."""

    x: Floats
    y: Floats
    first: Ints
    sign: Floats
    shape: Ints
    n: int

    def from_first(self, values: Floats) -> Floats:
        """Per vertex, how far a value is from that of its ring's first vertex: 0 at both ends of a ring.

        So the step from one ring to the next adds nothing to a sum over edges.
        """
        away = values - np.repeat(values[self.first], np.append(self.first[1:], len(values)) - self.first)
        away[self.first] = 0.0  # A coordinate that is not finite stays in its own ring.
        return away

    def total(self, per_ring: Floats) -> Floats:
        """(n,) outer minus holes, whatever way they turn."""
        return np.asarray(np.bincount(self.shape, np.abs(per_ring) * self.sign, self.n), dtype=np.float64)


def in_blocks(shapes: Shapes, work: Callable[[Rings], Floats]) -> Floats:
    """(n,) what `work` gives for the rings of shapes, which it gets in portions.

    shapes: polygons or multipolygons; anything else has no rings.
    """
    shapes = np.asarray(shapes, dtype=object)
    return np.concatenate([work(as_rings(shapes[portion])) for portion in portions(shapes, vertices=_BLOCK)])


def portions(shapes: Shapes, *, vertices: int) -> list[slice]:
    """(n,) shapes in portions of about so many vertices, in their order; at least one portion, be it empty."""
    block = np.cumsum(shapely.get_num_coordinates(shapes)) // vertices
    if not block.any():
        return [slice(0, len(shapes))]
    return [slice(start, end) for start, end in pairwise([0, *(np.flatnonzero(np.diff(block)) + 1), len(shapes)])]


def as_rings(shapes: Shapes) -> Rings:
    """The rings of (n,) polygons or multipolygons, not in their order.

    Taking a ring out of GEOS copies it, so only shapes of several rings are taken apart.
    """
    xy, size = shapely.get_coordinates(shapes), shapely.get_num_coordinates(shapes)
    if _plain(shapes, size).all():
        first, own = np.cumsum(size, dtype=np.int64) - size, np.arange(len(shapes))
        return Rings(xy[:, 0].copy(), xy[:, 1].copy(), first, np.ones(len(own)), own, len(own))
    one = _one_ring(shapes, xy, size)
    parts, shape_of_part = shapely.get_parts(shapes[~one], return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    outer = np.diff(part_of_ring, prepend=-1) != 0
    kept, of_rings = np.repeat(one, size), shapely.get_coordinates(rings)
    sizes = np.concatenate([size[one], shapely.get_num_coordinates(rings)])
    held = sizes > 0
    return Rings(
        x=np.concatenate([xy[:, 0][kept], of_rings[:, 0]]),
        y=np.concatenate([xy[:, 1][kept], of_rings[:, 1]]),
        first=(np.cumsum(sizes) - sizes)[held],
        sign=np.concatenate([np.ones(np.count_nonzero(one)), np.where(outer, 1.0, -1.0)])[held],
        shape=np.concatenate([np.flatnonzero(one), np.flatnonzero(~one)[shape_of_part[part_of_ring]]])[held],
        n=len(shapes),
    )


def _plain(shapes: Shapes, size: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Polygons without holes, told without a look at their vertices: what one subject after another mostly is."""
    without_holes = shapely.get_num_interior_rings(shapes) == 0
    return np.asarray((shapely.get_type_id(shapes) == _POLYGON) & without_holes & (size > 0))


def _one_ring(shapes: Shapes, xy: Floats, size: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Polygons that come back to their first vertex at their end alone: rings are closed, so there is no second."""
    held = np.flatnonzero(size)
    count = size[held]
    first = np.cumsum(count) - count
    x, y = xy.T
    back = (x == np.repeat(x[first], count)) & (y == np.repeat(y[first], count))
    one = np.zeros(len(shapes), dtype=bool)
    one[held] = (np.add.reduceat(back, first, dtype=np.int64) == 2) & back[first + count - 1]
    kind = shapely.get_type_id(shapes)
    areal: NDArray[np.bool_] = (kind == shapely.GeometryType.POLYGON) | (kind == shapely.GeometryType.MULTIPOLYGON)
    return one & areal
