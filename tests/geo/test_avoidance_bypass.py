"""Bypasses against cases computed in the head, and against every way of a fine lattice."""

from __future__ import annotations

import heapq
from math import hypot, inf, sqrt

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from geo.avoidance.bypass import bypass, least_radius_m, passes_left

STRAIGHT = LineString([(0, 0), (1000, 0)])
BLOCK = shapely.box(400, -50, 600, 100)

boxes = st.lists(
    st.tuples(st.integers(10, 80), st.integers(-40, 30), st.integers(2, 25), st.integers(2, 50)), min_size=1, max_size=5
).map(lambda found: shapely.union_all([shapely.box(x, y, x + wide, y + high) for x, y, wide, high in found]))
axes = st.lists(st.integers(-12, 12), min_size=1, max_size=4).map(
    lambda ys: LineString([(0, 0), *((100 * (n + 1) / (len(ys) + 1), y) for n, y in enumerate(ys)), (100, 0)])
)


def lattice_cost(free: BaseGeometry, step: float) -> float:
    """The shortest way from (0, 0) to (100, 0) along a lattice's sides, diagonals and knight's moves."""
    shapely.prepare(free)
    moves = [(x, y) for x in range(-2, 3) for y in range(-2, 3) if ((x, y) != (0, 0) and abs(x) != 2) or abs(y) == 1]
    goal, waiting, done = (round(100 / step), 0), [(0.0, (0, 0))], set()
    while waiting:
        cost, here = heapq.heappop(waiting)
        if here == goal:
            return cost
        if here in done:
            continue
        done.add(here)
        there = [(here[0] + x, here[1] + y) for x, y in moves]
        lines = shapely.linestrings([np.array([here, place]) * step for place in there])
        for place, seen in zip(there, shapely.covers(free, lines), strict=True):
            if seen and place not in done:
                heapq.heappush(waiting, (cost + step * hypot(place[0] - here[0], place[1] - here[1]), place))
    return inf


def test_round_a_block_the_shortest_way_touches_its_two_near_corners() -> None:
    way = bypass(STRAIGHT, BLOCK, within_m=200, off_axis=1.0)

    assert way is not None
    assert way.axis.coords[:] == [(0, 0), (400, -50), (600, -50), (1000, 0)]
    assert way.cost == pytest.approx(2 * hypot(400, 50) + 200)


def test_where_a_metre_off_the_axis_costs_more_the_axis_is_kept_to_the_angle_of_that_cost() -> None:
    """It is left at an angle whose cosine is 1/1.1: the block, 50 m aside, costs 2 · 50 · √(1.1² − 1) besides."""
    way = bypass(STRAIGHT, BLOCK, within_m=200, off_axis=1.1)

    assert way is not None
    assert way.cost == pytest.approx(800 + 1.1 * 200 + 2 * 50 * sqrt(1.1**2 - 1), abs=0.02)
    assert way.axis.coords[1] == pytest.approx((400 - 50 / sqrt(1.1**2 - 1), 0), abs=4)


def test_the_other_side_is_offered_and_there_is_no_third() -> None:
    first = bypass(STRAIGHT, BLOCK, within_m=200, off_axis=1.0)
    assert first is not None

    second = bypass(STRAIGHT, BLOCK, within_m=200, off_axis=1.0, unlike=[first.axis])

    assert second is not None
    assert second.axis.coords[:] == [(0, 0), (400, 100), (600, 100), (1000, 0)]
    assert bypass(STRAIGHT, BLOCK, within_m=200, off_axis=1.0, unlike=[first.axis, second.axis]) is None


def test_the_way_stays_within_the_width_or_there_is_none() -> None:
    assert bypass(STRAIGHT, BLOCK, within_m=49, off_axis=1.0) is None
    assert bypass(STRAIGHT, BLOCK, within_m=51, off_axis=1.0) is not None


def test_two_walls_make_a_corridor_and_the_way_goes_through_it() -> None:
    walls = shapely.union(shapely.box(400, -300, 410, 100), shapely.box(600, -100, 610, 300))

    way = bypass(STRAIGHT, walls, within_m=250, off_axis=1.0)

    assert way is not None
    between = hypot(190, 200)  # from the upper corner of the first wall to the lower one of the second
    assert way.axis.length == pytest.approx(2 * hypot(400, 100) - hypot(400, 100) + 10 + between + 10 + hypot(390, 100))


def test_an_end_inside_what_blocks_has_no_way() -> None:
    assert bypass(STRAIGHT, shapely.box(900, -50, 1100, 50), within_m=500, off_axis=1.0) is None


def test_an_axis_with_bends_that_is_clear_stays_as_it_is() -> None:
    bent = LineString([(0, 0), (500, 80), (1000, 0)])

    way = bypass(bent, shapely.box(0, 500, 10, 510), within_m=100, off_axis=1.1)

    assert way is not None
    assert shapely.hausdorff_distance(way.axis, bent) < 1e-2


def test_no_way_leads_along_the_edge_of_the_band_through_what_blocks() -> None:
    axis = LineString([(0, 0), (100 / 3, 9), (200 / 3, 0), (100, 0)])
    blocked = shapely.union(shapely.box(10, -2, 12, 24), shapely.box(10, -23, 31, -2))  # its corner is outside the band

    way = bypass(axis, blocked, within_m=30, off_axis=1.0)

    assert way is None or shapely.intersection(way.axis, shapely.buffer(blocked, -1e-3)).is_empty


@settings(max_examples=12)
@given(axes, boxes)
def test_no_way_of_a_lattice_is_shorter(axis: LineString, blocked: BaseGeometry) -> None:
    band = shapely.buffer(axis, 30, quad_segs=8)
    free = shapely.difference(band, blocked)
    assume(not shapely.intersects(blocked, shapely.MultiPoint([(0, 0), (100, 0)])))

    way = bypass(axis, blocked, within_m=30, off_axis=1.0)

    least = lattice_cost(free, 5.0)
    if way is None:
        assert least == inf
        return
    assert shapely.intersection(way.axis, blocked).length < 1e-6 or shapely.touches(way.axis, blocked)
    assert shapely.hausdorff_distance(way.axis, axis) <= 100
    assert shapely.difference(way.axis, shapely.buffer(band, 1e-3)).is_empty
    assert (way.axis.coords[0], way.axis.coords[-1]) == ((0, 0), (100, 0))
    assert way.axis.length <= least + 1e-6


@settings(max_examples=25)
@given(axes, boxes, st.floats(1.02, 1.5))
def test_another_way_that_is_offered_clears_and_passes_elsewhere(
    axis: LineString, blocked: BaseGeometry, off_axis: float
) -> None:
    first = bypass(axis, blocked, within_m=60, off_axis=off_axis)
    assume(first is not None and shapely.intersects(axis, blocked))
    assert first is not None

    second = bypass(axis, blocked, within_m=60, off_axis=off_axis, unlike=[first.axis])

    if second is not None:
        inside = shapely.buffer(blocked, -1e-3)
        assert not shapely.intersects(second.axis, inside)
        assert second.cost >= first.cost - 1e-6
        assert shapely.hausdorff_distance(first.axis, second.axis) > 0.9  # a box is 2 m wide at least


def test_left_and_right_are_as_one_goes_also_where_the_two_run_together() -> None:
    aside = LineString([(0, 0), (300, 0), (400, 60), (600, 60), (700, 0), (1000, 0)])

    assert passes_left(aside, STRAIGHT)
    assert not passes_left(LineString(aside.coords[::-1]), LineString(STRAIGHT.coords[::-1]))


def test_the_radius_of_a_bend_is_that_of_the_tangents() -> None:
    """A right angle between legs of 100 m and 300 m: tangents of 50 m, and tan 45° is 1."""
    bend = LineString([(0, 0), (100, 0), (100, 300)])

    assert least_radius_m(bend) == pytest.approx(50)
    assert least_radius_m(STRAIGHT) == inf


def test_along_an_arc_the_radius_is_the_arc_s() -> None:
    turn = np.linspace(0, np.pi, 33)

    assert least_radius_m(LineString(40 * np.column_stack([np.cos(turn), np.sin(turn)]))) == pytest.approx(40, rel=0.01)
