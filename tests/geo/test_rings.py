"""Rings as flat arrays: every shape keeps its own, however they are mixed, and however many there are."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import Floats, Shapes
from geo.rings import Rings, in_blocks, portions


def plane_area(rings: Rings) -> Floats:
    """What shapely.area gives, from the rings."""
    x, y = rings.from_first(rings.x), rings.from_first(rings.y)
    cross = np.append(x[:-1] * y[1:] - x[1:] * y[:-1], 0.0)[: len(x)]
    return rings.total(np.add.reduceat(cross, rings.first) / 2)


def shapes_of(*wkt: str) -> Shapes:
    return np.array([shapely.from_wkt(one) for one in wkt], dtype=object)


@pytest.mark.parametrize(
    "wkt",
    [
        "POLYGON((0 0,4 0,4 4,0 4,0 0))",
        "MULTIPOLYGON(((0 0,4 0,4 4,0 4,0 0)))",
        "POLYGON((0 0,4 0,4 4,0 4,0 0),(1 1,1 2,2 2,2 1,1 1))",
        "POLYGON((0 0,4 0,4 4,0 4,0 0),(1 1,2 1,2 2,1 2,1 1))",
        "POLYGON((0 0,4 0,4 4,0 4,0 0),(0 0,1 2,2 1,0 0))",
        "POLYGON((0 0,4 0,4 4,0 4,0 0),(1 2,2 1,0 0,1 2))",
        "MULTIPOLYGON(((0 0,4 0,4 4,0 0)),((9 9,9 8,8 8,9 9)))",
        "MULTIPOLYGON(((0 0,4 0,4 4,0 0)),((0 0,-4 0,-4 -4,0 0)))",
        "MULTIPOLYGON(((0 0,4 0,4 4,0 0)),((-4 0,-4 -4,0 0,-4 0)))",
        "MULTIPOLYGON(((0 0,4 0,4 4,0 4,0 0),(1 1,2 1,2 2,1 2,1 1)),((9 9,9 8,8 8,9 9)))",
        "POLYGON((0 0,0 0,4 0,4 4,0 0,0 0))",
        "POLYGON((0 0,4 0,0 0,4 4,0 0))",
        "POLYGON((0 0,4 0,4 4,0 0),EMPTY)",
        "POLYGON((0 0,4 0,4 4,0 0),(1 0,2 0,2 1,1 0),EMPTY)",
        "POLYGON EMPTY",
        "GEOMETRYCOLLECTION(POLYGON((0 0,4 0,4 4,0 0)),LINESTRING(0 0,4 4,4 0,0 0))",
    ],
)
def test_a_shape_has_the_area_of_its_rings_alone_and_among_others(wkt: str) -> None:
    shapes = shapes_of("POLYGON((0 0,1 0,1 1,0 0))", wkt, "POLYGON((5 5,6 5,6 6,5 5))")

    assert in_blocks(shapes, plane_area).tolist() == shapely.area(shapes).tolist()
    assert in_blocks(shapes[1:2], plane_area).tolist() == shapely.area(shapes[1:2]).tolist()


@pytest.mark.parametrize(
    "wkt", ["LINESTRING(0 0,4 0,4 4,0 0)", "LINEARRING(0 0,4 0,4 4,0 0)", "POINT(0 0)", "MULTIPOINT(0 0,1 0,0 0)"]
)
def test_what_comes_back_to_its_first_vertex_and_is_no_polygon_has_no_rings(wkt: str) -> None:
    shapes = shapes_of("POLYGON((0 0,1 0,1 1,0 0))", wkt)

    assert in_blocks(shapes, plane_area).tolist() == [0.5, 0.0]


@given(corners=st.lists(st.lists(st.tuples(*[st.integers(0, 3)] * 2), min_size=3, max_size=6), min_size=1, max_size=4))
def test_a_multipolygon_has_the_area_of_its_polygons_wherever_their_vertices_meet(
    corners: list[list[tuple[int, int]]],
) -> None:
    parts = [shapely.Polygon(ring) for ring in corners]

    (found,) = in_blocks(np.array([shapely.MultiPolygon(parts)], dtype=object), plane_area)

    assert found == sum(part.area for part in parts)


def test_many_shapes_keep_their_order_and_one_may_be_larger_than_a_block() -> None:
    sides = np.append(np.arange(1.0, 20_001.0), 3.0)
    shapes = shapely.box(0, 0, sides, 1)
    shapes[7_000] = shapely.segmentize(shapely.box(0, 0, 7_001, 1), 0.1)

    assert shapely.get_num_coordinates(shapes[7_000]) > 100_000
    assert in_blocks(shapes, plane_area) == pytest.approx(sides)


@given(sides=st.lists(st.integers(0, 6), max_size=30), vertices=st.integers(1, 40))
def test_portions_hold_every_shape_once_in_order_and_not_too_much_beside_the_first(
    sides: list[int], vertices: int
) -> None:
    lines = np.array([shapely.LineString([(x, 0) for x in range(n)] if n > 1 else []) for n in sides], dtype=object)
    held = np.cumsum(shapely.get_num_coordinates(lines))

    found = portions(lines, vertices=vertices)

    assert [place for portion in found for place in range(portion.start, portion.stop)] == list(range(len(lines)))
    assert all(held[portion.stop - 1] - held[portion.start] < vertices for portion in found if len(lines))


def test_no_shapes_have_no_areas() -> None:
    assert in_blocks(np.array([], dtype=object), plane_area).tolist() == []
