"""GCJ-02 is suspected where a footprint fits what is stored only once it is moved back, and never of an honest one."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from data.boundary import boundary
from geo import gcj02
from geo.reading import Opening
from geo.refusal import Note
from pipelines.edits.apply import apply
from pipelines.edits.edit import Outcome
from pipelines.redline.shift import suspected
from tests.samples import feature, occasion, township

OPENING = Opening("KML", "a", (), None, (), None, 4326, "WGS 84", True, 4326, ())
_CELLS = 14


def honeycomb(seed: int = 1) -> list[Polygon]:
    """Patches of about two hectares that share their crooked edges, as a survey of land classes draws them."""
    random = Random(seed)
    corner = {
        (i, j): (115.35 + 0.0015 * (i + random.uniform(-0.3, 0.3)), 26.33 + 0.0013 * (j + random.uniform(-0.3, 0.3)))
        for i in range(_CELLS + 1)
        for j in range(_CELLS + 1)
    }
    return [
        Polygon([corner[i, j], corner[i + 1, j], corner[i + 1, j + 1], corner[i, j + 1]])
        for i in range(_CELLS)
        for j in range(_CELLS)
    ]


PATCHES = honeycomb()


@pytest.fixture
def county(engine: Engine) -> Engine:
    edits = [
        feature("landclass", n, MultiPolygon([patch]), land_class="0301") for n, patch in enumerate(PATCHES, start=1)
    ]
    with Session(engine) as session, session.begin():
        edits.append(township(0, MultiPolygon([shapely.box(115.2, 26.2, 115.5, 26.5)])))
        receipts = apply(session, edits, occasion())
    assert {receipt.outcome for receipt in receipts} == {Outcome.ADDED}
    return engine


def notes(engine: Engine, shapes: Sequence[Polygon | MultiPolygon], opening: Opening = OPENING) -> list[str]:
    with Session(engine) as session:
        return [note.id for note in suspected(session, opening, shapes).notes]


def drawn_in_gcj02(shape: Polygon) -> Polygon:
    return shapely.transform(shape, gcj02.shifted)


def merged(first: int) -> Polygon:
    """A footprint along the edges of some patches in the middle."""
    return shapely.union_all([PATCHES[first + k + _CELLS * row] for k in range(3) for row in range(2)])


def test_corners_that_lie_on_stored_edges_only_once_moved_back_raise_it_with_numbers(county: Engine) -> None:
    footprint = drawn_in_gcj02(merged(4 + 5 * _CELLS))

    with Session(county) as session:
        (note,) = suspected(session, OPENING, [footprint]).notes

    assert note.id == "gcj02.edges"
    assert (note.values["count"], note.values["before"], note.values["after"]) == (10, 0, 10)
    assert 610 < float(str(note.values["metres"])) < 630


def test_honest_footprints_raise_nothing(county: Engine) -> None:
    random = Random(2)
    along = [merged(random.randrange(_CELLS - 3) + _CELLS * random.randrange(_CELLS - 2)) for _ in range(20)]
    across = [
        shapely.Point(115.35 + 0.02 * random.random(), 26.33 + 0.017 * random.random()).buffer(
            random.uniform(0.0005, 0.004), quad_segs=random.randint(2, 8)
        )
        for _ in range(60)
    ]

    told = [notes(county, [footprint]) for footprint in (*along, *across)]

    assert told == [[]] * 80
    assert notes(county, along) == notes(county, across) == []


def test_a_footprint_of_a_few_corners_or_away_from_all_that_is_stored_tells_nothing(county: Engine) -> None:
    few = drawn_in_gcj02(PATCHES[90])
    away = drawn_in_gcj02(shapely.Point(115.7, 26.5).buffer(0.003))

    assert notes(county, [few]) == notes(county, [away]) == []


def test_the_boundary_of_the_county_in_gcj02_raises_it_and_the_boundary_itself_does_not(engine: Engine) -> None:
    shifted = shapely.transform(boundary(), gcj02.shifted)

    with Session(engine) as session:
        (note,) = suspected(session, OPENING, [shifted]).notes

    assert note.id == "gcj02.outline"
    # Of the public outlines of this county, the one in GCJ-02 and the real one have 0.960 in common.
    assert float(str(note.values["before"])) == pytest.approx(96.1, abs=0.2)
    assert float(str(note.values["after"])) > 99.9
    assert notes(engine, [boundary()]) == []


def test_an_outline_of_another_source_that_is_as_coarse_raises_nothing(engine: Engine) -> None:
    """Another public outline has 0.989 in common with this one; here it is drawn as roughly."""
    moved = shapely.transform(boundary().simplify(0.003), lambda xy: xy + np.sin(xy[:, ::-1] * 700) * 0.0016)
    common = shapely.area(moved.buffer(0) & boundary()) / shapely.area(moved.buffer(0) | boundary())

    assert 0.97 < common < 0.992
    assert notes(engine, [moved.buffer(0)]) == []


def test_a_township_in_gcj02_is_told_by_its_stored_outline(county: Engine) -> None:
    shifted = shapely.transform(shapely.box(115.2, 26.2, 115.5, 26.5), gcj02.shifted)

    assert notes(county, [shifted]) == ["gcj02.outline"]


def test_a_file_in_metres_or_one_that_was_moved_back_is_not_asked(county: Engine) -> None:
    footprint = drawn_in_gcj02(merged(4 + 5 * _CELLS))
    plane = Opening(**{**vars(OPENING), "epsg": 4526})
    moved = Opening(**{**vars(OPENING), "notes": (Note("gcj02.moved", {"metres": "620"}),)})

    assert notes(county, [footprint], plane) == []
    assert notes(county, [footprint], moved) == ["gcj02.moved"]
