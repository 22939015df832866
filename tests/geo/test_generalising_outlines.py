"""Outlines whose shared borders move alike: in the head, and as laws."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import shapely.ops
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import Shapes, metres_per_degree
from geo.generalising import outlines
from tests.geo.test_generalising import on_the_grid
from tests.geo.test_generalising_cells import box
from tests.geo.test_overlay import many, shapes

PER_DEGREE = metres_per_degree(np.array([26.3]))[0]
SQUARE = shapely.box(115, 26, 115.12, 26.12)
widths = st.sampled_from([50.0, 400.0, 2000.0])


def shown(found: Shapes, width: float = 50, decimals: int = 3) -> Shapes:
    return outlines(found, widths_m=np.full(len(found), width), decimals=decimals)


def metres(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(shape, lambda xy: xy * PER_DEGREE)


@st.composite
def coverages(draw: st.DrawFn) -> Shapes:
    """The parts of a square of 0.12° around up to nine places: neighbours that share their borders to the last bit."""
    place = st.tuples(*[st.integers(1, 119)] * 2)
    places = np.array([115, 26]) + np.array(draw(st.lists(place, min_size=2, max_size=9, unique=True))) / 1000
    cut = shapely.union_all([SQUARE.exterior, shapely.voronoi_polygons(shapely.MultiPoint(places), only_edges=True)])
    parts = shapely.get_parts(shapely.polygonize(shapely.get_parts(cut)))
    return np.array([part for part in parts if SQUARE.covers(part.representative_point())], dtype=object)


def test_what_lies_on_the_grid_without_narrow_bends_stays_as_it_is() -> None:
    west, east = box(0, 0, 5, 9), box(5, 0, 9, 9)

    found = shown(many(west, east))

    assert [a.equals(b) for a, b in zip(found, (west, east), strict=True)] == [True, True]


def test_a_border_of_two_townships_moves_alike_for_both() -> None:
    border = [(5.3, -9), (5.3, 4.2), (5.6, 4.4), (5.3, 4.6), (5.3, 20)]  # a bend of 30 m
    cut = shapely.transform(shapely.LineString(border), lambda xy: np.array([115.3, 26.3]) + xy / 1000)
    west, east = sorted(shapely.get_parts(shapely.ops.split(box(0, 0, 9, 9), cut)), key=lambda part: part.bounds[0])

    found = shown(many(west, east))

    assert found[0].equals(box(0, 0, 5, 9))
    assert found[1].equals(box(5, 0, 9, 9))


def test_a_border_takes_the_greater_width_of_the_two_beside_it() -> None:
    spur = shapely.Polygon([(115.305, 26.302), (115.308, 26.305), (115.305, 26.308)])  # reaches 300 m into the east
    west, east = box(0, 0, 5, 10).union(spur), box(5, 0, 20, 10).difference(spur)

    narrow = outlines(many(west, east), widths_m=np.array([50.0, 50.0]), decimals=3)
    wide = outlines(many(west, east), widths_m=np.array([50.0, 400.0]), decimals=3)

    assert narrow[0].bounds[2] == 115.308
    assert wide[0].equals(box(0, 0, 5, 10))
    assert wide[1].equals(box(5, 0, 20, 10))


def test_a_wetland_of_thirty_metres_is_left_to_its_mark() -> None:
    assert shown(many(box(2.3, 2.3, 2.6, 2.6), None, shapely.Polygon())).tolist() == [None, None, None]


def test_a_hole_stays_a_hole_and_what_fills_it_fills_it_still() -> None:
    lake = box(3.2, 3.1, 6.1, 5.9)
    land = box(0, 0, 9, 9).difference(lake)

    around, inside = shown(many(land, lake))

    assert inside.equals(box(3, 3, 6, 6))
    assert around.equals(box(0, 0, 9, 9).difference(box(3, 3, 6, 6)))


def test_a_red_line_over_two_townships_covers_the_same_of_both_as_before() -> None:
    west, east, red = box(0, 0, 5, 9), box(5, 0, 9, 9), box(3.1, 2.2, 7.2, 6.9)

    found = shown(many(west, east, red))

    assert found[2].equals(box(3, 2, 7, 7))
    assert found[0].intersection(found[2]).equals(box(3, 2, 5, 7))


def test_a_border_drawn_twice_a_metre_apart_becomes_one() -> None:
    west, east = shown(many(box(0, 0, 5.0, 9), box(5.01, 0, 9, 9)))

    assert shapely.coverage_is_valid([west, east])
    assert west.union(east).equals(box(0, 0, 9, 9))


def test_a_strip_narrower_than_the_grid_is_shown_where_it_is_or_left_to_its_mark() -> None:
    west, strip, east = box(0, 0, 5.2, 9), box(5.2, 0, 5.7, 9), box(5.7, 0, 9, 9)

    found = shown(many(west, strip, east))

    assert [a.equals(b) for a, b in zip(found, (box(0, 0, 5, 9), box(5, 0, 6, 9), box(6, 0, 9, 9)), strict=True)] == [
        True, True, True,
    ]  # fmt: skip


@given(coverages(), widths)
def test_neighbours_neither_part_nor_overlap(parts: Shapes, width: float) -> None:
    found = shown(parts, width)

    left = np.array([shape for shape in found if shape is not None], dtype=object)
    whole = shapely.union_all(left)
    assert shapely.coverage_is_valid(left)
    assert whole.area == pytest.approx(shapely.area(left).sum())
    assert metres(whole).covers(metres(SQUARE).buffer(-width - 80))


@given(shapes, widths, st.integers(2, 3))
def test_outlines_lie_on_the_grid_valid_and_near_the_borders_they_come_from(
    stars: Shapes, width: float, decimals: int
) -> None:
    found = [shape for shape in shown(stars, width, decimals) if shape is not None]

    assert on_the_grid(found, decimals)
    assert shapely.is_valid(found).all()
    assert (shapely.area(found) > 0).all()
    borders = metres(shapely.union_all(shapely.boundary(stars)))
    away = [metres(shapely.Point(xy)).distance(borders) for xy in shapely.get_coordinates(found)]
    assert max(away, default=0) <= width + np.hypot(*PER_DEGREE) / 10**decimals / 2 + 1


@given(shapes, widths, st.data())
def test_neither_order_nor_the_vertex_a_ring_starts_from_matters(
    stars: Shapes, width: float, data: st.DataObject
) -> None:
    order = np.array(data.draw(st.permutations(range(len(stars)))))
    turned = shapely.reverse(stars[order])

    found, again = shown(stars, width), shown(turned, width)

    assert shapely.to_wkb(found[order]).tolist() == shapely.to_wkb(again).tolist()


@given(shapes, widths)
def test_a_feature_elsewhere_changes_nothing_here(stars: Shapes, width: float) -> None:
    elsewhere = shapely.transform(stars[:1], lambda xy: xy + np.array([0.5, 0]))

    alone, beside = shown(stars, width), shown(np.concatenate([elsewhere, stars]), width)[1:]

    assert shapely.to_wkb(alone).tolist() == shapely.to_wkb(beside).tolist()


@given(shapes)
def test_what_no_two_shared_no_two_share(stars: Shapes) -> None:
    apart = np.array([stars[0], *(star.difference(stars[0]) for star in stars[1:])], dtype=object)

    first, *others = shown(apart)

    if first is not None:
        assert first.intersection(shapely.union_all(others)).area == pytest.approx(0)


@given(shapes)
def test_no_coordinate_of_a_shape_leaves_unless_it_lay_on_the_grid(stars: Shapes) -> None:
    exact = shapely.transform(stars, lambda xy: xy + 0.000123)

    found = [shape for shape in shown(exact) if shape is not None]

    assert not set(shapely.get_coordinates(exact).ravel()) & set(shapely.get_coordinates(found).ravel())
