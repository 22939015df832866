"""Cells of the grid: in the head, and as laws."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import Shapes
from geo.generalising import Canvas, cells
from geo.refusal import GeoRefusal
from tests.geo.test_generalising import on_the_grid
from tests.geo.test_overlay import many, shapes


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """A box of so many cells of a thousandth of a degree from a place in the county."""
    return shapely.box(*((b + a) / 1000 for b, a in zip((115300, 26300) * 2, (west, south, east, north), strict=True)))


def test_a_plot_that_covers_the_middle_of_four_cells_is_those_four_cells() -> None:
    found = cells(many(box(0.2, 0.4, 2.3, 1.7)), ["tree"], decimals=3)

    assert found.classes.tolist() == ["tree"]
    assert found.shapes[0].equals(box(0, 0, 2, 2))


def test_what_covers_no_middle_is_nothing_unless_what_it_touches_counts() -> None:
    brook = box(0.1, 0.6, 4.9, 0.9)

    assert len(cells(many(brook), ["river"], decimals=3).shapes) == 0
    assert cells(many(brook), ["river"], decimals=3, touched=True).shapes[0].equals(box(0, 0, 5, 1))


def test_a_line_is_the_cells_it_runs_through() -> None:
    line = shapely.LineString([(115.3005, 26.3005), (115.3035, 26.3005)])

    assert cells(many(line), ["river"], decimals=3, touched=True).shapes[0].equals(box(0, 0, 4, 1))


def test_plots_of_one_class_that_adjoin_are_one_and_nobody_sees_where_they_met() -> None:
    found = cells(many(box(0, 0, 2, 3), box(2, 0, 5, 3), box(8, 0, 9, 1)), ["tree"] * 3, decimals=3)

    together, alone = shapely.get_parts(found.shapes[0])
    assert sorted([together.area, alone.area]) == pytest.approx([1e-6, 15e-6])
    assert shapely.get_num_coordinates(max(together, alone, key=shapely.area)) == 5


def test_where_two_lay_claim_to_a_cell_the_first_class_has_it() -> None:
    found = cells(many(box(0, 0, 4, 4), box(2, 0, 6, 4)), ["b", "a"], decimals=3)

    assert found.classes.tolist() == ["a", "b"]
    assert found.shapes[0].equals(box(2, 0, 6, 4))
    assert found.shapes[1].equals(box(0, 0, 2, 4))


def test_nothing_gives_nothing() -> None:
    assert len(cells(many(), [], decimals=3).shapes) == 0
    assert len(cells(many(None, shapely.Polygon()), ["a", "b"], decimals=3).classes) == 0


def test_shapes_on_both_sides_of_the_world_are_refused() -> None:
    with pytest.raises(GeoRefusal) as refused:
        cells(many(box(0, 0, 1, 1), shapely.box(26.3, 115.3, 26.4, 115.4)), ["a", "b"], decimals=3)

    assert refused.value.id == "generalising.too_wide"


def test_what_is_painted_beyond_the_canvas_is_left_out() -> None:
    canvas = Canvas(np.array(box(0, 0, 3, 3).bounds), decimals=3)

    canvas.paint(many(box(1, 1, 40, 2), box(50, 50, 60, 60)), np.array([4, 5]))

    assert canvas.cells().classes.tolist() == [4]
    assert canvas.cells().shapes[0].bounds[2] <= 115.305


def test_from_afar_a_block_is_of_what_most_of_it_is_and_blocks_lie_at_the_same_places_for_all() -> None:
    canvas = Canvas(np.array(box(-1, -1, 9, 9).bounds), decimals=3)  # 115.3 and 26.3 are places of blocks of 2 and of 4

    canvas.paint(many(box(0, 0, 3, 4), box(3, 0, 4, 4), box(4, 0, 5, 4)), np.array([1, 0, 2]))

    assert canvas.cells(step=4).classes.tolist() == [1]  # three columns of four; of the next block nothing is most
    assert canvas.cells(step=4).shapes[0].equals(box(0, 0, 4, 4))
    assert [shape.bounds for shape in canvas.cells(step=2).shapes] == [
        box(2, 0, 4, 4).bounds, box(0, 0, 2, 4).bounds, box(4, 0, 6, 4).bounds,
    ]  # fmt: skip  # where two are as many, the lower


def test_every_middle_has_the_class_of_the_first_shape_over_it() -> None:
    turn = np.random.default_rng(3)
    plots = shapely.buffer(shapely.points(115.3 + turn.random((40, 2)) / 40), 0.002, quad_segs=3)
    kinds = turn.integers(0, 3, 40)

    found = cells(plots, kinds, decimals=3)

    west, south, east, north = np.rint(shapely.total_bounds(plots) * 1000).astype(int)
    x, y = ((np.arange(a, b) + 0.5) / 1000 for a, b in ((west, east), (south, north)))
    middles = shapely.points(*(axis.ravel() for axis in np.meshgrid(x, y)))
    shown = np.array([shapely.covers(shape, middles) for shape in found.shapes])
    asked = np.array([shapely.covers(shapely.union_all(plots[kinds == kind]), middles) for kind in found.classes])
    first = asked & (np.cumsum(asked, axis=0) == 1)
    assert shown.tolist() == first.tolist()
    assert shown.any()


@given(shapes, st.data(), st.booleans())
def test_cells_lie_on_the_grid_are_valid_and_no_two_classes_share_ground(
    stars: Shapes, data: st.DataObject, touched: bool
) -> None:
    kinds = data.draw(st.lists(st.sampled_from("abc"), min_size=len(stars), max_size=len(stars)))

    found = cells(stars, kinds, decimals=2, touched=touched)

    assert on_the_grid(found.shapes, 2)
    assert shapely.is_valid(found.shapes).all()
    assert shapely.union_all(found.shapes).area == pytest.approx(shapely.area(found.shapes).sum())
    if touched:
        assert shapely.union_all(found.shapes).buffer(1e-9).covers(shapely.union_all(stars))


@given(shapes, st.data())
def test_neither_the_order_of_shapes_nor_the_portions_they_come_in_matter(stars: Shapes, data: st.DataObject) -> None:
    kinds = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(stars), max_size=len(stars))))
    order = np.array(data.draw(st.permutations(range(len(stars)))))
    canvas = Canvas(shapely.total_bounds(stars), decimals=2)

    for i in order:
        canvas.paint(stars[[i]], kinds[[i]])

    whole, portioned = cells(stars, kinds, decimals=2), canvas.cells()
    assert whole.classes.tolist() == portioned.classes.tolist()
    assert shapely.to_wkb(whole.shapes).tolist() == shapely.to_wkb(portioned.shapes).tolist()
