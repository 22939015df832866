"""Areas on the ellipsoid of CGCS2000: the area of record of the land survey, and the area that adds up.

`survey_area` is the 图斑椭球面积 of TD/T 1055-2019, bound to the plane a file came in. It is not additive under
clipping, so overlay and rates use `area`, whose edges are straight in longitude and latitude, as GEOS cuts them.
Both take the signs away ring by ring: orientation in files is not to be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import DEGREES, Shapes, Zone, zones
from geo.refusal import GeoRefusal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# The constants as prescribed with the formula (国土调查办发〔2008〕32号, TD/T 1055-2019), to the digits given there.
_PI = 3.14159265358979
_SECONDS = 206264.8062471
_B_AXIS = 6356752.31414036
_E2 = 0.00669438002290
_E2_SECOND = 0.00673949677548
_C = 6399593.62586
_K0 = 1.57048761144159e-7
_K = (5.05250178820567e-3, 2.98472900956587e-5, 2.41626669230084e-7, 2.22241238938534e-9)

_LONGEST_EDGE_M = 70.0


def _series() -> Floats:
    e2, e4, e6, e8 = (_E2**k for k in (1, 2, 3, 4))
    a = 1 + (3 / 6) * e2 + (30 / 80) * e4 + (35 / 112) * e6 + (630 / 2304) * e8
    b = (1 / 6) * e2 + (15 / 80) * e4 + (21 / 112) * e6 + (420 / 2304) * e8
    c = (3 / 80) * e4 + (7 / 112) * e6 + (180 / 2304) * e8
    d = (1 / 112) * e6 + (45 / 2304) * e8
    e = (5 / 2304) * e8
    return np.array([a, -b, c, -d, e])


_SERIES = _series()

# Gauss–Legendre on [0, 1], exact to the fifth degree.
_NODES = 0.5 + np.sqrt(0.6) / 2 * np.array([-1.0, 0.0, 1.0])
_WEIGHTS = np.array([5.0, 8.0, 5.0]) / 18


@dataclass(frozen=True)
class _Rings:
    """The rings of n polygons: x, y of every vertex, the ring it lies on; per ring its sign and its polygon."""

    x: Floats
    y: Floats
    ring: Ints
    sign: Floats
    shape: Ints
    n: int

    @property
    def first(self) -> Ints:
        """Per vertex, the index of the first vertex of its ring."""
        begins: Ints = np.searchsorted(self.ring, np.arange(len(self.sign)))
        return begins[self.ring]

    def total(self, edges: Floats) -> Floats:
        """(n,) outer minus holes, of a term per vertex that belongs to the edge it begins."""
        inner = np.append(self.ring[1:] == self.ring[:-1], False)[: len(self.ring)]
        per_ring = np.abs(np.bincount(self.ring, np.where(inner, edges, 0.0), len(self.sign)))
        return np.asarray(np.bincount(self.shape, per_ring * self.sign, self.n), dtype=np.float64)


def survey_area(shapes: Shapes, *, epsg: int) -> Floats:
    """图斑椭球面积 in m², unrounded, of polygons in the CRS they came in.

    shapes: (n,) polygons or multipolygons, east first; anything else counts 0. epsg: a CGCS2000 Gauss zone, whose
    edges are cut to 70 m, or EPSG:4490/4326, whose edges stand. TD/T 1055-2019. Raises GeoRefusal for another CRS.
    """
    rings = _rings(shapes)
    if epsg in DEGREES:
        return _trapezoids(rings, _seconds(rings.y * 3600), _seconds(rings.x * 3600))
    zone = zones().get(epsg)
    if zone is None:
        raise GeoRefusal("crs.no_survey_plane", epsg=epsg)
    cut = _cut_edges(rings)
    latitude, longitude = _inverse_gauss(cut, zone)
    return _trapezoids(cut, _seconds(latitude * _SECONDS), _seconds(longitude * _SECONDS))


def area(shapes: Shapes) -> Floats:
    """(n,) areas in m² of polygons in EPSG:4490 whose edges are straight in longitude and latitude.

    The parts of a cut polygon sum to the whole. The integral of λ·A′(φ)dφ around each ring, A being the area between
    the equator and φ per radian; longitude is counted from the ring's first vertex, so that nothing cancels.
    """
    rings = _rings(shapes)
    lam, phi = np.radians(rings.x), np.radians(rings.y)
    lam = lam - lam[rings.first]
    d_lam, d_phi = _ahead(lam), _ahead(phi)
    edges = np.zeros_like(lam)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        edges += weight * (lam + node * d_lam) * _strip(phi + node * d_phi)
    return rings.total(edges * d_phi)


def _strip(phi: Floats) -> Floats:
    """A′(φ): m² per radian of longitude and radian of latitude."""
    cos = np.cos(phi)
    return _B_AXIS**2 * cos / (1 - _E2 * (1 - cos**2)) ** 2


def _ahead(values: Floats) -> Floats:
    """The step to the next vertex. The step out of a ring's last vertex means nothing: `total` leaves it out."""
    return np.append(values[1:] - values[:-1], 0.0)[: len(values)]


def _rings(shapes: Shapes) -> _Rings:
    shapes = np.asarray(shapes, dtype=object)
    parts, shape_of_part = shapely.get_parts(shapes, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    outer = np.append(True, part_of_ring[1:] != part_of_ring[:-1])[: len(rings)]
    sign = np.where(outer, 1.0, -1.0)
    return _Rings(xy[:, 0], xy[:, 1], ring, sign, shape_of_part[part_of_ring], len(shapes))


def _half_up(values: Floats, decimals: int) -> Floats:
    scale = 10.0**decimals
    return np.floor(values * scale + 0.5) / scale


def _seconds(values: Floats) -> Floats:
    """Radians of angles given in seconds, rounded to six decimals of a second as prescribed."""
    return _half_up(values, 6) / _SECONDS


def _cut_edges(rings: _Rings) -> _Rings:
    """The same rings with floor(d / 70) evenly spaced points on every edge longer than 70 m."""
    x, y = _half_up(rings.x, 4), _half_up(rings.y, 4)
    dx, dy = _ahead(x), _ahead(y)
    within = np.append(rings.ring[1:] == rings.ring[:-1], False)[: len(x)]
    length = np.where(within, np.hypot(dx, dy), 0.0)
    inserted = np.where(length > _LONGEST_EDGE_M, np.floor(length / _LONGEST_EDGE_M), 0.0).astype(np.int64)
    start = np.repeat(np.arange(len(x)), inserted + 1)
    step = np.arange(len(start)) - np.searchsorted(start, start)
    share = step / (inserted[start] + 1)
    new = step > 0
    cut_x = np.where(new, _half_up(x[start] + share * dx[start], 6), x[start])
    cut_y = np.where(new, _half_up(y[start] + share * dy[start], 6), y[start])
    return _Rings(cut_x, cut_y, rings.ring[start], rings.sign, rings.shape, rings.n)


def _inverse_gauss(rings: _Rings, zone: Zone) -> tuple[Floats, Floats]:
    """Latitude and longitude in radians by the prescribed series; the prescribed x is the north."""
    e = _K0 * rings.y
    sin = np.sin(e)
    bf = e + np.cos(e) * (_K[0] * sin - _K[1] * sin**3 + _K[2] * sin**5 - _K[3] * sin**7)
    t2 = np.tan(bf) ** 2
    eta2 = _E2_SECOND * np.cos(bf) ** 2
    v2 = 1 + eta2
    q = (rings.x - zone.false_easting) * np.sqrt(v2) / _C
    latitude = bf - 0.5 * v2 * np.tan(bf) * (
        q**2 - (5 + 3 * t2 + eta2 - 9 * eta2 * t2) * q**4 / 12 + (61 + 90 * t2 + 45 * t2**2) * q**6 / 360
    )
    longitude = (
        q - (1 + 2 * t2 + eta2) * q**3 / 6 + (5 + 28 * t2 + 24 * t2**2 + 6 * eta2 + 8 * eta2 * t2) * q**5 / 120
    ) / np.cos(bf)
    return latitude, longitude + zone.central_meridian * _PI / 180


def _trapezoids(rings: _Rings, latitude: Floats, longitude: Floats) -> Floats:
    """The sum of the trapezoids between each edge and the meridian of its ring's first vertex."""
    from_first = longitude - longitude[rings.first]
    half = _ahead(latitude) / 2
    middle = latitude + half
    width = from_first + _ahead(from_first) / 2
    terms = np.zeros_like(half)
    for k, coefficient in enumerate(_SERIES):
        odd = 2 * k + 1
        terms += coefficient * np.sin(odd * half) * np.cos(odd * middle)
    return rings.total(2 * _B_AXIS**2 * width * terms)
