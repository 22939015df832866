"""What is mended, what is refused, and that both are said."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import from_wkt

from geo.repair import Settled, inspect, repair


def settled(wkt: str) -> Settled:
    return repair(np.array([from_wkt(wkt)], dtype=object))[0]


def test_a_sound_polygon_becomes_a_multipolygon_without_a_word() -> None:
    done = settled("POLYGON((0 0,1 0,1 1,0 0))")

    assert done == Settled(from_wkt("MULTIPOLYGON(((0 0,1 0,1 1,0 0)))"))


def test_a_bow_tie_is_mended_and_said_with_place_and_areas() -> None:
    done = settled("POLYGON((0 0,2 2,2 0,0 2,0 0))")

    assert done.shape is not None
    assert done.shape.area == 2.0
    (note,) = done.notes
    assert note.id == "shape.mended"
    assert (note.values["x"], note.values["y"]) == ("1", "1")
    assert (note.values["before_m2"], note.values["after_m2"]) == (0.0, 2.0)


@pytest.mark.parametrize(
    ("wkt", "refusal"),
    [
        ("POLYGON((0 0,1 1,0 0,0 0))", "shape.collapsed"),
        ("POLYGON((0 0,1 1,2 2,0 0))", "shape.collapsed"),
        ("POLYGON((0 0,2 0,2 2,0 0),(0 0,2 0,2 2,0 0))", "shape.collapsed"),
        ("POLYGON EMPTY", "shape.empty"),
        ("GEOMETRYCOLLECTION EMPTY", "shape.empty"),
        ("LINESTRING(0 0,0 0)", "shape.invalid"),
        ("GEOMETRYCOLLECTION(POLYGON((0 0,1 0,1 1,0 0)),POINT(0 0))", "shape.collection"),
    ],
    ids=["two points", "on one line", "hole over the whole", "empty", "empty collection", "no length", "mixed"],
)
def test_what_cannot_be_mended_without_guessing_is_refused(wkt: str, refusal: str) -> None:
    done = settled(wkt)

    assert done.shape is None
    assert done.refusal is not None
    assert done.refusal.id == refusal


def test_a_row_without_a_shape_is_refused() -> None:
    (done,) = repair(np.array([None], dtype=object))

    assert done.refusal is not None
    assert done.refusal.id == "shape.missing"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none_are_refused_in_points_and_rings(number: float) -> None:
    with np.errstate(invalid="ignore"):
        point, ring = shapely.Point(number, 1), shapely.Polygon([(0, 0), (number, 0), (1, 1)])

    for done in repair(np.array([point, ring], dtype=object)):
        assert done.refusal is not None
        assert done.refusal.id == "shape.not_finite"


def test_the_same_ring_twice_is_joined_and_the_halved_area_is_said() -> None:
    done = settled("MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((0 0,1 0,1 1,0 0)))")

    assert done.shape is not None
    assert done.shape.area == 0.5
    assert (done.notes[0].values["before_m2"], done.notes[0].values["after_m2"]) == (1.0, 0.5)


def test_heights_are_dropped_and_said() -> None:
    done = settled("POLYGON Z((0 0 9,1 0 9,1 1 9,0 0 9))")

    assert done.shape is not None
    assert not done.shape.has_z
    assert [note.id for note in done.notes] == ["shape.height_dropped"]


def test_a_collection_of_one_kind_is_opened_and_said() -> None:
    done = settled("GEOMETRYCOLLECTION(POLYGON((0 0,1 0,1 1,0 0)))")

    assert done.shape is not None
    assert done.shape.geom_type == "MultiPolygon"
    assert [note.id for note in done.notes] == ["shape.collection_opened"]


@pytest.mark.parametrize(
    ("wkt", "kind"),
    [("POINT(1 2)", "Point"), ("MULTIPOINT(1 2,3 4)", "MultiPoint"), ("LINESTRING(0 0,1 1)", "MultiLineString")],
)
def test_points_stay_points_and_lines_become_multilines(wkt: str, kind: str) -> None:
    done = settled(wkt)

    assert done.shape is not None
    assert done.shape.geom_type == kind


def test_a_mend_that_gave_up_refuses_the_row() -> None:
    tangle = np.array([from_wkt("POLYGON((0 0,2 2,2 0,0 2,0 0))")], dtype=object)

    (done,) = repair(tangle, mend=lambda shape: None)

    assert done.shape is None
    assert done.refusal is not None
    assert done.refusal.id == "shape.too_tangled"


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=3, max_size=15))
@settings(max_examples=200, deadline=None)
def test_whatever_ring_comes_the_result_is_sound_or_refused_and_a_change_is_said(ring: list[tuple[int, int]]) -> None:
    drawn = shapely.Polygon(ring)

    (done,) = repair(np.array([drawn], dtype=object))

    assert (done.shape is None) != (done.refusal is None)
    if done.shape is not None:
        assert done.shape.geom_type == "MultiPolygon"
        assert inspect(done.shape) is None
        assert done.shape.equals(drawn) if not done.notes else done.shape.area > 0
