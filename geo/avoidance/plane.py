"""A plane of ground metres round a place, and the way into it and back to storage."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from geo.crs import Floats, Shapes, from_storage, points_to_storage, zones

_EDGE_M = 50.0
"""An edge of this length, straight in degrees, bows by 0.03 mm in the plane."""
_EDGE_DEGREES = _EDGE_M / 111_320
_FLAT_DEGREES = 5e-9
"""Half a millimetre."""
_BOW = 1e-8
"""How far an edge of one metre that is straight in one plane bows in the other, within China; with its square."""

_CHORDS = 16
"""Of a quarter circle. Of a lesser arc one may span half as much again; so much further out all must stand."""


@dataclass(frozen=True)
class Plane:
    """A Gauss zone with its origin moved to a place and its scale there taken off: x east, y to grid north.

    What is moved by a vector here is moved by one vector in the zone, so that a survey finds its figure again.
    """

    epsg: int
    east: float
    north: float
    scale: float

    def laid(self, shapes: Shapes) -> Shapes:
        """(n,) shapes of EPSG:4490 in metres, corner by corner."""
        return shapely.transform(from_storage(shapes, self.epsg), self._near)

    def traced(self, shapes: Shapes) -> Shapes:
        """As laid, with points along the edges, which bow in the plane when they are straight in degrees."""
        return self.laid(shapely.segmentize(shapes, _EDGE_DEGREES))

    def placed(self, shape: BaseGeometry) -> BaseGeometry:
        """A shape in metres as one of EPSG:4490, corner by corner."""
        return shapely.transform(shape, self._stored)

    def drawn(self, shape: BaseGeometry) -> BaseGeometry:
        """As placed, with points along edges where straight here and straight in degrees differ by 0.5 mm."""
        return straightened(self.placed(shapely.segmentize(shape, _EDGE_M)))

    def rounded(self, vector: Floats) -> Floats:
        """The nearest vector that is whole millimetres in the zone."""
        return np.round(vector * self.scale, 3) / self.scale

    def _near(self, xy: Floats) -> Floats:
        return (xy - (self.east, self.north)) / self.scale

    def _stored(self, xy: Floats) -> Floats:
        return points_to_storage(xy * self.scale + (self.east, self.north), self.epsg)


def zone_for(shape: BaseGeometry, epsg: int) -> int:
    """The Gauss zone to work in: that of a file's CRS, else the one of 3° whose middle is nearest to a shape (4490)."""
    if epsg in zones():
        return epsg
    middle = (shape.bounds[0] + shape.bounds[2]) / 2
    named = (zone for zone in zones().values() if zone.width == 3 and zone.prefix)
    return min(named, key=lambda zone: abs(zone.central_meridian - middle)).epsg


def plane_around(shape: BaseGeometry, epsg: int) -> Plane:
    """The plane of a zone round a shape of EPSG:4490. epsg: a Gauss zone of CGCS2000."""
    west, south, east, north = shape.bounds
    middle = shapely.Point((west + east) / 2, (south + north) / 2)
    (there,) = from_storage(np.array([middle], dtype=object), epsg)
    scale = pyproj.Proj(epsg).get_factors(middle.x, middle.y).meridional_scale
    return Plane(epsg, round(there.x, 3), round(there.y, 3), float(scale))


def straightened(shape: BaseGeometry) -> BaseGeometry:
    """A shape of EPSG:4490 without the corners that stand less than half a millimetre off an edge."""
    kept = shapely.simplify(shape, _FLAT_DEGREES)
    return shapely.MultiPolygon([kept]) if isinstance(kept, shapely.Polygon) else kept


def bow_m(shape: BaseGeometry) -> float:
    """How far the longest edge of a polygon in metres, straight here, may bow when it is straight in degrees."""
    xy, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shape)), return_index=True)
    longest = np.hypot(*np.diff(xy, axis=0)[np.diff(ring) == 0].T).max(initial=0.0)
    return float(_BOW * longest**2)


def grown(shape: BaseGeometry, by_m: float) -> BaseGeometry:
    """All that lies within a distance of a shape in metres, and up to 0.3 % further."""
    return shapely.buffer(shape, by_m / cos(1.5 * pi / (4 * _CHORDS)), quad_segs=_CHORDS)
