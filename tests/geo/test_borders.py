"""Spans under a tolerance: in the head, as laws, and against PostGIS in a Gauss zone."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from geo.area import area
from geo.borders import Spans, spans
from geo.crs import Shapes, metres_per_degree
from tests.geo.test_overlay import many, shapes

EAST, NORTH = metres_per_degree(np.array([26.33]))[0]


def metres(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """A box of so many metres from a place in the county."""
    lon, lat = 115.35 + np.array([west, east]) / EAST, 26.33 + np.array([south, north]) / NORTH
    return shapely.box(lon[0], lat[0], lon[1], lat[1])


def strict(subjects: Shapes, zones: Shapes) -> Shapes:
    return area(shapely.intersection(subjects, shapely.union_all(zones)))


def spanned(subjects: Shapes, zones: Shapes, tolerance_m: float) -> Spans:
    return spans(subjects, zones, strict_m2=strict(subjects, zones), tolerance_m=tolerance_m)


PARCEL = metres(-50, -50, 50, 50)


def test_a_straight_border_moves_by_the_tolerance_to_either_side() -> None:
    found = spanned(many(PARCEL), many(metres(20, -500, 500, 500)), 10)

    assert found.low[0] == pytest.approx(20 * 100, rel=1e-4)  # 30 m of the parcel's 100 m, less 10
    assert found.high[0] == pytest.approx(40 * 100, rel=1e-4)


@pytest.mark.parametrize(("away", "high"), [(4, 600), (12, 0)])
def test_what_is_near_but_apart_may_be_touched_and_what_is_further_may_not(away: float, high: float) -> None:
    found = spanned(many(PARCEL), many(metres(50 + away, -500, 500, 500)), 10)

    assert found.low[0] == 0
    assert found.high[0] == pytest.approx(high, rel=1e-4)
    assert len(found.zone) == (high > 0)


def test_of_a_sliver_within_the_tolerance_nothing_is_certain() -> None:
    found = spanned(many(PARCEL), many(metres(49.9, -500, 500, 500)), 10)

    assert (found.low[0], round(found.high[0])) == (0, 1010)


def test_a_parcel_smaller_than_the_tolerance_is_in_doubt_on_both_sides_of_a_border() -> None:
    found = spanned(many(metres(1, 0, 3, 2), metres(-3, 0, -1, 2)), many(metres(0, -500, 500, 500)), 10)

    assert found.low.tolist() == [0, 0]
    assert found.high == pytest.approx([4, 4], rel=1e-4)


def test_the_border_between_two_zones_that_adjoin_is_none() -> None:
    halves = many(metres(-500, -500, 0, 500), metres(0, -500, 500, 500))

    found = spanned(many(PARCEL), halves, 10)

    assert found.low[0] == found.high[0] == pytest.approx(area(many(PARCEL))[0])


def test_a_hole_is_a_border_too() -> None:
    holed = metres(-500, -500, 500, 500).difference(metres(-5, -5, 5, 5))

    found = spanned(many(PARCEL), many(holed), 10)

    corners = 4 * 10 * 10 + np.pi * 100  # around a square of 10 m: four sides of 10 m, and a circle at its corners
    assert found.low[0] == pytest.approx(100 * 100 - 100 - corners, rel=1e-3)
    assert found.high[0] == pytest.approx(100 * 100, rel=1e-4)  # the hole may not be there


def test_of_a_zone_smaller_than_the_snapping_nothing_is_certain() -> None:
    found = spanned(many(PARCEL, PARCEL), many(metres(0, 0, 0.000_1, 0.000_1)), 10)

    assert found.low.tolist() == [0, 0]
    assert found.high == pytest.approx([1e-8, 1e-8], abs=1e-6)


def test_a_border_with_corners_closer_than_the_tolerance_is_widened_as_a_whole() -> None:
    turn, rough = (
        np.linspace(0, 2 * np.pi, 3000, endpoint=False),
        300 + np.arange(3000) % 2,
    )  # 0.6 m apart, 1 m in and out
    star = shapely.Polygon(
        np.column_stack([115.35 + rough * np.cos(turn) / EAST, 26.33 + rough * np.sin(turn) / NORTH])
    )

    found = spanned(many(metres(-400, -400, 400, 400)), many(star), 15)

    assert found.low[0] == pytest.approx(np.pi * 285**2, rel=5e-3)  # inner corners lie at 300 m, outer at 301 m
    assert found.high[0] == pytest.approx(np.pi * 316**2, rel=5e-3)


def test_no_zone_and_no_subject_give_nothing() -> None:
    assert spanned(many(PARCEL), many(), 10).high.tolist() == [0]
    assert len(spans(many(), many(PARCEL), strict_m2=np.empty(0), tolerance_m=10).low) == 0


@given(shapes, shapes, st.floats(0.5, 300), st.floats(1.1, 4))
def test_the_strict_figure_lies_in_a_span_that_only_grows_with_the_tolerance(
    subjects: Shapes, zones: Shapes, tolerance_m: float, times: float
) -> None:
    narrow, wide = spanned(subjects, zones, tolerance_m), spanned(subjects, zones, times * tolerance_m)

    m2, rounding = strict(subjects, zones), 0.05 * tolerance_m * 100
    assert (narrow.low <= m2).all()
    assert (m2 <= narrow.high).all()
    assert (narrow.high <= area(subjects) * (1 + 1e-10)).all()
    assert (wide.low <= narrow.low + rounding).all()
    assert (wide.high >= narrow.high - rounding).all()


@given(shapes, shapes)
def test_without_a_tolerance_the_span_is_the_strict_figure(subjects: Shapes, zones: Shapes) -> None:
    found, m2 = spanned(subjects, zones, 0), strict(subjects, zones)

    assert found.low.tolist() == found.high.tolist() == m2.tolist()


@given(shapes, shapes, st.floats(1, 300))
def test_many_subjects_together_give_what_each_gives_alone(subjects: Shapes, zones: Shapes, tolerance_m: float) -> None:
    together = spanned(subjects, zones, tolerance_m)
    alone = [spanned(subjects[i : i + 1], zones, tolerance_m) for i in range(len(subjects))]

    assert together.low.tolist() == [one.low[0] for one in alone]
    assert together.high.tolist() == [one.high[0] for one in alone]
    assert together.zone.tolist() == [zone for one in alone for zone in one.zone]


_WITH_POSTGIS = text("""
    with ground as (
        select st_transform(st_segmentize(st_geomfromwkb(:subject, 4490), 0.0005), 4548) as subject,
               st_transform(st_segmentize(st_geomfromwkb(:zones, 4490), 0.0005), 4548) as zones)
    select st_area(st_intersection(subject, st_buffer(zones, -:t, 'quad_segs=16'))),
           st_area(st_intersection(subject, st_buffer(zones, :t, 'quad_segs=16'))),
           st_distance(subject, zones), st_perimeter(subject) + st_perimeter(zones) from ground""")
"""Edges are cut to 50 m first: straight in degrees, they are not straight in the plane."""


@given(shapes, shapes, st.sampled_from([5.0, 20.0, 150.0]))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_postgis_eroding_and_dilating_in_a_gauss_zone_finds_the_same(
    engine: Engine, subjects: Shapes, zones: Shapes, tolerance_m: float
) -> None:
    found, whole = spanned(subjects, zones, tolerance_m), shapely.union_all(zones)

    with engine.connect() as connection:
        for place, subject in enumerate(subjects):
            given_ = {"subject": subject.wkb, "zones": whole.wkb, "t": tolerance_m}
            low, high, away, around = connection.execute(_WITH_POSTGIS, given_).one()
            # By 6e-4 an area is off in a Gauss zone 1.6° from its meridian, by 4e-4 a metre 5 km from the middle.
            off = 1e-3 * (high + tolerance_m * around)
            assert found.low[place] == pytest.approx(low, abs=off)
            assert found.high[place] == pytest.approx(high, abs=off)
            if away > 0 and abs(away / tolerance_m - 1) > 1e-2:
                assert (place in found.subject) == (away < tolerance_m)
