"""The plane of metres against geodesics of GeographicLib, and what a trim leaves."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from geo.area import area
from geo.avoidance.plane import bow_m, grown, plane_around, straightened, zone_for
from geo.avoidance.trimming import trim
from geo.overlay import divide

PLACE = MultiPolygon([shapely.box(115.45, 26.30, 115.46, 26.31)])
PLANE = plane_around(PLACE, 4526)


def one(shape: BaseGeometry) -> np.ndarray:
    return np.array([shape], dtype=object)


def m2(shape: BaseGeometry) -> float:
    return float(area(one(shape))[0])


@given(st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_metres_in_the_plane_are_metres_on_the_ground(east: float, north: float) -> None:
    (lon0, lat0), (lon, lat) = shapely.get_coordinates(PLANE.placed(shapely.LineString([(0, 0), (east, north)])))

    metres = Geod(ellps="GRS80").inv(lon0, lat0, lon, lat)[2]

    assert metres == pytest.approx(np.hypot(east, north), rel=1e-5, abs=1e-6)


def test_the_way_back_is_the_way_there() -> None:
    (laid,) = PLANE.laid(one(PLACE))

    assert shapely.hausdorff_distance(PLANE.placed(laid), PLACE) < 1e-12
    assert m2(PLACE) == pytest.approx(PLANE.traced(one(PLACE))[0].area, rel=1e-7)


def test_a_vector_is_rounded_to_millimetres_of_the_zone() -> None:
    vector = PLANE.rounded(np.array([12.34567891, -0.1]))

    assert vector * PLANE.scale == pytest.approx(np.round(vector * PLANE.scale, 3), abs=1e-9)
    assert vector == pytest.approx((12.34567891, -0.1), abs=5.1e-4)


def test_a_long_edge_bows_and_is_drawn_with_the_points_that_keep_it_straight() -> None:
    """2 km along the parallel at 26.3°: by L² tan φ / 8R the middle stands 39 mm off."""
    strip = shapely.box(-1000, -10, 1000, 10)

    drawn = PLANE.drawn(strip)

    assert bow_m(strip) == pytest.approx(0.039, abs=0.002)
    (back,) = PLANE.traced(one(drawn))
    assert shapely.hausdorff_distance(back, strip) < 1e-3
    assert shapely.hausdorff_distance(PLANE.traced(one(PLANE.placed(strip)))[0], strip) > 0.03
    assert len(shapely.get_coordinates(drawn)) < 40


def test_what_is_grown_holds_all_within_the_distance() -> None:
    shape = shapely.box(0, 0, 10, 10)

    found = grown(shape, 5)

    assert found.covers(shapely.buffer(shape, 5, quad_segs=64))
    round_ = shapely.Point(0, 0).buffer(7, quad_segs=6)
    assert grown(round_, 5).covers(shapely.buffer(round_, 5, quad_segs=64))
    assert shapely.buffer(shape, 5 * 1.003, quad_segs=64).covers(found)


def test_a_file_in_degrees_is_worked_on_in_the_nearest_zone_of_three_degrees() -> None:
    assert zone_for(PLACE, 4490) == 4526  # 115.455° lies in zone 38 (114°), by 1.5°, and 39 from 115.5°
    assert zone_for(shapely.Point(115.51, 26).buffer(0.001), 4490) == 4527
    assert zone_for(PLACE, 4547) == 4547


def test_a_trim_leaves_what_is_clear_and_says_what_was_too_small() -> None:
    """A parcel of 100 m × 60 m: 40 m of its middle go, with 1 cm each side; of the rest 9 m × 60 m is too small."""
    parcel = PLANE.drawn(shapely.box(0, 0, 100, 60))
    blocked = grown(shapely.box(9.01, -10, 49.99, 70), 0.01)

    trimmed = trim(parcel, blocked, PLANE, least_m2=600, least_width_m=1)

    assert trimmed.dropped == 1
    assert trimmed.dropped_m2 == pytest.approx(540, rel=1e-3)
    assert m2(trimmed.shape) == pytest.approx(50 * 60, rel=1e-4)


def test_a_part_that_is_nowhere_wide_is_dropped_however_long() -> None:
    parcel = PLANE.drawn(shapely.box(0, 0, 100, 60))
    blocked = shapely.box(-10, 0.9, 110, 100)

    trimmed = trim(parcel, blocked, PLANE, least_m2=10, least_width_m=1)

    assert (trimmed.shape.is_empty, trimmed.dropped) == (True, 1)
    assert not trim(parcel, shapely.box(-10, 1.1, 110, 100), PLANE, least_m2=10, least_width_m=1).shape.is_empty


blobs = st.lists(
    st.tuples(st.integers(-80, 180), st.integers(-80, 140), st.integers(5, 60)), min_size=1, max_size=5
).map(lambda found: shapely.union_all([shapely.Point(x, y).buffer(r, quad_segs=6) for x, y, r in found]))


@given(blobs, st.floats(0.01, 5))
def test_a_trim_lies_in_the_parcel_and_off_what_blocks_and_loses_no_more(zone: BaseGeometry, clearance: float) -> None:
    parcel = PLANE.drawn(shapely.box(0, 0, 100, 60))

    trimmed = trim(parcel, grown(zone, clearance), PLANE, least_m2=0, least_width_m=0)

    left = one(trimmed.shape)
    assert trimmed.shape.is_valid
    if not trimmed.shape.is_empty:
        assert m2(divide(left, one(parcel))[1][0]) < 0.5  # half a millimetre about a few hundred metres
        (traced,) = PLANE.traced(left)
        assert shapely.distance(traced, zone) > clearance - 1e-3
    free = shapely.difference(shapely.box(0, 0, 100, 60), grown(zone, clearance)).area
    assert m2(trimmed.shape) == pytest.approx(free, abs=0.5)


def test_corners_that_do_nothing_are_left_out() -> None:
    square = shapely.segmentize(shapely.box(115.4, 26.3, 115.401, 26.301), 1e-5)

    found = straightened(square)

    assert found.geom_type == "MultiPolygon"
    assert len(shapely.get_coordinates(found)) == 5
