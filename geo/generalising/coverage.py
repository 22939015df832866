"""Outlines whose shared borders move alike: every border is an arc, moved once for all whose border it is."""

from __future__ import annotations

import numpy as np
import shapely

from geo.crs import Floats, Shapes
from geo.generalising.grid import Plane
from geo.overlay.subdividing import Parts, subdivide
from geo.rings import Ints

_SMALL = 128
"""Vertices of the parts between which areas are shared: of whole townships each would cost by all their vertices."""
_SAME = 1e-6
"""Metres within which an arc lies on a border: noding moves it by rounding alone."""


def outlines(shapes: Shapes, *, widths_m: Floats, decimals: int) -> Shapes:
    """(n,) generalised polygons or multipolygons on the grid, valid; None where nothing is left that has an area.

    shapes: valid polygons or multipolygons, EPSG:4490, that may adjoin and overlap; None and empty allowed.
    widths_m: (n,) metres: no bend narrower than that; a border takes the greatest width of those whose border it is.
    Every vertex is within the width and half the diagonal of a cell of some border of the input. Ground of the input
    and ground outside stay so: neighbours neither part nor overlap, and what was under two is under both.
    """
    found = np.full(len(shapes), None, dtype=object)
    held = np.flatnonzero(shapely.get_num_coordinates(shapes) > 0)
    if not len(held):
        return found
    given = np.asarray(shapely.normalize(shapes[held]), dtype=object)
    order = np.argsort(shapely.to_wkb(given), kind="stable")  # Noding gives the same bits only in the same order.
    held, given = held[order], given[order]
    borders = np.asarray(shapely.boundary(given), dtype=object)
    noded = shapely.union_all(borders)
    plane = Plane.of(given, decimals)
    moved = plane.to_cells(_simplified(plane.enter(_arcs(noded)), plane.enter(borders), widths_m[held]))
    faces = plane.leave(_faces(shapely.union_all(moved, grid_size=1)))
    face, shape = _holders(faces, _faces(noded), given)
    some, first = np.unique(shape, return_index=True)
    if len(some):
        whole = [shapely.coverage_union_all(parts) for parts in np.split(faces[face], first[1:])]
        found[held[some]] = shapely.normalize(np.array(whole, dtype=object))
    return found


def _simplified(arcs: Shapes, borders: Shapes, widths_m: Floats) -> Shapes:
    """Arcs without what is narrower than the greatest width of the borders they lie on. All in metres."""
    middle = shapely.line_interpolate_point(arcs, 0.5, normalized=True)
    border, arc = shapely.STRtree(middle).query(borders, predicate="dwithin", distance=_SAME)
    widths = np.zeros(len(arcs))
    np.maximum.at(widths, arc, widths_m[border])
    return np.asarray(shapely.simplify(arcs, widths, preserve_topology=False), dtype=object)


def _arcs(noded: shapely.Geometry) -> Shapes:
    """Lines from node to node, from the lesser of their ends; a ring that meets no other from its least vertex."""
    arcs = np.asarray(shapely.get_parts(shapely.line_merge(noded)), dtype=object)
    ends = shapely.get_coordinates(shapely.get_point(arcs, np.array([[0], [-1]])).ravel())
    _, which, count = np.unique(ends, axis=0, return_inverse=True, return_counts=True)
    tied = shapely.is_closed(arcs) & (count[which.ravel()[: len(arcs)]] > 2)
    turned = np.asarray(shapely.normalize(arcs), dtype=object)
    turned[tied] = np.where(shapely.is_ccw(arcs[tied]), arcs[tied], shapely.reverse(arcs[tied]))
    return turned


def _faces(lines: shapely.Geometry) -> Shapes:
    """The areas that noded lines enclose, without any line inside."""
    return np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(lines))), dtype=object)


def _holders(faces: Shapes, grounds: Shapes, shapes: Shapes) -> tuple[Ints, Ints]:
    """Pairs of face and shape that has it, by shape: a face goes to whose ground most of it is, if half of it is any's.

    grounds: the faces of the shapes' own borders: of each, a shape has all or nothing. Areas decide and no single
    point, which may lie in a sliver between two drawings of one border.
    """
    parts = subdivide(grounds, vertices=_SMALL)
    face, ground, shared = _shared(faces, parts)
    anyones = np.bincount(face, shared, len(faces)) >= shapely.area(faces) / 2
    face, ground = _greatest(face, ground, shared)
    face, ground = face[anyones[face]], ground[anyones[face]]
    zone, largest = _greatest(parts.zone, np.arange(len(parts.zone)), shapely.area(parts.shape))
    cores = parts.shape[largest[np.searchsorted(zone, ground)]]
    of, shape, shared = _shared(cores, subdivide(shapes, vertices=_SMALL))
    whole = shared > shapely.area(cores)[of] / 2
    by_shape = np.lexsort((face[of[whole]], shape[whole]))
    return face[of[whole]][by_shape], shape[whole][by_shape]


def _shared(shapes: Shapes, zones: Parts) -> tuple[Ints, Ints, Floats]:
    """Pairs of shape and zone that meet, each once and in their order, and the area they share."""
    shape, part = shapely.STRtree(zones.shape).query(shapes, predicate="intersects")
    area = shapely.area(shapely.intersection(shapes[shape], zones.shape[part]))
    pairs, which = np.unique(np.column_stack([shape, zones.zone[part]]), axis=0, return_inverse=True)
    return pairs[:, 0], pairs[:, 1], np.bincount(which.ravel(), area, len(pairs)).astype(np.float64)


def _greatest(group: Ints, member: Ints, size: Floats) -> tuple[Ints, Ints]:
    """Each group, ascending, with its greatest member, of equals the first."""
    order = np.lexsort((member, -size, group))
    found, first = np.unique(group[order], return_index=True)
    return found, member[order[first]]
