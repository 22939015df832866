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
    parent = _parents(inner, outer, depth)
    holes: dict[int, list[shapely.LinearRing]] = {int(shell): [] for shell in np.flatnonzero(parent < 0)}
    for hole in np.flatnonzero(parent >= 0):
        holes[int(parent[hole])].append(filled[hole].exterior)
    polygons = [shapely.Polygon(filled[shell].exterior, cut) for shell, cut in holes.items()]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _parents(inner: NDArray[np.int64], outer: NDArray[np.int64], depth: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each ring at an odd depth the innermost outer ring around it; -1 for the others, which are outer rings."""
    parent = np.full(len(depth), -1, dtype=np.int64)
    kept = (depth[inner] % 2 == 1) & (depth[outer] % 2 == 0)
    inner, outer = inner[kept], outer[kept]
    order = np.argsort(depth[outer], kind="stable")
    parent[inner[order]] = outer[order]  # Of several values for one place the last stays: the deepest.
    return parent


def _largest_first(rings: Sequence[Floats]) -> Shapes:
    filled = np.array([shapely.Polygon(ring) for ring in rings], dtype=object)
    width, height = (shapely.bounds(filled)[:, 2:] - shapely.bounds(filled)[:, :2]).T
    return filled[np.lexsort((-shapely.area(filled), -width * height))]


def _nested(filled: Shapes) -> NDArray[np.int64]:
    """(2, n) pairs, inner and outer, of polygons that lie in others; they come largest first."""
    boxes: Shapes = np.asarray(shapely.box(*shapely.bounds(filled).T), dtype=object)
    inner, outer = shapely.STRtree(boxes).query(boxes, predicate="covered_by")
    inner, outer = inner[inner > outer], outer[inner > outer]
    shapely.prepare(filled)
    x, y = shapely.get_coordinates(shapely.get_point(shapely.get_exterior_ring(filled), 0))[inner].T
    _, ring = np.unique(shapely.to_wkb(shapely.normalize(filled)), return_inverse=True)
    lies = shapely.contains_xy(filled[outer], x, y) | (ring[inner] == ring[outer])  # Equal rings, of which may be many.
    for n in np.flatnonzero(~lies & shapely.intersects_xy(filled[outer], x, y)):
        lies[n] = _lies_in(filled[inner[n]], filled[outer[n]])
    return np.array([inner[lies], outer[lies]], dtype=np.int64)


def _lies_in(ring: shapely.Polygon, other: shapely.Polygon) -> bool:
    """Of rings that touch, by vertices and middles of edges: one of these is off the border, or the rings are alike."""
    xy = shapely.get_coordinates(ring)
    x, y = np.concatenate([xy, (xy[1:] + xy[:-1]) / 2]).T
    if shapely.contains_xy(other, x, y).any():
        return True
    return bool(shapely.intersects_xy(other, x, y).all())
