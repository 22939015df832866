"""Shifts and turns against every other shift and turn of a fine grid, and against cases computed in the head."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geo.avoidance.forbidden import least_vector, outline
from geo.avoidance.moving import Move, mean_m, shift, turn, turn_and_shift

SQUARE = shapely.box(0, 0, 100, 100)
ROUNDING_M = 3e-4


@st.composite
def stars(draw: st.DrawFn, reach: int = 30, spread: int = 40) -> shapely.Polygon:
    """A star about a point of a coarse grid, seldom convex."""
    x, y = draw(st.tuples(*[st.integers(-spread, spread)] * 2))
    reaches = draw(st.lists(st.integers(3, reach), min_size=4, max_size=9))
    turns = np.linspace(0, 2 * np.pi, len(reaches), endpoint=False)
    return shapely.Polygon(np.column_stack([x + reaches * np.cos(turns), y + reaches * np.sin(turns)]))


zones = st.lists(stars(), min_size=1, max_size=4).map(shapely.union_all)
footprints = stars(20, 5)


def ground_of(move: Move, footprint: BaseGeometry) -> BaseGeometry:
    return move.of(footprint, footprint.centroid)


def overlaps(a: BaseGeometry, b: BaseGeometry) -> bool:
    return bool(shapely.intersection(a, b).area > 1e-6)


def test_a_square_ten_metres_into_a_straight_border_moves_ten_metres_back() -> None:
    move = shift(SQUARE, shapely.box(90, -500, 1000, 500), within_m=500)

    assert move is not None
    assert move.shift_m == pytest.approx(10, abs=ROUNDING_M)
    assert move.bearing_deg == pytest.approx(270)


def test_the_second_shift_goes_another_way_though_it_is_longer() -> None:
    blocked = shapely.box(90, -500, 1000, 60)
    first = shift(SQUARE, blocked, within_m=500)
    assert first is not None

    second = shift(SQUARE, blocked, within_m=500, unlike=[first])

    assert first.shift_m == pytest.approx(10, abs=ROUNDING_M)  # west
    assert second is not None
    assert second.shift_m == pytest.approx(60, abs=0.01)  # north, over the corner
    assert second.bearing_deg == pytest.approx(0, abs=0.1)


def test_along_an_endless_wall_there_is_no_second_way() -> None:
    wall = shapely.box(90, -5000, 1000, 5000)

    assert shift(SQUARE, wall, within_m=500, unlike=[Move(0, -10, 0)]) is None


def test_two_walls_leave_one_place_between_them() -> None:
    """A square of 100 m finds the gap of 101 m, 200 m to the north, and no place nearer."""
    walls = shapely.union_all([shapely.box(-900, -900, 900, 200), shapely.box(-900, 301, 900, 1200)])

    move = shift(SQUARE, walls, within_m=500)

    assert move is not None
    assert move.shift_m == pytest.approx(200, abs=ROUNDING_M)
    assert shift(SQUARE, walls, within_m=199) is None
    assert shift(SQUARE, shapely.union(walls, shapely.box(-900, 200, 900, 202)), within_m=500) is None


def test_a_yard_in_a_zone_is_a_place_to_move_to() -> None:
    yard = shapely.difference(shapely.box(-300, -300, 600, 600), shapely.box(150, 0, 251, 101))

    move = shift(SQUARE, yard, within_m=500)

    assert move is not None
    assert (move.east, move.north) == pytest.approx((150, 0.0), abs=2e-3)


def test_a_small_zone_may_come_to_lie_in_a_hole_of_the_footprint() -> None:
    ring = shapely.difference(SQUARE, shapely.box(20, 20, 80, 80))
    tree = shapely.box(10, 40, 30, 60)

    move = shift(ring, tree, within_m=500)

    assert move is not None
    assert (move.east, move.north) == pytest.approx((-10, 0), abs=ROUNDING_M)  # out of the ring it would be 30 m


def test_what_is_clear_stays_where_it_is() -> None:
    assert shift(SQUARE, shapely.box(101, 0, 200, 100), within_m=500) == Move()


def test_a_footprint_in_parts_moves_as_one() -> None:
    """Five metres west would do for the first square, two east for the second: for both it is fifteen east."""
    pair = shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(110, 0, 120, 10)])
    blocked = shapely.union(shapely.box(5, -1000, 15, 1000), shapely.box(100, -1000, 112, 1000))

    move = shift(pair, blocked, within_m=500)

    assert move is not None
    assert (move.east, move.north) == pytest.approx((15, 0), abs=ROUNDING_M)


@settings(max_examples=60)
@given(footprints, zones)
def test_no_shift_of_a_fine_grid_is_shorter(footprint: BaseGeometry, blocked: BaseGeometry) -> None:
    move = shift(footprint, blocked, within_m=150)

    assert move is not None  # nothing reaches further than 70 m
    assert not overlaps(ground_of(move, footprint), blocked)
    radii, bearings = np.meshgrid(np.linspace(0, move.shift_m, 40)[:-1], np.linspace(0, 2 * np.pi, 180))
    steps = np.column_stack([(radii * np.cos(bearings)).ravel(), (radii * np.sin(bearings)).ravel()])
    shifted = np.array([shapely.transform(footprint, lambda xy, step=step: xy + step) for step in steps], dtype=object)
    # A shorter one could only be told from this by rounding.
    shorter = shapely.area(shapely.intersection(shifted, blocked)) < 1e-9
    assert not (shorter & (np.hypot(*steps.T) < move.shift_m - ROUNDING_M)).any()


@settings(max_examples=25)
@given(footprints, zones)
def test_with_outlines_for_the_shapes_it_clears_and_is_hardly_longer(
    footprint: BaseGeometry, blocked: BaseGeometry
) -> None:
    exact = least_vector(footprint, blocked, within_m=150)
    assert exact is not None

    vector = least_vector(footprint, blocked, within_m=150, pairs=40)

    assert vector is not None
    assert not overlaps(ground_of(Move(0, *vector), footprint), blocked)
    assert np.hypot(*vector) >= np.hypot(*exact) - ROUNDING_M
    assert np.hypot(*vector) <= 1.5 * np.hypot(*exact) + 20  # notches that the outlines close are lost, not the way out


@given(zones, st.floats(0.05, 20))
def test_an_outline_holds_the_shape_and_stays_near_it(shape: BaseGeometry, tolerance: float) -> None:
    found = outline(shape, tolerance)

    assert shapely.difference(shape, found).area < 1e-9
    assert shapely.difference(found, shapely.buffer(shape, 6 * tolerance)).area < 1e-6


def test_a_corner_in_a_zone_is_turned_out_of_it() -> None:
    """The corner stands 50√2 m from the middle, to the east; turned until it stands 60 m east, it is clear."""
    blocked = shapely.box(50 + 60, -500, 1000, 500)
    diamond = Move(45).of(SQUARE, SQUARE.centroid)

    move = turn(diamond, blocked, within_deg=45)

    assert move is not None
    assert abs(move.turn_deg) == pytest.approx(np.degrees(np.arccos(60 / (50 * np.sqrt(2)))), abs=1e-3)
    assert turn(diamond, blocked, within_deg=30) is None


@settings(max_examples=40)
@given(footprints, zones)
def test_no_turn_of_a_fine_grid_is_smaller(footprint: BaseGeometry, blocked: BaseGeometry) -> None:
    move = turn(footprint, blocked, within_deg=60)

    angles = np.arange(0, 60, 0.25)
    for angle in angles if move is None else angles[angles < abs(move.turn_deg) - 3]:
        # Steps may be as wide as half a metre at the outermost corner: 1.5° at 20 m. Narrower gaps are not seen.
        tried = [
            [shapely.intersects(blocked, ground_of(Move(sign * (angle + more)), footprint)) for more in (0, 0.8, 1.6)]
            for sign in (1, -1)
        ]
        assert all(any(side) for side in tried)
    if move is not None:
        assert not overlaps(ground_of(move, footprint), blocked)


def test_a_turn_makes_a_shift_shorter_where_a_side_is_askew() -> None:
    """A long bar across a border at 20°: upright it needs half its width, askew 100 · sin 20° besides."""
    bar = Move(20).of(shapely.box(-5, -100, 5, 100), shapely.Point(0, 0))
    border = shapely.box(0, -500, 500, 500)
    alone = shift(bar, border, within_m=200)
    assert alone is not None

    both = turn_and_shift(bar, border, within_m=200, within_deg=45, less_than_m=alone.shift_m)

    assert alone.shift_m == pytest.approx(100 * np.sin(np.radians(20)) + 5 * np.cos(np.radians(20)), abs=ROUNDING_M)
    assert both is not None
    assert not overlaps(ground_of(both, bar), border)
    assert both.turn_deg == pytest.approx(-20, abs=7.6)  # the steps of the turns tried are 7.5°, then 1.25°
    assert mean_m(both, bar) < 0.9 * alone.shift_m


@settings(max_examples=20)
@given(footprints, zones)
def test_a_turn_with_a_shift_clears_and_moves_less_ground_than_asked(
    footprint: BaseGeometry, blocked: BaseGeometry
) -> None:
    alone = shift(footprint, blocked, within_m=150)
    assert alone is not None

    both = turn_and_shift(footprint, blocked, within_m=150, within_deg=45, less_than_m=alone.shift_m)

    if both is not None:
        assert mean_m(both, footprint) < alone.shift_m
        assert abs(both.turn_deg) <= 45
        assert not overlaps(ground_of(both, footprint), blocked)


@given(footprints, st.floats(-180, 180), st.floats(-500, 500), st.floats(-500, 500))
def test_a_move_keeps_shape_and_area(footprint: BaseGeometry, angle: float, east: float, north: float) -> None:
    move = Move(angle, east, north)

    moved = ground_of(move, footprint)

    assert moved.area == pytest.approx(footprint.area)
    assert moved.length == pytest.approx(footprint.length)
    centres = shapely.get_coordinates([moved.centroid, footprint.centroid])
    assert centres[0] - centres[1] == pytest.approx((east, north), abs=1e-6)


def test_the_mean_distance_is_that_of_the_ground() -> None:
    """Of a square of side a turned by 180° about its middle: √(2/3) a; the middle of the squares by a fine grid."""
    xy = np.stack(np.meshgrid(*[np.arange(0.5, 100)] * 2), axis=-1).reshape(-1, 2)
    half = Move(180, 30, 40)
    there = shapely.get_coordinates(half.of(shapely.MultiPoint(xy), SQUARE.centroid))

    mean = np.sqrt((np.hypot(*(there - xy).T) ** 2).mean())

    assert mean_m(half, SQUARE) == pytest.approx(mean, rel=1e-4)
    assert mean_m(Move(180), SQUARE) == pytest.approx(100 * np.sqrt(2 / 3))
