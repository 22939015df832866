"""Areas on the ellipsoid of CGCS2000: the area of record of the land survey, and the area that adds up.

`survey_area` is the 图斑椭球面积 of TD/T 1055-2019, bound to the plane a file came in. It is not additive under
clipping, so overlay and rates use `area`, whose edges are straight in longitude and latitude, as GEOS cuts them.
Both take the signs away ring by ring: orientation in files is not to be trusted.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import cache

import numpy as np

from geo.crs import DEGREES, Floats, Shapes, Zone, zones
from geo.refusal import GeoRefusal
from geo.rings import Rings, in_blocks

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
_QUARTER_MERIDIAN_M = 1e7


def _series() -> Floats:
    e2, e4, e6, e8 = (_E2**k for k in (1, 2, 3, 4))
    a = 1 + (3 / 6) * e2 + (30 / 80) * e4 + (35 / 112) * e6 + (630 / 2304) * e8
    b = (1 / 6) * e2 + (15 / 80) * e4 + (21 / 112) * e6 + (420 / 2304) * e8
    c = (3 / 80) * e4 + (7 / 112) * e6 + (180 / 2304) * e8
    d = (1 / 112) * e6 + (45 / 2304) * e8
    e = (5 / 2304) * e8
    return np.array([a, -b, c, -d, e])


_SERIES = _series()

_ORDERS = 8
_ODD = 2 * np.arange(_ORDERS) + 1


def _sines() -> Floats:
    """A(φ)/b² as a sum of sines of φ, 3φ, 5φ …, to e¹⁴: what is left out is below 1e-16 anywhere.

    A is the area between the equator and φ per radian of longitude. Cut at e⁸ these are the A, −B, C, −D, E above.
    """
    powers = [(j + 1) / (2 * j + 1) * (_E2 / 4) ** j for j in range(_ORDERS)]
    return np.array(
        [(-1) ** i * sum(powers[j] * math.comb(2 * j + 1, j - i) for j in range(i, _ORDERS)) for i in range(_ORDERS)]
    )


_SINES = _sines()


def survey_area(shapes: Shapes, *, epsg: int) -> Floats:
    """图斑椭球面积 in m², unrounded, of polygons in the CRS they came in.

    shapes: (n,) polygons or multipolygons, east first; anything else counts 0. epsg: a CGCS2000 Gauss zone, whose
    edges are cut to 70 m, or EPSG:4490/4326, whose edges stand. TD/T 1055-2019. Raises GeoRefusal for another CRS.
    """
    if epsg in DEGREES:
        return in_blocks(shapes, _survey_in_degrees)
    zone = zones().get(epsg)
    if zone is None:
        raise GeoRefusal("crs.no_survey_plane", epsg=epsg)
    return in_blocks(shapes, lambda rings: _survey_in_plane(rings, zone))


def area(shapes: Shapes) -> Floats:
    """(n,) areas in m² of polygons in EPSG:4490 whose edges are straight in longitude and latitude.

    The parts of a cut polygon sum to the whole.
    """
    return in_blocks(shapes, lambda rings: rings.total(ring_areas(rings)))


def strips(south: Floats, north: Floats) -> Floats:
    """(n, k) weights w₁ … w_k of the m² that lie below an edge and above `south`, for edges up to `north`; degrees.

    Below an edge from u₁ to u₂ above `south`, one degree wide, lie Σ w_k (u₁ᵏ + u₁ᵏ⁻¹u₂ + … + u₂ᵏ).
    """
    degree = math.radians(1)
    derivatives = _derivatives(np.radians(south), np.radians(north - south))
    weights = [d * degree ** (k + 2) / ((k + 1) * (k + 2)) for k, d in enumerate(derivatives)]
    return np.column_stack(weights) * _B_AXIS**2


def ring_areas(rings: Rings) -> Floats:
    """Per ring its m² as in `area`, negative where it turns right.

    The integral of A′(φ) over the triangles that a ring's edges make with its first vertex. A′ is taken as its Taylor
    series there: the integral of uᵏ over a triangle with a corner at u = 0 is in closed form
    (λ₁u₂ − λ₂u₁) · (u₁ᵏ + u₁ᵏ⁻¹u₂ + … + u₂ᵏ) / (k+1)(k+2). All terms are as small as the shape: nothing cancels.
    """
    lam, u = np.radians(rings.from_first(rings.x)), np.radians(rings.from_first(rings.y))
    next_lam, next_u = _next(lam), _next(u)
    both, product = u + next_u, u * next_u
    powers, before = lam * next_u - next_lam * u, np.zeros_like(u)
    per_ring = np.zeros(len(rings.first))
    reach = np.maximum.reduceat(np.abs(u), rings.first)
    for k, derivative in enumerate(_derivatives(np.radians(rings.y[rings.first]), reach)):
        per_ring += derivative * np.add.reduceat(powers, rings.first) / ((k + 1) * (k + 2))
        powers, before = both * powers - product * before, powers
    return np.asarray(_B_AXIS**2 * per_ring)


def _derivatives(phi: Floats, reach: Floats) -> Iterator[Floats]:
    """A′/b² and its derivatives over k! at φ, as long as any can add 1e-14 within `reach` radians of its φ; else 0.

    Each φ has its own end, so that a shape's area is the same to the last bit whatever stands beside it.
    """
    # No two latitudes are further apart than π, whatever stands in a file.
    angle, reach = np.multiply.outer(_ODD, phi), np.fmin(reach, math.pi)
    for k in itertools.count():
        weights, largest = _weights(k)
        counts = largest * reach**k > 1e-14
        if not counts.any():
            return
        # Not @: BLAS would start threads for it, and round by the length of the array.
        yield np.where(counts, sum(weights * np.cos(angle + k * math.pi / 2)), 0.0)


@cache
def _weights(k: int) -> tuple[Floats, float]:
    """(orders, 1) the weights of the k-th derivative over k!, and the most they can make."""
    weights = _SINES * _ODD ** (k + 1.0) / math.factorial(k)
    return weights[:, None], float(np.abs(weights).sum())


def _survey_in_degrees(rings: Rings) -> Floats:
    return _trapezoids(rings, _seconds(rings.y * 3600), _seconds(rings.x * 3600))


def _survey_in_plane(rings: Rings, zone: Zone) -> Floats:
    cut = _cut_edges(rings)
    latitude, longitude = _inverse_gauss(cut, zone)
    return _trapezoids(cut, _seconds(latitude * _SECONDS), _seconds(longitude * _SECONDS))


def _next(values: Floats) -> Floats:
    """The next vertex's values, where they are counted from the first of each ring: the last has 0 before and after."""
    return np.append(values[1:], 0.0)[: len(values)]


def _half_up(values: Floats, decimals: int) -> Floats:
    scale = 10.0**decimals
    return np.floor(values * scale + 0.5) / scale


def _seconds(values: Floats) -> Floats:
    """Radians of angles given in seconds, rounded to six decimals of a second as prescribed."""
    return _half_up(values, 6) / _SECONDS


def _cut_edges(rings: Rings) -> Rings:
    """The same rings, floor(d / 70) evenly spaced points on every edge longer than 70 m that the earth has room for."""
    x, y = _half_up(rings.x, 4), _half_up(rings.y, 4)
    dx, dy = (_next(away) - away for away in map(rings.from_first, (x, y)))
    length = np.hypot(dx, dy)
    cut = (length > _LONGEST_EDGE_M) & (length < _QUARTER_MERIDIAN_M)  # Others would fill the memory.
    pieces = 1 + np.where(cut, np.floor(length / _LONGEST_EDGE_M), 0.0).astype(np.int64)
    start, first = np.repeat(np.arange(len(x)), pieces), np.cumsum(pieces) - pieces
    step = np.arange(len(start)) - first[start]
    share = step / pieces[start]
    new = step > 0
    cut_x = np.where(new, _half_up(x[start] + share * dx[start], 6), x[start])
    cut_y = np.where(new, _half_up(y[start] + share * dy[start], 6), y[start])
    return Rings(cut_x, cut_y, first[rings.first], rings.sign, rings.shape, rings.n)


def _inverse_gauss(rings: Rings, zone: Zone) -> tuple[Floats, Floats]:
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


def _trapezoids(rings: Rings, latitude: Floats, longitude: Floats) -> Floats:
    """The sum of the trapezoids between each edge and the meridian of its ring's first vertex."""
    north, east = rings.from_first(latitude), rings.from_first(longitude)
    half, width = (_next(north) - north) / 2, (_next(east) + east) / 2
    sin, cos = np.sin(half), np.cos(latitude + half)
    # sin 3x = 2 cos 2x · sin x − sin(−x), and so on: two sines for the ten of the formula.
    twice_sin, twice_cos = 2 - 4 * sin**2, 4 * cos**2 - 2
    sin_before, cos_before = -sin, cos
    terms = np.zeros_like(half)
    for coefficient in _SERIES:
        terms += coefficient * sin * cos
        sin, sin_before = twice_sin * sin - sin_before, sin
        cos, cos_before = twice_cos * cos - cos_before, cos
    return rings.total(np.add.reduceat(2 * _B_AXIS**2 * width * terms, rings.first))
