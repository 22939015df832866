"""Shared areas from edges alone, against cuts of GEOS measured by geo.area."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given

from geo.area import area
from geo.crs import Floats, Shapes
from geo.overlay.shared import outlines, shared_area
from tests.geo.test_overlay import BESIDE, SPIKED, many, shapes

UNIT = shapely.box(115, 26, 115.01, 26.01)


def shared(subjects: Shapes, zones: Shapes) -> Floats:
    """(n, m) m² of every subject with every zone."""
    a, b = outlines(subjects), outlines(zones)
    i, j = (grid.ravel() for grid in np.meshgrid(range(len(subjects)), range(len(zones)), indexing="ij"))
    return shared_area(a, b, i, j).reshape(len(subjects), len(zones))


def one(a: shapely.Geometry, b: shapely.Geometry) -> float:
    return float(shared(many(a), many(b))[0, 0])


@given(shapes, shapes)
def test_it_is_the_area_of_the_cut_however_edges_fall_upon_each_other(a: Shapes, b: Shapes) -> None:
    i, j = (grid.ravel() for grid in np.meshgrid(range(len(a)), range(len(b)), indexing="ij"))

    assert shared(a, b).ravel() == pytest.approx(area(shapely.intersection(a[i], b[j])), rel=1e-9, abs=1e-4)


@given(shapes, shapes)
def test_it_does_not_matter_which_of_the_two_comes_first(a: Shapes, b: Shapes) -> None:
    assert shared(a, b) == pytest.approx(shared(b, a).T, rel=1e-12, abs=1e-5)


@given(shapes)
def test_a_shape_shares_all_of_itself(drawn: Shapes) -> None:
    assert shared(drawn, drawn).diagonal() == pytest.approx(area(drawn), rel=1e-12)


@given(shapes)
def test_what_is_inside_and_what_is_outside_sum_to_the_whole(drawn: Shapes) -> None:
    frame = shapely.box(110, 20, 120, 30)
    outside = many(*(shapely.difference(frame, shape) for shape in drawn))

    assert shared(drawn[:1], drawn)[0] + shared(drawn[:1], outside)[0] == pytest.approx(area(drawn)[0], rel=1e-10)


def test_a_hole_is_not_shared() -> None:
    ring = shapely.difference(UNIT, shapely.box(115.002, 26.002, 115.008, 26.008))

    assert one(ring, shapely.box(115.003, 26.003, 115.007, 26.007)) == pytest.approx(0, abs=1e-6)
    assert one(ring, UNIT) == pytest.approx(area(many(ring))[0], rel=1e-12)


def test_rings_that_turn_either_way_count_alike() -> None:
    zone = shapely.Polygon([(115.005, 26.005), (115.02, 26.005), (115.02, 26.02)])

    assert one(shapely.reverse(UNIT), shapely.reverse(zone)) == one(UNIT, zone)


@pytest.mark.parametrize("east", [115.01, 115.02])
def test_neighbours_along_an_edge_or_apart_share_nothing(east: float) -> None:
    assert one(UNIT, shapely.box(east, 25.9, 115.3, 26.3)) == pytest.approx(0, abs=1e-6)


def test_half_a_parcel_is_half_its_area() -> None:
    half = one(UNIT, shapely.box(115.005, 25.9, 115.3, 26.3))

    assert half == pytest.approx(area(many(UNIT))[0] / 2, rel=1e-11)  # east and west of a meridian: equal by symmetry


def test_a_parcel_as_large_as_a_county_is_held_to_the_same_digits() -> None:
    county, zone = shapely.box(115.0, 26.0, 116.0, 27.0), shapely.Polygon([(115.3, 25.5), (117, 26.4), (115.9, 27.5)])

    assert one(county, zone) == pytest.approx(area(many(shapely.intersection(county, zone)))[0], rel=1e-12)


def test_the_cut_that_geos_gets_wrong_is_right_here() -> None:
    assert one(BESIDE, SPIKED) == pytest.approx(0, abs=1e-4)


def test_no_pairs_have_no_areas() -> None:
    assert shared(many(), many(UNIT)).shape == (0, 1)
