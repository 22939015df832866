"""Points, lines and marks on the grid: in the head, and as laws."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import Shapes, metres_per_degree
from geo.generalising import lines, marks, points
from tests.geo.test_overlay import many, stars

NORTH = float(metres_per_degree(np.array([26.3]))[0, 1])
places = st.tuples(st.floats(115.0, 115.9), st.floats(26.0, 26.7))


def on_the_grid(shapes: Shapes, decimals: int = 3) -> bool:
    """Every coordinate is the very number that Python rounds it to."""
    return all(x == round(x, decimals) for x in shapely.get_coordinates(shapes).ravel().tolist())


def test_a_point_goes_to_the_nearest_crossing_of_the_grid() -> None:
    found = points(many(shapely.Point(115.12349, 26.00051), None, shapely.Point()), decimals=3)

    assert found.tolist() == [shapely.Point(115.123, 26.001), None, None]


def test_the_mark_of_a_ring_shaped_wetland_lies_in_the_ring_and_not_in_its_middle() -> None:
    ring = shapely.box(115.1, 26.1, 115.2, 26.2).difference(shapely.box(115.11, 26.11, 115.19, 26.19))

    found = marks(many(ring, shapely.Polygon(), None), decimals=3)

    assert ring.covers(found[0])
    assert found[1:].tolist() == [None, None]


def test_a_bend_narrower_than_the_width_goes_and_a_wider_one_stays() -> None:
    bends = [shapely.LineString([(115.1, 26.3), (115.2, 26.3 + m / NORTH), (115.3, 26.3)]) for m in (190, 210)]

    narrow, wide = lines(many(*bends), widths_m=np.array([200.0, 200.0]), decimals=3)

    assert shapely.get_coordinates(narrow).tolist() == [[115.1, 26.3], [115.3, 26.3]]
    assert shapely.get_coordinates(wide).tolist() == [[115.1, 26.3], [115.2, 26.302], [115.3, 26.3]]


def test_a_brook_shorter_than_the_grid_is_nothing() -> None:
    brook = shapely.LineString([(115.1001, 26.3001), (115.1003, 26.3004)])

    assert lines(many(brook, None), widths_m=np.array([50.0, 50.0]), decimals=3).tolist() == [None, None]


@given(st.lists(places, min_size=1, max_size=9))
def test_points_lie_on_the_grid_no_further_than_half_a_step(found: list[tuple[float, float]]) -> None:
    given_out = points(np.array(shapely.points(found), dtype=object), decimals=3)

    assert on_the_grid(given_out)
    assert np.abs(shapely.get_coordinates(given_out) - found).max() <= 0.0005 + 1e-9


@given(st.lists(places, min_size=2, max_size=30, unique=True), st.sampled_from([50.0, 500.0]))
def test_lines_lie_on_the_grid_near_where_they_were_whichever_way_they_run(
    path: list[tuple[float, float]], width: float
) -> None:
    line = shapely.LineString(path)

    found, turned = lines(many(line, line.reverse()), widths_m=np.array([width, width]), decimals=3)

    assert (found is None) == (turned is None)
    if found is not None:
        assert found.wkb == turned.wkb
        assert on_the_grid(many(found))
        away = shapely.distance(shapely.points(shapely.get_coordinates(found)), line)
        assert away.max() <= 0.0005 * 2**0.5 + 1e-9  # every vertex was one of the line's


@given(stars().filter(lambda star: star.is_valid))
def test_a_mark_is_within_half_a_step_of_its_shape(star: shapely.Polygon) -> None:
    mark = marks(many(star), decimals=3)[0]

    assert on_the_grid(many(mark))
    assert star.distance(mark) <= 0.0005 * 2**0.5 + 1e-9


@pytest.mark.parametrize("decimals", [1, 2, 3, 4])
def test_the_number_of_decimals_is_the_callers(decimals: int) -> None:
    found = points(many(shapely.Point(115.123456, 26.654321)), decimals=decimals)[0]

    assert (found.x, found.y) == (round(115.123456, decimals), round(26.654321, decimals))
