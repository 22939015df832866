"""Closed rings to polygons by what lies in what, whatever the rings are called and whichever way they run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import Floats, Shapes


def even_odd(rings: Sequence[Floats]) -> shapely.Polygon | shapely.MultiPolygon:
    """The area that lies inside an odd number of rings, each (n, 2) of three distinct points or more, closed or not.

    Rings may touch. Where they cross, the result is invalid, which is for the mending to say.
    """
    filled = _largest_first(rings)
    inner, outer = _nested(filled) if len(filled) > 1 else np.empty((2, 0), dtype=np.int64)
    depth = np.bincount(inner, minlength=len(filled))
    holes: dict[int, list[shapely.LinearRing]] = {int(shell): [] for shell in np.flatnonzero(depth % 2 == 0)}
    for hole in np.flatnonzero(depth % 2):
        around = [n for n in outer[inner == hole] if depth[n] % 2 == 0]
        if around:
            holes[int(max(around, key=lambda n: depth[n]))].append(filled[hole].exterior)
        else:  # Only rings that cross come here.
            holes[int(hole)] = []
    polygons = [shapely.Polygon(filled[shell].exterior, cut) for shell, cut in holes.items()]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _largest_first(rings: Sequence[Floats]) -> Shapes:
    filled = np.array([shapely.Polygon(ring) for ring in rings], dtype=object)
    width, height = (shapely.bounds(filled)[:, 2:] - shapely.bounds(filled)[:, :2]).T
    return filled[np.lexsort((-shapely.area(filled), -width * height))]


def _nested(filled: Shapes) -> NDArray[np.int64]:
    """(2, n) pairs, inner and outer, of polygons that lie in others; they come largest first."""
    boxes: Shapes = np.asarray(shapely.box(*shapely.bounds(filled).T), dtype=object)
    inner, outer = shapely.STRtree(boxes).query(boxes, predicate="covered_by")
    shapely.prepare(filled)
    kept = [(i, j) for i, j in zip(inner, outer, strict=True) if i > j and _lies_in(filled[i], filled[j])]
    return np.array(kept, dtype=np.int64).reshape(-1, 2).T


def _lies_in(ring: shapely.Polygon, other: shapely.Polygon) -> bool:
    """Judged by vertices and middles of edges: of a ring that lies in another one is off its border, or both agree."""
    xy = shapely.get_coordinates(ring)
    x, y = np.concatenate([xy, (xy[1:] + xy[:-1]) / 2]).T
    if shapely.contains_xy(other, x, y).any():
        return True
    return bool(shapely.intersects_xy(other, x, y).all())
