"""Shapes made small enough for a page: fewer vertices, whole steps, a short text."""

from __future__ import annotations

import string
from functools import cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.refusal import Refusal

GRID = 100_000
"""Steps of a packed coordinate in a degree: about 1 m."""

_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


class MapRefusal(Refusal):
    """What cannot be put on a map."""


def generalise(shapes: NDArray[Any], *, metres: float) -> NDArray[Any]:
    """Shapes with fewer vertices: edges that were shared stay shared, and no feature vanishes.

    shapes: EPSG:4490, one kind, None and empty allowed. metres: the side of the square below which a bend is dropped.
    """
    if metres <= 0 or not (shapely.get_dimensions(shapes) > 0).any():
        return shapes
    per_degree = np.array([111_320 * np.cos(np.radians(shapely.total_bounds(shapes)[1::2].mean())), 110_800])
    flat: NDArray[Any] = np.array(shapely.transform(shapes, lambda xy: xy * per_degree))
    polygons, lines = (np.flatnonzero(shapely.get_dimensions(flat) == dimension) for dimension in (2, 1))
    flat[polygons] = shapely.coverage_simplify(flat[polygons], metres)
    flat[lines] = shapely.simplify(flat[lines], metres)
    return np.asarray(shapely.transform(flat, lambda xy: xy / per_degree))


def pack(shape: BaseGeometry | None, origin: tuple[float, float]) -> str:
    """A shape as a short text: parts joined by `|`, rings by `.`, a vertex as its step from the one before.

    Steps are 1/GRID degree, zigzag, in groups of 5 bits with a bit for "more follows"; the first counts from `origin`.
    Each part starts with its kind: O point, L line, P polygon. Nothing is packed as "". Raises MapRefusal.
    """
    if shape is None or shape.is_empty:
        return ""
    return "|".join(_pack_part(part, origin) for part in shapely.get_parts(shape))


def _pack_part(part: BaseGeometry, origin: tuple[float, float]) -> str:
    match part:
        case shapely.Point():
            return "O" + _pack_path(part, origin)
        case shapely.LineString():
            return "L" + _pack_path(part, origin)
        case shapely.Polygon():
            return "P" + ".".join(_pack_path(ring, origin) for ring in (part.exterior, *part.interiors))
    raise MapRefusal("map.shape_unknown", kind=part.geom_type)


def _pack_path(path: BaseGeometry, origin: tuple[float, float]) -> str:
    on_grid = np.rint((shapely.get_coordinates(path) - origin) * GRID).astype(np.int64)
    steps = np.diff(on_grid, axis=0, prepend=np.zeros((1, 2), np.int64))
    moved = np.asarray(steps.any(axis=1))
    moved[0] = True
    return "".join(map(_varint, steps[moved].ravel().tolist()))


@cache
def _varint(step: int) -> str:
    left, said = (step << 1) ^ (step >> 63), ""
    while left > 31:
        said, left = said + _ALPHABET[32 + (left & 31)], left >> 5
    return said + _ALPHABET[left]


def anchor(shape: BaseGeometry | None) -> list[float] | None:
    """Where a label sits best: latitude, longitude and radius, in degrees, of the widest circle inside the shape.

    Rounded to about 100 m: a label needs no better, and a public map may not tell better.
    """
    if shape is None or shape.is_empty:
        return None
    if not isinstance(shape, shapely.Polygon | shapely.MultiPolygon):
        point = shape.representative_point()
        return [round(point.y, 3), round(point.x, 3), 0]
    radius = shapely.maximum_inscribed_circle(shape)
    lon, lat = radius.coords[0]
    return [round(lat, 3), round(lon, 3), round(radius.length, 3)]
