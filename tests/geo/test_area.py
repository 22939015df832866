"""Areas against the check values of the land survey's formula, GeographicLib and numeric integration."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geo.area import area, survey_area
from geo.crs import Shapes, to_storage
from geo.refusal import GeoRefusal

# Northing, easting of the survey TXT parcel (zone 38, one hole) whose areas were computed independently.
OUTER = [
    (2914100.000, 38634790.000),
    (2914912.345, 38634825.678),
    (2914890.500, 38635430.250),
    (2914410.125, 38635445.750),
    (2914059.400, 38635090.000),
]
HOLE = [(2914400.0, 38634990.0), (2914400.0, 38635090.0), (2914520.0, 38635090.0), (2914520.0, 38634990.0)]

CGCS2000 = Geod(a=6378137.0, rf=298.257222101)


def one(shape: shapely.Geometry) -> Shapes:
    return np.array([shape], dtype=object)


def east_first(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(y, x) for x, y in ring]


@pytest.fixture
def parcel() -> shapely.Polygon:
    return shapely.Polygon(east_first(OUTER), [east_first(HOLE)])


@pytest.mark.parametrize(
    ("west", "south", "east", "north", "expected"),
    [
        (115.35, 26.30, 115.36, 26.31, 1_106_351.0306),
        (115.25, 26 + 20 / 60, 115.3125, 26.375, 28_799_255.1664),
        (115.0, 26.0, 116.0, 27.0, 11_045_094_735.426),
    ],
    ids=["hundredth of a degree", "sheet 1:10 000", "one degree"],
)
def test_survey_area_of_quadrangles_in_degrees_agrees_with_the_check_values(
    west: float, south: float, east: float, north: float, expected: float
) -> None:
    quadrangle = one(shapely.box(west, south, east, north))

    assert survey_area(quadrangle, epsg=4490)[0] == pytest.approx(expected, abs=1e-3)
    assert survey_area(quadrangle, epsg=4326)[0] == pytest.approx(expected, abs=1e-3)


def test_survey_area_of_the_parcel_with_a_hole_in_zone_38_agrees_with_the_check_value(parcel: shapely.Polygon) -> None:
    rings = np.array([parcel, shapely.Polygon(parcel.exterior), shapely.Polygon(parcel.interiors[0])], dtype=object)

    net, outer, hole = survey_area(rings, epsg=4526)

    assert net == pytest.approx(453_482.7897, abs=0.01)
    assert outer == pytest.approx(465_477.3884, abs=0.01)
    assert hole == pytest.approx(11_994.5988, abs=0.01)


def test_survey_area_of_the_parcel_moved_to_zone_39_agrees_with_the_check_value(parcel: shapely.Polygon) -> None:
    moved = shapely.transform(parcel, lambda xy: xy - [38634790, 2914100] + [39335260, 2914450])

    assert survey_area(one(moved), epsg=4527)[0] == pytest.approx(453_384.4851, abs=0.01)


def test_survey_area_is_the_same_with_and_without_the_zone_prefix(parcel: shapely.Polygon) -> None:
    plain = shapely.transform(parcel, lambda xy: xy - [38_000_000, 0])

    assert survey_area(one(plain), epsg=4547)[0] == pytest.approx(survey_area(one(parcel), epsg=4526)[0], abs=1e-6)


def test_survey_area_does_not_trust_the_orientation_of_rings(parcel: shapely.Polygon) -> None:
    turned = shapely.Polygon(parcel.exterior.coords[::-1], [parcel.interiors[0].coords])

    assert survey_area(one(turned), epsg=4526)[0] == pytest.approx(survey_area(one(parcel), epsg=4526)[0], abs=0.01)


def test_survey_areas_come_back_in_order_with_nothing_for_what_has_no_area(parcel: shapely.Polygon) -> None:
    outer = shapely.Polygon(parcel.exterior)
    both = shapely.MultiPolygon([outer, shapely.transform(outer, lambda xy: xy + np.array([5000, 0]))])
    mixed = np.array([parcel, None, shapely.Point(38634790, 2914100), both, shapely.Polygon()], dtype=object)

    areas = survey_area(mixed, epsg=4526)

    assert areas.shape == (5,)
    assert areas[[1, 2, 4]].tolist() == [0.0, 0.0, 0.0]
    assert areas[3] == pytest.approx(2 * 465_477.39, rel=1e-4)


def test_areas_of_nothing_are_nothing() -> None:
    nothing = np.array([None], dtype=object)

    assert survey_area(nothing, epsg=4526).tolist() == [0.0]
    assert area(nothing).tolist() == [0.0]


def test_survey_area_is_refused_in_a_plane_the_standard_does_not_know() -> None:
    with pytest.raises(GeoRefusal, match="no_survey_plane"):
        survey_area(one(shapely.box(0, 0, 1, 1)), epsg=3857)


def test_an_edge_longer_than_70_m_is_cut_and_the_cut_shows_in_the_area() -> None:
    # The check value for the vertices alone, as it is in degrees, where edges stand: 0.82 m² less.
    parcel = shapely.Polygon(east_first(OUTER), [east_first(HOLE)])

    uncut = survey_area(to_storage(one(parcel), 4526), epsg=4490)[0]

    assert uncut == pytest.approx(453_481.9710, abs=0.01)


@given(
    x=st.floats(115.0, 115.8),
    y=st.floats(25.9, 26.6),
    size=st.floats(0.0001, 0.01),
    turns=st.lists(st.floats(0.4, 1.0), min_size=3, max_size=12),
)
@settings(max_examples=50, deadline=None)
def test_both_areas_agree_with_geographiclib_when_edges_are_cut_to_20_m(
    x: float, y: float, size: float, turns: list[float]
) -> None:
    star = shapely.segmentize(_star(x, y, size, turns), 20 / 111_320)

    expected, perimeter = map(abs, CGCS2000.geometry_area_perimeter(star))

    # Between a geodesic of 20 m and a straight line on the plane of degrees lie 20³·tan φ / 12 R; a thin star has much
    # edge for its area.
    between = perimeter * 20**2 * 0.51 / (12 * 6.37e6)
    # Seconds rounded to six decimals move a vertex by up to 1.6e-5 m: a strip so wide is rounding, not a defect.
    assert survey_area(one(star), epsg=4490)[0] == pytest.approx(expected, rel=1e-7, abs=1.6e-5 * perimeter + between)
    # GeographicLib itself is good to about 1e-5 m².
    assert area(one(star))[0] == pytest.approx(expected, rel=1e-7, abs=1e-4 + between)


@given(
    x=st.floats(115.0, 115.8),
    y=st.floats(25.9, 26.6),
    size=st.floats(0.001, 0.5),
    turns=st.lists(st.floats(0.4, 1.0), min_size=3, max_size=40),
    share=st.floats(0.1, 0.9),
)
@settings(max_examples=100, deadline=None)
def test_the_parts_of_a_cut_polygon_sum_to_the_whole(
    x: float, y: float, size: float, turns: list[float], share: float
) -> None:
    whole = _star(x, y, size, turns)
    west, south, east, north = whole.bounds
    knife = shapely.box(west - 1, south - 1, west + share * (east - west), north + 1)

    parts = np.array([whole & knife, whole - knife], dtype=object)

    assert area(parts).sum() == pytest.approx(area(one(whole))[0], rel=1e-10)


@pytest.mark.parametrize("slope", [0.0, 0.3, -0.9])
def test_area_under_an_edge_straight_in_degrees_agrees_with_numeric_integration(slope: float) -> None:
    # A trapezoid between 26°N and an edge that climbs by `slope` degrees a degree; A(φ) in closed form, Simpson in λ.
    trapezoid = shapely.Polygon([(115, 26), (116, 26), (116, 27 + slope), (115, 27)])
    n = 2000
    lam = np.linspace(0.0, 1.0, n + 1)
    height = [_to_equator(math.radians(27 + slope * t)) - _to_equator(math.radians(26)) for t in lam]
    simpson = np.ones(n + 1)
    simpson[1:-1:2], simpson[2:-1:2] = 4, 2

    expected = math.radians(1) * float(simpson @ height) / (3 * n)

    assert area(one(trapezoid))[0] == pytest.approx(abs(expected), rel=1e-12)


@given(
    x=st.floats(-170.0, 150.0),
    y=st.floats(-60.0, 60.0),
    size=st.floats(-5.0, 1.0).map(lambda exponent: 10.0**exponent),
    turns=st.lists(st.floats(0.4, 1.0), min_size=3, max_size=40),
)
@settings(max_examples=200, deadline=None)
def test_area_from_a_square_metre_to_twenty_degrees_agrees_with_numeric_integration(
    x: float, y: float, size: float, turns: list[float]
) -> None:
    star = _star(x, y, size, turns)

    # A parcel's coordinates are known to 1e-14 of a degree, which no formula can mend.
    assert area(one(star))[0] == pytest.approx(_integrated(star), rel=1e-12)


@given(
    stars=st.lists(
        st.tuples(st.floats(-4.0, 1.0), st.lists(st.floats(0.4, 1.0), min_size=3, max_size=40)), min_size=2, max_size=9
    )
)
@settings(deadline=None)
def test_an_area_is_the_same_to_the_last_bit_whatever_stands_beside_the_shape(
    stars: list[tuple[float, list[float]]],
) -> None:
    shapes = np.array([_star(115.4, 26.3, 10.0**size, turns) for size, turns in stars])

    assert area(shapes).tolist() == [area(one(shape))[0] for shape in shapes]
    assert survey_area(shapes, epsg=4490).tolist() == [survey_area(one(shape), epsg=4490)[0] for shape in shapes]


@pytest.mark.parametrize("at", [0, 1], ids=["first vertex", "other vertex"])
def test_a_coordinate_that_is_not_finite_spoils_its_own_shape_alone(at: int) -> None:
    ring = np.array([(115.0, 26.0), (115.1, 26.0), (115.1, 26.1)])
    ring[at] = np.inf
    shapes = np.array([shapely.box(115, 26, 116, 27), shapely.Polygon(ring), shapely.box(115, 26, 116, 27)])

    with np.errstate(invalid="ignore"):
        both = area(shapes), survey_area(shapes, epsg=4490)

    for areas in both:
        assert not np.isfinite(areas[1])
        assert areas[[0, 2]] == pytest.approx(11_045_094_735.426, abs=1e-2)


def _integrated(ring: shapely.Polygon) -> float:
    """m² of a polygon without holes: Gauss–Legendre along each edge of the strip between it and the first latitude."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    nodes, weights = (nodes + 1) / 2, weights / 2
    x, y = shapely.get_coordinates(ring).T
    base, u = math.radians(y[0]), np.radians(y - y[0])
    on_edge = u[:-1, None] + np.diff(u)[:, None] * nodes
    phi = base + on_edge[..., None] * nodes
    strip = np.cos(phi) / (1 - 0.00669438002290 * np.sin(phi) ** 2) ** 2 @ weights * on_edge
    return float(abs(np.radians(np.diff(x)) @ (strip @ weights))) * 6356752.31414036**2


def _to_equator(phi: float) -> float:
    """m² per radian of longitude between the equator and a latitude: the closed form."""
    e2 = 0.00669438002290
    e, s = math.sqrt(e2), math.sin(phi)
    return 6356752.31414036**2 / 2 * (s / (1 - e2 * s * s) + math.atanh(e * s) / e)


def _star(x: float, y: float, size: float, turns: list[float]) -> shapely.Polygon:
    angles = np.linspace(0, 2 * np.pi, len(turns), endpoint=False)
    radius = size * np.array(turns)
    return shapely.Polygon(np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)]))
